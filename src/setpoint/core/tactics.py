"""Which move to make: the expected gain per 1,000 tokens (rule 11).

A move fixes each criterion it is aimed at with some chance, and loses each that held with another; both are Beta
posteriors, from a prior by author and text length, earlier runs of the author, and this run. Because a draft that is
no better is rolled back, a move is worth the expectation of what it wins where it wins: E[max(0, fixes - losses)].
Its cost is what author and reading are expected to use.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

from setpoint.core.action import Revise, Tactic
from setpoint.core.cost import count, reading_tokens, spec_tokens
from setpoint.core.detect import change, failed_tries, focus
from setpoint.core.draft import Move
from setpoint.core.event import MoveRecord
from setpoint.core.excerpt import sight
from setpoint.core.fault import Fault, rank
from setpoint.core.rates import Skill, skill_of
from setpoint.core.record import DraftState
from setpoint.core.spec import Criterion
from setpoint.core.state import State

__all__ = ["PRIORS", "Chance", "MoveOdds", "aims", "gain", "move_records", "odds", "order"]


class Chance(NamedTuple):
    """A chance as so many hits in so many tries; what is not known enters as a fraction of a try."""

    hits: float
    tries: float

    @property
    def mean(self) -> float:
        """The expected chance."""
        return self.hits / self.tries

    def plus(self, hits: float, tries: float) -> "Chance":
        """With more evidence."""
        return Chance(self.hits + hits, self.tries + tries)


class MoveOdds(NamedTuple):
    """What is expected of a move."""

    fix: Chance
    """Per criterion it is aimed at."""
    lose: Chance
    """Per criterion that holds."""
    fail: Chance
    """That it brings no draft."""


def _odds(fix: float, lose: float, fail: float) -> MoveOdds:
    # Four, ten and three imagined tries: a handful of real ones outweighs them.
    return MoveOdds(Chance(4 * fix, 4), Chance(10 * lose, 10), Chance(3 * fail, 3))


PRIORS: Final[Mapping[Skill, Mapping[Move, MoveOdds]]] = MappingProxyType(
    {
        # Rewrites: fix and loss per item of 100 measured loops each (GPT-4, GPT-3.5, Gemini of 2023). The weak author's
        # redraft and rewrite: a 1.5B model on 541 short tasks with verifiers, where a fresh draft with a checklist
        # gained more than a rewrite. Edits touch little, so they lose little; weak authors miss the passage often.
        # What was not measured (redrafts of better authors) lies between their first drafts and their rewrites.
        "strong": MappingProxyType(
            {"rewrite": _odds(0.90, 0.015, 0.02), "redraft": _odds(0.70, 0.05, 0.02), "edit": _odds(0.88, 0.008, 0.08)}
        ),
        "middling": MappingProxyType(
            {"rewrite": _odds(0.75, 0.065, 0.03), "redraft": _odds(0.50, 0.10, 0.03), "edit": _odds(0.70, 0.02, 0.15)}
        ),
        "weak": MappingProxyType(
            {"rewrite": _odds(0.22, 0.12, 0.10), "redraft": _odds(0.28, 0.15, 0.08), "edit": _odds(0.25, 0.03, 0.45)}
        ),
    }
)

_EXCERPTS: Final[Mapping[Skill, MoveOdds]] = MappingProxyType({"weak": _odds(0.55, 0.02, 0.16)})
"""Edits of long texts from an excerpt, where they were measured: a 1.5B model with checks, 31 moves at 66 planted faults."""
_LONG_FIX: Final[Mapping[Move, float]] = MappingProxyType({"rewrite": 0.7, "redraft": 0.4})
_LONG_LOSS: Final[Mapping[Move, float]] = MappingProxyType({"rewrite": 1.5, "redraft": 2.0})
"""On long texts whole-text moves fix less and lose more: there is more to get right again, and more to lose."""
_HISTORY_CAP: Final = 40.0
"""Earlier runs count for so many tries at the most, so that this run can still overrule them."""
_EDIT_TOKENS: Final = 120
"""Reply tokens of one edit: the passage twice, and its JSON."""
_REPLY_OVERHEAD: Final = 40
_SAME_MOVE: Final = 2
"""Further failures that one failure of the same move is worth."""


def odds(state: State, move: Move, *, long: bool) -> MoveOdds:
    """What a move is expected to do for this author, as far as this run and earlier ones have shown."""
    author = state.model("author")
    skill = skill_of(author.model if author else "")
    fix, lose, fail = PRIORS[skill][move]
    if long and move == "edit":
        fix, lose, fail = _EXCERPTS.get(skill, PRIORS[skill][move])
    elif long:
        fix = Chance(fix.hits * _LONG_FIX[move], fix.tries)
        lose = Chance(min(lose.tries, lose.hits * _LONG_LOSS[move]), lose.tries)
    for past in state.opened.history:
        if past.move == move and past.long == long:
            fix = _with_history(fix, past.fixed, past.tried)
            lose = _with_history(lose, past.lost, past.held)
            fail = _with_history(fail, past.failed, past.moves)
    for entry in state.passes:
        if not isinstance(entry.action, Revise) or entry.action.move != move or state.about_outline(entry):
            continue
        fail = fail.plus(entry.failure is not None, 1)
        if (done := change(state, entry)) is not None:
            aimed = [name for name in done.targets if state.draft(entry.draft or 0).verdict(name) is not None]
            fix = fix.plus(sum(name in done.gained for name in aimed), len(aimed))
            lose = lose.plus(len(done.lost), len(done.lost) + done.kept)
    return MoveOdds(fix, lose, fail)


def move_records(runs: Iterable[State]) -> tuple[MoveRecord, ...]:
    """What the moves of some runs did, added up by move and length of text; for `Opened.history`."""
    found: dict[tuple[Move, bool], MoveRecord] = {}
    for state in runs:
        for entry in state.passes:
            action = entry.action
            if not isinstance(action, Revise) or state.about_outline(entry):
                continue
            long = len(state.draft(action.base).draft.text.split()) >= state.policy.long_words
            known = found.get((action.move, long), MoveRecord(move=action.move, long=long))
            known = replace(known, moves=known.moves + 1, failed=known.failed + (entry.failure is not None))
            if (done := change(state, entry)) is not None:
                aimed = len(done.targets) - len(done.unread)
                known = replace(
                    known,
                    tried=known.tried + aimed,
                    fixed=known.fixed + sum(name in done.gained for name in done.targets),
                    held=known.held + len(done.lost) + done.kept,
                    lost=known.lost + len(done.lost),
                )
            found[action.move, long] = known
    return tuple(found.values())


def _with_history(chance: Chance, hits: float, tries: float) -> Chance:
    scale = min(1.0, _HISTORY_CAP / tries) if tries else 0.0
    return chance.plus(hits * scale, tries * scale)


def weight(criterion: Criterion, shortfall: float) -> float:
    """What a criterion is worth (rule 11)."""
    return 10.0 * criterion.core + criterion.impact + shortfall


def gain(state: State, base: DraftState, move: Move, aimed: Sequence[Fault]) -> float:
    """The expected gain of a move per 1,000 tokens."""
    long = len(base.draft.text.split()) >= state.policy.long_words
    fix, lose, fail = odds(state, move, long=long)
    mean = variance = 0.0
    for fault in aimed:
        # A criterion that withstood n tries is fixed with the mean of a Beta posterior after n failures. What withstood
        # this very move says more: some faults are beyond a kind of move, as the order of sections is beyond an edit.
        name = fault.criterion.name
        tried = failed_tries(state, name) + _SAME_MOVE * failed_tries(state, name, move)
        p = fix.hits / (fix.tries + tried)
        worth = weight(fault.criterion, fault.shortfall)
        mean += p * worth
        variance += p * (1 - p) * worth * worth
    still_open = set(state.open_criteria(base))
    for criterion in state.criteria(base):
        if criterion.name not in still_open:
            worth, q = weight(criterion, 0.5), lose.mean
            mean -= q * worth
            variance += q * (1 - q) * worth * worth
    won = _positive_part(mean, math.sqrt(variance))
    return (1 - fail.mean) * won / (tokens(state, base, move, aimed) / 1000)


def _positive_part(mean: float, deviation: float) -> float:
    """E[max(0, X)] of a normal X, which a sum of many small chances comes near to."""
    if deviation <= 0:
        return max(0.0, mean)
    z = mean / deviation
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return mean * (1 + math.erf(z / math.sqrt(2))) / 2 + deviation * density


def tokens(state: State, base: DraftState, move: Move, faults: Sequence[Fault]) -> float:
    """What a move and its reading are expected to use; the worst case is another matter (`core.cost`)."""
    text, spec = count(base.draft.text), spec_tokens(state)
    seen = 0 if move == "redraft" else text
    if move == "edit":
        shown = sight(base.draft.text, faults, kind=state.spec.kind, long_words=state.policy.long_words)
        seen = count(shown.text)
    prompt = spec + seen
    reply = _REPLY_OVERHEAD + (_EDIT_TOKENS * len(faults) if move == "edit" else text)
    return prompt + reply + (reading_tokens(state, base) if state.judged(base) else 0)


def aims(state: State, tactic: Tactic, targets: Sequence[Fault]) -> tuple[Fault, ...]:
    """The faults that a tactic takes on (rule 7)."""
    wanted = {"all": len(targets), "few": focus(state), "one": 1}[tactic.focus]
    return rank(targets, wanted)


def order(state: State, base: DraftState, targets: Sequence[Fault]) -> tuple[Tactic, ...]:
    """The tactics for this draft, the most promising first."""
    ladder = state.policy.ladder(len(base.draft.text.split()))
    if state.freeze is not None:
        # A fresh draft would put the frozen criterion to the dice again.
        ladder = tuple(tactic for tactic in ladder if tactic.move != "redraft")
    if state.policy.on("gain"):
        ladder = _by_gain(state, base, ladder, targets)
    else:
        made = next((p.action for p in state.passes if p.draft == base.number), None)
        if isinstance(made, Revise):  # what made this draft has just worked
            ladder = tuple(sorted(ladder, key=lambda t: (t.move, t.setting) != (made.move, made.setting)))
    if state.opened.given is not None:
        # The text is somebody's: it is put aside only when nothing else helped.
        ladder = tuple(sorted(ladder, key=lambda tactic: tactic.move == "redraft"))
    return ladder


def _by_gain(state: State, base: DraftState, ladder: Sequence[Tactic], targets: Sequence[Fault]) -> tuple[Tactic, ...]:
    aimed = {tactic.focus: aims(state, tactic, targets) for tactic in ladder}
    # All aims are cut from one ranking, so those of one length are the same; and a setting changes no odds.
    kinds: dict[Tactic, tuple[Move, int]] = {tactic: (tactic.move, len(aimed[tactic.focus])) for tactic in ladder}
    gains: dict[tuple[Move, int], float] = {}
    for tactic, kind in kinds.items():
        if kind not in gains:
            gains[kind] = gain(state, base, tactic.move, aimed[tactic.focus])
    return tuple(sorted(ladder, key=lambda tactic: -gains[kinds[tactic]]))
