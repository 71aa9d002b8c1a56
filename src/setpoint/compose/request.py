"""What is asked for: a run to begin, and what runs of one process have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from setpoint.compose.inputs import commands
from setpoint.compose.policies import chosen, tuned
from setpoint.compose.settings import Settings
from setpoint.core.action import Role
from setpoint.core.event import MoveRecord, RoleModel
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget
from setpoint.errors import NotTrusted
from setpoint.ports import Author, Check, Critic, Model, Person
from setpoint.specfile import Config, PolicyChoice, SpecFile

__all__ = ["Named", "Request", "Shared", "require_trust"]

Named: TypeAlias = str | Model | Author | Critic
"""A model by name (``provider:name``), a `Model`, or a role of one's own."""


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
