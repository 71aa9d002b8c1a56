"""Whether it is the JSON it should be.

A schema can neither reach the network nor hang the run: references lead nowhere outside the schema, and its ``pattern``s
run under a time limit (``patternProperties`` apart, which sees keys only).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol, cast

from pydantic import Field

from setpoint.checks.base import PASSED, CheckContext, NonBlank, Params, Rule, failed, one_line, quoted, unassessed
from setpoint.checks.patterns import compiled
from setpoint.errors import SpecError
from setpoint.ports import Finding

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from referencing.jsonschema import SchemaRegistry

__all__ = ["JsonSchema"]

_KEY = "check.json_schema.schema"
_MOST_ERRORS = 50
_EXAMPLE = """{ json_schema = { schema = { type = "object", required = ["title"] } } }"""


class _Validator(Protocol):
    def iter_errors(self, instance: object) -> Iterator["ValidationError"]: ...


class JsonSchema(Params):
    """``json_schema``."""

    check: ClassVar[str] = "json_schema"
    demands: ClassVar[str] = "The text is JSON and follows this schema."
    notes: ClassVar[str] = (
        "Any draft of JSON Schema up to 2020-12, by its `$schema`; `format` is not enforced. "
        "The text must be JSON and nothing else: no fence, no comments, no key twice, no NaN."
    )
    example: ClassVar[str] = _EXAMPLE
    bare: ClassVar[str] = "document"
    verbatim: ClassVar[bool] = True

    document: NonBlank | dict[str, object] = Field(
        alias="schema", description="the schema itself, or the name of a file beside the spec that holds it"
    )

    def attached(self) -> tuple[str, ...]:
        """The file the schema is in, if it is not written out."""
        return (self.document,) if isinstance(self.document, str) else ()

    def demand(self) -> str:
        """The demand as a sentence."""
        if isinstance(self.document, str):
            return f"Is JSON that follows the schema in {self.document}."
        schema = json.dumps(self.document, ensure_ascii=False, separators=(",", ":"))
        return f"Is JSON that follows the schema {schema}."

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""
        validator = _validator(self._schema(context))

        def measure(text: str) -> Finding:
            content = text.removeprefix("\ufeff")
            try:
                value = cast("object", json.loads(content, object_pairs_hook=_unique, parse_constant=_refused))
            except json.JSONDecodeError as error:
                return _not_json(content, error)
            except (ValueError, RecursionError) as error:
                what = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
                return failed(f"not usable JSON: {what}; write it out in plain JSON")
            return _compared(validator, value, content)

        return measure

    def _schema(self, context: CheckContext) -> object:
        if not isinstance(self.document, str):
            return self.document
        attachment = context.attachment(self.document)
        if attachment is None:
            raise SpecError(f"there is no file {self.document!r} with the spec; put it beside the spec", key=_KEY)
        try:
            return cast("object", json.loads(attachment.text))
        except (ValueError, RecursionError) as error:
            raise SpecError(f"{self.document} is not JSON: {error}", key=_KEY) from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {quoted(twice)} stands twice in one object")
    return found


def _refused(constant: str) -> object:
    raise ValueError(f"{constant} is not a JSON value")


def _not_json(text: str, error: json.JSONDecodeError) -> Finding:
    if not text.strip():
        return failed("the text is empty; write the JSON document")
    if text.lstrip().startswith("```"):
        return failed("the JSON stands in a code fence; write the JSON alone", shortfall=0.5, lines=(1,))
    line = _line_at(text, error.pos)
    early = error.pos >= len(text.rstrip())
    where = f"the end, line {line}" if early else f"line {line}, column {error.colno}"
    return failed(f"not JSON at {where}: {error.msg}; correct it there", lines=(line,))


# The schema


class _Kind(Protocol):
    """One draft of JSON Schema."""

    def check_schema(self, schema: Mapping[str, object]) -> None: ...

    def __call__(self, schema: Mapping[str, object], *, registry: "SchemaRegistry") -> _Validator: ...


class _Extend(Protocol):
    def __call__(self, validator: _Kind, validators: Mapping[str, object]) -> _Kind: ...


def _validator(schema: object) -> _Validator:
    import jsonschema  # noqa: PLC0415 - only specs with schemas pay for it
    from jsonschema import validators  # noqa: PLC0415
    from referencing.jsonschema import EMPTY_REGISTRY  # noqa: PLC0415

    if not isinstance(schema, dict):
        raise SpecError('a schema is a JSON object, for example { type = "object" }', key=_KEY)
    known = cast("dict[str, object]", schema)
    kind = cast("_Kind", validators.validator_for(known, default=jsonschema.Draft202012Validator))
    try:
        kind.check_schema(known)
    except jsonschema.SchemaError as error:
        raise SpecError(f"not a valid schema at {error.json_path}: {one_line(error.message)}", key=_KEY) from error
    _reject_unusable(known)
    # The library has no types of its own. An empty registry, as its default fetches references over the network.
    extend = cast("_Extend", validators.extend)  # pyright: ignore[reportUnknownMemberType]
    return extend(kind, {"pattern": _pattern})(known, registry=EMPTY_REGISTRY)


def _pattern(validator: object, source: object, instance: object, schema: object) -> Iterator["ValidationError"]:
    """The keyword ``pattern`` with an engine that stops."""
    from jsonschema.exceptions import ValidationError  # noqa: PLC0415

    del validator, schema
    if isinstance(source, str) and isinstance(instance, str) and not compiled(source, key=_KEY).found(instance):
        yield ValidationError(f"{instance!r} does not match {source!r}")


def _reject_unusable(schema: dict[str, object]) -> None:
    """Refuse at load what would only fail while measuring: bad patterns and references that lead outside."""
    for key, value in _walk(schema):
        if key == "pattern" and isinstance(value, str):
            compiled(value, key=f"{_KEY}.pattern")
        if key in {"$ref", "$dynamicRef"} and isinstance(value, str) and not _inside(value, schema):
            raise SpecError(f"the reference {value!r} leads nowhere inside the schema; copy its target into $defs",
                            key=f"{_KEY}.{key}")  # fmt: skip


def _walk(node: object) -> Iterator[tuple[str, object]]:
    waiting = [node]
    while waiting:
        held = waiting.pop()
        if isinstance(held, dict):
            for key, value in cast("dict[str, object]", held).items():
                yield key, value
                if key not in {"const", "enum", "default", "examples"}:
                    waiting.append(value)
        elif isinstance(held, list):
            waiting += cast("list[object]", held)


def _inside(reference: str, schema: Mapping[str, object]) -> bool:
    names = {value for key, value in _walk(schema) if key in {"$id", "$anchor", "$dynamicAnchor"}}
    base, _, fragment = reference.partition("#")
    if base:
        return any(isinstance(name, str) and name.endswith(base) for name in names)
    if not fragment.startswith("/"):
        return not fragment or fragment in names
    at = cast("object", schema)
    for step in fragment[1:].split("/"):
        key = step.replace("~1", "/").replace("~0", "~").replace("%25", "%")
        if isinstance(at, dict) and key in at:
            at = cast("dict[str, object]", at)[key]
        elif isinstance(at, list) and key.isdigit() and int(key) < len(cast("list[object]", at)):
            at = cast("list[object]", at)[int(key)]
        else:
            return False
    return True


# Comparing


class _BestMatch(Protocol):
    def __call__(self, errors: Sequence["ValidationError"]) -> "ValidationError | None": ...


def _compared(validator: _Validator, value: object, text: str) -> Finding:
    from jsonschema import exceptions  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    errors: list[ValidationError] = []
    try:
        for error in validator.iter_errors(value):
            errors.append(error)
            if len(errors) == _MOST_ERRORS:
                break
    except (Unresolvable, RecursionError) as error:
        return unassessed(f"the schema could not be followed: {one_line(str(error), 200)}; correct the schema")
    if not errors:
        return PASSED
    best_match = cast("_BestMatch", exceptions.best_match)  # pyright: ignore[reportUnknownMemberType] - no types
    first = best_match(errors) or errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    lines = [line for error in errors if (line := _line_of(text, list(error.absolute_path)))]
    said = f"at {first.json_path}: {_directive(first)}{more}"
    return failed(said, shortfall=len(errors) / (len(errors) + 1), lines=lines)


def _directive(error: "ValidationError") -> str:
    """What is wrong, with the value shortened, and the bound it breaks."""
    keyword = str(error.validator)
    limit = one_line(json.dumps(error.validator_value, ensure_ascii=False, default=str), 120)
    told = one_line(error.message, 160)
    if keyword in {"required", "additionalProperties", "dependentRequired"}:
        return f"{told}; {'remove' if keyword == 'additionalProperties' else 'add'} it"
    return f"{told}; make it fit {keyword}: {limit}"


def _line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line on which the value at that path begins."""
    decoder = json.JSONDecoder()
    try:
        at = _skip(text, 0)
        for step in path:
            at = _descend(decoder, text, at, step)
    except (ValueError, IndexError, RecursionError):
        return None
    return _line_at(text, at)


def _line_at(text: str, at: int) -> int:
    """The line of a place in the text, by the line ends that count elsewhere; the end is on the last line."""
    return min(len(f"{text[:at]}.".splitlines()), len(text.splitlines()) or 1)


_BLANK = " \t\r\n"


def _skip(text: str, at: int, also: str = "") -> int:
    while text[at] in _BLANK or text[at] in also:
        at += 1
    return at


def _descend(decoder: json.JSONDecoder, text: str, at: int, step: str | int) -> int:
    """From the beginning of a container to the beginning of one value in it."""
    is_object = text[at] == "{"
    at += 1
    place = 0
    while True:
        at = _skip(text, at, ",")
        name: object = place
        if is_object:
            name, at = cast("tuple[object, int]", decoder.raw_decode(text, at))
            at = _skip(text, at, ":")
        if name == step:
            return at
        _, at = cast("tuple[object, int]", decoder.raw_decode(text, at))
        place += 1
