"""Mutation testing of the core: would the tests notice if a line of the control law were wrong?

    python bench/mutants.py [--sample 200] [--seed 0] [--seconds 900]

mutmut makes every mutant of `src/setpoint/core` (a changed operator, constant, argument); a seeded sample of them is
run against the tests of the core, of the remedies and of the loop, one at a time. A mutant that no test kills is
shown as a diff: either a test is missing, or the line does not matter. Results are kept in `mutants/`, so that the
same command goes on after its time is up; remove the folder after the code or its tests have changed. The tool begins
with the mutants whose tests are quick: the score of a sample that is not finished is not that of the whole.
"""

import argparse
import math
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from judging.scores import share

ROOT: Final = Path(__file__).resolve().parent.parent
PROGRAM: Final = Path(sys.executable).parent / "mutmut"
KILLED: Final = frozenset({"killed", "timeout", "segfault"})
OPEN: Final = "not checked"
ANY_FILE: Final = "setpoint.core.rates.*"
"""The tool makes all mutants before it runs any; it has to be told some."""


def mutmut(*arguments: str, seconds: float = math.inf) -> str:
    """Run the tool in the project's folder; gives back what it printed.

    Args:
        arguments: as for its command line.
        seconds: interrupt it after that; it keeps what it has found out.

    Raises:
        SystemExit: if it is not there, or if the tests fail without any mutant.
    """
    if not PROGRAM.exists():
        sys.exit("mutmut is not installed: make mutants does that")
    command = [str(PROGRAM), *arguments]
    with subprocess.Popen(  # noqa: S603 - our own arguments
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as running:
        try:
            said, _ = running.communicate(timeout=None if seconds == math.inf else seconds)
        except subprocess.TimeoutExpired:
            # The tests run in children of its own, which are told as well.
            os.killpg(running.pid, signal.SIGTERM)
            running.communicate()
            return ""
    if running.returncode:
        sys.exit(f"mutmut {arguments[0]} failed:\n{said[-3000:]}")
    return said


def statuses() -> dict[str, str]:
    """Mutant → what became of it."""
    found: dict[str, str] = {}
    for line in mutmut("results", "--all", "true").splitlines():
        name, colon, status = line.strip().rpartition(": ")
        if colon and name.startswith("setpoint.core"):
            found[name] = status
    return found


def sampled(names: Sequence[str], count: int, seed: int) -> list[str]:
    """A random sample; the same seed gives the same one, and a larger one holds the smaller."""
    order = sorted(names)
    random.Random(seed).shuffle(order)
    return order[:count]


def report(sample: Sequence[str], known: Mapping[str, str], total: int) -> str:
    """The score and the counts, in Markdown."""
    tried = [name for name in sample if known[name] != OPEN]
    score = share((place, known[name] in KILLED) for place, name in enumerate(tried))
    counts = Counter(known[name] for name in tried)
    by_file: dict[str, list[bool]] = {}
    for name in tried:
        by_file.setdefault(name.removeprefix("setpoint.core.").partition(".x")[0], []).append(known[name] in KILLED)
    how = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    lines = [
        f"{len(tried)} of a sample of {len(sample)} tried ({total:,} mutants in all): {score} % killed ({how}).",
        "",
        "| file | tried | killed |",
        "|---|---:|---:|",
    ]
    return "\n".join(lines + [f"| {file} | {len(of)} | {sum(of)} |" for file, of in sorted(by_file.items())])


def main(given: Sequence[str] | None = None) -> int:
    """Try the sample, print the score and the mutants that live."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=200, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after that")
    asked = parser.parse_args(given)
    if not (ROOT / "mutants").exists():
        mutmut("run", "--max-children", "1", ANY_FILE)
    known = statuses()
    sample = sampled(list(known), asked.sample, asked.seed)
    if todo := [name for name in sample if known[name] == OPEN]:
        mutmut("run", "--max-children", "1", *todo, seconds=asked.seconds)
    known = statuses()
    print(report(sample, known, len(known)))
    if OPEN in (known[name] for name in sample):
        print("time is up; the same command goes on", file=sys.stderr)
    for name in sample:
        if known[name] not in KILLED | {OPEN}:
            print(f"\n{known[name]}: {mutmut('show', name).strip()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
