"""The budget and the rates that all loops of a process share."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import anyio
import anyio.lowlevel
import pytest

from setpoint.batch.fleet import LocalBudget, LocalRates
from setpoint.core.event import Usage
from setpoint.errors import ModelError, OverBudget
from setpoint.models.limited import Budgeted, Rated, provider_of, worst_tokens
from setpoint.ports import FleetSpent, Prompt, Reply

pytestmark = pytest.mark.anyio

PROMPT = Prompt(system="You write.", user="Write.", max_tokens=400)
WORST = worst_tokens(PROMPT)


@dataclass
class Slow:
    """A model that takes a moment, uses some of what a call may use, and says when it was asked."""

    use: Callable[[], int] = lambda: 100
    seconds: float = 0.0
    fails: Callable[[], ModelError | None] = lambda: None
    name: str = "openai:slow@http://127.0.0.1:9/v1"
    asked: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    at_once: int = 0
    most_at_once: int = 0

    async def ask(self, prompt: Prompt) -> Reply:
        del prompt
        used = self.use()
        self.asked.append((time.monotonic(), used))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await anyio.sleep(self.seconds)
            if error := self.fails():
                raise error
        finally:
            self.at_once -= 1
        return Reply(text="done", usage=Usage(input=used, output=0, money=used / 1e6))


async def together(number: int, ask: Callable[[], object]) -> list[ModelError]:
    """Start as many at once; gives the errors."""
    errors: list[ModelError] = []

    async def one() -> None:
        try:
            await ask()  # type: ignore[misc]
        except ModelError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(number):
            tasks.start_soon(one)
    return errors


async def test_two_hundred_loops_at_once_never_pass_the_cap_and_use_what_others_left_of_their_worst_cases() -> None:
    """Settled and held stay within the cap at every moment; what is left could not have held one more call."""
    rng = random.Random(7)
    budget = LocalBudget(tokens=20_000)
    model = Slow(use=lambda: rng.randint(1, WORST), seconds=0.001)
    seen: list[int] = []

    async def ask() -> None:
        try:
            await Budgeted(model=model, budget=budget).ask(PROMPT)
        finally:
            now = await budget.spent()
            seen.append(now.tokens + now.held_tokens)

    refused = await together(200, ask)
    spent = await budget.spent()
    assert max(seen) <= 20_000
    assert spent.tokens == sum(used for _, used in model.asked)
    assert spent.held_tokens == 0
    assert refused
    assert all(isinstance(error, OverBudget) for error in refused)
    assert 20_000 - spent.tokens < WORST, "calls were refused although one more would have fitted"


async def test_a_cap_on_money_holds_like_one_on_tokens() -> None:
    """In US dollars, by the prices of the model."""
    budget = LocalBudget(money=0.002)
    model = Slow(use=lambda: 300)
    wrapped = Budgeted(model=model, budget=budget, input_price=1.0, output_price=1.0)
    refused = await together(50, lambda: wrapped.ask(PROMPT))
    spent = await budget.spent()
    assert 0.0 < spent.money <= 0.002
    assert len(refused) + len(model.asked) == 50
    assert "of $0.00 is left" in str(refused[0])


async def test_what_earlier_processes_have_spent_counts() -> None:
    """A batch that goes on has no fresh budget."""
    budget = LocalBudget(tokens=10_000, spent=FleetSpent(tokens=10_000 - WORST + 1))
    with pytest.raises(OverBudget, match=r"tokens and .* of 10,000 are left"):
        await budget.reserve(WORST, 0.0)


@pytest.mark.parametrize(
    ("error", "tokens"),
    [
        (ModelError("busy", kind="rate_limited"), 0),
        (ModelError("down", kind="server_error"), 0),
        (ModelError("not there", kind="unreachable", sent=False), 0),
        (ModelError("gone in the middle", kind="unreachable"), WORST),
        (ModelError("too slow", kind="timeout"), WORST),
        (ModelError("garbage", kind="broken_reply"), WORST),
    ],
)
async def test_a_failed_call_counts_at_its_worst_unless_it_is_sure_that_nobody_charges(
    error: ModelError, tokens: int
) -> None:
    """A reply that was lost on the way may be billed all the same."""
    budget = LocalBudget(tokens=100_000)
    with pytest.raises(ModelError):
        await Budgeted(model=Slow(fails=lambda: error), budget=budget).ask(PROMPT)
    assert await budget.spent() == FleetSpent(tokens=tokens)


async def test_a_call_that_is_cancelled_counts_at_its_worst_and_holds_nothing_afterwards() -> None:
    """It was sent, so it may be billed."""
    budget = LocalBudget(tokens=100_000)
    with anyio.move_on_after(0.01):
        await Budgeted(model=Slow(seconds=10), budget=budget).ask(PROMPT)
    assert await budget.spent() == FleetSpent(tokens=WORST)


async def test_settling_twice_counts_once() -> None:
    """The second time there is no hold any more."""
    budget = LocalBudget(tokens=1_000)
    hold = await budget.reserve(500, 0.0)
    await budget.settle(hold, 100, 0.0)
    await budget.settle(hold, 100, 0.0)
    assert await budget.spent() == FleetSpent(tokens=100)


def most_in_a_window(log: list[tuple[float, int]], seconds: float) -> int:
    """The most requests in any stretch of time."""
    times = [at for at, _ in log]
    return max(sum(start <= at < start + seconds for at in times) for start in times)


async def test_no_window_of_time_holds_more_requests_than_the_limit_with_two_hundred_loops_waiting() -> None:
    """Not even at the start, where a bucket that is full and refills would let twice as many through."""
    rates, model = LocalRates(rpm=60, period=0.6), Slow()
    await together(200, lambda: Rated(model=model, rates=rates).ask(PROMPT))
    assert len(model.asked) == 200
    # A request goes out a moment after it was admitted, on a busy machine a long one: half of the period is the margin.
    # A bucket that is full and refills would let 90 through in that time.
    assert most_in_a_window(model.asked, 0.3) <= 60


async def test_unused_tokens_are_handed_back_so_that_the_rate_is_used() -> None:
    """Worst cases are several times what calls use."""

    async def seconds(used: int) -> float:
        rates, model = LocalRates(tpm=10 * WORST, period=0.2), Slow(use=lambda: used)
        began = time.monotonic()
        await together(60, lambda: Rated(model=model, rates=rates).ask(PROMPT))
        return time.monotonic() - began

    slow = await seconds(WORST)
    assert slow > 0.8  # 60 calls, 10 in a window: five windows must go by
    assert await seconds(WORST // 20) < slow / 2  # the same calls, of which each uses a twentieth


async def test_a_large_request_is_not_overtaken_by_small_ones() -> None:
    """Who asks first is admitted first."""
    rates, order = LocalRates(tpm=1_000, period=0.2), []

    async def ask(tokens: int) -> None:
        permit = await rates.admit("openai", tokens)
        order.append(tokens)
        await rates.release(permit, tokens)

    async with anyio.create_task_group() as tasks:
        for tokens in [*[300] * 3, 900, *[100] * 12]:
            tasks.start_soon(ask, tokens)
            await anyio.lowlevel.checkpoint()
    assert order[:4] == [300, 300, 300, 900]


async def test_a_request_larger_than_a_whole_window_is_admitted_alone() -> None:
    """It would wait for ever otherwise."""
    rates = LocalRates(tpm=100, period=0.1)
    with anyio.fail_after(2):
        for _ in range(2):
            await rates.release(await rates.admit("openai", 5_000), 5_000)


async def test_only_so_many_requests_are_out_at_a_time_and_each_provider_has_its_own_places() -> None:
    """One that is slow does not hold up another."""
    rates = LocalRates(concurrency=3)
    one, other = Slow(seconds=0.005), Slow(seconds=0.005, name="anthropic:slow")
    async with anyio.create_task_group() as tasks:
        for model in (one, other):
            tasks.start_soon(together, 30, partial(Rated(model=model, rates=rates).ask, PROMPT))
    assert (one.most_at_once, other.most_at_once) == (3, 3)
    assert len(one.asked) == 30


async def test_when_a_provider_backs_off_nobody_asks_it_and_others_go_on() -> None:
    """What one loop is told, all loops know."""
    rates = LocalRates()
    busy = [ModelError("busy", kind="rate_limited", retry_after=0.6)]
    model, other = Slow(fails=lambda: busy.pop() if busy else None), Slow(name="anthropic:quick")
    with pytest.raises(ModelError):
        await Rated(model=model, rates=rates).ask(PROMPT)
    began = time.monotonic()
    await together(20, lambda: Rated(model=other, rates=rates).ask(PROMPT))
    assert time.monotonic() - began < 0.5
    await together(20, lambda: Rated(model=model, rates=rates).ask(PROMPT))
    assert min(at for at, _ in model.asked[1:]) - began > 0.5


async def test_refusals_of_many_requests_at_once_are_one_refusal_and_the_wait_doubles_in_a_row() -> None:
    """Fifty refusals at one moment must not make the wait fifty times as long."""
    now = [0.0]
    rates = LocalRates(clock=lambda: now[0])
    for _ in range(50):
        await rates.back_off("openai", None)
    assert rates._provider("openai").ready == 1.0
    now[0] = 1.0
    await rates.back_off("openai", None)
    assert rates._provider("openai").ready == 3.0
    await rates.release(await rates.admit("other", 5), 5)
    now[0] = 3.0
    await rates.release(await rates.admit("openai", 5), 5)  # an answer: the next refusal is a first one
    await rates.back_off("openai", None)
    assert rates._provider("openai").ready == 4.0


async def test_a_waiting_request_that_is_cancelled_leaves_its_place_to_the_next() -> None:
    """No place is lost."""
    rates = LocalRates(concurrency=1)
    first = await rates.admit("openai", 1)
    with anyio.move_on_after(0.01):
        await rates.admit("openai", 1)
    await rates.release(first, 1)
    with anyio.fail_after(1):
        await rates.admit("openai", 1)


def test_rates_are_counted_by_provider_and_by_host_where_one_is_named() -> None:
    """Two models of one account share its limits."""
    assert provider_of("openai:gpt-5") == "openai"
    assert provider_of("openai:a@http://localhost:8000/v1") == provider_of("openai:b@http://localhost:8000/v1")
    assert provider_of("openai:a@http://localhost:8000/v1") != provider_of("openai:a@http://localhost:9000/v1")
    assert provider_of("embedded:qwen2.5-coder-1.5b") == "embedded"
