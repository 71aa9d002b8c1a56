"""The one list of checks, and the way from a spec to a check that measures.

`parse` validates what a spec says and makes it canonical, `build` makes the check in the context of a spec. A
parameter left at its default does not stand in the canonical form, so a new parameter never changes the digest of an
existing spec; hence the meaning of a default never changes either.
"""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, cast

from pydantic import ValidationError

from setpoint.checks.base import Built, CheckContext, Params, one_line, plain
from setpoint.checks.command import Command
from setpoint.checks.counts import Characters, Paragraphs, Sentences, Words
from setpoint.checks.custom import Custom
from setpoint.checks.documents import JsonSchema
from setpoint.checks.fidelity import NumbersFromSources, QuotesFromSources
from setpoint.checks.judgeable import Judgeable
from setpoint.checks.language import Language, ReadingGrade
from setpoint.checks.phrases import Contains, EndsWith, Excludes, StartsWith
from setpoint.checks.placeholders import NoPlaceholder
from setpoint.checks.structure import Bullets, Case, Headings
from setpoint.core.spec import CheckCall
from setpoint.errors import SpecError
from setpoint.ports import Check

__all__ = [
    "CUSTOM",
    "GUARDS",
    "CheckInfo",
    "ParameterInfo",
    "build",
    "describe",
    "files",
    "parse",
    "reference",
    "runs_programs",
]

_CHECKS: Final[tuple[type[Params], ...]] = (
    Words,
    Sentences,
    Paragraphs,
    Characters,
    Contains,
    Excludes,
    StartsWith,
    EndsWith,
    Headings,
    Bullets,
    Case,
    NoPlaceholder,
    NumbersFromSources,
    QuotesFromSources,
    Language,
    ReadingGrade,
    JsonSchema,
    Command,
    Custom,
    Judgeable,
)
_BY_NAME: Final[Mapping[str, type[Params]]] = MappingProxyType({check.check: check for check in _CHECKS})

GUARDS: Final = frozenset({Judgeable.check})
"""The checks that stand before every critic (rule 19)."""

CUSTOM: Final = Custom.check
"""The check that stands for one of the calling program."""


def parse(value: Mapping[str, object] | str, *, where: str = "check") -> CheckCall:
    """Read the check of one criterion.

    Args:
        value: one name with its parameters, as in ``{"words": {"max": 180}}``; a name alone if it needs none.
        where: the dotted key it stands under, for errors.

    Returns:
        The call with canonical parameters: plain JSON values, defaults left out.

    Raises:
        SpecError: if there is no such check, or a parameter is unknown, missing or of no use.
    """
    table = {value: True} if isinstance(value, str) else value
    if len(table) != 1:
        names = f"found {len(table)}: {', '.join(table)}" if table else "found none"
        raise SpecError(
            f"a check is one name with its parameters, as in {{ words = {{ max = 180 }} }}; {names}", key=where
        )
    name, given = next(iter(table.items()))
    check = _named(name, where)
    params = _validated(check, _table(check, plain(given), f"{where}.{name}"), f"{where}.{name}")
    canonical = params.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return CheckCall(name=name, params=cast("dict[str, object]", canonical))


def build(call: CheckCall, context: CheckContext) -> Check:
    """Make the check that measures.

    Args:
        call: as `parse` gives it.
        context: the kind of text, the sources and the attachments of the spec.

    Raises:
        SpecError: if the parameters can never be met or measured here: impossible bounds, a bad pattern or schema,
            an attachment, a program, an extra or a custom check that is missing.
    """
    params = _params(call)
    return Built(name=params.check, rule=params.rule(context), verbatim=params.verbatim)


def describe(call: CheckCall) -> str:
    """The demand as one sentence that an author can follow, such as "At most 180 words.".

    Raises:
        SpecError: if there is no such check or its parameters are of no use.
    """
    return one_line(_params(call).demand(), 2_000)


def files(call: CheckCall) -> tuple[str, ...]:
    """The names of the attachments the check needs.

    Raises:
        SpecError: if there is no such check or its parameters are of no use.
    """
    return _params(call).attached()


def runs_programs(call: CheckCall) -> bool:
    """Whether measuring it runs a program of the user's, so that the spec must be trusted first."""
    return call.name == Command.check


def _named(name: str, where: str) -> type[Params]:
    if name in _BY_NAME:
        return _BY_NAME[name]
    raise SpecError(f"there is no check {name!r}; {_nearest(name, list(_BY_NAME))}", key=f"{where}.{name}")


def _nearest(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(names)}"


def _table(check: type[Params], given: object, where: str) -> object:
    """The parameters as a table: written out, or by the one value that stands for them."""
    if given is True and not any(field.is_required() for field in check.model_fields.values()):
        return {}
    if isinstance(given, dict):
        return cast("dict[str, object]", given)
    if check.bare and not isinstance(given, bool):
        return {_written(check, check.bare): given}
    raise SpecError(f"needs its parameters in a table, as in {check.example}", key=where)


def _written(check: type[Params], name: str) -> str:
    """A parameter's name as users write it."""
    return check.model_fields[name].alias or name


def _params(call: CheckCall) -> Params:
    """The parameters of a call; the runs of a batch mostly share them."""
    check, given = _named(call.name, "check"), plain(dict(call.params))
    try:
        written = json.dumps(given)
    except TypeError:  # what has no JSON form is no parameter of any check
        return _validated(check, given, f"check.{check.check}")
    return _known(check, written)


@lru_cache(maxsize=512)
def _known(check: type[Params], written: str) -> Params:
    return _validated(check, json.loads(written), f"check.{check.check}")


def _validated(check: type[Params], given: object, where: str) -> Params:
    try:
        return check.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        steps = [str(step) for step in fault["loc"][:1]]
        places = "".join(f"[{step}]" for step in fault["loc"][1:] if isinstance(step, int))
        key = ".".join((where, *steps)) + places
        context = cast("Mapping[str, object]", fault.get("ctx", {}))
        raise SpecError(_problem(check, fault["type"], steps, context, fault["input"]), key=key) from error


_WANTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "float_type": "a number",
        "bool_type": "true or false",
        "string_type": "a text in quotes",
        "list_type": "a list",
        "dict_type": "a table",
        "finite_number": "a finite number",
    }
)


def _problem(check: type[Params], kind: str, steps: list[str], context: Mapping[str, object], given: object) -> str:
    """What is wrong with one parameter, in our words."""
    name = steps[0] if steps else ""
    shown = one_line(repr(given), 80)
    match kind:
        case "extra_forbidden":
            names = [_written(check, field) for field in check.model_fields]
            return f"there is no parameter {name!r}; " + (_nearest(name, names) if names else "it takes none")
        case "missing":
            return f"is missing; it is {_meaning(check, name)}, as in {check.example}"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"must be {context['expected']}, not {shown}"
        case "greater_than_equal" | "greater_than" | "less_than_equal":
            bound = next(iter(context.values()))
            words = {"greater_than_equal": "at least", "greater_than": "more than", "less_than_equal": "at most"}
            return f"must be {words[kind]} {bound}, not {shown}"
        case "too_short" | "string_too_short":
            return "is empty; say what is meant, or leave the parameter out"
        case _:
            return f"must be {_WANTED.get(kind, _meaning(check, name) or 'of another kind')}, not {shown}"


def _meaning(check: type[Params], written: str) -> str:
    fields = {_written(check, name): field for name, field in check.model_fields.items()}
    return (fields[written].description or "") if written in fields else ""


# The reference


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterInfo:
    """One parameter of a check, for the reference."""

    name: str
    type: str
    default: str
    """As it would stand in a spec; empty if it must be given or is off when left out."""
    required: bool
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInfo:
    """One check, for the reference."""

    name: str
    demands: str
    notes: str
    parameters: tuple[ParameterInfo, ...]
    example: str
    """A TOML value, as it stands after ``check =``."""
    bare: str
    """The parameter that may be given alone."""


def reference() -> Sequence[CheckInfo]:
    """Every check with its parameters and an example, in the order of the documentation."""
    return tuple(
        CheckInfo(
            name=check.check,
            demands=check.demands,
            notes=check.notes,
            parameters=_parameters(check),
            example=check.example,
            bare=_written(check, check.bare) if check.bare else "",
        )
        for check in _CHECKS
    )


def _parameters(check: type[Params]) -> tuple[ParameterInfo, ...]:
    schema = cast("dict[str, object]", check.model_json_schema(by_alias=True, mode="validation"))
    properties = cast("dict[str, dict[str, object]]", schema.get("properties", {}))
    return tuple(
        ParameterInfo(
            name=_written(check, name),
            type=_type(properties[_written(check, name)]),
            default="" if field.is_required() or field.default is None else json.dumps(field.default),
            required=field.is_required(),
            meaning=field.description or "",
        )
        for name, field in check.model_fields.items()
    )


_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false", "object": "table"}
)


def _type(schema: Mapping[str, object]) -> str:
    """A JSON schema's type in the words of a spec's author."""
    if "anyOf" in schema:
        options = cast("list[dict[str, object]]", schema["anyOf"])
        return " or ".join(_type(option) for option in options if option.get("type") != "null")
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in cast("list[str]", schema["enum"]))
    if schema.get("type") == "array":
        return "list of texts"
    return _TYPES[str(schema["type"])]
