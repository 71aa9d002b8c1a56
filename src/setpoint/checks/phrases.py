"""What stands in it: phrases and patterns it must or must not contain, and how it begins and ends.

A required phrase counts where a reader sees it, never inside an HTML comment; a forbidden one counts anywhere.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, field_validator, model_validator

from setpoint.checks.base import (
    PASSED,
    CheckContext,
    NonBlank,
    Params,
    Phrases,
    Rule,
    allowed,
    failed,
    listing,
    quoted,
)
from setpoint.checks.patterns import Pattern, compiled, phrase
from setpoint.checks.prose import read, uncommented
from setpoint.ports import Finding

__all__ = ["Contains", "EndsWith", "Excludes", "StartsWith"]

_PLACES = 20
_PASSAGE, _LONGEST = 7, 120
"""A match of so many words is a passage: "remove it" would cost the text what it says; and characters of its beginning."""


class _Wanted(Params):
    """Phrases or a pattern."""

    words: Phrases | None = Field(
        default=None, description="phrases, found as whole words whatever white space and apostrophes they have"
    )
    regex: NonBlank | None = Field(
        default=None, description="a regular expression; `^` and `$` match at lines, and it may take two seconds"
    )
    case_sensitive: bool = Field(default=False, description="whether capitals must match")

    @model_validator(mode="after")
    def _something(self) -> "_Wanted":
        if (self.words is None) == (self.regex is None):
            raise ValueError("needs either words or regex")
        return self

    def patterns(self) -> list[tuple[str, Pattern]]:
        """What to look for, each with its name in messages."""
        ignore = not self.case_sensitive
        if self.regex is not None:
            key = f"check.{self.check}.regex"
            return [(f"the pattern {self.regex}", compiled(self.regex, key=key, ignore_case=ignore))]
        return [(quoted(words), phrase(words, ignore_case=ignore)) for words in self.words or ()]

    def named(self) -> str:
        """What is looked for, in words."""
        if self.regex is not None:
            return f"text that matches the pattern {self.regex}"
        return ", ".join(quoted(words) for words in self.words or ())


class Contains(_Wanted):
    """``contains``."""

    check: ClassVar[str] = "contains"
    demands: ClassVar[str] = "Each of these phrases, or the pattern, stands in the text so many times."
    example: ClassVar[str] = '{ contains = ["upgrade", "restart the server"] }'
    bare: ClassVar[str] = "words"

    min: int = Field(default=1, ge=0, description="the fewest times each must stand")
    max: int | None = Field(default=None, ge=0, description="the most times each may stand")

    @model_validator(mode="after")
    def _possible(self) -> "Contains":
        if self.max is not None and self.min > self.max:
            raise ValueError(f"min is {self.min} but max is {self.max}; no text can meet both")
        if self.min == 0 and self.max is None:
            raise ValueError("min = 0 without max demands nothing; set max, or a min above 0")
        return self

    def demand(self) -> str:
        """The demand as a sentence."""
        if self.max is None and self.min == 1:
            return f"Contains {self.named()}."
        each = " each" if self.words is not None and len(self.words) > 1 else ""
        return f"Contains {self.named()}{each} {allowed(self.min or None, self.max, 'time', 'times')}."

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""
        patterns = self.patterns()

        def measure(text: str) -> Finding:
            shown = uncommented(text)
            visible = "\n".join(block.text for block in read(text, context.kind).blocks)
            faults: list[str] = []
            missing: list[str] = []
            short = 0.0
            lines: list[int] = []
            for name, pattern in patterns:
                spans = pattern.spans(shown)
                count = max(len(spans), len(pattern.spans(visible)))
                if count < self.min:
                    if self.min == 1:
                        missing.append(name)
                    else:
                        faults.append(f"{name} stands {_times(count)}; use it at least {_times(self.min)}")
                    short += (self.min - count) / self.min
                elif self.max is not None and count > self.max:
                    faults.append(f"{name} stands {_times(count)}; keep at most {self.max}")
                    short += min(1.0, (count - self.max) / self.max) if self.max else 1.0
                    lines += _lines(shown, spans)
            if missing:
                faults.insert(0, f"{_listed(missing)} missing; add {'it' if len(missing) == 1 else 'them'}")
            if not faults:
                return PASSED
            return failed("; ".join(faults), shortfall=short / len(patterns), lines=lines)

        return measure


class Excludes(_Wanted):
    """``excludes``."""

    check: ClassVar[str] = "excludes"
    demands: ClassVar[str] = "None of these phrases, or nothing that matches the pattern, stands anywhere in the text."
    example: ClassVar[str] = '{ excludes = ["synergy", "best in class"] }'
    bare: ClassVar[str] = "words"

    def demand(self) -> str:
        """The demand as a sentence."""
        return f"Does not contain {self.named()}."

    def _passages(self, text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
        """The beginnings of what a pattern has found, if that is passages of a wrong shape and not a word too many."""
        if self.regex is None:
            return []
        found = [text[start:end].split() for start, end in spans[:_PLACES]]
        if not any(len(words) >= _PASSAGE for words in found):
            return []
        return list(dict.fromkeys(quoted(" ".join(words[:_PASSAGE]), _LONGEST) for words in found if words))

    def _shown(self, text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
        """What a pattern has found: an author can cut the words it is shown; a pattern is no instruction to it."""
        if self.regex is None:
            return []
        return list(
            dict.fromkeys(quoted(found) for start, end in spans[:_PLACES] if (found := text[start:end]).strip())
        )

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""
        patterns = self.patterns()

        def measure(text: str) -> Finding:
            visible = "\n".join(block.text for block in read(text, context.kind).blocks)
            faults: list[str] = []
            hits = 0
            lines: list[int] = []
            for name, pattern in patterns:
                spans = pattern.spans(text)
                count = max(len(spans), len(pattern.spans(visible)))
                if count:
                    where = _lines(text, spans)
                    hits += count
                    lines += where
                    if passages := self._passages(text, spans):
                        faults.append(_broken(passages, where))
                    else:
                        faults.append(_forbidden(self._shown(text, spans) or [name], count, where))
            # Fewer hits must be nearer to passing, or a draft that removes all but one would look like no progress.
            return failed("; ".join(faults), shortfall=hits / (hits + 1), lines=lines) if faults else PASSED

        return measure


def _forbidden(names: Sequence[str], count: int, lines: Sequence[int]) -> str:
    several = len(names) > 1
    often = "" if several else f" {_times(count)}"
    return (
        f"{listing(names)} {'stand' if several else 'stands'}{often}{_at(lines)}; remove {'them' if several else 'it'}"
    )


def _broken(begins: Sequence[str], lines: Sequence[int]) -> str:
    # A beginning in whole words: authors copy what is quoted, and three dots that stand for the rest with it.
    if len(begins) > 1:
        return f"the passages that begin with {listing(begins)}{_at(lines)} break this; change them so that they do not"
    return f"the passage that begins with {begins[0]}{_at(lines)} breaks this; change it so that it does not"


def _listed(names: Sequence[str]) -> str:
    """``"a" is``, ``"a" and "b" are``: all of them, because a demand that is not named is not met."""
    *head, last = names
    return f"{', '.join(head)} and {last} are" if head else f"{last} is"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _at(lines: Sequence[int]) -> str:
    if not lines:
        return ""
    return f" on line{'s' if len(lines) > 1 else ''} {listing([str(line) for line in lines])}"


def _lines(text: str, spans: Sequence[tuple[int, int]]) -> list[int]:
    """The lines that the first spans stand on."""
    found: list[int] = []
    line, at = 1, 0
    for start, _ in spans[:_PLACES]:
        line += text.count("\n", at, start)
        at = start
        if not found or found[-1] != line:
            found.append(line)
    return found


class _Edge(Params):
    """How the text begins or ends."""

    bare: ClassVar[str] = "text"

    text: str = Field(min_length=1, description="the text itself; a line break in it is one in the text")
    case_sensitive: bool = Field(default=True, description="whether capitals must match")

    def folded(self, text: str) -> str:
        """White space, line breaks apart, and capitals, unless they matter, taken out of the comparison."""
        folded = _SPACES.sub(lambda run: "\n" if "\n" in run[0] else " ", text)
        return folded if self.case_sensitive else folded.casefold()

    def named(self) -> str:
        """The text in one line."""
        return quoted(_SPACES.sub(lambda run: "\\n" if "\n" in run[0] else " ", self.text))

    @field_validator("text")
    @classmethod
    def _visible(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("is blank; say what the text is to be")
        return text


_SPACES = re.compile(r"\s+")

# Enough of the draft to compare with: white space may stand between any two characters of it.
_SLACK = 4_096


class StartsWith(_Edge):
    """``starts_with``."""

    check: ClassVar[str] = "starts_with"
    demands: ClassVar[str] = "The text begins with this; white space before it does not count."
    example: ClassVar[str] = '{ starts_with = "Dear" }'

    def demand(self) -> str:
        """The demand as a sentence."""
        return f"Begins with {self.named()}."

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""
        del context  # the same for every kind of text
        wanted = self.folded(self.text.lstrip())

        def measure(text: str) -> Finding:
            head = text.lstrip()
            # A line break at the end of what is wanted is also met by the end of the text.
            if self.folded(head[: len(self.text) + _SLACK] + "\n").startswith(wanted):
                return PASSED
            line = text[: len(text) - len(head)].count("\n") + 1
            begins = f"the text begins with {quoted(head, 30)}" if head else "the text is empty"
            return failed(f"{begins}; begin it with {self.named()}", lines=(line,) if head else ())

        return measure


class EndsWith(_Edge):
    """``ends_with``."""

    check: ClassVar[str] = "ends_with"
    demands: ClassVar[str] = "The text ends with this; white space after it does not count."
    example: ClassVar[str] = '{ ends_with = "The Acme team" }'

    def demand(self) -> str:
        """The demand as a sentence."""
        return f"Ends with {self.named()}."

    def rule(self, context: CheckContext) -> Rule:
        """The rule over a text."""
        del context  # the same for every kind of text
        wanted = self.folded(self.text.rstrip())

        def measure(text: str) -> Finding:
            tail = text.rstrip()
            if self.folded("\n" + tail[-len(self.text) - _SLACK :]).endswith(wanted):
                return PASSED
            ends = f"the text ends with {quoted(tail[-30:].lstrip(), 30)}" if tail else "the text is empty"
            lines = (tail.count("\n") + 1,) if tail else ()
            return failed(f"{ends}; end it with {self.named()}", lines=lines)

        return measure
