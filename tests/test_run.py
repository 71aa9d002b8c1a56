"""The loop: it ends, it returns the best it measured, and it goes on where it was cut."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from setpoint.core.control import cut_off
from setpoint.core.cost import PROBE_TOKENS
from setpoint.core.event import Extended, Judged, Misjudged, MoveFailed, PatchMissed, Recorded, RoleModel
from setpoint.core.fold import fold
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, Spec
from setpoint.core.state import State
from setpoint.errors import ModelError, OverBudget
from setpoint.ledgers.memory import MemoryLedger
from setpoint.run import Result, Run
from setpoint.testing import ScriptedAuthor, ScriptedCritic
from worlds import World, crew, criterion, meets, opened

CHECKED = Spec(brief="b", criteria=(criterion("alpha"), criterion("beta"), criterion("gamma")))
LADDER = Policy(off=("gain", "promote"))
"""The tactics in the order of the ladder, whatever they promise."""
JUDGED = Spec(brief="b", criteria=(criterion("alpha"), criterion("warm", judged=True)))


async def play(first, someone, ledger=None, run="r") -> tuple[Result, State, list[Recorded]]:
    """Play a run to its end."""
    ledger = ledger or MemoryLedger()
    it = await Run.open(run, first, ledger)
    result = await it.drive(someone)
    events = list(await ledger.replay(run))
    return result, it.state, events


async def test_easy_work_takes_one_author_call() -> None:
    """When the first draft passes its checks, that was the run (rule 18)."""
    result, state, events = await play(opened(CHECKED), crew(CHECKED, ["alpha beta gamma"]))
    assert (result.outcome, result.passes, state.calls) == ("accepted", 1, 1)
    assert [r.event.kind for r in events] == ["opened", "requested", "drafted", "measured", "stopped"]


async def test_faults_are_fixed_and_the_text_is_accepted() -> None:
    """A draft that fails is revised until every criterion passes."""
    result, *_ = await play(opened(CHECKED), crew(CHECKED, ["alpha", "alpha beta", "alpha beta gamma"]))
    assert (result.outcome, result.text, result.passes) == ("accepted", "alpha beta gamma", 3)


async def test_a_worse_draft_is_rolled_back_and_the_best_is_returned() -> None:
    """The best draft is returned, never the last (rule 8)."""
    first = opened(CHECKED, budget=Budget(passes=3))
    result, state, _ = await play(first, crew(CHECKED, ["alpha beta", "gamma", "beta"]))
    assert (result.outcome, result.text, result.draft) == ("out_of_budget", "alpha beta", 1)
    assert [p.best_before for p in state.passes] == [None, 1, 1]


async def test_every_move_starts_from_the_best_draft() -> None:
    """After a loss the next move builds on the best draft, not on the last."""
    bases: list[int] = []

    def write(_call, action, state):
        if action.kind == "revise":
            bases.append(action.base)
        return ["alpha beta", "gamma", "alpha beta gamma"][len(state.passes)]

    await play(opened(CHECKED), crew(CHECKED, write))
    assert bases == [1, 1]


async def test_a_given_text_is_pass_one_and_costs_no_call() -> None:
    """A text that exists already is measured, not written."""
    result, state, _ = await play(opened(CHECKED, given="alpha beta gamma"), crew(CHECKED, []))
    assert (result.outcome, state.calls, result.passes) == ("accepted", 0, 1)


async def test_an_acceptance_by_a_critic_is_confirmed_criterion_by_criterion() -> None:
    """What a critic judged is read once more before it is believed (rule 15)."""
    _, state, events = await play(opened(JUDGED), crew(JUDGED, ["alpha warm"]))
    purposes = [
        r.event.action.purpose for r in events if r.event.kind == "requested" and r.event.action.kind == "judge"
    ]
    assert purposes == ["first", "confirm"]
    assert state.stopped is not None
    assert state.stopped.outcome == "accepted"


async def test_another_confirmer_confirms_in_one_call() -> None:
    """A confirmer of its own reads all judged criteria at once."""
    spec = Spec(brief="b", criteria=(criterion("warm", judged=True), criterion("kind", judged=True)))
    models = (*opened(spec).models, RoleModel(role="confirmer", model="scripted:other", sensitivity=1.0))
    confirmer = ScriptedCritic(lambda name, text, _call: meets(name, text))
    _, _, events = await play(opened(spec, models=models), crew(spec, ["warm kind"], confirmer=confirmer))
    asked = [r.event.action for r in events if r.event.kind == "requested" and r.event.action.kind == "judge"]
    assert [(a.purpose, a.role, len(a.criteria)) for a in asked] == [
        ("first", "critic", 2),
        ("confirm", "confirmer", 2),
    ]


async def test_a_critic_that_failed_its_probe_brings_a_run_to_unverified_at_best() -> None:
    """A critic that waves planted failures through cannot accept (rule 4)."""
    models = (RoleModel(role="author", model="a"), RoleModel(role="critic", model="c"))
    first = opened(JUDGED, models=models, probe_items=3)
    blind = ScriptedCritic(lambda _name, _text, _call: True, sensitive=False)
    result, state, _ = await play(first, crew(JUDGED, ["alpha"], critic=blind))
    assert result.outcome == "unverified"
    assert state.sensitivity("critic") == 0.0


async def test_a_critic_is_not_tried_out_for_a_draft_that_the_budget_does_not_hold() -> None:
    """A new critic's test would be paid for, and then the run would end without a draft (rule 16)."""
    models = (RoleModel(role="author", model="a"), RoleModel(role="critic", model="c"))
    first = opened(JUDGED, models=models, probe_items=3, budget=Budget(tokens=PROBE_TOKENS + 100))
    result, _, events = await play(first, crew(JUDGED, ["alpha warm"]))
    assert result.outcome == "out_of_budget"
    assert not [r for r in events if r.event.kind == "requested"]


async def test_a_critic_that_fails_whatever_it_is_shown_is_not_believed_when_it_passes_something() -> None:
    """It notices every planted failure, but it cannot tell them from planted passes (Youden's index 0; rule 4)."""
    models = (RoleModel(role="author", model="a"), RoleModel(role="critic", model="c"))
    first = opened(JUDGED, models=models, probe_items=3)
    sour = ScriptedCritic(lambda _name, _text, _call: True, specific=False)
    result, state, _ = await play(first, crew(JUDGED, ["alpha"], critic=sour))
    assert (result.outcome, state.sensitivity("critic"), state.specificity("critic")) == ("unverified", 1.0, 0.0)


async def test_a_confirmer_that_passed_its_probe_makes_up_for_a_critic_that_did_not() -> None:
    """A pass counts if any critic that can be trusted said so."""
    models = (
        RoleModel(role="author", model="a"),
        RoleModel(role="critic", model="c", sensitivity=0.2),
        RoleModel(role="confirmer", model="d", sensitivity=0.9),
    )
    confirmer = ScriptedCritic(lambda name, text, _call: meets(name, text))
    result, *_ = await play(opened(JUDGED, models=models), crew(JUDGED, ["alpha warm"], confirmer=confirmer))
    assert (result.outcome, result.strength) == ("accepted", "measured critic")


async def test_a_critic_is_not_paid_for_a_draft_that_could_not_win() -> None:
    """A draft that could not beat the best even if the critic passed it all is rolled back unread (rule 3)."""
    spec = Spec(brief="b", criteria=(criterion("alpha", impact=5), criterion("warm", judged=True)))
    first = opened(spec, budget=Budget(passes=2))
    _, _, events = await play(first, crew(spec, ["alpha", "warm"]))
    judged = [r.event.draft for r in events if r.event.kind == "judged"]
    assert judged == [1]


async def test_a_loss_seen_by_a_critic_counts_after_a_second_reading() -> None:
    """One critic's word does not roll back a draft that is better otherwise (rule 8)."""
    spec = Spec(brief="b", criteria=(criterion("alpha"), criterion("warm", judged=True)))
    said: list[str] = []

    def judge(_name: str, text: str, _call: int) -> bool:
        said.append(text)
        return len(said) != 2  # the second thing it reads it fails by mistake

    result, _, events = await play(opened(spec), crew(spec, ["warm", "alpha warm"], judge))
    purposes = [
        r.event.action.purpose for r in events if r.event.kind == "requested" and r.event.action.kind == "judge"
    ]
    assert purposes == ["first", "fresh", "second", "third", "confirm"]
    assert (result.outcome, result.draft) == ("accepted", 2)


async def test_a_confirmation_that_disagrees_is_settled_by_a_third_reading() -> None:
    """Two of three readings count for a text (rule 15)."""
    calls: list[int] = []

    def judge(_name: str, _text: str, call: int) -> bool:
        calls.append(call)
        return len(calls) != 2

    result, _, events = await play(opened(JUDGED), crew(JUDGED, ["alpha warm"], judge))
    purposes = [
        r.event.action.purpose for r in events if r.event.kind == "requested" and r.event.action.kind == "judge"
    ]
    assert (result.outcome, purposes) == ("accepted", ["first", "confirm", "third"])


async def test_a_criterion_whose_readings_keep_contradicting_each_other_is_named_disputed() -> None:
    """After two third readings a criterion is disputed, not accepted; latest pass needed: 3."""
    readings: dict[str, int] = {}

    def judge(_name: str, text: str, _call: int) -> bool:
        readings[text] = readings.get(text, 0) + 1
        return readings[text] % 2 == 1 and readings[text] < 3  # pass, fail, fail

    spec = Spec(brief="b", criteria=(criterion("warm", judged=True),))
    texts = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    result, state, _ = await play(opened(spec), crew(spec, texts, judge))
    assert result.outcome == "unsatisfiable"
    assert state.set_aside["warm"].startswith("disputed")
    assert len(state.passes) <= 3


async def test_what_cannot_be_assessed_is_asked_once_more_alone_and_then_named() -> None:
    """`cannot_assess` never goes to the author (rule 6)."""
    result, state, events = await play(opened(JUDGED), crew(JUDGED, ["alpha"], lambda _n, _t, _c: None))
    purposes = [
        r.event.action.purpose for r in events if r.event.kind == "requested" and r.event.action.kind == "judge"
    ]
    assert purposes == ["first", "alone"]
    assert (result.outcome, len(state.passes), result.faults) == ("unmeasurable", 1, ())


async def test_a_critic_whose_replies_cannot_be_used_ends_the_run_and_the_draft_is_returned() -> None:
    """A broken critic is machinery: no pass, no fault, and nothing paid for is lost."""

    class Mute(ScriptedCritic):
        async def perform(self, call, action, state) -> Judged | Misjudged:
            del state
            return Misjudged(call=call, draft=action.draft, why="unparsable", detail="it said: does NOT PASS")

    mute = Mute(lambda _n, _t, _c: True)
    result, *_ = await play(opened(JUDGED), crew(JUDGED, ["alpha"], critic=mute))
    assert (result.outcome, result.text) == ("machinery", "alpha")
    assert "does NOT PASS" in result.reason


async def test_after_an_unusable_reply_the_criteria_are_asked_for_one_at_a_time() -> None:
    """A critic that cannot handle several criteria at once gets them alone."""
    spec = Spec(brief="b", criteria=(criterion("warm", judged=True), criterion("kind", judged=True)))

    class Narrow(ScriptedCritic):
        async def perform(self, call, action, state) -> Judged | Misjudged:
            if len(action.criteria) > 1:
                return Misjudged(call=call, draft=action.draft, why="skipped", detail="left out kind")
            return await super().perform(call, action, state)

    narrow = Narrow(lambda name, text, _c: meets(name, text))
    result, *_ = await play(opened(spec), crew(spec, ["warm kind"], critic=narrow))
    assert result.outcome == "accepted"


async def test_a_model_that_cannot_be_reached_ends_the_run_with_the_best_draft() -> None:
    """Two failed calls in a row are machinery, and the draft is still returned."""

    def write(_call, action, _state):
        if action.kind == "revise":
            raise ModelError("connection refused", kind="unreachable")
        return "alpha"

    result, state, _ = await play(opened(CHECKED), crew(CHECKED, write))
    assert (result.outcome, result.text) == ("machinery", "alpha")
    assert len(state.passes) == 1, "a call that never came back is no pass"


async def test_a_failed_move_uses_up_a_pass_and_is_not_repeated_as_it_was() -> None:
    """After a failed move the next tactic is another one (rule 11)."""
    moves: list[str] = []

    def write(call, action, _state):
        if action.kind == "write":
            return "alpha beta"
        moves.append(action.move)
        return MoveFailed(call=call, move=action.move, why="empty", detail="nothing came")

    first = opened(CHECKED, budget=Budget(passes=4), policy=LADDER)
    result, state, _ = await play(first, crew(CHECKED, write))
    assert moves == ["redraft", "rewrite", "edit"]
    assert (result.outcome, len(state.passes)) == ("out_of_budget", 4)


async def test_edits_that_do_not_apply_are_asked_for_once_within_the_same_pass() -> None:
    """One precise re-ask, then the move has failed."""
    asked: list[str] = []

    def write(call, action, _state):
        asked.append(action.kind)
        if action.kind == "revise" and action.move == "edit":
            return PatchMissed(call=call, revise=action, edits=(), misses=("edit 1: not there",))
        if action.kind == "reask":
            return "alpha beta gamma"
        return "alpha beta" if action.kind == "write" else "beta"

    result, state, _ = await play(opened(CHECKED, policy=LADDER), crew(CHECKED, write))
    assert asked == ["write", "revise", "revise", "revise", "reask"]
    assert (result.outcome, len(state.passes)) == ("accepted", 4)


async def test_a_change_inside_a_lock_is_a_failed_move_not_a_draft() -> None:
    """Locked text is compared byte for byte, whatever the author was told (rule 9)."""
    given = "<!-- setpoint:lock -->signed: Ada<!-- /setpoint:lock --> alpha"
    texts = ["signed: Bob alpha beta gamma", "signed: Ada alpha beta gamma"]
    result, state, _ = await play(opened(CHECKED, given=given), crew(CHECKED, ["", *texts]))
    assert state.passes[1].failure is not None
    assert state.passes[1].failure.why == "lock_broken"
    assert (result.outcome, result.text) == ("accepted", texts[1])


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "empty"), ("alpha", "unchanged"), (" alpha \n", "unchanged"), ("the same again " * 40, "degenerate")],
)
async def test_a_text_that_is_no_new_draft_is_refused(text: str, why: str) -> None:
    """Empty, unchanged and repeating texts are failed moves and are never judged."""
    first = opened(CHECKED, budget=Budget(passes=2))
    _, state, _ = await play(first, crew(CHECKED, ["alpha", text]))
    assert state.passes[1].failure is not None
    assert state.passes[1].failure.why == why


async def test_an_unchanged_earlier_text_is_never_measured_twice() -> None:
    """A text that returns to an earlier state is a failed move."""
    first = opened(CHECKED, budget=Budget(passes=3))
    _, state, events = await play(first, crew(CHECKED, ["alpha", "alpha beta", "alpha"]))
    assert state.passes[2].failure is not None
    assert state.passes[2].failure.why == "repeated"
    assert sum(r.event.kind == "measured" for r in events) == 2


async def test_after_a_reply_that_was_cut_off_the_author_is_told_how_long_the_text_may_be() -> None:
    """The same request would be cut off again; latest pass needed: 2."""
    lessons: list[tuple[str, ...]] = []

    def write(call, action, state):
        lessons.append(action.lessons)
        if not state.passes:
            return MoveFailed(call=call, move="first", why="truncated", detail="cut off after 200 tokens")
        return "alpha"

    spec = Spec(brief="b", criteria=(criterion("alpha"),))
    result, *_ = await play(opened(spec), crew(spec, write))
    assert result.outcome == "accepted"
    assert lessons[0] == ()
    assert "at most 120 words" in lessons[1][0]


async def test_a_refusal_in_between_does_not_make_the_author_forget_that_its_text_was_too_long() -> None:
    """Cut off, refused, asked again: the length is still said; after a draft it is not."""
    lessons: list[tuple[str, ...]] = []

    def write(call, _action, state):
        lessons.append(cut_off(state))
        if len(state.passes) == 0:
            return MoveFailed(call=call, move="first", why="truncated", detail="cut off")
        if len(state.passes) == 1:
            return MoveFailed(call=call, move="first", why="refused", detail="no")
        return f"alpha {len(state.passes)}"

    pair = Spec(brief="b", criteria=(criterion("alpha"), criterion("beta")))
    await play(opened(pair, budget=Budget(passes=4)), crew(pair, write))
    assert [bool(said) for said in lessons] == [False, True, True, False]


async def test_only_minor_criteria_open_and_nothing_resolved_is_settled() -> None:
    """Polishing after done is noise (rule 15), once the remedy for a stubborn criterion had its pass; latest pass: 4."""
    spec = Spec(brief="b", criteria=(criterion("alpha"), criterion("beta", impact=1)))
    result, *_ = await play(opened(spec), crew(spec, ["alpha", "alpha gamma", "alpha delta", "alpha epsilon"]))
    assert (result.outcome, result.passes) == ("settled", 4)


async def test_a_criterion_that_no_tactic_fixes_is_set_aside_and_named() -> None:
    """An impossible demand ends as `unsatisfiable` within the default budget; latest pass needed: 7."""
    spec = Spec(brief="b", criteria=(criterion("alpha"), criterion("avoid-alpha")))
    texts = [f"alpha try{n}" for n in range(8)]
    result, state, _ = await play(opened(spec), crew(spec, texts))
    assert (result.outcome, len(state.passes)) == ("unsatisfiable", 7)
    assert "avoid-alpha" in result.reason


async def test_a_core_that_stays_open_is_off_target() -> None:
    """A wrong premise is told apart from an imperfect text."""
    spec = Spec(brief="b", criteria=(criterion("alpha", core=True), criterion("beta")))
    first = opened(spec, budget=Budget(passes=3))
    result, *_ = await play(first, crew(spec, ["beta", "beta x", "beta y"]))
    assert result.outcome == "off_target"


async def test_a_vague_critique_is_sent_back_once_and_then_replaced_by_the_criterion() -> None:
    """Feelings never reach the author (rule 5)."""
    from setpoint.core.control import faults
    from setpoint.core.fault import Verdict

    def judge(name: str, text: str, _call: int) -> Verdict | bool:
        if meets(name, text):
            return True
        return Verdict(criterion=name, status="fail", directive="make it more engaging", by="critic", shortfall=1.0)

    seen: list[str] = []

    def write(_call, action, state):
        if action.kind == "write":
            return "alpha"
        seen.extend(fault.directive for fault in faults(state, state.draft(action.base)))
        return "alpha warm"

    result, _, events = await play(opened(JUDGED), crew(JUDGED, write, judge))
    purposes = [
        r.event.action.purpose for r in events if r.event.kind == "requested" and r.event.action.kind == "judge"
    ]
    assert purposes == ["first", "redirect", "fresh", "confirm"]
    assert seen == ["It is about warm."]
    assert result.outcome == "accepted"


async def test_wishes_of_the_critic_go_to_the_parking_lot_and_never_steer() -> None:
    """A wish that maps to no criterion is kept and not acted on (rule 1)."""
    world = World(spec=JUDGED, seed=1, skill=1.0, harm=0.0, trouble=0.0, noise=0.0)
    result, *_ = await play(opened(JUDGED), world.crew())
    assert (result.outcome, result.wishes) == ("accepted", ("more air",))


async def test_more_passes_let_an_ended_run_go_on() -> None:
    """`continue` takes up a run after any end with the same target."""
    ledger = MemoryLedger()
    someone = crew(CHECKED, ["alpha", "alpha beta", "alpha beta gamma"])
    result, *_ = await play(opened(CHECKED, budget=Budget(passes=1)), someone, ledger)
    assert result.outcome == "out_of_budget"
    again = await Run.take_up("r", ledger)
    await again.extend(Extended(passes=3))
    assert (await again.drive(someone)).outcome == "accepted"


async def test_the_user_can_end_a_run_and_gets_the_best_draft() -> None:
    """Cancelling is a named end."""
    ledger = MemoryLedger()
    it = await Run.open("r", opened(CHECKED, given="alpha"), ledger)
    await it.cancel("interrupted")
    assert (it.result().outcome, it.result().text) == ("cancelled", "alpha")


# Properties

NAMES = ["alpha", "beta", "avoid-alpha", "gamma", "avoid-delta", "epsilon"]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any spec of one to six criteria with any author and critic."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True))
    made = tuple(
        criterion(
            name,
            judged=draw(st.booleans()),
            impact=draw(st.integers(1, 5)),
            core=draw(st.integers(0, 4)) == 0,
        )
        for name in names
    )
    share = st.floats(0, 1)
    return World(
        spec=Spec(brief="b", criteria=made),
        seed=draw(st.integers(0, 10_000)),
        skill=draw(share),
        harm=draw(share),
        trouble=draw(st.floats(0, 0.5)),
        noise=draw(st.floats(0, 0.5)),
    )


def start(world: World, passes: int, policy: Policy | None = None):
    """The first event of a run in a world, with a critic to be probed."""
    models = [RoleModel(role="author", model="a", input_price=1.0, output_price=2.0)]
    if world.spec.judged:
        models.append(RoleModel(role="critic", model="c", input_price=1.0, output_price=2.0))
    return opened(
        world.spec, models=tuple(models), budget=Budget(passes=passes), policy=policy or Policy(), probe_items=2
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds(), passes=st.integers(1, 9))
async def test_any_run_ends_and_returns_the_least_distant_draft_measured(world: World, passes: int) -> None:
    """For any author and critic the loop terminates, within its passes, on the least distant draft with a full reading."""
    result, state, events = await play(start(world, passes), world.crew())
    assert result.outcome is not None
    assert len(state.passes) <= passes
    full = [d for d in state.drafts if state.complete(d)]
    if full:
        assert result.draft in {d.number for d in full}
        assert state.distance(state.draft(result.draft or 0)) == min(state.distance(d) for d in full)
    elif state.drafts:
        assert result.text == state.drafts[-1].draft.text
    if result.outcome == "accepted":
        assert set(result.verdicts) == set(world.spec.names())
        assert {v.status for v in result.verdicts.values()} == {"pass"}
    assert fold(events) == state


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds(), passes=st.integers(1, 6), data=st.data())
async def test_a_run_cut_after_any_event_resumes_to_the_same_end(
    world: World, passes: int, data: st.DataObject
) -> None:
    """Whatever was recorded when the process died, the resumed run ends like the one that was not cut."""
    uncut, _, events = await play(start(world, passes), world.crew())
    cut = data.draw(st.integers(1, len(events) - 1))
    ledger = MemoryLedger()
    for recorded in events[:cut]:
        await ledger.append("r", recorded.seq, recorded.digest, recorded.event)
    world.calls.clear()
    again = await Run.take_up("r", ledger)
    await again.resume()
    resumed = await again.drive(world.crew())
    assert (resumed.outcome, resumed.text, resumed.reason) == (uncut.outcome, uncut.text, uncut.reason)
    paid = sum(r.event.kind == "requested" for r in events[:cut])
    all_calls = sum(r.event.kind == "requested" for r in events)
    assert len(world.calls) <= all_calls - paid + 1, "at most the call in flight is repeated"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds(), tokens=st.integers(1, 60_000))
async def test_the_token_cap_is_never_exceeded(world: World, tokens: int) -> None:
    """Every call reserves its worst case first, so that the cap holds as long as calls stay within it (rule 16)."""
    first = start(world, 9)
    budget = Budget(passes=9, tokens=tokens)
    result, _, events = await play(opened(first.spec, models=first.models, budget=budget), world.crew())
    spent = 0
    for recorded in events:
        if recorded.event.kind == "requested":
            assert spent + recorded.event.tokens <= tokens
        spent = fold(events[: recorded.seq + 1]).spent.tokens
    assert spent <= tokens
    assert result.outcome is not None


async def test_a_call_that_the_shared_budget_holds_back_ends_the_run_with_its_best_draft() -> None:
    """As out of budget, never as machinery; and once there is more, the run goes on from there (rule 16)."""

    class Held:
        """An author whose second call does not fit."""

        fits = False

        async def perform(self, call, action, state):
            if call > 1 and not self.fits:
                raise OverBudget("the budget of the batch: nothing is left")
            return await ScriptedAuthor(["alpha", "alpha beta gamma"]).perform(call, action, state)

    author, ledger = Held(), MemoryLedger()
    everyone = replace(crew(CHECKED, []), author=author)
    result, state, _ = await play(opened(CHECKED), everyone, ledger)
    assert (result.outcome, result.text, result.passes) == ("out_of_budget", "alpha", 1)
    assert "the budget of the batch" in result.reason
    assert state.denied
    assert state.spent.tokens == 100  # what was held back was not made, so it cost nothing
    author.fits = True
    again = await Run.take_up("r", ledger)
    await again.extend(Extended())
    assert (await again.drive(everyone)).outcome == "accepted"
