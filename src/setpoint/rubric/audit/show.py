"""An audit for the terminal and for programs."""

from dataclasses import asdict
from typing import Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from setpoint.report.text import one_line
from setpoint.rubric.audit.result import Audit
from setpoint.rubric.audit.tally import Tally
from setpoint.rubric.audit.words import sentences

__all__ = ["audit_json", "audit_table", "interval", "share"]

_STYLES: Final = {"reliable": "green", "decoration": "red", "false alarms": "red"}
TOO_FEW: Final = "not enough data"


def share(tally: Tally) -> str:
    """``5 of 6``."""
    return str(tally) if tally.enough else f"{TOO_FEW} ({tally.n})"


def interval(tally: Tally) -> str:
    """``44–97 %``; empty where there are too few cases."""
    if tally.interval is None:
        return ""
    low, high = tally.interval
    return f"{low * 100:.0f}–{high * 100:.0f} %"


def audit_table(result: Audit) -> Group:
    """A row for each criterion that the critic judges, then one for each that code measures."""
    table = Table(box=None, pad_edge=False)
    table.add_column("criterion", overflow="fold", min_width=12)
    table.add_column("faults noticed", no_wrap=True)
    table.add_column("95 %", style="dim", no_wrap=True)
    table.add_column("good passed", no_wrap=True)
    table.add_column("95 %", style="dim", no_wrap=True)
    table.add_column("flips", no_wrap=True)
    dropped = any(entry.dropped for entry in result.criteria)
    if dropped:
        table.add_column("dropped", justify="right", no_wrap=True)
    table.add_column("so it is", overflow="fold", min_width=15)
    for entry in result.criteria:
        table.add_row(
            one_line(entry.name),
            _cell(entry.noticed),
            interval(entry.noticed),
            _cell(entry.passed),
            interval(entry.passed),
            share(entry.flips) if entry.flips.enough else "",
            *([str(entry.dropped or "")] if dropped else []),
            Text(entry.standing, style=_STYLES.get(entry.standing, "")),
        )
    if not result.checks:
        return Group(table)
    checks = Table(box=None, pad_edge=False)
    checks.add_column("check", overflow="fold", min_width=12)
    checks.add_column("fails when", overflow="fold")
    for check in result.checks:
        said = one_line(check.by, 60) if check.by else f"nothing in {check.tried} tries"
        last = Text(said, style="" if check.by else "red")  # it quotes the spec, which may hold what looks like markup
        checks.add_row(one_line(check.criterion), last)
    return Group(table, "", checks) if result.criteria else Group(checks)


def _cell(tally: Tally) -> str:
    """``5 of 6``, or that these are too few; short, as a terminal has 80 columns."""
    return str(tally) if tally.enough else f"too few ({tally.n})"


def audit_json(result: Audit) -> dict[str, object]:
    """The audit as plain values; shares and intervals are null where there are too few cases."""
    return {
        "critic": result.critic,
        "digest": result.digest,
        "seed": result.seed,
        "drafts": list(result.drafts),
        "complete": not result.stopped,
        "stopped": result.stopped,
        "criteria": [
            {
                "name": entry.name,
                "standing": entry.standing,
                "noticed": _tally(entry.noticed),
                "unsure": entry.unsure,
                "passed": _tally(entry.passed),
                "dropped": entry.dropped,
                "kinds": {kind: _tally(tally) for kind, tally in entry.kinds.items()},
                "confused": {name: _tally(tally) for name, tally in entry.confused.items()},
                "flips": _tally(entry.flips),
                "reordered": _tally(entry.reordered),
                "early": _tally(entry.early),
                "late": _tally(entry.late),
                "short": _tally(entry.short),
            }
            for entry in result.criteria
        ],
        "checks": [asdict(check) for check in result.checks],
        "canaries": [asdict(canary) for canary in result.canaries],
        "own_family": {"own": _tally(result.own), "others": _tally(result.others)},
        "unusable": _tally(result.unusable),
        "spent": asdict(result.spent),
        "records": [asdict(record) for record in result.records],
        "says": list(sentences(result)),
    }


def _tally(tally: Tally) -> dict[str, object]:
    low, high = tally.interval or (None, None)
    return {"hits": tally.hits, "n": tally.n, "share": tally.share, "low": low, "high": high}
