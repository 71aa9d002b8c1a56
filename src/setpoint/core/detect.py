"""What the course of a run shows: gains and losses per pass, stubborn criteria, conflicting pairs.

Pure questions to a `State`; nothing here decides. All of it looks at verdicts, never at how a critic words them, so
that a critic which rewords the same fault in every pass cannot hide it.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final, Literal, NamedTuple

from setpoint.core.action import Revise, Role, Write
from setpoint.core.draft import Move
from setpoint.core.fault import Verdict
from setpoint.core.record import DraftState, Pass
from setpoint.core.spec import importance
from setpoint.core.state import State

__all__ = [
    "Change",
    "Doubt",
    "change",
    "changes",
    "conflict",
    "conflict_if_lost",
    "core_patience",
    "doubted",
    "excluded",
    "failed_tries",
    "focus",
    "lost_for_sure",
    "suspected",
    "traded",
    "trusted",
]

_FOUGHT: Final = frozenset({"unchanged", "repeated"})
"""Failed moves that say something about the criterion: the author was told and changed nothing."""


class Change(NamedTuple):
    """What a pass did to the text it began with."""

    number: int
    targets: tuple[str, ...]
    gained: tuple[str, ...]
    """Criteria that failed before and pass now."""
    lost: tuple[str, ...]
    """Criteria that passed before and, confirmed, fail now."""
    kept: int
    """Criteria that passed before and after."""
    unread: tuple[str, ...] = ()
    """Targets that nobody measured afterwards, because the draft could not win anyway (rule 3)."""
    claimed: tuple[str, ...] = ()
    """Criteria that passed before and of which one reading of a critic says that they fail now."""


def lost_for_sure(draft: DraftState, criterion: str) -> bool:
    """Whether a failure is confirmed: by a check, a person, or two readings (rule 8)."""
    votes = draft.votes.get(criterion, ())
    verdict = draft.verdict(criterion)
    if verdict is None or verdict.status != "fail":
        return False
    return verdict.by in {"check", "person"} or sum(_fails(vote) for vote in votes) >= 2  # noqa: PLR2004 - two readings


def _fails(vote: Verdict) -> bool:
    return vote.status == "fail" and not vote.carried


def change(state: State, entry: Pass) -> Change | None:
    """What a pass changed in prose; None if it brought no draft or did not begin with one."""
    action = entry.action
    if not isinstance(action, Revise) or entry.draft is None or state.about_outline(entry):
        return None
    before, after = state.draft(action.base).verdicts(), state.draft(entry.draft)
    now = after.verdicts()
    gained = [n for n, v in now.items() if v.status == "pass" and n in before and before[n].status == "fail"]
    held = [n for n, v in before.items() if v.status == "pass" and n in now]
    failed = [n for n in held if now[n].status == "fail"]
    lost = tuple(n for n in failed if lost_for_sure(after, n))
    return Change(
        entry.number,
        action.targets,
        gained=tuple(gained),
        lost=lost,
        kept=sum(now[n].status == "pass" for n in held),
        unread=tuple(name for name in action.targets if name not in now),
        claimed=tuple(n for n in failed if n not in lost),
    )


def changes(state: State, since: int = 0) -> Iterator[Change]:
    """What the passes after number ``since`` changed."""
    for entry in state.passes[since:]:
        found = change(state, entry)
        if found is not None:
            yield found


def focus(state: State) -> int:
    """How many faults a pass takes on (rule 7).

    One more after two loss-free passes in a row that fixed all their targets, half after a confirmed loss, one while
    a criterion is frozen.
    """
    policy = state.policy
    if state.freeze is not None:
        return 1
    if not policy.on("focus"):
        return policy.focus
    now, clean = policy.focus, 0
    for entry in state.passes:
        action, done = entry.action, change(state, entry)
        if done is None or not isinstance(action, Revise) or action.move == "redraft":
            continue
        if done.lost:
            now, clean = max(1, now // 2), 0
        elif set(done.targets) <= set(done.gained):
            clean += 1
            if clean == 2:  # noqa: PLR2004 - as the rule says
                now, clean = min(policy.most_focus, now + 1), 0
        else:
            clean = 0
    return now


def failed_tries(state: State, criterion: str, move: Move | None = None) -> int:
    """How often a criterion was targeted in vain since it was last fixed, or got its last remedy (rule 12).

    With a move, how often by that one.

    A pass that fixed it and was rolled back for another loss is not in vain: that is a trade, and counts for rule 13.
    """
    tries = 0
    for entry in state.passes[_since_remedy(state, criterion) :]:
        action = entry.action
        if not isinstance(action, Revise) or criterion not in action.targets:
            continue
        counts = move is None or action.move == move
        if entry.failure is not None:
            tries += counts and entry.failure.why in _FOUGHT
        elif entry.draft is not None and (verdict := state.draft(entry.draft).verdict(criterion)) is not None:
            tries = 0 if verdict.status == "pass" else tries + counts
    return tries


def _since_remedy(state: State, criterion: str) -> int:
    """The pass from which tries count: a promoted criterion begins anew."""
    return max((at for name, at in state.remedies if name == criterion), default=0)


class Doubt(NamedTuple):
    """A verdict that a trade needs and that is not there, or rests on one reading."""

    draft: int
    criterion: str
    purpose: Literal["fresh", "second"]
    """To be measured at all, or a second time."""


def excluded(state: State) -> tuple[str, str, str] | None:
    """A pair of criteria that their checks prove to exclude each other, and why (rule 13).

    Only what stands in the spec as it did when the run began: an amendment may have settled it.
    """
    now = {criterion.name: criterion for criterion in state.spec.criteria}
    then = {criterion.name: criterion for criterion in state.opened.spec.criteria}
    for one, other, why in state.opened.excluded:
        if all(name in now and now[name] == then.get(name) for name in (one, other)):
            return one, other, why
    return None


class Trade(NamedTuple):
    """One criterion fixed, another lost, in one pass."""

    pair: frozenset[str]
    weight: int = 1
    share: float = 1.0
    """How plainly the pass shows it: one over the number of pairs that it may have traded."""
    doubts: tuple[Doubt, ...] = ()
    """What is open about it: a target that was not read before the draft was rolled back, a loss not confirmed."""

    @property
    def sure(self) -> bool:
        """Both sides were measured, and the loss is confirmed."""
        return not self.doubts


def conflict(state: State) -> tuple[str, str] | None:
    """Two criteria that keep being traded for one another (rule 13): the more important one, and the other.

    Two trades in either direction, one of them measured on both sides, rolled-back passes included; or a text that
    returned to an earlier state; or one trade between two that code or a mediator had said to compete, or where the
    open one has withstood its remedy (rule 12). Trades from before the pair's last freeze do not count again.
    """
    found = {pair: sum(trade.share for trade in trades) for pair, trades in _conflicting(state)}
    if not found:
        return None
    # A pass that fixed three and lost one may have traded any of them: the pair that was seen more plainly comes first.
    first, second = sorted(max(found, key=lambda pair: found[pair]), key=lambda name: _importance(state, name))
    return first, second


def doubted(state: State) -> Doubt | None:
    """A verdict to ask for, because two criteria would conflict if it were as it seems (rules 8, 13).

    The trade in question may be an old one: a draft that gained more than it lost is kept on the word of one reading,
    one that cannot win is not read at all, and only another trade of the same two makes either matter.
    """
    for _pair, trades in _conflicting(state, open_doubts=True):
        for doubt in (doubt for trade in trades for doubt in trade.doubts):
            draft = state.draft(doubt.draft)
            answered = bool(draft.votes.get(doubt.criterion)) or doubt.criterion in draft.unusable
            if ("second", doubt.criterion) not in draft.asked if doubt.purpose == "second" else not answered:
                return doubt
    return None


def _conflicting(state: State, *, open_doubts: bool = False) -> Iterator[tuple[frozenset[str], list[Trade]]]:
    """The open pairs that were traded often enough; with the doubts, if they were all as they seem."""
    base = state.base
    still_open = set(state.open_criteria(base)) if base is not None else set[str]()
    named = {frozenset({order.winner, order.loser}) for order in state.preferences}
    for pair, trades in _by_pair(state, open_doubts=open_doubts).items():
        if not pair & still_open or pair & state.set_aside.keys():
            continue
        needed = 1 if pair in named or any(_withstood(state, n) for n in pair & still_open) else state.policy.trades
        if sum(trade.weight for trade in trades) >= needed and (open_doubts or any(trade.sure for trade in trades)):
            yield pair, trades


def _withstood(state: State, name: str) -> bool:
    """Whether a criterion was targeted in vain after its remedy, too (rule 12)."""
    return _since_remedy(state, name) > 0 and failed_tries(state, name) > 0


def suspected(state: State, names: Iterable[str]) -> bool:
    """Whether one of the criteria was traded for another and it is open whether the two conflict (rule 13)."""
    last = max((lineage.since for lineage in state.lineages if lineage.keep), default=0)
    wanted = set(names) - state.set_aside.keys()
    return any(trade.pair & wanted for entry in state.passes[last:] for trade in traded(state, entry, open_doubts=True))


def conflict_if_lost(state: State, latest: DraftState, name: str) -> bool:
    """Whether a loss that one reading claims would, if it is true, complete a conflicting pair (rule 13)."""
    entry = state.passes[-1] if state.passes else None
    done = change(state, entry) if entry is not None and entry.draft == latest.number else None
    if entry is None or done is None or not isinstance(entry.action, Revise):
        return False
    before = state.draft(entry.action.base).verdict(name)
    if before is None or before.status != "pass":
        return False
    pairs = [frozenset({fixed, name}) for fixed in done.gained if fixed in done.targets]
    return any(_traded_before(state, pair) for pair in pairs)


def _traded_before(state: State, pair: frozenset[str]) -> bool:
    since = _last_freeze(state, pair)
    earlier = (trade for past in state.passes[since:-1] for trade in traded(state, past, open_doubts=True))
    return any(trade.pair == pair for trade in earlier)


def _by_pair(state: State, *, open_doubts: bool) -> dict[frozenset[str], list[Trade]]:
    found: dict[frozenset[str], list[Trade]] = {}
    for entry in state.passes:
        for trade in traded(state, entry, open_doubts=open_doubts):
            if entry.number > _last_freeze(state, trade.pair):
                found.setdefault(trade.pair, []).append(trade)
    return found


def traded(state: State, entry: Pass, *, open_doubts: bool = False) -> Iterator[Trade]:
    """The pairs that a pass traded; with the doubts, also those whose loss only one reading claims."""
    done = change(state, entry)
    if done is not None:
        yield from _exchanged(state, entry, done, open_doubts=open_doubts)
    yield from _returned(state, entry)


def _exchanged(state: State, entry: Pass, done: Change, *, open_doubts: bool) -> Iterator[Trade]:
    """What a draft fixed, with what it lost."""
    known, draft = set(state.spec.names()), entry.draft or 0
    fixed = [name for name in done.gained if name in done.targets]
    maybe = [name for name in done.unread if name not in fixed]
    gone = (*done.lost, *done.claimed) if open_doubts else done.lost
    # A fresh draft puts everything to the dice: only a bare exchange of one for one says something about the two.
    redrawn = isinstance(entry.action, Revise) and entry.action.move == "redraft"
    if redrawn and not len(fixed) + len(maybe) == len(gone) == 1:
        return
    share = 1 / max(1, (len(fixed) + len(maybe)) * len(gone))
    for name, lost in product((*fixed, *maybe), gone):
        if {name, lost} <= known:
            unread = (Doubt(draft, name, "fresh"),) if name in maybe else ()
            claimed = (Doubt(draft, lost, "second"),) if lost in done.claimed else ()
            yield Trade(frozenset({name, lost}), share=share, doubts=(*unread, *claimed))


def _returned(state: State, entry: Pass) -> Iterator[Trade]:
    """A text that returned to an earlier state shows what the two states traded."""
    known = set(state.spec.names())
    failure = entry.failure
    if failure is not None and failure.repeats is not None and isinstance(entry.action, Revise):
        base, earlier = state.draft(entry.action.base), state.draft(failure.repeats)
        was, then = base.verdicts(), earlier.verdicts()
        fixed = [n for n, v in then.items() if v.status == "pass" and n in was and was[n].status == "fail"]
        lost = [n for n, v in was.items() if v.status == "pass" and lost_for_sure(earlier, n)]
        if fixed and lost:
            pair = frozenset(min(names, key=lambda name: _importance(state, name)) for names in (fixed, lost))
            if pair <= known:
                yield Trade(pair, weight=state.policy.trades)


def _importance(state: State, name: str) -> tuple[bool, int, int]:
    """What sorts the more important criterion first; the order of the spec breaks ties."""
    return *importance(state.criterion(name)), list(state.spec.names()).index(name)


def _last_freeze(state: State, pair: frozenset[str]) -> int:
    return max(
        (lineage.since for lineage in state.lineages if frozenset({lineage.keep, lineage.free}) == pair), default=0
    )


def core_patience(state: State) -> int:
    """How many passes in a row, in this lineage, brought the core no nearer (rule 14); 0 while the core is met."""
    base = state.base
    if base is None or state.distance(base).core == 0:
        return 0
    root = state.lineage.root
    best = state.distance(state.draft(root)).core if root is not None else None
    waited = 0
    for entry in state.passes[state.lineage.since :]:
        if isinstance(entry.action, Write) and entry.draft is None:
            continue
        draft = state.draft(entry.draft) if entry.draft is not None else None
        core = state.distance(draft).core if draft is not None and state.complete(draft) else None
        if core is not None and (best is None or core < best):
            best, waited = core, 0
        else:
            waited += 1
    return waited


def trusted(state: State, role: Role) -> bool:
    """Whether a critic may accept: it was not probed, or it tells planted failures from planted passes (4).

    It must notice enough failures, and its verdicts must depend on the text: one that fails sound text as readily as
    faulty text notices every planted failure, and its passes say nothing. What counts is Youden's index, the share
    of failures noticed plus the share of passes passed, less one (Youden 1950, "Index for rating diagnostic tests").
    """
    sensitivity, specificity = state.sensitivity(role), state.specificity(role)
    if sensitivity is None:
        return True
    informed = specificity is None or sensitivity + specificity - 1 >= state.policy.informed
    return informed and sensitivity >= state.policy.trust_threshold
