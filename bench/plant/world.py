"""One task with its latent truth: a generated spec, the language its texts are written in, and how hard each demand is.

Rules of this file:

- Every sentence of a text carries a code word. A secret bijection, drawn from the seed, says which demand a code
  belongs to and whether it meets it; nothing else about the sentence does.
- A demand is met if a sentence stands in the text that meets it and none that does not. Whoever copies, moves, drops
  or patches lines changes the truth accordingly, whoever that is.
- The demand on structure is met if the headings stand in the right order, which only the world knows.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple

from plant.regime import Regime
from setpoint.core.spec import CheckCall, Criterion, Spec
from setpoint.ports import Check, Finding

__all__ = ["CODE", "FILLER", "STRUCTURE", "Mark", "PlantCheck", "World", "dice", "uniform"]

FILLER: Final = -1
"""The demand number of a sentence that serves no demand."""
STRUCTURE: Final = "arrangement"
"""The name of the demand on structure."""

CODE: Final = re.compile(r"\b((?:[bdfgklmnprstvz][aeiou]){3})-(\d\d)\b")
"""A code word: three syllables and two digits."""

_CONSONANTS: Final = "bdfgklmnprstvz"
_VOWELS: Final = "aeiou"
_SYLLABLES: Final = len(_CONSONANTS) * len(_VOWELS)
_SPACE: Final = 34_299_929
"""A prime just under 70³·100, so that multiplication modulo it is a bijection."""
_VARIANTS: Final = 997
"""How many sentences say the same."""

_SUBJECTS: Final = [
    "warranty",
    "freight",
    "latency",
    "eligibility",
    "turnover",
    "staffing",
    "encryption",
    "mileage",
    "insurance",
    "humidity",
    "catering",
    "parking",
    "signage",
    "ventilation",
    "tuition",
    "royalties",
    "customs",
    "payroll",
    "irrigation",
    "licensing",
    "rainfall",
    "scaffolding",
    "vaccination",
    "acoustics",
    "lighting",
    "drainage",
    "upholstery",
    "bandwidth",
    "mortgage",
    "taxation",
    "forestry",
    "plumbing",
    "archiving",
    "ballast",
]
_DEMANDS: Final = (
    "States the {} in figures that a newcomer can act on.",
    "Names who answers for the {} and by when.",
    "Says in plain words what the {} means for a visitor.",
    "Gives one example of the {} from daily work.",
    "Explains how the {} came about.",
    "Describes the limits of the {} without jargon.",
)
_STRUCTURE_DEMAND: Final = f"The {STRUCTURE} of the parts leads a reader from cause to consequence."
_HEADINGS: Final = (
    "Where matters stand",
    "How it came about",
    "Whom it concerns",
    "Terms and scope",
    "Cost and effort",
    "Risks on the way",
    "Dates and steps",
    "Open questions",
    "Lessons so far",
    "People in charge",
    "Tools in use",
    "Outlook and thanks",
)
_SENTENCES: Final = (
    "According to record {}, the matter was settled in the course of the second quarter by those present.",
    "Most readers will want to look at entry {} next, because the committee returned to it twice last year.",
    "The regional office noted under {} that two of the three parties agreed after a short discussion.",
    "As file {} has it, nothing else was asked for once the numbers had been laid on the table.",
    "Volume {} holds the longer account, which a careful colleague put together during the winter.",
    "Anyone who opens folder {} sees at a glance how the two halves of the plan belong together.",
    "It follows from note {} that the earlier agreement had outlived its use by some months.",
    "Since memo {} went round, people on every floor have worked from the same set of figures.",
    "What appendix {} adds is a comparison with the neighbouring town, drawn up at short notice.",
    "The minutes under {} tell the same story from the point of view of the younger members.",
    "A visitor who reads item {} will understand why the bridge was closed for most of March.",
    "Behind reference {} stands a survey of four hundred households along the northern line.",
    "Our partners abroad confirmed by letter {} that the terms suit them for another season.",
    "In the margin of page {} somebody wrote down the question that later decided the vote.",
    "Table {} puts the three options side by side and leaves little room for doubt.",
    "The longest chapter, filed as {}, deals with habits that nobody had described in print until then.",
    "Whoever wrote up case {} took pains to separate hearsay from what witnesses had seen.",
    "Under heading {} the auditors list eleven small sums that together explain the gap.",
    "Diary {} shows that preparations had begun well ahead of the public announcement.",
    "The workshop summarised in {} brought engineers and teachers round one table for an afternoon.",
    "Map {} marks the wells, the two mills and the path that connects them in dry years.",
    "With statement {} the board thanked its volunteers and named the tasks for autumn.",
    "Draft ordinance {} passed through six hands until its wording satisfied all of them.",
    "Photographs kept as {} document the state of the roof on the morning after the storm.",
)


def dice(*parts: object) -> random.Random:
    """A generator that follows from what is given, alike on every machine."""
    return random.Random("\x1f".join(str(part) for part in parts))


def uniform(*parts: object) -> float:
    """One number in [0, 1) that follows from what is given; cheaper than `dice`."""
    digest = blake2b("\x1f".join(str(part) for part in parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


class Mark(NamedTuple):
    """What a code word stands for."""

    demand: int
    """The number of the demand, or `FILLER`."""
    good: bool
    """Whether the sentence meets it."""


@dataclass(frozen=True, slots=True)
class PlantCheck:
    """The exact truth about one demand, as a check of the port `setpoint.ports.Check`."""

    world: "World"
    name: str

    def measure(self, text: str) -> Finding:
        """Measure one text."""
        if self.world.truth(text)[self.name]:
            return Finding(passed=True)
        number = self.world.numbers[self.name]
        lines = tuple(
            row
            for row, line in enumerate(text.splitlines(), start=1)
            if any(mark.demand == number for mark in self.world.marks(line))
        )
        act = self.world.spec.criterion(self.name).says
        if self.name == STRUCTURE:
            return Finding(passed=False, message=f"the sections stand in the wrong order; {act}", shortfall=1.0)
        what = "the passage on it does not serve" if lines else "no passage is about it"
        return Finding(passed=False, message=f"{what}; {act}", shortfall=1.0, lines=lines)


class World:
    """A task with its latent truth; everything follows from the regime and the seed.

    Args:
        regime: the kind of author, critic and task.
        seed: draws the spec, the codes and how hard each demand is.
    """

    def __init__(self, regime: Regime, seed: int) -> None:
        self.regime = regime
        self.seed = seed
        self.rng = dice("world", regime.drawn_by, seed)
        self._key = (self.rng.randrange(1, _SPACE), self.rng.randrange(_SPACE))
        self._inverse = pow(self._key[0], -1, _SPACE)
        self.spec = self._draw_spec()
        self.numbers: Mapping[str, int] = {c.name: n for n, c in enumerate(self.spec.criteria)}
        self.naming = re.compile(r"\b(?:" + "|".join(self.numbers) + r")\b", re.IGNORECASE)
        """Finds where a demand is named."""
        self.sayings = tuple(c.says.rstrip(".").lower() for c in self.spec.criteria)
        """What each demand says, to be found in any line."""
        self.read: dict[str, str] = {}
        """Lines of prompts as the reader has read them before."""
        self._known: dict[str, list[Mark]] = {}
        self.structure = self.numbers.get(STRUCTURE)
        self.headings = tuple(self.rng.sample(_HEADINGS, regime.sections))
        """The right outline."""
        self.title = f"# {self.rng.choice(('Report', 'Notes', 'Briefing', 'Account'))} of the {self.rng.choice(('harbour', 'valley', 'museum', 'library', 'station', 'orchard'))} group"
        self.fix = tuple(self._uneven(regime.fix) for _ in self.spec.criteria)
        """Chance that a revision fixes each demand if it is singled out alone."""
        self.first = tuple(self._uneven(regime.first) for _ in self.spec.criteria)
        """Chance that a draft from nothing meets each demand if it is listed."""
        ordinary = [n for n, c in enumerate(self.spec.criteria) if not c.core and n != self.structure]
        self.pair: tuple[int, int] | None = None
        """Two demands that pull against each other."""
        self.stubborn: int | None = None
        """A demand that asking does not help."""
        self.rival: int | None = None
        """What competes with the stubborn demand, if anything does."""
        if regime.conflict:
            first, second = self.rng.sample(ordinary, 2)
            self.pair = (first, second)
        if regime.stubborn:
            self.stubborn, rival = self.rng.sample(ordinary, 2)
            self.rival = rival if regime.stubborn == "competing" else None

    def _uneven(self, mean: float) -> float:
        spread = self.regime.spread
        return self.rng.betavariate(mean * spread, (1 - mean) * spread) if 0 < mean < 1 else mean

    def _draw_spec(self) -> Spec:
        regime, rng = self.regime, self.rng
        subjects = rng.sample(_SUBJECTS, regime.criteria)
        says = [rng.choice(_DEMANDS).format(subject) for subject in subjects]
        if regime.sloppy:
            subjects[-1], says[-1] = STRUCTURE, _STRUCTURE_DEMAND
        judged = set(rng.sample(range(regime.criteria), regime.judged))
        if regime.sloppy:  # the structure is measured by code, so that a tool can lock it
            judged.discard(regime.criteria - 1)
        criteria = tuple(
            Criterion(
                name=subject,
                says=say,
                impact=5 if number < regime.core else rng.randint(2, 4),
                core=number < regime.core,
                check=None if number in judged else CheckCall(name="plant"),
            )
            for number, (subject, say) in enumerate(zip(subjects, says, strict=True))
        )
        reader = rng.choice(("residents", "new members", "the council", "volunteers"))
        return Spec(brief=f"A report on the year's work, for {reader}.", criteria=criteria, kind="markdown")

    # The language

    def code(self, mark: Mark, variant: int) -> str:
        """A code word for a mark; equal marks have many."""
        plain = ((mark.demand + 1) * 2 + mark.good) * _VARIANTS + variant % _VARIANTS
        rest = (plain * self._key[0] + self._key[1]) % _SPACE
        rest, digits = divmod(rest, 100)
        word = ""
        for _ in range(3):
            rest, syllable = divmod(rest, _SYLLABLES)
            word += _CONSONANTS[syllable // len(_VOWELS)] + _VOWELS[syllable % len(_VOWELS)]
        return f"{word}-{digits:02d}"

    def mark(self, word: str, digits: str) -> Mark | None:
        """What a code word stands for; None if it is none of this world's."""
        rest = 0
        for place in (4, 2, 0):
            syllable = _CONSONANTS.index(word[place]) * len(_VOWELS) + _VOWELS.index(word[place + 1])
            rest = rest * _SYLLABLES + syllable
        plain = ((rest * 100 + int(digits) - self._key[1]) * self._inverse) % _SPACE
        kind = plain // _VARIANTS
        if kind >= 2 * (len(self.spec.criteria) + 1):
            return None
        return Mark(kind // 2 - 1, bool(kind % 2))

    def marks(self, line: str) -> list[Mark]:
        """The marks of all code words in a line."""
        known = self._known.get(line)
        if known is None:  # lines recur from call to call
            found = (self.mark(word, digits) for word, digits in CODE.findall(line))
            known = [mark for mark in found if mark is not None]
            self._known[line] = known
        return known

    def sentence(self, mark: Mark, rng: random.Random) -> str:
        """A new sentence with that mark; its wording says nothing about the mark."""
        code = self.code(mark, rng.randrange(_VARIANTS))
        return rng.choice(_SENTENCES).format(code)

    def heading(self, line: str) -> str:
        """The heading that a line is, whatever marks it as one; empty if it is none."""
        bare = line.strip().lstrip("#*-•0123456789.)|: ").rstrip("*:| ")
        return bare if bare in _HEADING_SET else ""

    def headings_in(self, line: str) -> list[str]:
        """All headings that a line names, in their order."""
        if " " not in line:
            return []
        places = sorted((place, name) for name in _HEADINGS if (place := line.find(name)) >= 0)
        return [name for _place, name in places]

    def section(self, demand: int) -> int:
        """The section that a sentence on a demand belongs to, counted from 0."""
        return demand % len(self.headings)

    # The truth

    def truth(self, text: str) -> dict[str, bool]:
        """Which demands a text truly meets. For the bench only: no loop may look."""
        good: set[int] = set()
        bad: set[int] = set()
        for line in text.splitlines():
            for mark in self.marks(line):
                (good if mark.good else bad).add(mark.demand)
        met = {c.name: n in good and n not in bad for n, c in enumerate(self.spec.criteria)}
        if self.structure is not None:
            met[STRUCTURE] = self.structured(text.splitlines())
        return met

    def structured(self, lines: list[str]) -> bool:
        """Whether the headings are the right ones in the right order."""
        found = [
            name for line in lines if line.lstrip("0123456789|: ").startswith("#") and (name := self.heading(line))
        ]
        return tuple(found) == self.headings

    def satisfied(self, text: str) -> bool:
        """Whether a text truly meets every demand."""
        return all(self.truth(text).values())

    def checks(self) -> dict[str, Check]:
        """A check with the exact truth for each demand that has one."""
        return {c.name: PlantCheck(self, c.name) for c in self.spec.checked}


_HEADING_SET: Final = frozenset(_HEADINGS)
