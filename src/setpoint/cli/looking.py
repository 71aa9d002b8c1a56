"""Commands that look: check, show, report, models."""

import json as jsonlib
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import anyio
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from setpoint import checks, models
from setpoint.cli import groups
from setpoint.cli.output import write_text
from setpoint.compose import find_run, open_existing, read_spec, reading, settings
from setpoint.errors import ConfigError, DraftError
from setpoint.report import ci
from setpoint.report.html import render_html
from setpoint.report.summary import Summary, summarise, to_json
from setpoint.report.terminal import render_summary
from setpoint.report.text import clean

__all__ = ["register"]

Format = Literal["text", "json", "junit", "github"]


def register(app: App) -> None:
    """Add the commands."""
    app.command(check, group=groups.BEGIN)
    app.command(show, group=groups.LOOK)
    app.command(report, group=groups.LOOK)
    app.command(models_, name="models", group=groups.BEGIN)


def check(
    draft: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    spec: Path,
    format: Format = "text",  # noqa: A002 - the name of the flag
    critic: str | None = None,
    checks_only: Annotated[bool, Parameter(negative="")] = False,
    allow_commands: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Measure a text against a spec, without revising it. Exit code 1 if anything fails.

    Parameters
    ----------
    draft
        The text; - reads standard input.
    spec
        The spec file.
    format
        What to print.
    critic
        Judges the criteria that have no check; without it they count as not measured, and that is no pass.
    checks_only
        Leave out the criteria that need a critic.
    allow_commands
        Run the programs that the spec's checks name, without setpoint trust.
    """
    file = read_spec(spec)
    if checks_only:
        checked = file.spec.checked
        if all(criterion.check and criterion.check.name in checks.GUARDS for criterion in checked):
            raise ConfigError(f"{spec}: every criterion needs a critic, so --checks-only leaves nothing to measure")
        file = replace(file, spec=replace(file.spec, criteria=checked))
    talk = Console(stderr=True, highlight=False)
    where = settings(notice=lambda line: talk.print(line, markup=False, soft_wrap=True))
    events = anyio.run(partial(reading, file, draft, where, critic, allow_commands=allow_commands))
    summary = summarise(events)
    if not summary.outcome:  # measured and not run: there is no end to tell, and no ledger holds it
        says = "The text was measured as it stands; nothing was revised."
        summary = replace(summary, run="", outcome_title="Measured", outcome_says=says)
    match format:
        case "json":
            sys.stdout.write(jsonlib.dumps(to_json(summary), indent=2) + "\n")
        case "junit":
            sys.stdout.write(ci.junit(summary, str(draft)))
        case "github":
            sys.stdout.write(ci.github(summary, str(draft)))
        case "text":
            sys.stdout.write(ci.plain(summary))
    if summary.outcome == "machinery":
        talk.print(f"setpoint: {summary.reason}", markup=False, soft_wrap=True)
        return 3
    return 0 if all(row.status in {"pass", "carried"} for row in summary.criteria) else 1


def show(
    run: str = "last",
    /,
    *,
    draft: int | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
    ledger: str | None = None,
) -> int:
    """Show a run: how it ended on standard error, its text on standard output.

    Parameters
    ----------
    run
        Its id, a part of it, or last.
    draft
        Show this draft instead of the returned one.
    json
        Print the run as JSON instead.
    ledger
        The ledger to look in, instead of the configured one.
    """
    summary, texts = anyio.run(_load, run, ledger)
    if draft is not None and not 1 <= draft <= len(texts):
        raise DraftError(f"run {summary.run} has drafts 1 to {len(texts)}, not {draft}")
    if json:
        sys.stdout.write(_dumps(to_json(summary)))
        return 0
    if draft is None:
        render_summary(summary, Console(stderr=True, highlight=False))
    text = summary.text if draft is None else texts[draft - 1]
    # A terminal interprets what a file keeps.
    sys.stdout.write((clean(text) if sys.stdout.isatty() else text).rstrip("\n") + "\n")
    return 0


def report(
    run: str = "last",
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], allow_leading_hyphen=True)] = None,
    ledger: str | None = None,
) -> int:
    """Write the HTML report of a run.

    Parameters
    ----------
    run
        Its id, a part of it, or last.
    output
        The file; setpoint-RUN.html by default, - for standard output.
    ledger
        The ledger to look in, instead of the configured one.
    """
    summary, _ = anyio.run(_load, run, ledger)
    page = render_html(summary)
    if output is not None and str(output) == "-":
        sys.stdout.write(page)
        return 0
    file = output or Path(f"setpoint-{summary.run}.html")
    write_text(file, page)
    sys.stderr.write(f"{file}\n")
    return 0


def models_(
    *,
    fetch: Annotated[str | None, Parameter(name="--fetch")] = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """List the embedded models and the providers that can be named.

    Parameters
    ----------
    fetch
        Bring the weights of an embedded model now, such as embedded:qwen2.5-coder-1.5b.
    json
        Print JSON.
    """
    talk = Console(stderr=True, highlight=False)
    where = settings(notice=lambda line: talk.print(line, markup=False, soft_wrap=True))
    if fetch is not None:
        models.prepare(fetch, where.models)
        return 0
    listed, keys = models.listing(where.models), models.keys_in(where.models.environment)
    if json:
        known = [{"name": m.name, "bytes": m.size, "licence": m.licence, "here": m.cached} for m in listed]
        sys.stdout.write(_dumps({"embedded": known, "providers": models.provider_names(), "keys_seen": keys}))
        return 0
    table = Table(box=None, pad_edge=False)
    for heading in ("model", "size", "licence", "here"):
        table.add_column(heading)
    for model in listed:
        table.add_row(model.name, f"{model.size / 1e6:,.0f} MB", model.licence, "yes" if model.cached else "no")
    out = Console(highlight=False, markup=False)
    out.print(table)
    out.print()
    out.print("Also: embedded:FILE.gguf, embedded:hf:ORG/REPO/FILE.gguf, and")
    out.print(", ".join(f"{provider}:NAME" for provider in models.provider_names() if provider != "embedded"))
    if keys:
        out.print(f"Keys seen in the environment, used only when a model is named: {', '.join(keys)}")
    return 0


async def _load(name: str, ledger: str | None) -> tuple[Summary, list[str]]:
    async with open_existing(settings(ledger=ledger)) as kept:
        events = await kept.replay(await find_run(name, kept))
    texts = [recorded.event.text for recorded in events if recorded.event.kind == "drafted"]
    return summarise(events), texts


def _dumps(value: object) -> str:
    return jsonlib.dumps(value, indent=2) + "\n"
