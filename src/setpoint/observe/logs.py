"""Events as log lines, one each, by the standard library's ``logging``: JSON objects or ``key=value`` text.

Requests are logged as ``debug``, what came of them and decisions as ``info``, failed calls, moves and readings as
``warning``, and a run that ends for want of its machinery as ``error``.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TextIO, TypeAlias

from setpoint.core.action import Freeze, Judge, Reask, Revise, SetAside
from setpoint.core.event import (
    CallFailed,
    Cancelled,
    Drafted,
    Event,
    Judged,
    Measured,
    Misjudged,
    MoveFailed,
    Opened,
    PatchMissed,
    Recorded,
    Requested,
    Stopped,
    Usage,
)
from setpoint.core.fault import Verdict
from setpoint.ports import Model

__all__ = ["LOGGER", "EventLog", "LogForm", "LogLevel", "log_to"]

LogForm: TypeAlias = Literal["json", "text"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]

LOGGER: Final = "setpoint"
"""The name of the logger."""

_FIELDS: Final = "setpoint_fields"


def log_to(stream: TextIO, form: LogForm, level: LogLevel = "info") -> None:
    """Send what Setpoint logs, and the warnings of libraries, to a stream instead of where they went before.

    Args:
        stream: usually standard error.
        form: one JSON object per line, or text.
        level: the least important level that is written.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Json() if form == "json" else _Text())
    own, root = logging.getLogger(LOGGER), logging.getLogger()
    for logger in (own, root):  # called again, it replaces what it had set up, and leaves other people's handlers
        for old in [h for h in logger.handlers if isinstance(h.formatter, _Json | _Text)]:
            logger.removeHandler(old)
    root.addHandler(handler)
    own.setLevel(level.upper())


@dataclass(frozen=True, slots=True)
class EventLog:
    """An `Observer` that logs each event.

    Args:
        content: add texts, reasons and directives, which may quote drafts.
    """

    content: bool = False

    def model(self, run: str, model: Model) -> Model:
        """As it is: calls are events."""
        del run
        return model

    def on_event(self, recorded: Recorded) -> None:
        """Log one line."""
        event = recorded.event
        fields: dict[str, object] = {"run": recorded.run, "seq": recorded.seq, "event": event.kind}
        fields |= _facts(event)
        usage = getattr(event, "usage", None)
        if isinstance(usage, Usage):
            fields |= {"tokens": usage.tokens, "money": usage.money, "seconds": usage.seconds}
        if self.content:
            fields |= _content(event)
        said = {_FIELDS: {name: value for name, value in fields.items() if value is not None and value != ""}}
        logging.getLogger(LOGGER).log(_level(event), event.kind.replace("_", " "), extra=said)

    def left(self, run: str) -> None:
        """Nothing to do."""


def _level(event: Event) -> int:
    match event:
        case Requested():
            return logging.DEBUG
        case CallFailed() | MoveFailed() | Misjudged() | PatchMissed():
            return logging.WARNING
        case Stopped(outcome="machinery"):
            return logging.ERROR
        case _:
            return logging.INFO


def _facts(event: Event) -> Mapping[str, object]:
    """What is worth knowing and holds no text of a draft, a prompt or a reply."""
    match event:
        case Opened():
            return {"digest": event.spec.digest, "models": {m.role: m.model for m in event.models}}
        case Requested():
            return {
                "call": event.call, "role": event.role, "rule": event.rule, "reserved": event.tokens, **_of(event.action)
            }  # fmt: skip
        case SetAside():
            return {"criterion": event.criterion}
        case Freeze():
            return {"criterion": event.keep}
        case Cancelled():
            return {"why": event.why}
        case Stopped():
            # After trouble with a model the reason repeats what the model said.
            reason = "" if event.outcome == "machinery" else event.reason
            return {"outcome": event.outcome, "rule": event.rule, "draft": event.best, "reason": reason}
        case Measured():
            return {"draft": event.draft, "failing": _failing(event.verdicts)}
        case _:
            return _came_of(event)


def _came_of(event: Event) -> Mapping[str, object]:
    """What came of a call; for the other events, their plain fields."""
    match event:
        case Drafted():
            return {"call": event.call, "move": event.origin, "base": event.base, "characters": len(event.text)}
        case MoveFailed():
            return {"call": event.call, "move": event.move, "why": event.why}
        case PatchMissed():
            return {"call": event.call, "missed": len(event.misses)}
        case Judged():
            return {"call": event.call, "draft": event.draft, "failing": _failing(event.verdicts)}
        case Misjudged():
            return {"call": event.call, "draft": event.draft or None, "why": event.why}
        case CallFailed():
            return {"call": event.call, "role": event.role, "why": event.why, "detail": event.detail}
        case _:
            return {
                name: getattr(event, name)
                for name in ("call", "role", "criterion", "winner", "loser", "question", "approved", "passes", "who")
                if isinstance(getattr(event, name, None), str | int)
            }


def _of(action: object) -> Mapping[str, object]:
    match action:
        case Reask():
            return {"action": action.kind, **_of(action.revise), "move": action.revise.move}
        case Revise():
            return {"action": action.kind, "move": action.move, "base": action.base, "targets": list(action.targets)}
        case Judge():
            return {"action": action.kind, "draft": action.draft, "purpose": action.purpose}
        case _:
            return {"action": getattr(action, "kind", "")}


def _failing(verdicts: tuple[Verdict, ...]) -> list[str]:
    return [verdict.criterion for verdict in verdicts if verdict.status != "pass"]


def _content(event: Event) -> Mapping[str, object]:
    """What may quote a draft, a prompt or a reply."""
    named = {name: getattr(event, name, None) for name in ("title", "text", "detail", "reason")}
    found: dict[str, object] = {name: value for name, value in named.items() if isinstance(value, str)}
    if isinstance(event, Measured | Judged):
        found["directives"] = {v.criterion: v.directive for v in event.verdicts if v.directive}
    return found


class _Json(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, default=str)


class _Text(logging.Formatter):
    """``time LEVEL message key=value …`` on one line."""

    def format(self, record: logging.LogRecord) -> str:
        fields: Mapping[str, object] = getattr(record, _FIELDS, {})
        said = json.dumps(record.getMessage())[1:-1]  # a line stays a line, whatever a library logs
        pairs = (
            f"{name}={value if _bare(value) else json.dumps(value, default=str)}" for name, value in fields.items()
        )
        return " ".join([_time(record), record.levelname, said, *pairs])


def _bare(value: object) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and value.isprintable() and " " not in value)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
