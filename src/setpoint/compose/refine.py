"""The library's front door."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import anyio

from setpoint.compose.beginning import begin_run, take_up_run
from setpoint.compose.driving import let_go
from setpoint.compose.inputs import NO_CHECKS, SpecLike, read_spec
from setpoint.compose.ledger import find_run, open_ledger
from setpoint.compose.policies import named_policy
from setpoint.compose.request import Named, Request
from setpoint.compose.settings import Settings, settings
from setpoint.core.action import Question, Role
from setpoint.core.policy import Policy, Preset
from setpoint.core.spec import Budget
from setpoint.ports import Check, Ledger, Person
from setpoint.run import Crew, OnEvent, Result, Run
from setpoint.specfile import PolicyChoice

__all__ = ["refine", "refine_sync", "resume"]


async def refine(  # noqa: PLR0913 - the front door: everything beyond the spec has a default
    spec: SpecLike,
    draft: str | None = None,
    *,
    author: Named | None = None,
    critic: Named | None = None,
    confirmer: Named | None = None,
    budget: Budget | None = None,
    policy: Policy | Preset | None = None,
    ask: Sequence[Question] | None = None,
    person: Person | None = None,
    ledger: Ledger | Path | None = None,
    on_event: OnEvent | None = None,
    seed: int = 0,
    allow_commands: bool = False,
    probe: bool = True,
    checks: Mapping[str, Check] = NO_CHECKS,
) -> Result:
    """Refine a text until its spec is met, and say how it ended.

    Args:
        spec: a `Spec`, a mapping with the keys of a spec file, or the path of one.
        draft: a text that exists already; without it the author writes the first draft.
        author: ``provider:name``, a `Model` or an `Author`; overrides the spec and ``setpoint.toml``.
        critic: judges the criteria without a check; the author's model in a context of its own by default.
        confirmer: reads an accepted text once more; the critic, one criterion at a time, by default.
        budget: overrides the spec's.
        policy: the tuning of the control law, or the name of a preset; overrides the spec's.
        ask: what a person is asked: ``outline``, ``amend``, ``precedence``; overrides the policy's.
        person: answers that; without one the run waits, and ``question`` of the result holds what for.
        ledger: a `Ledger` or a file; the user's own ledger by default, so that ``setpoint resume`` finds the run.
        on_event: called with every event after it was stored.
        seed: what the sampling seeds are derived from.
        allow_commands: let the spec's ``command`` checks run without ``setpoint trust``.
        probe: probe a critic that is new before it judges.
        checks: checks of your own, by the name that a criterion gives: ``check = { custom = "NAME" }``.

    Returns:
        The best draft and how the run ended. Ends other than ``accepted`` are results, not exceptions.

    Raises:
        UsageError: if spec, draft, models, checks or trust are not in order; nothing was spent then.
        LedgerError: if an event could not be stored; ``unsaved`` holds a text that was paid for.
    """
    where = settings(ledger=ledger if isinstance(ledger, Path) else None)
    request = Request(
        spec=read_spec(spec, checks),
        draft=draft,
        author=author,
        critic=critic,
        confirmer=confirmer,
        budget=budget,
        policy=named_policy(policy),
        choice=PolicyChoice(ask=None if ask is None else tuple(ask)),
        seed=seed,
        allow_commands=allow_commands,
        probe=probe,
        person=person,
        checks=checks,
    )
    if ledger is not None and not isinstance(ledger, Path):
        return await _refine(request, where, ledger, on_event)
    async with open_ledger(where) as own:
        return await _refine(request, where, own, on_event)


class Options(TypedDict, total=False):
    """The keyword arguments of `refine`."""

    author: Named | None
    critic: Named | None
    confirmer: Named | None
    budget: Budget | None
    policy: Policy | Preset | None
    ask: Sequence[Question] | None
    person: Person | None
    ledger: Ledger | Path | None
    on_event: OnEvent | None
    seed: int
    allow_commands: bool
    probe: bool
    checks: Mapping[str, Check]


def refine_sync(spec: SpecLike, draft: str | None = None, **options: Unpack[Options]) -> Result:
    """`refine` for scripts without an event loop of their own; the same arguments, result and errors."""
    return anyio.run(partial(refine, spec, draft, **options))


async def resume(  # noqa: PLR0913 - what a ledger cannot hold, each with a default
    run: str = "last",
    *,
    author: Named | None = None,
    critic: Named | None = None,
    confirmer: Named | None = None,
    checks: Mapping[str, Check] = NO_CHECKS,
    person: Person | None = None,
    ledger: Ledger | Path | None = None,
    on_event: OnEvent | None = None,
    allow_commands: bool = False,
) -> Result:
    """Go on with a run that was cut off, or that waits for a person; at most the call in flight is made again.

    Everything else is as it was when the run began. A run that has ended stays ended, unless it was cancelled or lost
    its machinery.

    Args:
        run: its id, a part of it that only one run has, or ``last``.
        author: needed where it was an object: a ledger holds names, not objects; the same for critic and confirmer.
        critic: as above.
        confirmer: as above.
        checks: the custom checks that the run began with, by name.
        person: answers what the policy asks a person; without one the run waits.
        ledger: where the run is recorded; the user's own ledger by default.
        on_event: called with every new event after it was stored.
        allow_commands: let the spec's ``command`` checks run without ``setpoint trust``.

    Raises:
        RunNotFound: if there is no such run.
        UsageError: if models, checks or trust are not in order; nothing was spent then.
        LedgerError: if an event could not be stored; ``unsaved`` holds a text that was paid for.
    """
    where = settings(ledger=ledger if isinstance(ledger, Path) else None)
    given: dict[Role, Named | None] = {
        "author": author,
        "critic": critic,
        "confirmer": confirmer,
        "mediator": critic or author,
    }
    players: dict[Role, Named] = {role: named for role, named in given.items() if named is not None}

    async def go_on(known: Ledger) -> Result:
        it, crew = await take_up_run(
            await find_run(run, known),
            where,
            known,
            on_event,
            allow_commands=allow_commands,
            person=person,
            checks=checks,
            playing=players,
        )
        await it.resume()
        return await _driven(it, crew, where)

    if ledger is not None and not isinstance(ledger, Path):
        return await go_on(ledger)
    async with open_ledger(where) as own:
        return await go_on(own)


async def _refine(request: Request, where: Settings, ledger: Ledger, on_event: OnEvent | None) -> Result:
    run, crew = await begin_run(request, where, ledger, on_event)
    return await _driven(run, crew, where)


async def _driven(run: Run, crew: Crew, where: Settings) -> Result:
    try:
        return await run.drive(crew)
    finally:
        let_go(run, where)
