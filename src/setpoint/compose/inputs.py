"""What the user hands in: specs and drafts, read and validated before anything is spent."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias, cast

from setpoint import checks
from setpoint.core.draft import locked_spans
from setpoint.core.spec import CheckCall, Criterion, Spec
from setpoint.errors import DraftError
from setpoint.ports import Check
from setpoint.specfile import SpecFile, from_mapping, load

__all__ = ["SpecLike", "build_checks", "commands", "guards", "read_draft", "read_spec"]

SpecLike: TypeAlias = Spec | SpecFile | Mapping[str, object] | str | Path

MAX_DRAFT_BYTES: Final = 20_000_000


def read_spec(spec: SpecLike) -> SpecFile:
    """A spec from a file, a mapping or a value; its checks are built once, so that impossible ones are found now.

    Raises:
        SpecError: if it cannot be used; names file, line and key.
    """
    match spec:
        case SpecFile():
            found = spec
        case Spec():
            found = SpecFile(spec=spec)
        case str() | Path():
            found = load(Path(spec), checks)
        case _:
            found = from_mapping(spec, checks, base=Path.cwd())
    context = _context(found.spec)
    for criterion in (c for c in (*found.spec.outline, *found.spec.criteria) if c.check is not None):
        with found.at(criterion.name):
            checks.build(cast("CheckCall", criterion.check), context)
    return found


def read_draft(file: Path) -> str:
    """A text that exists already.

    Raises:
        DraftError: if it is not there, too large, not UTF-8 text, or its locks are unbalanced.
    """
    try:
        size = file.stat().st_size
        if size > MAX_DRAFT_BYTES:
            raise DraftError(f"{file}: {size:,} bytes; a draft may have {MAX_DRAFT_BYTES:,} at the most")
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DraftError(f"{file}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise DraftError(f"{file}: cannot be read: {error.strerror}") from error
    if not text.strip():
        raise DraftError(f"{file}: the file is empty; leave --draft out to have the text written")
    try:
        locked_spans(text)
    except DraftError as error:
        raise DraftError(f"{file}: {error}") from error
    return text.replace("\r\n", "\n")


def build_checks(spec: Spec, outline: Sequence[Criterion] = ()) -> dict[str, Check]:
    """A check for each criterion that has one, those of an outline included, by criterion name.

    Raises:
        SpecError: if a check's parameters are impossible.
    """
    context = _context(spec)
    return {c.name: checks.build(c.check, context) for c in (*outline, *spec.criteria) if c.check is not None}


def _context(spec: Spec) -> checks.CheckContext:
    return checks.CheckContext(kind=spec.kind, sources=spec.sources, attachments=spec.attachments)


def commands(spec: Spec) -> tuple[str, ...]:
    """The criteria whose checks run programs, with what they run."""
    calls = [(c.name, c.check) for c in (*spec.outline, *spec.criteria) if c.check is not None]
    return tuple(f"{name}: {checks.describe(call)}" for name, call in calls if checks.runs_programs(call))


def guards(spec: Spec, outline: Sequence[Criterion] = ()) -> frozenset[str]:
    """The criteria without which a text, or the outline that a run began with, is not shown to a critic."""
    return frozenset(
        c.name
        for c in (*outline, *spec.outline, *spec.criteria)
        if c.check is not None and c.check.name in checks.GUARDS
    )
