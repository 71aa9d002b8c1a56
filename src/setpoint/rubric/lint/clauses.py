"""Sentences taken apart: subjects, quoted phrases, clauses."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from setpoint.rubric.lint.lists import words_of

__all__ = ["QUOTED", "about_text", "clauses", "content", "folded", "parts_named", "phrases", "stem", "without_quotes"]

QUOTED: Final = r"""(?:"[^"\n]+"|“[^”\n]+”|‘[^’\n]+’|`[^`\n]+`|«[^»\n]+»|(?<![\w'])'[^'\n]+(?:'\w[^'\n]*)*'(?!\w))"""
"""A pattern for a phrase in quotation marks or backticks."""

_QUOTE: Final = re.compile(QUOTED)
_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_END: Final = re.compile(r"(?<=[.;!?])[\"”’)]?\s+(?=\S)")
_SHORT: Final = re.compile(r"\b(?:e\.g|i\.e|etc|vs|approx|no|Mr|Ms|Dr)\.\s*\Z", re.IGNORECASE)


def phrases(text: str) -> tuple[str, ...]:
    """What stands in quotation marks or backticks."""
    return tuple(found[0][1:-1].strip() for found in _QUOTE.finditer(text) if found[0][1:-1].strip())


def without_quotes(text: str) -> str:
    """The text with what stands in quotation marks blanked out; every other character keeps its place."""
    return _QUOTE.sub(lambda found: "_" * len(found[0]), text)


@cache
def clauses(says: str) -> tuple[str, ...]:
    """The clauses of a criterion, each of which might stand as a criterion of its own."""
    return tuple(clause for sentence in _sentences(says) for clause in _split(sentence))


def _sentences(says: str) -> Iterator[str]:
    masked, start = without_quotes(says), 0
    for end in _END.finditer(masked):
        if _SHORT.search(masked[: end.start()]):
            continue
        yield says[start : end.start()].strip()
        start = end.end()
    yield says[start:].strip()


@cache
def _joint() -> re.Pattern[str]:
    """Where a second demand begins: a joining word and a verb that demands."""
    verbs = "|".join(sorted(words_of("demands", "verbs"), key=len, reverse=True))
    then = rf"(?:(?:it |the text )?(?:also |then |clearly |briefly |explicitly |finally |always |never )*(?:(?:must |should )(?:not )?)?(?:{verbs})\b)"
    after = (
        r"(?=\s+(?:the|an?|all|any|each|every|no|not|one|two|three|four|five|its|their|his|her|this|that|these|both|"
        r"at|with|in|on|by|for|to|from|of|out|only|exactly|clear|how|what|why|who|whom|when|where|which|whether|if|"
        r"more|fewer|less|between|under|over|up|down|_|\d))"
    )
    sure = "|".join(words_of("demands", "sure"))
    own = rf"(?:the|each|every|all|both|no|it|they|its)\b(?: [\w'-]+){{0,4}}? (?:is|are|has|have|must|should|does|do|names?|says?|gives?|ends?|{sure})\b"
    counts = r"(?:at most|at least|no more than|no longer than|no fewer than|exactly|fewer than|less than|between \d)\b"
    return re.compile(
        rf"(?:,?\s+(?:and|but|while|as well as|or)|[,;])\s+(?=(?:{then}{after})|{counts}|"
        rf"(?:then |also |clearly |always |never )*(?:{sure})\b)|(?:, (?:and|but|while)|;) (?=(?P<own>{own}))",
        re.IGNORECASE,
    )


def _split(sentence: str) -> Iterator[str]:
    masked, start = without_quotes(sentence).replace("__", "_ "), 0
    for joint in _joint().finditer(masked):
        before = sentence[start : joint.start()].strip()
        if len(before.split()) > 1 and not _CASE.fullmatch(before) and not (joint["own"] and _EMBEDS.search(before)):
            yield before
            start = joint.end()
    yield sentence[start:].strip()


_EMBEDS: Final = re.compile(r"\b(?:that|who|whom|what|which|how|where|when|whether|why|if|because)\b", re.IGNORECASE)
"""What opens a clause inside a clause: after it, "and the shop is open" may go on with what is said, not with a demand."""

_CASE: Final = re.compile(
    r"(?:(?:for|in|on|at|per|with) (?:each|every|all|both|the|its)|under|below|above|beside|after|before)\b"
    r"(?! .*\b(?:words?|sentences?|characters?|paragraphs?|lines?|pages?|minutes?|tokens?)\Z)(?: [^\W\d][\w'-]*){1,4}",
    re.IGNORECASE,
)
"""What only says where a demand holds: "For each day, says where the child slept" is one demand."""

_DETERMINERS: Final = frozenset(
    "the this that your its our their a an whole entire full final finished complete overall total all of as "  # noqa: SIM905
    "resulting generated written must should".split()
)


def about_text(subject: str, brief: str) -> bool:
    """Whether a subject means the text as a whole, not a part of it."""
    words = [word for word in _WORD.findall(subject.lower()) if word not in _DETERMINERS]
    if not words:
        return True
    known = words_of("demands", "texts")
    named = {stem(word) for word in _WORD.findall(brief.lower())}
    if any(word in words_of("demands", "parts") and stem(word) not in named for word in words):
        return False
    return len(words) <= 3 and all(word in known or stem(word) in named for word in words)  # noqa: PLR2004 - "release notes draft"


_THROUGHOUT: Final = re.compile(
    r"\bfrom (?:the |its )?(?:very )?(?:first|beginning|opening|start)(?: [\w-]+)? (?:to|until|through to) (?:the |its )?(?:very )?"
    r"(?:last|end|ending|close|finish)(?: (?:line|word|sentence|verse|stanza|paragraph))?\b"
)
"""The whole of a text, said by its two ends."""
_EACH: Final = frozenset({"each", "every", "point", "points", "question", "questions", "body"})


def parts_named(says: str) -> frozenset[str]:
    """The parts of a text that a sentence is about: greeting, title, first paragraph."""
    parts = words_of("demands", "parts")
    plain = _THROUGHOUT.sub("", re.sub(r"\b(?:first|second|third)[ -]person\b", "", says.lower()))
    return frozenset(stem(word) for word in _WORD.findall(plain) if word in parts and word not in _EACH)


_ENDINGS: Final = (
    "ational",
    "ations",
    "ation",
    "ments",
    "ment",
    "ings",
    "ing",
    "ies",
    "ied",
    "ers",
    "er",
    "ed",
    "es",
    "s",
    "ly",
    "e",
    "y",
)


@cache
def stem(word: str) -> str:
    """A rough stem: enough to see that "names" and "naming" are one word."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:  # noqa: PLR2004 - below, stems of different words meet
            return word[: -len(ending)]
    return word


@cache
def content(says: str) -> frozenset[str]:
    """The stems of the words that carry meaning; numbers included, words for "says" and "has" left out."""
    light = words_of("demands", "light")
    folds = {word: group[0] for group in _synonyms() for word in group}
    found = (folds.get(word, word) for word in _plain_words(says) if word not in light)
    return frozenset(stem(word) for word in found)


def _plain_words(says: str) -> list[str]:
    return [word.removesuffix("'s") for word in _WORD.findall(says.lower().replace("’", "'"))]


@cache
def _synonyms() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(group.split()) for group in words_of("demands", "synonyms"))


def folded(text: str) -> str:
    """Small letters, single spaces, plain apostrophes."""
    return " ".join(text.lower().replace("’", "'").split())
