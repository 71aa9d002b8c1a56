"""The rules on a real model, where words are the truth: many words to use, and lengths that pull against them.

    python bench/word_loops.py --small                      two tasks, under two minutes with the embedded model
    python bench/word_loops.py --data FOLDER                all tasks, Setpoint against two plain loops
    python bench/word_loops.py --arms "Setpoint,without focus (7)"

*Concepts*: sets of 20 to 30 words from commongen_hard, of which one text must use each; a word is one criterion, met by
any form that begins with its stem. *Tight*: pairs of a length limit and required words that can both be met, with little
room. *Impossible*: pairs that exclude each other, where the right end is to say so. Rows are kept in --out.
"""

import argparse
import json
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import anyio

from on_models.loops import ARMS, Limits, Task
from on_models.results import Results, Row, run, table
from setpoint import models
from setpoint.checks import parse
from setpoint.compose import build_checks, settings
from setpoint.core.spec import CheckCall, Criterion, Spec
from setpoint.ports import Check, Finding

__all__ = ["IMPOSSIBLE", "TIGHT", "concepts", "conflicts"]

ROOT: Final = Path(__file__).resolve().parent.parent
DATA: Final = ROOT.parent / "shared" / "data"
COMPARED: Final = ("Setpoint", "checklist redraft", "rewrite all faults")
CONCEPTS: Final = 6
"""Sets of words by default: a set takes an arm about a minute on two cores."""

TIGHT: Final = (
    ("a notice about a swimming lesson", 30, ("towel", "Thursday", "deep end", "lifeguard", "cancelled", "refund")),
    ("a note to a neighbour about a parcel", 28, ("parcel", "signature", "wet", "garage", "after six", "ring twice")),
    ("a warning about a lift", 24, ("third floor", "engineer", "Monday", "stairs", "wheelchair", "porter")),
    ("an invitation to a village fair", 32, ("brass band", "goat", "raffle", "marmalade", "noon", "umbrella", "free")),
)
"""What to write, the most words, and what must stand in it."""
IMPOSSIBLE: Final = (
    (
        "a notice about a bus",
        6,
        ("diversion", "Sunday", "depot", "roadworks", "replacement", "timetable", "stop", "night"),
    ),
    ("a text about tea", 6, ("kettle", "saucer", "milk", "Assam", "minute", "spoon", "china")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """A check: a word stands in the text, in any form that begins with its stem."""

    word: str

    def measure(self, text: str) -> Finding:
        """Look for it."""
        if re.search(rf"\b{stem(self.word)}", text, re.IGNORECASE):
            return Finding(passed=True)
        return Finding(passed=False, message=f'the word "{self.word}" is missing; use it', shortfall=1.0)


def stem(word: str) -> str:
    """A pattern for the forms of a regular word: ``carry`` finds ``carried``, ``dance`` finds ``dancing``."""
    head, last = word[:-1], word[-1]
    if last == "e" and len(word) > 3:
        return re.escape(head)
    if last == "y" and len(word) > 3:
        return rf"{re.escape(head)}[yi]"
    return re.escape(word)


def concepts(data: Path, count: int) -> list[Task]:
    """The first sets of commongen_hard as tasks.

    Raises:
        OSError: if the data is not there.
    """
    lines = (data / "commongen_hard" / "commongen_hard.jsonl").read_text(encoding="utf-8").splitlines()
    sets = [cast("dict[str, list[str]]", json.loads(line))["concepts"] for line in lines[:count]]
    return [_concepts(number, words) for number, words in enumerate(sets)]


def _concepts(number: int, words: Sequence[str]) -> Task:
    named = list(dict.fromkeys(words))
    checks: dict[str, Check] = {word: Uses(word=word) for word in named}
    criteria = tuple(
        Criterion(
            name=f"uses-{word}",
            says=f'Uses the word "{word}".',
            check=CheckCall(name="custom", params={"name": word}),
        )
        for word in named
    )
    brief = f"Write a coherent story of four to eight sentences that uses all of these words: {', '.join(named)}."
    return _task(f"concepts-{number}", Spec(brief=brief, criteria=criteria), checks)


def conflicts() -> list[Task]:
    """The pairs of a length and required words, the impossible ones last."""
    tasks = [_pair(f"tight-{at}", *pair) for at, pair in enumerate(TIGHT)]
    return tasks + [_pair(f"impossible-{at}", *pair) for at, pair in enumerate(IMPOSSIBLE)]


def _pair(name: str, what: str, most: int, words: Sequence[str]) -> Task:
    named = ", ".join(f'"{word}"' for word in words)
    criteria = (
        Criterion(name="short", says=f"Has at most {most} words.", check=parse({"words": {"max": most}})),
        Criterion(name="complete", says=f"Contains {named}.", check=parse({"contains": list(words)})),
    )
    return _task(name, Spec(brief=f"Write {what}.", criteria=criteria), {})


def _task(name: str, spec: Spec, custom: dict[str, Check]) -> Task:
    checks = build_checks(spec, (), custom)
    return Task(
        name=name,
        spec=spec,
        verify=lambda text: {known: bool(check.measure(text).passed) for known, check in checks.items()},
        custom=custom,
    )


def _ends(rows: Sequence[Row], arms: Sequence[str]) -> str:
    """How the runs on impossible pairs ended."""
    lines = [
        f"- {arm}: {', '.join(ended)}"
        for arm in arms
        if (ended := [row.played.outcome for row in rows if row.arm == arm and row.task.startswith("impossible")])
    ]
    return "Impossible pairs ended as:\n" + "\n".join(lines) + "\n" if lines else ""


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="one tight and one impossible pair; under two minutes")
    parser.add_argument("--table", action="store_true", help="print what --out holds, and run nothing")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder that holds commongen_hard/")
    parser.add_argument("--model", default="embedded:qwen2.5-coder-1.5b", help="PROVIDER:NAME, or openai:NAME@URL")
    parser.add_argument("--arms", default=",".join(COMPARED), help=f"separated by commas: {', '.join(ARMS)}")
    parser.add_argument("--concepts", type=int, default=CONCEPTS, help="how many sets of words")
    parser.add_argument("--passes", type=int, default=6, help="drafts, the first one counted")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parallel", type=int, default=1, help="tasks at a time; many for a server that batches")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin nothing new after that")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "word-loops")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run what was asked for, and print the tables."""
    asked = _arguments(given)
    arms = asked.arms.split(",")
    if unknown := [arm for arm in arms if arm not in ARMS]:
        print(f"unknown: {', '.join(unknown)}; there are: {', '.join(ARMS)}", file=sys.stderr)
        return 2
    pairs = conflicts()
    try:
        tasks = [pairs[0], pairs[-1]] if asked.small else [*pairs, *concepts(asked.data, asked.concepts)]
    except OSError as error:
        print(f"no data: {error}; name the folder that holds commongen_hard/ with --data", file=sys.stderr)
        return 2
    results = Results(asked.out / ("small.jsonl" if asked.small else "rows.jsonl"))
    if not asked.table:
        anyio.run(_run, asked, tasks, arms, results)
    print(f"{asked.model}, temperature 0.7, {asked.passes} drafts, seed {asked.seed}.\n")
    for group in ("concepts", "tight", "impossible"):
        rows = [row for row in results.rows if row.task.startswith(group) and row.arm in arms]
        if rows:
            print(f"**{group.capitalize()}**: {table(rows, arms)}")
    print(_ends(results.rows, arms))
    return 0


async def _run(asked: argparse.Namespace, tasks: Sequence[Task], arms: Sequence[str], results: Results) -> None:
    done = await run(
        tasks,
        arms,
        models.resolve(asked.model, settings().models),
        results,
        seed=asked.seed,
        limits=Limits(passes=asked.passes, reply_tokens=400),
        parallel=asked.parallel,
        seconds=asked.seconds,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    if not done:
        print("cut by --seconds; the same command goes on", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
