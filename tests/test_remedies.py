"""What ordinary moves cannot settle: structure, stubborn criteria, oscillation, a wrong premise, a changed target.

Each test of a detector states the latest pass that it needs; all are within the default budget of eight.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest

from setpoint.core.action import Reask, Revise, Tactic, Write
from setpoint.core.control import decide
from setpoint.core.detect import conflict, core_patience, excluded, failed_tries, focus, lost_for_sure
from setpoint.core.draft import Draft
from setpoint.core.event import Drafted, MoveFailed, MoveRecord, PatchMissed, Recorded, RoleModel
from setpoint.core.fault import Verdict
from setpoint.core.fold import fold
from setpoint.core.forecast import reforecast
from setpoint.core.policy import LADDER_SHORT, SWITCHES, Policy, preset
from setpoint.core.record import DraftState
from setpoint.core.spec import Budget, Skeleton, Spec
from setpoint.core.state import State
from setpoint.errors import UsageError
from setpoint.ledgers import MemoryLedger
from setpoint.run import Crew, Result, Run
from setpoint.testing import ScriptedMediator, ScriptedPerson
from worlds import crew, criterion, meets, opened

Answer = str | Drafted | PatchMissed | MoveFailed
Script = list[str] | Callable[[int, Write | Revise | Reask, State], Answer]


def spec(*names: str, judged: tuple[str, ...] = (), core: tuple[str, ...] = (), **impacts: int) -> Spec:
    """A spec of criteria about words."""
    made = [
        criterion(name, judged=name in judged, core=name in core, impact=impacts.get(name.replace("-", "_"), 3))
        for name in names
    ]
    return Spec(brief="b", criteria=tuple(made))


async def play(first, someone: Crew) -> tuple[Result, State, list[Recorded]]:
    """Play a run to its end."""
    ledger = MemoryLedger()
    it = await Run.open("r", first, ledger)
    result = await it.drive(someone)
    return result, it.state, list(await ledger.replay("r"))


def kinds(events: list[Recorded], *wanted: str) -> list[str]:
    """The events of some kinds, in order."""
    return [r.event.kind for r in events if r.event.kind in wanted]


def at_pass(events: list[Recorded], kind: str) -> int:
    """After how many passes the first event of a kind came."""
    made = 0
    for recorded in events:
        made += recorded.event.kind in {"drafted", "move_failed"}
        if recorded.event.kind == kind:
            return made
    raise AssertionError(f"there is no {kind!r} event")


# Focus (rule 7)


async def test_focus_grows_after_two_clean_passes_and_halves_after_a_loss() -> None:
    """Four faults at first, one more after two loss-free passes that fixed their targets, half after a loss."""
    names = [f"w{n}" for n in range(20)]
    taken: list[int] = []

    def write(_call, action, state: State) -> str:
        if action.kind == "write":
            return "start"
        taken.append(len(action.targets))
        words = set(state.draft(action.base).draft.text.split())
        words |= set(action.targets)
        if len(taken) == 3:
            words.discard("w0")  # the third pass loses one
        return " ".join(sorted(words))

    everything = Policy(off=("gain",), short_ladder=(Policy().short_ladder[1],) * 1)
    _, state, _ = await play(
        opened(spec(*names), policy=everything, budget=Budget(passes=6)), crew(spec(*names), write)
    )
    assert taken[:4] == [4, 4, 5, 2]
    assert focus(state) in {2, 3}


# Structure first (rule 10)


OUTLINED = Spec(
    brief="b",
    kind="markdown",
    criteria=(criterion("alpha"), criterion("beta")),
    skeleton=Skeleton(criteria=(criterion("costs"),)),
)


async def test_the_outline_is_settled_and_locked_before_any_prose() -> None:
    """Outline, locked headings, prose; a draft that changes the headings is a failed move."""
    texts = ["## risks", "## costs\n\ncosts", "## other\n\nalpha", "## costs\n\nalpha", "## costs\n\nalpha beta"]
    first = opened(OUTLINED, outline=OUTLINED.outline)
    result, state, events = await play(first, crew(OUTLINED, texts))
    assert kinds(events, "lock_outline", "stopped") == ["lock_outline", "stopped"]
    assert state.skeleton == ("## costs",)
    assert [p.failure.why for p in state.passes if p.failure] == ["skeleton_broken"]
    assert (result.outcome, result.text) == ("accepted", "## costs\n\nalpha beta")


async def test_an_outline_that_cannot_be_settled_leaves_the_structure_open() -> None:
    """A structure that is known to be wrong is not locked; it is put right, then drawn up anew; latest pass needed: 3."""
    texts = ["## a", "## b", "## c", "## a\n\nalpha beta"]
    _, _, events = await play(opened(OUTLINED, outline=OUTLINED.outline), crew(OUTLINED, texts))
    locked = next(r.event for r in events if r.event.kind == "lock_outline")
    assert (at_pass(events, "lock_outline"), locked.open, locked.headings) == (3, ("costs",), ())
    moves = [r.event.action.kind for r in events if r.event.kind == "requested"]
    assert moves[:3] == ["write", "revise", "write"]


async def test_an_outline_that_fails_goes_back_to_the_author_with_its_fault() -> None:
    """The second try starts from the first outline, and what it gained is locked; latest pass needed: 2."""
    texts = ["## a", "## costs", "## costs\n\nalpha beta costs"]
    result, state, events = await play(opened(OUTLINED, outline=OUTLINED.outline), crew(OUTLINED, texts))
    assert state.passes[1].action == Revise(move="rewrite", base=1, targets=("costs",))
    locked = next(r.event for r in events if r.event.kind == "lock_outline")
    assert (locked.headings, result.outcome) == (("## costs",), "accepted")


async def test_an_outline_never_is_the_text_that_is_accepted() -> None:
    """What passes the outline's criteria has not met the spec's."""
    texts = ["## costs alpha beta costs", "## costs alpha beta costs\n\nalpha beta"]
    result, state, _ = await play(opened(OUTLINED, outline=OUTLINED.outline), crew(OUTLINED, texts))
    assert result.outcome == "accepted"
    assert result.text == texts[1]
    assert [d.draft.stage for d in state.drafts] == ["outline", "prose"]


async def test_a_person_can_refuse_an_outline_and_says_what_is_wanted() -> None:
    """With `ask = outline` nothing is locked before a person agrees (rule 20)."""
    person = ScriptedPerson(lambda ask: True if "two" in ask.text else "name two parts")
    lessons: list[tuple[str, ...]] = []

    def write(_call, action, state: State) -> str:
        if action.kind == "write":
            lessons.append(action.lessons)
        return ["## costs\n\ncosts", "## costs\n\ncosts two", "## costs\n\nalpha beta"][len(state.passes)]

    first = opened(OUTLINED, outline=OUTLINED.outline, policy=Policy(ask=("outline",)))
    result, *_ = await play(first, crew(OUTLINED, write, person=person))
    assert [ask.question for ask in person.asked] == ["outline", "outline"]
    assert lessons == [(), ("name two parts",), ()]
    assert result.outcome == "accepted"


async def test_without_a_person_a_run_waits_and_goes_on_when_it_is_answered() -> None:
    """Nothing is decided for a person; the run can be taken up with the answer."""
    first = opened(OUTLINED, outline=OUTLINED.outline, policy=Policy(ask=("outline",)))
    ledger = MemoryLedger()
    it = await Run.open("r", first, ledger)
    texts = ["## costs\n\ncosts", "## costs\n\nalpha beta"]
    waiting = await it.drive(crew(OUTLINED, texts))
    assert (waiting.outcome, waiting.question is not None) == (None, True)
    person = ScriptedPerson(lambda _ask: True)
    assert waiting.question is not None
    await it.answer(await person.answer(waiting.question))
    result = await it.drive(crew(OUTLINED, texts))
    assert result.outcome == "accepted"


async def test_fixed_headings_are_locked_from_the_start() -> None:
    """Headings that the spec names need no outline."""
    fixed = Spec(brief="b", criteria=(criterion("alpha"),), skeleton=Skeleton(headings=("## One", "## Two")))
    texts = ["## One\n\nalpha", "## One\n\n## Two\n\nalpha"]
    result, state, _ = await play(opened(fixed), crew(fixed, texts))
    assert [p.failure.why for p in state.passes if p.failure] == ["skeleton_broken"]
    assert result.text == texts[1]


# Stubborn criteria (rule 12)


def rewording(name: str, text: str, call: int) -> Verdict | bool:
    """A critic that words the same fault anew in every reading."""
    if meets(name, text):
        return True
    directive = f"in line 1, variation {call}: put {name} in other words each time"
    return Verdict(criterion=name, status="fail", reason=f"r{call}", directive=directive, by="critic", shortfall=1.0)


async def test_a_criterion_targeted_twice_in_vain_is_promoted_even_if_the_critic_rewords_it() -> None:
    """Without a competing instruction it becomes a self-check; latest pass needed: 3."""
    warm = spec("alpha", "warm", judged=("warm",))
    texts = [f"alpha try{n}" for n in range(8)]
    _, state, events = await play(opened(warm), crew(warm, texts, rewording))
    assert state.promoted == ("warm",)
    assert at_pass(events, "promote") == 3


async def test_a_promoted_criterion_needs_evidence_that_stands_in_the_text_before_a_critic_is_paid() -> None:
    """The author's own check is verified by code (rule 12)."""
    warm = spec("alpha", "warm", judged=("warm",))

    def write(call, action, state: State) -> Answer:
        number = len(state.passes)
        if not state.promoted:
            return f"alpha try{number}"
        quote = "nowhere to be found" if number == 3 else "warm words"
        base = action.base if isinstance(action, Revise) else None
        text = f"alpha warm words {number}"
        origin = action.move if isinstance(action, Revise) else "first"
        return Drafted(call=call, text=text, origin=origin, base=base, evidence={"warm": quote})

    result, state, events = await play(opened(warm), crew(warm, write))
    judged = [r.event.draft for r in events if r.event.kind == "judged"]
    assert 4 not in judged, "the fourth draft cites what does not stand in it, and no critic was paid for it"
    unproven = state.drafts[3].verdict("warm")
    assert unproven is not None
    assert (unproven.status, unproven.by) == ("fail", "check")
    assert result.outcome == "accepted"


async def test_code_finds_the_competing_demand_and_says_which_comes_first() -> None:
    """The one that is missed comes first: the other is met already; latest pass needed: 3."""
    pair = spec("alpha", "avoid-alpha", "beta", avoid_alpha=5)
    first = opened(pair, competing=(("alpha", "avoid-alpha", "one forbids what the other requires"),))
    _, state, events = await play(first, crew(pair, [f"beta try{n}" for n in range(8)]))
    assert [(p.winner, p.loser, p.by) for p in state.preferences] == [("alpha", "avoid-alpha", "code")]
    assert at_pass(events, "prefer") <= 3


async def test_a_model_looks_for_what_competes_if_code_finds_nothing() -> None:
    """What it cites becomes a precedence; what it does not find becomes a promotion."""
    two = spec("alpha", "beta")
    models = (RoleModel(role="author", model="a"), RoleModel(role="mediator", model="m"))
    script = [f"try{n}" for n in range(8)]
    mediator = ScriptedMediator({"alpha": "keep it under ten words"})
    _, state, events = await play(opened(two, models=models), crew(two, script, mediator=mediator))
    assert [(p.winner, p.loser, p.by) for p in state.preferences] == [("alpha", "keep it under ten words", "mediator")]
    assert kinds(events, "mediated", "prefer", "promote")[:2] == ["mediated", "prefer"]
    assert "beta" in state.promoted


async def test_a_person_decides_about_precedence_if_asked() -> None:
    """Refused: no precedence is set, and the criterion is promoted instead (rule 20)."""
    pair = spec("alpha", "avoid-alpha", "beta", avoid_alpha=5)
    person = ScriptedPerson(lambda _ask: False)
    first = opened(
        pair, competing=(("alpha", "avoid-alpha", "they exclude each other"),), policy=Policy(ask=("precedence",))
    )
    _, state, _ = await play(first, crew(pair, [f"beta try{n}" for n in range(8)], person=person))
    assert state.preferences == ()
    assert person.asked[0].question == "precedence"


async def test_a_fix_that_was_rolled_back_is_no_sign_of_a_stubborn_criterion() -> None:
    """Fixed but lost for another reason is a trade (rule 13)."""
    pair = spec("alpha", "beta", alpha=5)
    _, state, _ = await play(opened(pair, budget=Budget(passes=3)), crew(pair, ["alpha one", "beta two", "beta three"]))
    assert failed_tries(state, "beta") == 0


# Oscillation (rule 13)


def torn(pair: tuple[str, str], *, heeds: bool) -> Callable[[int, Write | Revise | Reask, State], Answer]:
    """An author that fixes one of two at the other's cost, unless it is told to hold one and can."""

    def write(_call, action, state: State) -> str:
        number = len(state.passes)
        if not isinstance(action, Revise):
            return f"{pair[0]} {number}"
        words = set(state.draft(action.base).draft.text.split()) & set(pair)
        target = next(name for name in pair if name in action.targets)
        other = pair[1] if target == pair[0] else pair[0]
        words.add(target)
        if not (heeds and other in action.hold):
            words.discard(other)
        return " ".join([*sorted(words), str(number)])

    return write


async def test_two_trades_freeze_the_more_important_of_the_pair_and_both_are_met() -> None:
    """A satisfiable conflict ends accepted; latest pass needed: 4."""
    pair = spec("alpha", "beta", alpha=4)
    result, _, events = await play(opened(pair), crew(pair, torn(("alpha", "beta"), heeds=True)))
    frozen = next(r.event for r in events if r.event.kind == "freeze")
    assert (frozen.keep, frozen.free, at_pass(events, "freeze")) == ("alpha", "beta", 3)
    assert (result.outcome, result.passes) == ("accepted", 4)


async def test_one_trade_freezes_two_that_were_said_to_compete() -> None:
    """What a mediator cited and one pass then showed needs no second trade; latest pass needed: 4."""
    pair = spec("alpha", "beta", alpha=4)

    def write(call, action, state: State) -> Answer:
        stuck = isinstance(action, Revise) and not state.preferences
        return f"alpha {len(state.passes)}" if stuck else torn(("alpha", "beta"), heeds=True)(call, action, state)

    models = (RoleModel(role="author", model="a"), RoleModel(role="mediator", model="m"))
    mediator = ScriptedMediator({"beta": "alpha"})
    result, _, events = await play(opened(pair, models=models), crew(pair, write, mediator=mediator))
    assert kinds(events, "prefer", "freeze") == ["prefer", "freeze"]
    assert (at_pass(events, "freeze"), result.outcome) == (4, "accepted")


async def test_a_minor_criterion_gets_its_remedy_before_the_run_settles() -> None:
    """Two vain tries, then the self-check and a pass for it, then the end; latest pass needed: 4."""
    minor = spec("alpha", "beta", alpha=4, beta=1)
    result, state, events = await play(opened(minor), crew(minor, [f"alpha {n}" for n in range(8)]))
    assert kinds(events, "promote", "stopped") == ["promote", "stopped"]
    assert (at_pass(events, "promote"), len(state.passes), result.outcome) == (3, 4, "settled")


async def test_the_first_freeze_leaves_a_pass_for_the_other_way_round() -> None:
    """With five passes a true contradiction is still named; latest pass needed: 5."""
    pair = spec("alpha", "beta", alpha=4)
    first = opened(pair, budget=Budget(passes=5))
    result, _, events = await play(first, crew(pair, torn(("alpha", "beta"), heeds=False)))
    assert kinds(events, "freeze", "thaw", "contradict") == ["freeze", "thaw", "freeze", "thaw", "contradict"]
    assert result.outcome == "contradiction"


async def test_a_move_that_failed_on_a_fault_makes_room_for_another_kind_of_move() -> None:
    """An edit that cannot reorder sections is not sent three times in a row."""
    two = spec("alpha", "beta", "gamma")
    models = (RoleModel(role="author", model="strong:opus"),)
    _, state, _ = await play(opened(two, models=models), crew(two, [f"alpha beta {n}" for n in range(8)]))
    moves = [p.action.move for p in state.passes if isinstance(p.action, Revise)]
    assert len(set(moves[:3])) > 1


async def test_a_pair_that_excludes_each_other_is_named_a_contradiction_within_the_default_budget() -> None:
    """Frozen once each way round and still open; latest pass needed: 7."""
    pair = spec("alpha", "beta", alpha=4)
    result, state, events = await play(opened(pair), crew(pair, torn(("alpha", "beta"), heeds=False)))
    assert kinds(events, "freeze", "thaw", "contradict") == ["freeze", "thaw", "freeze", "thaw", "contradict"]
    assert result.outcome == "contradiction"
    assert "alpha and beta exclude each other" in result.reason
    assert len(state.passes) <= 7


async def test_what_checks_prove_to_exclude_each_other_is_named_after_the_first_draft() -> None:
    """No pass is spent on it, and what else is open is still worked on; latest pass needed: 1."""
    three = spec("alpha", "avoid-alpha", "beta")
    why = "avoid-alpha forbids 'alpha', which alpha requires"
    first = opened(three, excluded=(("avoid-alpha", "alpha", why),))
    result, state, events = await play(first, crew(three, ["alpha", "alpha beta"]))
    assert (at_pass(events, "contradict"), len(state.passes), result.outcome) == (1, 2, "contradiction")
    assert why in result.reason
    assert result.text == "alpha beta"
    assert reforecast(fold(events[:1])).chance == 0


async def test_a_pair_that_an_amendment_changed_is_tried_again() -> None:
    """What was proven of the old spec says nothing about the new one."""
    pair = spec("alpha", "avoid-alpha")
    first = opened(pair, excluded=(("alpha", "avoid-alpha", "why"),), budget=Budget(passes=1))
    _, state, _ = await play(first, crew(pair, ["alpha"]))
    assert excluded(state) is not None
    changed = replace(pair, criteria=(pair.criteria[0], replace(pair.criteria[1], says="It does without.")))
    assert excluded(replace(state, spec=changed)) is None


async def test_during_a_freeze_a_draft_that_loses_the_frozen_criterion_is_rejected_whatever_its_distance() -> None:
    """Any draft losing A is rejected (rule 13)."""
    pair = spec("alpha", "beta", "gamma", alpha=3, gamma=5)

    def write(_call, action, state: State) -> Answer:
        if isinstance(action, Revise) and action.hold:
            return f"beta gamma {len(state.passes)}"
        return torn(("alpha", "beta"), heeds=False)(_call, action, state)

    _, state, _ = await play(opened(pair, policy=Policy(freeze_passes=2, off=("promote",))), crew(pair, write))
    for entry in state.passes:
        action = entry.action
        if isinstance(action, Revise) and action.hold:
            assert meets(action.hold[0], state.draft(action.base).draft.text)


async def test_a_text_that_returns_to_an_earlier_state_makes_a_conflicting_pair() -> None:
    """The author sends a rolled-back draft again; latest pass needed: 3."""
    pair = spec("alpha", "beta", alpha=4)

    def write(_call, action, _state: State) -> str:
        return "alpha" if action.kind == "write" else "beta"

    _, state, events = await play(opened(pair, budget=Budget(passes=3)), crew(pair, write))
    assert state.passes[2].failure is not None
    assert state.passes[2].failure.repeats == 2
    assert conflict(state) == ("alpha", "beta")
    assert kinds(events, "freeze") == []  # the budget came first


async def test_judge_noise_makes_no_conflict() -> None:
    """One critic's word about a loss is read again before it counts (rules 8, 13)."""
    two = spec("alpha", "warm", "kind", judged=("warm", "kind"))
    seen: dict[tuple[str, str], int] = {}

    def judge(name: str, text: str, _call: int) -> bool:
        seen[name, text] = seen.get((name, text), 0) + 1
        truth = meets(name, text)
        return (not truth) if name == "warm" and seen[name, text] == 1 and "try" in text else truth

    texts = ["warm kind", "warm kind alpha try1", "warm kind alpha try2"]
    result, state, events = await play(opened(two), crew(two, texts, judge))
    assert kinds(events, "freeze") == []
    assert conflict(state) is None
    assert result.outcome == "accepted"


# What only one reading says, and on which a conflict turns (rules 8, 13)

REWRITES = (Tactic("rewrite", "all", "steady"), Tactic("rewrite", "all", "varied"), Tactic("rewrite", "one", "steady"))


def readings(events: list[Recorded]) -> list[tuple[int, tuple[str, ...], str]]:
    """What critics were asked: the draft, the criteria, and why."""
    asked = [r.event.action for r in events if r.event.kind == "requested" and r.event.action.kind == "judge"]
    return [(action.draft, action.criteria, action.purpose) for action in asked]


async def test_a_loss_that_one_reading_claimed_is_read_again_when_the_trade_is_seen_a_second_time() -> None:
    """The draft that gained two and lost one was kept on one reading's word; latest pass needed: 3."""
    three = spec("alpha", "beta", "gamma", judged=("alpha", "beta"))
    texts = ["beta one", "alpha gamma two", "beta gamma three"]
    first = opened(three, policy=Policy(short_ladder=REWRITES), budget=Budget(passes=3))
    _, state, events = await play(first, crew(three, texts))
    assert (2, ("beta",), "second") in readings(events)
    assert conflict(state) == ("alpha", "beta")


async def test_a_loss_that_the_second_reading_denies_makes_no_pair() -> None:
    """The first reading of the kept draft was wrong; then there was one trade, not two."""
    three = spec("alpha", "beta", "gamma", judged=("alpha", "beta"))
    heard: list[str] = []

    def judge(name: str, text: str, _call: int) -> bool:
        wrong = name == "beta" and text == "alpha beta gamma" and not heard
        heard.extend([text] if wrong else [])
        return meets(name, text) and not wrong

    texts = ["beta one", "alpha beta gamma", "beta gamma three"]
    first = opened(three, policy=Policy(short_ladder=REWRITES), budget=Budget(passes=3))
    result, _, events = await play(first, crew(three, texts, judge))
    assert kinds(events, "freeze") == []
    assert (result.text, result.outcome) == ("alpha beta gamma", "accepted")


async def test_a_target_that_nobody_read_is_read_if_the_pair_depends_on_it() -> None:
    """Drafts that lost a check could not win and were not read; latest pass needed: 3."""
    pair = spec("alpha", "beta", judged=("beta",), alpha=4)
    first = opened(pair, policy=Policy(short_ladder=REWRITES))
    _, _, events = await play(first, crew(pair, torn(("alpha", "beta"), heeds=False)))
    assert (2, ("beta",), "fresh") in readings(events)
    assert at_pass(events, "freeze") == 3


async def test_without_freezes_no_reading_is_paid_for_to_find_a_pair() -> None:
    """Switched off, rule 13 costs nothing."""
    pair = spec("alpha", "beta", judged=("beta",), alpha=4)
    first = opened(pair, policy=Policy(short_ladder=REWRITES, off=("freeze",)))
    _, _, events = await play(first, crew(pair, torn(("alpha", "beta"), heeds=False)))
    assert [asked for asked in readings(events) if asked[0] == 2] == []


def test_a_loss_is_sure_by_a_check_a_person_or_two_readings() -> None:
    """One reading of a critic is a claim (rule 8)."""

    def sure(*by: Literal["check", "person", "critic"]) -> bool:
        votes = tuple(Verdict(criterion="a", status="fail", by=who, directive="say a", shortfall=1.0) for who in by)
        return lost_for_sure(DraftState(draft=Draft(number=1, text="t", origin="first"), votes={"a": votes}), "a")

    assert [sure("check"), sure("person"), sure("critic", "critic"), sure("critic")] == [True, True, True, False]


async def test_a_criterion_that_withstood_its_remedy_needs_one_trade() -> None:
    """Fixed once at the other's cost, then three times in vain, once with a self-check; latest pass needed: 5."""
    pair = spec("alpha", "beta", judged=("beta",), alpha=4)
    texts = ["alpha one", "beta two", "alpha three", "alpha four", "alpha five", "alpha six"]
    first = opened(pair, policy=Policy(short_ladder=(*REWRITES, *LADDER_SHORT)), budget=Budget(passes=6))
    _, _, events = await play(first, crew(pair, texts))
    assert kinds(events, "promote", "freeze") == ["promote", "freeze"]
    assert at_pass(events, "freeze") == 5


async def test_a_frozen_pair_that_one_reading_calls_settled_is_read_again() -> None:
    """A freeze does not end on a false pass; without that a contradiction stays unnamed."""
    three = spec("alpha", "beta", "gamma", judged=("beta",), alpha=4, gamma=1)
    seen: list[str] = []

    def judge(name: str, text: str, _call: int) -> bool:
        seen.append(text)
        return meets(name, text) or ("frozen" in text and seen.count(text) == 1)

    def write(call, action, state: State) -> Answer:
        if isinstance(action, Revise) and action.hold:
            return f"{action.hold[0]} frozen {len(state.passes)}"
        if isinstance(action, Revise) and not {"alpha", "beta"} & set(action.targets):
            return f"alpha {len(state.passes)}"
        return torn(("alpha", "beta"), heeds=False)(call, action, state)

    _, _, events = await play(opened(three), crew(three, write, judge))
    thaws = [r.event.settled for r in events if r.event.kind == "thaw"]
    assert thaws[:2] == [False, False]
    assert "contradict" in kinds(events, "contradict")


async def test_what_the_draft_before_had_as_well_was_not_lost() -> None:
    """The critic overlooked a fault and sees it in the next draft: that one is better all the same (rule 8)."""
    two = spec("alpha", "warm", judged=("warm",))
    seen: list[str] = []

    def judge(name: str, text: str, _call: int) -> bool:
        seen.append(text)
        return meets(name, text) or (text == "nothing" and seen.count(text) == 1)

    result, state, events = await play(opened(two), crew(two, ["nothing", "alpha", "alpha warm"], judge))
    assert (1, ("warm",), "second") in readings(events)
    assert (result.outcome, result.passes) == ("accepted", 3)
    assert isinstance(state.passes[2].action, Revise)
    assert state.passes[2].action.base == 2


async def test_lines_that_show_a_frozen_criterion_are_locked() -> None:
    """Evidence of a frozen criterion is compared byte for byte (rules 9, 13)."""
    pair = spec("alpha", "warm", judged=("alpha", "warm"), alpha=4)

    def judge(name: str, text: str, _call: int) -> Verdict:
        lines = tuple(n for n, line in enumerate(text.splitlines(), 1) if name in line.split())
        good = bool(lines)
        directive = "" if good else f"in line 1, say {name} once"
        status = "pass" if good else "fail"
        return Verdict(
            criterion=name, status=status, directive=directive, lines=lines, by="critic", shortfall=float(not good)
        )

    def write(_call, action, state: State) -> str:
        number = len(state.passes)
        if not isinstance(action, Revise):
            return f"alpha stands here\n{number}"
        if action.hold:
            return f"alpha stands elsewhere\nwarm {number}"
        return f"warm {number}" if "warm" in action.targets else f"alpha stands here\n{number}"

    _, state, _ = await play(opened(pair, policy=Policy(off=("promote",))), crew(pair, write, judge))
    held = [p for p in state.passes if isinstance(p.action, Revise) and p.action.hold == ("alpha",)]
    assert held
    assert all(p.failure is not None and p.failure.why == "lock_broken" for p in held)


# Wrong premise (rule 14)


async def test_a_first_draft_that_misses_its_core_is_redrafted_not_revised() -> None:
    """A wrong premise is not polished; latest pass needed: 2."""
    plan = spec("alpha", "beta", core=("alpha",))
    moves: list[str] = []

    def write(_call, action, _state: State) -> str:
        moves.append(action.kind if action.kind == "write" else action.move)
        return "beta" if len(moves) == 1 else "alpha beta"

    result, *_ = await play(opened(plan), crew(plan, write))
    assert moves == ["write", "redraft"]
    assert result.outcome == "accepted"


async def test_two_passes_without_gain_on_the_core_restart_with_lessons_and_another_approach() -> None:
    """From the spec, never from the draft; latest pass needed: 4."""
    plan = spec("alpha", "beta", core=("alpha",))
    starts: list[Write] = []

    def write(_call, action, state: State) -> str:
        if isinstance(action, Write):
            starts.append(action)
        return f"alpha beta {len(state.passes)}" if len(starts) == 2 else f"beta {len(state.passes)}"

    result, state, events = await play(opened(plan), crew(plan, write))
    assert at_pass(events, "restart") == 3
    assert starts[0].lessons == ()
    assert starts[1].lessons == ("add the word 'alpha'",)
    assert starts[1].approach
    assert (result.outcome, result.passes) == ("accepted", 4)
    assert state.lineage.kind == "restart"


async def test_the_old_best_is_returned_if_the_restart_was_worse() -> None:
    """A run returns the best of all its lineages."""
    plan = spec("alpha", "beta", "gamma", core=("alpha",))
    texts = ["beta gamma", "beta x", "beta y", "nothing z", "nothing u", "nothing v", "nothing w", "nothing t"]
    result, state, _ = await play(opened(plan), crew(plan, texts))
    assert result.text == "beta gamma"
    assert result.outcome == "off_target"
    assert len(state.passes) == 6, "two passes after the restart without a gain on the core are enough"


async def test_core_patience_counts_passes_without_gain_on_the_core_only() -> None:
    """A pass that gains something else does not help a wrong premise."""
    plan = spec("alpha", "beta", "gamma", core=("alpha",))
    first = opened(plan, budget=Budget(passes=3), policy=Policy(off=("restart",)))
    _, state, _ = await play(first, crew(plan, ["x", "x beta", "x beta gamma"]))
    assert core_patience(state) == 2


# The target (rules 1 and 20)


async def test_an_amendment_measures_everything_again_and_the_run_goes_on() -> None:
    """The best draft may be another one now."""
    old, new = spec("alpha", "beta"), spec("gamma", "alpha")
    texts = ["gamma alpha", "alpha x", "alpha y"]
    ledger = MemoryLedger()
    it = await Run.open("r", opened(old, budget=Budget(passes=3)), ledger)
    ended = await it.drive(crew(old, texts))
    assert ended.outcome == "out_of_budget"
    await it.amend(new, who="Ada", why="beta was never wanted")
    result = await it.drive(crew(new, texts))
    assert (result.outcome, result.text) == ("accepted", "gamma alpha")
    assert it.state.spec.digest == new.digest
    assert (await ledger.replay("r"))[-1].digest == new.digest


async def test_a_second_amendment_needs_to_be_said_twice() -> None:
    """A target that keeps moving is drift (rule 1)."""
    it = await Run.open("r", opened(spec("alpha")), MemoryLedger())
    await it.amend(spec("beta"), who="Ada", why="first")
    with pytest.raises(UsageError, match="amended before"):
        await it.amend(spec("gamma"), who="Ada", why="second")
    await it.amend(spec("gamma"), who="Ada", why="second", again=True)
    assert len(it.state.amendments) == 2


async def test_the_same_spec_is_no_amendment() -> None:
    """Nothing is measured again for nothing."""
    it = await Run.open("r", opened(spec("alpha")), MemoryLedger())
    with pytest.raises(UsageError, match="nothing was amended"):
        await it.amend(spec("alpha"), who="Ada", why="no reason")


async def test_a_person_who_overrules_settles_the_verdict() -> None:
    """One vote of a person outweighs any number of readings (rule 20)."""
    warm = spec("warm", judged=("warm",))
    it = await Run.open("r", opened(warm, budget=Budget(passes=1)), MemoryLedger())
    blind = crew(warm, ["not that"])
    assert (await it.drive(blind)).outcome == "out_of_budget"
    await it.overrule("warm", passes=True, who="Ada", why="it is warm enough")
    result = await it.drive(blind)
    assert result.outcome == "accepted"
    assert result.verdicts["warm"].by == "person"
    assert result.verdicts["warm"].reason == "Ada: it is warm enough"


async def test_only_known_criteria_can_be_overruled() -> None:
    """The error names those there are."""
    it = await Run.open("r", opened(spec("alpha"), given="alpha"), MemoryLedger())
    with pytest.raises(UsageError, match="the spec has: alpha"):
        await it.overrule("warmth", passes=True, who="Ada", why="w")


# Presets and switches


async def test_the_textbook_stops_at_the_first_pass_that_resolves_nothing() -> None:
    """`canon` goes on only where a remedy is due (rule 15)."""
    two = spec("alpha", "beta")
    result, state, _ = await play(
        opened(two, policy=preset("canon")), crew(two, ["alpha", "alpha x", "alpha y", "alpha z"])
    )
    assert len(state.passes) == 2
    assert result.outcome == "unsatisfiable"
    assert "resolved nothing" in result.reason


async def test_the_textbook_reads_every_draft_in_full() -> None:
    """`canon` pays the critic for drafts that cannot win, too."""
    two = spec("alpha", "warm", judged=("warm",), alpha=5)
    for policy, expected in ((preset("canon"), [1, 2]), (Policy(), [1])):
        first = opened(two, budget=Budget(passes=2), policy=policy)
        _, _, events = await play(first, crew(two, ["alpha", "warm"]))
        assert [r.event.draft for r in events if r.event.kind == "judged"] == expected


def test_an_unknown_switch_is_refused() -> None:
    """A misspelt ablation would measure nothing."""
    with pytest.raises(ValueError, match="cannot be switched off"):
        Policy(off=("fokus",))


@pytest.mark.parametrize("switch", SWITCHES)
async def test_with_any_rule_off_a_run_still_ends(switch: str) -> None:
    """Ablations measure a rule's absence, not a crash."""
    both = spec("alpha", "beta", "warm", judged=("warm",), core=("alpha",))
    texts = [f"{'alpha' if n % 2 else 'beta warm'} {n}" for n in range(9)]
    result, state, _ = await play(opened(both, policy=Policy(off=(switch,))), crew(both, texts))
    assert result.outcome is not None
    assert len(state.passes) <= 8
    assert decide(state).action is not None


def test_every_switch_is_asked_for_somewhere() -> None:
    """A switch that nothing looks at would be a lie."""
    from importlib import resources

    core = resources.files("setpoint.core")
    sources = [
        path.read_text(encoding="utf-8")
        for folder in (core, core.joinpath("control"))
        for path in folder.iterdir()
        if path.name.endswith(".py") and path.name != "policy.py"
    ]
    compose = resources.files("setpoint.compose").joinpath("beginning.py").read_text(encoding="utf-8")
    asked = set(re.findall(r'policy\.on\("(\w+)"\)', "\n".join([*sources, compose])))
    assert asked == set(SWITCHES)


# The forecast inside a run (rule 17)


@pytest.mark.parametrize(("own_runs", "stops"), [(20, True), (19, False)])
async def test_a_run_without_a_chance_ends_early_once_enough_own_runs_stand_behind_it(
    own_runs: int, *, stops: bool
) -> None:
    """Below a 5 % chance to finish within the budget; off until 20 own runs exist."""
    many = spec(*(f"w{n}" for n in range(12)))
    texts = [f"try{n}" for n in range(8)]
    first = opened(many, own_runs=own_runs, policy=Policy(off=("promote", "competing")))
    _, state, _ = await play(first, crew(many, texts))
    assert state.stopped is not None
    assert (state.stopped.rule == "out_of_reach") == stops
    assert (len(state.passes) < 7) == stops
    assert not stops or state.stopped.outcome == "out_of_budget"


async def test_the_moves_of_earlier_runs_decide_which_comes_first() -> None:
    """Chances are learnt from the ledger (rule 11): a move that never worked for this author goes last."""
    two = spec("alpha", "beta")
    moves: list[str] = []

    def write(_call, action, state: State) -> str:
        if isinstance(action, Revise):
            moves.append(action.move)
        return f"alpha {len(state.passes)}"

    for worked in ("edit", "redraft"):
        moves.clear()
        history = tuple(
            MoveRecord(move=move, long=False, tried=40, fixed=38 if move == worked else 0, held=40, moves=20)
            for move in ("edit", "rewrite", "redraft")
        )
        await play(opened(two, history=history, budget=Budget(passes=2)), crew(two, write))
        assert moves == [worked]
