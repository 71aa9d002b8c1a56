"""Defects that a model plants, and the confirmation by another call that they are some.

The two calls share nothing: the one that confirms does not know which of two versions was changed, nor that one was.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from setpoint.core.draft import degeneracy
from setpoint.core.spec import Criterion, Spec
from setpoint.ports import Prompt, Reply
from setpoint.roles.prompting import mark
from setpoint.roles.reply import Unreadable, as_list, as_mapping, json_object
from setpoint.rubric.prompting import object_schema, render

__all__ = ["WAYS", "Comparison", "comparing", "confirmed", "planted_text", "planting"]

WAYS: Final = (
    ("left out", "leave out what the demand asks for; the rest stays as it is"),
    ("said in general", "say it so generally that the demand is no longer met"),
    ("wrong detail", "get one detail wrong on which the demand depends"),
    ("opposite", "say the opposite of what the demand asks for"),
    ("claimed, not done", "claim that it was done instead of doing it"),
)
"""What a model is asked to do, in turn."""

_PLANT_TOKENS: Final = 900
_COMPARE_TOKENS: Final = 300
_MOST_EDITS: Final = 4


def planting(spec: Spec, criterion: Criterion, text: str, *, way: int, seed: int, nonce: str) -> Prompt:
    """The prompt that asks a model to plant a fault of one kind."""
    lines = text.splitlines()
    user = render(
        "plant.md",
        brief=spec.brief.strip(),
        numbered="\n".join(f"{n:>3} {line}" for n, line in enumerate(lines, start=1)),
        demand=criterion.says,
        way=WAYS[way % len(WAYS)][1],
        mark=mark(nonce, "planter"),
    )
    edit = {
        "line": {"type": "integer", "minimum": 1, "maximum": max(1, len(lines))},
        "text": {"type": "string", "maxLength": 1200},
    }
    return Prompt(
        system="You make test material: texts that are good but for one fault. You change as little as you can.",
        user=user,
        max_tokens=_PLANT_TOKENS,
        schema=object_schema(
            {"edits": {"type": "array", "minItems": 1, "maxItems": _MOST_EDITS, "items": object_schema(edit)}}
        ),
        temperature=0.7,
        seed=seed,
    )


def planted_text(text: str, reply: Reply) -> str:
    """The text with the model's edits; empty if they cannot be used or change nothing."""
    try:
        edits = as_list(json_object(reply).get("edits"))
    except Unreadable:
        return ""
    lines = text.splitlines()
    for edit in edits[:_MOST_EDITS]:
        fields = as_mapping(edit)
        number, said = fields.get("line"), fields.get("text")
        if type(number) is not int or not 1 <= number <= len(lines) or not isinstance(said, str):
            return ""
        lines[number - 1] = " ".join(said.split())
    changed = "\n".join(lines).strip() + "\n"
    return "" if " ".join(changed.split()) == " ".join(text.split()) or degeneracy(changed) else changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A question about two versions of a text.

    Args:
        prompt: what is asked.
        faulty: which of the two, ``A`` or ``B``, is the changed one; the model is not told.
    """

    prompt: Prompt
    faulty: str


def comparing(spec: Spec, criterion: Criterion, good: str, changed: str, *, seed: int, nonce: str) -> Comparison:
    """The prompt that asks whether two versions of a text meet a criterion; which comes first is drawn."""
    drawn = hashlib.sha256(f"{seed}:{criterion.name}:{changed}".encode("utf-8", "surrogatepass")).digest()[0]
    faulty = "A" if drawn % 2 else "B"
    one, other = (changed, good) if faulty == "A" else (good, changed)
    user = render(
        "confirm.md",
        brief=spec.brief.strip(),
        sources=spec.sources,
        one=one.strip(),
        other=other.strip(),
        demand=criterion.says,
        mark=mark(nonce, "confirmer"),
    )
    answer = {"type": "string", "enum": ["yes", "no"]}
    schema = object_schema({"why": {"type": "string", "maxLength": 300}, "A": answer, "B": answer})
    prompt = Prompt(
        system="You compare two texts against one demand. You answer for each text by itself.",
        user=user,
        max_tokens=_COMPARE_TOKENS,
        schema=schema,
        seed=seed,
    )
    return Comparison(prompt=prompt, faulty=faulty)


def confirmed(reply: Reply, faulty: str) -> bool:
    """Whether the good version was said to meet the criterion and the changed one not to; what is unclear is a no."""
    try:
        said = json_object(reply)
    except Unreadable:
        return False
    good = "B" if faulty == "A" else "A"
    return _word(said.get(good)) == "yes" and _word(said.get(faulty)) == "no"


def _word(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""
