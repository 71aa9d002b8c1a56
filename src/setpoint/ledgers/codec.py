"""Events as text: one JSON object per event, versioned.

Rules of this module:
- What is written is ``{"v": <version>, "event": {"kind": …, …}}``, and reads back equal to what went in, save that
  tuples inside check parameters become lists, and two halves of a surrogate pair side by side become one character.
- A field that is added with a default needs no new version; one that is renamed, removed or given another meaning does.
  Then an entry is appended to `UPGRADES`, and the samples of the old version in the tests stay and must still be read.
- Nothing is guessed: a field that this version does not know, or a value of the wrong type, is an error.
"""

import contextlib
import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias, cast

from setpoint.core.event import Event
from setpoint.errors import LedgerError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["UPGRADES", "Upgrade", "decode", "encode", "stored_form"]

Upgrade: TypeAlias = Callable[[dict[str, object]], dict[str, object]]
"""Takes the fields of an event as one version wrote them and gives them as the next version would have."""


def _named_focus(event: dict[str, object]) -> dict[str, object]:
    """Version 2 names how many faults a tactic takes on; version 1 counted them, with 0 for all."""
    policy = event.get("policy")
    if event.get("kind") != "opened" or not isinstance(policy, dict):
        return event
    changed = dict(cast("dict[str, object]", policy))
    for key in ("short_ladder", "long_ladder"):
        rungs = changed.get(key)
        if isinstance(rungs, list):
            changed[key] = [_named_rung(rung) for rung in cast("list[object]", rungs)]
    return {**event, "policy": changed}


def _named_rung(rung: object) -> object:
    parts = cast("list[object]", rung) if isinstance(rung, list) else []
    if len(parts) != 3 or not isinstance(parts[1], int):  # noqa: PLR2004 - move, focus, setting
        return cast("object", rung)
    return [parts[0], {0: "all", 1: "one"}.get(parts[1], "few"), parts[2]]


UPGRADES: Final[tuple[Upgrade, ...]] = (_named_focus,)
"""The first entry takes version 1 to version 2, the second 2 to 3, and so on; append only."""


def encode(event: Event) -> str:
    """The event as a line of JSON.

    Raises:
        LedgerError: if a value in it has no JSON form (a set, a number that is not finite).
    """
    return _written(event, _plain(event))


def stored_form(event: Event) -> tuple[str, Event]:
    """The event as a line of JSON, and as it will be read from there.

    Raises:
        LedgerError: if it has no JSON form, or could not be read again: then it must not be stored.
    """
    fields = _plain(event)
    body = _written(event, fields)
    from pydantic import ValidationError  # noqa: PLC0415 - see `decode`

    with contextlib.suppress(ValidationError):
        if _adapter().validate_python(fields) == event:
            return body, event
    return body, decode(body)


def _written(event: Event, fields: object) -> str:
    envelope = {"v": len(UPGRADES) + 1, "event": fields}
    try:
        text = _JSON.encode(envelope)
    except ValueError as error:
        raise LedgerError(f"the event {event.kind!r} cannot be stored: a number in it is not finite") from error
    # A model may answer with half of a surrogate pair. UTF-8 has no form for that; an escape has.
    return text if _is_utf8(text) else json.dumps(envelope, separators=(",", ":"))


def decode(text: str, upgrades: tuple[Upgrade, ...] = UPGRADES) -> Event:
    """The event that `encode` made the text from.

    Args:
        text: one stored event.
        upgrades: the steps from version 1 to the current one.

    Raises:
        LedgerError: if it was written by a newer version, or is not an event.
    """
    version, fields = _envelope(text)
    if version > len(upgrades) + 1:
        raise LedgerError(
            f"written by a newer Setpoint (event format {version}; this one reads up to {len(upgrades) + 1});"
            " install the newer version to read it"
        )
    for upgrade in upgrades[version - 1 :]:
        fields = upgrade(fields)
    from pydantic import ValidationError  # noqa: PLC0415 - takes a while; only those who read a ledger need it

    try:
        event = _adapter().validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the event"
        raise LedgerError(f"not an event that can be read: {place}: {first['msg']}") from error
    odd = _difference(fields, _plain(event))
    if odd:
        raise LedgerError(f"not an event that this version of Setpoint reads: {odd}")
    return event


def _envelope(text: str) -> tuple[int, dict[str, object]]:
    try:
        envelope = cast("object", json.loads(text))
    except (ValueError, RecursionError) as error:
        raise LedgerError(f"not an event: {error}") from error
    if isinstance(envelope, dict):
        stored = cast("dict[str, object]", envelope)
        version, fields = stored.get("v"), stored.get("event")
        if type(version) is int and version >= 1 and isinstance(fields, dict):
            return version, cast("dict[str, object]", fields)
    raise LedgerError('not an event: a stored event is {"v": version, "event": {…}}')


@functools.cache
def _adapter() -> "TypeAdapter[Event]":
    from pydantic import Field, TypeAdapter  # noqa: PLC0415 - see `decode`

    return TypeAdapter(Annotated[Event, Field(discriminator="kind")])


_JSON: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ATOMS: Final = frozenset({str, int, float, bool, type(None)})


@functools.cache
def _fields(kind: type) -> tuple[str, ...]:
    """The fields that make a dataclass what it is; what it has worked out itself is not stored. Other types have none."""
    known = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    return tuple(field.name for field in known if field.init)


def _plain(value: object) -> object:
    """The value in terms of what JSON has."""
    if type(value) in _ATOMS:
        return value
    if fields := _fields(type(value)):  # most are atoms; looking first spares the call
        return {name: item if type(item := getattr(value, name)) in _ATOMS else _plain(item) for name in fields}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[object]", value)]
    if isinstance(value, Mapping):
        return {_key(key): _plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, str | int | float):
        return value
    raise LedgerError(f"{value!r} cannot be stored: JSON has no form for {type(value).__name__}")


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise LedgerError(f"a table with the key {key!r} cannot be stored: in JSON, keys are text")


def _difference(stored: object, read: object, place: str = "") -> str:
    """Where reading has dropped or changed something, in words; empty if nowhere.

    The reader fills in defaults, ignores fields it does not know and takes ``"1"`` for 1. The first is wanted; the
    others would silently give an event another meaning.
    """
    if isinstance(stored, dict) and isinstance(read, dict):
        old, new = cast("dict[str, object]", stored), cast("dict[str, object]", read)
        unknown = next((key for key in old if key not in new), None)
        if unknown is not None:
            return f"the field {place + unknown!r} is not known"
        found = (_difference(item, new[key], f"{place}{key}.") for key, item in old.items())
        return next(filter(None, found), "")
    if isinstance(stored, list) and isinstance(read, list):
        pairs = list(zip(cast("list[object]", stored), cast("list[object]", read), strict=False))
        if len(pairs) == len(cast("list[object]", stored)) == len(cast("list[object]", read)):
            found = (_difference(a, b, f"{place}{number}.") for number, (a, b) in enumerate(pairs))
            return next(filter(None, found), "")
    same = stored == read and isinstance(stored, bool) == isinstance(read, bool)
    return "" if same else f"the value of {place.rstrip('.')!r} is of the wrong type"


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
