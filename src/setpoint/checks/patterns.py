"""Regular expressions: those that users write, run under a time limit, and those that need Unicode properties.

The only module that knows the `regex` library. The standard library's engine has no time limit, so that one bad
pattern would hang a run, and takes the vowel signs of many scripts for the end of a word.
"""

from collections.abc import Iterator
from typing import Final, Protocol, cast

import regex

from setpoint.errors import SpecError

__all__ = ["SECONDS", "Pattern", "Scanner", "compiled", "phrase", "scanner"]

SECONDS: Final = 2.0
"""The time one pattern may take on one text."""


class _Match(Protocol):
    def span(self) -> tuple[int, int]: ...


class Scanner(Protocol):
    """What is used of a pattern compiled by `regex`."""

    def findall(self, string: str, /) -> list[str]:
        """The texts of all matches."""
        ...

    def search(self, string: str, /, *, timeout: float | None = None) -> _Match | None:
        """The first match."""
        ...

    def finditer(self, string: str, /, *, timeout: float | None = None) -> Iterator[_Match]:
        """All matches, within that many seconds in all."""
        ...


class Pattern:
    """A pattern whose matches are found within `SECONDS`.

    Args:
        source: the pattern as the user wrote it.
        engine: what it was compiled to.
    """

    def __init__(self, source: str, engine: Scanner) -> None:
        self.source = source
        self._engine = engine

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where it matches, matches of nothing left out.

        Raises:
            TimeoutError: if it takes too long.
        """
        found = (match.span() for match in self._engine.finditer(text, timeout=SECONDS))
        return [span for span in found if span[0] < span[1]]

    def found(self, text: str) -> bool:
        """Whether it matches anywhere, matches of nothing included.

        Raises:
            TimeoutError: if it takes too long.
        """
        return self._engine.search(text, timeout=SECONDS) is not None


def scanner(source: str) -> Scanner:
    """Compile a pattern of our own; sets may be nested and subtracted."""
    return cast("Scanner", regex.compile(source, regex.V1))


def compiled(source: str, *, key: str, ignore_case: bool = False) -> Pattern:
    """Compile what a user wrote; ``^`` and ``$`` match at lines.

    Args:
        source: the pattern.
        key: the dotted key it stands under, for the error.
        ignore_case: whether capitals and small letters are the same.

    Raises:
        SpecError: if it is not a regular expression.
    """
    flags = regex.MULTILINE | (regex.IGNORECASE if ignore_case else 0)
    try:
        return Pattern(source, cast("Scanner", regex.compile(source, flags)))
    except (regex.error, OverflowError, RecursionError) as error:
        problem = f"{source!r} is not a regular expression: {error}; write a backslash before a character meant as such"
        raise SpecError(problem, key=key) from error


_SPACELESS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


def phrase(words: str, *, ignore_case: bool) -> Pattern:
    """A pattern that finds a phrase as whole words, whatever white space and apostrophes it is written with."""
    body = r"\s+".join(_literal(word) for word in words.split())
    start = r"(?<!\w)" if _bounded(words[:1]) else ""
    end = r"(?!\w)" if _bounded(words[-1:]) else ""
    return compiled(f"{start}{body}{end}", key="", ignore_case=ignore_case)


def _bounded(char: str) -> bool:
    """Whether words of this character's script are told apart by what stands beside them."""
    return char.isalnum() and not _SPACELESS.match(char)


def _literal(word: str) -> str:
    return "".join("['\u2019]" if char in "'\u2019" else str(regex.escape(char)) for char in word)
