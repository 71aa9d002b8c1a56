"""How much of it there is: words, sentences, paragraphs, characters."""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from setpoint.checks.base import PASSED, Bounds, CheckContext, PartBounds, Rule, allowed, bounded, failed, quoted
from setpoint.checks.prose import Block, read, sentences, words
from setpoint.ports import Finding

__all__ = ["Characters", "Paragraphs", "Sentences", "Words"]


class Words(Bounds):
    """``words``."""

    check: ClassVar[str] = "words"
    demands: ClassVar[str] = (
        "So many words. Markup and HTML comments are not words; code blocks and tables are counted."
    )
    notes: ClassVar[str] = (
        "A hyphenated word, a number and an address are one word each. Every Chinese character and Japanese kana "
        "counts as a word; Thai, Lao, Khmer and Burmese are counted by the spaces in them, so use `characters` there."
    )
    example: ClassVar[str] = "{ words = { max = 180 } }"

    def demand(self) -> str:
        """The demand as a sentence."""
        return _sentence(allowed(self.min, self.max, "word", "words"))

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""

        def measure(text: str) -> Finding:
            count = sum(len(words(block.text)) for block in read(text, context.kind).blocks)
            return bounded(count, low=self.min, high=self.max, one="word", many="words", length=True)

        return measure


class _Part(NamedTuple):
    """A sentence or a paragraph, and the lines that it stands on."""

    text: str
    lines: tuple[int, ...]


class _Parts(PartBounds):
    """So many of them, and none too long."""

    one: ClassVar[str]
    mend: ClassVar[str]

    def demand(self) -> str:
        """The demand as a sentence."""
        said: list[str] = []
        if self.min is not None or self.max is not None:
            said.append(allowed(self.min, self.max, self.one, f"{self.one}s"))
        if self.max_words is not None:
            said.append(f"no {self.one} of more than {self.max_words} words")
        return _sentence(" and ".join(said))

    def measured(self, parts: Sequence[_Part]) -> Finding:
        """What is to be said of the parts of a text."""
        count = bounded(
            len(parts), low=self.min, high=self.max, one=self.one, many=f"{self.one}s", length=self.one == "sentence"
        )
        if not count.passed or self.max_words is None:
            return count
        sizes = [(part, len(words(part.text))) for part in parts]
        long = [(part, size) for part, size in sizes if size > self.max_words]
        if not long:
            return PASSED
        part, size = max(long, key=lambda pair: pair[1])
        # A beginning in whole words: authors copy what is quoted, and three dots that stand for the rest with it.
        begins = quoted(" ".join(part.text.split()[:_BEGINNING]), _LONGEST)
        more = len(long) - 1
        also = f", and {more} more {'is' if more == 1 else 'are'} too long" if more else ""
        mend = self.mend.format(most=self.max_words)
        said = f"the {self.one} that begins with {begins} on line {part.lines[0]} has {size} words{also}; {mend}"
        lines = sorted({line for found, _ in long for line in found.lines})
        return failed(said, shortfall=len(long) / len(parts), lines=lines)


_BEGINNING, _LONGEST = 7, 120
"""Words and characters of a beginning."""


def _sentences(blocks: Sequence[Block]) -> Iterator[_Part]:
    for block in blocks:
        at = 0
        for sentence in sentences(block.text):
            at = max(at, block.text.find(sentence, at))
            first = block.line + block.text.count("\n", 0, at)
            yield _Part(sentence, tuple(range(first, first + sentence.count("\n") + 1)))
            at += len(sentence)


class Sentences(_Parts):
    """``sentences``."""

    check: ClassVar[str] = "sentences"
    demands: ClassVar[str] = (
        "So many sentences, in paragraphs and lists, and none longer than max_words; a list item is at least one. "
        "Headings, tables and code are not counted."
    )
    notes: ClassVar[str] = (
        "A sentence ends with a full stop, question or exclamation mark before white space, or with its paragraph. "
        "Titles (Dr.), initials and what goes on in small letters do not end one."
    )
    example: ClassVar[str] = "{ sentences = { min = 2, max = 5, max_words = 30 } }"
    one: ClassVar[str] = "sentence"
    mend: ClassVar[str] = "divide it into sentences of at most {most} words"

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""

        def measure(text: str) -> Finding:
            return self.measured(list(_sentences(read(text, context.kind).prose)))

        return measure


class Paragraphs(_Parts):
    """``paragraphs``."""

    check: ClassVar[str] = "paragraphs"
    demands: ClassVar[str] = (
        "So many paragraphs, told apart by blank lines, and none longer than max_words. "
        "Headings, lists, tables and code are not counted."
    )
    example: ClassVar[str] = "{ paragraphs = { min = 2, max = 4, max_words = 120 } }"
    one: ClassVar[str] = "paragraph"
    mend: ClassVar[str] = "divide it by an empty line into paragraphs of at most {most} words"

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""

        def measure(text: str) -> Finding:
            found = [block for block in read(text, context.kind).of("paragraph") if any(map(str.isalnum, block.text))]
            return self.measured([_Part(block.text, tuple(number for number, _ in block.lines())) for block in found])

        return measure


class Characters(Bounds):
    """``characters``."""

    check: ClassVar[str] = "characters"
    demands: ClassVar[str] = (
        "So many characters, spaces and markup included; white space before and after the text is not counted."
    )
    notes: ClassVar[str] = (
        "An accented letter is one character however it is encoded; an emoji made of several code points is several."
    )
    example: ClassVar[str] = "{ characters = { max = 280 } }"

    def demand(self) -> str:
        """The demand as a sentence."""
        return _sentence(allowed(self.min, self.max, "character", "characters"))

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""
        del context  # characters are counted alike in every kind of text

        def measure(text: str) -> Finding:
            count = len(unicodedata.normalize("NFC", text.strip()))
            return bounded(count, low=self.min, high=self.max, one="character", many="characters", length=True)

        return measure


def _sentence(said: str) -> str:
    return f"{said[0].upper()}{said[1:]}."
