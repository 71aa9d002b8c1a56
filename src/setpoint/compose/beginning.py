"""From a request to a wired run: its first event, and the crew that drives it."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from setpoint.checks import competing
from setpoint.compose.casting import bring_weights, crew_of, known_role, players
from setpoint.compose.history import past_moves
from setpoint.compose.inputs import NO_CHECKS, require_used
from setpoint.compose.ledger import new_run_id
from setpoint.compose.record import known_about
from setpoint.compose.request import Named, Request, Shared, require_trust
from setpoint.compose.settings import Settings
from setpoint.compose.structure import outline_for
from setpoint.core.action import Role
from setpoint.core.cost import count
from setpoint.core.event import Opened, Recorded
from setpoint.core.spec import Spec
from setpoint.errors import ConfigError
from setpoint.ports import Check, Ledger, Person
from setpoint.rubric.lint import excluded
from setpoint.rubric.probe import battery
from setpoint.run import Crew, OnEvent, Run
from setpoint.specfile import SpecFile

__all__ = ["begin_run", "record_run", "reply_room", "shared_for", "take_up_run"]

_NOBODY: Final[Mapping[Role, Named]] = MappingProxyType({})
_DEFAULT_REPLY_TOKENS: Final = 2000
_TOKENS_PER_WORD: Final = 2


async def shared_for(request: Request, where: Settings, ledger: Ledger) -> Shared:
    """What runs of like requests share, with the history that they all begin with.

    Raises:
        ConfigError: if no author is named.
    """
    named = players(request, where)["author"]
    return Shared(history=await past_moves(ledger, named) if isinstance(named, str) else ((), 0))


async def begin_run(
    request: Request,
    where: Settings,
    ledger: Ledger,
    on_event: OnEvent | None = None,
    run: str = "",
    shared: Shared | None = None,
) -> tuple[Run, Crew]:
    """Open a run and wire its crew; nothing is spent yet.

    Args:
        request: the run.
        where: the configuration.
        ledger: where it is recorded.
        on_event: hears of every event after it was stored.
        run: its id; a new one if empty.
        shared: what it has in common with other runs of this process.

    Raises:
        NotTrusted: if the spec runs programs and was not trusted.
        ConfigError: if no author is named, a model cannot be used, or a money cap meets an unknown price.
    """
    shared = shared or await shared_for(request, where, ledger)
    opened = _first_event(request, where, shared)
    who = players(request, where)
    new = [named for named in who.values() if isinstance(named, str) and named not in shared.models]
    await bring_weights(new, where)
    name = run or new_run_id()
    crew = crew_of(name, opened.spec, who, where, shared, opened.outline, request.checks)
    it = await Run.open(name, opened, ledger, _both(on_event, where.observer.on_event))
    return it, replace(crew, person=request.person)


async def record_run(request: Request, where: Settings, ledger: Ledger, run: str, shared: Shared) -> Run:
    """Open a run that another process will drive: no model is loaded here, and no key is needed.

    Raises:
        NotTrusted: if the spec runs programs and was not trusted.
        ConfigError: if no author is named, or a money cap meets an unknown price.
        LedgerConflict: if there is such a run already.
    """
    return await Run.open(run, _first_event(request, where, shared), ledger)


async def take_up_run(  # noqa: PLR0913 - what a ledger cannot hold, each with a default
    run: str,
    where: Settings,
    ledger: Ledger,
    on_event: OnEvent | None = None,
    *,
    allow_commands: bool = False,
    person: Person | None = None,
    checks: Mapping[str, Check] = NO_CHECKS,
    playing: Mapping[Role, Named] = _NOBODY,
    shared: Shared | None = None,
) -> tuple[Run, Crew]:
    """Load a run from the ledger and wire its crew as it was; nothing is recorded yet.

    Args:
        run: its id.
        where: the configuration.
        ledger: where it is recorded.
        on_event: called with every new event after it was stored.
        allow_commands: run programs that the spec names without asking the trust store.
        person: answers what the policy asks a person.
        checks: by name, the custom checks that the run began with; a ledger holds no code.
        playing: by role, models and roles that are objects of the calling program; the others are found by their names.
        shared: what the run has in common with other runs of this process.

    Raises:
        RunNotFound: if there is no such run.
        SpecError: if a custom check is missing.
        ConfigError: if one of its models cannot be used any more, or no criterion uses one of the checks.
    """
    it = await Run.take_up(run, ledger, _both(on_event, where.observer.on_event))
    spec = it.state.spec
    require_used(spec, checks)
    who: dict[Role, Named] = {model.role: playing.get(model.role, model.model) for model in it.state.opened.models}
    require_trust(Request(spec=SpecFile(spec=spec), allow_commands=allow_commands), where)
    crew = crew_of(run, spec, who, where, shared or Shared(), it.state.opened.outline, checks)
    return it, replace(crew, person=person)


def _first_event(request: Request, where: Settings, shared: Shared) -> Opened:
    """Everything about a run that whoever drives it must know."""
    spec = request.spec.spec
    if request.spec.fields:
        names = ", ".join(request.spec.fields)
        raise ConfigError(f"{request.spec.path}: the spec has fields to be filled in ({names}); fill them in to run it")
    budget = request.budget or request.spec.budget
    require_trust(request, where)
    policy, who = request.tuning(where.config), players(request, where)
    outline = outline_for(spec, request.draft) if policy.on("structure") else ()
    needs_critic = any(c.check is None for c in (*spec.criteria, *outline))
    moves, own_runs = shared.history
    roles = tuple(known_role(role, named, where, budget, shared) for role, named in who.items())
    return Opened(
        spec=spec,
        budget=budget,
        policy=policy,
        models=roles,
        title=request.title or Path(request.spec.path).stem or " ".join(spec.brief.split())[:60],
        given=request.draft,
        reply_tokens=request.spec.reply_tokens or reply_room(spec, request.draft),
        probe_items=len(battery()) if needs_critic and request.probe else 0,
        seed=request.seed,
        nonce=secrets.token_hex(8),
        outline=outline,
        competing=competing(spec.criteria),
        excluded=excluded(spec, budget),
        history=moves,
        own_runs=own_runs,
        known=known_about(roles, (*outline, *spec.criteria), where.critics),
    )


def reply_room(spec: Spec, given: str | None) -> int:
    """Room for one reply: from the spec's own limits where it has some, and never less than the given text needs."""
    limits = [
        most * (_TOKENS_PER_WORD if call.name == "words" else 1)
        for call in (c.check for c in spec.checked)
        if call is not None and call.name in {"words", "characters"} and isinstance(most := call.params.get("max"), int)
    ]
    # Twice the limit: a text that is too long must be measured, not cut off.
    room = 2 * min(limits) + 200 if limits else _DEFAULT_REPLY_TOKENS
    return max(room, 2 * count(given) + 200 if given else 0)


def _both(first: OnEvent | None, second: OnEvent) -> OnEvent:
    def tell(recorded: Recorded) -> None:
        second(recorded)
        if first is not None:
            first(recorded)

    return tell
