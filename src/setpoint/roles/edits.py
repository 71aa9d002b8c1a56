"""Edits as an author sends them: for each fault its own, by words to find or by the line to add after (rules 9, 11).

A list of edits for all faults together tempts a small model to send one and stop. Here every fault has a place in the
reply, which the schema holds open.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, cast

from setpoint.core.draft import Edit, anchored, lines_span, stands_on, widened
from setpoint.core.excerpt import Sight, passages, scope
from setpoint.core.fault import Fault
from setpoint.core.spec import Criterion
from setpoint.roles.reply import Unreadable, as_list, as_mapping

__all__ = ["BLANK", "Sent", "edit_schema", "edits_in", "example", "said_again", "takes_additions"]

_REPLACEMENT: Final[dict[str, object]] = {
    "type": "object",
    "properties": {"search": {"type": "string"}, "replace": {"type": "string"}},
    "required": ["search", "replace"],
    "additionalProperties": False,
}
BLANK: Final = "…"
"""What the form leaves to the author; small models copy it with the form, and it is never what they have to say."""
_ITEM: Final = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]")
_LAST_WORDS: Final = re.compile(r"(?:\S+[ \t]+){0,5}\S+[ \t]*\Z")
_NUMBER: Final = re.compile(r"\[\d{1,4}\][ \t]*")


def takes_additions(fault: Fault, sight: Sight) -> bool:
    """Whether what a fault needs is added after a passage that is called by its line."""
    return sight.scope == "missing" and scope(fault) == "missing"


def example(faults: Sequence[Fault], sight: Sight, promoted: Sequence[Criterion]) -> str:
    """The form of the reply, as the prompt shows it."""
    addition, replacement = {"after": 1, "add": BLANK}, {"search": BLANK, "replace": BLANK}
    forms = {fault.criterion.name: [addition if takes_additions(fault, sight) else replacement] for fault in faults}
    checks = {"checks": {criterion.name: BLANK for criterion in promoted}} if promoted else {}
    return json.dumps({"edits": forms, **checks}, ensure_ascii=False)


def edit_schema(faults: Sequence[Fault], sight: Sight, text: str, promoted: Sequence[Criterion]) -> dict[str, object]:
    """The JSON schema of the reply."""
    most = len(text.splitlines())
    addition: dict[str, object] = {
        "type": "object",
        "properties": {"after": {"type": "integer", "minimum": 1, "maximum": most}, "add": {"type": "string"}},
        "required": ["after", "add"],
        "additionalProperties": False,
    }
    forms = {
        fault.criterion.name: {
            "type": "array",
            "items": addition if takes_additions(fault, sight) else _REPLACEMENT,
            "minItems": 1,
        }
        for fault in faults
    }
    properties: dict[str, object] = {"edits": _closed(forms)}
    if promoted:
        properties["checks"] = _closed({criterion.name: {"type": "string"} for criterion in promoted})
    return _closed(properties)


def _closed(properties: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


class Sent(NamedTuple):
    """The edits of a reply."""

    edits: tuple[Edit, ...]
    """Those to apply."""
    unseen: tuple[Edit, ...] = ()
    """Those whose passage stands only where the author was not shown the text: it cannot have meant that."""


def edits_in(found: Mapping[str, object], text: str, faults: Sequence[Fault], sight: Sight) -> Sent:
    """The edits of a reply, additions last, so that what they add is not searched.

    Words that stand several times in the text are taken where their fault is, if they stand there once.

    Raises:
        Unreadable: if the reply has no edits that can be read.
    """
    lines = {fault.criterion.name: fault.lines for fault in faults}
    replaced: list[Edit] = []
    added: list[Edit] = []
    unseen: list[Edit] = []
    for about, item in _items(found):
        search, replace, add, after = (item.get(key) for key in ("search", "replace", "add", "after"))
        if isinstance(search, str) and isinstance(replace, str):
            if search != replace and BLANK not in {search.strip(), replace.strip()}:
                place = _around(lines.get(about, ()), text)
                edit = Edit(search=_bare(search, text), replace=_bare(replace, text), about=about)
                there = stands_on(text, edit.search)
                if there and not there & sight.lines:
                    unseen.append(edit)
                else:
                    replaced.append(widened(text, edit, place))
        elif isinstance(add, str) and type(after) is int:
            if said := _NUMBER.sub("", add.strip().removeprefix(BLANK).strip(), count=1):
                added.append(_addition(text, after, said, about))
        else:
            raise Unreadable("unparsable", "an edit has no 'search' and 'replace', and no 'after' and 'add'")
    return Sent((*replaced, *added), tuple(unseen))


def _bare(said: str, text: str) -> str:
    """A passage without the number that it has in the prompt, unless the text has it, too."""
    number = _NUMBER.match(said)
    return said if number is None or number[0] in text else said[number.end() :]


def _items(found: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Each edit with the criterion it is for; a plain list, which models send that know the form, is for none."""
    edits = found.get("edits")
    if isinstance(edits, list):
        yield from (("", as_mapping(item)) for item in as_list(cast("object", edits)))
    elif isinstance(edits, dict):
        for name, items in as_mapping(cast("object", edits)).items():
            several = as_list(cast("object", items)) if isinstance(items, list) else [items]
            yield from ((name, as_mapping(item)) for item in several)
    else:
        raise Unreadable("unparsable", "the reply has no edits")


def _around(lines: Sequence[int], text: str) -> tuple[tuple[int, int], ...]:
    """The passages that some lines are in, as first and last lines."""
    return tuple((p.first, p.last) for p in passages(text) if any(p.first <= line <= p.last for line in lines))


def _addition(text: str, after: int, said: str, about: str) -> Edit:
    """New words after a passage: an item in its list, or a passage of their own."""
    parts = passages(text)
    part = next((part for part in reversed(parts) if part.first <= after), None)
    if part is None or after > len(text.splitlines()):
        return Edit(
            search=f"\N{LEFT WHITE SQUARE BRACKET}line {after}\N{RIGHT WHITE SQUARE BRACKET}",
            replace=said,
            about=about,
        )
    last, (_, end) = part.lines[-1], lines_span(text, part.first, part.last)
    joint = "\n" if _ITEM.match(last) and _ITEM.match(said) else "\n\n"
    # Found by its last words only: what an edit changes before them must not make the addition miss.
    words = "" if part.heading else _LAST_WORDS.search(last)
    known = words[0] if words else last
    return anchored(text, (end - len(known), end), f"{known}{joint}{said}", about)


def said_again(edits: Sequence[Edit]) -> str:
    """Edits as they were sent, for asking once more."""
    forms: dict[str, list[dict[str, str]]] = {}
    for edit in edits:
        forms.setdefault(edit.about, []).append({"search": edit.search, "replace": edit.replace})
    plain = set(forms) <= {""}
    return json.dumps({"edits": forms.get("", []) if plain else forms}, ensure_ascii=False)
