"""What a run is expected to cost, from the lengths of its spec and its text (rule 17).

Expectations, in whole calls: `core.cost` has the worst cases, which the caps are held with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from setpoint.core.action import Role
from setpoint.core.event import RoleModel
from setpoint.core.spec import Spec

__all__ = ["NOTHING", "PROBE_ITEM", "Amount", "Cost", "expected_cost", "likely_words"]


class Amount(NamedTuple):
    """Tokens, and US dollars where the price is known."""

    tokens: float
    money: float | None = 0.0

    def plus(self, other: "Amount", times: float = 1.0) -> "Amount":
        """With another amount, so many times."""
        known = None if self.money is None or other.money is None else self.money + times * other.money
        return Amount(self.tokens + times * other.tokens, known)


NOTHING: Final = Amount(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the parts of a run are expected to cost.

    Args:
        start: once, before the first draft: the probe of a critic that is new.
        first: the first draft with its reading.
        again: each further pass with its reading.
        confirm: once, at the end: the confirmation of what a critic judged.
    """

    first: Amount
    again: Amount
    start: Amount = NOTHING
    confirm: Amount = NOTHING

    def of(self, passes: int) -> Amount:
        """A run of that many passes that ends accepted."""
        return self.start.plus(self.first).plus(self.again, passes - 1).plus(self.confirm)

    def scaled(self, factor: float) -> "Cost":
        """With everything but the start so many times as dear."""
        first, again, confirm = (NOTHING.plus(part, factor) for part in (self.first, self.again, self.confirm))
        return replace(self, first=first, again=again, confirm=confirm)


def likely_words(spec: Spec) -> int:
    """How long the text will be, from the spec's own limits; 300 words where it has none."""
    calls = [criterion.check for criterion in spec.checked if criterion.check is not None]
    guesses: list[float] = []
    for name, letters in (("words", 1), ("characters", 6)):
        for call in calls:
            most, least = call.params.get("max"), call.params.get("min")
            if call.name == name and isinstance(most, int):
                guesses.append(0.8 * most / letters)
            elif call.name == name and isinstance(least, int):
                guesses.append(1.2 * least / letters)
    return max(1, round(min(guesses, default=300)))


_CHARS_PER_TOKEN, _TOKENS_PER_WORD = 4, 1.35
_AUTHOR_TEXT, _CRITIC_TEXT = 400, 700
"""Tokens of the fixed text in the prompts."""
_FAULT, _VERDICT, _CONFIRMED = 60, 70, 100
"""Tokens of a fault as the author reads it, of a verdict, and of a reply about one criterion alone."""
PROBE_ITEM: Final = 900
"""Tokens of one planted text with its verdicts."""
_EDIT_SHARE = 0.3
"""An edit's reply, as a share of the text it changes."""


def expected_cost(
    spec: Spec, models: Sequence[RoleModel], *, words: int, edits: bool = False, probe_items: int = 0
) -> Cost:
    """What the parts of a run cost, from the lengths of spec and text. An expectation; the caps reserve worst cases.

    Args:
        spec: the target.
        models: who plays which role, with prices.
        words: how long the text will be.
        edits: whether further passes edit the text instead of writing it anew.
        probe_items: planted texts that a critic without a known sensitivity is tried on first.
    """
    by_role: dict[Role, RoleModel] = {model.role: model for model in models}
    sources = sum(len(source.text) for source in spec.sources)
    demands = sum(len(criterion.name) + len(criterion.says) for criterion in spec.criteria)
    target = (len(spec.brief) + sources + demands) / _CHARS_PER_TOKEN
    text, judged = words * _TOKENS_PER_WORD, len(spec.judged)

    def call(role: Role, prompt: float, reply: float) -> Amount:
        model = by_role.get(role) or by_role.get("critic") or by_role.get("author")
        if model is None:
            return Amount(prompt + reply, None)
        if model.input_price is None or model.output_price is None:
            return Amount(prompt + reply, None)
        return Amount(prompt + reply, (prompt * model.input_price + reply * model.output_price) / 1e6)

    read = call("critic", target + text + _CRITIC_TEXT, _VERDICT * judged) if judged else NOTHING
    confirm = NOTHING
    if judged and "confirmer" in by_role:
        confirm = call("confirmer", target + text + _CRITIC_TEXT, _VERDICT * judged)
    elif judged:
        confirm = NOTHING.plus(call("critic", target + text + _CRITIC_TEXT, _CONFIRMED), judged)
    start = NOTHING
    for role in ("critic", "confirmer"):
        if judged and role in by_role and by_role[role].sensitivity is None:
            start = start.plus(call(role, PROBE_ITEM, _VERDICT), probe_items)
    faults = _FAULT * min(3, len(spec.criteria))
    reply = text * _EDIT_SHARE if edits else text
    return Cost(
        start=start,
        first=call("author", target + _AUTHOR_TEXT, text).plus(read),
        again=call("author", target + _AUTHOR_TEXT + (text if edits else 0) + faults, reply).plus(read),
        confirm=confirm,
    )
