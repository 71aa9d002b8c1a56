"""How it reads: which language it is in, and how hard it is.

`py3langid` comes with the extra ``language``; its model is part of the package, nothing is fetched.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import ClassVar, NamedTuple, Protocol, cast

from pydantic import Field, field_validator, model_validator

from setpoint.checks.base import PASSED, CheckContext, NonBlank, Params, Rule, failed, unassessed
from setpoint.checks.prose import Block, read, sentences, words
from setpoint.errors import SpecError
from setpoint.ports import Finding

__all__ = ["Language", "ReadingGrade", "syllables"]

# Language

_FEWEST_LETTERS = 12
_BLOCK_LETTERS = 80
_BLOCKS = 200
_SAMPLE = 2_000
_SURE = 0.9

# The detector knows these apart, but ordinary short texts in the first fall to the others.
_COUNTS_AS = {"pcm": "en", "nn": "no", "nb": "no", "wuu": "zh", "yue": "zh"}


class _Identifier(Protocol):
    labels: list[str]

    def rank(self, text: str) -> list[tuple[str, float]]: ...


class _Identifiers(Protocol):
    def from_model_file(self, model_file: str, *, norm_probs: bool) -> _Identifier: ...


@cache
def _identifier() -> _Identifier:
    """Loading the model takes most of a second, and nothing about it differs between specs."""
    from py3langid import langid  # noqa: PLC0415 - an extra

    identifiers = cast("_Identifiers", langid.LanguageIdentifier)
    return identifiers.from_model_file(langid.MODEL_FILE, norm_probs=True)


class Language(Params):
    """``language``."""

    check: ClassVar[str] = "language"
    demands: ClassVar[str] = "The text, and every longer paragraph of it, is in this language."
    notes: ClassVar[str] = (
        "Needs `pip install 'setpoint[language]'`. Code is left out. Under twelve letters it cannot be assessed, "
        "and paragraphs under 80 letters are not looked at on their own. Closely related languages may be mixed up."
    )
    example: ClassVar[str] = '{ language = "en" }'
    bare: ClassVar[str] = "code"

    code: NonBlank = Field(description="ISO 639 code, such as `en`, `de` or `pt-BR` (of which `pt` counts)")

    @field_validator("code")
    @classmethod
    def _primary(cls, code: str) -> str:
        primary = re.split(r"[-_]", code.lower())[0]
        return _COUNTS_AS.get(primary, primary)

    def demand(self) -> str:
        """The demand as a sentence."""
        return f"Is written in the language {self.code!r}."

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""
        try:
            identifier = _identifier()
        except ImportError as error:
            raise SpecError(
                "the language check needs a part that is not installed: pip install 'setpoint[language]'",
                key="check.language",
            ) from error
        if self.code not in identifier.labels:
            raise SpecError(
                f"{self.code!r} is not a language the detector knows; use an ISO 639 code such as 'en'",
                key="check.language.code",
            )

        def measure(text: str) -> Finding:
            blocks = read(text, context.kind).of("heading", "paragraph", "item", "cell")
            letters = sum(_letters(block.text) for block in blocks)
            if letters < _FEWEST_LETTERS:
                return unassessed("too short to tell its language; write at least a sentence")
            strange = self._strange(identifier, blocks)
            if strange:
                share = sum(_letters(block.text) for block, _ in strange) / letters
                said = f"the paragraph on line {strange[0][0].line} is in {strange[0][1]!r}; write it in {self.code!r}"
                return failed(said, shortfall=share, lines=[block.line for block, _ in strange])
            best, chance = _best(identifier, _sample(blocks))
            if best == self.code:
                return PASSED
            said = f"the text is in {best!r} by the look of it; write it in {self.code!r}"
            return failed(said, shortfall=max(chance, 0.5))

        return measure

    def _strange(self, identifier: _Identifier, blocks: Sequence[Block]) -> list[tuple[Block, str]]:
        """The longer paragraphs that are surely in another language."""
        found: list[tuple[Block, str]] = []
        for block in [block for block in blocks if _letters(block.text) >= _BLOCK_LETTERS][:_BLOCKS]:
            best, chance = _best(identifier, block.text[:_SAMPLE])
            if best != self.code and chance >= _SURE:
                found.append((block, best))
        return found


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _sample(blocks: Sequence[Block]) -> str:
    """Something of every part of a long text."""
    step = max(1, len(blocks) // _BLOCKS)
    return "\n".join(block.text[:_SAMPLE] for block in blocks[::step])


def _best(identifier: _Identifier, text: str) -> tuple[str, float]:
    best, chance = identifier.rank(text)[0]
    return _COUNTS_AS.get(best, best), chance


# Reading grade

_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_E = re.compile(r"(?<![^aeiouy]l)e\Z|(?<![td])ed\Z")
_FEWEST_WORDS = 20
_MOST_WORDS = 20_000
_LONGEST = 45


class _Hyphenator(Protocol):
    def positions(self, word: str) -> list[int]: ...


@cache
def _hyphenator() -> _Hyphenator:
    import pyphen  # noqa: PLC0415 - reads a dictionary of hyphenation patterns

    return cast("_Hyphenator", pyphen.Pyphen(lang="en_US"))


@lru_cache(maxsize=50_000)
def syllables(word: str) -> int:
    """About how many syllables an English word has.

    The larger of two counts that each err low: places to hyphenate (which leave out syllables of one letter, as in
    "o-pen") and groups of vowels without a silent e. Over a list of 92 common words, labelled by hand, the sum is
    202 against 201 true ones; hyphenation alone gives 175.
    """
    word = word.lower()[:_LONGEST]
    vowels = len(_VOWELS.findall(word))
    if vowels > 1 and _SILENT_E.search(word):
        vowels -= 1
    return max(1, vowels, len(_hyphenator().positions(word)) + 1)


class _Grade(NamedTuple):
    grade: float
    sentence: float
    """Mean words to a sentence."""
    word: float
    """Mean syllables to a word."""


def _grade(blocks: Sequence[Block]) -> _Grade | None:
    """Flesch and Kincaid's formula over the first words of the text; None if there are too few."""
    count = ends = spoken = 0
    for block in blocks:
        for sentence in sentences(block.text):
            found = [word for word in words(sentence) if word[0].isalpha()]
            count += len(found)
            ends += bool(found)
            spoken += sum(syllables(word) for word in found)
        if count >= _MOST_WORDS:
            break
    if count < _FEWEST_WORDS:
        return None
    return _Grade(0.39 * count / ends + 11.8 * spoken / count - 15.59, count / ends, spoken / count)


class ReadingGrade(Params):
    """``reading_grade``."""

    check: ClassVar[str] = "reading_grade"
    demands: ClassVar[str] = (
        "The Flesch-Kincaid grade, the school year in which the text can be read, lies within these bounds."
    )
    notes: ClassVar[str] = (
        "For English only. Syllables are estimated, so leave half a grade of room. "
        "Under twenty words it cannot be assessed; past 20,000 it goes by the first."
    )
    example: ClassVar[str] = "{ reading_grade = { max = 9 } }"

    min: float | None = Field(default=None, description="the lowest grade allowed")
    max: float | None = Field(default=None, description="the highest grade allowed")

    @model_validator(mode="after")
    def _possible(self) -> "ReadingGrade":
        if self.min is None and self.max is None:
            raise ValueError("needs min or max, or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min is {self.min} but max is {self.max}; no text can meet both")
        return self

    def demand(self) -> str:
        """The demand as a sentence."""
        if self.min is None:
            return f"Reads at a school grade (Flesch-Kincaid) of at most {self.max:g}."
        if self.max is None:
            return f"Reads at a school grade (Flesch-Kincaid) of at least {self.min:g}."
        return f"Reads at a school grade (Flesch-Kincaid) from {self.min:g} to {self.max:g}."

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""

        def measure(text: str) -> Finding:
            found = _grade(read(text, context.kind).prose)
            if found is None:
                return unassessed(f"too short to grade; it needs at least {_FEWEST_WORDS} words of prose")
            means = f"{found.sentence:.0f} words to a sentence, {found.word:.1f} syllables to a word"
            if self.max is not None and found.grade > self.max:
                said = f"grade {found.grade:.1f} ({means}); get it to {self.max:g} with shorter sentences and words"
                return failed(said, shortfall=(found.grade - self.max) / (abs(self.max) + 1))
            if self.min is not None and found.grade < self.min:
                said = f"grade {found.grade:.1f} ({means}); raise it to {self.min:g} with fuller sentences"
                return failed(said, shortfall=(self.min - found.grade) / (abs(self.min) + 1))
            return PASSED

        return measure
