"""From a spec with fields and a row to the spec of one run.

Rules of this module:
- Strict: a field without a value, or a value without a field, is an error that names row and column.
- Values are data: they are put in once, and what they hold is never looked at again, ``{{field}}`` included.
- A row decides what is written and what it must meet; never what is run, which file is read or which model is asked.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

from setpoint import checks
from setpoint.batch.rows import Row
from setpoint.compose import read_spec
from setpoint.core.draft import locked_spans
from setpoint.core.spec import CheckCall, Criterion, Skeleton, Source, Spec
from setpoint.errors import DraftError, SpecError
from setpoint.specfile import FIELD, GUARD, SpecFile, from_mapping

__all__ = ["CRITERIA", "DRAFT", "NAME", "SOURCES", "Pattern"]

NAME: Final = "id"
"""A column with a name for the row; it goes into the output and need not be a field."""
CRITERIA: Final = "criteria"
"""A column with criteria of the row's own, as the tables of a spec file."""
SOURCES: Final = "sources"
"""A column with sources of the row's own: ``{"name": …, "text": …}``."""
DRAFT: Final = "draft"
"""A column with a text that exists already."""

Fill = Callable[[str], str]


class Pattern:
    """A spec whose fields are filled in row by row.

    Args:
        file: the spec as it was read.

    Raises:
        SpecError: if a field stands where a row must not decide: a path, a program, a model, a limit.
    """

    def __init__(self, file: SpecFile) -> None:
        self.file = file
        self.fields = frozenset(name for text in _texts(file.spec) for name in FIELD.findall(text))
        for source in file.spec.sources:
            if FIELD.search(source.name):
                raise _misplaced(file, f"{source.name!r} is a path, and a row names no files", "sources")
        for criterion in (*file.spec.criteria, *file.spec.outline):
            call = criterion.check
            if call is not None and checks.runs_programs(call) and any(FIELD.search(t) for t in _strings(call.params)):
                raise _misplaced(file, f"the check of {criterion.name!r} runs a program, which no row decides")
        odd = [name for name in file.fields if name not in self.fields]
        if odd:
            raise _misplaced(file, f"{{{{{odd[0]}}}}} stands where a row decides nothing")

    def fill(self, row: Row) -> SpecFile:
        """The spec of one run; its checks are built once, so that impossible ones are found now.

        Raises:
            SpecError: if a value is missing, left over, or does not make a spec that can be used.
        """
        values = self._values(row)
        try:
            spec = _filled(self.file.spec, values) if values else self.file.spec
            spec = self._with_own(spec, row)
            return read_spec(replace(self.file, spec=spec, fields=()))
        except SpecError as error:
            if error.file == row.file:
                raise
            key = f" ({error.key})" if error.key else ""
            raise row.error(f"{error.problem}{key}") from error

    def draft(self, row: Row) -> str | None:
        """The text that exists already, if the row has one.

        Raises:
            SpecError: if it is no text, or its locks are unbalanced.
        """
        text = row.values.get(DRAFT)
        if DRAFT in self.fields or text is None or text == "":
            return None
        if not isinstance(text, str) or not text.strip():
            raise row.error("a draft is text, and not empty; leave it out to have the text written", DRAFT)
        try:
            locked_spans(text)
        except DraftError as error:
            raise row.error(str(error), DRAFT) from error
        return text

    def name(self, row: Row) -> str:
        """What the row is called; empty if it has no name."""
        value = row.values.get(NAME)
        return "" if value is None else _text(row, NAME, value)

    def _values(self, row: Row) -> Mapping[str, str]:
        missing = [name for name in sorted(self.fields) if row.values.get(name) is None]
        if missing:
            raise row.error(f"the field {{{{{missing[0]}}}}} of {self.file.path or 'the spec'} has no value")
        for column in row.values:
            if column not in self.fields and column not in {NAME, CRITERIA, SOURCES, DRAFT}:
                has = f"its fields are {', '.join(sorted(self.fields))}" if self.fields else "it has no fields"
                raise row.error(
                    f"the spec has no field {{{{{column}}}}}; {has}. Use the column in the spec, or take it out", column
                )
        return {name: _text(row, name, row.values[name]) for name in self.fields}

    def _with_own(self, spec: Spec, row: Row) -> Spec:
        """The spec with the criteria and sources that the row carries."""
        own = [] if CRITERIA in self.fields else _tables(row, CRITERIA)
        material = [] if SOURCES in self.fields else _tables(row, SOURCES)
        if not own and not material:
            return spec
        for number, table in enumerate(own, start=1):
            _harmless(row, number, table.get("check"))
        # Only what is checked by the reader of spec files is used of this: a row is held to the same rules as a file.
        stands_for = {"brief": "-", "criterion": own or [{"name": "stand-in", "says": "-"}], "sources": material}
        read = from_mapping(stands_for, checks, base=Path())
        known = set(spec.names())
        criteria = [c for c in read.spec.criteria if c.name != GUARD or c.name not in known] if own else []
        return replace(spec, criteria=(*spec.criteria, *criteria), sources=(*spec.sources, *read.spec.sources))


def _misplaced(file: SpecFile, why: str, key: str = "") -> SpecError:
    advice = "Fields may stand in the brief, in inline sources, in criteria and their checks, and in the skeleton"
    return file.place.error(f"{why}. {advice}", key)


def _tables(row: Row, column: str) -> list[Mapping[str, object]]:
    """The tables in a column; CSV has them as JSON."""
    value = row.values.get(column)
    if value is None or value == "":
        return []
    if isinstance(value, str):
        try:
            value = cast("object", json.loads(value))
        except (ValueError, RecursionError) as error:
            raise row.error(f"not JSON: {error}", column) from error
    tables = cast("list[object]", value) if isinstance(value, list) else [None]
    for table in tables:
        if not isinstance(table, dict):
            example = {
                CRITERIA: '[{"name": "short", "check": {"words": {"max": 180}}}]',
                SOURCES: '[{"name": "notes", "text": "…"}]; a row names no files',
            }
            raise row.error(f"a list of tables is wanted: {example[column]}", column)
    # Columns of Parquet have every key in every table, with nothing where there is none.
    return [{k: v for k, v in cast("dict[str, object]", table).items() if v is not None} for table in tables]


def _harmless(row: Row, number: int, check: object) -> None:
    """Refuse a check of a row that runs something or reads a file."""
    if check is None:
        return
    if not isinstance(check, dict | str):
        raise row.error("a check is a table or a name", f"{CRITERIA}[{number}].check")
    try:
        call = checks.parse(cast("dict[str, object] | str", check), where=f"{CRITERIA}[{number}].check")
    except SpecError as error:
        raise row.error(f"{error.key}: {error.problem}") from error
    if checks.runs_programs(call) or checks.files(call):
        what = "runs a program" if checks.runs_programs(call) else "reads a file"
        raise row.error(f"the check {call.name!r} {what}, which a row must not; put it into the spec", CRITERIA)


def _text(row: Row, column: str, value: object) -> str:
    """A value as it stands in the spec."""
    match value:
        case str():
            return value
        case bool() | int() | float():
            return json.dumps(value)
        case dt.date() | dt.time():
            return value.isoformat()
        case _:
            raise row.error(f"a field takes text or a number, not {type(value).__name__}", column)


def _filled(spec: Spec, values: Mapping[str, str]) -> Spec:
    def fill(text: str) -> str:
        return FIELD.sub(lambda found: values[found[1]], text) if "{{" in text else text

    def fill_pattern(text: str) -> str:
        return FIELD.sub(lambda found: _literally(values[found[1]]), text) if "{{" in text else text

    skeleton = spec.skeleton
    return replace(
        spec,
        brief=fill(spec.brief),
        sources=tuple(Source(name=source.name, text=fill(source.text)) for source in spec.sources),
        criteria=_criteria(spec.criteria, fill, fill_pattern),
        skeleton=None
        if skeleton is None
        else Skeleton(
            headings=tuple(fill(heading) for heading in skeleton.headings),
            criteria=_criteria(skeleton.criteria, fill, fill_pattern),
        ),
    )


def _criteria(criteria: Sequence[Criterion], fill: Fill, fill_pattern: Fill) -> tuple[Criterion, ...]:
    return tuple(
        replace(
            criterion,
            says=fill(criterion.says),
            check=None
            if criterion.check is None
            else CheckCall(
                name=criterion.check.name,
                params={
                    # In a pattern, too, a value stands for itself.
                    key: _mapped(value, fill_pattern if key == "regex" else fill)
                    for key, value in criterion.check.params.items()
                },
            ),
        )
        for criterion in criteria
    )


def _mapped(value: object, fill: Fill) -> object:
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, Mapping):
        return {key: _mapped(item, fill) for key, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list):
        return [_mapped(item, fill) for item in cast("list[object]", value)]
    if isinstance(value, tuple):
        return tuple(_mapped(item, fill) for item in cast("tuple[object, ...]", value))
    return value


def _texts(spec: Spec) -> Iterator[str]:
    """Every text of a spec that a row may fill in."""
    yield spec.brief
    yield from (source.text for source in spec.sources)
    yield from spec.skeleton.headings if spec.skeleton is not None else ()
    for criterion in (*spec.criteria, *spec.outline):
        yield criterion.says
        yield from _strings(criterion.check.params if criterion.check is not None else {})


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in cast("Mapping[str, object]", value).values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in cast("Sequence[object]", value):
            yield from _strings(item)


def _literally(value: str) -> str:
    """A value as a pattern that matches it alone; white space in code, since a pattern's ends are stripped of it."""
    return "".join(f"\\U{ord(one):08x}" if one.isspace() else re.escape(one) for one in value)
