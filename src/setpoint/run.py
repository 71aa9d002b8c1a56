"""The only loop: decide, reserve, perform, append, evolve.

What happens next is decided by `core.control.decide`; this module only does it, one action at a time, and records
what came of it before anything else happens. A run that is cut anywhere goes on from its ledger: at most the call
that was in flight is made again.
"""

import contextlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import anyio
import anyio.from_thread
import anyio.to_thread

from setpoint.core.action import (
    Ask,
    Call,
    Contradict,
    Freeze,
    Judge,
    LockOutline,
    Measure,
    Mediate,
    Outcome,
    Prefer,
    Probe,
    Promote,
    Reask,
    Restart,
    Revise,
    Role,
    SetAside,
    Stop,
    Thaw,
    Write,
)
from setpoint.core.control import Strength, decide, faults, strength
from setpoint.core.cost import reservation
from setpoint.core.draft import broken_locks, broken_skeleton, degeneracy, layout, locked_spans, unmarked
from setpoint.core.event import (
    Amended,
    Answered,
    CallFailed,
    Cancelled,
    Completion,
    Drafted,
    Event,
    Extended,
    Measured,
    MoveFailed,
    MoveFailure,
    Opened,
    Overruled,
    Recorded,
    Requested,
    Resumed,
    Stopped,
    Usage,
)
from setpoint.core.fault import Fault, Verdict
from setpoint.core.policy import Policy
from setpoint.core.spec import Criterion, Spec
from setpoint.core.state import DraftState, Spent, State, begin, evolve, fold
from setpoint.errors import LedgerConflict, LedgerError, ModelError, RunNotFound, UsageError
from setpoint.ports import Author, Check, Critic, Finding, Ledger, Mediator, Person

__all__ = ["Crew", "OnEvent", "Result", "Run", "measure", "question_of"]

OnEvent = Callable[[Recorded], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """The parts a run works with.

    Args:
        author: writes and revises.
        critics: by role; needed where the spec has criteria without a check.
        checks: by criterion name, one for each criterion that has a check.
        mediator: looks for what competes with a stubborn criterion, if there is one.
        person: answers what the policy asks a person; without one, a run that has a question waits.
        guards: criteria whose failure means that the text must not be shown to a critic (rule 19).
        clock: seconds, for how long calls take.
    """

    author: Author
    checks: Mapping[str, Check]
    critics: Mapping[Role, Critic] = field(default_factory=dict["Role", "Critic"])
    mediator: Mediator | None = None
    person: Person | None = None
    guards: frozenset[str] = frozenset()
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a run ended.

    Args:
        run: its id in the ledger.
        text: the best draft, whatever the outcome; empty only if no draft was ever written.
        outcome: one of the named ends; None if the run was cut off.
        reason: why it stopped, in one sentence.
        strength: what an acceptance rests on.
        verdicts: the settled verdict of each criterion on the returned draft.
        faults: what is still open, as directives.
        draft: the number of the returned draft; None without one.
        passes: passes used.
        spent: calls, tokens, money.
        wishes: what critics asked for that no criterion demands.
        set_aside: criterion → why it is no longer targeted.
        question: what the run waits for a person to decide; None if it does not.
    """

    run: str
    text: str
    outcome: Outcome | None
    reason: str
    strength: Strength
    verdicts: Mapping[str, Verdict]
    faults: tuple[Fault, ...]
    draft: int | None
    passes: int
    spent: Spent
    wishes: tuple[str, ...]
    set_aside: Mapping[str, str]
    question: Ask | None = None

    @property
    def accepted(self) -> bool:
        """Whether every criterion passed and was confirmed."""
        return self.outcome == "accepted"


@dataclass(slots=True, kw_only=True)
class Run:
    """One run in progress: its state, and the ledger it is written to."""

    id: str
    ledger: Ledger
    state: State
    length: int
    """Events stored so far."""
    on_event: OnEvent | None = None

    @classmethod
    async def open(cls, run: str, opened: Opened, ledger: Ledger, on_event: OnEvent | None = None) -> "Run":
        """Begin a run.

        Raises:
            DraftError: if the given text has unbalanced lock markers.
            LedgerError: if it cannot be stored.
        """
        locked_spans(opened.given or "")
        recorded = await ledger.append(run, 0, opened.spec.digest, opened)
        self = cls(id=run, ledger=ledger, state=begin(recorded), length=1, on_event=on_event)
        self._tell(recorded)
        if opened.given is not None:
            await self.record(Drafted(call=None, text=opened.given, origin="given"))
        return self

    @classmethod
    async def take_up(cls, run: str, ledger: Ledger, on_event: OnEvent | None = None) -> "Run":
        """Load a run as it stands; nothing is recorded yet, and ``on_event`` hears of new events only.

        Raises:
            RunNotFound: if the ledger has no such run.
        """
        events = await ledger.replay(run)
        return cls(id=run, ledger=ledger, state=fold(events), length=len(events), on_event=on_event)

    async def resume(self, policy: Policy | None = None) -> None:
        """Go on after an interruption; an ended run stays ended unless it was cancelled or lost its machinery.

        Args:
            policy: the tuning from here on; None to keep what it was.

        Raises:
            UsageError: if another policy is wanted for a run that stays ended.
        """
        stopped = self.state.stopped
        if stopped is None or stopped.outcome in {"cancelled", "machinery"}:
            await self.record(Resumed(policy=policy))
        elif policy is not None:
            raise UsageError(
                f"run {self.id} has ended as {stopped.outcome}; to go on by another policy: setpoint continue {self.id}"
            )
        given = self.state.opened.given
        if given is not None and not self.state.drafts:  # cut between the first two events
            await self.record(Drafted(call=None, text=given, origin="given"))

    async def extend(self, extended: Extended) -> None:
        """Add to the budget; an ended run goes on."""
        await self.record(extended)

    async def answer(self, answer: Answered) -> None:
        """Record a person's answer to what the run waits for (rule 20)."""
        await self.record(answer)

    async def overrule(self, criterion: str, *, passes: bool, who: str, why: str) -> None:
        """Settle a verdict on the draft that the run would return (rule 20); an ended run may go on from there.

        Raises:
            UsageError: if there is no draft yet, or no such criterion.
        """
        shown = _returned(self.state)
        if shown is None:
            raise UsageError("there is no draft yet whose verdict could be overruled")
        names = [c.name for c in self.state.criteria(shown)]
        if criterion not in names:
            raise UsageError(f"there is no criterion {criterion!r}; the spec has: {', '.join(names)}")
        await self.record(Overruled(draft=shown.number, criterion=criterion, passes=passes, who=who, why=why))

    async def amend(self, spec: Spec, *, who: str, why: str, again: bool = False) -> None:
        """Change the target on purpose (rule 1); everything is measured again.

        Raises:
            UsageError: if the spec is the same, or if it was amended before and ``again`` is not set.
        """
        state = self.state
        if spec.digest == state.spec.digest:
            raise UsageError("the spec is the one that the run has already; nothing was amended")
        if state.amendments and not again:
            raise UsageError(
                f"the spec of this run was amended before ({state.amendments[-1].why!r}). A target that keeps moving is "
                "the commonest reason why loops do not converge; if it must be, say so with --again"
            )
        await self.record(Amended(spec=spec, who=who, why=why, old=state.spec.digest, new=spec.digest))

    async def cancel(self, why: str) -> None:
        """End the run now; its best draft is what it returns.

        Another process may be driving it: that one finds out at the next event that it wants to store, and stops.

        Raises:
            LedgerConflict: if the run has gone on meanwhile; take it up again to try again.
        """
        if not self.state.cancelled:
            await self._keep(Cancelled(why=why))
        if self.state.stopped is None:
            rule, action = decide(self.state)
            assert isinstance(action, Stop)  # noqa: S101 - a cancelled run has no other action
            await self._stop(rule, action)

    async def record(self, event: Event) -> None:
        """Store an event, then let it change the state."""
        with anyio.CancelScope(shield=True):  # stored and known here, or neither
            recorded = await self.ledger.append(self.id, self.length, self.state.spec.digest, event)
            self.length += 1
            self.state = evolve(self.state, recorded)
            self._tell(recorded)

    async def drive(self, crew: Crew) -> Result:
        """Loop until the law says stop.

        Cancelling the task leaves the run as a killed process would: it can be resumed.

        If another process cancels the run, it ends here at the next event, and what was paid for is kept.

        Raises:
            LedgerConflict: if another process has taken the run up.
            LedgerError: if an event cannot be stored. ``unsaved`` then holds the text that was paid for.
        """
        while self.state.stopped is None:
            rule, action = decide(self.state)
            match action:
                case Stop():
                    await self._stop(rule, action)
                case SetAside() | Prefer() | Promote() | Freeze() | Thaw() | Contradict() | Restart() | LockOutline():
                    await self._keep(action)
                case Ask():
                    answered = await crew.person.answer(action) if crew.person is not None else None
                    if answered is None:
                        return self.result()  # the question stands until it is answered
                    await self._keep(answered)
                case Measure():
                    await self._keep(await measure_draft(self.state, action.draft, crew))
                case _:
                    await self._call(rule, action, crew)
        return self.result()

    def result(self) -> Result:
        """The run as it stands, for the caller."""
        state = self.state
        shown = _returned(state)
        return Result(
            run=self.id,
            text=shown.draft.text if shown else "",
            outcome=state.stopped.outcome if state.stopped else None,
            reason=state.stopped.reason if state.stopped else _waiting(state),
            question=question_of(state),
            strength=strength(state),
            verdicts=shown.verdicts() if shown else {},
            faults=faults(state, shown) if shown else (),
            draft=shown.number if shown else None,
            passes=len(state.passes),
            spent=state.spent,
            wishes=state.wishes,
            set_aside=dict(state.set_aside),
        )

    def _tell(self, recorded: Recorded) -> None:
        if self.on_event is not None:
            self.on_event(recorded)

    async def _stop(self, rule: str, stop: Stop) -> None:
        shown = _returned(self.state)
        best = shown.number if shown else None
        await self._keep(Stopped(outcome=stop.outcome, rule=rule, reason=stop.reason, best=best))

    async def _keep(self, event: Event) -> None:
        """Store an event of the loop, unless the run was cancelled from elsewhere: then only what was paid for.

        Raises:
            LedgerConflict: if another process has done anything else to the run.
        """
        while True:
            try:
                return await self.record(event)
            except LedgerConflict:
                news = await self._cancelled_elsewhere()
                if not news and self.state.stopped is None:
                    raise
                if not news or not isinstance(event, Completion):
                    return None

    async def _cancelled_elsewhere(self) -> bool:
        """Take in what another process has stored, if that is a cancellation and nothing else."""
        try:
            news = (await self.ledger.replay(self.id))[self.length :]
        except RunNotFound:  # cancelled, and deleted since
            return False
        if not news or not all(_cancels(recorded.event) for recorded in news):
            return False
        for recorded in news:
            self.length += 1
            self.state = evolve(self.state, recorded)
            self._tell(recorded)
        return True

    async def _call(self, rule: str, action: Call, crew: Crew) -> None:
        call = self.state.calls + 1
        role = role_of(action)
        reserved = reservation(self.state, action)
        await self._keep(
            Requested(call=call, role=role, rule=rule, action=action, tokens=reserved.tokens, money=reserved.money)
        )
        if self.state.pending is None:
            return  # cancelled before it was asked for
        event = await _perform(call, role, action, self.state, crew)
        try:
            await self._keep(event)
        except LedgerError as error:
            if isinstance(event, Drafted):
                error.unsaved = event.text
            raise


def _cancels(event: Event) -> bool:
    return isinstance(event, Cancelled) or (isinstance(event, Stopped) and event.outcome == "cancelled")


def question_of(state: State) -> Ask | None:
    """What the run waits for a person to decide; None if it does not."""
    if state.stopped is not None or state.pending is not None:
        return None
    action = decide(state).action
    return action if isinstance(action, Ask) else None


def _waiting(state: State) -> str:
    question = question_of(state)
    return f"waiting for a person: {question.question}" if question is not None else "the run has not ended"


def _returned(state: State) -> DraftState | None:
    """The best draft with a full reading, or the latest there is."""
    return state.best or state.latest


def role_of(action: Call) -> Role:
    """Who carries out a call."""
    if isinstance(action, Mediate):
        return "mediator"
    return action.role if isinstance(action, Judge | Probe) else "author"


async def _perform(call: int, role: Role, action: Call, state: State, crew: Crew) -> Completion:
    """Make one call; a model that cannot be used is an event, not an exception."""
    began = crew.clock()
    limit = state.budget.seconds
    left = None if limit is None else max(0.0, limit - state.elapsed)
    event: Completion
    try:
        with anyio.fail_after(left) if left is not None else contextlib.nullcontext():
            event = await _ask(call, role, action, state, crew)
    except ModelError as error:
        event = CallFailed(call=call, role=role, why=error.kind, detail=str(error))
    except TimeoutError:
        # The provider may bill what it had done: count the worst case.
        worst = reservation(state, action)
        usage = Usage(input=worst.tokens, money=worst.money, estimated=True)
        event = CallFailed(call=call, role=role, why="out_of_time", detail="the time budget ran out", usage=usage)
    usage = replace(event.usage, seconds=round(crew.clock() - began, 3))
    return replace(event, usage=usage)


async def _ask(call: int, role: Role, action: Call, state: State, crew: Crew) -> Completion:
    match action:
        case Write() | Revise() | Reask():
            return admit(state, await crew.author.perform(call, action, state))
        case Judge():
            return await crew.critics[role].perform(call, action, state)
        case Probe():
            return await crew.critics[role].probe(call, action, state)
        case Mediate():
            if crew.mediator is None:
                raise ModelError("no mediator was given", kind="rejected")
            return await crew.mediator.perform(call, action, state)


def admit(state: State, event: Completion) -> Completion:
    """Let a new text in as a draft, or say why it is a failed move (rules 3, 9, 19).

    This is where locks are held, whatever the author is and whatever its prompt said.
    """
    if not isinstance(event, Drafted):
        return event

    def refuse(why: MoveFailure, detail: str, repeats: int | None = None) -> MoveFailed:
        assert event.call is not None  # noqa: S101 - a given text is not admitted here
        assert event.origin != "given"  # noqa: S101 - the same
        return MoveFailed(
            call=event.call, move=event.origin, why=why, detail=detail, usage=event.usage, repeats=repeats
        )

    if not event.text.strip():
        return refuse("empty", "the author sent an empty text")
    if trouble := degeneracy(event.text):
        return refuse("degenerate", f"the author's text is of no use: {trouble}")
    if broken := broken_locks(locked_spans(state.opened.given or ""), event.text):
        which = ", ".join(str(number) for number in broken)
        return refuse("lock_broken", f"locked passage {which} was changed; it must stay byte for byte as it was")
    if state.skeleton and state.lineage.stage == "prose" and (odd := broken_skeleton(state.skeleton, event.text)):
        return refuse("skeleton_broken", f"the locked structure was changed: {odd}")
    known = next((d for d in reversed(state.drafts) if layout(d.draft.text) == layout(event.text)), None)
    if known is not None and known.number == event.base:
        return refuse("unchanged", "the author's text is unchanged")
    if known is not None:
        what = f"the same as draft {known.number}, which was measured already"
        return refuse("repeated", f"the author's text is {what}", known.number)
    if lost := lost_evidence(state, event):
        return refuse("lock_broken", lost)
    return event


def lost_evidence(state: State, event: Drafted) -> str:
    """Which lines that show a frozen criterion were changed; empty if none (rule 13)."""
    frozen = state.freeze
    if frozen is None or event.base is None:
        return ""
    base = state.draft(event.base)
    verdict = base.verdict(frozen.keep)
    lines = base.draft.text.splitlines()
    shown = [lines[n - 1] for n in verdict.lines if 0 < n <= len(lines)] if verdict is not None else []
    changed = next((line for line in shown if line.strip() and line not in event.text), None)
    return "" if changed is None else f"{frozen.keep!r} is frozen, and the line that shows it was changed: {changed!r}"


async def measure_draft(state: State, number: int, crew: Crew) -> Measured:
    """Run every check on a draft."""
    draft = state.draft(number)
    verdicts = await measure(state.criteria(draft), draft.draft.text, crew.checks, crew.guards)
    known = {verdict.criterion for verdict in verdicts}
    unproven = tuple(v for v in unproven_claims(state, draft) if v.criterion not in known)
    return Measured(draft=number, verdicts=(*verdicts, *unproven))


def unproven_claims(state: State, draft: DraftState) -> tuple[Verdict, ...]:
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


def folded(text: str) -> str:
    """The words of a text, without regard to markup, punctuation, capitals and line ends."""
    return " ".join(re.findall(r"\w+", text.casefold()))


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
