"""IFEval on a real model: prompts with requirements that code verifies, each a spec of Setpoint, against plain loops.

    python bench/ifeval.py --agreement                      the verifiers against the official verdicts, seconds
    python bench/ifeval.py --small                          a few prompts with the embedded model, under two minutes
    python bench/ifeval.py --half report --parallel 64 --model openai:NAME@http://127.0.0.1:8000/v1

Each prompt becomes a spec with one criterion for each requirement. All arms get the same model at temperature 0.7, at
most 512 tokens a reply, the same checks and six drafts. A text passes if every requirement is met by IFEval's strict
rules; every byte of it must come from a reply of the model, which is asserted. The prompts are cut into two halves by
a seeded shuffle: tuning looks at the one, claims at the other. Rows are kept in --out; what is there is not run again.
"""

import argparse
import json
import math
import random
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict, cast

import anyio

from on_models.loops import ARMS, Limits, Task
from on_models.requirements import Requirement, requirement
from on_models.results import Results, run, table
from setpoint import models
from setpoint.checks import parse
from setpoint.compose import settings
from setpoint.core.spec import CheckCall, Criterion, Spec

__all__ = ["REGISTRY", "Prompt", "agreement", "halves", "prompts", "task"]

ROOT: Final = Path(__file__).resolve().parent.parent
DATA: Final = ROOT.parent / "shared" / "data"
COMPARED: Final = ("Setpoint", "checklist redraft")
SMALL: Final = 1
"""Prompts of each arm in the small form: a 1.5B model on two cores needs half a minute for each."""
TUNED: Final = 271


class _Line(TypedDict):
    key: int
    prompt: str
    instruction_id_list: list[str]
    kwargs: list[dict[str, object]]


class _Labelled(TypedDict):
    prompt: str
    response: str
    follow_instruction_list: list[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One row of IFEval."""

    key: int
    text: str
    kinds: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    calls: tuple[CheckCall | None, ...]
    """For each requirement the check of Setpoint's own that measures the same, if there is one."""


REGISTRY: Final[Mapping[str, str]] = {
    "punctuation:no_comma": ",",
    "keywords:forbidden_words": r"\b(?:{})\b",
}
"""The kinds that a check of Setpoint's own measures exactly: as a pattern that must not occur."""


def prompts(data: Path) -> list[Prompt]:
    """All prompts with their requirements, in the order of the file.

    Raises:
        OSError: if the data is not there.
    """
    lines = (data / "ifeval" / "input_data.jsonl").read_text(encoding="utf-8").splitlines()
    return [_prompt(cast("_Line", json.loads(line))) for line in lines]


def _prompt(line: _Line) -> Prompt:
    pairs = list(zip(line["instruction_id_list"], line["kwargs"], strict=True))
    return Prompt(
        key=line["key"],
        text=line["prompt"],
        kinds=tuple(line["instruction_id_list"]),
        requirements=tuple(requirement(kind, given) for kind, given in pairs),
        calls=tuple(_registered(kind, given) for kind, given in pairs),
    )


def _registered(kind: str, given: Mapping[str, object]) -> CheckCall | None:
    if kind not in REGISTRY:
        return None
    words = cast("list[str]", given.get("forbidden_words", []))
    return parse({"excludes": {"regex": REGISTRY[kind].format("|".join(words))}})


def halves(known: Sequence[Prompt]) -> tuple[list[Prompt], list[Prompt]]:
    """The prompts to tune on and those to report, 271 and 270 of the 541; the cut depends on nothing but the keys."""
    order = sorted(known, key=lambda prompt: prompt.key)
    random.Random(271).shuffle(order)
    return order[:TUNED], order[TUNED:]


def task(prompt: Prompt) -> Task:
    """A prompt as a spec: its text is the brief, each requirement a criterion with a check."""
    seen: Counter[str] = Counter()
    names: list[str] = []
    for kind in prompt.kinds:
        name = kind.partition(":")[2].replace("_", "-")
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    own = dict(zip(names, prompt.requirements, strict=True))
    criteria = tuple(
        Criterion(name=name, says=own[name].says, check=call or CheckCall(name="custom", params={"name": name}))
        for name, call in zip(names, prompt.calls, strict=True)
    )
    return Task(
        name=str(prompt.key),
        spec=Spec(brief=prompt.text, criteria=criteria),
        verify=lambda text: {name: bool(one.measure(text).passed) for name, one in own.items()},
        custom={name: own[name] for name, call in zip(names, prompt.calls, strict=True) if call is None},
    )


def agreement(data: Path) -> str:
    """How often our verifiers say what the official ones said, on the labelled answers of seven models, in Markdown."""
    known = {prompt.text.strip(): prompt for prompt in prompts(data)}
    same: Counter[str] = Counter()
    too_kind: Counter[str] = Counter()
    all_of: Counter[str] = Counter()
    for file in sorted((data / "ifeval").glob("labelled_*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            answer = cast("_Labelled", json.loads(line))
            prompt = known[answer["prompt"].strip()]
            for one, label in zip(prompt.requirements, answer["follow_instruction_list"], strict=True):
                passed = bool(one.measure(answer["response"]).passed)
                all_of[one.kind] += 1
                same[one.kind] += passed == label
                too_kind[one.kind] += passed and not label
    lines = ["| requirement | labels | agree | passed, but officially failed |", "|---|---:|---:|---:|"]
    lines += [f"| {kind} | {count} | {same[kind]} | {too_kind[kind]} |" for kind, count in sorted(all_of.items())]
    total, agreed = all_of.total(), same.total()
    lines.append(f"| **all** | {total:,} | {agreed:,} ({100 * agreed / total:.1f} %) | {too_kind.total()} |")
    return "\n".join(lines) + "\n"


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agreement", action="store_true", help="check the verifiers, and run nothing")
    parser.add_argument("--small", action="store_true", help="a prompt for each arm, under two minutes")
    parser.add_argument("--table", action="store_true", help="print what --out holds, and run nothing")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder that holds ifeval/")
    parser.add_argument("--model", default="embedded:qwen2.5-coder-1.5b", help="PROVIDER:NAME, or openai:NAME@URL")
    parser.add_argument("--arms", default=",".join(COMPARED), help=f"separated by commas: {', '.join(ARMS)}")
    parser.add_argument("--half", choices=("tune", "report", "all"), default="tune")
    parser.add_argument("--prompts", type=int, help="only so many of them")
    parser.add_argument("--passes", type=int, default=6, help="drafts, the first one counted")
    parser.add_argument("--reply-tokens", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parallel", type=int, default=1, help="tasks at a time; many for a server that batches")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin nothing new after that")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "ifeval")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run what was asked for, and print the table."""
    asked = _arguments(given)
    arms = asked.arms.split(",")
    if unknown := [arm for arm in arms if arm not in ARMS]:
        print(f"unknown: {', '.join(unknown)}; there are: {', '.join(ARMS)}", file=sys.stderr)
        return 2
    try:
        known = prompts(asked.data)
    except OSError as error:
        print(f"no data: {error}; name the folder that holds ifeval/ with --data", file=sys.stderr)
        return 2
    if asked.agreement:
        print(agreement(asked.data))
        return 0
    tune, report = halves(known)
    chosen = {"tune": tune, "report": report, "all": known}[asked.half]
    count = SMALL if asked.small else asked.prompts or len(chosen)
    tasks = [task(prompt) for prompt in chosen[:count]]
    results = Results(asked.out / ("small.jsonl" if asked.small else f"{asked.half}.jsonl"))
    if not asked.table:
        anyio.run(_run, asked, tasks, arms, results)
    wanted = {one.name for one in tasks}
    rows = [row for row in results.rows if row.task in wanted and row.passes == asked.passes]
    print(
        f"IFEval, {asked.half} half, {asked.model}, temperature 0.7, {asked.passes} drafts, seed {asked.seed}; ", end=""
    )
    print(table(rows, arms))
    return 0


async def _run(asked: argparse.Namespace, tasks: Sequence[Task], arms: Sequence[str], results: Results) -> None:
    model = models.resolve(asked.model, settings().models)
    done = await run(
        tasks,
        arms,
        model,
        results,
        seed=asked.seed,
        limits=Limits(passes=asked.passes, reply_tokens=asked.reply_tokens),
        parallel=asked.parallel,
        seconds=asked.seconds,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    if not done:
        print("cut by --seconds; the same command goes on", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
