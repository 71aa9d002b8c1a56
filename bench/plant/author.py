"""The author: what it makes of a request, with the luck that the regime gives it.

An author changes marks, never truth: it writes sentences, and the truth follows from those that stand in the text.
"""

import random
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from plant.grasp import Request
from plant.world import FILLER, Mark, World
from setpoint.core.draft import Edit

__all__ = ["Patch", "Work", "patch", "redraft", "rewrite", "skeleton"]

Work: TypeAlias = Literal["edit", "rewrite", "redraft"]
_WORDS_PER_LINE = 15
_CHECKED_AT_ONCE = 2
"""A list to verify against works in full for this many demands; beyond, attention is shared."""
_ATTENTION = 0.35
"""How fast holding demands fast loses force with their number: 1 / (1 + this·(n - 1)) (assumed)."""
_WEAK_HOLD = 0.4
"""The force of a mild "keep" against that of a "must stay" (assumed)."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Edits to a draft."""

    edits: tuple[Edit, ...]


def redraft(world: World, request: Request, rng: random.Random) -> str:
    """A text from nothing."""
    met = _fresh(world, request, rng)
    headings = _headings(world, request, rng)
    if world.structure is not None:
        met.pop(world.structure, None)
    sections: list[list[str]] = [[] for _ in headings]
    pinned = {mark.demand: line for line in request.pinned for mark in world.marks(line) if mark.demand >= 0}
    for demand, good in met.items():
        line = pinned.get(demand) or world.sentence(Mark(demand, good), rng)
        sections[_section(world, demand, headings)].append(line)
    total = max(len(met) + len(headings), world.regime.words // _WORDS_PER_LINE)
    for extra in range(total - len(met)):
        place = sections[extra % len(sections)]
        place.insert(rng.randint(0, len(place)), world.sentence(Mark(FILLER, good=True), rng))
    parts = [world.title]
    for heading, lines in zip(headings, sections, strict=True):
        parts.append(f"\n## {heading}\n\n" + "\n".join(lines))
    return "\n".join(parts) + "\n"


def skeleton(world: World, request: Request, rng: random.Random) -> str:
    """The headings alone: drawn anew, or those of an outline that is shown, put right as in a rewrite."""
    names = _reordered(world, request, rng) if request.shown else _headings(world, request, rng)
    return "\n\n".join([world.title, *(f"## {heading}" for heading in names)]) + "\n"


def rewrite(world: World, request: Request, rng: random.Random) -> str:
    """The draft written anew, line by line: much stays in substance, some is gained, some is lost."""
    lines = list(request.draft.lines)
    old = _standing(world, lines)
    new = _revised(world, request, old, "rewrite", 1.0, rng)
    written: list[str] = []
    done: set[int] = set()
    for line in lines:
        marks = [mark for mark in world.marks(line) if mark.demand != FILLER]
        if not world.marks(line) or line.strip() in request.pinned:
            written.append(line)
            done |= {mark.demand for mark in marks}
            continue
        touched = rng.random() < world.regime.rewrite_share
        if not marks:
            written.append(world.sentence(Mark(FILLER, good=True), rng) if touched else line)
            continue
        for demand in dict.fromkeys(mark.demand for mark in marks):
            if demand in done:
                continue  # said twice; a rewrite says it once
            done.add(demand)
            same = old[demand] == new[demand]
            alone = len(marks) == 1
            good = new[demand]
            written.append(line if same and alone and not touched else world.sentence(Mark(demand, good), rng))
    for demand, good in new.items():
        if demand not in done and demand != world.structure and good:
            written = _inserted(world, written, demand, world.sentence(Mark(demand, good=True), rng))
    if world.structure is not None or request.outline:
        written = _arranged(world, request, written, old, new, rng)
    return "\n".join(written) + "\n"


def patch(world: World, request: Request, rng: random.Random) -> Patch:
    """Search and replace on the lines concerned; the rest is not touched."""
    regime = world.regime
    lines = [line for line in request.draft.lines if line.strip()]
    old = _standing(world, lines)
    # An excerpt shows few of the lines; what an edit touches is a share of the whole text all the same.
    share = max(1, len(request.fix)) / max(1, len(lines), regime.words // _WORDS_PER_LINE)
    new = _revised(world, request, old, "edit", share, rng)
    edits: list[Edit] = []
    for demand in old:
        own = [line for line in lines if any(mark.demand == demand for mark in world.marks(line))]
        changed = old[demand] != new[demand]
        if demand == world.structure or not (changed or demand in request.fix):
            continue
        said, name = world.sentence(Mark(demand, new[demand]), rng), world.spec.criteria[demand].name
        if own:
            edits.append(Edit(search=own[0].strip(), replace=said, about=name))
            edits += [Edit(search=line.strip(), replace="", about=name) for line in own[1:]]
        else:
            edits.append(replace(_insertion(world, lines, demand, said), about=name))
    if not edits and lines:  # asked for edits and seeing nothing to do: it words one sentence anew
        sentences = [line for line in lines if world.marks(line)]
        if sentences:
            line = rng.choice(sentences)
            edits.append(Edit(search=line.strip(), replace=world.sentence(world.marks(line)[0], rng)))
    # What one demand wins and the other loses is one change of the text: it is quoted wrongly as a whole or not at all.
    pair = {world.spec.criteria[demand].name for demand in world.pair or ()}
    trade = rng.random() < regime.edit_miss
    missed = [trade if edit.about in pair else rng.random() < regime.edit_miss for edit in edits]
    return Patch(tuple(_misquoted(edit, rng) if miss else edit for edit, miss in zip(edits, missed, strict=True)))


# What comes of a try


def _fresh(world: World, request: Request, rng: random.Random) -> dict[int, bool]:
    """Which demands a text from nothing meets."""
    regime = world.regime
    met: dict[int, bool] = {}
    for demand, easy in enumerate(world.first):
        chance = easy if demand in request.listed else easy * regime.unlisted
        if demand in request.fix:
            chance = 1 - (1 - chance) * (1 - regime.lesson)
        if demand == world.stubborn:
            chance = _remedy(world, request, demand)
        if regime.premise and world.spec.criteria[demand].core:
            # A stated other approach leaves the wrong premise behind; a mere new try falls back into it.
            chance = regime.remedied if request.fresh and request.approach else chance * (1 - regime.premise)
        met[demand] = rng.random() < chance
    if world.pair is not None:
        first, second = world.pair
        if met[first] and met[second]:
            both = regime.conflict == "satisfiable" and rng.random() > regime.pull * (1 - _protection(world, request))
            if not both:
                met[first if rng.random() < 0.5 else second] = False
    return met


def _revised(
    world: World, request: Request, old: dict[int, bool], work: Work, share: float, rng: random.Random
) -> dict[int, bool]:
    """Which demands hold after a revision that touches that share of the text."""
    regime = world.regime
    new: dict[int, bool] = {}
    singled = max(1, len(request.fix))
    shaken = world.structure is not None and work == "rewrite" and world.structure in request.fix
    for demand, held in old.items():
        if held:
            risk = regime.loss * share * (regime.kept if demand in request.keep else 1.0)
            if demand in request.fix:  # a needless repair touches the whole passage
                risk = max(risk, regime.loss)
            if shaken and demand != world.structure:
                risk *= regime.restructuring
            if demand in request.firm and demand not in request.fix:
                risk /= 2
            new[demand] = rng.random() >= risk
        else:
            new[demand] = rng.random() < _chance(world, request, demand, work, singled)
    if world.structure is not None:
        new[world.structure] = old[world.structure]  # settled with the headings
    _pull(world, request, old, new, rng)
    return new


def _chance(world: World, request: Request, demand: int, work: Work, singled: int) -> float:
    """That a revision fixes a demand that does not hold."""
    regime = world.regime
    if demand == world.stubborn:
        return _remedy(world, request, demand)
    if regime.premise and world.spec.criteria[demand].core:
        return 0.0  # the premise is not in a sentence that could be mended
    if demand in request.verify and len(request.verify) <= _CHECKED_AT_ONCE:
        return max(world.fix[demand], regime.remedied)
    if demand in request.fix:
        return world.fix[demand] / (1 + regime.crowding * (singled - 1))
    if work == "edit":
        return 0.0  # an edit leaves alone what it was not sent to
    return regime.fix_listed if demand in request.listed else regime.fix_unmentioned


def _remedy(world: World, request: Request, demand: int) -> float:
    """That a stubborn demand is met: only by what answers to its cause."""
    regime = world.regime
    if world.rival is not None:
        ordered = (demand, world.rival) in request.orders
        return regime.remedied if ordered else 0.0
    if demand not in request.verify:
        return 0.0
    return regime.remedied / (1 + max(0, len(request.verify) - _CHECKED_AT_ONCE))


def _protection(world: World, request: Request) -> float:
    """How well the prompt shields the conflicting pair, 0 to 1: by an order, or by holding one while the other is fixed."""
    if world.pair is None:
        return 0.0
    first, second = world.pair
    if (first, second) in request.orders or (second, first) in request.orders:
        return 0.95
    held = {first, second} & request.keep
    if len(held) != 1 or request.fix != frozenset({first, second}) - held:
        return 0.0
    firm = bool(held & request.firm)
    crowd = request.crowd.get(next(iter(held)), 1)
    return 0.95 * (1.0 if firm else _WEAK_HOLD) / (1 + _ATTENTION * (crowd - 1))


def _pull(world: World, request: Request, old: dict[int, bool], new: dict[int, bool], rng: random.Random) -> None:
    """A conflicting pair: what one gains the other loses, unless the prompt resolves it."""
    if world.pair is None:
        return
    first, second = world.pair
    if not (new[first] and new[second]) or (old[first] and old[second]):
        return
    gained = first if not old[first] else second
    other = second if gained == first else first
    if world.regime.conflict == "true":
        # Held fast, the other demand wins and the work on this one comes to nothing.
        new[gained if other in request.firm and gained not in request.firm else other] = False
    elif rng.random() < world.regime.pull * (1 - _protection(world, request)):
        new[other] = False


# The page


def _standing(world: World, lines: list[str]) -> dict[int, bool]:
    """What holds in a draft, by demand."""
    truth = world.truth("\n".join(lines))
    return {number: truth[c.name] for number, c in enumerate(world.spec.criteria)}


def _headings(world: World, request: Request, rng: random.Random) -> tuple[str, ...]:
    """The headings of a text from nothing."""
    if request.outline:
        return request.outline
    if world.structure is None:
        return world.headings
    chance = world.regime.sloppy
    if world.structure in request.fix:
        chance *= 1 - world.regime.lesson
    return _shuffled(world, rng) if rng.random() < chance else world.headings


def _reordered(world: World, request: Request, rng: random.Random) -> tuple[str, ...]:
    """The headings of an outline after a revision."""
    regime = world.regime
    if world.structure is None:
        return request.shown
    if request.shown == world.headings:
        return _shuffled(world, rng) if rng.random() < regime.flip else world.headings
    chance = regime.restructured if world.structure in request.fix else regime.fix_listed
    return world.headings if rng.random() < chance else request.shown


def _shuffled(world: World, rng: random.Random) -> tuple[str, ...]:
    wrong = list(world.headings)
    while tuple(wrong) == world.headings:
        rng.shuffle(wrong)
    return tuple(wrong)


def _section(world: World, demand: int, headings: tuple[str, ...]) -> int:
    """The place of a demand's section among the headings."""
    name = world.headings[world.section(demand)]
    return headings.index(name) if name in headings else demand % len(headings)


def _inserted(world: World, lines: list[str], demand: int, said: str) -> list[str]:
    """The lines with one more in the section where it belongs."""
    name = world.headings[world.section(demand)]
    for place, line in enumerate(lines):
        if world.heading(line) == name:
            return [
                *lines[: place + 1],
                "",
                said,
                *lines[place + 2 if lines[place + 1 : place + 2] == [""] else place + 1 :],
            ]
    return [*lines, said]


def _insertion(world: World, lines: list[str], demand: int, said: str) -> Edit:
    """An edit that puts a new sentence under its heading."""
    name = world.headings[world.section(demand)]
    anchor = next((line.strip() for line in lines if world.heading(line) == name), lines[-1].strip() if lines else "")
    return Edit(search=anchor, replace=f"{anchor}\n\n{said}")


def _arranged(
    world: World, request: Request, lines: list[str], old: dict[int, bool], new: dict[int, bool], rng: random.Random
) -> list[str]:
    """The lines under the headings that the rewrite ends up with."""
    del new
    regime = world.regime
    if request.outline:
        wanted = request.outline
    elif world.structure is None:
        return lines
    elif old[world.structure]:
        flips = rng.random() < regime.flip * (regime.kept if world.structure in request.keep else 1.0)
        wanted = _shuffled(world, rng) if flips else world.headings
    else:
        chance = regime.restructured if world.structure in request.fix else regime.fix_listed
        wanted = world.headings if rng.random() < chance else ()
    present = [name for line in lines if (name := world.heading(line))]
    if not wanted or list(wanted) == present:
        return lines
    head: list[str] = []
    sections: dict[str, list[str]] = {}
    current = head
    for line in lines:
        name = world.heading(line)
        if name:
            current = sections.setdefault(name, [])
        else:
            current.append(line)
    arranged = list(head)
    for name in wanted:
        arranged += [f"## {name}", *sections.pop(name, ["", world.sentence(Mark(FILLER, good=True), rng), ""])]
        if arranged[-1].strip():
            arranged.append("")
    for rest in sections.values():  # nothing that was said is lost with its heading
        arranged += [line for line in rest if line.strip()]
    return arranged


def _misquoted(edit: Edit, rng: random.Random) -> Edit:
    """An edit that quotes its passage with one word wrong."""
    words = edit.search.split()
    place = rng.randrange(len(words)) if words else 0
    return replace(edit, search=" ".join([*words[:place], "rather", *words[place + 1 :]]))
