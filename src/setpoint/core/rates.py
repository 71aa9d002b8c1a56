"""How good an author is: priors from measured loops, and what experience makes of them (rule 17)."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from setpoint.core.chain import beta_binomial

__all__ = ["PRIORS", "Experience", "Rates", "Skill", "first_open", "learn", "rates_for", "skill_of"]

Skill: TypeAlias = Literal["weak", "middling", "strong"]
Length: TypeAlias = Literal["short", "long"]

LONG_WORDS: Final = 400
"""From so many words on a text is mended by edits, which touch little; see `setpoint.core.policy`."""

FIRST_TOGETHER: Final = 4.0
"""Pseudo-criteria behind a first draft's pass chance: drafts are good or bad as a whole. Maximum likelihood for 100 first
drafts of GPT-3.5 each about 25 concept words; 2 for Gemini (traces of arXiv 2402.11436)."""
LOSSES_TOGETHER: Final = 2.0
"""Pseudo-criteria behind the chance to lose a criterion: most passes lose nothing, some much. Maximum likelihood for 217
rewrites of GPT-3.5 and 202 of Gemini in the same traces, on a grid of powers of 2."""
_FIX_WEIGHT = 8.0
"""First tries that a prior is worth; an own history of so many counts as much as the prior does."""
_LOSS_WEIGHT = 40.0
"""Chances to lose that a prior is worth; losses are rarer than tries, so more of them must be seen."""
_MANY_RETRIES = 20
"""So many repeated tries must be seen before the spread between criteria is learnt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How an author does per criterion and pass.

    Args:
        a: with b, the Beta law of the chance that a criterion is fixed by a pass that works on it.
        b: see a.
        q: the chance that a pass loses a criterion that held.
        first_check: the chance that a first draft passes a criterion measured by code.
        first_critic: the same for one measured by a critic.
        source: where the numbers are from, in words for users.
    """

    a: float
    b: float
    q: float
    first_check: float
    first_critic: float
    source: str

    @property
    def p(self) -> float:
        """The chance that a criterion is fixed at the first try."""
        return self.a / (self.a + self.b)

    def convergence(self, criteria: int) -> float:
        """R = (K - 1) q / p: what a pass loses for each last fault it fixes; from 1 on it loses more than it gains."""
        return (criteria - 1) * self.q / self.p


PRIORS: Final[Mapping[tuple[Skill, Length], Rates]] = MappingProxyType(
    {
        ("strong", "short"): Rates(
            a=0.65,
            b=0.77,
            q=0.018,
            first_check=0.946,
            first_critic=0.88,
            source="typical numbers of a strong author and short texts",
        ),
        ("middling", "short"): Rates(
            a=0.8,
            b=1.5,
            q=0.065,
            first_check=0.75,
            first_critic=0.75,
            source="typical numbers of a middling author and short texts",
        ),
        ("weak", "short"): Rates(
            a=1.2,
            b=2.4,
            q=0.07,
            first_check=0.62,
            first_critic=0.55,
            source="typical numbers of a weak author and short texts",
        ),
        ("strong", "long"): Rates(
            a=0.65,
            b=0.77,
            q=0.015,
            first_check=0.946,
            first_critic=0.88,
            source="typical numbers of a strong author and long texts",
        ),
        ("middling", "long"): Rates(
            a=0.8,
            b=1.5,
            q=0.033,
            first_check=0.75,
            first_critic=0.75,
            source="typical numbers of a middling author and long texts",
        ),
        ("weak", "long"): Rates(
            a=1.2,
            b=2.4,
            q=0.04,
            first_check=0.62,
            first_critic=0.55,
            source="typical numbers of a weak author and long texts",
        ),
    }
)
"""Where no history is: by strength of the author and length of the text.

- strong, short: 1,400 released loops of Claude Haiku 4.5, Claude Sonnet 4.6 and GPT-4.1-mini on tasks with programmatic
  checks (the four natural workloads of the LoopGain benchmark): 84.6 % pass at the first draft, taken as four criteria;
  of those left, 46, 27, 12 and 3 % pass at each further one. Beta(0.65, 0.77) meets the first two and is kinder than
  the last two (19 and 15 %). One more revision broke 7.2 % of passing drafts: q = 0.018 for each of four criteria; GPT-4
  lost 0.015 on concept words (traces of "Pride and Prejudice", Xu et al. 2024, arXiv 2402.11436).
- weak, short: a model of 1.5 billion parameters on the 541 prompts of IFEval (Zhou et al. 2023, arXiv 2311.07911): with a
  checklist 39 % of first drafts pass (49 % of Phi-3-mini's), then 15 and 12 % of those left with each fresh draft. Gemini
  mended 0.40 of the concept words it was told about (traces of arXiv 2402.11436) and lost 0.204 of the passing ones in a
  full rewrite. The same 1.5B model in ten runs of our own demo met 84 of 100 checks at first, fixed 13 of 17 faults at
  the first try and lost 2 of 134. 0.62 for each criterion, Beta(1.2, 2.4), mean 0.33, and q = 0.07 lie between these.
- middling, short: losses measured for GPT-3.5 in the same traces (0.065); the chances to fix and to pass at first lie
  between the two above by judgement, because loops of such authors were measured on one narrow task only.
- critic's criteria: 0.88 from 31 % of drafts passing all of 9.9 items (RefineBench, arXiv 2511.22173, independence
  taken); for weaker authors the same chance as for checks, by judgement.
- long: losses by *edits* of prose have not been published; by judgement they are half of those by rewrites for middling
  and weak authors, and 0.015 for strong ones. All else is as for short texts.
"""

_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)b(?![a-z0-9])")
_WEAK_SIZE, _STRONG_SIZE = 5.0, 60.0
"""Billions of parameters: below the one weak, from the other on strong."""
_STRONG = re.compile(r"opus|sonnet|haiku-4|gpt-(?:4\.1|5)|\bo[134]\b|gemini-[23]\S*pro|deepseek-(?:r1|v3)|large")
_WEAK = re.compile(r"tiny|nano|smol|mini-?lm|phi-?[123]\b")


def skill_of(model: str) -> Skill:
    """How strong an author is by its name: a guess, from the size in it or its family; ``middling`` if it tells nothing.

    Args:
        model: ``provider:name``.
    """
    name = model.partition("@")[0].lower()
    if size := _SIZE.search(name):
        billions = float(size.group(1))
        return "weak" if billions < _WEAK_SIZE else ("strong" if billions >= _STRONG_SIZE else "middling")
    if _WEAK.search(name):
        return "weak"
    return "strong" if _STRONG.search(name) else "middling"


def rates_for(model: str, words: int) -> Rates:
    """The prior for an author by its name, and texts of that many words."""
    return PRIORS[skill_of(model), "long" if words >= LONG_WORDS else "short"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What was seen of an author, counted in criteria.

    Args:
        tries: by fruitless tries before: (how many were worked on, how many of them were fixed).
        held: criteria that passed in the draft a pass began from, and were measured again.
        lost: how many of those did not pass any more.
        checks: criteria measured by code in first drafts, and how many passed.
        judged: criteria measured by critics in first drafts, and how many passed.
    """

    tries: tuple[tuple[int, int], ...] = ()
    held: int = 0
    lost: int = 0
    checks: tuple[int, int] = (0, 0)
    judged: tuple[int, int] = (0, 0)

    def plus(self, other: "Experience") -> "Experience":
        """Both together."""
        longest = max(len(self.tries), len(other.tries))
        mine, theirs = ((*tries, *[(0, 0)] * (longest - len(tries))) for tries in (self.tries, other.tries))
        return Experience(
            tries=tuple((m[0] + t[0], m[1] + t[1]) for m, t in zip(mine, theirs, strict=True)),
            held=self.held + other.held,
            lost=self.lost + other.lost,
            checks=(self.checks[0] + other.checks[0], self.checks[1] + other.checks[1]),
            judged=(self.judged[0] + other.judged[0], self.judged[1] + other.judged[1]),
        )


def learn(prior: Rates, seen: Experience, source: str = "") -> Rates:
    """The prior, updated by what was seen.

    The chance to fix, the losses and the first drafts are means of Beta posteriors. First tries alone tell the chance
    to fix, because what is tried again is what is stubborn; the repeated tries tell how much criteria differ (a + b,
    by maximum a posteriori on a grid), once there are enough of them.

    Args:
        prior: what was thought before.
        seen: what happened since.
        source: where the numbers are from now; the prior's own words if empty.
    """
    tried, fixed = seen.tries[0] if seen.tries else (0, 0)
    p = _mean(prior.p, _FIX_WEIGHT, tried, fixed)
    spread = _spread(p, prior.a + prior.b, seen.tries[1:])
    return replace(
        prior,
        a=p * spread,
        b=(1 - p) * spread,
        q=_mean(prior.q, _LOSS_WEIGHT, seen.held, seen.lost),
        first_check=_mean(prior.first_check, _FIX_WEIGHT, *seen.checks),
        first_critic=_mean(prior.first_critic, _FIX_WEIGHT, *seen.judged),
        source=source or prior.source,
    )


def _mean(prior: float, weight: float, tried: int, hits: int) -> float:
    """The mean of a Beta posterior whose prior has that mean and weight."""
    return (prior * weight + hits) / (weight + tried)


def _spread(p: float, prior: float, retries: tuple[tuple[int, int], ...]) -> float:
    """The likeliest a + b given repeated tries, drawn towards the prior's."""
    if sum(tried for tried, _ in retries) < _MANY_RETRIES:
        return prior

    def weight(spread: float) -> float:
        total = -0.5 * math.log(spread / prior) ** 2
        for age, (tried, fixed) in enumerate(retries, start=1):
            hazard = p * spread / (spread + age)
            total += fixed * math.log(hazard) + (tried - fixed) * math.log1p(-hazard)
        return total

    return max((prior * 2 ** (step / 2) for step in range(-8, 11)), key=weight)


def first_open(rates: Rates, checks: int, judged: int) -> tuple[float, ...]:
    """The chances that a first draft leaves 0 … K criteria open.

    Each kind is beta-binomial: the criteria of one draft pass or fail together more often than by chance.
    """
    code = beta_binomial(checks, 1 - rates.first_check, FIRST_TOGETHER)
    critic = beta_binomial(judged, 1 - rates.first_critic, FIRST_TOGETHER)
    chances = [0.0] * (checks + judged + 1)
    for i, x in enumerate(code):
        for j, y in enumerate(critic):
            chances[i + j] += x * y
    return tuple(chances)
