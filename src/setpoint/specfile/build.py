"""From the text of a spec to a `Spec`."""

import re
import tomllib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path, PurePath
from typing import Final, Protocol, cast

from setpoint.core.action import Role
from setpoint.core.spec import Budget, CheckCall, Criterion, Skeleton, Source, Spec
from setpoint.errors import SpecError
from setpoint.specfile.files import read_text, read_text_inside
from setpoint.specfile.lines import find_lines
from setpoint.specfile.place import Place
from setpoint.specfile.tables import BudgetTable, CriterionTable, ModelsTable, SourceTable, SpecTable, parse
from setpoint.specfile.tuning import PolicyChoice, policy_choice

__all__ = ["FIELD", "GUARD", "CheckParser", "SpecFile", "from_mapping", "load", "loads", "read_toml", "starter"]

GUARD: Final = "judgeable"
"""The check, and the name of the criterion, that stands before every critic (rule 19)."""

OUTLINE_GUARD: Final = "judgeable-outline"
STRUCTURE: Final = "skeleton"
"""The name of the criterion that fixed headings make."""

FIELD: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
"""A place that a row of a batch fills in."""
_KIND: Final = re.compile(r"[a-z][a-z0-9+#.-]*\Z")
_TOML_PLACE: Final = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)\Z")


class CheckParser(Protocol):
    """What must be known about checks to read a spec."""

    def parse(self, value: Mapping[str, object], *, where: str) -> CheckCall:
        """The check that a table such as ``{ words = { max = 180 } }`` asks for; True stands for no parameters.

        Raises:
            SpecError: if there is no such check or parameter; the key begins with ``where``.
        """
        ...

    def describe(self, call: CheckCall) -> str:
        """The demand as one sentence."""
        ...

    def files(self, call: CheckCall) -> tuple[str, ...]:
        """The names of the files that the check needs beside the draft."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecFile:
    """A spec with what its file says about how to get there.

    Args:
        spec: the target.
        budget: what a run may spend.
        models: who plays which role, as ``provider:name``; a role that is not named is missing.
        policy: which preset a run goes by, and what a person is asked.
        path: the file as the user named it; empty if there is none.
        reply_tokens: the most tokens of one author reply; None to leave it to the caller.
        fields: the names of ``{{field}}`` placeholders in the spec, in their order. A spec that has any is a
            pattern: it cannot be run before they are filled in.
        place: where it was written.
    """

    spec: Spec
    budget: Budget = field(default_factory=Budget)
    models: Mapping[Role, str] = field(default_factory=dict["Role", str])
    policy: PolicyChoice = field(default_factory=PolicyChoice)
    path: str = ""
    reply_tokens: int | None = None
    fields: tuple[str, ...] = ()
    place: Place = field(default_factory=Place, repr=False, compare=False)

    @contextmanager
    def at(self, criterion: str) -> Generator[None]:
        """Errors about a criterion's check, raised inside, name its file, line and key.

        For what is found only when a check is built: bounds that exclude each other, a program that is missing.
        """
        names = list(self.spec.names())
        outline = [c.name for c in self.spec.outline]
        above, known = ("skeleton.", outline) if criterion in outline else ("", names)
        number = known.index(criterion) + 1
        try:
            yield
        except SpecError as error:
            below = error.key.removeprefix("check").lstrip(".")
            key = ".".join(part for part in (f"{above}criterion[{number}].check", below) if part)
            raise self.place.error(error.problem, key) from error


def load(path: Path, checks: CheckParser) -> SpecFile:
    """Read a spec file.

    Args:
        path: the file; sources and attachments are found from its folder.
        checks: knows the checks.

    Raises:
        SpecError: if it cannot be used; names the file, the key, and the line where known.
    """
    place = Place(file=str(path))
    with place.at(""):
        text = read_text(path)
    return loads(text, checks, name=str(path), base=path.parent)


def loads(text: str, checks: CheckParser, *, name: str, base: Path) -> SpecFile:
    """Read the text of a spec.

    Args:
        text: TOML.
        checks: knows the checks.
        name: how the text is called in errors.
        base: the folder from which sources and attachments are found.

    Raises:
        SpecError: if it cannot be used.
    """
    if not text.strip():
        raise SpecError(f"the file is empty; `setpoint new {name}` writes an example to start from", file=name)
    data, place = read_toml(text, name)
    return _build(data, checks, place, base)


def from_mapping(data: Mapping[str, object], checks: CheckParser, *, base: Path) -> SpecFile:
    """Read a spec that a program has made: the keys of a spec file in a dict.

    Args:
        data: may hold any mappings, lists and tuples.
        checks: knows the checks.
        base: the folder from which sources and attachments are found.

    Raises:
        SpecError: if it cannot be used.
    """
    return _build(cast("Mapping[str, object]", _plain(data)), checks, Place(), base)


def starter() -> str:
    """A small commented spec file to begin with."""
    return resources.files("setpoint.specfile").joinpath("starter.toml").read_text(encoding="utf-8")


def read_toml(text: str, name: str) -> tuple[dict[str, object], Place]:
    """The values of a TOML text, and where they stand.

    Raises:
        SpecError: if it is not TOML.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _TOML_PLACE.search(str(error))
        said = _TOML_PLACE.sub("", str(error))
        line = int(found[1]) if found and found[1] else None
        where = f" at column {found[2]}" if found and found[2] else " at the end of the file" if found else ""
        raise SpecError(f"this is not valid TOML{where}: {said[:1].lower()}{said[1:]}", file=name, line=line) from error
    except RecursionError as error:
        raise SpecError("the lists or tables are nested too deeply", file=name) from error
    return data, Place(file=name, lines=find_lines(text, data))


def _build(data: Mapping[str, object], checks: CheckParser, place: Place, base: Path) -> SpecFile:
    table = parse(SpecTable, data, place)
    if not _KIND.match(table.kind):
        raise place.error(f'{table.kind!r} is not a kind; write one lower-case word, such as "markdown"', "kind")
    criteria = _criteria(table.criterion, checks, place)
    criteria += tuple(_guard(table, criteria, checks, place))
    skeleton = _skeleton(table, checks, place)
    criteria += tuple(_structure(skeleton, criteria, checks, place))
    keyed = [(f"criterion[{n}]", c) for n, c in enumerate(criteria, start=1)]
    keyed += [(f"skeleton.criterion[{n}]", c) for n, c in enumerate(skeleton.criteria if skeleton else (), start=1)]
    with place.at(""):
        spec = Spec(
            brief=table.brief,
            kind=table.kind,
            criteria=criteria,
            sources=_sources(table, place, base),
            attachments=_attachments(keyed, checks, place, base),
            skeleton=skeleton,
        )
    return SpecFile(
        spec=spec,
        budget=_budget(table.budget, place),
        models=role_models(table.models, place),
        policy=policy_choice(table.policy, place),
        path=place.file,
        reply_tokens=table.budget.reply_tokens,
        fields=tuple(dict.fromkeys(name for text in _texts(data) for name in FIELD.findall(text))),
        place=place,
    )


def _criteria(
    entries: Sequence[CriterionTable], checks: CheckParser, place: Place, above: str = ""
) -> tuple[Criterion, ...]:
    criteria: list[Criterion] = []
    for number, entry in enumerate(entries, start=1):
        key = f"{above}criterion[{number}]"
        first = next((n for n, c in enumerate(criteria, start=1) if c.name == entry.name), None)
        if first is not None:
            raise place.error(
                f"the name {entry.name!r} is taken by {above}criterion[{first}]; names must differ", f"{key}.name"
            )
        check = None if entry.check is None else _check(entry.check, checks, place, f"{key}.check")
        if not (entry.says or "").strip() and check is None:
            raise place.error(
                f"criterion {entry.name!r} has no check, so a critic judges it, and must be told what to look for:"
                ' add says = "…", or a check',
                key if entry.says is None else f"{key}.says",
            )
        with place.at(key):
            says = entry.says if entry.says and entry.says.strip() else checks.describe(cast("CheckCall", check))
            criteria.append(Criterion(name=entry.name, says=says, impact=entry.impact, core=entry.core, check=check))
    return tuple(criteria)


def _skeleton(table: SpecTable, checks: CheckParser, place: Place) -> Skeleton | None:
    """The structure that is settled first; criteria of an outline get a guard of their own (rules 10, 19)."""
    if table.skeleton is None:
        return None
    criteria = _criteria(table.skeleton.criterion, checks, place, "skeleton.")
    guarded = any(c.check is not None and c.check.name == GUARD for c in criteria)
    if table.guard and not guarded and any(c.check is None for c in criteria):
        call = checks.parse({GUARD: {}}, where=GUARD)
        criteria += (Criterion(name=OUTLINE_GUARD, says=checks.describe(call), impact=5, check=call),)
    with place.at(""):
        return Skeleton(headings=tuple(table.skeleton.headings), criteria=criteria)


def _structure(
    skeleton: Skeleton | None, criteria: tuple[Criterion, ...], checks: CheckParser, place: Place
) -> Iterator[Criterion]:
    """The criterion that measures fixed headings, so that a text which exists already is held to them, too."""
    if skeleton is None or not skeleton.headings:
        return
    number = next((n for n, c in enumerate(criteria, start=1) if c.name == STRUCTURE), None)
    if number is not None:
        raise place.error(
            f"{STRUCTURE!r} is the name of the criterion that is added for fixed headings; choose another name",
            f"criterion[{number}].name",
        )
    with place.at("skeleton.headings"):
        call = checks.parse({"headings": {"required": list(skeleton.headings)}}, where="skeleton")
    yield Criterion(name=STRUCTURE, says=checks.describe(call), impact=5, check=call)


def _check(value: object, checks: CheckParser, place: Place, key: str) -> CheckCall:
    table: object = {value: True} if isinstance(value, str) else value
    if not isinstance(table, dict):
        raise place.error(
            "a check is a table, such as { words = { max = 180 } }, or the name of one that needs no parameters", key
        )
    with place.at(key):
        return checks.parse(cast("dict[str, object]", table), where=key)


def _guard(table: SpecTable, criteria: tuple[Criterion, ...], checks: CheckParser, place: Place) -> Iterator[Criterion]:
    """The criterion that keeps empty and judge-directed texts from the critic, where there is one."""
    guarded = any(c.check is not None and c.check.name == GUARD for c in criteria)
    if guarded or not table.guard or all(c.check is not None for c in criteria):
        return
    number = next((n for n, c in enumerate(criteria, start=1) if c.name == GUARD), None)
    if number is not None:
        raise place.error(
            f"{GUARD!r} is the name of a check that is added to specs with a critic; choose another name,"
            " or set guard = false at the top of the file",
            f"criterion[{number}].name",
        )
    call = checks.parse({GUARD: {}}, where=GUARD)
    yield Criterion(name=GUARD, says=checks.describe(call), impact=5, check=call)


def _sources(table: SpecTable, place: Place, base: Path) -> tuple[Source, ...]:
    sources: list[Source] = []
    for number, entry in enumerate(table.sources):
        key = f"sources[{number + 1}]"
        if isinstance(entry, dict):
            inline = parse(SourceTable, cast("dict[str, object]", entry), place, ("sources", number))
            source = Source(name=inline.name, text=inline.text)
        elif isinstance(entry, str):
            source = _source_file(entry, key, place, base)
        else:
            raise place.error('a source is a path in quotes, or { name = "…", text = "…" }', key)
        if any(source.name == known.name for known in sources):
            raise place.error(f"the source {source.name!r} stands twice; names must differ", key)
        sources.append(source)
    return tuple(sources)


def _source_file(name: str, key: str, place: Place, base: Path) -> Source:
    if FIELD.search(name):  # a batch fills in which file it is
        return Source(name=name, text="")
    if not name or PurePath(name).is_absolute():
        raise place.error(
            f"{name!r} is not a path from the spec's folder; a spec with such a path works on other machines, too", key
        )
    with place.at(key):
        return Source(name=name, text=read_text(base / name))


def _attachments(
    criteria: Sequence[tuple[str, Criterion]], checks: CheckParser, place: Place, base: Path
) -> tuple[Source, ...]:
    """The files that checks use; the criteria come with their keys."""
    attachments: dict[str, Source] = {}
    for key, criterion in criteria:
        for name in checks.files(criterion.check) if criterion.check is not None else ():
            with place.at(f"{key}.check"):
                attachments.setdefault(name, Source(name=name, text=read_text_inside(base, name)))
    return tuple(attachments.values())


def _budget(table: BudgetTable, place: Place) -> Budget:
    if table.reply_tokens is not None and table.reply_tokens <= 0:
        raise place.error(f"reply_tokens is {table.reply_tokens}; a limit must be above 0", "budget.reply_tokens")
    with place.at("budget"):
        return Budget(passes=table.passes, tokens=table.tokens, money=table.money, seconds=table.seconds)


def role_models(table: ModelsTable, place: Place) -> dict[Role, str]:
    """The models that are named, by role.

    Raises:
        SpecError: if a name is empty.
    """
    named: dict[Role, str | None] = {
        "author": table.author,
        "critic": table.critic,
        "confirmer": table.confirmer,
    }
    for role, name in named.items():
        if name is not None and not name.strip():
            raise place.error(
                'name a model, such as "embedded:qwen2.5-coder-1.5b", or leave the key out', f"models.{role}"
            )
    return {role: name for role, name in named.items() if name is not None}


def _texts(value: object) -> Iterator[str]:
    """Every text in the spec's own file."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        inner = cast("dict[str, object]", value).values() if isinstance(value, dict) else cast("list[object]", value)
        for item in inner:
            yield from _texts(item)


def _plain(value: object) -> object:
    """With dicts for mappings and lists for tuples, as TOML would have given them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[object]", value)]
    return value
