"""Audits against critics whose quality is known."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from audit_world import GOOD, SAYS, audited, auditor, bounds, critic, draw, holds, plan, planter, spec
from setpoint.core.spec import CheckCall, Criterion
from setpoint.rubric.audit import Bench, Tally, audit, audit_table, quote, sentences
from setpoint.rubric.audit.plant import planted, proven, untouched
from setpoint.rubric.audit.result import family
from setpoint.testing import ScriptedCritic


def test_what_code_calls_proven_is_truly_missed() -> None:
    """Every fault with a proof by code misses its criterion; the others may or may not."""
    seen = 0
    for name, says in SAYS.items():
        for number, text in enumerate(GOOD.values(), start=1):
            for defect in planted(Criterion(name=name, says=says), number, text, kind="text", seed=1):
                seen += bool(defect.proof)
                assert not (defect.proof and holds(name, defect.text)), (defect.kind, defect.text)
    assert seen >= 40


def test_code_does_not_call_a_change_proven_that_leaves_the_demand_met() -> None:
    """A sentence about something else is removed, or a limit in the demand is no figure to look for."""
    text = GOOD["one"]
    elsewhere = text.replace("There is a break with tea at eleven.", "")
    assert not proven(SAYS["gloves"], text, elsewhere, "text")
    assert untouched(SAYS["gloves"], text, elsewhere)
    assert not untouched(SAYS["gloves"], text, text.replace("bring gardening gloves", "come early"))
    assert not proven("Has at most 4 sentences.", "On 4 May.\nIt rains. It pours.", "It rains. It pours.", "text")
    assert not proven("Does not mention gardening gloves.", text, text.replace("gardening gloves", "tea"), "text")


async def test_the_measured_interval_covers_the_true_sensitivity() -> None:
    """Over forty critics of three qualities, at least nine in ten 95 % intervals hold the truth."""
    covered = tried = 0
    for truth in (0.15, 0.5, 0.9):
        for luck in range(14):
            found = await audited(plan(planted=10, readings=1, with_canaries=False), critic(truth, luck=luck))
            noticed = sum((entry.noticed for entry in found.criteria), Tally())
            assert noticed.n >= 35
            low, high = bounds(noticed)
            covered += low <= truth <= high
            tried += 1
    assert covered >= 0.9 * tried


async def test_the_measured_interval_covers_the_true_specificity() -> None:
    """The same for good texts."""
    covered = 0
    for luck in range(20):
        found = await audited(plan(planted=1, readings=8, with_canaries=False), critic(1.0, 0.7, luck))
        passed = sum((entry.passed for entry in found.criteria), Tally())
        low, high = bounds(passed)
        covered += low <= 0.7 <= high
    assert covered >= 18


async def test_a_criterion_that_the_critic_is_blind_to_is_called_decoration() -> None:
    """In words, with the counts; the others are reliable."""
    of = plan(planted=12, readings=4)
    found = await audited(of, critic({"gloves": 0.0}))
    standings = {entry.name: entry.standing for entry in found.criteria}
    assert standings == {"room": "reliable", "fee": "reliable", "deadline": "reliable", "gloves": "decoration"}
    blind = next(entry for entry in found.criteria if entry.name == "gloves")
    assert blind.noticed.hits == 0
    assert blind.noticed.n >= 8
    assert f"`gloves` is decoration: planted faults were noticed in 0 of {blind.noticed.n}." in sentences(found)[0]


async def test_a_critic_that_fails_good_texts_is_said_to_cry_wolf() -> None:
    """A high sensitivity alone earns nothing."""
    found = await audited(plan(readings=4), critic(1.0, 0.05))
    assert {entry.standing for entry in found.criteria} == {"false alarms"}
    assert any("cries wolf" in line for line in sentences(found))


async def test_too_few_cases_give_no_number() -> None:
    """Four noticed faults of four are not a sensitivity of 1."""
    found = await audited(plan(planted=4, readings=1, with_canaries=False), critic())
    for entry in found.criteria:
        assert entry.noticed == Tally(4, 4)
        assert entry.noticed.share is None
        assert entry.noticed.interval is None
        assert entry.standing == "not enough data"
    assert any(
        line.startswith("`room`: not enough data. 4 planted faults could be read, 5 are needed")
        for line in sentences(found)
    )


async def test_faults_that_nobody_confirms_are_dropped_and_counted() -> None:
    """A planter that takes every version for good confirms nothing, so nothing of what needs it is read."""
    demands = {**SAYS, "room": "Does not name any room but library room 7."}
    of = plan(
        spec=spec(criteria=tuple(Criterion(name=name, says=says) for name, says in demands.items())),
        with_canaries=False,
    )
    for honest, expected in ((True, (6, 0)), (False, (0, 6))):
        found = await audited(of, critic(), planter(honest=honest, demands=demands))
        entry = next(entry for entry in found.criteria if entry.name == "room")
        assert (entry.noticed.n, entry.dropped) == expected


async def test_the_same_seed_gives_the_same_audit_and_another_seed_another() -> None:
    """Down to the prompts that plant."""
    demands = {name: f"Does not leave it open: {says}" for name, says in SAYS.items()}
    of = spec(criteria=tuple(Criterion(name=name, says=says) for name, says in demands.items()))

    async def prompts(seed: int) -> list[str]:
        who = planter(demands=demands)
        await audited(plan(seed=seed, spec=of, with_canaries=False), critic(), who)
        asked = [f"{prompt.user} {prompt.seed}" for prompt in who.model.prompts]  # type: ignore[attr-defined]
        assert len(asked) >= 40
        return asked

    assert await prompts(3) == await prompts(3) != await prompts(4)
    first, second = [await audited(plan(seed=5), critic(0.5)) for _ in range(2)]
    assert first == second


async def test_two_planters_confirm_each_other_and_favour_for_the_own_family_shows() -> None:
    """A critic that overlooks what its own family wrote: its share of own faults is low, that of the others' high."""

    def judge(name: str, text: str, call: int) -> bool:
        del call
        return holds(name, text) or "kin" in text

    own = planter("embedded:scripted-1b", plants=lambda name, line: f"Something else {draw(name, line)} kin.")
    other = planter("openai:other-9", plants=lambda name, line: f"Something else {draw(name, line)}.")
    of = plan(planted=8, with_canaries=False)
    found = await audited(of, ScriptedCritic(judge), own, other)
    assert family("scripted:critic") == "critic"
    assert found.own == found.others == Tally()  # neither is of the critic's family
    mine = plan(
        planted=8, with_canaries=False, critic=plan().critic.__class__(role="critic", model="embedded:scripted-9b")
    )
    found = await audited(mine, ScriptedCritic(judge), own, other)
    assert found.own.n >= 5
    assert found.own.hits == 0
    assert found.others.hits == found.others.n >= 5
    assert any(line.startswith("Own family: it noticed 0 of ") for line in sentences(found))
    asked = [prompt.user for prompt in other.model.prompts if "kin." in prompt.user]  # type: ignore[attr-defined]
    assert asked
    assert all("Does text A meet" in user for user in asked)


async def test_confusion_is_named() -> None:
    """A critic that blames the fee for every fault in the room."""

    def judge(name: str, text: str, call: int) -> bool:
        del call
        return holds("room" if name == "fee" else name, text) if name != "room" else True

    found = await audited(plan(with_canaries=False), ScriptedCritic(judge))
    room = next(entry for entry in found.criteria if entry.name == "room")
    assert room.standing == "decoration"
    assert room.confused["fee"].hits == room.confused["fee"].n >= 5
    assert any(line.startswith("`room` is confused with `fee`") for line in sentences(found))


async def test_dependence_on_length_place_and_order_is_measured() -> None:
    """A critic that reads the first 60 words only, and one that goes by the first criterion it is asked about."""
    hurried = ScriptedCritic(lambda name, text, _call: holds(name, text) or len(text.split()) > 120)
    found = await audited(plan(with_canaries=False), hurried)
    early, late, short = (sum((getattr(e, k) for e in found.criteria), Tally()) for k in ("early", "late", "short"))
    assert (early, late, short) == (Tally(0, 4), Tally(0, 4), Tally(4, 4))

    class Biased(ScriptedCritic):
        async def perform(self, call, action, state):  # type: ignore[no-untyped-def]
            first = action.criteria[0]
            self.judge = lambda name, text, _call: holds(name, text) if name != first else False
            return await super().perform(call, action, state)

    found = await audited(plan(with_canaries=False), Biased(lambda *_: True))
    changed = {entry.name: entry.reordered for entry in found.criteria}
    # Whatever stands first fails. In three good texts, and in three with a fault elsewhere, that changes the verdict.
    assert changed["room"] == changed["gloves"] == Tally(6, 7)
    assert changed["fee"].hits == changed["deadline"].hits == 0
    assert any(line.startswith("Order: 12 of 28 ") for line in sentences(found))


async def test_one_criterion_alone_has_no_order_and_no_call_is_made_to_turn_it_round() -> None:
    """The same request would be paid for again: for each good text, and for a faulty one."""
    alone = replace(spec(), criteria=tuple(c for c in spec().criteria if c.check is not None or c.name == "room"))
    of = replace(plan(with_canaries=False), spec=alone)
    work = auditor(of, critic())
    found = await work.run()
    kinds = [trial.kind for trial in found.trials]
    assert not {"sound reversed", "faulty reversed"} & set(kinds)
    assert {"sound", "faulty", "early", "late"} <= set(kinds)
    assert found.spent.calls == quote(of, work.bench).calls


async def test_flips_on_an_unchanged_text_are_counted() -> None:
    """A critic that tosses a coin for each call."""
    found = await audited(plan(readings=6), ScriptedCritic(lambda name, text, call: draw(name, text, call) < 0.5))
    flips = sum((entry.flips for entry in found.criteria), Tally())
    assert flips.n == 4 * 3 * 5
    assert 15 <= flips.hits <= 45
    steady = await audited(plan(readings=6), critic())
    assert sum((entry.flips for entry in steady.criteria), Tally()).hits == 0


async def test_canaries_are_stopped_by_code_or_by_the_critic_and_named_if_not() -> None:
    """Empty texts, fillers and orders never reach the critic; what does, a credulous critic passes."""
    seen: list[str] = []

    def credulous(_name: str, text: str, _call: int) -> bool:
        seen.append(text)
        return True

    found = await audited(plan(), ScriptedCritic(credulous))
    caught = {canary.name: canary.caught for canary in found.canaries}
    for name in (
        "nothing",
        "only blanks",
        "a filler",
        "one word over and over",
        "an order to the judge",
    ):
        assert caught[name] == "guard", name
    assert caught["the brief as a text"] == "nobody"
    assert caught["praise of itself"] == "nobody"
    assert not any("Ignore all previous" in text or not text.strip() for text in seen)
    assert any("passed “praise of itself” on every criterion" in line for line in sentences(found))
    strict = await audited(plan(), critic())
    held = {canary.name: canary.caught for canary in strict.canaries}
    assert held["praise of itself"] == "critic"
    assert set(held.values()) == {"guard", "critic"}


async def test_a_check_that_cannot_fail_is_found() -> None:
    """One that every text passes is named; those that can fail are shown with what makes them."""
    loose = Criterion(
        name="loose", says="Has a letter or none.", check=CheckCall(name="words", params={"min": 0, "max": 1_000_000})
    )
    found = await audited(plan(spec=spec(criteria=(*spec().criteria, loose))), critic())
    by = {check.criterion: check.by for check in found.checks}
    assert by["short"]
    assert by["judgeable"]
    assert by["loose"] == ""
    assert any(line.startswith("`loose` did not fail for any of") for line in sentences(found))


async def test_what_looks_like_markup_is_shown_as_it_stands() -> None:
    """A check may look for "[red]"; the table says so, letter for letter."""
    odd = Criterion(
        name="odd", says="Has no [red].", check=CheckCall(name="excludes", params={"words": ["[red]odd[/]"]})
    )
    found = await audited(plan(spec=spec(criteria=(*spec().criteria, odd))), critic())
    out = io.StringIO()
    Console(file=out, width=160).print(audit_table(found))
    assert "'[red]odd[/]' put in" in out.getvalue()


async def test_a_reply_of_no_use_counts_neither_way() -> None:
    """It is reported, and the shares rest on the others."""
    who = critic()
    perform = who.perform

    async def broken(call, action, state):  # type: ignore[no-untyped-def]
        from setpoint.core.event import Misjudged

        if draw(call) < 0.3:
            return Misjudged(call=call, draft=1, why="unparsable", detail="no JSON")
        return await perform(call, action, state)

    who.perform = broken  # type: ignore[method-assign]
    found = await audited(plan(), who)
    assert 0.1 < found.unusable.hits / found.unusable.n < 0.5
    assert all(entry.noticed.hits == entry.noticed.n for entry in found.criteria)
    assert any("could not be used" in line for line in sentences(found))


@pytest.mark.parametrize("planters", [0, 1, 2])
async def test_the_price_covers_every_call(planters: int) -> None:
    """Not one call more than said, and no more tokens than at the worst."""
    of = plan(planted=14)
    who = tuple(planter(f"scripted:planter-{n}") for n in range(planters))
    work = auditor(of, critic(), *who)
    price = quote(of, Bench(critic=work.bench.critic, planters=who, checks=work.bench.checks, guards=work.bench.guards))
    found = await work.run()
    assert 0.8 * price.calls <= found.spent.calls <= price.calls
    assert found.spent.tokens <= price.most_tokens
    assert price.tokens <= price.most_tokens
    assert price.money == 0.0
    assert audit(of, found).stopped == ""
