"""The critic: verdicts with errors that stay alike when the same passage is judged again.

An error about a passage is drawn once for the passage (latent) and once per call (fresh); a call uses the latent draw
with probability sqrt(rho). Two calls about one passage both use it with probability rho, so their errors correlate by
exactly rho.
The passage of a demand is its own sentences, so an error outlives changes elsewhere: what a critic overlooked it
overlooks again, and its sensitivity falls from draft to draft as the measured loops' does.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, TypeAlias

from plant.grasp import Draft
from plant.world import CODE, World, uniform

__all__ = ["Finding", "Status", "findings"]

Status: TypeAlias = Literal["pass", "fail", "cannot_assess"]

_REASONS: Final = (
    "the {} is named but the sentence stays general",
    "a reader still cannot act on what it says of the {}",
    "nothing here settles the {}",
    "the {} is left half said",
    "what stands on the {} answers another question",
    "the account of the {} stops short",
)
_ACTS: Final = (
    'in the section "{1}", replace the sentence on the {0} by one that does what is asked: {2}',
    'rewrite the line on the {0} under "{1}" so that it serves: {2}',
    'add to "{1}" one sentence on the {0} with the particulars: {2}',
    'cut the present sentence on the {0} in "{1}" and say instead: {2}',
    'under "{1}", turn the remark on the {0} into a statement that answers this: {2}',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the critic says about one demand."""

    demand: int
    name: str
    status: Status
    reason: str
    directive: str
    lines: tuple[int, ...]
    """Lines of the draft as the prompt numbers them."""
    quote: str
    """The sentence that it rests on; empty if there is none."""


def findings(
    world: World,
    draft: Draft,
    demands: Sequence[int],
    judged: Counter[tuple[int, str]],
    unnamed: frozenset[int] = frozenset(),
) -> list[Finding]:
    """The critic's verdicts.

    Args:
        world: the task.
        draft: the text to judge.
        demands: which demands it is asked about.
        judged: how often each demand was judged on a passage before, in whatever text; counted on.
        unnamed: demands that the prompt does not name, so that the critic has to think of them itself.
    """
    truth = world.truth(draft.text)
    regime = world.regime
    return [
        _finding(
            world,
            draft,
            demand,
            judged,
            met=truth[world.spec.criteria[demand].name],
            sensitivity=regime.sensitivity * (regime.unnamed if demand in unnamed else 1.0),
        )
        for demand in demands
    ]


def _finding(
    world: World, draft: Draft, demand: int, judged: Counter[tuple[int, str]], *, met: bool, sensitivity: float
) -> Finding:
    regime = world.regime
    criterion = world.spec.criteria[demand]
    places = [
        place
        for place, line in enumerate(draft.lines)
        if (demand != world.structure and any(mark.demand == demand for mark in world.marks(line)))
        or (demand == world.structure and world.heading(line))
    ]
    passage = _passage(world, draft, places, structural=demand == world.structure)
    call = judged[demand, passage]
    judged[demand, passage] += 1
    latent = uniform(world.seed, regime.drawn_by, "latent", demand, passage)
    fresh = uniform(world.seed, regime.drawn_by, "fresh", demand, passage, call)
    shared = uniform(world.seed, regime.drawn_by, "mix", demand, passage, call) < regime.rho**0.5
    draw = latent if shared else fresh
    said = draw >= (regime.alarm if met else sensitivity)
    status: Status = "pass" if said else "fail"
    if regime.abstain and uniform(world.seed, "abstain", demand, passage, call) < regime.abstain:
        status = "cannot_assess"
    again = call if regime.rewording and uniform(world.seed, "words", demand, passage, call) < regime.rewording else 0
    # A rewording critic also says it otherwise when only other passages changed.
    where = _digest(draft.text) if regime.rewording else passage
    choice = int(uniform(world.seed, "choice", demand, where, again) * 1_000_000)
    cited = [draft.numbers[place] for place in places]
    if regime.rewording and draft.numbers:
        cited = sorted({*cited, draft.numbers[choice % len(draft.numbers)]})
    heading = world.headings[world.section(demand)]
    return Finding(
        demand=demand,
        name=criterion.name,
        status=status,
        reason=f"the sentence on the {criterion.name} serves"
        if status == "pass"
        else _REASONS[choice % len(_REASONS)].format(criterion.name),
        directive=""
        if status != "fail"
        else _ACTS[choice % len(_ACTS)].format(criterion.name, heading, criterion.says),
        lines=tuple(cited),
        quote=draft.lines[places[0]].strip() if places else "",
    )


def _passage(world: World, draft: Draft, places: Sequence[int], *, structural: bool) -> str:
    """What the critic's error about a demand hangs on: the code words of its sentences, or the order of the headings."""
    if structural:
        return "|".join(world.heading(draft.lines[place]) for place in places)
    return "|".join("".join(parts) for place in places for parts in CODE.findall(draft.lines[place]))


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
