"""Forms of the critic's prompt: Setpoint's own, and variants of it that were tried beside it.

A variant is made from the prompt that Setpoint really sends, by replacing sentences of it and by another order of the
fields of a reading. A sentence that is no longer there is an error: a variant never quietly becomes the original.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from setpoint.ports import Model, Prompt, Reply

__all__ = ["WORDINGS", "Reworded", "Wording", "reworded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One form of the prompt.

    Args:
        name: how the tables call it.
        why: what it is to find out.
        system: sentences of the system prompt, and what stands there instead.
        user: the same for the question.
        fields: the order of the fields of a reading; empty for Setpoint's own.
    """

    name: str
    why: str
    system: tuple[tuple[str, str], ...] = ()
    user: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()


_SUSPICIOUS: Final = "- Take each criterion by itself and look for what would make it fail before you let it pass."
_EVEN: Final = (
    "- Take each criterion by itself. It is as likely to be met as not: look at what the draft has, then decide."
)
_PLAINLY: Final = '"pass" only if the draft plainly meets the criterion; "fail" if it does not;'
_MEETS: Final = '"pass" if the draft meets the criterion; "fail" if it does not;'
_EVERY_FAILURE: Final = "This is the first reading: name every failure now, so that none comes to light later."
_EVERY_CRITERION: Final = (
    "This is the first reading: look at every criterion now, so that nothing comes to light later."
)
_FAIR: Final = ((_SUSPICIOUS, _EVEN), (_PLAINLY, _MEETS))
_FAIR_USER: Final = ((_EVERY_FAILURE, _EVERY_CRITERION),)
_EXAMPLE: Final[Mapping[str, str]] = {
    "lines": '"lines": []',
    "finding": '"finding": "…"',
    "verdict": '"verdict": "pass, fail or cannot_assess"',
    "do": '"do": "…"',
}

WORDINGS: Final = (
    Wording(name="setpoint", why="the prompt as it is"),
    Wording(
        name="verdict-first",
        why="is it the reason before the verdict?",
        fields=("verdict", "lines", "finding", "do"),
    ),
    Wording(
        name="finding-first", why="are it the lines before the finding?", fields=("finding", "verdict", "lines", "do")
    ),
    Wording(name="fair", why="is it the strictness?", system=_FAIR, user=_FAIR_USER),
    Wording(
        name="fair-verdict-first",
        why="is it both?",
        system=_FAIR,
        user=_FAIR_USER,
        fields=("verdict", "lines", "finding", "do"),
    ),
    Wording(
        name="fair-finding-first",
        why="is it the strictness and the lines?",
        system=_FAIR,
        user=_FAIR_USER,
        fields=("finding", "verdict", "lines", "do"),
    ),
)


def reworded(prompt: Prompt, wording: Wording) -> Prompt:
    """The prompt in another form.

    Raises:
        ValueError: if a sentence to replace is not in it.
    """
    user = prompt.user
    if wording.fields:
        user = _replaced(user, ", ".join(_EXAMPLE.values()), ", ".join(_EXAMPLE[name] for name in wording.fields))
    for old, new in wording.user:
        user = user.replace(old, new)  # not every question has every sentence
    system = prompt.system
    for old, new in wording.system:
        system = _replaced(system, old, new)
    schema = _reordered(prompt.schema, wording.fields) if prompt.schema and wording.fields else prompt.schema
    return replace(prompt, system=system, user=user, schema=schema)


def _replaced(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"the critic's prompt no longer says {old!r}: mend the wordings in bench/judging/wordings.py")
    return text.replace(old, new)


def _reordered(schema: Mapping[str, object], fields: Sequence[str]) -> dict[str, object]:
    """The schema with the fields of each reading in another order: a model that is held to it answers in that order."""
    top = cast("Mapping[str, Mapping[str, object]]", schema["properties"])
    readings = cast("Mapping[str, Mapping[str, object]]", top["readings"]["properties"])

    def ordered(reading: Mapping[str, object]) -> dict[str, object]:
        shapes = cast("Mapping[str, object]", reading["properties"])
        return {**reading, "properties": {name: shapes[name] for name in fields}, "required": list(fields)}

    named = {name: ordered(reading) for name, reading in readings.items()}
    return {**schema, "properties": {**top, "readings": {**top["readings"], "properties": named}}}


@dataclass(frozen=True, slots=True)
class Reworded:
    """A `Model` that is asked in another form."""

    model: Model
    wording: Wording

    @property
    def name(self) -> str:
        """As the user wrote it."""
        return self.model.name

    async def ask(self, prompt: Prompt) -> Reply:
        """Send one request in that form."""
        return await self.model.ask(reworded(prompt, self.wording))
