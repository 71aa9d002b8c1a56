"""The command that looks ahead: estimate."""

import json as jsonlib
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from setpoint.cli import groups
from setpoint.cli.running import Casting, Limits
from setpoint.compose import Request, Settings, estimate_request, open_ledger, read_spec, settings
from setpoint.core.forecast import Outlook
from setpoint.report.outlook import outlook_json, outlook_lines

__all__ = ["register"]


def register(app: App) -> None:
    """Add the command."""
    app.command(estimate, group=groups.BEGIN)


def estimate(
    spec: Path,
    /,
    *,
    casting: Casting | None = None,
    limits: Limits | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
    ledger: str | None = None,
    probe: bool = True,
) -> int:
    """Say what a run would take: loop or not, passes, tokens, money. Makes no model call and needs no key.

    Parameters
    ----------
    spec
        The spec file.
    json
        Print JSON.
    ledger
        The ledger whose past runs are used, instead of the configured one.
    probe
        Count the planted faults that a critic who is new is tried on first.
    """
    casting, limits = casting or Casting(), limits or Limits()
    file = read_spec(spec)
    request = Request(
        spec=file,
        author=casting.author,
        critic=casting.critic,
        confirmer=casting.confirmer,
        budget=limits.budget(file.budget),
        probe=probe,
    )
    outlook = anyio.run(partial(_estimate, request, settings(ledger=ledger)))
    if json:
        sys.stdout.write(jsonlib.dumps(outlook_json(outlook), indent=2) + "\n")
        return 0
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for line in outlook_lines(outlook):
        table.add_row(line.about, line.says)
    Console(highlight=False, markup=False).print(table)
    return 0


async def _estimate(request: Request, where: Settings) -> Outlook:
    if not where.database and not where.ledger.exists():  # looking ahead leaves no file behind
        return await estimate_request(request, where, None)
    async with open_ledger(where) as kept:
        return await estimate_request(request, where, kept)
