"""Budgets that cannot work, by the same reservations that a run makes before each call (rule 16)."""

from collections.abc import Iterator
from typing import Final

from setpoint.core.action import Write
from setpoint.core.cost import shortage
from setpoint.core.event import Opened, Recorded, RoleModel
from setpoint.core.expected import expected_cost, likely_words
from setpoint.core.fold import begin
from setpoint.core.policy import Policy
from setpoint.rubric.lint.flaw import Flaw, Target

__all__ = ["budget", "no_first_draft"]

_TOKENS_PER_WORD: Final = 1.35
_CHARS_PER_TOKEN: Final = 4
_SECONDS: Final = 5.0
"""A local model writes a hundred words in about this time; so does a remote one, thinking apart."""
_MONEY: Final = 0.0005
_MANY: Final = 20


def budget(target: Target) -> Iterator[Flaw]:
    """A budget that cannot work: no first draft fits, or nothing after it; replies are cut off; one pass, few seconds."""
    yield from _tokens(target)
    yield from _reply(target)
    yield from _others(target)


def _flaw(level: str, says: str, instead: str, quote: str) -> Flaw:
    return Flaw(kind="budget", level=level, says=says, instead=instead, quotes=(quote,), toml=f"[budget]\n{instead}")  # type: ignore[arg-type]


def _tokens(target: Target) -> Iterator[Flaw]:
    limit = target.budget.tokens
    if limit is None:
        return
    if short := no_first_draft(target):
        yield _flaw(
            "error",
            f"no draft would be written: {short}",
            f"tokens = {_rounded(max(_needed(short) * 4, _likely(target, 4)))}",
            f"tokens = {limit}",
        )
    elif target.budget.passes > 1 and (need := _likely(target, 2)) > limit:
        yield _flaw(
            "warning",
            f"one draft uses it up: two passes take about {need:,} tokens, and {limit:,} are allowed",
            f"tokens = {_rounded(_likely(target, 4))}",
            f"tokens = {limit}",
        )


def no_first_draft(target: Target) -> str:
    """Why not even a first draft would be asked for: what it may need at the worst does not fit. Empty if it does."""
    return shortage(begin(Recorded(run="lint", seq=0, at=0.0, digest="", event=_opened(target))), Write())


def _opened(target: Target) -> Opened:
    return Opened(
        spec=target.spec,
        budget=target.budget,
        policy=Policy(),
        models=(RoleModel(role="author", model="any"),),
        title="lint",
        reply_tokens=target.reply_tokens,
        outline=target.spec.outline,
    )


def _needed(short: str) -> int:
    digits = short.split("may need ")[1].split(" tokens", maxsplit=1)[0] if "may need " in short else "0"
    return int(digits.replace(",", ""))


def _likely(target: Target, passes: int) -> int:
    """About how many tokens a run of so many passes uses."""
    model = RoleModel(role="author", model="any")
    return round(expected_cost(target.spec, (model,), words=likely_words(target.spec)).of(passes).tokens)


def _rounded(tokens: int) -> str:
    return f"{max(1, -(-tokens // 1000)) * 1000:_}"


def _reply(target: Target) -> Iterator[Flaw]:
    """Whether one reply can hold the text that the limits ask for."""
    if not target.reply_given:
        return
    for criterion in target.spec.checked:
        call = criterion.check
        if call is None or call.name not in {"words", "characters"}:
            continue
        for bound, level in (("min", "error"), ("max", "warning")):
            value = call.params.get(bound)
            if not isinstance(value, int):
                continue
            tokens = value * _TOKENS_PER_WORD if call.name == "words" else value / _CHARS_PER_TOKEN
            if tokens > target.reply_tokens:
                what = "is always cut off before" if bound == "min" else "may be cut off before it reaches"
                yield Flaw(
                    kind="budget",
                    level=level,  # type: ignore[arg-type]
                    says=f"a reply of {target.reply_tokens:,} tokens {what} the {value:,} {call.name} of {criterion.name}",
                    instead=f"reply_tokens = {_rounded(round(tokens * 1.5))}, or leave it out",
                    criteria=(criterion.name,),
                    quotes=(f"reply_tokens = {target.reply_tokens}",),
                )
                break


def _others(target: Target) -> Iterator[Flaw]:
    means = target.budget
    if means.passes == 1:
        yield _flaw(
            "warning", "one pass is the first draft: nothing that fails is ever corrected", "passes = 6", "passes = 1"
        )
    elif means.passes > _MANY:
        says = (
            f"{means.passes} passes: what is still open after ten is a fault of the spec, not of the number of passes"
        )
        yield _flaw("hint", says, "passes = 8", f"passes = {means.passes}")
    if means.seconds is not None and means.seconds < _SECONDS:
        says = f"{means.seconds:g} seconds hardly hold one call of a model"
        yield _flaw("warning", says, "seconds = 300", f"seconds = {means.seconds:g}")
    if means.money is not None and means.money < _MONEY:
        says = f"{means.money:g} US dollars hardly pay one call of a model"
        yield _flaw("warning", says, "money = 0.50", f"money = {means.money:g}")
