"""What code could measure in a criterion's sentence: from prose to checks.

A clause is read only as a whole. "At most 180 words." is a demand about the text; "Explains the risk in 20 words." is
not, because nothing tells code where the explanation begins and ends. What is read wrongly would be worse than what is
not read, so every reader here wants the full clause.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from setpoint import checks
from setpoint.core.spec import CheckCall
from setpoint.errors import SpecError
from setpoint.rubric.lint.clauses import about_text, clauses, phrases, without_quotes
from setpoint.rubric.lint.counted import LEAD, MOST, counted, grade, pattern
from setpoint.rubric.lint.numbers import NUMBER, number
from setpoint.rubric.lint.phrased import Found, phrased

__all__ = ["Demand", "demands"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A clause that a check could measure.

    Args:
        table: the check as it would stand after ``check =``.
        call: the same, read and found valid.
        quote: the clause, verbatim.
        whole: whether it is all that the criterion says.
    """

    table: Mapping[str, object]
    call: CheckCall
    quote: str
    whole: bool


@cache
def demands(says: str, brief: str = "", kind: str = "text") -> tuple[Demand, ...]:
    """The demands in a criterion's sentence that code could measure.

    Args:
        says: the sentence, or several.
        brief: what the text is, so that "the recipe" is known to mean the text.
        kind: the kind of text.
    """
    parts = clauses(says)
    known = [(part, _read(part, brief, kind)) for part in parts]
    if not any(found for _, found in known) and len(parts) > 1 and (found := _read(says, brief, kind)):
        known = [(says, found)]
    whole = all(found for _, found in known)
    return tuple(
        Demand(table=table, call=call, quote=part, whole=whole) for part, found in known for table, call in found
    )


_LONGEST: Final = 400
"""A longer clause is no plain demand; a list of phrases that long is better written as a check at once."""


def _read(clause: str, brief: str, kind: str) -> tuple[tuple[Mapping[str, object], CheckCall], ...]:
    """The checks that measure the whole of one clause; the first reading of a check counts."""
    bare = " ".join(clause.replace("’", "'").split()).rstrip(".;,! ")
    if len(bare) > _LONGEST:
        return ()
    read = _read_bare(bare, brief, kind)
    if not read and (purpose := _PURPOSE.search(without_quotes(bare))):
        read = _read_bare(bare[: purpose.start()], brief, kind)
    return read


_PURPOSE: Final = re.compile(r",? (?:so that|in order (?:to|that)|so as to|because)\b", re.IGNORECASE)
"""What a demand is for is no demand: "at most 160 characters, so that it goes out as one message"."""


def _read_bare(bare: str, brief: str, kind: str) -> tuple[tuple[Mapping[str, object], CheckCall], ...]:
    found: dict[str, tuple[Mapping[str, object], CheckCall]] = {}
    for match, table in _readings(bare, kind):
        name = next(iter(table))
        subject = match.groupdict().get("subject") or ""
        if name in found or not about_text(subject, brief):
            continue
        try:
            call = checks.parse(table)
            if name not in {"json_schema", "numbers_from_sources", "quotes_from_sources", "language"}:
                checks.build(call, checks.CheckContext(kind=kind))
        except SpecError:
            continue  # a phrase that is no pattern, or bounds that exclude each other: nothing to propose
        found[name] = (table, call)
    if "starts_with" in found or "ends_with" in found:
        found.pop("contains", None)
    return tuple(found.values())


def _readings(clause: str, kind: str) -> Iterator[Found]:
    yield from counted(clause)
    yield from grade(clause)
    yield from phrased(clause)
    yield from _shaped(clause, kind)
    yield from _true(clause)


_LANGUAGES: Final = {
    "English": "en", "German": "de", "French": "fr", "Spanish": "es", "Italian": "it", "Portuguese": "pt", "Dutch": "nl",
    "Swedish": "sv", "Danish": "da", "Norwegian": "no", "Finnish": "fi", "Polish": "pl", "Czech": "cs", "Russian": "ru",
    "Ukrainian": "uk", "Greek": "el", "Turkish": "tr", "Arabic": "ar", "Hebrew": "he", "Hindi": "hi", "Bengali": "bn",
    "Japanese": "ja", "Korean": "ko", "Chinese": "zh", "Vietnamese": "vi", "Thai": "th", "Hungarian": "hu",
    "Romanian": "ro", "Catalan": "ca", "Persian": "fa", "Swahili": "sw", "Indonesian": "id",
}  # fmt: skip
_ONLY: Final = r"(?:entirely |completely |only |exclusively |all |fully |throughout )*"
_LANGUAGE: Final = pattern(
    rf"{LEAD}(?:is |are |be |reads )?{_ONLY}(?:written |composed |answered |phrased |drafted |worded )?{_ONLY}(?:in )(?:plain |correct |the )?"
    rf"(?P<tongue>{'|'.join(_LANGUAGES)})(?: language)?(?: only| throughout| from start to end| and (?:in )?no other language)*"
)
_CASES: Final = {
    r"lower[- ]?case|small letters": "lower",
    r"upper[- ]?case|capitals|capital letters|caps|block capitals": "upper",
    r"title[- ]case": "title",
    r"sentence[- ]case": "sentence",
}
_CASE: Final = pattern(
    rf"{LEAD}(?:is |are |be |uses? |written |set |in |entirely |all |only |completely |exclusively |all-)*"
    rf"(?P<case>{'|'.join(_CASES)})(?: letters| only| throughout| everywhere)*(?:, no capitals?(?: letters)?)?"
)
_BULLETS: Final = pattern(
    rf"{LEAD}(?:is |uses? |has |be |contains? |includes? |presented |written |formatted |given |set out |as |in |with |a |the |form of |an? |structured )*"
    r"(?P<list>bulleted list|bullet list|bullet points|bullets|numbered list|ordered list|numbered steps)(?: format| form)?"
)
_DEPTH: Final = pattern(
    rf"(?P<subject>)(?:no heading is deeper than|headings go no deeper than|headings are no deeper than|(?:has |uses )?{MOST}) "
    rf"(?:level )?(?P<n>{NUMBER}|#{{1,6}})(?: levels? of headings?| heading levels?| levels?)?"
)
_JSON: Final = pattern(
    rf"{LEAD}(?:is |are |be |returns? |outputs? |gives? |produces? |contains? |consists? of |parses? as |can be parsed as |nothing but |only |exactly |one |a |an |single |"
    r"syntactically |strictly )*(?P<valid>valid |well-formed |parsable |parseable |correct |legal )?json(?P<object> object| array| document| text)?"
    r"(?: only|,? and nothing else|,? with nothing (?:before|around|after) it| that parses| without errors)*"
    r"(?:,? (?:with|that has|having) (?:exactly )?(?:the )?(?:top-level )?(?:keys?|fields?|propert(?:y|ies)):? (?P<list>[^.;]+))?"
)
_KEYS: Final = pattern(
    rf"{LEAD}(?:has|have|contains?|includes?) (?:exactly )?(?:the )?(?:top-level )?(?:keys?|fields?|propert(?:y|ies)):? (?P<list>[^.;]+)"
)


def _shaped(clause: str, kind: str) -> Iterator[Found]:
    """Language, case, lists, JSON."""
    if found := _LANGUAGE.fullmatch(clause):
        yield found, {"language": _LANGUAGES[found["tongue"].capitalize()]}
    if found := _CASE.fullmatch(clause):
        yield from _case(found)
    if found := _BULLETS.fullmatch(clause):
        ordered = {"numbered": True} if found["list"].lower().startswith(("numbered", "ordered")) else {}
        yield found, {"bullets": {"min": 1, **ordered}}
    if (found := _DEPTH.fullmatch(clause)) and "heading" in clause.lower():
        depth = len(found["n"]) if found["n"].startswith("#") else number(found["n"])
        yield found, {"headings": {"max_depth": depth}}
    if (found := _JSON.fullmatch(clause)) and (found["valid"] or found["object"] or "pars" in clause):
        yield found, {"json_schema": {"schema": _schema(found["object"] or " object", found["list"] or "")}}
    if kind == "json" and (found := _KEYS.fullmatch(clause)):
        yield found, {"json_schema": {"schema": _schema(" object", found["list"])}}


def _case(found: re.Match[str]) -> Iterator[Found]:
    style = next(style for said, style in _CASES.items() if re.fullmatch(said, found["case"]))
    subject = (found["subject"] or "").lower()
    if re.search(r"\bheadings?\b", subject):
        yield re.match("(?P<subject>)", ""), {"case": {"style": style, "of": "headings"}}  # type: ignore[misc]
    elif re.search(r"\b(?:title|first line)\b", subject):
        yield re.match("(?P<subject>)", ""), {"case": {"style": style, "of": "first_line"}}  # type: ignore[misc]
    else:
        yield found, {"case": style}


def _schema(kind: str, listed: str) -> dict[str, object]:
    """The schema of an object with these keys; an array, or any object, without any."""
    kind = kind.strip().lower()
    names = list(phrases(listed))
    if not names and listed:
        plain = re.split(r",\s*(?:and )?|\s+and\s+", listed.strip())
        names = [name for name in plain if re.fullmatch(r"[A-Za-z_][\w-]*", name)] if plain else []
        if len(names) != len(plain):
            names = []
    if kind == "array":
        return {"type": "array"}
    required: dict[str, object] = {"required": names} if names else {}
    return {"type": "object", **required}


_MATERIAL: Final = r"(?:sources?|material|facts|report|document|input|notes|log|logs|data|transcript|sheet|brief|list|table|figures|text|article|minutes|interview|speech|study|paper|letter|original|recording)"
_NUMBERS: Final = pattern(
    r"(?P<subject>)(?:every|all|each|all the|any)(?: of the)? (?:numbers?|figures?|amounts?|numeric values?|numerals?|statistics?|numbers and dates|dates and numbers|figures and dates)"
    r"(?: (?:in|of) (?:the|this) (?:text|summary|answer|draft|report|email|abstract))?(?: that (?:is|are) (?:used|given|named))?"
    r" (?:is|are|must be|comes?|occurs?|appears?|stands?|agrees?|match(?:es)?|can be found|traces? back|must come|must appear|taken)"
    rf"(?: taken| found| present| copied| exactly| also| directly| with| in| from| to| the| its| given| provided| attached| original| source)*"
    rf" {_MATERIAL}(?: text| material| exactly)?"
)
_NO_NEW_NUMBERS: Final = pattern(
    r"(?P<subject>(?:the \w+ )?)(?:contains?|uses?|has|gives?|names?|states?|invents?|introduces?|adds?|does not (?:contain|invent|introduce|add|use)) "
    r"(?:no|any|only)? ?(?:numbers?|figures?|amounts?|statistics?) (?:that (?:is|are|do|does) not(?: occur| appear| stand)?|not|which are not|from outside|that (?:occur|appear|stand|are)|found|from) "
    rf"(?:found |given |present |stated )?(?:in |from )?(?:the |its )?(?:given |source |attached )?{_MATERIAL}"
)
_QUOTES: Final = pattern(
    r"(?P<subject>)(?:(?:every|all|each|any|direct)(?: direct| of the)? )?(?:quote|quotation|quotes|quotations|quoted passage|quoted passages)"
    r"(?: (?:is|are|stands?|appears?|occurs?|comes?|match(?:es)?|must|be|taken|copied|found|exactly|literally|word for word|verbatim|in|from|the|its),?)* "
    rf"(?:{_MATERIAL}|verbatim|word for word)(?: word for word| verbatim| exactly)?"
)
_FINISHED: Final = pattern(
    rf"{LEAD}(?:(?:contains?|has|have|leaves?|with|includes?|uses?|shows?) no|does not (?:contain|leave|have|include)(?: any)?|is free of|without(?: any)?|no|there (?:is|are) no|leaves no) "
    r"(?:unfilled |remaining |open |leftover |template |bracketed |square-bracket )*(?:placeholders?|TODOs?|TBDs?|fields? to fill in|gaps|blanks?(?: to fill in)?)"
    r"(?: text)?(?:,? (?:such as|like|or) .{1,60})?(?: (?:left|behind|anywhere|unfilled|in it|in the text|left in the text|remain|remains|are left|is left))*"
    r"|nothing is left to (?:be filled|fill) in"
)


def _true(clause: str) -> Iterator[Found]:
    """Numbers and quotations from the sources; nothing left to fill in."""
    if found := _NUMBERS.fullmatch(clause) or _NO_NEW_NUMBERS.fullmatch(clause):
        yield found, {"numbers_from_sources": {}}
    if found := _QUOTES.fullmatch(clause):
        yield found, {"quotes_from_sources": {}}
    if found := _FINISHED.fullmatch(clause):
        yield found, {"no_placeholder": True}
