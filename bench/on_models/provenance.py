"""Whether every byte of a returned text was written by the model, and none by the loop around it.

A loop may take lines away (a fence, a sentence of its own prompt) and may splice what the model wrote into what it had
written before. It may not write. White space at the ends of lines and texts is nobody's.
"""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from setpoint.core.control import faults
from setpoint.core.draft import apply_edits
from setpoint.core.event import Drafted, Opened, Recorded, Requested
from setpoint.core.excerpt import whole
from setpoint.core.fault import Fault
from setpoint.core.fold import fold
from setpoint.ports import Reply
from setpoint.roles.edits import edits_in

__all__ = ["foreign", "foreign_in_run"]


def foreign(text: str, replies: Sequence[Reply | None]) -> str:
    """The first line of a text that stands in none of the replies as a line; empty if there is none.

    The lines must stand in one reply, in their order.
    """
    lost = [_unmatched(text, reply.text) for reply in replies if reply is not None]
    return "" if not text.strip() or "" in lost else (lost or [text])[-1]


def foreign_in_run(text: str, events: Sequence[Recorded], replies: Sequence[Reply | None]) -> str:
    """What in a text of a run no reply of the model accounts for; empty if there is nothing.

    Args:
        text: what the run returned.
        events: all events of the run.
        replies: the replies of its one model, in the order of its calls.
    """
    calls = [recorded.event.call for recorded in events if isinstance(recorded.event, Requested)]
    said = dict(zip(calls, replies, strict=False))
    drafts: list[str] = []
    for number, recorded in enumerate(events):
        event = recorded.event
        if not isinstance(event, Drafted):
            continue
        drafts.append(event.text)
        reply = said.get(event.call or 0)
        if event.call is None or reply is None:
            return f"draft {len(drafts)} has no reply behind it"
        if event.origin == "edit":
            base = event.base or 0
            before = drafts[base - 1]
            sent = edits_in(_object(reply.text), before, _faults(events[:number], base), whole(before))
            if apply_edits(before, sent.edits).text != event.text:
                return f"draft {len(drafts)} is not what its edits make"
        elif lost := _unmatched(event.text, reply.text, cut=event.cut):
            return f"draft {len(drafts)}: {lost!r}"
    return "" if not text or text in drafts else "the text that was returned is no draft"


def _unmatched(text: str, source: str, *, cut: bool = False) -> str:
    """The first line of a text that the source does not have, in order; empty if it has all.

    The last line of a text that was cut off may be the beginning of a line of the source.
    """
    lines = iter([line.strip() for line in source.splitlines()])
    wanted = [line.strip() for line in text.splitlines() if line.strip()]
    for number, line in enumerate(wanted, start=1):
        part = cut and number == len(wanted)
        if not any(line == other or (part and other.startswith(line)) for other in lines):
            return line
    return ""


def _object(reply: str) -> Mapping[str, object]:
    start = max(0, reply.find("{"))
    return cast("Mapping[str, object]", json.JSONDecoder(strict=False).raw_decode(reply, start)[0])


def _faults(events: Sequence[Recorded], base: int) -> Sequence[Fault]:
    """The faults that the author was told of, whose lines say which of several passages was meant."""
    if not events or not isinstance(events[0].event, Opened):
        return ()
    state = fold(events)
    return faults(state, state.draft(base))
