"""Rules that ask for measurements."""

from setpoint.core.action import Action, Judge, Measure, Probe, SetAside
from setpoint.core.control.common import critic_votes, critics, in_prose, rival
from setpoint.core.detect import conflict_if_lost, doubted, lost_for_sure
from setpoint.core.fault import disputed, distance
from setpoint.core.record import DraftState
from setpoint.core.state import State

__all__ = ["ask_alone", "measure", "probe", "read", "read_trade", "second_reading", "third_reading"]


def measure(state: State) -> Action | None:
    """Checks run before any critic is asked (3)."""
    unmeasured = next((draft for draft in state.drafts if not draft.measured), None)
    return Measure(draft=unmeasured.number) if unmeasured is not None else None


def probe(state: State) -> Action | None:
    """A critic that is new in the role first judges planted texts (4)."""
    draft = _to_read(state)
    if not state.needs_critic or (draft is not None and state.complete(draft)):
        return None  # no critic is needed, or not for this draft
    for role in critics(state):
        model = state.model(role)
        answered = state.probes[role].items if role in state.probes else 0
        if model is not None and model.sensitivity is None and answered < state.opened.probe_items:
            return Probe(role=role, item=answered)
    return None


def read(state: State) -> Action | None:
    """A critic reads what checks cannot measure, unless the draft could not win even if it passed all of it (3, 4)."""
    draft = _to_read(state)
    if draft is None:
        return None
    unread = tuple(c.name for c in state.judged(draft) if not draft.votes.get(c.name))
    other = rival(state, draft)
    if not unread:
        return None
    if _cannot_win(state, draft, other):
        return None
    tried = tuple(name for name in unread if name in draft.unusable)
    if tried:  # a reply about several criteria was unusable: ask about one at a time
        return Judge(draft=draft.number, criteria=tried[:1], purpose="fresh")
    first = not any(state.complete(d) for d in state.drafts if d.draft.stage == draft.draft.stage)
    return Judge(draft=draft.number, criteria=unread, purpose="first" if first else "fresh")


def _to_read(state: State) -> DraftState | None:
    """The draft whose reading is due: the latest, or, after an amendment, the one that may be the nearest (1)."""
    latest = state.latest
    if latest is None or state.complete(latest) or not state.amendments:
        return latest
    prose = [draft for draft in state.drafts if draft.draft.stage == "prose" and draft.measured]
    if any(state.complete(draft) for draft in prose) or not prose:
        return latest
    return min(prose, key=lambda draft: (state.optimistic(draft), -draft.number))


def _cannot_win(state: State, draft: DraftState, other: DraftState | None) -> bool:
    """Whether no verdict of a critic could make the draft the best of its lineage."""
    if state.policy.preset == "canon":
        return False  # the textbook reads every draft in full
    frozen = state.freeze
    if frozen is not None:
        kept = draft.verdict(frozen.keep)
        return kept is not None and kept.status == "fail"
    return other is not None and state.optimistic(draft) >= state.distance(other)


def ask_alone(state: State) -> Action | None:
    """What could not be assessed is asked once more, alone (6)."""
    latest = state.latest
    if latest is None or not state.complete(latest):
        return None
    other, verdicts = rival(state, latest), latest.verdicts()
    assessed = [c for c in state.criteria(latest) if verdicts[c.name].status != "cannot_assess"]
    if other is not None and distance(assessed, verdicts) >= state.distance(other):
        return None  # it could not win even if it passed all of them
    for criterion in state.judged(latest):
        votes = latest.votes[criterion.name]
        if votes[-1].status == "cannot_assess" and critic_votes(votes) == 1:
            return Judge(draft=latest.number, criteria=(criterion.name,), purpose="alone")
    return None


def second_reading(state: State) -> Action | None:
    """What only one reading says, and on which the ratchet, a freeze or a pair turns, is read a second time (8, 13)."""
    latest = state.latest
    if latest is None or not state.complete(latest) or not state.policy.on("second_reading"):
        return None
    lost = _lost_once(state, latest)
    if lost:
        return Judge(draft=latest.number, criteria=lost, purpose="second")
    other = rival(state, latest)
    missed = _missed_before(state, latest, other) if other is not None and state.freeze is None else ()
    return Judge(draft=other.number, criteria=missed, purpose="second") if other is not None and missed else None


def read_trade(state: State) -> Action | None:
    """A verdict that would show that two criteria conflict is asked for, also about a draft that cannot win (13)."""
    if state.freeze is not None or not in_prose(state) or not state.policy.on("freeze"):
        return None
    doubt = doubted(state)
    return Judge(draft=doubt.draft, criteria=(doubt.criterion,), purpose=doubt.purpose) if doubt else None


def _lost_once(state: State, latest: DraftState) -> tuple[str, ...]:
    """The criteria whose loss, or whose settlement, one reading claims and something depends on."""
    unsure = tuple(
        c.name
        for c in state.judged(latest)
        if (verdict := latest.verdict(c.name)) is not None
        and verdict.status != "pass"
        and critic_votes(latest.votes[c.name]) == 1
        and ("second", c.name) not in latest.asked
    )
    if state.freeze is not None:
        return tuple(name for name in unsure if name == state.freeze.keep) or _settled_once(state, latest)
    other = rival(state, latest)
    if other is None or not unsure:
        return ()
    now, before = latest.verdicts(), other.verdicts()
    lost = tuple(name for name in unsure if before[name].status == "pass")
    without = {**now, **{name: before[name] for name in lost}}
    turns = distance(state.criteria(latest), without) < state.distance(other) <= state.distance(latest)
    if lost and turns:
        return lost
    return tuple(name for name in unsure if conflict_if_lost(state, latest, name))


def _missed_before(state: State, latest: DraftState, other: DraftState) -> tuple[str, ...]:
    """The losses for which a draft would be rolled back and which the other draft may have had as well, unseen.

    A critic that passed a passage once and fails it twice, in another draft, may have been wrong the first time: then
    nothing was lost, and the draft is better.
    """
    now, before = latest.verdicts(), other.verdicts()
    lost = tuple(
        c.name
        for c in state.judged(latest)
        if lost_for_sure(latest, c.name)
        and before[c.name].status == "pass"
        and before[c.name].by not in {"check", "person"}
    )
    unsure = tuple(
        name for name in lost if critic_votes(other.votes[name]) <= 1 and ("second", name) not in other.asked
    )
    without = {**before, **{name: now[name] for name in unsure}}
    turns = state.distance(other) <= state.distance(latest) < distance(state.criteria(other), without)
    return unsure if unsure and turns else ()


def _settled_once(state: State, latest: DraftState) -> tuple[str, ...]:
    """Of a frozen pair that one reading calls settled, what a critic passed: a freeze ends on it (13)."""
    frozen = state.freeze
    if frozen is None:
        return ()
    now = latest.verdicts()
    if any(now[name].status != "pass" for name in (frozen.keep, frozen.free)):
        return ()
    return tuple(
        c.name
        for c in state.judged(latest)
        if c.name in {frozen.keep, frozen.free}
        and critic_votes(latest.votes[c.name]) == 1
        and ("second", c.name) not in latest.asked
    )


def third_reading(state: State) -> Action | None:
    """Two readings that contradict each other are decided by a third; two of three count (15)."""
    for draft in _worth_asking(state):
        for criterion in state.judged(draft):
            name = criterion.name
            if disputed(draft.votes.get(name, ())) and ("third", name) not in draft.asked:
                if state.thirds.get(name, 0) < state.policy.disputes:
                    return Judge(draft=draft.number, criteria=(name,), purpose="third")
                if name not in state.set_aside:
                    return SetAside(
                        criterion=name, why="disputed: readings of the same text keep contradicting each other"
                    )
    return None


def _worth_asking(state: State) -> tuple[DraftState, ...]:
    """The latest draft, the one that moves start from and the best one, if they have a full reading."""
    drafts = (state.latest, state.base, state.best)
    return tuple({d.number: d for d in drafts if d is not None and state.complete(d)}.values())
