"""Criteria that say only what the text must not do: an author told so does not know what to do instead."""

import re
from collections.abc import Iterator
from typing import Final

from setpoint.rubric.lint.clauses import clauses, without_quotes
from setpoint.rubric.lint.demands import demands
from setpoint.rubric.lint.flaw import Flaw, Target

__all__ = ["NEGATIVE", "negative"]

NEGATIVE: Final = re.compile(
    r"\A(?:(?:the|this|it|its|each|every|all|any|your)\b(?: [\w'-]+){0,3}? |[\w-]+s (?=(?:do|are|must|should) not))??(?:(?:does|do|must|should|shall|may|can|is|are|has|have|will) not\b|doesn't|don't|isn't|"
    r"aren't|mustn't|shouldn't|can't|cannot|never|not\b|no\b|none\b|nothing\b|nobody\b|neither\b|avoids?\b|avoid\b|without\b|"
    r"refrains?\b|omits?\b|is free (?:of|from)|leaves out|excludes\b|lacks\b|contains no\b|uses no\b|has no\b|makes no\b|"
    r"includes no\b|gives no\b|contains none|blames nobody|avoiding\b|steers clear|stays away)",
    re.IGNORECASE,
)
_BUT: Final = re.compile(r"\b(?:instead|but|rather|only|unless|except|without|before|until)\b", re.IGNORECASE)
_INSTEAD: Final = (
    (r"jargon|technical (?:terms|language)|acronyms?|abbreviations?", "Explains every technical term and abbreviation at its first use."),
    (r"passive", "Says in each sentence who acts, with the verb in the active voice."),
    (r"clich|buzzword|hype|marketing|superlative|exaggerat|promotional", "Gives a number or a source for every claim about quality."),
    (r"long|lengthy|wordy|verbose|ramble|repet|redundan|repeat|filler", "States each fact once, and has at most 150 words."),
    (r"blame|accus|defensive|excuse", "Says what happened and what we do about it, with us as the subject of the sentence."),
    (r"bore|boring|dull|dry", "Opens with a concrete case in its first two sentences."),
    (r"confus|ambigu|unclear|vague", "Names the person, the date and the amount wherever it speaks of one."),
    (r"invent|make up|made[- ]up|hallucinat|speculat|guess|assum|unsupported|unsourced|unverified", "Rests every statement on the sources, and says so where they are silent."),
    (r"promis|guarantee|commit", "Says of everything that is not settled who decides it and when."),
    (r"reader|customer|audience|user|patient|condescend|patroni|insult|rude|offen", "Addresses the reader as an equal: names the step to take, and why it helps them."),
)  # fmt: skip


def negative(target: Target) -> Iterator[Flaw]:
    """It says only what the text must not do, and no check could measure it."""
    for criterion in target.every:
        if criterion.check is not None or demands(criterion.says, target.spec.brief, target.spec.kind):
            continue
        parts = clauses(criterion.says)
        masked = without_quotes(criterion.says)
        if not all(NEGATIVE.match(part) for part in parts) or _BUT.search(masked):
            continue
        known = next((text for words, text in _INSTEAD if re.search(words, masked, re.IGNORECASE)), "")
        yield Flaw(
            kind="negative",
            level="hint",
            says="it says what the text must not do, so an author that fails it is not told what to do instead",
            instead=f"say what stands there instead, such as: {known}" if known else "say what stands there instead",
            criteria=(criterion.name,),
            quotes=(criterion.says,),
        )
