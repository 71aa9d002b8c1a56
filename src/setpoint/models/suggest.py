"""The nearest valid name, for messages about a wrong one."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process

__all__ = ["nearest"]

_ALIKE = 60.0


def nearest(wrong: str, valid: Iterable[str]) -> str:
    """A sentence that proposes the closest valid name, led by a space; empty if none is close."""
    found = process.extractOne(wrong, list(valid), scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return f" Did you mean {found[0]!r}?" if found else ""
