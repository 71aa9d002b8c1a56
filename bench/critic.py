"""A model as the critic: does it tell requirements that are met from those that are not, and what does that cost?

    python bench/critic.py --small                                      a few answers, under two minutes
    python bench/critic.py --half development --wordings all            which form of the prompt is best
    python bench/critic.py --half report --critic openai:NAME@URL --parallel 16
    python bench/critic.py --checks                                     the checks that lint proposes; asks no model

The data are 1,803 real answers of seven models with 2,096 requirements, each labelled by IFEval's verifier. The critic
is Setpoint's own, with its prompt, schema and fail-closed reading, in three forms: all criteria in one call, one call
for each, and checks where lint proposes one with one call for each of the rest. Forms of the prompt are chosen on the
development half of the prompts; the other half is reported. Verdicts are kept in --out: what is there is not asked
again, and the same command goes on.
"""

import argparse
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import anyio

from judging.answers import Answer, answers, in_half, sample
from judging.calls import Book, Call, ask, planned
from judging.tables import checks_alone, forms_table, wordings_table
from judging.wordings import WORDINGS, Wording
from setpoint import models
from setpoint.compose import settings
from setpoint.errors import SetpointError
from setpoint.ports import Model
from setpoint.rubric.probe import battery

ROOT: Final = Path(__file__).resolve().parent.parent
SMALL_ANSWERS: Final = 4
SMALL_WORDS: Final = 60
SMALL_SECONDS: Final = 75.0


def probe_answers() -> list[Answer]:
    """The planted texts of Setpoint's own probe, as answers: a second look at a form that was chosen on others."""
    return [
        Answer(key=f"probe:{place}", prompt=-place - 1, spec=item.spec, text=item.draft, truth=dict(item.expected))
        for place, item in enumerate(battery())
    ]


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--critic", default="embedded:qwen2.5-coder-1.5b", help="PROVIDER:NAME, or openai:NAME@URL")
    parser.add_argument("--half", choices=("development", "report", "probe"), default="development")
    parser.add_argument("--wordings", default="setpoint", help=f"separated by commas, or all: {_names()}")
    parser.add_argument("--answers", type=int, help="only so many, the first of a fair order")
    parser.add_argument("--most-words", type=int, help="only answers that are no longer; for a slow model")
    parser.add_argument("--single", action="store_true", help="only answers with one requirement: a call a verdict")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin nothing new after that")
    parser.add_argument("--parallel", type=int, default=1, help="calls at a time")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the answers")
    parser.add_argument("--small", action="store_true", help="four short answers, under two minutes")
    parser.add_argument("--checks", action="store_true", help="the checks that lint proposes, on everything; no model")
    parser.add_argument("--table", action="store_true", help="print what --out holds, and ask nothing")
    parser.add_argument(
        "--data", type=Path, default=ROOT.parent / "shared" / "data", help="the folder that holds ifeval/"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "critic", help="where verdicts are kept")
    asked = parser.parse_args(given)
    if asked.small:
        asked.answers, asked.most_words, asked.seconds = SMALL_ANSWERS, SMALL_WORDS, SMALL_SECONDS
    return asked


def _names() -> str:
    return ", ".join(wording.name for wording in WORDINGS)


def _wordings(names: str) -> list[Wording]:
    """The wordings that were asked for.

    Raises:
        SystemExit: if one is not known.
    """
    known = {wording.name: wording for wording in WORDINGS}
    wanted = list(known) if names == "all" else [name.strip() for name in names.split(",")]
    if unknown := [name for name in wanted if name not in known]:
        sys.exit(f"--wordings: there is no {unknown[0]!r}; there are: {_names()}")
    return [known[name] for name in wanted]


def _chosen(asked: argparse.Namespace) -> list[Answer]:
    """The answers to judge, in their order.

    Raises:
        SystemExit: if the data is not there.
    """
    if asked.half == "probe":
        return probe_answers()[: asked.answers]
    try:
        half = [answer for answer in answers(asked.data) if asked.checks or in_half(answer, asked.half)]
    except OSError as error:
        sys.exit(f"no data: {error}; name the folder that holds ifeval/ with --data")
    if asked.checks:
        return half
    some = [answer for answer in half if len(answer.truth) == 1] if asked.single else half
    return sample(some, seed=asked.seed, most_words=asked.most_words)[: asked.answers]


async def judge(calls: Sequence[Call], model: Model, book: Book, *, seconds: float, parallel: int) -> bool:
    """Make the calls that have not been made.

    Returns:
        Whether all are made now; False if the time was up.
    """
    until = time.monotonic() + seconds
    limiter = anyio.CapacityLimiter(parallel)
    todo = book.missing(model.name, calls)
    done = 0

    async def one(call: Call) -> None:
        nonlocal done
        async with limiter:
            if time.monotonic() >= until:
                return
            book.add(await ask(call, model))
            done += 1
            print(f"\r{done} of {len(todo)} calls", end="", file=sys.stderr, flush=True)

    async with anyio.create_task_group() as group:
        for call in todo:
            group.start_soon(one, call)
    if todo:
        print(file=sys.stderr)
    return done == len(todo)


async def _plan(chosen: Sequence[Answer], wordings: Sequence[Wording]) -> Mapping[str, Mapping[str, list[Call]]]:
    return {one.name: {answer.key: await planned(answer, one) for answer in chosen} for one in wordings}


async def _run(asked: argparse.Namespace, chosen: Sequence[Answer], wordings: Sequence[Wording], book: Book) -> None:
    plan = await _plan(chosen, wordings)
    if not asked.table:
        model = models.resolve(asked.critic, settings(notice=lambda line: print(line, file=sys.stderr)).models)
        # Answer by answer: whenever time is up, all wordings have judged the same ones, but for the last.
        calls = [call for answer in chosen for one in wordings for call in plan[one.name][answer.key]]
        if not await judge(calls, model, book, seconds=asked.seconds, parallel=asked.parallel):
            print("time is up; the same command goes on", file=sys.stderr)
    limit = f", answers of at most {asked.most_words} words" if asked.most_words else ""
    print(f"{asked.critic} as the critic, {asked.half}{limit}, {time.strftime('%Y-%m-%d')}\n")
    if len(wordings) > 1:
        print(wordings_table(asked.critic, chosen, plan, book))
    else:
        print(forms_table(asked.critic, chosen, plan[wordings[0].name], book))


def main(given: Sequence[str] | None = None) -> int:
    """Judge what was asked for, and print the table."""
    asked = _arguments(given)
    wordings, chosen = _wordings(asked.wordings), _chosen(asked)
    if asked.checks:
        print(checks_alone(chosen))
        return 0
    name = "".join(letter if letter.isalnum() else "-" for letter in asked.critic)
    failed: list[Exception] = []
    try:
        anyio.run(_run, asked, chosen, wordings, Book(asked.out / f"{name}.jsonl"))
    except* SetpointError as errors:
        failed += errors.exceptions
    if failed:
        print(f"stopped: {failed[0]}; what was judged is kept, and the same command goes on", file=sys.stderr)
    return 3 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
