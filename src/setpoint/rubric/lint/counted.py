"""Demands that count: so many words, sentences, paragraphs, characters, bullets, phrases, school years."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from setpoint.rubric.lint.numbers import NUMBER, number

__all__ = ["LEAD", "MOST", "bounds", "counted", "grade", "pattern", "times"]

_MOST_REPEATS: Final = 8


def pattern(form: str) -> re.Pattern[str]:
    """A form of a sentence; what may be repeated in it is repeated a few times, so that no text makes it run for long."""
    return re.compile(form.replace(")*", f"){{0,{_MOST_REPEATS}}}"), re.IGNORECASE)


LEAD: Final = r"(?:(?:word limit|limit|(?:max(?:imum)? )?length|language|format): ?)?(?:(?P<subject>[\w' -]{1,60}?) )??(?:(?:must|should|shall|has to|have to|needs? to|will|may|can) )?"
"""What may stand before a demand: its subject, and a helping verb."""

_VERBS: Final = (
    r"(?:(?:is|are|be|has|have|contains?|consists? of|uses?|includes?|runs? (?:to|for)|takes?(?: up)?|fits? (?:in|into|within)|"
    r"stays?|keeps?(?: (?:it|to))?|kept(?: to)?|remains?|comes? in|written|in|with|within|comprises?|gives?|lists?|made up of|"
    r"counts?|to|under a|respects?|observes?|meets?|presents?|offers?|a|an|the|its?|total|length|of|has a length of|"
    r"summed up|told|said) )*?"
)
MOST: Final = (
    r"(?:at (?:the )?most|no more than|not more than|no longer than|not longer than|(?:does |do |must |should |may )?not "
    r"(?:exceed|be longer than|be more than|go (?:over|above|beyond)|run over|contain more than|have more than|use more than)|"
    r"never exceeds?|up to|(?:a |the )?max(?:imum)?\.?(?: length)?(?: of)?|limited to|within|"
    r"(?:a |the )?(?:word |length )?limit of|not over|capped at|fits? (?:in|into|within)|kept to|summed up in|<=|≤|no greater than)"
)
_LESS: Final = r"(?:fewer than|less than|under|below|shorter than|<)"
_LEAST: Final = (
    r"(?:at (?:the )?(?:very )?least|no fewer than|no less than|not less than|not fewer than|"
    r"(?:a |the )?min(?:imum)?\.?(?: length)?(?: of)?|no shorter than|>=|≥)"
)
_MORE: Final = r"(?:more than|over|above|longer than|exceeds?|>)"
_PLAIN: Final = r"(?:(?:full|complete|separate|distinct|different|plain|whole|total|English) )?"
_TAIL: Final = r"(?: (?:long|in length|in total|in all|altogether|overall|total|or so))*"

_UNITS: Final = {
    "words": r"words?",
    "sentences": r"sentences?",
    "paragraphs": r"paragraphs?",
    "characters": r"(?:characters?|chars)(?: including spaces| with spaces)?",
    "bullets": r"(?:bullet[- ]points?|bullets?|bulleted (?:items?|points?)|list items?|items in (?:a|the|its) list)",
}
_MARKS: Final = {
    r"\?": r"(?:questions?|question marks?)",
    "!": r"(?:exclamation (?:marks?|points?))",
    r"https?://\S+": r"(?:links?|URLs?|hyperlinks?|web addresses?)",
    r"(?<!\w)#\w+": r"hashtags?",
    ",": r"commas?",
}


@cache
def _forms(unit: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The ways to say how many there are, each with what its numbers are."""
    n, m, u = f"(?P<n>{NUMBER})", f"(?P<m>{NUMBER})", _PLAIN + unit
    head = LEAD + _VERBS
    singular = unit.replace("s?", "")
    said = (
        (rf"{head}(?:between|from)? ?{n}(?: {u})? ?(?:to|and|-|–|—|through) ?{m}[ -]{u}{_TAIL}", "n m"),
        (rf"{head}{MOST} {n}[ -]{u}{_TAIL}", "max"),
        (rf"{head}{_LESS} {n}[ -]{u}{_TAIL}", "less"),
        (rf"{head}{_LEAST} {n}[ -]{u}{_TAIL}", "min"),
        (rf"{head}{_MORE} {n}[ -]{u}{_TAIL}", "more"),
        (rf"{head}{n} {u},? (?:or (?:less|fewer|under|shorter)|at (?:the )?most|max(?:imum)?|tops)", "max"),
        (rf"{head}{n} or (?:less|fewer) {u}{_TAIL}", "max"),
        (rf"{head}{n} {u},? (?:or (?:more|longer)|at (?:the )?least|min(?:imum)?)", "min"),
        (
            rf"{head}(?:{n} or more|{n}\+) {u}{_TAIL}".replace("(?P<n>", "(?P<n>", 1).replace(
                f"|{n}", f"|(?P<k>{NUMBER})"
            ),
            "min",
        ),
        (rf"{head}(?:exactly|precisely|only|just) {n} {u}{_TAIL}", "exact"),
        (rf"{head}{n} {u}(?: exactly| only)?{_TAIL}", "exact"),
        (rf"{head}{n}[- ](?:{singular})(?: max(?:imum)?| length| word)? (?:limit|maximum|cap)", "max"),
        (rf"{head}{n}-(?:{singular}) (?:text|e-?mail|message|note|summary|abstract|letter|answer|post)", "exact"),
    )
    return tuple((pattern(form), what) for form, what in said)


_WORD_COUNT: Final = tuple(
    (pattern(rf"(?:the |its |a )?(?:total )?(?:word count|length in words)(?: is| of| must be| should be| stays| remains)* {form}(?P<n>{NUMBER})(?: words?)?"), what)
    for form, what in ((rf"{MOST} ", "max"), (rf"{_LESS} ", "less"), (rf"{_LEAST} ", "min"), (rf"{_MORE} ", "more"))
)  # fmt: skip


def bounds(found: re.Match[str], what: str) -> dict[str, object] | None:
    """The bounds that a form with its numbers means; None if they are none."""
    groups = found.groupdict()
    n = number(groups.get("n") or groups.get("k") or "0")
    match what:
        case "n m":
            m = number(found["m"])
            return {"min": n, "max": m} if n <= m else None
        case "max":
            return {"max": n}
        case "less":
            return {"max": n - 1} if n else None
        case "min":
            return {"min": n} if n else None
        case "more":
            return {"min": n + 1}
        case _:
            return {"min": n, "max": n}


def counted(clause: str) -> Iterator[tuple[re.Match[str], Mapping[str, object]]]:
    """What a clause counts: the match, for its subject, and the check."""
    for name, unit in _UNITS.items():
        for form, what in _forms(unit):
            if (found := form.fullmatch(clause)) and (limits := bounds(found, what)):
                yield found, {name: limits}
    for form, what in _WORD_COUNT:
        if (found := form.fullmatch(clause)) and (limits := bounds(found, what)):
            yield found, {"words": limits}
    for mark, unit in _MARKS.items():
        for form, what in _forms(unit):
            if (found := form.fullmatch(clause)) and (limits := bounds(found, what)):
                wanted = limits if limits.get("min") else {"min": 0, **limits}
                yield found, {"contains": {"regex": mark, **{k: v for k, v in wanted.items() if (k, v) != ("min", 1)}}}
    yield from _part_lengths(clause)


def _part_lengths(clause: str) -> Iterator[tuple[re.Match[str], Mapping[str, object]]]:
    """How long a clause lets a sentence, a paragraph or a list item be."""
    for name, form in _PART_LENGTH.items():
        if found := form.fullmatch(clause):
            yield found, {name: {"max_words": number(found["n"]) - bool(found["less"])}}


_PARTS: Final = {
    "bullets": r"(?:bullet points?|bullets?|list items?|items?|points?)",
    "sentences": r"sentences?",
    "paragraphs": r"paragraphs?",
}
_PART_LENGTH: Final = {
    name: pattern(
        rf"(?P<subject>)(?:(?:it |the text )?(?:has|have|contains?|uses?|with) )?(?:(?:no|each|every|all(?: the)?|the) (?:single )?)?{unit} (?:is |are |has |have |must |should |may |can |"
        rf"be |contains? |stays? |runs? (?:to )?)*(?:{MOST}|longer than|(?:of )?more than|over|exceeds?|(?P<less>{_LESS})|in) "
        rf"(?P<n>{NUMBER}) words?(?: long| in length| each)?")
    for name, unit in _PARTS.items()
}  # fmt: skip

_GRADES: Final = {
    word: str(n)
    for n, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
        ],
        1,
    )
}
_ORDINAL: Final = rf"(?P<n>\d{{1,2}}(?:\.\d)?|{'|'.join(_GRADES)})(?:st|nd|rd|th)?"
_GRADE: Final = tuple(
    pattern(form)
    for form in (
        (rf"{LEAD}(?:is |has |have |be |at |written at |stays at |aims at |the |its |an? )*(?:flesch[- ]kincaid|reading|readability)"
        rf"(?: reading| grade| level| score)*(?: is| of| stays| remains| be| must be)*(?: (?:{MOST}|(?P<less>{_LESS})|grade))*"
        rf" {_ORDINAL}(?:[- ]grade)?(?: or (?:below|lower|less|easier))?"),
        (rf"{LEAD}(?:is |be |are )?(?:readable|understandable|can be (?:read|understood)|written|read|reads)(?: by| for| at)(?: an?| the)?"
        rf"(?: (?:{MOST}))? {_ORDINAL}[- ](?:grade|grader|graders|grade reading)(?: reading)?(?: level)?(?: or (?:below|lower))?"),
        rf"{LEAD}(?:is |be |written |readable |stays )*(?:at |a |the |school )*grade {_ORDINAL}(?: reading)?(?: level)?(?: or (?:below|lower))?",
        rf"{LEAD}(?:is |be |written |stays |has )*(?:at |a |an )*(?:{_ORDINAL})[- ]grade (?:reading )?level(?: or (?:below|lower))?",
    )
)  # fmt: skip


def grade(clause: str) -> Iterator[tuple[re.Match[str], Mapping[str, object]]]:
    """The reading grade that a clause demands."""
    for form in _GRADE:
        if found := form.fullmatch(clause):
            value = float(_GRADES.get(found["n"].lower(), found["n"]))
            yield found, {"reading_grade": {"max": int(value) if value == int(value) else value}}


TIMES: Final = rf"(?: (?P<how>{MOST}|{_LEAST}|exactly|only|precisely))? (?P<times>once|twice|(?:{NUMBER}) times)"


def times(how: str | None, said: str | None) -> dict[str, object]:
    """How often a phrase must stand: the parameters of `contains`."""
    if not said:
        return {}
    n = {"once": 1, "twice": 2}.get(said.lower()) or number(said.lower().removesuffix(" times"))
    if how and re.fullmatch(MOST, how):
        return {"min": 0, "max": n}
    if how and re.fullmatch(_LEAST, how):
        return {"min": n} if n > 1 else {}
    return {"max": 1} if n == 1 else {"min": n, "max": n}
