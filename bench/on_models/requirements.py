"""IFEval's 25 kinds of requirement: how each is said to an author, and how it is verified.

The rules follow what IFEval's documentation and its labelled answers say about each verifier, quirks included; the
words are ours. A failure directs, and says how far off the text is, as a check of Setpoint does.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from on_models.words import capital_words, language, sentences, word_count
from setpoint.ports import Finding

__all__ = ["KINDS", "Requirement", "requirement"]

Given: TypeAlias = Mapping[str, object]
Measure: TypeAlias = Callable[[str], Finding]

PASSED: Final = Finding(passed=True)
LANGUAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "en": "English",
        "es": "Spanish",
        "pt": "Portuguese",
        "ar": "Arabic",
        "hi": "Hindi",
        "fr": "French",
        "ru": "Russian",
        "de": "German",
        "ja": "Japanese",
        "it": "Italian",
        "bn": "Bengali",
        "uk": "Ukrainian",
        "th": "Thai",
        "ur": "Urdu",
        "ta": "Tamil",
        "te": "Telugu",
        "bg": "Bulgarian",
        "ko": "Korean",
        "pl": "Polish",
        "he": "Hebrew",
        "fa": "Persian",
        "vi": "Vietnamese",
        "ne": "Nepali",
        "sw": "Swahili",
        "kn": "Kannada",
        "mr": "Marathi",
        "gu": "Gujarati",
        "pa": "Punjabi",
        "ml": "Malayalam",
        "fi": "Finnish",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One requirement of a prompt; a `setpoint.ports.Check`.

    Args:
        kind: IFEval's name for it, such as ``punctuation:no_comma``.
        says: the demand in one sentence.
        rule: measures a text.
    """

    kind: str
    says: str
    rule: Measure

    def measure(self, text: str) -> Finding:
        """Measure a text; an empty one never passes, as in IFEval's strict score."""
        if not text.strip():
            return Finding(passed=False, message="the text is empty; write it", shortfall=1.0)
        return self.rule(text)


def requirement(kind: str, given: Given) -> Requirement:
    """The requirement of that kind with these parameters.

    Raises:
        KeyError: if there is no such kind, or a parameter is missing.
    """
    says, rule = KINDS[kind](given)
    return Requirement(kind=kind, says=says, rule=rule)


def _fail(message: str, shortfall: float = 1.0) -> Finding:
    return Finding(passed=False, message=message, shortfall=min(1.0, max(0.0, shortfall)))


def _text(given: Given, name: str) -> str:
    return str(given[name])


def _number(given: Given, name: str) -> int:
    return int(cast("int | float | str", given[name]))


def _texts(given: Given, name: str) -> list[str]:
    return [str(item) for item in cast("list[object]", given[name])]


def _related(count: Callable[[str], int], relation: str, bound: int, unit: str) -> tuple[str, Measure]:
    """A count that is at least, or less than, a bound."""

    def measure(text: str) -> Finding:
        found = count(text)
        if relation == "at least":
            if found >= bound:
                return PASSED
            return _fail(f"there are {found} {unit}; add at least {bound - found}", (bound - found) / max(1, bound))
        if found < bound:
            return PASSED
        return _fail(
            f"there are {found} {unit}; remove at least {found - bound + 1}", (found - bound + 1) / max(1, bound)
        )

    return f"{relation} {bound} {unit}", measure


def _exact(count: Callable[[str], int], wanted: int, unit: str, how: str) -> Measure:
    def measure(text: str) -> Finding:
        found = count(text)
        if found == wanted:
            return PASSED
        return _fail(
            f"there are {found} {unit}; make them exactly {wanted} ({how})", abs(found - wanted) / max(1, wanted)
        )

    return measure


def _at_least(count: Callable[[str], int], least: int, unit: str, how: str) -> Measure:
    def measure(text: str) -> Finding:
        found = count(text)
        if found >= least:
            return PASSED
        return _fail(f"there are {found} {unit}; add at least {least - found} ({how})", (least - found) / max(1, least))

    return measure


def _has(holds: Callable[[str], object], otherwise: str) -> Measure:
    """A yes or no."""
    return lambda text: PASSED if holds(text) else _fail(otherwise)


# Words and letters


def _existence(given: Given) -> tuple[str, Measure]:
    words = _texts(given, "keywords")
    named = ", ".join(f'"{word}"' for word in words)

    def measure(text: str) -> Finding:
        absent = [word for word in words if not re.search(word, text, re.IGNORECASE)]
        if not absent:
            return PASSED
        return _fail(f"missing: {', '.join(absent)}; use each of these words", len(absent) / len(words))

    return f"The text contains the words {named}.", measure


def _frequency(given: Given) -> tuple[str, Measure]:
    word, relation = _text(given, "keyword"), _text(given, "relation")
    said, measure = _related(
        lambda text: len(re.findall(word, text, re.IGNORECASE)),
        relation,
        _number(given, "frequency"),
        f'uses of "{word}"',
    )
    return f"The text has {said}.", measure


def _forbidden(given: Given) -> tuple[str, Measure]:
    words = _texts(given, "forbidden_words")
    named = ", ".join(f'"{word}"' for word in words)

    def measure(text: str) -> Finding:
        used = [word for word in words if re.search(rf"\b{word}\b", text, re.IGNORECASE)]
        if not used:
            return PASSED
        return _fail(f"forbidden but used: {', '.join(used)}; write without", len(used) / len(words))

    return f"None of these words stands in the text: {named}.", measure


def _letters(given: Given) -> tuple[str, Measure]:
    letter = _text(given, "letter").lower()
    said, measure = _related(
        lambda text: text.lower().count(letter),
        _text(given, "let_relation"),
        _number(given, "let_frequency"),
        f'"{letter}"',
    )
    return f"Counted in the whole text, there are {said}.", measure


def _language(given: Given) -> tuple[str, Measure]:
    code = _text(given, "language")
    name = LANGUAGES.get(code, code)

    def holds(text: str) -> bool:
        return language(text) in {code, ""}

    return (
        f"The whole text is in {name}, and no other language is used.",
        _has(holds, f"the text is not in {name}; write all of it in {name}"),
    )


# Lengths


def _sentences(given: Given) -> tuple[str, Measure]:
    said, measure = _related(sentences, _text(given, "relation"), _number(given, "num_sentences"), "sentences")
    return f"The text has {said}.", measure


def _words(given: Given) -> tuple[str, Measure]:
    said, measure = _related(word_count, _text(given, "relation"), _number(given, "num_words"), "words")
    return f"The text has {said}.", measure


def _paragraphs(given: Given) -> tuple[str, Measure]:
    wanted = _number(given, "num_paragraphs")

    def count(text: str) -> int:
        parts = re.split(r"\s?\*\*\*\s?", text)
        inner = parts[1:-1]
        if any(not part.strip() for part in inner):
            return 0  # nothing between two dividers
        return len(parts) - (not parts[0].strip()) - (len(parts) > 1 and not parts[-1].strip())

    how = "the markdown divider *** stands between them, and nowhere else"
    return (
        f"The text has exactly {wanted} paragraphs, with the markdown divider *** between each two of them.",
        _exact(count, wanted, "paragraphs told apart by ***", how),
    )


def _first_word(given: Given) -> tuple[str, Measure]:
    wanted, at = _number(given, "num_paragraphs"), _number(given, "nth_paragraph")
    word = _text(given, "first_word").lower()

    def measure(text: str) -> Finding:
        parts = text.split("\n\n")
        count = sum(bool(part.strip()) for part in parts)
        if count != wanted:
            return _fail(
                f"there are {count} paragraphs told apart by blank lines; make them exactly {wanted}",
                abs(count - wanted) / max(1, wanted),
            )
        paragraph = parts[at - 1].strip() if at <= count else ""
        if not paragraph:
            return _fail(f"paragraph {at} is empty; leave exactly one blank line between paragraphs", 0.5)
        head = paragraph.split()[0].lstrip("'").lstrip('"')
        first = re.split(r"[.,?!'\"]", head, maxsplit=1)[0].lower()
        if first == word:
            return PASSED
        return _fail(f'paragraph {at} begins with "{first}"; begin it with "{word}"', 0.5)

    says = f"There are exactly {wanted} paragraphs, told apart by one blank line each."
    return f'{says} Paragraph {at} begins with the word "{word}".', measure


# What stands in it


def _placeholders(given: Given) -> tuple[str, Measure]:
    least = _number(given, "num_placeholders")
    how = "each is a name in square brackets, such as [address]"
    return (
        f"The text has at least {least} placeholders in square brackets, such as [address].",
        _at_least(lambda text: len(re.findall(r"\[.*?\]", text)), least, "placeholders", how),
    )


def _postscript(given: Given) -> tuple[str, Measure]:
    marker = _text(given, "postscript_marker").strip()
    pattern = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}.get(marker, re.escape(marker.lower()))
    return (
        f'At the end there is a postscript that begins with "{marker}".',
        _has(
            lambda text: re.search(pattern, text.lower()),
            f'there is no postscript; add one at the end that begins with "{marker}"',
        ),
    )


def _bullets(given: Given) -> tuple[str, Measure]:
    wanted = _number(given, "num_bullets")

    def count(text: str) -> int:
        stars = re.findall(r"^\s*\*[^\*].*$", text, re.MULTILINE)
        return len(stars) + len(re.findall(r"^\s*-.*$", text, re.MULTILINE))

    return (
        f'The text has exactly {wanted} bullet points, each on its own line and begun with "* ".',
        _exact(count, wanted, "bullet points", 'lines that begin with "* " or "-"'),
    )


_ANSWERS: Final = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


def _constrained(_given: Given) -> tuple[str, Measure]:
    named = ", ".join(f'"{one}"' for one in _ANSWERS)
    return (
        f"The text is one of these answers, word for word: {named}.",
        _has(lambda text: any(one in text for one in _ANSWERS), f"the answer is missing; write one of {named}"),
    )


def _highlights(given: Given) -> tuple[str, Measure]:
    least = _number(given, "num_highlights")

    def count(text: str) -> int:
        single = [part for part in re.findall(r"\*[^\n\*]*\*", text) if part.strip("*").strip()]
        double = [part for part in re.findall(r"\*\*[^\n\*]*\*\*", text) if part[2:-2].strip()]
        return len(single) + len(double)

    how = "a few words between asterisks, such as *highlighted section*"
    return (
        f"At least {least} sections are highlighted in markdown, such as *highlighted section*.",
        _at_least(count, least, "highlighted sections", how),
    )


def _sections(given: Given) -> tuple[str, Measure]:
    least, mark = _number(given, "num_sections"), _text(given, "section_spliter").strip()
    pattern = rf"\s?{mark}\s?\d+\s?"
    return (
        f'The text has at least {least} sections, and the beginning of each is marked with "{mark} X", as in "{mark} 1".',
        _at_least(
            lambda text: len(re.split(pattern, text)) - 1,
            least,
            "sections",
            f'each begins with "{mark}" and its number',
        ),
    )


def _json(_given: Given) -> tuple[str, Measure]:
    def measure(text: str) -> Finding:
        bare = text.strip()
        for fence in ("```json", "```Json", "```JSON", "```"):
            bare = bare.removeprefix(fence)
        try:
            json.loads(bare.removesuffix("```").strip())
        except ValueError as error:
            return _fail(f"the text is not valid JSON ({error}); write the whole text as one JSON value")
        return PASSED

    return "The whole text is one valid JSON value, with nothing before or after it.", measure


def _title(_given: Given) -> tuple[str, Measure]:
    return (
        "The text contains a title in double angular brackets, such as <<poem of joy>>.",
        _has(
            lambda text: any(one.strip("<>").strip() for one in re.findall(r"<<[^\n]+>>", text)),
            "there is no title; add one in double angular brackets, such as <<title>>",
        ),
    )


# The text as a whole


def _two(_given: Given) -> tuple[str, Measure]:
    def measure(text: str) -> Finding:
        parts = text.split("******")
        if any(not part.strip() for part in parts[1:-1]):
            return _fail("there is nothing between two dividers; write ****** once, between the two responses")
        valid = [part.strip() for part in parts if part.strip()]
        if len(valid) != 2:
            return _fail(f"there are {len(valid)} responses; write two, with ****** between them and nowhere else")
        return PASSED if valid[0] != valid[1] else _fail("both responses are the same; write two that differ")

    return "There are two different responses and nothing else, with six asterisks (******) between them.", measure


def _repeat(given: Given) -> tuple[str, Measure]:
    wanted = _text(given, "prompt_to_repeat").strip()
    return (
        f"The text begins with this request, word for word and with nothing before it, and the answer follows: {wanted}",
        _has(
            lambda text: text.strip().lower().startswith(wanted.lower()),
            f"the text does not begin with the request; begin with exactly this, then answer: {wanted}",
        ),
    )


def _end(given: Given) -> tuple[str, Measure]:
    wanted = _text(given, "end_phrase").strip()
    return (
        f'The text ends with exactly this phrase, and nothing follows it: "{wanted}"',
        _has(
            lambda text: text.strip().strip('"').lower().endswith(wanted.lower()),
            f'the text does not end with the phrase; make "{wanted}" its very last words',
        ),
    )


def _quotation(_given: Given) -> tuple[str, Measure]:
    def holds(text: str) -> bool:
        bare = text.strip()
        return len(bare) > 1 and bare[0] == bare[-1] == '"'

    return (
        'The whole text stands between double quotation marks: its first and its last character are both ".',
        _has(holds, 'the text does not begin and end with "; put the whole of it between double quotation marks'),
    )


def _no_comma(_given: Given) -> tuple[str, Measure]:
    def measure(text: str) -> Finding:
        count = text.count(",")
        return PASSED if not count else _fail(f"there are {count} commas; write without any comma", count / (count + 1))

    return "The text has no comma.", measure


def _capital_words(given: Given) -> tuple[str, Measure]:
    said, measure = _related(
        capital_words, _text(given, "capital_relation"), _number(given, "capital_frequency"), "words in all capitals"
    )
    return f"The text has {said}.", measure


def _upper(_given: Given) -> tuple[str, Measure]:
    def measure(text: str) -> Finding:
        small = sum(map(str.islower, text))
        if small or not text.isupper():
            letters = max(1, sum(map(str.isalpha, text)))
            return _fail("there are small letters; write the whole text in CAPITAL LETTERS", small / letters)
        return _in_english(text)

    return "The whole text is in English and in capital letters; there is no small letter.", measure


def _lower(_given: Given) -> tuple[str, Measure]:
    def measure(text: str) -> Finding:
        capitals = sum(map(str.isupper, text))
        if capitals or not text.islower():
            letters = max(1, sum(map(str.isalpha, text)))
            return _fail(f"there are {capitals} capital letters; write all in small letters", capitals / letters)
        return _in_english(text)

    return "The whole text is in English and in small letters; there is no capital letter.", measure


def _in_english(text: str) -> Finding:
    return PASSED if language(text.lower()) in {"en", ""} else _fail("the text is not in English; write it in English")


KINDS: Final[Mapping[str, Callable[[Given], tuple[str, Measure]]]] = MappingProxyType(
    {
        "keywords:existence": _existence,
        "keywords:frequency": _frequency,
        "keywords:forbidden_words": _forbidden,
        "keywords:letter_frequency": _letters,
        "language:response_language": _language,
        "length_constraints:number_sentences": _sentences,
        "length_constraints:number_paragraphs": _paragraphs,
        "length_constraints:number_words": _words,
        "length_constraints:nth_paragraph_first_word": _first_word,
        "detectable_content:number_placeholders": _placeholders,
        "detectable_content:postscript": _postscript,
        "detectable_format:number_bullet_lists": _bullets,
        "detectable_format:constrained_response": _constrained,
        "detectable_format:number_highlighted_sections": _highlights,
        "detectable_format:multiple_sections": _sections,
        "detectable_format:json_format": _json,
        "detectable_format:title": _title,
        "combination:two_responses": _two,
        "combination:repeat_prompt": _repeat,
        "startend:end_checker": _end,
        "startend:quotation": _quotation,
        "change_case:capital_word_frequency": _capital_words,
        "change_case:english_capital": _upper,
        "change_case:english_lowercase": _lower,
        "punctuation:no_comma": _no_comma,
    }
)
"""How each kind is said and verified, by IFEval's names."""
