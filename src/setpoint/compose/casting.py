"""Who plays which role: models by name become authors and critics, with their prices and what is known of them."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import anyio.to_thread

from setpoint import models
from setpoint.compose.inputs import NO_CHECKS, build_checks, guards
from setpoint.compose.request import Named, Request, Shared
from setpoint.compose.settings import Settings
from setpoint.core.action import Role
from setpoint.core.event import RoleModel
from setpoint.core.spec import Budget, Criterion, Spec
from setpoint.errors import ConfigError
from setpoint.ports import Author, Check, Critic, Model
from setpoint.roles import ModelAuthor, ModelCritic, ModelMediator, critic_form
from setpoint.rubric.probe import battery
from setpoint.run import Crew

__all__ = ["bring_weights", "crew_of", "known_role", "players", "role_models"]


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


def known_role(role: Role, named: Named, where: Settings, budget: Budget, shared: Shared) -> RoleModel:
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


async def bring_weights(named: Iterable[str], where: Settings) -> None:
    """Download what embedded models need before the run is opened; Ctrl-C stops a download at once."""
    stop = threading.Event()
    try:
        for model in named:
            await anyio.to_thread.run_sync(models.prepare, model, where.models, stop, abandon_on_cancel=True)
    finally:
        stop.set()


def crew_of(
    run: str,
    spec: Spec,
    who: Mapping[Role, Named],
    where: Settings,
    shared: Shared,
    outline: Sequence[Criterion] = (),
    custom: Mapping[str, Check] = NO_CHECKS,
) -> Crew:
    """The parts of a run, with a model built once for all runs that share it.

    Raises:
        ConfigError: if a model cannot be used.
    """
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
