"""What workers share: one budget and one pace, however many ask at the same moment, and whoever dies."""

import asyncio
import random
import time
from collections.abc import AsyncIterator

import anyio
import pytest

from databases import new_database
from setpoint.durable.budget import PostgresBudget
from setpoint.durable.fleets import Caps, fleet_caps, put_fleet
from setpoint.durable.presence import NameTaken, Presence
from setpoint.durable.rates import Limits, PostgresRates
from setpoint.durable.tables import prepare
from setpoint.errors import OverBudget
from setpoint.ledgers.database import Database
from setpoint.ports import FleetSpent, Hold


@pytest.fixture
async def shared() -> AsyncIterator[list[Database]]:
    """Three processes' connections to one database; the first two workers are awake, the third never was."""
    url = new_database()
    opened = [Database(url, prepare=prepare, connections=6) for _ in range(3)]
    for number, database in enumerate(opened[:2]):
        await database.execute(
            "INSERT INTO setpoint.workers (name, life, host, pid, version, slots, beat)"
            " VALUES (%s, %s, 'h', 1, 'v', 1, clock_timestamp() + interval '1 hour')",
            (f"w{number}", f"life-{number}"),
        )
    yield opened
    for database in opened:
        await database.close()


def budgets(shared: list[Database]) -> list[PostgresBudget]:
    """The budget of one fleet, as each process sees it."""
    return [PostgresBudget(database, "f", f"life-{number}") for number, database in enumerate(shared)]


# The budget


async def test_two_hundred_calls_at_once_never_pass_the_cap(shared: list[Database]) -> None:
    """Whatever the calls cost in the end: at no moment do settled and held together pass a cap."""
    await put_fleet(shared[0], "f", Caps(tokens=10_000, money=1.0))
    dice, worst, highest, denied = random.Random(7), 150, 0, 0

    async def call(budget: PostgresBudget, used: int) -> None:
        nonlocal highest, denied
        try:
            hold = await budget.reserve(worst, 0.01)
        except OverBudget:
            denied += 1
            return
        now = await budget.spent()
        highest = max(highest, now.tokens + now.held_tokens)
        assert now.money + now.held_money <= 1.0
        await budget.settle(hold, used, used / 20_000)

    both = budgets(shared)[:2]
    await asyncio.gather(*(call(both[number % 2], dice.randint(20, worst)) for number in range(200)))
    spent = await both[0].spent()
    assert highest <= 10_000
    assert (spent.held_tokens, spent.held_money) == (0, 0.0)
    assert 10_000 - worst < spent.tokens <= 10_000, "what fits is spent"
    assert denied > 0


async def test_a_call_waits_for_those_in_flight_whose_real_cost_may_leave_room(shared: list[Database]) -> None:
    """It is refused only when it could not fit even if they cost nothing."""
    await put_fleet(shared[0], "f", Caps(tokens=100))
    one, two = budgets(shared)[:2]
    hold = await one.reserve(80, 0.0)
    waiting = asyncio.create_task(two.reserve(60, 0.0))
    await asyncio.sleep(0.4)
    assert not waiting.done()
    await one.settle(hold, 30, 0.0)
    await two.settle(await asyncio.wait_for(waiting, 5), 60, 0.0)
    with pytest.raises(OverBudget, match="may need 60 tokens and 10 of 100 are left"):
        await two.reserve(60, 0.0)


async def test_a_settled_hold_counts_once(shared: list[Database]) -> None:
    """Also if it is settled again by who never heard the answer."""
    await put_fleet(shared[0], "f", Caps(tokens=100))
    one = budgets(shared)[0]
    hold = await one.reserve(50, 0.0)
    for _ in range(3):
        await one.settle(hold, 20, 0.5)
    await one.settle(Hold(id="unknown", tokens=9, money=0.0), 9, 0.0)
    assert await one.spent() == FleetSpent(tokens=20, money=0.5)


async def test_what_a_dead_worker_held_counts_as_spent(shared: list[Database]) -> None:
    """Nobody knows what its calls cost, so their worst case stays counted; the rest of the cap can be used."""
    await put_fleet(shared[0], "f", Caps(tokens=100))
    one, _, dead = budgets(shared)
    await dead.reserve(60, 0.25)
    await one.settle(await one.reserve(40, 0.0), 40, 0.0)
    assert await one.spent() == FleetSpent(tokens=100, money=0.25)
    with pytest.raises(OverBudget):
        await one.reserve(1, 0.0)


async def test_a_cancelled_reservation_holds_nothing(shared: list[Database]) -> None:
    """Whether it was cancelled while it waited or while it was answered."""
    await put_fleet(shared[0], "f", Caps(tokens=1000))
    one = budgets(shared)[0]
    for pause in (0.0, 0.001, 0.002, 0.004, 0.008, 0.016):
        with anyio.move_on_after(pause):
            hold = await one.reserve(100, 0.0)
            await one.settle(hold, 0, 0.0)
    assert await one.spent() == FleetSpent()


async def test_a_batch_that_goes_on_keeps_what_it_has_spent(shared: list[Database]) -> None:
    """New caps hold from now on; the spent sum is that of all commands."""
    await put_fleet(shared[0], "f", Caps(tokens=100), FleetSpent(tokens=30, money=0.5))
    one = budgets(shared)[0]
    await one.settle(await one.reserve(10, 0.0), 10, 0.0)
    caps = Caps(tokens=200, money=2.5, limits=Limits(rpm=7, concurrency=3))
    await put_fleet(shared[0], "f", caps, FleetSpent(tokens=30, money=0.5))
    assert await one.spent() == FleetSpent(tokens=40, money=0.5)
    assert await fleet_caps(shared[1], "f") == caps


# The pace


def rates(shared: list[Database], limits: Limits, period: float = 1.0) -> list[PostgresRates]:
    """The rates of one fleet, as each process sees them, with a window that is short."""
    return [
        PostgresRates(database, "f", f"life-{number}", limits, period=period) for number, database in enumerate(shared)
    ]


def densest(times: list[float], window: float) -> int:
    """The most that fall into any window."""
    return max(sum(start <= moment < start + window for moment in times) for start in times)


async def test_no_window_holds_more_requests_than_its_limit(shared: list[Database]) -> None:
    """Two processes with twenty loops in all, and a limit of ten per window: counted by the database's own times."""
    await put_fleet(shared[0], "f", Caps())
    both = rates(shared, Limits(rpm=10))[:2]
    times: list[float] = []

    async def ask(one: PostgresRates) -> None:
        permit = await one.admit("p", 1)
        rows = await shared[0].execute(
            "SELECT extract(epoch FROM at)::float8 FROM setpoint.permits WHERE id = %s", (permit.id,)
        )
        times.append(rows[0][0])
        await one.release(permit, 1)

    await asyncio.gather(*(ask(both[number % 2]) for number in range(24)))
    assert len(times) == 24
    assert densest(times, 1.0) <= 10
    assert max(times) - min(times) < 3.5, "and it is not slower than it must be"


async def test_tokens_of_a_window_are_held_and_what_was_not_used_is_handed_back(shared: list[Database]) -> None:
    """A request counts with its worst case until its real cost is known."""
    await put_fleet(shared[0], "f", Caps())
    one, two, _ = rates(shared, Limits(tpm=100), period=30.0)
    first = await one.admit("p", 80)
    waiting = asyncio.create_task(two.admit("p", 60))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await one.release(first, 20)
    permit = await asyncio.wait_for(waiting, 5)
    await two.release(permit, 60)
    with anyio.move_on_after(0.3) as scope:
        await one.admit("p", 30)
    assert scope.cancelled_caught


async def test_who_asks_first_is_admitted_first_also_if_it_asks_for_much(shared: list[Database]) -> None:
    """A large request is not overtaken by small ones of another process; one above the limit is admitted alone."""
    await put_fleet(shared[0], "f", Caps())
    one, two, _ = rates(shared, Limits(tpm=100), period=0.8)
    order: list[str] = []

    async def ask(who: PostgresRates, name: str, tokens: int) -> None:
        permit = await who.admit("p", tokens)
        order.append(name)
        await who.release(permit, tokens)

    await ask(one, "before", 60)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, one, "large", 500)
        await asyncio.sleep(0.1)
        tasks.start_soon(ask, two, "small", 1)
    assert order == ["before", "large", "small"]


async def test_so_many_requests_at_a_time_and_no_more(shared: list[Database]) -> None:
    """Counted over both processes."""
    await put_fleet(shared[0], "f", Caps())
    both = rates(shared, Limits(concurrency=3))[:2]
    now = most = 0

    async def ask(one: PostgresRates) -> None:
        nonlocal now, most
        permit = await one.admit("p", 1)
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.2)
        now -= 1
        await one.release(permit, 1)

    await asyncio.gather(*(ask(both[number % 2]) for number in range(9)))
    assert most == 3


async def test_a_dead_workers_places_are_free_again(shared: list[Database]) -> None:
    """Neither the request it had out nor its place in the line keeps the others waiting."""
    await put_fleet(shared[0], "f", Caps())
    one, _, dead = rates(shared, Limits(concurrency=1))
    await dead.admit("p", 1)
    await shared[2].execute(
        "INSERT INTO setpoint.tickets (id, fleet, provider, life, tokens) VALUES ('t', 'f', 'p', 'life-2', 1)"
    )
    with anyio.fail_after(5):
        await one.release(await one.admit("p", 1), 1)


@pytest.mark.parametrize("limits", [Limits(), Limits(rpm=1000)])
async def test_a_provider_that_backs_off_is_asked_by_nobody(shared: list[Database], limits: Limits) -> None:
    """What one process was told, all know; other providers are not held back."""
    await put_fleet(shared[0], "f", Caps())
    one, two, _ = rates(shared, limits)
    await one.back_off("p", 0.8)
    began = time.monotonic()
    await two.release(await two.admit("other", 1), 1)
    assert time.monotonic() - began < 0.6
    await two.release(await two.admit("p", 1), 1)
    assert time.monotonic() - began >= 0.75


async def test_refusals_in_a_row_double_the_wait_and_a_success_forgets_them(shared: list[Database]) -> None:
    """Where the provider does not say for how long; many refusals at once are one."""
    await put_fleet(shared[0], "f", Caps())
    one = rates(shared, Limits(rpm=1000))[0]

    async def left() -> float:
        rows = await shared[0].execute(
            "SELECT extract(epoch FROM ready - clock_timestamp())::float8 FROM setpoint.lanes"
        )
        return rows[0][0]

    async def wait_over() -> None:
        await shared[0].execute("UPDATE setpoint.lanes SET ready = clock_timestamp()")

    waits: list[float] = []
    for _ in range(3):
        for _ in range(4):
            await one.back_off("p", None)
        waits.append(round(await left()))
        await wait_over()
    assert waits == [1, 2, 4]
    await one.release(await one.admit("p", 1), 1)
    await one.back_off("p", None)
    assert round(await left()) == 1


# Names


async def test_a_name_is_held_by_one_and_free_when_it_is_given_back(shared: list[Database]) -> None:
    """Nobody waits for a name that is free."""
    first, second = Presence(shared[0], "twin"), Presence(shared[1], "twin")
    await first.begin()
    with pytest.raises(NameTaken, match="'twin' is at work already"):
        await second.begin()
    await first.end()
    await second.begin()
    await second.beat()
    await second.end()


async def test_whoever_lost_its_line_and_its_name_ends(shared: list[Database]) -> None:
    """The line was cut; meanwhile another has got the name: the first one hears of it at its next beat."""
    first, second = Presence(shared[0], "twin"), Presence(shared[1], "twin")
    await first.begin()
    assert first._line is not None
    await shared[1].execute("SELECT pg_terminate_backend(%s)", (first._line.info.backend_pid,))
    await asyncio.sleep(0.1)
    await second.begin()
    with anyio.fail_after(20), pytest.raises(NameTaken):
        await first.keep()
    await second.end()
    await first.end()


async def test_whoever_lost_only_its_line_gets_its_name_back(shared: list[Database]) -> None:
    """A short cut is no reason to end."""
    first, second = Presence(shared[0], "twin"), Presence(shared[1], "twin")
    await first.begin()
    assert first._line is not None
    await shared[1].execute("SELECT pg_terminate_backend(%s)", (first._line.info.backend_pid,))
    with anyio.move_on_after(4):
        await first.keep()
    with pytest.raises(NameTaken):
        await second.begin()
    await first.end()
