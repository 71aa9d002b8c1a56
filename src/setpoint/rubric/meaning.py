"""What code cannot see in a spec, read by a model: conflicts in meaning, and demands that are missing.

Everything that the model says is verified before it counts: it cites criteria by number and copies the words it means,
and code looks for them there. What does not hold is dropped and counted; a reply that cannot be read says nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from setpoint.core.draft import folded
from setpoint.core.spec import Criterion, Spec
from setpoint.errors import ModelError
from setpoint.ports import Model, Prompt
from setpoint.roles.prompting import mark
from setpoint.roles.reply import Unreadable, as_list, as_mapping, json_object
from setpoint.rubric.lint.claims import BRIEF
from setpoint.rubric.lint.clauses import content
from setpoint.rubric.lint.flaw import Flaw, Target
from setpoint.rubric.lint.vague import vague
from setpoint.rubric.prompting import object_schema, render
from setpoint.rubric.toml import inline

__all__ = ["MEANING_KINDS", "Meaning", "meaning", "slug"]

MEANING_KINDS: Final[Mapping[str, str]] = {
    "meaning-conflict": "A model finds that two demands conflict in meaning; the words it cites stand in both.",
    "missing-criterion": "A model finds that the brief asks for something no criterion covers; the words stand in the brief.",
}

_TOKENS: Final = 1200
_MOST: Final = 8
_FEWEST_WORDS: Final = 2
_COVERED: Final = 0.6
"""A proposal that shares this part of its words with a criterion is covered by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a model's reading gave.

    Args:
        flaws: findings whose citations were verified.
        dropped: how many findings were not, and were left out.
        tokens: what the call used.
    """

    flaws: tuple[Flaw, ...]
    dropped: int
    tokens: int


async def meaning(target: Target, model: Model, *, nonce: str, seed: int = 0) -> Meaning:
    """Have a model read a spec, with one call.

    Args:
        target: the spec.
        model: who reads.
        nonce: makes the delimiters unpredictable.
        seed: passed on to the model.

    Raises:
        ModelError: if no reply came back, or one that cannot be read; nothing of it is used.
    """
    reply = await model.ask(_prompt(target, nonce, seed))
    try:
        said = json_object(reply)
    except Unreadable as trouble:
        raise ModelError(
            f"{model.name}: its reading cannot be used: {trouble.detail}. What code found stands; "
            "try again, or name another model",
            kind="broken_reply",
        ) from trouble
    conflicts, missing = as_list(said.get("conflicts")), as_list(said.get("missing"))
    found = [_conflict(as_mapping(entry), target) for entry in conflicts]
    found += [_missing(as_mapping(entry), target) for entry in missing]
    flaws = {(flaw.kind, flaw.criteria, flaw.quotes): flaw for flaw in found if flaw is not None}
    kept = tuple(flaws.values())
    return Meaning(flaws=kept, dropped=len(found) - len(kept), tokens=reply.usage.tokens)


def _prompt(target: Target, nonce: str, seed: int) -> Prompt:
    number = {"type": "integer", "minimum": 1, "maximum": max(1, len(target.criteria))}
    text = {"type": "string", "maxLength": 300}
    conflict = {"first": number, "second": number, "first_words": text, "second_words": text, "why": text}
    user = render(
        "meaning.md",
        brief=target.spec.brief.strip(),
        sources=target.spec.sources,
        criteria=target.criteria,
        mark=mark(nonce, "meaning"),
    )
    return Prompt(
        system="You review specifications. You cite word for word, and you find nothing where there is nothing.",
        user=user,
        max_tokens=_TOKENS,
        schema=object_schema({"conflicts": _list(conflict), "missing": _list({"words": text, "demand": text})}),
        seed=seed,
    )


def _list(properties: Mapping[str, object]) -> dict[str, object]:
    return {"type": "array", "maxItems": _MOST, "items": object_schema(properties)}


def _conflict(entry: Mapping[str, object], target: Target) -> Flaw | None:
    """A conflict whose words stand where the model says."""
    one, other = (_criterion(entry.get(key), target) for key in ("first", "second"))
    if one is None or other is None or one.name == other.name:
        return None
    words = [
        _cited(entry.get(key), criterion.says) for key, criterion in (("first_words", one), ("second_words", other))
    ]
    why = _text(entry.get("why"))
    if not all(words) or len(why.split()) <= _FEWEST_WORDS:
        return None
    return Flaw(
        kind="meaning-conflict",
        level="warning",
        says=f"a model finds that they conflict: {why}",
        instead=f"if it is so, say in the brief which of {one.name} and {other.name} gives way, or change one",
        criteria=(one.name, other.name),
        quotes=tuple(words),
    )


def _missing(entry: Mapping[str, object], target: Target) -> Flaw | None:
    """A demand of the brief that no criterion covers, in a wording that can be judged."""
    cited, demand = _cited(entry.get("words"), target.spec.brief), _text(entry.get("demand"))
    topic = content(demand.lower())
    if not cited or len(topic) < _FEWEST_WORDS:
        return None
    if any(len(topic & content(c.says.lower())) >= _COVERED * len(topic) for c in target.criteria):
        return None
    proposed = Criterion(name="proposed", says=demand)
    alone = Target(spec=Spec(brief=target.spec.brief, criteria=(proposed,)), budget=target.budget, reply_tokens=1)
    if any(flaw.level == "warning" for flaw in vague(alone)):
        return None
    return Flaw(
        kind="missing-criterion",
        level="hint",
        says="a model finds that no criterion covers what the brief asks for",
        instead="if the text needs it, add the criterion",
        criteria=(BRIEF,),
        quotes=(cited,),
        toml=f"[[criterion]]\nname = {inline(slug(demand))}\nsays = {inline(demand)}",
    )


def _criterion(number: object, target: Target) -> Criterion | None:
    known = target.criteria
    return known[number - 1] if type(number) is int and 1 <= number <= len(known) else None


def _cited(said: object, text: str) -> str:
    """The passage if it stands in the text, whatever its capitals and punctuation; empty if not."""
    words = folded(_text(said))
    whole = f" {folded(text)} "
    enough = len(words.split()) >= _FEWEST_WORDS or (words and words == whole.strip())
    return _text(said) if enough and f" {words} " in whole else ""


def _text(value: object) -> str:
    return " ".join(value.split())[:300] if isinstance(value, str) else ""


_EMPTY: Final = frozenset("the a an of to in on at is are that it its and or for with by as".split())  # noqa: SIM905


def slug(says: str, known: frozenset[str] = frozenset()) -> str:
    """A name for a criterion from its first words, unlike the known ones."""
    words = [word for word in folded(says).replace("_", " ").split() if word.isascii() and word not in _EMPTY]
    name = "-".join(words[:4])[:48].strip("-") or "criterion"
    number, found = 2, name
    while found in known:
        found, number = f"{name}-{number}", number + 1
    return found
