"""The only loop: decide, reserve, perform, append, evolve.

What happens next is decided by `core.control.decide`; the loop only does it, one action at a time. `Journal.keep`
appends what came of it to the ledger and lets it change the state, before anything else happens: a run that is cut
anywhere goes on from its ledger, and at most the call that was in flight is made again.
"""

from setpoint.core.action import (
    Ask,
    Contradict,
    Freeze,
    LockOutline,
    Measure,
    Prefer,
    Promote,
    Restart,
    SetAside,
    Stop,
    Thaw,
)
from setpoint.core.control import decide
from setpoint.run.calling import perform, reserve
from setpoint.run.crew import Crew
from setpoint.run.journal import Journal
from setpoint.run.measuring import measure_draft
from setpoint.run.result import ended

__all__ = ["drive"]


async def drive(run: Journal, crew: Crew) -> None:
    """Loop until the law says stop, or until a question stands that nobody answers.

    Raises:
        LedgerConflict: if another process has taken the run up.
        LedgerError: if an event cannot be stored. ``unsaved`` then holds the text that was paid for.
    """
    while run.state.stopped is None:
        rule, action = decide(run.state)
        match action:
            case Stop():
                await run.keep(ended(run.state, rule, action))
            case SetAside() | Prefer() | Promote() | Freeze() | Thaw() | Contradict() | Restart() | LockOutline():
                await run.keep(action)
            case Ask():
                answered = await crew.person.answer(action) if crew.person is not None else None
                if answered is None:
                    return
                await run.keep(answered)
            case Measure():
                await run.keep(await measure_draft(run.state, action.draft, crew))
            case _:
                request = reserve(run.state, rule, action)
                await run.keep(request)
                if run.state.pending is not None:  # else it was cancelled before it was asked for
                    await run.keep(await perform(request, run.state, crew))
