"""What `setpoint models` lists: the catalogue, and what of it lies in the cache."""

from dataclasses import dataclass
from pathlib import Path

from setpoint.models.catalogue import catalogue
from setpoint.models.settings import ModelSettings
from setpoint.models.weights import is_verified

__all__ = ["Listed", "listing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One embedded model.

    Args:
        name: as it is named on the command line, with ``embedded:``.
        title: the model's own name.
        size: bytes to download and to keep.
        origin: where it comes from.
        licence: the licence that the upstream model card states.
        card: the address of that card.
        purpose: what it is good for.
        path: where it lies, or would lie.
        cached: whether it is there and was verified.
    """

    name: str
    title: str
    size: int
    origin: str
    licence: str
    card: str
    purpose: str
    path: Path
    cached: bool


def listing(settings: ModelSettings) -> tuple[Listed, ...]:
    """All embedded models with a short name; the first is the default."""
    return tuple(
        Listed(
            name=f"embedded:{entry.name}",
            title=entry.title,
            size=entry.size,
            origin=entry.origin,
            licence=entry.licence,
            card=entry.card,
            purpose=entry.purpose,
            path=entry.path(settings.cache),
            cached=is_verified(entry.path(settings.cache), entry.sha256),
        )
        for entry in catalogue()
    )
