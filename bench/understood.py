"""How much of a result rests on the reader of the prompts: the plant's own, or a stranger to every prompt.

    python bench/understood.py --small
    python bench/understood.py --loops 200 --regimes wrong-premise,stubborn-competing

Two questions, for each kind of task. What Setpoint's prompts asked for is known from its control law; did the stranger
see it? And how do all loops do when the stranger reads for author and critic, on the same tasks with the same luck?
The first table counts prompts, the second loops. Nothing here says how well a product writes.
"""

import argparse
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeAlias

import anyio

from against import ARMS, SETPOINT, SMALL_LOOPS, Row, job, row, setpoint_loop, share
from plant import REGIMES, Plant, Regime, World
from plant.grasp import Draft, Request
from plant.model import READERS
from plant.reader import Message
from setpoint.core.action import Judge, Mediate, Probe, Reask, Revise, Write
from setpoint.core.draft import unmarked
from setpoint.core.event import Drafted, Judged, Mediated, Misjudged, MoveFailed, PatchMissed, Probed
from setpoint.core.state import State
from setpoint.ports import Author, Critic, Mediator
from setpoint.run import Crew

__all__ = ["Ear", "asked_of_author", "asked_of_critic", "asked_of_mediator", "listen"]

Asked: TypeAlias = tuple[str, bool]
"""What a prompt was to say, and whether a request shows it."""
STRANGERS: Final = tuple(name.removeprefix("stranger-") for name in REGIMES if name.startswith("stranger-"))
_READERS: Final = ("stranger", "resident")


# What was meant, against what was understood


def _number(world: World, name: str) -> int | None:
    """The demand that a criterion's name stands for; None for a passage of a prompt."""
    found = world.naming.search(name)
    return world.numbers[found.group().lower()] if found else None


def _numbers(world: World, names: Iterable[str]) -> set[int]:
    return {number for name in names if (number := _number(world, name)) is not None}


def _same(draft: Draft, text: str) -> bool:
    """Whether a draft is that text, but for blank lines."""
    lines = [line.strip() for line in unmarked(text).splitlines() if line.strip()]
    return [line.strip() for line in draft.lines if line.strip()] == lines


def asked_of_author(world: World, action: Write | Revise | Reask, state: State, seen: Request) -> Iterator[Asked]:
    """What one author prompt was to say, and whether it is seen."""
    if isinstance(action, Reask):
        yield "send edits again", seen.act == "write" and _same(seen.draft, state.draft(action.revise.base).draft.text)
        return
    if isinstance(action, Write) and action.stage == "outline":
        yield "write an outline only", seen.act == "write" and seen.outline_only
        return
    yield from _start(world, action, state, seen)
    everything = frozenset(range(len(world.spec.criteria)))
    yield "all demands", seen.listed >= everything
    wanted = {
        (winner, loser)
        for one in state.preferences
        if (winner := _number(world, one.winner)) is not None
        and (loser := _number(world, one.loser)) is not None
        and winner != loser
    }
    if wanted:
        yield "which of two comes first", wanted <= seen.orders
    yield "no other order", seen.orders <= wanted
    if promoted := _numbers(world, state.promoted):
        yield "check yourself against this", promoted <= seen.verify
    if state.skeleton:
        yield (
            "these headings stand",
            tuple(world.heading(one) for one in state.skeleton[1:]) == seen.outline
            or (tuple(name for one in state.skeleton if (name := world.heading(one))) == seen.outline),
        )


def _start(world: World, action: Write | Revise, state: State, seen: Request) -> Iterator[Asked]:
    """Where to start from, and what to mend."""
    writes = seen.act == "write" and not seen.outline_only
    if isinstance(action, Write):
        yield "write from nothing", writes and not seen.draft.lines
        if action.approach:
            yield "new start, other approach", seen.fresh and seen.approach
        return
    targets = _numbers(world, action.targets)
    if action.move == "redraft":
        yield "draft again from nothing", writes and not seen.draft.lines
        yield "what failed before", targets <= seen.fix
        return
    yield f"{action.move} this draft", writes and _same(seen.draft, state.draft(action.base).draft.text)
    yield "fix these", targets <= seen.fix
    yield "fix nothing else", seen.fix <= targets
    if hold := _numbers(world, action.hold):
        yield "hold this fast", hold <= seen.firm


def asked_of_critic(world: World, action: Judge, state: State, seen: Request) -> Iterator[Asked]:
    """What one critic prompt was to say, and whether it is seen."""
    yield "judge", seen.act == "judge"
    yield "judge this draft", _same(seen.draft, state.draft(action.draft).draft.text)
    yield "judge by these", set(seen.asked) == _numbers(world, action.criteria)


def asked_of_mediator(world: World, action: Mediate, seen: Request) -> Iterator[Asked]:
    """What one prompt of rule 12 was to say, and whether it is seen."""
    about = seen.fix or frozenset(seen.asked)
    yield "search what competes", seen.act == "find" and set(about) == _numbers(world, [action.criterion])


# Listening


@dataclass(slots=True)
class Ear:
    """Hears every prompt of a plant with two readers; the stranger's reading is the one that counts.

    Args:
        regime: which regime this is about.
    """

    regime: str
    heard: list[dict[str, Request]] = field(default_factory=list[dict[str, Request]])
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    """How often (reader, what was asked, "asked" or "seen")."""
    prompts: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """What the stranger failed to see, and the prompt."""
    _last: str = ""

    def reading(self, world: World, messages: Sequence[Message], keys: Iterable[str]) -> Request:
        """Understand a chat twice; give back what the stranger makes of it."""
        names = tuple(keys)
        self._last = "\n\n".join(message.text for message in messages)
        self.heard.append({name: READERS[name](world, messages, names) for name in _READERS})
        return self.heard[-1]["stranger"]

    def note(self, name: str, asked: Iterable[Asked]) -> None:
        """Count what one reader made of one prompt."""
        for what, seen in asked:
            self.counts[name, what, "asked"] += 1
            self.counts[name, what, "seen"] += seen
            if name == "stranger" and not seen:
                self.prompts.append((what, self._last))


@dataclass(frozen=True, slots=True)
class _HeardAuthor:
    inner: Author
    ear: Ear
    world: World

    async def perform(
        self, call: int, action: Write | Revise | Reask, state: State
    ) -> Drafted | PatchMissed | MoveFailed:
        self.ear.heard.clear()
        event = await self.inner.perform(call, action, state)
        for heard in self.ear.heard:
            for name, seen in heard.items():
                self.ear.note(name, asked_of_author(self.world, action, state, seen))
        return event


@dataclass(frozen=True, slots=True)
class _HeardCritic:
    inner: Critic
    ear: Ear
    world: World

    async def perform(self, call: int, action: Judge, state: State) -> Judged | Misjudged:
        self.ear.heard.clear()
        event = await self.inner.perform(call, action, state)
        for heard in self.ear.heard:
            for name, seen in heard.items():
                self.ear.note(name, asked_of_critic(self.world, action, state, seen))
        return event

    async def probe(self, call: int, action: Probe, state: State) -> Probed | Misjudged:
        return await self.inner.probe(call, action, state)


@dataclass(frozen=True, slots=True)
class _HeardMediator:
    inner: Mediator
    ear: Ear
    world: World

    async def perform(self, call: int, action: Mediate, state: State) -> Mediated:
        self.ear.heard.clear()
        event = await self.inner.perform(call, action, state)
        for heard in self.ear.heard:
            for name, seen in heard.items():
                self.ear.note(name, asked_of_mediator(self.world, action, seen))
        return event


def listen(ear: Ear, world: World, crew: Crew) -> Crew:
    """A crew whose every prompt is heard."""
    return replace(
        crew,
        author=_HeardAuthor(crew.author, ear, world),
        critics={role: _HeardCritic(critic, ear, world) for role, critic in crew.critics.items()},
        mediator=_HeardMediator(crew.mediator, ear, world) if crew.mediator else None,
    )


# Running


async def play(regime: Regime, seeds: Sequence[int], arms: Sequence[str], *, tokens: int, passes: int) -> tuple[Ear, list[Row]]:  # fmt: skip
    """Every arm on every seed, read by the resident and by the stranger."""
    ear = Ear(regime.name)
    found: list[Row] = []
    strange = REGIMES[f"stranger-{regime.name}"]
    for seed in seeds:
        for kind in (regime, strange):
            for arm in arms:
                listening = arm == SETPOINT and kind is strange
                plant = Plant(kind, seed, ear.reading if listening else None)
                loop = partial(setpoint_loop, wrap=partial(listen, ear, plant.world)) if listening else ARMS[arm]
                trial = await loop(job(plant, seed, tokens=tokens, passes=passes))
                found.append(row(kind.name, arm, seed, plant, trial))
    return ear, found


def seen_table(ears: Sequence[Ear]) -> str:
    """What was asked and how often it was seen."""
    lines = [
        "| regime | Setpoint's prompts asked | prompts | stranger saw it | resident reader saw it |",
        "|---|---|---|---|---|",
    ]
    for ear in ears:
        for what in dict.fromkeys(what for _, what, _ in ear.counts):
            asked = ear.counts["stranger", what, "asked"]
            cells = [f"{ear.counts[name, what, 'seen']} ({100 * ear.counts[name, what, 'seen'] / asked:.0f} %)" for name in _READERS]  # fmt: skip
            lines.append(f"| {ear.regime} | {what} | {asked} | {' | '.join(cells)} |")
    return "\n".join(lines)


def satisfied_table(found: Sequence[Row]) -> str:
    """The share truly satisfied by both readings, and the paired difference."""
    lines = [
        "| regime | loop | satisfied %, read by the resident | by the stranger | better / worse of the same tasks |",
        "|---|---|---|---|---|",
    ]
    for regime in dict.fromkeys(one.regime for one in found if not one.regime.startswith("stranger-")):
        for arm in dict.fromkeys(one.arm for one in found):
            known = {one.seed: one.satisfied for one in found if (one.regime, one.arm) == (regime, arm)}
            strange = {one.seed: one.satisfied for one in found if (one.regime, one.arm) == (f"stranger-{regime}", arm)}
            better = sum(strange[seed] and not known[seed] for seed in known)
            worse = sum(known[seed] and not strange[seed] for seed in known)
            cells = (share(sum(known.values()), len(known)), share(sum(strange.values()), len(strange)))
            lines.append(f"| {regime} | {arm} | {' | '.join(cells)} | {better} / {worse} |")
    return "\n".join(lines)


def main(given: Sequence[str] | None = None) -> int:
    """Run it and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help=f"{SMALL_LOOPS} loops a cell; about two minutes")
    parser.add_argument("--loops", type=int, default=200, help="loops a cell (default: 200)")
    parser.add_argument("--regimes", default=",".join(STRANGERS), help="which regimes, separated by commas")
    parser.add_argument("--arms", default=",".join(ARMS), help="which loops, separated by commas")
    parser.add_argument("--tokens", type=int, default=40_000, help="cap on tokens")
    parser.add_argument("--passes", type=int, default=8, help="cap on drafts")
    asked = parser.parse_args(given)
    names, arms = asked.regimes.split(","), asked.arms.split(",")
    if unknown := [one for one in names if one not in STRANGERS] + [one for one in arms if one not in ARMS]:
        print(
            f"unknown: {', '.join(unknown)}; regimes: {', '.join(STRANGERS)}; loops: {', '.join(ARMS)}", file=sys.stderr
        )
        return 2
    began = time.perf_counter()
    seeds = range(SMALL_LOOPS if asked.small else asked.loops)
    ears: list[Ear] = []
    found: list[Row] = []
    for name in names:
        ear, more = anyio.run(partial(play, REGIMES[name], seeds, arms, tokens=asked.tokens, passes=asked.passes))
        ears.append(ear)
        found += more
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    print("# Mechanism tests: the same loops, their prompts read by a stranger\n")
    print(f"{len(seeds)} loops a cell and reader, paired; {len(found)} loops, Python {platform.python_version()}.\n")
    print(f"{seen_table(ears)}\n\n{satisfied_table(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
