"""The requirements of IFEval as sentences, worded as a person would word a criterion.

The wording knows nothing of what lint understands: it was written once, and is not mended where lint misses it.
"""

from collections.abc import Callable, Mapping
from typing import Final, cast

__all__ = ["sentence"]

Given = Mapping[str, object]


def sentence(kind: str, given: Given) -> str:
    """What a requirement demands.

    Args:
        kind: as IFEval names it, for example ``punctuation:no_comma``.
        given: its parameters.

    Raises:
        KeyError: if the kind or a parameter of it is not known.
    """
    return _SENTENCES[kind](given)


def _number(given: Given, name: str) -> int:
    return int(float(str(given[name])))


def _bound(relation: object, count: int, what: str) -> str:
    """IFEval's two relations; "less than" leaves the number itself out."""
    if relation == "at least":
        return f"at least {count} {what}"
    return f"fewer than {count} {what}"


def _quoted(words: object) -> str:
    return ", ".join(f'"{word}"' for word in cast("list[str]", words))


def _times(given: Given, relation: str, count: str) -> str:
    return _bound(given[relation], _number(given, count), "times")


def _paragraph(given: Given) -> str:
    return (
        f"Has {_number(given, 'num_paragraphs')} paragraphs, separated by blank lines, and paragraph "
        f'{_number(given, "nth_paragraph")} begins with the word "{given["first_word"]}".'
    )


_LANGUAGES: Final = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "de": "German", "en": "English", "es": "Spanish",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "gu": "Gujarati", "hi": "Hindi", "it": "Italian",
    "ja": "Japanese", "kn": "Kannada", "ko": "Korean", "mr": "Marathi", "ne": "Nepali", "pa": "Punjabi",
    "pl": "Polish", "pt": "Portuguese", "ru": "Russian", "sw": "Swahili", "ta": "Tamil", "te": "Telugu",
    "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese",
}  # fmt: skip

_SENTENCES: Final[Mapping[str, Callable[[Given], str]]] = {
    "change_case:capital_word_frequency": lambda g: (
        f"Has {_bound(g['capital_relation'], _number(g, 'capital_frequency'), 'words in capital letters only')}."
    ),
    "change_case:english_capital": lambda _: "Is in English and in capital letters only.",
    "change_case:english_lowercase": lambda _: "Is in English and in lowercase letters only.",
    "combination:repeat_prompt": lambda g: (
        f"Begins by repeating this request word for word, and says nothing before it: {g['prompt_to_repeat']}"
    ),
    "combination:two_responses": lambda _: (
        "Gives exactly two different responses, separated by six asterisks (******)."
    ),
    "detectable_content:number_placeholders": lambda g: (
        f"Contains at least {_number(g, 'num_placeholders')} placeholders in square brackets, such as [address]."
    ),
    "detectable_content:postscript": lambda g: f"Has a postscript at the end that begins with {g['postscript_marker']}",
    "detectable_format:constrained_response": lambda _: (
        'Contains one of these answers: "My answer is yes.", "My answer is no.", "My answer is maybe."'
    ),
    "detectable_format:json_format": lambda _: "The entire text is valid JSON.",
    "detectable_format:multiple_sections": lambda g: (
        f"Has at least {_number(g, 'num_sections')} sections, each beginning with {g['section_spliter']} and "
        "its number."
    ),
    "detectable_format:number_bullet_lists": lambda g: f"Contains exactly {_number(g, 'num_bullets')} bullet points.",
    "detectable_format:number_highlighted_sections": lambda g: (
        f"Highlights at least {_number(g, 'num_highlights')} passages with asterisks, like *this passage*."
    ),
    "detectable_format:title": lambda _: "Has a title wrapped in double angular brackets, such as <<title>>.",
    "keywords:existence": lambda g: f"Contains the words {_quoted(g['keywords'])}.",
    "keywords:forbidden_words": lambda g: f"Does not contain the words {_quoted(g['forbidden_words'])}.",
    "keywords:frequency": lambda g: f'Contains the word "{g["keyword"]}" {_times(g, "relation", "frequency")}.',
    "keywords:letter_frequency": lambda g: (
        f'Contains the letter "{g["letter"]}" {_times(g, "let_relation", "let_frequency")}.'
    ),
    "language:response_language": lambda g: f"Is written in {_LANGUAGES[str(g['language'])]} only.",
    "length_constraints:nth_paragraph_first_word": _paragraph,
    "length_constraints:number_paragraphs": lambda g: (
        f"Has exactly {_number(g, 'num_paragraphs')} paragraphs, separated by three asterisks (***)."
    ),
    "length_constraints:number_sentences": lambda g: (
        f"Has {_bound(g['relation'], _number(g, 'num_sentences'), 'sentences')}."
    ),
    "length_constraints:number_words": lambda g: f"Has {_bound(g['relation'], _number(g, 'num_words'), 'words')}.",
    "punctuation:no_comma": lambda _: "Contains no commas.",
    "startend:end_checker": lambda g: f'Ends with exactly this phrase, and nothing after it: "{g["end_phrase"]}"',
    "startend:quotation": lambda _: "Is wrapped as a whole in double quotation marks.",
}
