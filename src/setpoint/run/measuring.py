"""Running the checks on a draft: code before critics (rule 3)."""

from collections.abc import Mapping, Sequence

import anyio.from_thread
import anyio.to_thread

from setpoint.core.draft import folded, unmarked
from setpoint.core.event import Measured
from setpoint.core.fault import Verdict
from setpoint.core.record import DraftState
from setpoint.core.spec import Criterion
from setpoint.core.state import State
from setpoint.ports import Check, Finding
from setpoint.run.crew import Crew

__all__ = ["measure", "measure_draft"]


async def measure_draft(state: State, number: int, crew: Crew) -> Measured:
    """Run every check on a draft."""
    draft = state.draft(number)
    verdicts = await measure(state.criteria(draft), draft.draft.text, crew.checks, crew.guards)
    known = {verdict.criterion for verdict in verdicts}
    unproven = tuple(v for v in _unproven_claims(state, draft) if v.criterion not in known)
    return Measured(draft=number, verdicts=(*verdicts, *unproven))


def _unproven_claims(state: State, draft: DraftState) -> tuple[Verdict, ...]:
    """The promoted criteria for which the author cites what does not stand in its text (rule 12).

    Code sees that without any critic: they fail before one is paid. An author that cites nothing has not followed the
    form; that is no evidence against its text, which is then read like any other.
    """
    text = folded(draft.draft.text)
    verdicts: list[Verdict] = []
    for criterion in state.judged(draft):
        quote = folded(draft.draft.evidence.get(criterion.name, ""))
        if criterion.name in state.promoted and quote and quote not in text:
            verdicts.append(
                Verdict(
                    criterion=criterion.name,
                    status="fail",
                    reason="the author's own check cites a passage that does not stand in the text",
                    directive=f"make this true and quote the passage that shows it: {criterion.says}",
                    shortfall=1.0,
                )
            )
    return tuple(verdicts)


async def measure(
    criteria: tuple[Criterion, ...], text: str, checks: Mapping[str, Check], guards: frozenset[str] = frozenset()
) -> tuple[Verdict, ...]:
    """The verdicts of all checks on a text.

    If a guard fails, the criteria that a critic would judge fail with it: the text is not shown to any critic.
    """
    checked = [criterion for criterion in criteria if criterion.check is not None]
    built = [checks[criterion.name] for criterion in checked]
    findings = await anyio.to_thread.run_sync(_measure_all, built, unmarked(text)) if built else []
    verdicts = [_verdict(criterion, finding) for criterion, finding in zip(checked, findings, strict=True)]
    tripped = next((v for v in verdicts if v.criterion in guards and v.status != "pass"), None)
    if tripped is not None:
        verdicts += [
            Verdict(
                criterion=criterion.name,
                status="fail",
                reason=f"not shown to a critic, because {tripped.criterion!r} failed",
                directive=tripped.directive,
                lines=tripped.lines,
                shortfall=1.0,
                root=tripped.criterion,
            )
            for criterion in criteria
            if criterion.check is None
        ]
    return tuple(verdicts)


def _measure_all(checks: Sequence[Check], text: str) -> list[Finding]:
    """Every check in one trip to a thread; a cancelled run waits for the check in progress and no other."""
    findings: list[Finding] = []
    for check in checks:
        anyio.from_thread.check_cancelled()
        findings.append(_measure_one(check, text))
    return findings


def _measure_one(check: Check, text: str) -> Finding:
    try:
        return check.measure(text)
    except Exception as error:  # noqa: BLE001 - a check that breaks its contract must not pass, nor end a paid-for run
        return Finding(passed=None, message=f"the check itself failed: {type(error).__name__}: {error}")


def _verdict(criterion: Criterion, finding: Finding) -> Verdict:
    if finding.passed:
        return Verdict(criterion=criterion.name, status="pass", reason=finding.message, lines=finding.lines)
    return Verdict(
        criterion=criterion.name,
        status="cannot_assess" if finding.passed is None else "fail",
        reason=finding.message,
        directive=finding.message,
        lines=finding.lines,
        shortfall=1.0 if finding.passed is None else min(1.0, max(0.0, finding.shortfall)),
        root=finding.root or criterion.name,
    )
