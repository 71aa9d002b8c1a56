"""IFEval's 25 kinds of requirement: how each is said to an author, and how it is verified.

The rules follow what IFEval's documentation and its labelled answers say about each verifier, quirks included; the
words are ours. A failure directs, and says how far off the text is, as a check of Setpoint does.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from on_models import counted, shaped
from on_models.requirement import Given, Measure, Requirement

__all__ = ["KINDS", "Requirement", "requirement"]


def requirement(kind: str, given: Given) -> Requirement:
    """The requirement of that kind with these parameters.

    Raises:
        KeyError: if there is no such kind, or a parameter is missing.
    """
    says, rule = KINDS[kind](given)
    return Requirement(kind=kind, says=says, rule=rule)


KINDS: Final[Mapping[str, Callable[[Given], tuple[str, Measure]]]] = MappingProxyType(
    {
        "keywords:existence": counted.existence,
        "keywords:frequency": counted.frequency,
        "keywords:forbidden_words": counted.forbidden,
        "keywords:letter_frequency": counted.letter_count,
        "language:response_language": shaped.written_in,
        "length_constraints:number_sentences": counted.sentence_count,
        "length_constraints:number_paragraphs": counted.paragraphs,
        "length_constraints:number_words": counted.words,
        "length_constraints:nth_paragraph_first_word": counted.first_word,
        "detectable_content:number_placeholders": shaped.placeholders,
        "detectable_content:postscript": shaped.postscript,
        "detectable_format:number_bullet_lists": shaped.bullets,
        "detectable_format:constrained_response": shaped.constrained_answer,
        "detectable_format:number_highlighted_sections": shaped.highlights,
        "detectable_format:multiple_sections": shaped.marked_sections,
        "detectable_format:json_format": shaped.valid_json,
        "detectable_format:title": shaped.has_title,
        "combination:two_responses": shaped.two_responses,
        "combination:repeat_prompt": shaped.repeats_request,
        "startend:end_checker": shaped.ends_with,
        "startend:quotation": shaped.quotation,
        "change_case:capital_word_frequency": counted.capitals,
        "change_case:english_capital": shaped.in_capitals,
        "change_case:english_lowercase": shaped.in_small_letters,
        "punctuation:no_comma": shaped.no_comma,
    }
)
"""How each kind is said and verified, by IFEval's names."""
