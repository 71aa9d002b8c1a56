"""Are forecasts calibrated? Real loops, forecast from other loops only.

Two sets of recorded loops (`--data`): 2,000 loops of 20 passes with an error count per pass, and 300 loops of 11 drafts
with the criteria that were truly open. Cross-fitted: loops are split into five parts by prompt, so that no prompt is on
both sides; rates are learnt from four parts the way Setpoint learns them from its own ledger, and the fifth is forecast.
These loops had no roll-back, so their chain has none.

For each moment (before the start, after the first draft) and each state of knowledge: the Brier score of the chance to be
done by pass k against that of the base rate (the share in the other parts) and of a table of shares; the largest gap
between forecast and fact over up to five groups; and upper bounds by split conformal prediction against
their nominal share. A gap of up to five points is what is aimed at.

    python bench/forecast.py [--data ../shared/data] [--small]
"""

import argparse
import gzip
import hashlib
import itertools
import json
import math
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from setpoint.core.chain import Law, done_after
from setpoint.core.forecast import conformal_bound
from setpoint.core.past import PastRun, calibrated
from setpoint.core.rates import LOSSES_TOGETHER, PRIORS, Experience, Rates, first_open, learn

PARTS = 5
BUDGET = 8
"""Setpoint's default: a loop that is not done by then is censored."""
ASKED = (1, 2, 3, 5)
LEVELS = (0.5, 0.7, 0.8, 0.9)


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A recorded loop.

    Args:
        job: which loops are of the same kind, as runs of one spec and author are.
        prompt: what it was about; loops of one prompt are never on both sides.
        total: how many criteria there are, as far as the record tells.
        open: open criteria after pass 1, 2 … until none is, or the record ends.
        seen: what it showed of its author.
        part: which part it belongs to, by its prompt.
    """

    job: str
    prompt: str
    total: int
    open: tuple[int, ...]
    seen: Experience
    part: int = 0

    @property
    def took(self) -> int | None:
        """Passes until nothing was open; None if that is beyond the budget."""
        took = self.open.index(0) + 1 if 0 in self.open else None
        return took if took is not None and took <= BUDGET else None

    def done_by(self, k: int) -> bool:
        """Whether nothing was open after pass k or before."""
        return self.took is not None and self.took <= k

    @property
    def past(self) -> PastRun:
        """As Setpoint would remember it; what the record calls done is called accepted."""
        took = self.took
        return PastRun(
            digest=self.job,
            checks=self.total,
            judged=0,
            given=False,
            open=self.open[:took],
            accepted=took is not None,
            cut=took is None,
            tokens=0.0,
            experience=self.seen,
        )


def counted(total: int, open_: Sequence[int]) -> Experience:
    """Experience from counts alone: what the count fell by was fixed, what it rose by was lost."""
    seen = Experience(checks=(total, total - open_[0]))
    for age, (now, then) in enumerate(itertools.pairwise(open_)):
        fixed, lost = max(0, now - then), max(0, then - now)
        tries = ((0, 0),) * age + ((now, fixed),)
        seen = seen.plus(Experience(tries=tries, held=total - now, lost=min(lost, total - now)))
    return seen


def error_loops(folder: Path) -> list[Loop]:
    """The 2,000 loops with an error count per pass."""
    rows: list[tuple[str, str, list[float]]] = []
    for file in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            next(lines)  # a header
            for line in lines:
                row = json.loads(line)
                history = row["conditions"]["B20"]["error_history"]
                rows.append((row["workload"].split("-")[0], row["prompt"], history))
    most: dict[str, int] = defaultdict(int)
    for job, _, history in rows:
        # A count of a million stands for an answer that could not be measured: everything is open.
        most[job] = max(most[job], *(round(errors) for errors in history if errors < 1000))
    loops: list[Loop] = []
    for job, prompt, history in rows:
        total = most[job]
        counts = [min(total, math.ceil(errors)) for errors in history[:BUDGET]]
        ended = counts[: counts.index(0) + 1] if 0 in counts else counts
        loops.append(Loop(job=job, prompt=prompt, total=total, open=tuple(ended), seen=counted(total, ended)))
    return loops


def concept_loops(file: Path) -> list[Loop]:
    """The 300 loops whose truly missing concept words are known per draft."""
    loops: list[Loop] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        total: int = row["n"]
        missing = [set(words) for words in row["missing"][:BUDGET]]
        done = next((place for place, words in enumerate(missing) if not words), len(missing) - 1)
        missing = missing[: done + 1]
        seen = Experience(checks=(total, total - len(missing[0])))
        behind: dict[int, int] = {}
        for now, then in itertools.pairwise(missing):
            for word in now:
                age = behind.get(word, 0)
                seen = seen.plus(Experience(tries=((0, 0),) * age + ((1, int(word not in then)),)))
                behind[word] = age + 1 if word in then else 0
            seen = seen.plus(Experience(held=total - len(now), lost=len(then - now)))
        counts = tuple(len(words) for words in missing)
        loops.append(Loop(job=row["model"], prompt=str(row["item"]), total=total, open=counts, seen=seen))
    return loops


Forecast = Callable[[Loop], tuple[float, ...]]
"""From a loop, of which only what is known at the time may be used, to the chances to be done by pass 1, 2 …"""


def parted(loops: Sequence[Loop]) -> list[Loop]:
    """The loops in parts: all of a prompt in one, and in each part about as many of each job."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for loop in loops:
        counts[loop.job, loop.prompt] += 1
    part: dict[str, int] = {}
    held: dict[tuple[str, int], int] = defaultdict(int)
    order = sorted(counts, key=lambda key: (-counts[key], hashlib.sha256(key[1].encode()).digest()))
    for job, prompt in order:
        part.setdefault(prompt, min(range(PARTS), key=lambda p: held[job, p]))
        held[job, part[prompt]] += counts[job, prompt]
    return [replace(loop, part=part[loop.prompt]) for loop in loops]


def rates_from(loops: Iterable[Loop]) -> Rates:
    """What Setpoint would have learnt from these loops."""
    seen = Experience()
    for loop in loops:
        seen = seen.plus(loop.seen)
    return learn(PRIORS["middling", "short"], seen)


def law(rates: Rates, total: int) -> Law:
    """The chain of these loops."""
    return Law(a=rates.a, b=rates.b, q=rates.q, total=total, together=LOSSES_TOGETHER, ratchet=False)


def before(rates: Rates, total: int, past: Sequence[PastRun]) -> Forecast:
    """Before the start."""
    chain = law(rates, total)
    start = {chain.begin(n): chance for n, chance in enumerate(first_open(rates, total, 0))}
    chances = calibrated(done_after(chain, start, BUDGET - 1), past)
    return lambda _loop: chances


def after(rates: Rates, total: int, past: Sequence[PastRun]) -> Forecast:
    """After the first draft: how many criteria it left open is known."""
    known: dict[int, tuple[float, ...]] = {}

    def forecast(loop: Loop) -> tuple[float, ...]:
        still = loop.open[0]
        if still not in known:
            chain = law(rates, max(total, still))
            done = done_after(chain, {chain.begin(still): 1.0}, BUDGET - 1)
            known[still] = calibrated(done, past, used=1, still_open=still)
        return known[still]

    return forecast


def shares(loops: Sequence[Loop]) -> tuple[float, ...]:
    """The shares done by each pass."""
    return tuple(statistics.fmean([loop.done_by(k) for loop in loops] or [0.0]) for k in range(1, BUDGET + 1))


def table(loops: Sequence[Loop], key: Callable[[Loop], object]) -> Forecast:
    """The share among loops with the same key; among all where there are none."""
    groups: dict[object, list[Loop]] = defaultdict(list)
    for loop in loops:
        groups[key(loop)].append(loop)
    known = {name: shares(group) for name, group in groups.items()}
    everyone = shares(loops)
    return lambda loop: known.get(key(loop), everyone)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A moment and a state of knowledge.

    Args:
        name: for the table.
        late: after the first draft, about the loops that it did not end.
        alike: whether only loops of the same job are learnt from.
    """

    name: str
    late: bool
    alike: bool

    def fit(self, others: Sequence[Loop]) -> tuple[Forecast, Forecast, Forecast]:
        """Forecast, base rate and table of shares from other loops."""
        asked = [loop for loop in others if not self.late or loop.open[0]]
        base = table(asked, lambda _loop: 0)
        make = after if self.late else before
        if not self.alike:
            # Not even the number of criteria is known then: it would tell the jobs apart.
            total = round(statistics.fmean(loop.total for loop in others))
            model = make(rates_from(others), total, [loop.past for loop in others])
            return model, base, table(asked, lambda loop: loop.open[0] if self.late else 0)
        models: dict[str, Forecast] = {}
        for job in {loop.job for loop in others}:
            same = [loop for loop in others if loop.job == job]
            total = round(statistics.fmean(loop.total for loop in same))
            models[job] = make(rates_from(same), total, [loop.past for loop in same])
        lookup = table(asked, lambda loop: (loop.job, loop.open[0] if self.late else 0))
        return (lambda loop: models[loop.job](loop)), base, lookup


SETTINGS = (
    Setting(name="before the start, nothing known", late=False, alike=False),
    Setting(name="before the start, the job known", late=False, alike=True),
    Setting(name="after pass 1, its count alone", late=True, alike=False),
    Setting(name="after pass 1, its count and the job", late=True, alike=True),
)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One loop with what was forecast for it by parts that did not know its prompt."""

    loop: Loop
    forecast: tuple[float, ...]
    base: tuple[float, ...]
    table: tuple[float, ...]


def cross_fitted(setting: Setting, loops: Sequence[Loop], parts: int) -> list[Scored]:
    """Forecasts for all loops that the setting asks about."""
    found: list[Scored] = []
    for part in range(parts):
        model, base, lookup = setting.fit([loop for loop in loops if loop.part != part])
        found += [
            Scored(loop=loop, forecast=model(loop), base=base(loop), table=lookup(loop))
            for loop in loops
            if loop.part == part and (loop.open[0] or not setting.late)
        ]
    return found


def brier(scored: Sequence[Scored], k: int, of: Callable[[Scored], Sequence[float]]) -> float:
    """The mean squared difference between chance and fact."""
    return statistics.fmean((of(s)[k - 1] - s.loop.done_by(k)) ** 2 for s in scored)


class Gaps(NamedTuple):
    """How far forecasts and facts are apart, over groups of loops with like forecasts."""

    largest: float
    error: float
    """Twice the standard error of the largest."""
    mean: float
    """Of the absolute gaps, weighted by loops."""
    groups: int


def gaps(scored: Sequence[Scored], k: int) -> Gaps:
    """The differences between mean forecast and share done.

    Groups are chances of 0 to 0.2, 0.2 to 0.4 …; those with fewer than a twentieth of the loops are left out. Loops of
    one prompt are not independent: the error is that of sums over prompts.
    """
    groups: dict[int, list[Scored]] = defaultdict(list)
    for s in scored:
        groups[min(4, int(s.forecast[k - 1] * 5))].append(s)
    found: list[tuple[float, float, int]] = []
    for group in groups.values():
        if len(group) < len(scored) / 20:
            continue
        mean = statistics.fmean(s.forecast[k - 1] - s.loop.done_by(k) for s in group)
        sums: dict[str, float] = defaultdict(float)
        for s in group:
            sums[s.loop.prompt] += s.forecast[k - 1] - s.loop.done_by(k) - mean
        found.append((mean, 2 * math.sqrt(sum(x * x for x in sums.values())) / len(group), len(group)))
    largest, error, _ = max(found, key=lambda triple: abs(triple[0]))
    mean = sum(abs(gap) * n for gap, _, n in found) / sum(n for _, _, n in found)
    return Gaps(largest, error, mean, len(found))


def bound_rows(setting: Setting, loops: Sequence[Loop], parts: int) -> list[str]:
    """Coverage of the conformal bounds, and of bounds one pass smaller.

    Rates are learnt from three parts, the fourth calibrates, the fifth is tested.
    """
    calibrating: list[Scored] = []
    tested: list[Scored] = []
    for part in range(parts):
        rest = [loop for loop in loops if loop.part != part]
        held = (part + 1) % PARTS
        model, base, lookup = setting.fit([loop for loop in rest if loop.part != held])
        for loop in loops:
            if loop.part in {part, held} and (loop.open[0] or not setting.late):
                scored = Scored(loop=loop, forecast=model(loop), base=base(loop), table=lookup(loop))
                (tested if loop.part == part else calibrating).append(scored)
    # Each part is tested with scores of the part after it, and where the job is known with those of its own job.
    scores: dict[tuple[int, str], list[float]] = defaultdict(list)
    for s in calibrating:
        scores[(s.loop.part - 1) % PARTS, s.loop.job if setting.alike else ""].append(score(s))
    rows: list[str] = []
    for level in LEVELS:
        limits = {key: conformal_bound(values, 1 - level) for key, values in scores.items()}
        covered = smaller = beyond = 0
        sizes: list[int] = []
        for s in tested:
            bound = reach(s.forecast, limits.get((s.loop.part, s.loop.job if setting.alike else "")))
            beyond += bound is None
            covered += bound is None or (s.loop.took is not None and s.loop.took <= bound)
            less = BUDGET if bound is None else bound - 1
            smaller += s.loop.took is not None and s.loop.took <= less
            sizes.append(BUDGET + 1 if bound is None else bound)
        n = len(tested)
        middle = statistics.median(sizes)
        shown = f">{BUDGET}" if middle > BUDGET else f"{middle:g}"
        rows.append(
            f"| {setting.name} | {level:.0%} | {covered / n:.1%} | {smaller / n:.1%} | {shown} | {beyond / n:.0%} |"
        )
    return rows


def score(s: Scored) -> float:
    """How deep into its own forecast a loop went; endless if it was censored."""
    if s.loop.took is None:
        return math.inf
    return s.forecast[s.loop.took - 2] if s.loop.took > 1 else 0.0


def reach(forecast: Sequence[float], limit: float | None) -> int | None:
    """The most passes whose score is within the limit; None beyond the budget."""
    within = 1
    while limit is not None and within <= BUDGET and forecast[within - 1] <= limit:
        within += 1
    return within if limit is not None and within <= BUDGET else None


def report(title: str, loops: Sequence[Loop], parts: int) -> None:
    """Print what was found about one set of loops, so many parts of which are forecast."""
    prompts = len({(loop.prompt) for loop in loops})
    censored = sum(loop.took is None for loop in loops)
    print(f"\n### {title}: {len(loops):,} loops, {prompts} prompts, {censored:,} not done in {BUDGET} passes\n")
    print(
        "| known | k | done | Brier | base rate | table of shares | better than base | mean gap, points | largest gap ± 2 s.e. (groups) |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for setting in SETTINGS:
        scored = cross_fitted(setting, loops, parts)
        for k in ASKED:
            if setting.late and k == 1:
                continue
            own, base = brier(scored, k, lambda s: s.forecast), brier(scored, k, lambda s: s.base)
            lookup = brier(scored, k, lambda s: s.table)
            apart = gaps(scored, k)
            done = statistics.fmean(s.loop.done_by(k) for s in scored)
            print(
                f"| {setting.name} ({len(scored):,}) | {k} | {done:.1%} | {own:.4f} | {base:.4f} | {lookup:.4f} "
                f"| {1 - own / base:+.1%} | {100 * apart.mean:.1f} "
                f"| {100 * apart.largest:+.1f} ± {100 * apart.error:.1f} ({apart.groups}) |"
            )
    print("\n| known | nominal | covered | covered by one pass less | median bound | beyond the budget |")
    print("|---|---|---|---|---|---|")
    for setting in SETTINGS:
        for row in bound_rows(setting, loops, parts):
            print(row)


def main() -> None:
    """Read the loops, print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder with the recorded loops")
    parser.add_argument("--small", action="store_true", help="forecast one part of the five")
    chosen = parser.parse_args()
    began = time.monotonic()
    errors = error_loops(chosen.data / "loop_traces")
    parts = 1 if chosen.small else PARTS
    report("Error counts", parted(errors), parts)
    report("Concept words", parted(concept_loops(chosen.data / "selfrefine_traces" / "traces.jsonl")), parts)
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
