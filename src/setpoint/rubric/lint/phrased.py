"""Demands about what stands in a text: phrases, marks, beginnings, endings, headings."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from setpoint.rubric.lint.clauses import QUOTED, phrases
from setpoint.rubric.lint.counted import LEAD, TIMES, pattern, times

__all__ = ["Found", "phrased"]

Found: TypeAlias = tuple[re.Match[str], Mapping[str, object]]

_LIST: Final = rf"(?P<list>{QUOTED}(?:\s*(?:,|;|/|&)?\s*(?:(?:and|or|nor)\s+)?{QUOTED})*)"
_WORDS: Final = (
    r"(?:words?|phrases?|terms?|expressions?|keywords?|strings?|text|sentences?|lines?|name|names|wording|buzzwords?|"
    r"placeholder|filler words?|letters?|label|clich[eé]s?)"
)
_THE: Final = r"(?:(?:the|both|all|these|this|those|following|exact|literal|exactly|each|any|of|either|one) )*"
_HAS: Final = (
    r"(?:contains?|includes?|mentions?|uses?|says?|states?|names?|features?|has|have|carries|carry|bears?|cites?|repeats?|"
    r"shows?|makes? use of|employs?)"
)
_NOT: Final = (
    r"(?:does not(?: ever)?|doesn't|do not|don't|must not|mustn't|should not|shouldn't|may not|cannot|can't|never|avoids?|without|"
    r"refrains? from|is free (?:of|from)|are free (?:of|from)|contains no|uses no|has no|includes no|contains none of|"
    r"contains neither|has none of|mentions none of|uses none of|is devoid of|says nothing like|omits?|leaves out|excludes?|no|none of|steers clear of|bans?)"
)
_ANY: Final = r"(?:(?:contains?|says|uses|mentions|includes?|mention|use|say|have|feature|employ|using|saying|containing|including|mentioning|the use of|ever|any|of|the|these|this|those|following|either) )*"
_WHERE: Final = r"(?: (?:anywhere|at all|in (?:the|its|any) (?:text|body|reply|email|message|answer)|somewhere|verbatim|literally|word for word|exactly|as is|in it|at any point))*"
_BARE: Final = r"(?P<bare>[\w'’-]+(?: [\w'’-]+){0,2}(?:, [\w'’-]+(?: [\w'’-]+){0,2})*(?:,? (?:and|or|nor) [\w'’-]+(?: [\w'’-]+){0,2})?)"

_REQUIRED: Final = tuple(
    pattern(form)
    for form in (
        rf"{LEAD}{_HAS} {_THE}(?:words|phrases|terms|keywords):? {_BARE}{_WHERE}(?:{TIMES})?",
        (
            rf"{LEAD}{_HAS} (?:the )?(?:e-?mail address|address|phone number|number|link|URL|date|time|amount|price|code|order number|"
            r"version|hashtag):? (?P<bare>\S*[\d@/#]\S*)(?P<how>)(?P<times>)"
        ),
        rf"{LEAD}{_HAS} {_THE}(?:{_WORDS}:? )?{_LIST}(?: {_WORDS})?{_WHERE}(?:{TIMES})?{_WHERE}",
        (
            rf"(?P<subject>)(?:the |both |each of )*(?:exact )?(?:{_WORDS} )?{_LIST} (?:must |should |all |both )*(?:appears?|occurs?|stands?|is (?:used|"
            rf"mentioned|included|present|named)|are (?:used|mentioned|included|present|named)|be (?:used|mentioned|included|present))"
            rf"{_WHERE}(?:{TIMES})?{_WHERE}"
        ),
    )
)
_FORBIDDEN: Final = tuple(
    pattern(form)
    for form in (
        rf"{LEAD}{_NOT} {_ANY}(?:{_WORDS}:? )?(?:like |such as )?{_LIST}{_WHERE}",
        rf"{LEAD}{_NOT} {_ANY}(?:{_WORDS}):? {_BARE}{_WHERE}",
        (
            rf"(?P<subject>)(?:the )?(?:{_WORDS} )?{_LIST} (?:(?:does not|doesn't|do not|must not|should not|never|cannot|may not) (?:ever )?(?:appears?|occurs?|be "
            rf"used|be mentioned|stand)|(?:is|are) (?:not|never) (?:used|mentioned|present)|(?:is|are) (?:absent|forbidden|banned|avoided|not allowed))"
            rf"{_WHERE}"
        ),
    )
)

_MARKS: Final = {
    r"commas?": ",",
    r"exclamation (?:marks?|points?)": "!",
    r"question marks?|questions?": r"\?",
    r"semi-?colons?": ";",
    r"em[- ]?dashes|em[- ]dash|long dashes": "\N{EM DASH}",
    r"parenthes[ei]s|round brackets": r"[()]",
    r"emojis?|emoticons?": r"\p{Emoji_Presentation}",
    r"hashtags?": r"(?<!\w)#\w+",
    r"digits?|numerals?": r"\d",
    r"urls?|links?|hyperlinks?|web addresses?": r"https?://\S+",
    r"e-?mail addresses?": r"[\w.+-]+@[\w-]+\.\w+",
    r"headings?|section headings?": r"^#{1,6} ",
    r"code blocks?|code fences|fenced code": r"^```",
    r"tables?": r"^\|.*\|",
    r"html(?: tags?)?": r"</?[a-zA-Z][^>]*>",
    r"select \*|`select \*`": r"(?i)select\s+\*",
}
_PLURALS: Final = "|".join(_MARKS)
_NO_MARK: Final = pattern(
    rf"{LEAD}{_NOT} {_ANY}(?:a |an |single |other )*(?P<mark>{_PLURALS}|bullet points?|bullets?|bulleted lists?|bullet lists?|lists?)"
    rf"(?: (?:or|and|nor) (?:a |an |any )?(?P<other>{_PLURALS}|bullet points?|bullets?|bulleted lists?))?{_WHERE}"
)
_MARK: Final = pattern(
    rf"{LEAD}{_HAS} (?:a |an |at least one |at least a |the |one |valid )*(?P<mark>{_PLURALS}){_WHERE}"
)

_EDGES: Final = (
    (pattern(rf"{LEAD}(?:starts?|begins?|opens?)(?: off| directly| exactly| out)* with {_THE}(?:{_WORDS} |greeting |salutation |title |heading "
                rf"|subject line )*:? ?(?P<list>{QUOTED})(?: exactly| verbatim)?"), "starts_with"),
    (pattern(rf"(?P<subject>)(?:the|its) (?:very )?first (?:line|words?|sentence)s? (?:is|are|reads?|must (?:be|read)|should (?:be|read))"
                rf"(?: exactly)?:? (?P<list>{QUOTED})(?: exactly)?"), "starts_with"),
    (pattern(rf"{LEAD}(?:ends?|closes?|finish(?:es)?|concludes?)(?: directly| exactly| off)* (?:with|by) {_THE}(?:{_WORDS} |sign-off |signature |greeting |closing )*:? ?"
                rf"(?P<list>{QUOTED})(?: exactly| verbatim)?"), "ends_with"),
    (pattern(rf"(?P<subject>)(?:the|its) (?:very )?(?:last|final|closing) (?:line|words?|sentence)s? (?:is|are|reads?|must (?:be|read)|should (?:be|read))"
                rf"(?: exactly)?:? (?P<list>{QUOTED})(?: exactly)?"), "ends_with"),
    (pattern(rf"{LEAD}(?:ends?|closes?|finish(?:es)?|concludes?) (?:with|on|in) (?:a|one|exactly one) (?P<list>question(?: mark)?)(?: to the reader)?"), "ends_with"),
)  # fmt: skip

_CAPITAL: Final = r"(?-i:[A-Z])[\w'’/&-]*(?: [\w'’/&-]+){0,4}?"
_TITLES: Final = (
    rf"(?P<list>{QUOTED}(?:\s*,?\s*(?:and\s+)?{QUOTED})*|{_CAPITAL}(?:, {_CAPITAL})*,? (?:and|then) {_CAPITAL})"
)
_HEADINGS: Final = pattern(
    rf"{LEAD}(?:(?:has|have|contains?|includes?|uses?|with|is (?:divided|split|structured|organi[sz]ed)|into|under|by|consists? of|comprises|there (?:is|are)) )+"
    rf"(?:(?:the|these|exactly|following|all|a|an|separate|two|three|four|five|six|markdown|level[- ]two|h2) )*(?:section headings?|headings?|sections?|parts)"
    rf"(?: (?:called|titled|named|headed|entitled|with the headings?|for))?:? {_TITLES}(?:,? in (?:this|that|the given) order)?(?:,? and (?:no others?|nothing else))?")  # fmt: skip


def phrased(clause: str) -> Iterator[Found]:
    """What a clause wants to stand in the text, or not to stand in it."""
    yield from _edges(clause)
    for form in _REQUIRED:
        if (found := form.fullmatch(clause)) and (words := _listed(found)):
            yield from ((found, {"contains": wanted}) for wanted in _contains(found, words))
    for form in _FORBIDDEN:
        if (found := form.fullmatch(clause)) and (words := _listed(found)):
            letters = _letters(found[0], words)
            yield found, {"excludes": {"regex": letters} if letters else words}
    if found := _NO_MARK.fullmatch(clause):
        yield from ((found, check) for check in _without(found["mark"], found["other"]))
    if found := _MARK.fullmatch(clause):
        yield found, {"contains": {"regex": _regex(found["mark"])}}
    if (found := _HEADINGS.fullmatch(clause)) and (titles := list(phrases(found["list"])) or _bare(found["list"])):
        more = {"only": True} if re.search(r"no others?|nothing else", clause) else {}
        yield found, {"headings": {"required": titles, **more}} if more else {"headings": titles}


def _contains(found: re.Match[str], words: list[str]) -> Iterator[object]:
    """The parameters of `contains`; none for several letters, which a check cannot count apart."""
    often = times(found["how"], found["times"])
    if letters := _letters(found[0], words):
        if len(words) == 1:
            yield {"regex": letters, **often}
    elif re.search(r"(?:\bor\b|/)", _outside(found[0])) and len(words) > 1:
        either = "|".join(re.escape(word) for word in words)
        yield {"regex": rf"\b(?:{either})\b", **often}
    else:
        yield {"words": words, **often} if often else words


def _edges(clause: str) -> Iterator[Found]:
    for form, check in _EDGES:
        if found := form.fullmatch(clause):
            words = phrases(found["list"])
            yield found, {check: words[0] if words else "?"}


def _without(*marks: str | None) -> Iterator[Mapping[str, object]]:
    """The checks that keep marks out; bullets are counted, the rest is a pattern."""
    regexes: list[str] = []
    for mark in marks:
        if mark and re.match(r"bullet|lists?\Z", mark):
            yield {"bullets": {"max": 0, "numbered": True} if mark.lower().startswith("list") else {"max": 0}}
        elif mark:
            regexes.append(_regex(mark))
    if regexes:
        yield {"excludes": {"regex": "|".join(regexes)}}


def _regex(mark: str) -> str:
    return next(regex for words, regex in _MARKS.items() if re.fullmatch(words, mark))


def _letters(clause: str, words: Sequence[str]) -> str:
    """A pattern for letters, which stand inside words and not as words of their own; empty if it is about no letters."""
    if not (re.search(r"\bletters?\b", _outside(clause)) and all(len(word) == 1 for word in words)):
        return ""
    return "|".join(re.escape(word) for word in words)


def _outside(text: str) -> str:
    return re.sub(QUOTED, "", text)


_NO_MEMBER: Final = frozenset(
    {"of", "that", "which", "who", "with", "without", "not", "like", "such", "from", "for", "in"}
)


def _listed(found: re.Match[str]) -> list[str]:
    """The phrases of a list, in quotation marks or without."""
    groups = found.groupdict()
    if words := list(phrases(groups.get("list") or "")):
        return words
    words = _bare(groups.get("bare") or "")
    # "Avoids words nobody knows" lists nothing.
    lists = len(words) > 1 or re.search(r":|\b(?:word|phrase|term|address|number|link|url|date|time|code)\b", found[0])
    return words if lists and words and words[0].split()[0] not in _NO_MEMBER else []


def _bare(text: str) -> list[str]:
    """The members of a list without quotation marks."""
    found = [word.strip() for word in re.split(r",\s*(?:and |or |nor |then )?|\s+(?:and|or|nor|then)\s+", text)]
    return [word for word in found if word]
