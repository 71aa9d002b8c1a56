"""Reading model replies: tolerant about wrapping, strict about content, and fail-closed (rule 6).

Tolerated: code fences, prose around one JSON object. Not tolerated: two different objects, a key that stands twice
with different values, anything cut off. A reply that cannot be read is never guessed at.
"""

import json
import re
from collections.abc import Mapping
from typing import Literal, TypeAlias, cast

from setpoint.ports import Reply

__all__ = [
    "Unreadable",
    "UnreadableKind",
    "as_list",
    "as_mapping",
    "json_object",
    "plain_text",
    "refusal",
    "whole_sentences",
]

UnreadableKind: TypeAlias = Literal["unparsable", "refused", "truncated", "contradictory"]

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([\w+-]*)[ \t]*\n(.*?)\n?^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_REFUSAL = re.compile(
    r"^\W*(?:(?:i'?m|i am) (?:very |really )?(?:sorry|afraid|unable)|sorry,|as an ai\b|i (?:cannot|can't|can not|won't|will not) "
    r"(?:help|assist|comply|write|create|provide|do|fulfil))",
    re.IGNORECASE,
)
_REFUSAL_WORDS = 80
_SENTENCE_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019)\]*_]*(?=\s|$)")
_AROUND_CHARS = 400
_MOST_BRACES = 500


class Unreadable(Exception):  # noqa: N818 - it is caught in this package and becomes an event
    """The reply cannot be used, and why."""

    def __init__(self, kind: UnreadableKind, detail: str) -> None:
        self.kind: UnreadableKind = kind
        self.detail = detail
        super().__init__(detail)


def refusal(reply: Reply) -> str:
    """Why the reply is a refusal; empty if it is none."""
    if reply.finish == "refusal":
        return f"the model declined: {_short(reply.text)}"
    if (
        _REFUSAL.match(reply.text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
        and len(reply.text.split()) < _REFUSAL_WORDS
    ):
        return f"the model declined: {_short(reply.text)}"
    return ""


def json_object(reply: Reply) -> Mapping[str, object]:
    """The one JSON object in a reply.

    Raises:
        Unreadable: if it was refused or cut off, or if there is no object, more than one, or one at odds with itself.
    """
    if declined := refusal(reply):
        raise Unreadable("refused", declined)
    text = reply.text.strip().removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    found = _objects(text)
    if reply.finish == "length":
        raise Unreadable("truncated", "the reply was cut off at its token limit")
    if not found:
        raise Unreadable("unparsable", f"the reply has no JSON object: {_short(text)}")
    if any(other != found[0] for other in found[1:]):
        raise Unreadable("contradictory", f"the reply has {len(found)} JSON objects that differ")
    return found[0]


def as_mapping(value: object) -> Mapping[str, object]:
    """The value if it is a JSON object, else an empty one."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def as_list(value: object) -> list[object]:
    """The value if it is a JSON array, else an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def _objects(text: str) -> list[Mapping[str, object]]:
    """All outermost JSON objects in a text, in order."""
    decoder = json.JSONDecoder(object_pairs_hook=_pairs, strict=False)
    found: list[Mapping[str, object]] = []
    position = text.find("{")
    tries = 0
    while position >= 0:
        tries += 1
        if tries > _MOST_BRACES:
            raise Unreadable("unparsable", "the reply has too many braces to be one JSON object")
        try:
            value, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError:
            # Not an object after all: look inside, but only a whole object with quoted keys counts.
            end = position + 1
        except RecursionError as error:
            raise Unreadable("unparsable", "the reply is nested too deeply") from error
        else:
            found.append(cast("Mapping[str, object]", value))
        position = text.find("{", end)
    return found


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    merged: dict[str, object] = {}
    for key, value in pairs:
        if key in merged and merged[key] != value:
            raise Unreadable("contradictory", f"the key {key!r} stands twice with different values")
        merged[key] = value
    return merged


def plain_text(reply: Reply, kind: str) -> str:
    """The text in an author's reply, without a fence around the whole of it.

    Code and data may have a little prose around one fence; prose may be fenced only as a whole, because a fence
    inside prose belongs to it.
    """
    text = reply.text.replace("\r\n", "\n").strip("\n")
    fences = list(_FENCE.finditer(text))
    if len(fences) == 1:
        fence = fences[0]
        around = (text[: fence.start()] + text[fence.end() :]).strip()
        prose = kind in {"text", "markdown"}
        wraps = fence.group(2).lower() in {"", "text", "markdown", "md", "plaintext", "txt"}
        if (prose and not around and wraps) or (not prose and len(around) <= _AROUND_CHARS):
            text = fence.group(3)
    return text.strip() + "\n" if text.strip() else ""


def whole_sentences(text: str, kind: str) -> str:
    """A text that was cut off, up to its last whole sentence or line; code and data by lines only. Empty if it has none."""
    prose = kind in {"text", "markdown"}
    sentences = [match.end() for match in _SENTENCE_END.finditer(text)] if prose else []
    end = max((*sentences, text.rstrip("\n").rfind("\n"), 0))
    return text[:end].rstrip() + "\n" if end else ""


def _short(text: str, limit: int = 120) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= limit else line[: limit - 1] + "…")
