"""How much of it there is: words, sentences, paragraphs, characters."""

import unicodedata
from typing import ClassVar

from setpoint.checks.base import Bounds, CheckContext, Rule, allowed, bounded
from setpoint.checks.prose import read, sentences, words
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


class Sentences(Bounds):
    """``sentences``."""

    check: ClassVar[str] = "sentences"
    demands: ClassVar[str] = (
        "So many sentences, in paragraphs and lists; a list item is at least one. "
        "Headings, tables and code are not counted."
    )
    notes: ClassVar[str] = (
        "A sentence ends with a full stop, question or exclamation mark before white space, or with its paragraph. "
        "Titles (Dr.), initials and what goes on in small letters do not end one."
    )
    example: ClassVar[str] = "{ sentences = { min = 2, max = 5 } }"

    def demand(self) -> str:
        """The demand as a sentence."""
        return _sentence(allowed(self.min, self.max, "sentence", "sentences"))

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""

        def measure(text: str) -> Finding:
            count = sum(len(sentences(block.text)) for block in read(text, context.kind).prose)
            return bounded(count, low=self.min, high=self.max, one="sentence", many="sentences", length=True)

        return measure


class Paragraphs(Bounds):
    """``paragraphs``."""

    check: ClassVar[str] = "paragraphs"
    demands: ClassVar[str] = (
        "So many paragraphs, told apart by blank lines. Headings, lists, tables and code are not counted."
    )
    example: ClassVar[str] = "{ paragraphs = { min = 2, max = 4 } }"

    def demand(self) -> str:
        """The demand as a sentence."""
        return _sentence(allowed(self.min, self.max, "paragraph", "paragraphs"))

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""

        def measure(text: str) -> Finding:
            found = [block for block in read(text, context.kind).of("paragraph") if any(map(str.isalnum, block.text))]
            return bounded(len(found), low=self.min, high=self.max, one="paragraph", many="paragraphs")

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
