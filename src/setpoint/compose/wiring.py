"""From a request to a wired run: who plays which role, what it may cost, what it may execute."""

import secrets
import signal
import threading
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias, cast

import anyio
import anyio.to_thread

from setpoint import models
from setpoint.checks import competing
from setpoint.compose.history import past_moves
from setpoint.compose.inputs import NO_CHECKS, build_checks, commands, guards, require_used
from setpoint.compose.policies import chosen, tuned
from setpoint.compose.record import known_about
from setpoint.compose.settings import Settings
from setpoint.compose.structure import outline_for
from setpoint.core.action import Role
from setpoint.core.cost import count
from setpoint.core.event import MoveRecord, Opened, Recorded, RoleModel
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, Criterion, Spec
from setpoint.errors import ConfigError, NotTrusted, RunNotFound, SetpointError
from setpoint.ledgers import PostgresLedger, SqliteLedger
from setpoint.ports import Author, Check, Critic, Ledger, Model, Person, Selection
from setpoint.roles import ModelAuthor, ModelCritic, ModelMediator, critic_form
from setpoint.rubric.probe import Measured, battery
from setpoint.run import Crew, OnEvent, Result, Run
from setpoint.specfile import Config, PolicyChoice, SpecFile

__all__ = [
    "Named",
    "Request",
    "Shared",
    "begin_run",
    "bring_weights",
    "cancel_on_signal",
    "find_run",
    "interrupted",
    "let_go",
    "new_run_id",
    "open_ledger",
    "players",
    "record_run",
    "remember_probes",
    "reply_room",
    "require_trust",
    "role_models",
    "shared_for",
    "supervised",
    "take_up_run",
]

Named: TypeAlias = str | Model | Author | Critic
"""A model by name (``provider:name``), a `Model`, or a role of one's own."""

NOBODY: Final[Mapping[Role, Named]] = MappingProxyType({})

DEFAULT_REPLY_TOKENS: Final = 2000
_TOKENS_PER_WORD: Final = 2
_INTERRUPTED: Final = "interrupted by the user"


def new_run_id() -> str:
    """A short name that sorts by day and is typed easily."""
    return f"{time.strftime('%y%m%d')}-{secrets.token_hex(3)}"


@asynccontextmanager
async def open_ledger(where: Settings) -> AsyncGenerator[Ledger]:
    """The user's ledger: a file, or a database.

    Raises:
        ConfigError: if the address of the database cannot be read.
        LedgerError: if it cannot be opened.
    """
    async with PostgresLedger(where.database) if where.database else SqliteLedger(where.ledger) as ledger:
        yield ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A run to begin.

    Args:
        spec: the target, with budget and models as its file names them.
        draft: a text that exists already.
        author: overrides the spec's and the configuration's; the same for critic and confirmer.
        budget: overrides the spec's.
        policy: the tuning of the control law; instead of what the spec and the configuration say.
        choice: what flags say about the policy; comes before the spec and the configuration.
        seed: what sampling seeds are derived from.
        allow_commands: run programs that the spec names without asking the trust store.
        probe: probe a critic that is new.
        person: answers what the policy asks a person; without one the run waits.
        checks: by name, the custom checks that the calling program brings.
        title: how the run is called in lists; by its spec file, or by the beginning of its brief, if empty.
    """

    spec: SpecFile
    draft: str | None = None
    author: Named | None = None
    critic: Named | None = None
    confirmer: Named | None = None
    budget: Budget | None = None
    policy: Policy | None = None
    choice: PolicyChoice = field(default_factory=PolicyChoice)
    seed: int = 0
    allow_commands: bool = False
    probe: bool = True
    person: Person | None = None
    checks: Mapping[str, Check] = field(default_factory=dict[str, Check])
    title: str = ""

    def named(self, role: Role, config: Config) -> Named | None:
        """Who plays a role: as requested, else as the spec says, else as configured."""
        given = {"author": self.author, "critic": self.critic, "confirmer": self.confirmer}.get(role)
        return given or self.spec.models.get(role) or config.models.get(role)

    def tuning(self, config: Config) -> Policy:
        """The policy: as requested, else as the spec says, else as configured."""
        if self.policy is not None:
            return tuned(self.policy, self.choice)
        return tuned(Policy(), chosen(self.choice, self.spec.policy, config.policy))


@dataclass(slots=True, kw_only=True)
class Shared:
    """What the runs of one process have in common, found out once for all of them.

    Args:
        models: those that were built, by name, so that runs share their connections.
        history: what the author's moves did in earlier runs, and how many of those had ended.
        roles: who plays which role at what price, by role, name and budget.
    """

    models: dict[str, Model] = field(default_factory=dict[str, Model])
    history: tuple[tuple[MoveRecord, ...], int] = ((), 0)
    roles: dict[tuple[Role, str, Budget], RoleModel] = field(
        default_factory=dict[tuple[Role, str, Budget], RoleModel], repr=False
    )


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
    crew = _crew(name, opened.spec, who, where, shared, opened.outline, request.checks)
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
    roles = tuple(_known_role(role, named, where, budget, shared) for role, named in who.items())
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
        history=moves,
        own_runs=own_runs,
        known=known_about(roles, (*outline, *spec.criteria), where.critics),
    )


async def bring_weights(named: Iterable[str], where: Settings) -> None:
    """Download what embedded models need before the run is opened; Ctrl-C stops a download at once."""
    stop = threading.Event()
    try:
        for model in named:
            await anyio.to_thread.run_sync(models.prepare, model, where.models, stop, abandon_on_cancel=True)
    finally:
        stop.set()


async def find_run(name: str, ledger: Ledger) -> str:
    """The id of a run by its name, a part of it that only one run has, or ``last``.

    Raises:
        RunNotFound: if none or several fit.
    """
    latest = [info.run for info in await ledger.runs(Selection(limit=1))]
    if name == "last" and latest:
        return latest[0]
    fitting = [info.run for info in await ledger.runs(Selection(part=name))] if name and latest else []
    if name in fitting:
        return name
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise RunNotFound(f"{name!r} fits {len(fitting)} runs: {', '.join(fitting[:5])}; name one of them in full")
    known = f"; the latest is {latest[0]}" if latest else "; no run has been recorded yet"
    raise RunNotFound(f"there is no run {name!r}{known} (setpoint runs lists them)")


async def take_up_run(  # noqa: PLR0913 - what a ledger cannot hold, each with a default
    run: str,
    where: Settings,
    ledger: Ledger,
    on_event: OnEvent | None = None,
    *,
    allow_commands: bool = False,
    person: Person | None = None,
    checks: Mapping[str, Check] = NO_CHECKS,
    playing: Mapping[Role, Named] = NOBODY,
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
    crew = _crew(run, spec, who, where, shared or Shared(), it.state.opened.outline, checks)
    return it, replace(crew, person=person)


def _both(first: OnEvent | None, second: OnEvent) -> OnEvent:
    def tell(recorded: Recorded) -> None:
        second(recorded)
        if first is not None:
            first(recorded)

    return tell


def require_trust(request: Request, where: Settings) -> None:
    """Refuse a spec that runs programs and was not trusted.

    Raises:
        NotTrusted: with the programs it runs.
    """
    spec = request.spec.spec
    runs = commands(spec)
    if not runs or request.allow_commands or where.trust.trusts(spec.digest):
        return
    listed = "\n".join(f"  {line}" for line in runs)
    raise NotTrusted(
        f"{request.spec.path or 'the spec'} runs programs on every draft:\n{listed}\n"
        f"Look at them, then allow them with: setpoint trust {request.spec.path or 'SPEC'} (or --allow-commands for this run)"
    )


def players(request: Request, where: Settings) -> dict[Role, Named]:
    """Who plays which role; a critic is needed only where a criterion has no check.

    Raises:
        ConfigError: if no author is named.
    """
    author = request.named("author", where.config)
    if author is None:
        seen = models.keys_in(where.models.environment)
        found = (
            f" Keys seen in the environment, and not used unless a model is named: {', '.join(seen)}." if seen else ""
        )
        raise ConfigError(
            'no model is named. Add --author PROVIDER:NAME, or [models] author = "…" to the spec or to setpoint.toml. '
            f"Without any key: --author embedded:{models.catalogue()[0].name}.{found}"
        )
    who: dict[Role, Named] = {"author": author}
    spec = request.spec.spec
    if any(c.check is None for c in (*spec.criteria, *spec.outline)):
        who["critic"] = request.named("critic", where.config) or author
        confirmer = request.named("confirmer", where.config)
        if confirmer is not None:
            who["confirmer"] = confirmer
    reader = who.get("critic", author)
    if isinstance(author, str | Model) and isinstance(reader, str | Model):
        who["mediator"] = reader  # it reads the prompts of our own author, so there must be one
    return who


def role_models(request: Request, where: Settings, budget: Budget) -> tuple[RoleModel, ...]:
    """Who would play which role, with prices; empty if no author is named.

    Raises:
        ConfigError: if a money cap meets an unknown price.
    """
    if request.named("author", where.config) is None:
        return ()
    return tuple(_role_model(role, named, where, budget) for role, named in players(request, where).items())


def _crew(
    run: str,
    spec: Spec,
    who: Mapping[Role, Named],
    where: Settings,
    shared: Shared,
    outline: Sequence[Criterion] = (),
    custom: Mapping[str, Check] = NO_CHECKS,
) -> Crew:
    known = shared.models

    def player(role: Role) -> Model | Author | Critic:
        named = who[role]
        if not isinstance(named, str):
            return where.observer.model(run, named) if isinstance(named, Model) else named
        if named not in known:
            known[named] = models.resolve(named, where.models)
        return where.observer.model(run, known[named])

    played = player("author")
    author = ModelAuthor(played) if isinstance(played, Model) else cast("Author", played)
    critics: dict[Role, Model | Author | Critic] = {r: player(r) for r in who if r in {"critic", "confirmer"}}
    reader = player("mediator") if "mediator" in who else None
    return Crew(
        author=author,
        critics={
            role: ModelCritic(critic, battery()) if isinstance(critic, Model) else cast("Critic", critic)
            for role, critic in critics.items()
        },
        checks=build_checks(spec, outline, custom),
        mediator=(
            ModelMediator(reader, author) if isinstance(reader, Model) and isinstance(author, ModelAuthor) else None
        ),
        guards=guards(spec, outline),
    )


def _known_role(role: Role, named: Named, where: Settings, budget: Budget, shared: Shared) -> RoleModel:
    """What `_role_model` says, asked once: it reads files."""
    if not isinstance(named, str):
        return _role_model(role, named, where, budget)
    key = role, named, budget
    if key not in shared.roles:
        shared.roles[key] = _role_model(role, named, where, budget)
    return shared.roles[key]


def _role_model(role: Role, named: Named, where: Settings, budget: Budget) -> RoleModel:
    if not isinstance(named, str):
        return RoleModel(role=role, model=str(getattr(named, "name", "custom")))
    price_in, price_out = models.price(named, where.models)
    if budget.money is not None and (price_in is None or price_out is None):
        raise ConfigError(
            f"no price is known for {named!r}, so a cap in money cannot be held. Add its price to the file that "
            "[prices] in setpoint.toml names, or cap tokens instead"
        )
    judges = role in {"critic", "confirmer"}
    known = where.probes.get(named, critic_form()) if judges else None
    return RoleModel(
        role=role,
        model=named,
        input_price=price_in,
        output_price=price_out,
        sensitivity=known.sensitivity if known else None,
        specificity=known.specificity if known else None,
        form=critic_form() if judges else "",
    )


def reply_room(spec: Spec, given: str | None) -> int:
    """Room for one reply: from the spec's own limits where it has some, and never less than the given text needs."""
    limits = [
        most * (_TOKENS_PER_WORD if call.name == "words" else 1)
        for call in (c.check for c in spec.checked)
        if call is not None and call.name in {"words", "characters"} and isinstance(most := call.params.get("max"), int)
    ]
    # Twice the limit: a text that is too long must be measured, not cut off.
    room = 2 * min(limits) + 200 if limits else DEFAULT_REPLY_TOKENS
    return max(room, 2 * count(given) + 200 if given else 0)


async def supervised(run: Run, crew: Crew, where: Settings) -> Result:
    """Drive a run; the first Ctrl-C or SIGTERM ends it as ``cancelled``, with its best draft."""
    failure: SetpointError | None = None
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as work:
            tasks.start_soon(cancel_on_signal, work)
            try:
                await run.drive(crew)
            except SetpointError as error:  # raised below: a task group would wrap it
                failure = error
        if work.cancelled_caught and run.state.stopped is None:
            try:
                await run.cancel(_INTERRUPTED)
            except SetpointError as error:
                failure = error
        tasks.cancel_scope.cancel()
    let_go(run, where)
    if failure is not None:
        raise failure
    return run.result()


def interrupted(result: Result) -> bool:
    """Whether the user has stopped the run in this process, and not somebody from elsewhere."""
    return result.outcome == "cancelled" and result.reason == _INTERRUPTED


async def cancel_on_signal(work: anyio.CancelScope) -> None:
    """Cancel the work at the first Ctrl-C or SIGTERM."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            work.cancel()
            return


def let_go(run: Run, where: Settings) -> None:
    """Nobody in this process works on the run any more: observers are told, and what its probe found is kept."""
    where.observer.left(run.id)
    remember_probes(run, where)


def remember_probes(run: Run, where: Settings) -> None:
    """Keep what this run's probe found, so that the next run need not repeat it."""
    for role in run.state.probes:
        model = run.state.model(role)
        sensitivity = run.state.sensitivity(role)
        if model is None or model.sensitivity is not None or sensitivity is None:
            continue
        specificity = run.state.probes[role].specificity
        where.probes.put(model.model, critic_form(), Measured(sensitivity=sensitivity, specificity=specificity or 0.0))
