"""One call: what it may cost at the worst, and what came of it."""

import contextlib
from dataclasses import replace

import anyio

from setpoint.core.action import Call, Judge, Mediate, Probe, Reask, Revise, Role, Write
from setpoint.core.cost import reservation
from setpoint.core.event import CallFailed, Completion, Requested, Usage
from setpoint.core.state import State
from setpoint.errors import ModelError
from setpoint.run.admission import admit
from setpoint.run.crew import Crew

__all__ = ["perform", "reserve"]


def reserve(state: State, rule: str, action: Call) -> Requested:
    """A call as it is recorded before it is made, with what it may use at the worst (rule 16)."""
    worst = reservation(state, action)
    return Requested(
        call=state.calls + 1,
        role=_role_of(action),
        rule=rule,
        action=action,
        tokens=worst.tokens,
        money=worst.money,
    )


def _role_of(action: Call) -> Role:
    """Who carries out a call."""
    if isinstance(action, Mediate):
        return "mediator"
    return action.role if isinstance(action, Judge | Probe) else "author"


async def perform(request: Requested, state: State, crew: Crew) -> Completion:
    """Make one call; a model that cannot be used is an event, not an exception."""
    began = crew.clock()
    limit = state.budget.seconds
    left = None if limit is None else max(0.0, limit - state.elapsed)
    event: Completion
    try:
        with anyio.fail_after(left) if left is not None else contextlib.nullcontext():
            event = await _ask(request, state, crew)
    except ModelError as error:
        event = CallFailed(call=request.call, role=request.role, why=error.kind, detail=str(error))
    except TimeoutError:
        # The provider may bill what it had done: count the worst case.
        usage = Usage(input=request.tokens, money=request.money, estimated=True)
        detail = "the time budget ran out"
        event = CallFailed(call=request.call, role=request.role, why="out_of_time", detail=detail, usage=usage)
    usage = replace(event.usage, seconds=round(crew.clock() - began, 3))
    return replace(event, usage=usage)


async def _ask(request: Requested, state: State, crew: Crew) -> Completion:
    call, action = request.call, request.action
    match action:
        case Write() | Revise() | Reask():
            return admit(state, await crew.author.perform(call, action, state))
        case Judge():
            return await crew.critics[request.role].perform(call, action, state)
        case Probe():
            return await crew.critics[request.role].probe(call, action, state)
        case Mediate():
            if crew.mediator is None:
                raise ModelError("no mediator was given", kind="rejected")
            return await crew.mediator.perform(call, action, state)
