"""One run, from its first event to its result, and what a person may do to it."""

from dataclasses import dataclass

from setpoint.core.action import Stop
from setpoint.core.control import decide
from setpoint.core.draft import locked_spans
from setpoint.core.event import Amended, Answered, Cancelled, Drafted, Extended, Opened, Overruled, Resumed
from setpoint.core.fold import begin, fold
from setpoint.core.policy import Policy
from setpoint.core.spec import Spec
from setpoint.errors import UsageError
from setpoint.ports import Ledger
from setpoint.run.crew import Crew
from setpoint.run.journal import Journal, OnEvent
from setpoint.run.loop import drive
from setpoint.run.result import Result, ended, result_of, returned

__all__ = ["Run"]


@dataclass(slots=True, kw_only=True)
class Run(Journal):
    """A run that is begun or taken up, driven, and ended."""

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
        shown = returned(self.state)
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
            await self.keep(Cancelled(why=why))
        if self.state.stopped is None:
            rule, action = decide(self.state)
            assert isinstance(action, Stop)  # noqa: S101 - a cancelled run has no other action
            await self.keep(ended(self.state, rule, action))

    async def drive(self, crew: Crew) -> Result:
        """Loop until the law says stop.

        Cancelling the task leaves the run as a killed process would: it can be resumed.

        If another process cancels the run, it ends here at the next event, and what was paid for is kept.

        Raises:
            LedgerConflict: if another process has taken the run up.
            LedgerError: if an event cannot be stored. ``unsaved`` then holds the text that was paid for.
        """
        await drive(self, crew)
        return self.result()

    def result(self) -> Result:
        """The run as it stands, for the caller."""
        return result_of(self.id, self.state)
