"""What an audit is about and what it will try: decided before anything is spent, the same for the same seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final, Literal, TypeAlias

from setpoint.core.event import RoleModel
from setpoint.core.spec import Criterion, Spec
from setpoint.ports import Check, Critic, Model
from setpoint.rubric.audit.defect import Defect
from setpoint.rubric.audit.plant import planted
from setpoint.rubric.audit.units import PROSE

__all__ = ["PADDED", "Bench", "Limits", "Plan", "Planter", "Slot", "padded", "slots"]

PADDED: Final = """\
The building was put up in the spring of a dry year, and the stairs have creaked ever since. On the ground floor there is
a room with a long table, where the post is sorted in the morning. The windows face the yard.

Across the yard stands a shed that nobody uses. Its door is painted green; the key hangs beside the coats. In the autumn
the leaves gather in front of it, and somebody sweeps them into a heap by the wall.

The clock in the corridor runs a little fast. Visitors take it for a joke, but the porter sets it forward himself, and
has done so for as long as anyone can remember. Nobody has asked him to stop.
"""
"""What is put before or after a faulty text to see whether length and place matter; it is about nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planter:
    """A model that plants defects and confirms those of others."""

    model: Model
    prices: tuple[float | None, float | None] = (0.0, 0.0)
    """US dollars for a million prompt and reply tokens; None where unknown."""

    @property
    def name(self) -> str:
        """``provider:name``."""
        return self.model.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that an audit may spend, earlier parts included; None for no limit."""

    tokens: int | None = None
    money: float | None = None
    calls: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One audit.

    Args:
        spec: whose criteria are audited.
        drafts: good texts by name: each meets every criterion.
        critic: who is audited, with prices.
        form: the wording of the critic's prompts.
        planted: defects for each criterion that a critic judges.
        readings: how often each good text is read as it is.
        only: the criteria to plant defects for; all by default.
        with_canaries: whether texts that must never pass are tried.
        seed: draws what is drawn.
    """

    spec: Spec
    drafts: Mapping[str, str]
    critic: RoleModel
    form: str = ""
    planted: int = 10
    readings: int = 5
    only: tuple[str, ...] = ()
    with_canaries: bool = True
    seed: int = 0

    @property
    def texts(self) -> tuple[str, ...]:
        """The good texts."""
        return tuple(self.drafts.values())

    @property
    def judged(self) -> tuple[str, ...]:
        """What the critic is asked about, in the order of the spec."""
        return tuple(criterion.name for criterion in self.spec.judged)

    @property
    def has_order(self) -> bool:
        """Whether the critic's criteria have an order that can be changed: one alone has none."""
        return len(self.spec.judged) > 1

    @property
    def audited(self) -> tuple[Criterion, ...]:
        """The criteria that defects are planted for."""
        return tuple(c for c in self.spec.judged if not self.only or c.name in self.only)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Who and what an audit works with.

    Args:
        critic: who is audited.
        planters: models that plant and confirm; with two, each confirms what the other has planted. With none, only
            what code can prove is planted.
        checks: by criterion name.
        guards: criteria whose failure keeps a text from the critic.
    """

    critic: Critic
    planters: tuple[Planter, ...] = ()
    checks: Mapping[str, Check] = field(default_factory=dict[str, Check])
    guards: frozenset[str] = frozenset()


SlotKind: TypeAlias = Literal["ready", "confirm", "plant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One defect that is to be.

    Args:
        kind: proven by code already, to be confirmed by a model, or to be planted by a model and confirmed.
        criterion: what is to be missed.
        draft: the good text, counted from 1.
        number: its place among those of the criterion.
        defect: what code has planted; None for what a model is to plant.
        planter: which model plants.
        confirmer: which model confirms.
    """

    kind: SlotKind
    criterion: Criterion
    draft: int
    number: int
    defect: Defect | None = None
    planter: int = 0
    confirmer: int = 0


def slots(plan: Plan, planters: int) -> Mapping[str, tuple[Slot, ...]]:
    """The defects to be planted, by criterion.

    Args:
        plan: the audit.
        planters: how many models there are to plant and confirm.
    """
    return {criterion.name: _slots_of(criterion, plan, planters) for criterion in plan.audited}


def _slots_of(criterion: Criterion, plan: Plan, planters: int) -> tuple[Slot, ...]:
    by_draft = [
        list(planted(criterion, number, text, kind=plan.spec.kind, seed=plan.seed))
        for number, text in enumerate(plan.texts, start=1)
    ]
    found = [defect for row in zip_longest(*by_draft) for defect in row if defect is not None]
    # With two models each plants some: whether a critic favours its own family shows in these alone.
    room = plan.planted - plan.planted // 2 if planters > 1 else plan.planted
    ready = [defect for defect in found if defect.proof][:room]
    unproven = [defect for defect in found if not defect.proof]
    chosen = [_ready(criterion, defect, n) for n, defect in enumerate(ready, start=1)]
    if not planters:
        return tuple(chosen)
    rest = plan.planted - len(chosen)
    for defect in unproven[: (rest + 1) // 2]:
        slot = _ready(criterion, defect, len(chosen) + 1, kind="confirm", confirmer=planters - 1)
        chosen.append(slot)
    for number in range(len(chosen) + 1, plan.planted + 1):
        draft = (number - 1) % len(plan.texts) + 1
        planter = number % planters
        slot = Slot(
            kind="plant",
            criterion=criterion,
            draft=draft,
            number=number,
            planter=planter,
            confirmer=(planter + 1) % planters,
        )
        chosen.append(slot)
    return tuple(chosen)


def _ready(criterion: Criterion, defect: Defect, number: int, kind: SlotKind = "ready", confirmer: int = 0) -> Slot:
    return Slot(kind=kind, criterion=criterion, draft=defect.draft, number=number, defect=defect, confirmer=confirmer)


def padded(text: str, kind: str) -> Sequence[tuple[str, str]]:
    """The text with what is about nothing before it and after it; none for what is no prose."""
    if kind not in PROSE:
        return ()
    return (("late", f"{PADDED}\n{text.strip()}\n"), ("early", f"{text.strip()}\n\n{PADDED}"))
