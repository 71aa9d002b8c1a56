"""The library's front door."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import anyio

from setpoint.compose.inputs import SpecLike, read_spec
from setpoint.compose.policies import named_policy
from setpoint.compose.settings import Settings, settings
from setpoint.compose.wiring import Named, Request, begin_run, let_go, open_ledger
from setpoint.core.action import Question
from setpoint.core.policy import Policy, Preset
from setpoint.core.spec import Budget
from setpoint.ports import Ledger, Person
from setpoint.run import OnEvent, Result
from setpoint.specfile import PolicyChoice

__all__ = ["refine", "refine_sync"]


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

    Returns:
        The best draft and how the run ended. Ends other than ``accepted`` are results, not exceptions.

    Raises:
        UsageError: if spec, draft, models or trust are not in order; nothing was spent then.
        LedgerError: if an event could not be stored; ``unsaved`` holds a text that was paid for.
    """
    where = settings(ledger=ledger if isinstance(ledger, Path) else None)
    request = Request(
        spec=read_spec(spec),
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


def refine_sync(spec: SpecLike, draft: str | None = None, **options: Unpack[Options]) -> Result:
    """`refine` for scripts without an event loop of their own; the same arguments, result and errors."""
    return anyio.run(partial(refine, spec, draft, **options))


async def _refine(request: Request, where: Settings, ledger: Ledger, on_event: OnEvent | None) -> Result:
    run, crew = await begin_run(request, where, ledger, on_event)
    try:
        return await run.drive(crew)
    finally:
        let_go(run, where)
