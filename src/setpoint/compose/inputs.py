"""What the user hands in: specs and drafts, read and validated before anything is spent."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from setpoint import checks
from setpoint.core.draft import locked_spans
from setpoint.core.spec import CheckCall, Criterion, Spec
from setpoint.errors import ConfigError, DraftError
from setpoint.ports import Check
from setpoint.specfile import SpecFile, from_mapping, load

__all__ = ["NO_CHECKS", "SpecLike", "build_checks", "commands", "guards", "read_draft", "read_spec", "require_used"]

SpecLike: TypeAlias = Spec | SpecFile | Mapping[str, object] | str | Path

MAX_DRAFT_BYTES: Final = 20_000_000
NO_CHECKS: Final[Mapping[str, Check]] = MappingProxyType({})


def read_spec(spec: SpecLike, custom: Mapping[str, Check] = NO_CHECKS) -> SpecFile:
    """A spec from a file, a mapping or a value; its checks are built once, so that impossible ones are found now.

    Args:
        spec: a `Spec`, a mapping with the keys of a spec file, or the path of one.
        custom: by name, the checks that the calling program brings.

    Raises:
        SpecError: if it cannot be used; names file, line and key.
        ConfigError: if a check is brought that no criterion uses.
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
    context = _context(found.spec, custom)
    require_used(found.spec, custom)
    for criterion in (c for c in (*found.spec.outline, *found.spec.criteria) if c.check is not None):
        with found.at(criterion.name):
            checks.build(cast("CheckCall", criterion.check), context)
    return found


def read_draft(file: Path) -> str:
    """A text that exists already.

    Args:
        file: where it stands; ``-`` is standard input.

    Raises:
        DraftError: if it is not there, too large, not UTF-8 text, or its locks are unbalanced.
    """
    try:
        text = _bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DraftError(f"{file}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise DraftError(f"{file}: cannot be read: {error.strerror}") from error
    if not text.strip():
        raise DraftError(f"{file}: there is no text in it; run without --draft to have one written")
    try:
        locked_spans(text)
    except DraftError as error:
        raise DraftError(f"{file}: {error}") from error
    return text.replace("\r\n", "\n")


def _bytes(file: Path) -> bytes:
    if str(file) == "-":
        data = sys.stdin.buffer.read(MAX_DRAFT_BYTES + 1)
        size = len(data)
    else:
        size = file.stat().st_size
        data = file.read_bytes() if size <= MAX_DRAFT_BYTES else b""
    if size > MAX_DRAFT_BYTES:
        raise DraftError(f"{file}: {size:,} bytes; a draft may have {MAX_DRAFT_BYTES:,} at the most")
    return data


def require_used(spec: Spec, custom: Mapping[str, Check]) -> None:
    """Refuse a custom check that no criterion uses: its name is misspelt, or the criterion lost its check.

    Raises:
        ConfigError: if there is one.
    """
    calls = [c.check for c in (*spec.outline, *spec.criteria) if c.check is not None]
    used = [str(call.params.get("name")) for call in calls if call.name == checks.CUSTOM]
    for name in custom:
        if name not in used:
            known = f"the spec uses {', '.join(used)}" if used else "the spec uses no custom check"
            raise ConfigError(
                f"no criterion is measured by the check {name!r} that was handed in; {known}. "
                f'Give the criterion check = {{ custom = "{name}" }}, or leave the check out'
            )


def build_checks(
    spec: Spec, outline: Sequence[Criterion] = (), custom: Mapping[str, Check] = NO_CHECKS
) -> dict[str, Check]:
    """A check for each criterion that has one, those of an outline included, by criterion name.

    Raises:
        SpecError: if a check's parameters are impossible, or a custom check is missing.
    """
    context = _context(spec, custom)
    return {c.name: checks.build(c.check, context) for c in (*outline, *spec.criteria) if c.check is not None}


def _context(spec: Spec, custom: Mapping[str, Check]) -> checks.CheckContext:
    return checks.CheckContext(kind=spec.kind, sources=spec.sources, attachments=spec.attachments, custom=custom)


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
