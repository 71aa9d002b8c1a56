"""How many passes until nothing is open: an absorbing Markov chain, computed exactly (rule 17).

Of K criteria some are open. A pass works on at most ``focus`` of them; each is fixed with a chance that falls with
every fruitless try, each passing criterion is lost with chance q:

- Losses come together: in a pass their number is beta-binomial with mean q and the weight ``together``.
- The chance to be fixed differs between criteria as Beta(a, b), so after t fruitless tries it is a / (a + b + t) on
  average: the shifted beta-geometric law (Fader and Hardie 2007). Its hazard falls, as it does in real loops.
- With the *ratchet* (rule 8) a draft is kept only if it has fewer open criteria than the best one: F fixed and L lost
  lead from X to X - F + L where L < F, and else leave X where it was. So X never grows, a loss costs the pass and
  not the text, and the last fault goes with p times the chance that nothing is lost, (1 - q)^(K-1) if losses are
  independent. Without the ratchet X' = X - F + L always.

What the chain simplifies, each towards more passes unless said: a criterion fixed in a draft that was rolled back
counts as not learnt from; criteria weigh the same, and partial progress on one is no progress; with all open criteria
worked on at once, what a kept draft lost is as stubborn as the rest; criteria are fixed independently of each other
(towards fewer passes where one cause keeps several open); from ``oldest`` fruitless tries on the chance stays the same
(towards fewer).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Law", "Open", "advance", "beta_binomial", "binomial", "done_after"]

_NEGLIGIBLE = 1e-12
"""States less likely than this are dropped; their weight counts as not done."""


class Open(NamedTuple):
    """The open criteria of the best draft."""

    waiting: int
    """Those no pass has worked on."""
    worked: tuple[tuple[int, int], ...] = ()
    """Those that passes work on: (fruitless tries so far, how many), fewest tries first."""

    @property
    def size(self) -> int:
        """How many are open."""
        return self.waiting + sum(number for _, number in self.worked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """What decides the course of a chain.

    Args:
        a: with b, the Beta law of the chance that a criterion is fixed by a pass that works on it; above 0.
        b: see a; above 0.
        q: the chance that a pass loses a criterion that held.
        total: K, how many criteria there are.
        focus: how many are worked on in a pass; 0 for all that are open.
        ratchet: whether a draft that is not better is rolled back.
        together: pseudo-criteria behind q: the fewer, the more losses come all at once or not at all; ``math.inf`` makes
            them independent.
        oldest: fruitless tries beyond this many change nothing more; 0 makes the chance the same for all, a / (a + b).
    """

    a: float
    b: float
    q: float
    total: int
    focus: int = 0
    ratchet: bool = True
    together: float = math.inf
    oldest: int = 8

    def hazard(self, tries: int) -> float:
        """The chance that a criterion is fixed now, after so many fruitless tries."""
        return self.a / (self.a + self.b + min(tries, self.oldest))

    def begin(self, count: int) -> Open:
        """The state with so many criteria open, none of them tried."""
        return self.refill(count, ())

    def refill(self, waiting: int, worked: Iterable[tuple[int, int]]) -> Open:
        """The state with every place taken that the focus has."""
        held: dict[int, int] = {}
        for tries, number in worked:
            if number:
                held[tries] = held.get(tries, 0) + number
        if self.focus:
            taken = min(waiting, max(0, self.focus - sum(held.values())))
            tries = 0
        else:
            taken, tries = waiting, max(held, default=0)
        if taken:
            held[tries] = held.get(tries, 0) + taken
        return Open(waiting - taken, tuple(sorted(held.items())))


@lru_cache(maxsize=4096)
def binomial(n: int, p: float) -> tuple[float, ...]:
    """The chances of 0 … n successes in n independent tries."""
    return tuple(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1))


@lru_cache(maxsize=4096)
def beta_binomial(n: int, mean: float, weight: float) -> tuple[float, ...]:
    """The chances of 0 … n successes in n tries whose common chance is Beta with that mean and weight, a + b."""
    a, b = mean * weight, (1 - mean) * weight
    if math.isinf(weight) or min(a, b) < _NOTHING:
        return binomial(n, mean)
    whole = _log_beta(a, b)
    return tuple(math.comb(n, k) * math.exp(_log_beta(a + k, b + n - k) - whole) for k in range(n + 1))


_NOTHING = 1e-300
"""Below this a parameter of a Beta law may have no logarithm of its gamma function."""


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


@lru_cache(maxsize=65536)
def advance(law: Law, state: Open) -> tuple[tuple[Open, float], ...]:
    """The states after one more pass, with their chances."""
    if not state.size:
        return ((state, 1.0),)
    lost = beta_binomial(law.total - state.size, law.q, law.together)
    found: dict[Open, float] = {}
    for chance, fixed, missed, regained in _tries(law, state):
        kept = 0.0
        for losses in range(min(fixed, len(lost)) if law.ratchet else len(lost)):
            after = law.refill(state.waiting + losses, missed)
            found[after] = found.get(after, 0.0) + chance * lost[losses]
            kept += lost[losses]
        if law.ratchet and kept < 1.0:
            after = law.refill(state.waiting, (*missed, *regained))
            found[after] = found.get(after, 0.0) + chance * (1.0 - kept)
    return tuple(found.items())


class _Try(NamedTuple):
    """What may become of the criteria that a pass works on."""

    chance: float
    fixed: int
    missed: tuple[tuple[int, int], ...]
    regained: tuple[tuple[int, int], ...]
    """The fixed ones, as they stand if the draft is rolled back."""


def _tries(law: Law, state: Open) -> Iterable[_Try]:
    branches = [_Try(1.0, 0, (), ())]
    for tries, number in state.worked:
        older = min(tries + 1, law.oldest)
        # Worked on together, all criteria share one count of tries: states would multiply otherwise.
        back = tries if law.focus else older
        odds = binomial(number, law.hazard(tries))
        branches = [
            _Try(b.chance * odds[n], b.fixed + n, (*b.missed, (older, number - n)), (*b.regained, (back, n)))
            for b in branches
            for n in range(number + 1)
            if b.chance * odds[n] > 0.0
        ]
    return branches


def done_after(law: Law, start: Mapping[Open, float], passes: int) -> tuple[float, ...]:
    """The chances that nothing is open after 0, 1 … ``passes`` more passes.

    Args:
        law: what decides the course.
        start: the states now, with their chances.
        passes: how far to look.

    Returns:
        ``passes + 1`` chances, never falling.
    """
    return _done_after(law, tuple(start.items()), passes)


@lru_cache(maxsize=1024)
def _done_after(law: Law, start: tuple[tuple[Open, float], ...], passes: int) -> tuple[float, ...]:
    done = sum(weight for state, weight in start if not state.size)
    alive = {state: weight for state, weight in start if state.size}
    chances = [min(1.0, done)]
    for _ in range(passes):
        following: dict[Open, float] = {}
        for state, weight in alive.items():
            for after, chance in advance(law, state):
                share = weight * chance
                if not after.size:
                    done += share
                elif share > _NEGLIGIBLE:
                    following[after] = following.get(after, 0.0) + share
        alive = following
        chances.append(min(1.0, done))
    return tuple(chances)
