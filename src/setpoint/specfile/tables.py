"""Which keys there are, and the errors for those there are not: the tables of a spec file and of ``setpoint.toml``.

Only shapes and types are looked at here; what values mean is decided by the core and by the checks. Nothing is
converted: ``impact = true`` is not 1 and ``passes = "8"`` is not 8.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from setpoint.errors import SpecError
from setpoint.specfile.lines import dotted
from setpoint.specfile.place import Place, nearest

__all__ = [
    "BudgetTable",
    "ConfigTable",
    "CriterionTable",
    "ModelsTable",
    "PolicyTable",
    "SkeletonTable",
    "SourceTable",
    "SpecTable",
    "parse",
]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    inner: ClassVar[Mapping[str, "type[_Table]"]] = {}
    """The tables that stand in this one, by key."""


class BudgetTable(_Table):
    """``[budget]``."""

    passes: int = 8
    tokens: int | None = None
    money: float | None = None
    seconds: float | None = None
    reply_tokens: int | None = None


class ModelsTable(_Table):
    """``[models]``."""

    author: str | None = None
    critic: str | None = None
    confirmer: str | None = None


class PolicyTable(_Table):
    """``[policy]``."""

    preset: str | None = None
    ask: list[str] | None = None


class SourceTable(_Table):
    """A source that stands in the spec itself."""

    name: str
    text: str


class CriterionTable(_Table):
    """``[[criterion]]``."""

    name: str
    says: str | None = None
    impact: int = 3
    core: bool = False
    check: object = None  # a table or the name of a check; told apart later, for plainer errors


class SkeletonTable(_Table):
    """``[skeleton]``."""

    headings: list[str] = []
    criterion: list[CriterionTable] = []

    inner = {"criterion": CriterionTable}


class SpecTable(_Table):
    """A spec file."""

    brief: str
    kind: str = "text"
    guard: bool = True
    sources: list[object] = []  # a path or a table; told apart later, for plainer errors
    budget: BudgetTable = BudgetTable()
    models: ModelsTable = ModelsTable()
    policy: PolicyTable = PolicyTable()
    skeleton: SkeletonTable | None = None
    criterion: list[CriterionTable] = []

    inner = {
        "budget": BudgetTable,
        "models": ModelsTable,
        "policy": PolicyTable,
        "skeleton": SkeletonTable,
        "criterion": CriterionTable,
    }


class LedgerTable(_Table):
    """``[ledger]``."""

    path: str


class PricesTable(_Table):
    """``[prices]``."""

    file: str


class ConfigTable(_Table):
    """``setpoint.toml``."""

    models: ModelsTable = ModelsTable()
    policy: PolicyTable = PolicyTable()
    ledger: LedgerTable | None = None
    prices: PricesTable | None = None

    inner = {"models": ModelsTable, "policy": PolicyTable, "ledger": LedgerTable, "prices": PricesTable}


T = TypeVar("T", bound=_Table)

_WANTED: Final = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "dict_type": "a table",
    "model_type": "a table",
    "list_type": "a list",
}

_EXAMPLES: Final = {
    "brief": 'say what to write and for whom: brief = "…"',
    "name": 'add one: name = "…"',
    "text": 'add it: text = "…"',
    "path": 'add it: path = "runs.sqlite"',
    "file": 'add it: file = "prices.toml"',
}


def parse(table: type[T], data: Mapping[str, object], place: Place, at: Sequence[str | int] = ()) -> T:
    """The table with its keys and types checked.

    Args:
        table: what it should be.
        data: what it is.
        place: where it was written.
        at: the path of its key.

    Raises:
        SpecError: for the first thing that is wrong, by line.
    """
    try:
        return table.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        # A key that is missing may only be misspelt, and then the misspelling is what to mend.
        present = [detail for detail in details if detail["type"] != "missing"] or details
        errors = [_explain(table, detail, place, at) for detail in present]
        raise min(errors, key=lambda found: found.line or 0) from None


def _explain(table: type[_Table], detail: ErrorDetails, place: Place, at: Sequence[str | int]) -> SpecError:
    path = detail["loc"]
    key, name = dotted((*at, *path)), str(path[-1]) if path else ""
    match detail["type"]:
        case "extra_forbidden":
            problem = _unknown(name, path[:-1], table)
        case "missing":
            problem = f"{name} is missing; {_EXAMPLES[name]}"
            key = dotted((*at, *path[:-1])) or key  # it has no line of its own; its table has
        case "list_type" if name == "criterion":
            problem = f"write [[{dotted(path)}]], in double brackets, above each criterion"
        case kind if kind in _WANTED:
            problem = f"this must be {_WANTED[kind]}, not {_said(detail['input'])}"
        case _:
            problem = detail["msg"]
    return place.error(problem, key)


def _unknown(name: str, path: Sequence[str | int], root: type[_Table]) -> str:
    """What to do about a key that is not known here."""
    table = root
    for part in path:
        table = table.inner.get(str(part), table)
    names = list(table.model_fields)
    if table is not root and name in root.model_fields:
        return f"{name!r} belongs at the top of the file, above the first [table]"
    other = next((key for key, inner in root.inner.items() if inner is not table and name in inner.model_fields), "")
    if other:
        return f"{name!r} belongs under {'[[criterion]]' if other == 'criterion' else f'[{other}]'}"
    meant = nearest(name, names)
    return f"unknown key; did you mean {meant!r}?" if meant else f"unknown key; valid here: {', '.join(names)}"


def _said(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {value if len(value) < 30 else value[:29] + '…'!r}"  # noqa: PLR2004 - fits a line
        case dict():
            return "a table"
        case list():
            return f"a list of {len(cast('list[object]', value))}"
        case dt.date() | dt.time():
            return "a date or time; put it in quotes"
        case _:
            return "nothing" if value is None else str(value)
