"""What an audit says, in plain sentences: for somebody who wants to know which criteria to change."""

from collections.abc import Iterator
from typing import Final

from setpoint.report.text import plural
from setpoint.rubric.audit.result import Audit, CriterionAudit
from setpoint.rubric.audit.tally import ENOUGH, Tally

__all__ = ["FEW_DRAFTS", "sentences"]

_OFTEN: Final = 0.5
FEW_DRAFTS: Final = 3
"""With fewer good texts than this, the shares are about these texts more than about the criteria."""


def sentences(result: Audit) -> tuple[str, ...]:
    """What to know, the worst first."""
    said = [line for entry in sorted(result.criteria, key=_urgency) for line in _about(entry)]
    said += _about_checks(result)
    said += _about_canaries(result)
    said += _about_all(result)
    if result.stopped:
        said.append(f"The audit is not complete: {result.stopped}. The same command goes on where it ended.")
    return tuple(said)


def _urgency(entry: CriterionAudit) -> int:
    return ("decoration", "false alarms", "unsettled", "not enough data", "reliable").index(entry.standing)


def _about(entry: CriterionAudit) -> Iterator[str]:
    name = f"`{entry.name}`"
    match entry.standing:
        case "decoration":
            yield (
                f"{name} is decoration: planted faults were noticed in {entry.noticed}. Say what must stand in the text, "
                "give it a check, or name another critic."
            )
        case "false alarms":
            yield (
                f"{name} cries wolf: good texts passed in {entry.passed} readings. If the texts are good, say more exactly "
                "what is demanded; authors are sent after faults that are not there."
            )
        case "unsettled":
            yield (
                f"{name} is not settled: planted faults were noticed in {entry.noticed}, good texts passed in "
                f"{entry.passed} readings. More drafts or a higher --planted would tell."
            )
        case "not enough data":
            yield f"{name}: not enough data. {_lacking(entry)}"
        case "reliable":
            yield (
                f"{name} can be relied on: planted faults were noticed in {entry.noticed}, good texts passed in "
                f"{entry.passed} readings."
            )
    for other, tally in entry.confused.items():
        if tally.enough and tally.hits >= _OFTEN * tally.n:
            yield f"{name} is confused with `{other}`: for faults planted in {name}, `{other}` failed in {tally}."
    if entry.flips.enough and entry.flips.hits:
        yield f"{name} wavers: {entry.flips} further readings of an unchanged text gave another verdict."


def _lacking(entry: CriterionAudit) -> str:
    parts: list[str] = []
    if not entry.noticed.enough:
        dropped = f" ({entry.dropped} more could not be confirmed)" if entry.dropped else ""
        parts.append(f"{plural(entry.noticed.n, 'planted fault')} could be read{dropped}, {ENOUGH} are needed")
    if not entry.passed.enough:
        parts.append(f"{plural(entry.passed.n, 'reading')} of good texts, {ENOUGH} are needed")
    return "; ".join(parts).capitalize() + "."


def _about_checks(result: Audit) -> Iterator[str]:
    never = [entry for entry in result.checks if not entry.by]
    for entry in never:
        yield (
            f"`{entry.criterion}` did not fail for any of {plural(entry.tried, 'changed text')}: see that its check can "
            "fail at all."
        )
    if (fine := len(result.checks) - len(never)) and not never:
        yield f"{'The check' if fine == 1 else f'All {fine} checks'} can fail: a changed text was found for each."


def _about_canaries(result: Audit) -> Iterator[str]:
    if not result.canaries:
        return
    loose = [canary for canary in result.canaries if canary.caught in {"nobody", "check"}]
    guarded = sum(canary.caught == "guard" for canary in result.canaries)
    held = len(result.canaries) - len(loose)
    yield (
        f"Of {len(result.canaries)} texts that must never pass, {held} were stopped: {guarded} by code before any critic, "
        f"{held - guarded} by the critic."
    )
    for canary in loose:
        also = f"; only the check `{canary.by}` failed it" if canary.caught == "check" else ""
        yield f"The critic passed “{canary.name}” on every criterion{also}."


def _about_all(result: Audit) -> Iterator[str]:
    early, late, short = (_sum(result, place) for place in ("early", "late", "short"))
    if late.enough and early.enough and short.enough:
        yield (
            f"Length and place: of the same planted faults, {short} were noticed in the text as it is, {early} at the "
            f"beginning of a longer text, {late} at its end."
        )
    reordered, flips = _sum(result, "reordered"), _sum(result, "flips")
    if reordered.enough:
        usual = f"; {flips} changed without any reason" if flips.enough else ""
        yield f"Order: {reordered} verdicts changed when the criteria came in reverse order{usual}."
    if result.own.n and result.others.n:
        if result.own.enough and result.others.enough:
            yield (
                f"Own family: it noticed {result.own} faults that a model of its own family had planted, and "
                f"{result.others} that another had."
            )
        else:
            yield (
                f"Own family: not enough data ({result.own.n} faults planted by its own family and {result.others.n} by "
                f"another were read, {ENOUGH} of each are needed)."
            )
    if result.unusable.hits:
        yield f"{result.unusable} replies of the critic could not be used; they count neither for nor against it."
    if result.criteria and len(result.drafts) < FEW_DRAFTS:
        yield (
            f"All of this rests on {plural(len(result.drafts), 'good text')}: it says how the critic does on texts like "
            "that. Give more with --draft."
        )


def _sum(result: Audit, which: str) -> Tally:
    total = Tally()
    for entry in result.criteria:
        tally = getattr(entry, which)
        assert isinstance(tally, Tally)  # noqa: S101 - the names are those above
        total = total + tally
    return total
