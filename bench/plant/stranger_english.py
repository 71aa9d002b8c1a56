"""How people word instructions to a writer or a reviewer, as patterns: the vocabulary of `plant.stranger`.

Written from general English, without knowledge of any tool's prompts; a prompt that the patterns miss is a finding, not
a reason to add its wording here. Demands stand as ``⟦3⟧`` and headings as ``⟦h⟧`` in the text that is matched.
"""

import re
from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = [
    "APPROACH",
    "CONFLICT",
    "EARLIER",
    "FIND",
    "FRESH",
    "LIST_ONLY",
    "ORDERED",
    "OUTLINE",
    "ROLES",
    "TASKS",
    "VERBATIM",
    "Polarity",
    "Tone",
    "clauses",
    "ranked",
    "sentences",
    "tone",
]

Polarity: TypeAlias = Literal["", "list", "fix", "keep"]


class Tone(NamedTuple):
    """What a stretch of text says about the demands it is about."""

    polarity: Polarity
    firm: bool = False
    """Keeping is not a wish but a condition."""
    verify: bool = False
    """The writer is to check the own text against them."""


def _any(*ways: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{way})" for way in ways), re.IGNORECASE)


_FIX: Final = _any(
    r"\b(fail\w*|unmet|unsatisfied|missing|miss(es|ed)|lack(s|ing)?|violat\w+|broken|wrong|incorrect|unresolved)\b",
    r"\b(not|n't) (yet )?(met|satisfied|fulfilled|done|there|right|good enough|being met)\b",
    r"\bfall(s|en|ing)? short\b|\bfell short\b|\bshort of\b",
    r"\b(problem|issue|fault|defect|flaw|error|mistake|shortcoming|weakness|gap|deficienc|complaint|objection)\w*\b",
    r"\b(fix|repair|correct|mend|address|resolve|remedy|improve|tackle|rework|amend|put right|attend to)(es|s|ing|ed)?\b",
    r"\b(needs?|requires?) (work|fixing|attention|to be (fixed|changed|improved|corrected))\b",
    r"\b(work on|deal with|take care of|concentrate on|focus on|see to)\b",
    r"\b(feedback|critique|criticism|review comments?|reviewer'?s? (notes?|comments?|remarks?)|what to change)\b",
    r"\bstill (open|outstanding|to do)\b|\boutstanding\b|[✗✘❌]|\[ \]",
)
_KEEP: Final = _any(
    r"\b(keep|preserve|retain|maintain|protect|safeguard|conserve|hold on to|hold fast)(s|ing)?\b",
    r"\b(remain|stay)s?\b",
    r"\bleav(e|ing)\b[^.]{0,40}\b(alone|as (it|they) (is|are)|untouched|intact|unchanged|in place)\b",
    r"\b(do not|don't|never|must not|may not|should not|without|nor|avoid) (\w+ )?"
    r"(break|los|chang|touch|damag|undo|spoil|weaken|giv(e|ing) up|sacrific|remov|harm|disturb|alter|regress)\w*",
    r"\b(already|currently|now) (\w+ )?(met|meets?|fine|good|pass\w*|satisf\w+|right|holds?|fulfil\w*|works?|done|ok|true)\b",
    r"\b(is|are|was|were) (met|satisfied|passing|fulfilled|fine|in order)\b|\bpass(es|ed|ing)?\b|[✓✔✅]|\[x\]",
    r"\b(must|may|should|can) not (be lost|change|be (changed|touched|broken|given up)|fail|get lost|regress)\b",
    r"\b(frozen|locked|untouchable|off limits|sacrosanct)\b|\bwhat (works|is good|holds)\b",
)
_FIRM: Final = _any(
    r"\bmust (\w+ )?(stay|remain|keep|hold|stand|survive|be (kept|preserved|retained|left))\b",
    r"\b(must|may|can) (not|never) (be lost|change|be (changed|touched|broken|given up)|fail|get lost|lose|break|touch)\b",
    r"\b(never|under no circumstances|on no account|at all costs?|at any price|whatever (else )?happens|no matter what)\b",
    r"\b(locked|frozen|untouchable|non-negotiable|inviolable|sacrosanct|off limits|hard (constraint|condition|rule))\b",
    r"\b(reject|discard|refus|thrown? (away|out)|void|worthless|not be accepted|unacceptable)\w*",
    r"\b(absolutely|strictly|without exception|unconditionally)\b",
)
_VERIFY: Final = _any(
    r"\b(check|verify|confirm|examine|inspect|test|compare|review) (\w+ ){0,3}"
    r"(your|own|yourself|each|every|against|before|that|whether|it|them|these|those|the (text|draft|result|reply))\b",
    r"\b(self-check|double-check|cross-check|check yourself|tick off|go through (each|every|the list|them|these))\b",
    r"\b(before|until) (you )?(send|answer|reply|finish|submit|hand|return)\w*\b[^.]{0,80}"
    r"\b(check|verify|confirm|sure|compare|satisf)\w*",
    r"\b(cite|quote|point (out|to)|name|give|show|copy)\b[^.]{0,40}\b(line|passage|sentence|evidence|proof|place|words)\b"
    r"[^.]{0,40}\b(show|prove|meet|satisf|fulfil|demonstrat|establish|that does)\w*",
    r"\b(prove|evidence|proof)\b[^.]{0,40}\b(for|of|that)\b",
)
_LIST: Final = _any(
    r"\b(criteri(a|on)|requirements?|demands?|conditions?|rules?|standards?|expectations?|checklist|acceptance|brief)\b",
    r"\bmust\b|\bshould\b|\bhas to\b|\bhave to\b|\btargets?\b|\bgoals?\b",
)
LIST_ONLY: Final = re.compile(r"\b(only|just|solely|nothing but)\b", re.IGNORECASE)

_STATEMENT: Final = re.compile(r"(?<=[.!?;])[\s)]+|\n+|\s[\u2014\u2013]\s|\s-\s")
_CLAUSE: Final = re.compile(r",?\s(?=(?:but|while|whereas|without|and|yet|so that|although|though)\b)|,\s|(?<!⟧):\s")


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [part for part in _STATEMENT.split(text) if part.strip()]


def clauses(text: str) -> list[str]:
    """The clauses of a text."""
    return [part for one in sentences(text) for part in _CLAUSE.split(one) if part.strip()]


def tone(text: str) -> Tone:
    """What a stretch of text says: its first clear word decides; mere talk of requirements is the weakest."""
    fix, keep = _FIX.search(text), _KEEP.search(text)
    verify = bool(_VERIFY.search(text))
    if keep and (not fix or _first(text, keep, fix)):
        return Tone("keep", firm=bool(_FIRM.search(text)), verify=verify)
    if fix:
        return Tone("fix", verify=verify)
    if _FIRM.search(text) and "hard" in text.lower():
        return Tone("keep", firm=True, verify=verify)
    return Tone("list" if _LIST.search(text) else "", verify=verify)


def _first(text: str, keep: re.Match[str], fix: re.Match[str]) -> bool:
    """Whether keeping is the main matter: said first, or fixing is spoken of inside what must not happen."""
    if keep.start() <= fix.start():
        return True
    before = text[: fix.start()].lower()
    return bool(re.search(r"\b(never|not|no longer|without)\s*\w*\s*$", before)) and fix.group().lower().startswith(
        "fail"
    )


FRESH: Final = _any(
    r"\bfrom scratch\b|\bfrom (a |the )?(blank|clean|empty) (page|sheet|slate)\b|\bfrom nothing\b|\bclean (slate|sheet)\b",
    r"\b(start|begin|write|draft|try|do)(ing)? (it |this |the (text|report) )?(over|afresh|again|anew|fresh)\b",
    r"\b(fresh|new|clean) (start|draft|beginning|attempt|try|text|version)\b",
    r"\b(entirely|completely|wholly|altogether) (new|different)\b",
    r"\b(do not|don't|without) (revis|reus|build|work|copy|patch|mend)\w*[^.]{0,30}\b(old|earlier|previous|last|any)\b",
    r"\b(discard|throw away|forget|drop|abandon|scrap)\w* (the |all |any |your )?(old|earlier|previous|last|existing|former)\b",
)
APPROACH: Final = _any(
    r"\b(another|different|new|other|alternative|changed|opposite|fresh)( \w+)? "
    r"(approach|angle|way|route|strategy|premise|direction|plan|line|method|path|tack|perspective|starting point|idea)\b",
    r"\bapproach (it|this|the \w+)?\s?(differently|from)\b|\bgo about (it|this) (differently|another way)\b",
    r"\b(this time|rethink|differently)\b|^\W*(new |your )?approach\b[^:\n]{0,30}:",
    r"\b(change|switch|alter) (the |your )?(approach|angle|strategy|premise|direction|method|tack)\b",
)
EARLIER: Final = re.compile(
    r"\b(earlier|previous|last|prior|former|rejected|failed|old|past)( \w+)? (drafts?|attempts?|versions?|tr(y|ies)|texts?|starts?)\b",
    re.IGNORECASE,
)
VERBATIM: Final = re.compile(
    r"\b(verbatim|word for word|letter for letter|exactly as|byte for byte|unchanged|as (it|they) stand|locked|frozen|literally)\b",
    re.IGNORECASE,
)
OUTLINE: Final = _any(
    r"\b(only|just|nothing but) (\w+ ){0,3}(outline|skeleton|headings|structure|table of contents)\b",
    r"\b(outline|skeleton|headings|structure|table of contents)\b[^.]{0,20}\b(only|alone|first|and nothing else)\b",
    r"\b(no|without|not) (\w+ ){0,4}(prose|body|paragraphs|sentences|full text)\b( yet)?",
    r"\b(write|draft|make|produce|propose|plan|sketch|create|revise|correct|reply with|send|give) (\w+ ){0,3}"
    r"(outline|skeleton|table of contents)\b",
)
FIND: Final = _any(
    r"\b(which|what|find|look for|search for|identify|name|locate|spot|point out|cite)\b[^.?]{0,80}"
    r"\b(compet|conflict|contradict|work(s|ing)? against|pull(s|ing)? against|in the way|obstruct|prevent|hinder|at odds|clash|stop(s|ping))\w*",
)

ROLES: Final = (
    (
        "judge",
        _any(r"\byou(r role is| are| act as|'re)\b[^.\n]{0,40}\b(critic|judge|reviewer|examiner|grader|assessor)\b"),
    ),
    ("write", _any(r"\byou(r role is| are| act as|'re)\b[^.\n]{0,40}\b(writer|author|editor|copywriter|redactor)\b")),
)
TASKS: Final = (
    ("find", FIND),
    ("advise", _any(r"\b(give|provide|offer|write|send)( \w+){0,3} (feedback|advice|comments|suggestions|critique)\b",
                    r"\bwhat (could|can|should|would) (be|you) (improve|change)d?\b|\bhow (could|can|might) [^.?]{0,30}improved?\b",
                    r"\bcritici[sz]e\b|\bcritique (the|this)\b|\bsuggest\b")),
    ("judge", _any(r"\b(judge|assess|evaluate|grade|rate|score)\b", r"\bverdicts?\b",
                   r"\b(decide|determine|say|state|tell)\b[^.]{0,30}\b(whether|if)\b[^.]{0,40}\b(met|meets?|pass|hold|satisf|fulfil)\w*",
                   r"\bpass (or|/) ?fail\b|\b(met|yes) or (not|no)\b")),
    ("write", _any(r"\b(write|rewrite|revise|redraft|compose|produce|refine|edit|patch|draft) (the|a|an|it|this|your|out|anew|afresh|again)\b",
                   r"\b(fix|correct|improve|repair|change)\b[^.]{0,60}", r"\b(whole|full|complete|entire|revised|new|corrected) (text|draft|version|report)\b")),
)  # fmt: skip

ORDERED: Final = _any(
    r"\b(precedence|priorit\w+|order of (importance|rank|preference)|ranking|pecking order|which comes first)\b",
    r"\bin (this|that|the following|descending) order\b",
)
CONFLICT: Final = _any(
    r"\b(conflict|clash|compet|contradict|collid|pull|disagree|at odds|tension|cannot both|can't both|"
    r"exclude|incompatible|get in each other|in each other's way|not both)\w*",
    r"\b(choose|decide) between\b",
)
_WINS: Final = _any(
    r"\b(precedence|priority|preference)\b|\b(come|go|stand|rank|put)s? (\w+ )?(first|before|above|ahead|higher)\b",
    r"\b(win|prevail|outrank|override|trump|beat|outweigh|dominate|supersede)s?\b|\b(matter|count|weigh)s? more\b",
    r"\bmore important\b|\bover\b|\bbefore\b|\babove\b|\bahead of\b|\brather than\b|\bfirst\b|>",
    r"\beven (if|at|when|where|though)\b|\bat the (expense|cost) of\b|\bregardless of\b|\bnot the other way\b",
)
_LOSES: Final = _any(
    r"\b(yield|defer|bow|lose|submit)s?\b|\b(give|make)s? way\b|\bgives? ground\b|\bstep(s)? aside\b|\bstands? back\b",
    r"\b(secondary|subordinate|second|last|less important)\b|\branks? (lower|below|behind|after)\b|\bcomes? (after|later)\b",
    r"\b(may|can|might|is allowed to) (suffer|give|be (relaxed|weakened|dropped|sacrificed|missed|bent))\b|\bafter\b|\bbehind\b",
    r"\b(only|as far as|so far as|to the extent)\b|<",
)
_GIVEN_UP: Final = re.compile(r"\b(sacrifice|give up|drop|relax|weaken|bend|neglect)\b", re.IGNORECASE)
_CHOSEN: Final = re.compile(
    r"\b(prefer|prioriti[sz]e|favou?r|put|rank|place|serve|satisfy|choose|follow|meet|keep|obey)\b", re.IGNORECASE
)
_NAMED: Final = re.compile(r"⟦(\d+)⟧")


def ranked(text: str, before: tuple[int, ...] = ()) -> tuple[set[tuple[int, int]], tuple[int, ...]]:
    """The orders that one sentence states, as (winner, loser).

    Args:
        text: the sentence.
        before: the two demands that the sentences before it set against each other.

    Returns:
        The orders, and the two demands that stand against each other from here on.
    """
    named = tuple(dict.fromkeys(int(one) for one in _NAMED.findall(text)))
    against = bool(CONFLICT.search(text))
    if len(named) == 2 and against:
        main = _main_clause(text)
        if main is not None and (found := _settled(main, named)):
            return found, named
        before = named
    if len(named) >= 2:
        return _compared(text, named), before
    return (_settled(text, before) if len(before) == 2 else set[tuple[int, int]]()), before


def _main_clause(text: str) -> str | None:
    """What follows the clause about the conflict."""
    said = CONFLICT.search(text)
    parts = re.split(r"[,:;\u2014\u2013]\s|\bthen\b", text[said.end() :], maxsplit=1) if said else []
    return parts[1] if len(parts) == 2 else None


def _settled(text: str, pair: tuple[int, ...]) -> set[tuple[int, int]]:
    """Who wins by a clause that names one of two, both, or speaks of the former and the latter."""
    first, second = pair
    spoken = re.sub(r"\bthe former\b", f"⟦{first}⟧", text, flags=re.IGNORECASE)
    spoken = re.sub(r"\bthe latter\b", f"⟦{second}⟧", spoken, flags=re.IGNORECASE)
    named = tuple(dict.fromkeys(int(one) for one in _NAMED.findall(spoken) if int(one) in pair))
    if len(named) == 2:
        return _compared(spoken, named)
    if len(named) != 1:
        return set()
    other = second if named[0] == first else first
    rest = _NAMED.sub("", spoken)
    if _LOSES.search(rest) or _GIVEN_UP.search(rest):
        return {(other, named[0])}
    return {(named[0], other)} if _WINS.search(rest) or _CHOSEN.search(rest) else set()


def _compared(text: str, named: tuple[int, ...]) -> set[tuple[int, int]]:
    """Who wins by a sentence that names both."""
    parts = _NAMED.split(text)  # words, number, words, number, words…
    first = named[0]
    place = next(i for i in range(3, len(parts), 2) if int(parts[i]) != first)
    start, middle, end = parts[0], parts[place - 1], "".join(parts[place + 1 :: 2])
    others = named[1:]
    if _GIVEN_UP.search(start) and re.search(r"\b(for|in favou?r of|so that|to)\b", middle, re.IGNORECASE):
        return {(others[0], first)}
    if _LOSES.search(middle) and not _WINS.search(middle):
        return {(others[0], first)}
    if _WINS.search(middle) or (_CHOSEN.search(start) and re.search(r"\b(over|to|than|before)\b", middle)):
        return {(first, other) for other in others}
    return {(first, other) for other in others} if _LOSES.search(end) and not _WINS.search(end) else set()
