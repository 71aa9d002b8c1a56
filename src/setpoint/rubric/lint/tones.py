"""Tones and styles that exclude each other, by a documented list (``lists/tones.toml``)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Final, cast

from setpoint.rubric.lint.claims import BRIEF
from setpoint.rubric.lint.clauses import clauses, parts_named, without_quotes
from setpoint.rubric.lint.flaw import Flaw, Target
from setpoint.rubric.lint.lists import table

__all__ = ["tone_conflict", "tone_pairs"]

_WORD: Final = re.compile(r"[a-zà-ÿ]+(?:['-][a-zà-ÿ]+)*")
_NEAR: Final = 4


@dataclass(frozen=True, slots=True)
class _Tone:
    name: str
    words: frozenset[str]
    phrases: tuple[str, ...]


@cache
def _pairs() -> tuple[tuple[_Tone, _Tone], ...]:
    entries = cast("Sequence[Mapping[str, Mapping[str, object]]]", table("tones")["pair"])
    return tuple((_tone(entry["a"]), _tone(entry["b"])) for entry in entries)


def _tone(entry: Mapping[str, object]) -> _Tone:
    phrases = tuple(cast("Sequence[str]", entry["phrases"]))
    return _Tone(str(entry["name"]), frozenset(str(entry["words"]).split()), phrases)


@cache
def _context(key: str) -> frozenset[str]:
    return frozenset(cast("Mapping[str, str]", table("tones")["context"])[key].split())


def tone_pairs() -> tuple[tuple[str, str], ...]:
    """The names of the tones that exclude each other, for the reference."""
    return tuple((a.name, b.name) for a, b in _pairs())


@dataclass(frozen=True, slots=True)
class _Heard:
    """A tone in a clause, or the denial of one."""

    pair: int
    tone: str
    wanted: bool


def tone_conflict(target: Target) -> Iterator[Flaw]:
    """Two criteria, or one and the brief, want tones or styles that exclude each other."""
    for group in target.groups:
        known = [(c.name, clause) for c in group for clause in clauses(c.says) if c.check is None]
        known += [(BRIEF, clause) for clause in clauses(target.spec.brief)]
        known = [(name, clause) for name, clause in known if _heard(clause)]
        seen: set[frozenset[str]] = set()
        for (one, ours), (other, theirs) in combinations(known, 2):
            pair = frozenset({one, other})
            if pair in seen or one == other or parts_named(ours) != parts_named(theirs):
                continue
            if why := _why(ours, theirs):
                seen.add(pair)
                yield Flaw(
                    kind="tone-conflict",
                    level="warning",
                    says=why,
                    instead=f"decide which tone the reader needs; or say which part of the text {one} is about, and which {other}",
                    criteria=tuple(name for name in (one, other)),
                    quotes=(ours, theirs),
                )


def _why(ours: str, theirs: str) -> str:
    for one in _heard(ours):
        for other in _heard(theirs):
            if one.pair != other.pair:
                continue
            if one.wanted and other.wanted and one.tone != other.tone:
                return f"“{one.tone}” and “{other.tone}” exclude each other"
            if one.tone == other.tone and one.wanted != other.wanted:
                return f"one asks for “{one.tone}” and the other rules it out"
    return ""


@cache
def _heard(clause: str) -> tuple[_Heard, ...]:
    """The tones that a clause speaks of."""
    whole = " ".join(without_quotes(clause).lower().replace("’", "'").replace("**", "").split())
    found: list[_Heard] = []
    for number, pair in enumerate(_pairs()):
        text = whole
        for tone in pair:
            for phrase in tone.phrases:
                if phrase in text and (place := re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", text)):
                    found.append(_Heard(number, tone.name, not _denied(text[: place.start()])))
                    text = text.replace(phrase, " " * len(phrase))
            places = [(m.start(), m[0]) for m in _WORD.finditer(text)]
            words = [word for _, word in places]
            ends = {at for at, (start, word) in enumerate(places) if text[start + len(word) :][:1] in {*",:;.!?"}}
            for at, (start, word) in enumerate(places):
                if word in tone.words and _about_tone(words[: at + 1] if at in ends else words, at):
                    found.append(_Heard(number, tone.name, not _denied(text[:start])))
    return tuple(dict.fromkeys(found))


def _about_tone(words: Sequence[str], at: int) -> bool:
    """Whether a word says how the text sounds, not what it is about ("formal requirements")."""
    word = words[at]
    around = (*words[max(0, at - _NEAR) : at], *words[at + 1 : at + 1 + _NEAR])
    if any(near in _context("nouns") for near in words[at + 1 : at + 1 + _NEAR]):
        return True
    if any(near in _context("copulas") for near in words[max(0, at - _NEAR) : at]):
        after = words[at + 1] if at + 1 < len(words) else ""
        return not after or after in {
            "and",
            "but",
            "in",
            "throughout",
            "as",
            "or",
            "with",
            "enough",
            "to",
            "for",
            "from",
            "yet",
            "like",
            "about",
        }
    if at == 0 or word.endswith("ly"):
        return word.endswith("ly") or len(words) == 1 or words[1] in {"and", "in", "but", "throughout"}
    return any(near in {"tone", "style", "voice", "manner", "register"} for near in around) or words[:at] == [
        "must",
        "be",
    ]


def _denied(before: str) -> bool:
    words = _WORD.findall(before[-60:])[-3:]
    return any(word in _context("denials") for word in words)
