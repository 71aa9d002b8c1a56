"""The command that tests the tests: audit."""

import json as jsonlib
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
from cyclopts import App, Parameter
from rich.console import Console

from setpoint.cli import groups
from setpoint.cli.amounts import count, number
from setpoint.cli.running import write_text
from setpoint.compose import AuditRequest, PreparedAudit, audit_spec, prepare_audit, remember_audit, run_audit, settings
from setpoint.errors import ConfigError
from setpoint.report.text import dollars, plural
from setpoint.rubric.audit import Audit, Limits, audit_html, audit_json, audit_table, sentences

__all__ = ["register"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Tries:
    """What is tried."""

    planted: int = 10
    """Faults for each criterion that the critic judges."""
    readings: int = 5
    """How often each good text is read as it is."""
    only: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    """Plant faults for this criterion only; may be given several times."""
    canaries: bool = True
    """Try texts that must never pass."""
    seed: int = 0
    """Draws what is drawn."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Caps:
    """The most that may be spent, earlier parts of the same audit included."""

    tokens: str | None = None
    """Tokens of all calls, such as 200k."""
    money: str | None = None
    """US dollars."""
    calls: str | None = None
    """Model calls."""
    dry_run: Annotated[bool, Parameter(negative="")] = False
    """Say what it would take, and stop."""
    ask_above: str | None = None
    """Ask first if it may cost more: US dollars (1 by default)."""
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="")] = False
    """Do not ask."""

    def limits(self) -> Limits:
        """The limits as they were written."""
        tokens, calls = count("--tokens", self.tokens), count("--calls", self.calls)
        money = number("--money", self.money)
        for flag, amount in {"--tokens": tokens, "--money": money, "--calls": calls}.items():
            if amount is not None and amount <= 0:
                raise ConfigError(f"{flag} is {amount}; a limit must be above 0")
        return Limits(tokens=tokens, money=money, calls=calls)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Shown:
    """Where the result goes."""

    report: Path | None = None
    """Write the HTML page here."""
    json: Annotated[bool, Parameter(negative="")] = False
    """Print JSON instead of the table."""
    record: Path | None = None
    """Keep what was paid for here, instead of beside the ledger; the same command goes on from it."""
    ledger: Path | None = None
    """The ledger whose accepted runs are used, instead of the configured one."""


def register(app: App) -> None:
    """Add the command."""
    app.command(audit, group=groups.CRITICS)


def audit(
    spec: str,
    /,
    *,
    draft: Annotated[tuple[Path, ...], Parameter(negative="")] = (),
    critic: str | None = None,
    planter: str | None = None,
    tries: Tries | None = None,
    caps: Caps | None = None,
    shown: Shown | None = None,
    allow_commands: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Plant faults in good texts, and measure which of them the critic notices. Stopped, the same command goes on.

    Exit code 0: nothing speaks against the rubric; 1: a criterion is decoration or cries wolf, a text that must never
    pass has passed, or the audit is not complete.

    Parameters
    ----------
    spec
        The spec file, or the name of a spec of the gallery.
    draft
        A good text, which meets every criterion; may be given several times. By default: the texts of accepted runs of
        this spec, or the example that came with it from the gallery.
    critic
        Who is audited, as PROVIDER:NAME; by default whom the spec or setpoint.toml names.
    planter
        A second model: each of the two confirms what the other has planted, and favour for its own family shows.
    """
    tries, caps, shown = tries or Tries(), caps or Caps(), shown or Shown()
    talk = Console(stderr=True, highlight=False)
    where = settings(ledger=shown.ledger, notice=lambda line: talk.print(line, markup=False, soft_wrap=True))
    request = AuditRequest(
        spec=audit_spec(spec),
        drafts=draft,
        critic=critic,
        planter=planter,
        planted=tries.planted,
        readings=tries.readings,
        only=tries.only,
        with_canaries=tries.canaries,
        seed=tries.seed,
        limits=caps.limits(),
        allow_commands=allow_commands,
        record=shown.record,
    )
    prepared = anyio.run(prepare_audit, request, where)
    _announce(prepared, talk)
    if caps.dry_run or not _agreed(prepared, caps, talk):
        return 0 if caps.dry_run else 1
    with talk.status("starting") as status:
        found = anyio.run(partial(run_audit, prepared, status.update))
    remember_audit(found, prepared, where)
    if shown.report is not None:
        write_text(shown.report, audit_html(found, Path(spec).stem))
    _print(found, prepared, talk, json=shown.json)
    bad = any(entry.standing in {"decoration", "false alarms"} for entry in found.criteria)
    loose = any(canary.caught == "nobody" for canary in found.canaries) or any(not check.by for check in found.checks)
    return 1 if bad or loose or found.stopped else 0


def _announce(prepared: PreparedAudit, talk: Console) -> None:
    """What will be tried, and its price."""
    plan, price = prepared.plan, prepared.price
    money = (
        "price not known"
        if price.money is None
        else f"about {dollars(price.money)}, at most {dollars(price.most_money or 0)}"
    )
    amount = f"about {price.tokens:,} tokens, at most {price.most_tokens:,}; {money}"
    calls = f"at most {plural(price.calls, 'call')} ({price.readings} readings, {price.planting} to plant and confirm)"
    lines = [
        f"good texts: {plural(len(plan.drafts), 'text')} ({prepared.source})",
        *(f"left out: {line}" for line in prepared.left_out),
        f"critic: {plan.critic.model}; {len(plan.judged)} of {plural(len(plan.spec.criteria), 'criterion')} are judged by it",
        f"{calls}, {amount}",
    ]
    for line in lines:
        talk.print(line, markup=False, soft_wrap=True)


def _agreed(prepared: PreparedAudit, caps: Caps, talk: Console) -> bool:
    """Whether the user wants to spend that much."""
    limit = number("--ask-above", caps.ask_above)
    limit = 1.0 if limit is None else limit
    most = prepared.price.most_money
    if caps.yes or (most is not None and min(most, prepared.limits.money or most) <= limit):
        return True
    why = "its price is not known" if most is None else f"it may cost more than {dollars(limit)}"
    if not sys.stdin.isatty():
        raise ConfigError(f"{why}, and nobody can be asked here; add --yes, or raise --ask-above")
    talk.print(f"{why[:1].upper()}{why[1:]}. Start? [y/N] ", end="", markup=False)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _print(found: Audit, prepared: PreparedAudit, talk: Console, *, json: bool) -> None:
    if json:
        sys.stdout.write(jsonlib.dumps(audit_json(found), indent=2) + "\n")
    else:
        page = Console(highlight=False)
        page.print(audit_table(found))
        page.print()
        for line in sentences(found):
            page.print(f"- {line}", markup=False, soft_wrap=True)
    spent = found.spent
    earlier = f", {spent.recalled} of them earlier" if spent.recalled else ""
    unknown = f"; the price of {plural(spent.unpriced, 'call')} is not known" if spent.unpriced else ""
    talk.print(
        f"{plural(spent.calls, 'call')}{earlier}, {spent.tokens:,} tokens, {dollars(spent.money)}{unknown}; kept in "
        f"{prepared.file}",
        markup=False,
        soft_wrap=True,
    )
