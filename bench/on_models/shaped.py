"""IFEval's requirements on form: what stands in a text, how it begins, ends and is written, and in which language."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from on_models.requirement import PASSED, Given, Measure, at_least, exactly, fail, has, number, text_of
from on_models.words import language
from setpoint.ports import Finding

__all__ = [
    "bullets",
    "constrained_answer",
    "ends_with",
    "has_title",
    "highlights",
    "in_capitals",
    "in_small_letters",
    "marked_sections",
    "no_comma",
    "placeholders",
    "postscript",
    "quotation",
    "repeats_request",
    "two_responses",
    "valid_json",
    "written_in",
]

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


# What stands in it


def placeholders(given: Given) -> tuple[str, Measure]:
    """``detectable_content:number_placeholders``."""
    least = number(given, "num_placeholders")
    how = "each is a name in square brackets, such as [address]"
    return (
        f"The text has at least {least} placeholders in square brackets, such as [address].",
        at_least(lambda text: len(re.findall(r"\[.*?\]", text)), least, "placeholders", how),
    )


def postscript(given: Given) -> tuple[str, Measure]:
    """``detectable_content:postscript``."""
    marker = text_of(given, "postscript_marker").strip()
    pattern = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}.get(marker, re.escape(marker.lower()))
    return (
        f'At the end there is a postscript that begins with "{marker}".',
        has(
            lambda text: re.search(pattern, text.lower()),
            f'there is no postscript; add one at the end that begins with "{marker}"',
        ),
    )


def bullets(given: Given) -> tuple[str, Measure]:
    """``detectable_format:number_bullet_lists``."""
    wanted = number(given, "num_bullets")

    def count(text: str) -> int:
        stars = re.findall(r"^\s*\*[^\*].*$", text, re.MULTILINE)
        return len(stars) + len(re.findall(r"^\s*-.*$", text, re.MULTILINE))

    return (
        f'The text has exactly {wanted} bullet points, each on its own line and begun with "* ".',
        exactly(count, wanted, "bullet points", 'lines that begin with "* " or "-"'),
    )


_ANSWERS: Final = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


def constrained_answer(_given: Given) -> tuple[str, Measure]:
    """``detectable_format:constrained_response``."""
    named = ", ".join(f'"{one}"' for one in _ANSWERS)
    return (
        f"The text is one of these answers, word for word: {named}.",
        has(lambda text: any(one in text for one in _ANSWERS), f"the answer is missing; write one of {named}"),
    )


def highlights(given: Given) -> tuple[str, Measure]:
    """``detectable_format:number_highlighted_sections``."""
    least = number(given, "num_highlights")

    def count(text: str) -> int:
        single = [part for part in re.findall(r"\*[^\n\*]*\*", text) if part.strip("*").strip()]
        double = [part for part in re.findall(r"\*\*[^\n\*]*\*\*", text) if part[2:-2].strip()]
        return len(single) + len(double)

    how = "a few words between asterisks, such as *highlighted section*"
    return (
        f"At least {least} sections are highlighted in markdown, such as *highlighted section*.",
        at_least(count, least, "highlighted sections", how),
    )


def marked_sections(given: Given) -> tuple[str, Measure]:
    """``detectable_format:multiple_sections``."""
    least, mark = number(given, "num_sections"), text_of(given, "section_spliter").strip()
    pattern = rf"\s?{mark}\s?\d+\s?"
    return (
        f'The text has at least {least} sections, and the beginning of each is marked with "{mark} X", as in "{mark} 1".',
        at_least(
            lambda text: len(re.split(pattern, text)) - 1,
            least,
            "sections",
            f'each begins with "{mark}" and its number',
        ),
    )


def valid_json(_given: Given) -> tuple[str, Measure]:
    """``detectable_format:json_format``."""

    def measure(text: str) -> Finding:
        bare = text.strip()
        for fence in ("```json", "```Json", "```JSON", "```"):
            bare = bare.removeprefix(fence)
        try:
            json.loads(bare.removesuffix("```").strip())
        except ValueError as error:
            return fail(f"the text is not valid JSON ({error}); write the whole text as one JSON value")
        return PASSED

    return "The whole text is one valid JSON value, with nothing before or after it.", measure


def has_title(_given: Given) -> tuple[str, Measure]:
    """``detectable_format:title``."""
    return (
        "The text contains a title in double angular brackets, such as <<poem of joy>>.",
        has(
            lambda text: any(one.strip("<>").strip() for one in re.findall(r"<<[^\n]+>>", text)),
            "there is no title; add one in double angular brackets, such as <<title>>",
        ),
    )


# The text as a whole


def two_responses(_given: Given) -> tuple[str, Measure]:
    """``combination:two_responses``."""

    def measure(text: str) -> Finding:
        parts = text.split("******")
        if any(not part.strip() for part in parts[1:-1]):
            return fail("there is nothing between two dividers; write ****** once, between the two responses")
        valid = [part.strip() for part in parts if part.strip()]
        if len(valid) != 2:
            return fail(f"there are {len(valid)} responses; write two, with ****** between them and nowhere else")
        return PASSED if valid[0] != valid[1] else fail("both responses are the same; write two that differ")

    return "There are two different responses and nothing else, with six asterisks (******) between them.", measure


def repeats_request(given: Given) -> tuple[str, Measure]:
    """``combination:repeat_prompt``."""
    wanted = text_of(given, "prompt_to_repeat").strip()
    return (
        f"The text begins with this request, word for word and with nothing before it, and the answer follows: {wanted}",
        has(
            lambda text: text.strip().lower().startswith(wanted.lower()),
            f"the text does not begin with the request; begin with exactly this, then answer: {wanted}",
        ),
    )


def ends_with(given: Given) -> tuple[str, Measure]:
    """``startend:end_checker``."""
    wanted = text_of(given, "end_phrase").strip()
    return (
        f'The text ends with exactly this phrase, and nothing follows it: "{wanted}"',
        has(
            lambda text: text.strip().strip('"').lower().endswith(wanted.lower()),
            f'the text does not end with the phrase; make "{wanted}" its very last words',
        ),
    )


def quotation(_given: Given) -> tuple[str, Measure]:
    """``startend:quotation``."""

    def holds(text: str) -> bool:
        bare = text.strip()
        return len(bare) > 1 and bare[0] == bare[-1] == '"'

    return (
        'The whole text stands between double quotation marks: its first and its last character are both ".',
        has(holds, 'the text does not begin and end with "; put the whole of it between double quotation marks'),
    )


def no_comma(_given: Given) -> tuple[str, Measure]:
    """``punctuation:no_comma``."""

    def measure(text: str) -> Finding:
        count = text.count(",")
        return PASSED if not count else fail(f"there are {count} commas; write without any comma", count / (count + 1))

    return "The text has no comma.", measure


def in_capitals(_given: Given) -> tuple[str, Measure]:
    """``change_case:english_capital``."""

    def measure(text: str) -> Finding:
        small = sum(map(str.islower, text))
        if small or not text.isupper():
            letters = max(1, sum(map(str.isalpha, text)))
            return fail("there are small letters; write the whole text in CAPITAL LETTERS", small / letters)
        return _in_english(text)

    return "The whole text is in English and in capital letters; there is no small letter.", measure


def in_small_letters(_given: Given) -> tuple[str, Measure]:
    """``change_case:english_lowercase``."""

    def measure(text: str) -> Finding:
        capitals = sum(map(str.isupper, text))
        if capitals or not text.islower():
            letters = max(1, sum(map(str.isalpha, text)))
            return fail(f"there are {capitals} capital letters; write all in small letters", capitals / letters)
        return _in_english(text)

    return "The whole text is in English and in small letters; there is no capital letter.", measure


def _in_english(text: str) -> Finding:
    return PASSED if language(text.lower()) in {"en", ""} else fail("the text is not in English; write it in English")


def written_in(given: Given) -> tuple[str, Measure]:
    """``language:response_language``."""
    code = text_of(given, "language")
    name = LANGUAGES.get(code, code)

    def holds(text: str) -> bool:
        return language(text) in {code, ""}

    return (
        f"The whole text is in {name}, and no other language is used.",
        has(holds, f"the text is not in {name}; write all of it in {name}"),
    )
