"""Words, sentences and languages, counted as IFEval's own verifier counts them, as nearly as can be without its tools.

Its tools are NLTK's tokenisers and langdetect, which need data that cannot be had offline. How often the result
differs is measured on answers with the official verdict (`python bench/ifeval.py --agreement`).
"""

import re
from functools import cache
from typing import Final, Protocol, cast

__all__ = ["capital_words", "language", "sentences", "word_count"]

_MIXED: Final = 1
"""Up to so many letters of another script for each Latin one."""
_WORD: Final = re.compile(r"\w+")
_ENDS: Final = re.compile(r"[.?!]+[)\"'\]\u201d\u2019*_]*(?=\s|\Z)")
_ABBREVIATIONS: Final = frozenset(
    {
        *(
            "dr",
            "mr",
            "mrs",
            "ms",
            "prof",
            "sr",
            "jr",
            "st",
            "vs",
            "etc",
            "inc",
            "ltd",
            "co",
            "corp",
            "no",
            "vol",
            "fig",
        ),
        *("approx", "dept", "est", "e.g", "i.e", "a.m", "p.m", "u.s", "u.k"),
    }
)
_SPLIT: Final = re.compile(r"[;@#$%&?!()\[\]{}<>\"\u201c\u201d]|[,:](?!\d)|--+|\.\.\.+")
_CLITIC: Final = re.compile(r"(?i)(?<=[^\W\d_])(?:(?=n't\b)|(?='(?:s|m|d|ll|re|ve)\b))")


class _Identifier(Protocol):
    def rank(self, text: str) -> list[tuple[str, float]]: ...


class _Identifiers(Protocol):
    def from_model_file(self, model_file: str, *, norm_probs: bool) -> _Identifier: ...


def word_count(text: str) -> int:
    """Runs of letters, digits and underscores: ``it's`` is two."""
    return len(_WORD.findall(text))


def sentences(text: str) -> int:
    """Sentences: what ends with a mark before white space, unless it is an abbreviation."""
    count, start = 0, 0
    for end in _ENDS.finditer(text):
        before = text[start : end.start()]
        last = before.split()[-1] if before.split() else ""
        single = end.group().startswith(".") and (
            last.casefold().lstrip("(\"'*") in _ABBREVIATIONS or re.fullmatch(r"\W*[A-Z]", last) is not None
        )
        if single:
            continue
        count += 1
        start = end.end()
    return count + bool(text[start:].strip())


def capital_words(text: str) -> int:
    """Words in capitals, as a treebank tokeniser cuts them: marks stand alone, ``DON'T`` is two."""
    cut = _CLITIC.sub(" ", _SPLIT.sub(" ", text))
    return sum(word.isupper() for word in cut.split())


def language(text: str) -> str:
    """The likeliest language as an ISO 639-1 code; empty for a text without letters.

    A text in another script that is mixed with much Latin counts as English, as langdetect takes it.
    """
    letters = [char for char in text if char.isalpha()]
    if not letters:
        return ""
    latin = sum(char < "\u0250" or "\u1e00" <= char < "\u1f00" for char in letters)
    return "en" if 0 < len(letters) - latin <= _MIXED * latin else _identifier().rank(text)[0][0]


@cache
def _identifier() -> _Identifier:
    from py3langid import langid  # noqa: PLC0415 - takes half a second

    identifiers = cast("_Identifiers", langid.LanguageIdentifier)
    return identifiers.from_model_file(langid.MODEL_FILE, norm_probs=False)
