"""Which runs a list shows: the same choice in Python, and as SQL for the ledgers that have it.

Rule: both give the same runs in the same order; the conformance test holds every ledger to that.
"""

from collections.abc import Iterable
from typing import Final

from setpoint.core.event import Event, Usage
from setpoint.ports import RunInfo, Selection

__all__ = ["ENDS", "select", "usage_of", "where"]

ENDS: Final = ("resumed", "extended", "amended", "overruled")
"""The kinds of events after which an ended run has no outcome any more."""

_NOTHING: Final = Usage()


def usage_of(event: Event) -> Usage:
    """What an event says was used; nothing for events that are no calls."""
    return getattr(event, "usage", _NOTHING)


def select(infos: Iterable[RunInfo], which: Selection) -> tuple[RunInfo, ...]:
    """The runs of a selection, in its order."""
    chosen = [info for info in infos if _fits(info, which)]
    chosen.sort(key=lambda i: (getattr(i, which.sort), i.touched, i.started, i.run), reverse=True)
    return tuple(chosen if which.limit is None else chosen[: max(0, which.limit)])


def _fits(info: RunInfo, which: Selection) -> bool:
    return (
        which.part in info.run
        and (not which.outcomes or info.outcome in which.outcomes)
        and (which.spec in info.title or info.digest.startswith(which.spec))
        and (which.since is None or info.touched >= which.since)
        and (which.before is None or info.touched < which.before)
        and (which.money is None or info.money > which.money)
        and (which.tokens is None or info.tokens > which.tokens)
    )


def where(which: Selection, *, mark: str = "?", position: str = "instr") -> tuple[str, list[str | float | int]]:
    """What follows ``FROM runs`` in a query for a selection, and its parameters.

    The table has the columns of `RunInfo`; its texts are compared by code points, as Python does.

    Args:
        which: the selection.
        mark: how the database writes a parameter.
        position: its function of (text, part) that gives 0 if the part does not stand in the text.
    """
    terms: list[str] = []
    values: list[str | float | int] = []

    def term(text: str, *given: str | float) -> None:
        terms.append(text.replace("?", mark))
        values.extend(given)

    if which.part:
        term(f"{position}(run, ?) > 0", which.part)
    if which.outcomes:
        term(f"outcome IN ({', '.join('?' * len(which.outcomes))})", *which.outcomes)
    if which.spec:
        term(f"({position}(title, ?) > 0 OR substr(digest, 1, {len(which.spec)}) = ?)", which.spec, which.spec)
    for name, operator, bound in (
        ("touched", ">=", which.since),
        ("touched", "<", which.before),
        ("money", ">", which.money),
        ("tokens", ">", which.tokens),
    ):
        if bound is not None:
            term(f"{name} {operator} ?", bound)
    order = dict.fromkeys((which.sort, "touched", "started", "run"))
    text = (f" WHERE {' AND '.join(terms)}" if terms else "") + " ORDER BY " + ", ".join(f"{n} DESC" for n in order)
    if which.limit is not None:
        text += f" LIMIT {mark}"
        values.append(max(0, which.limit))
    return text, values
