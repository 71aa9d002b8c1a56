"""Criteria that nobody can judge alike: words that say how a text feels, and nothing that could be pointed at."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, cast

from setpoint.core.spec import Criterion
from setpoint.rubric.lint.clauses import clauses, without_quotes
from setpoint.rubric.lint.flaw import Flaw, Target
from setpoint.rubric.lint.lists import table
from setpoint.rubric.lint.numbers import NUMBER

__all__ = ["evaluative", "vague"]

_WORD: Final = re.compile(r"[a-zà-ÿ]+(?:['-][a-zà-ÿ]+)*")
_COUNTED: Final = re.compile(rf"\d|\b(?!one\b|single\b|a single\b)(?:{NUMBER})\b", re.IGNORECASE)
_EXPLAINED: Final = re.compile(r":\s+\S+(?:\s+\S+){2,}|\((?:[^)]*\s){2,}[^)]*\)")
_SHOWN_BY: Final = re.compile(
    r"\bby (?:naming|giving|stating|using|listing|citing|showing|addressing|quoting|saying|explaining)\b"
)


@dataclass(frozen=True, slots=True)
class _Family:
    words: frozenset[str]
    phrases: tuple[str, ...]
    instead: str
    toml: str = ""


@cache
def _families() -> tuple[_Family, ...]:
    lists = table("vague")
    entries = cast("Sequence[Mapping[str, object]]", lists["family"])
    return tuple(
        _Family(
            frozenset(str(entry["words"]).split()),
            tuple(cast("list[str]", entry.get("phrases", []))),
            str(entry["instead"]),
            str(entry.get("toml", "")),
        )
        for entry in entries
    )


@cache
def _amounts() -> _Family:
    entry = cast("Mapping[str, str]", table("vague")["amounts"])
    return _Family(frozenset(entry["words"].split()), (), entry["instead"])


@cache
def _grammar(key: str) -> frozenset[str]:
    value = cast("Mapping[str, object]", table("vague")["grammar"])[key]
    return frozenset(value.split() if isinstance(value, str) else cast("list[str]", value))


@dataclass(frozen=True, slots=True)
class _Hit:
    """An evaluative word in a clause."""

    word: str
    family: _Family
    decides: bool
    """Whether the clause rests on it, or it only decorates a demand that is plain without it."""


def evaluative(clause: str) -> tuple[str, ...]:
    """The evaluative words that a clause rests on."""
    return tuple(hit.word for hit in _hits(clause) if hit.decides)


def vague(target: Target) -> Iterator[Flaw]:
    """An evaluative word ("engaging", "high quality") and nothing observable from which yes or no follows."""
    for criterion in target.every:
        if criterion.check is None:
            yield from _in(criterion)


def _in(criterion: Criterion) -> Iterator[Flaw]:
    found = [(clause, hit) for clause in clauses(criterion.says) for hit in _hits(clause)]
    deciding = [(clause, hit) for clause, hit in found if hit.decides and not _observable(clause)]
    for level, hits in (
        ("warning", deciding),
        ("hint", [(c, h) for c, h in found if not h.decides and h.word not in _grammar("topical")]),
    ):
        if not hits:
            continue
        words = tuple(dict.fromkeys(hit.word for _, hit in hits))
        family, quoted = hits[0][1].family, ", ".join(f"“{word}”" for word in words)
        if level == "warning":
            says = f"{quoted} cannot be pointed at: two readers, or two readings, will differ"
            instead = f"say what stands in the text when this is met, such as: {family.instead}"
        else:
            says = f"{quoted} decides nothing here: the demand is plain without it"
            instead = f"leave it out, or make it a criterion of its own, such as: {family.instead}"
        yield Flaw(
            kind="vague",
            level=level,  # type: ignore[arg-type]
            says=says,
            instead=instead,
            criteria=(criterion.name,),
            quotes=(criterion.says,),
            toml=family.toml if level == "warning" else "",
        )
        return


def _observable(clause: str) -> bool:
    """Whether the clause says how to tell: a number, a phrase in quotation marks, an explanation."""
    masked = without_quotes(clause)
    if masked != clause or _COUNTED.search(masked) or _EXPLAINED.search(masked) or _SHOWN_BY.search(masked.lower()):
        return True
    return any(f" {mark} " in f" {masked.lower()} " for mark in _grammar("observable"))


def _hits(clause: str) -> Iterator[_Hit]:
    text = " ".join(without_quotes(clause).lower().replace("’", "'").split())
    for spared in _grammar("not_vague"):
        if spared in text:
            text = re.sub(rf"(?<![\w-]){re.escape(spared)}(?![\w-])", lambda found: " " * len(found[0]), text)
    for family in _families():
        for phrase in family.phrases:
            if re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", text):
                yield _Hit(phrase, family, decides=True)
                text = text.replace(phrase, " " * len(phrase))
    words = [(found[0], found.start(), found.end()) for found in _WORD.finditer(text)]
    for at, (word, _, _) in enumerate(words):
        for family in _families():
            if word in family.words:
                yield _Hit(word, family, decides=_decides([w for w, _, _ in words], at, text))
                break
        else:
            if word in _amounts().words and _loose_amount([w for w, _, _ in words], at):
                yield _Hit(word, _amounts(), decides=True)


_VERBS: Final = frozenset(
    "engage captivate grip hook enthral entertain delight inspire engages captivates grips hooks enthrals entertains "  # noqa: SIM905
    "delights inspires impress impresses wow wows resonate resonates charm charms intrigue intrigues excite excites".split()
)
_AFTER_NOUN: Final = frozenset(
    "for to of about in on with by at as that which enough and or but so throughout from without than when even "  # noqa: SIM905
    "across until".split()
)


def _decides(words: Sequence[str], at: int, text: str) -> bool:
    """Whether the word is the predicate ("is clear", "in a warm tone") or the verb, not a mere ornament."""
    del text
    word = words[at]
    before = [w for w in words[:at] if w not in _grammar("adverbs") and not w.endswith("ly") and not _known(w)]
    if word in _VERBS or (word.endswith("ly") and at == len(words) - 1):
        return True
    if not before and word.endswith("ly"):
        return at == len(words) - 1
    if not before:
        # It stands first: "Engaging and clear.", but not "Clear statement of the fee".
        return not _noun_follows(words, at) or _head(words, at) in _grammar("heads")
    if before[-1] in _grammar("copulas") and not _noun_follows(words, at):
        return not _reported(words, at)
    return _head(words, at) in _grammar("heads") and not _says_more(words, at)


def _reported(words: Sequence[str], at: int) -> bool:
    """Whether the word belongs to what the text says, not to the text: "says that fine tweezers are best"."""
    opened = max((n for n, word in enumerate(words[:at]) if word in {"that", "whether", "why", "how"}), default=-1)
    return opened >= 0 and words[opened - 1] != "so" and not _grammar("heads").intersection(words[opened:at])


def _known(word: str) -> bool:
    return any(word in family.words for family in _families())


def _head(words: Sequence[str], at: int) -> str:
    """The noun that the word stands before."""
    for word in words[at + 1 :]:
        if word not in _grammar("adverbs") and not _known(word):
            return word
    return ""


def _noun_follows(words: Sequence[str], at: int) -> bool:
    head = _head(words, at)
    return bool(head) and head not in _AFTER_NOUN and not words[at].endswith("ly")


def _says_more(words: Sequence[str], at: int) -> bool:
    """Whether the noun goes on to say of what: "a clear explanation of the refund", not "a clear tone"."""
    head = _head(words, at)
    rest = list(words[words.index(head, at) + 1 :]) if head else []
    return bool(rest) and rest[0] in {"of", "that", "which", "who", "about", "why", "how", "between"} and len(rest) > 2  # noqa: PLR2004 - "of it" says no more


def _loose_amount(words: Sequence[str], at: int) -> bool:
    """Whether an amount is left open before something that is to be given: "several examples", not "some of the"."""
    counted = {"examples", "example", "details", "detail", "reasons", "sources", "evidence", "facts", "figures", "statistics",
               "paragraphs", "sentences", "words", "steps", "bullets", "links", "references", "citations", "quotes", "questions",
               "features", "benefits", "points", "arguments", "keywords", "headings", "sections", "comments", "tests",
               "information", "context", "background", "depth", "space", "emojis", "humour", "humor", "jargon", "tips", "ideas"}  # fmt: skip
    return any(word in counted for word in words[at + 1 : at + 4])
