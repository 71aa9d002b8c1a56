"""What a call can cost at the worst, before it is made (rule 16).

Counts are cautious: they are made from text lengths, because no tokenizer is at hand in the core. Roles keep their
prompts inside the allowances named here, and a test holds them to it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from setpoint.core.action import Call, Judge, Mediate, Probe, Reask, Revise, Role, Write
from setpoint.core.record import DraftState
from setpoint.core.state import State

__all__ = [
    "AUTHOR_ALLOWANCE",
    "CRITIC_ALLOWANCE",
    "MEDIATION_TOKENS",
    "PROBE_TOKENS",
    "READING_BASE",
    "READING_EACH",
    "Reservation",
    "affordable",
    "count",
    "reading_tokens",
    "reservation",
    "shortage",
    "spec_tokens",
]

AUTHOR_ALLOWANCE = 1200
"""Tokens for the fixed text of an author prompt."""
CRITIC_ALLOWANCE = 1200
"""Tokens for the fixed text of a critic prompt."""
READING_BASE = 200
"""Reply tokens of a reading, whatever it is about."""
READING_EACH = 220
"""Reply tokens of a reading for each criterion."""
PROBE_TOKENS = 4000
"""The worst case of one probe item."""

MEDIATION_TOKENS = 400
"""Reply tokens of a search for the competing instruction."""

_CHARS_PER_TOKEN = 3
_LINE_NUMBER = 4


class Reservation(NamedTuple):
    """The worst case of one call."""

    tokens: int
    money: float


def count(text: str) -> int:
    """A cautious number of tokens: a third of the ASCII characters, and every other character as two."""
    plain = len(text) if text.isascii() else len(text.encode("ascii", "ignore"))
    return -(-plain // _CHARS_PER_TOKEN) + 2 * (len(text) - plain)


def spec_tokens(state: State) -> int:
    """What the spec takes in a prompt, at the most."""
    spec = state.spec
    criteria = (*spec.criteria, *state.opened.outline)
    texts = [spec.brief, *(s.name + s.text for s in spec.sources), *(c.name + c.says for c in criteria)]
    return sum(count(text) + 16 for text in texts)


def _draft(state: State, number: int) -> int:
    """A draft as a prompt shows it: numbered lines."""
    text = state.draft(number).draft.text
    return count(text) + _LINE_NUMBER * (text.count("\n") + 1)


def reading_tokens(state: State, draft: DraftState) -> int:
    """What one reading of a draft by a critic is expected to use."""
    return spec_tokens(state) + count(draft.draft.text) + READING_BASE + READING_EACH // 2 * len(state.judged(draft))


def _standing(state: State) -> int:
    """What lessons, precedence and self-checks take in a prompt."""
    lines = [*state.lineage.lessons, state.lineage.approach, *state.skeleton]
    lines += [preference.winner + preference.loser for preference in state.preferences]
    return sum(count(line) + 16 for line in lines) + state.standing * 300


def _priced(state: State, role: Role, prompt: int, reply: int) -> Reservation:
    model = state.model(role) or state.model("critic") or state.model("author")
    price_in = (model.input_price if model else None) or 0.0
    price_out = (model.output_price if model else None) or 0.0
    return Reservation(prompt + reply, (prompt * price_in + reply * price_out) / 1e6)


def reservation(state: State, action: Call) -> Reservation:
    """The worst case of one call."""
    reply = state.opened.reply_tokens
    match action:
        case Write():
            given = count(state.opened.given or "")
            return _priced(state, "author", spec_tokens(state) + given + _standing(state) + AUTHOR_ALLOWANCE, reply)
        case Revise():
            # The draft may stand in the prompt with what is locked, and each fault quotes lines of it.
            draft = _draft(state, action.base)
            faults = 300 * max(1, len(state.spec.criteria)) + _standing(state)
            return _priced(state, "author", spec_tokens(state) + 2 * draft + faults + AUTHOR_ALLOWANCE, reply)
        case Reask():
            draft = _draft(state, action.revise.base)
            edits = sum(count(edit.search + edit.replace) for edit in action.edits) + 120 * len(action.misses)
            edits += _standing(state)
            return _priced(state, "author", spec_tokens(state) + 2 * draft + edits + AUTHOR_ALLOWANCE, reply)
        case Judge():
            return _reading(state, action.role, _draft(state, action.draft), len(action.criteria))
        case Probe():
            return _priced(state, action.role, PROBE_TOKENS // 2, PROBE_TOKENS // 2)
        case Mediate():
            prompt = spec_tokens(state) + _standing(state) + 2 * AUTHOR_ALLOWANCE
            return _priced(state, "mediator", prompt, MEDIATION_TOKENS)


def _reading(state: State, role: Role, draft: int, criteria: int) -> Reservation:
    prompt = spec_tokens(state) + draft + CRITIC_ALLOWANCE
    return _priced(state, role, prompt, READING_BASE + READING_EACH * criteria)


def _follow_up(state: State, action: Write | Revise | Reask) -> Reservation:
    """What a new draft needs so that it is of use: one reading and one confirmation."""
    judged = len([c for c in (*state.spec.criteria, *state.opened.outline) if c.check is None])
    if not judged:
        return Reservation(0, 0.0)
    readings = 3 if isinstance(action, Reask) or (isinstance(action, Revise) and action.move == "edit") else 2
    draft = state.opened.reply_tokens + _LINE_NUMBER * 200
    reading = _reading(state, "critic", draft, judged)
    if state.model("confirmer"):
        confirmation = _reading(state, "confirmer", draft, judged)
        first = readings - 1
        return Reservation(first * reading.tokens + confirmation.tokens, first * reading.money + confirmation.money)
    # The same critic confirms one criterion per call where that fits, and in one call where it does not. What is carried
    # over an edit is read once more before it is confirmed.
    return Reservation(readings * reading.tokens, readings * reading.money)


def affordable(state: State, actions: Sequence[Call]) -> bool:
    """Whether all of these calls fit into the budget, one after another."""
    worst = [reservation(state, action) for action in actions]
    budget, spent = state.budget, state.spent
    if budget.tokens is not None and spent.tokens + sum(one.tokens for one in worst) > budget.tokens:
        return False
    money = spent.money + spent.uncertain_money + sum(one.money for one in worst)
    return budget.money is None or money <= budget.money


def shortage(state: State, action: Call) -> str:
    """Which cap the call could break, in words; empty if it fits.

    An author call must leave room for its reading and one confirmation; a critic's probe before the first draft, for
    that draft: to find out about a critic that will have nothing to read is a waste.
    """
    own, after = reservation(state, action), Reservation(0, 0.0)
    if isinstance(action, Write | Revise | Reask):
        after = _follow_up(state, action)
    elif isinstance(action, Probe) and not state.drafts:
        first, reading = reservation(state, Write()), _follow_up(state, Write())
        after = Reservation(first.tokens + reading.tokens, first.money + reading.money)
    budget, spent = state.budget, state.spent
    tokens = own.tokens + after.tokens
    if budget.tokens is not None and spent.tokens + tokens > budget.tokens:
        left = max(0, budget.tokens - spent.tokens)
        return f"the next step may need {tokens:,} tokens and {left:,} of {budget.tokens:,} are left"
    money = own.money + after.money
    used = spent.money + spent.uncertain_money
    if budget.money is not None and used + money > budget.money:
        return f"the next step may cost ${money:.4f} and ${max(0.0, budget.money - used):.4f} of ${budget.money:.2f} is left"
    if budget.seconds is not None and state.elapsed >= budget.seconds:
        return f"{state.elapsed:.0f} s of {budget.seconds:.0f} s are used"
    return ""
