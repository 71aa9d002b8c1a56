"""Commands by which a person decides: answer, amend, overrule."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import anyio
from cyclopts import App, Parameter
from rich.console import Console

from setpoint import compose
from setpoint.cli import groups
from setpoint.compose import Settings
from setpoint.compose.labelling import overruling_counts
from setpoint.ports import Ledger

__all__ = ["register"]

Deed = Callable[[Settings, Ledger], Awaitable[tuple[str, ...]]]


def register(app: App) -> None:
    """Add the commands."""
    app.command(answer, group=groups.DECIDE)
    app.command(amend, group=groups.DECIDE)
    app.command(overrule, group=groups.DECIDE)


def answer(
    run: str,
    said: Literal["yes", "no"],
    /,
    *,
    note: Annotated[
        str, Parameter(help="Why, or what is wanted instead; an author who drafts another outline reads it.")
    ] = "",
    who: str | None = None,
    ledger: str | None = None,
) -> int:
    """Answer what a run asks (see --ask); setpoint resume goes on from there.

    Parameters
    ----------
    run
        Its id, a part of it, or last.
    said
        Whether you agree.

    Note:
        Why, or what is wanted instead; an author who must draft another outline reads it.
    who
        Your name, as it is recorded; your login name by default.
    ledger
        The ledger to record in, instead of the configured one.
    """
    name = who or compose.login()
    return _record(ledger, lambda _where, kept: compose.answer(run, kept, approved=said == "yes", note=note, who=name))


def amend(
    run: str,
    spec: Path,
    /,
    *,
    why: str,
    again: Annotated[bool, Parameter(negative="")] = False,
    who: str | None = None,
    ledger: str | None = None,
) -> int:
    """Change the target of a run on purpose; every draft is measured again when it goes on.

    Budget and models of the run stay what they are.

    Parameters
    ----------
    run
        Its id, a part of it, or last.
    spec
        The spec file as it is to be from now on.
    why
        The reason; it stands in the report.
    again
        Amend a run that was amended before.
    who
        Your name, as it is recorded; your login name by default.
    ledger
        The ledger to record in, instead of the configured one.
    """
    file, name = compose.read_spec(spec), who or compose.login()
    return _record(ledger, lambda where, kept: compose.amend(run, file, where, kept, why=why, who=name, again=again))


def overrule(
    run: str,
    criterion: str,
    /,
    *,
    passes: Annotated[bool, Parameter(name="--pass", negative="--fail")],
    why: str,
    who: str | None = None,
    ledger: str | None = None,
) -> int:
    """Settle a verdict on the draft that a run returns; no reading can overturn it.

    Parameters
    ----------
    run
        Its id, a part of it, or last.
    criterion
        Its name.
    passes
        Whether the draft meets it.
    why
        The reason; for --fail, the author reads it as what to do.
    who
        Your name, as it is recorded; your login name by default.
    ledger
        The ledger to record in, instead of the configured one.
    """
    name = who or compose.login()

    async def deed(where: Settings, kept: Ledger) -> tuple[str, ...]:
        lines = await compose.overrule(run, criterion, kept, passes=passes, why=why, who=name)
        await overruling_counts(run, where, kept)
        return lines

    return _record(ledger, deed)


def _record(ledger: str | None, deed: Deed) -> int:
    """Do it in the ledger and say what came of it."""
    lines = anyio.run(partial(_in_ledger, ledger, deed))
    talk = Console(stderr=True, highlight=False)
    for line in lines:
        talk.print(line, markup=False, soft_wrap=True)
    return 0


async def _in_ledger(ledger: str | None, deed: Deed) -> tuple[str, ...]:
    where = compose.settings(ledger=ledger)
    async with compose.open_existing(where) as kept:
        return await deed(where, kept)
