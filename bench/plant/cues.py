"""What people write when they mean something: the cues that the reader of prompts goes by.

A cue is a pattern over words around a token ``⟦n⟧``, which stands for the naming of demand n. None of them is taken
from a loop's prompt; several ways of saying each thing are here, and a test tries more.
"""

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = [
    "APART",
    "COMMENT",
    "CONJUNCTION",
    "FIRM_CUE",
    "LABEL",
    "NUMBERED",
    "ORDER_LEAD",
    "POINTS",
    "TOKEN",
    "TO_VERIFY",
    "Facts",
    "Polarity",
    "Weights",
    "clauses",
    "facts",
    "orders_in",
    "polarity",
    "predicate",
    "speaks_for",
]

_I: Final = re.IGNORECASE
_NEGATED_PASS: Final = re.compile(
    r"(\bnot\b|n't\b|\bnever\b|\bfail(s|ed|ing)? to\b|\bno longer\b|\bcannot\b)\W+(\w+\W+){0,2}?"
    r"(pass|meet|met|satisf|hold|fulfil|there|right|ok\b|good|done|achiev|clear|convinc|enough)"
    r"|\b0 ?(/|out of|of) ?[1-9]|^\W*(false|no)\b(?! longer)"
    r"|\bun(met|satisfied|fulfilled|resolved|fixed)\b"
    r'|"?\b(pass|passed|met|ok|satisfied|holds|success)"?\s*[:=]\s*"?(false|no\b|0\b)',
    _I,
)
_NEGATED_FAIL: Final = re.compile(
    r"(\bno longer\b|\bnot\b|n't\b|\bno\b)\W+(\w+\W+)?(fail|wrong|broken|missing|problem|issue|fault)"
    r"|^\W*(true|yes)\b"
    r'|"?\b(pass|passed|met|ok|satisfied|holds|success)"?\s*[:=]\s*"?(true|yes\b|1\b)',
    _I,
)
FIRM_CUE: Final = re.compile(
    r"\b(must|has to|have to|shall)\W+(\w+\W+){0,2}?(stay|remain|survive|keep|not (be )?(los|chang|touch|brok|break|alter))"
    r"|\bheld (fixed|fast|constant)\b|\bstays? fixed\b|\bexactly as (it|they)\b|\bfrozen\b|\bfreeze\b|\block(ed)?\b|non-negotiable|at (all|any) (costs?|price)|byte for byte|\bverbatim\b|\buntouched\b|"
    r"\b(do not|don't|never|may not|must not)\W+(\w+\W+){0,2}?(touch|alter|los[et]|change|give up|given up|break|broken|disturb)|\binviolable\b"
    r"|\bprotected\b|\bpinned\b|off[- ]limits|no circumstances|\buntouchable\b|\bsacred\b|\b(is|are|be|gets) (rejected|refused|thrown away)\b|\brejected if\b|\bsettled for good\b",
    _I,
)
_FIX: Final = re.compile(
    r"\bfail(s|ed|ing|ures?)?\b|\bmissing\b|\black(s|ing)?\b|\bfix(es|ed|ing)?\b|\brepair|\bcorrect (this|these|the|only|it)\b"
    r"|\bwrong\b|\bfaults?\b|\bproblems?\b|\bissues?\b|\bdefects?\b|\bviolat|\bbroken\b|\bimprove|\baddress(ing)?\b"
    r"|\bneeds? (more )?(work|attention|fixing)|\b(does|do|did|is|are|was) ?n[o']t\b|\bstill (open|to do|outstanding)|\bopen (points|faults|items)"
    r"|\bto[- ]do\b|\bweak|\bcomplain|\bcritique\b|\bcriticism|\bfeedback\b|\bremaining\b|\bshortcoming|\bdeficien"
    r"|\bwork(ed)? on\b|\bput right\b|\bmend\b|\bnot ok\b|✗|❌|\bmissed\b|\bunclear\b|\boutstanding\b|\bblock(er|ing)s?\b|\bregress"
    r"|\bwhat to change\b|\bchanges? (needed|required|requested)|\bconcentrate on\b|\bfocus(ing)? on\b|\btarget(s|ed)?\b|\bobjection",
    _I,
)
_KEEP: Final = re.compile(
    r"\bwithout (los|break|harm|touch|chang|hurt|damag|disturb|giv|spoil|affect)|\[x\]|\b(?P<full>[1-9]\d?) ?(?:/|out of|of) ?(?P=full)\b|"
    r"\bpass(es|ed|ing)?\b|\bmet\b|\bsatisf(ied|ies|y)\b|\bkeep(s|ing)?\b|\bkept\b|\bpreserve|\bretain|\bmaintain|\bholds?\b"
    r"|\balready\b|\bfine\b|\bgood\b|\bworks\b|\bleave\b|\bintact\b|\bstays?\b|✓|✔|✅|\bok\b|\bsucce(ss|ed)|\bdone\b",
    _I,
)
_LIST: Final = re.compile(
    r"\brequirements?\b|\bcriteri(a|on)\b|\brubric\b|\bdemands?\b|\bchecklist\b|\bgoals?\b|\brules?\b|\bconstraints?\b"
    r"|\bspec(ification)?\b|\bobjectives?\b|\bdefinition of done\b|\ball of (these|the following)\b|\bmust\b|\bshould\b",
    _I,
)
_VERIFY: Final = re.compile(
    r"\b(check|verify|confirm|prove|audit|demonstrate|show|tick off|go through|test|examine|make (sure|certain)|ensure|see to it)\b[^.\n]{0,80}?"
    r"(\b(each|every|yourself|own|against|one by one|all|the following|these|that|list|it|this)\b|⟦)"
    r"|\bwhich (of your )?(line|sentence|passage)s?\b"
    # to ask for the very sentence that does it is to ask for a check
    r"|\b(quote|cite|copy|name|show|give|state|point (to|at))\b[^.\n]{0,12}\b(line|sentence|passage)s?\b[^.\n]{0,12}\b(that|which|where)\b",
    _I,
)
TO_VERIFY: Final = re.compile(r"\b(verify|check|confirm|prove)\b", _I)
_EVIDENCE: Final = re.compile(
    r"\bquot(e|es|ing|ation)\b|\bcit(e|es|ing|ation)\b|\bevidence\b|\bpoint (to|at) the (line|passage|sentence)"
    r"|\b(name|give|state|copy( out)?|mark|show) (me )?(the|which) (\w+ )?(line|passage|sentence)|\bproof\b|\bwhich (of your )?(line|sentence|passage)s?\b|\bword for word\b",
    _I,
)
_FRESH: Final = re.compile(
    r"\b(from scratch|start(ing)? (over|again|afresh|anew)|afresh|anew|fresh (draft|start|text|version|attempt)|new (draft|start|attempt) from|"
    r"restart|scrap|(drop|abandon|forget) (the|your|that|this) (old|earlier|previous|last|first) |from zero|set (it|this|that|the [^.\n]{1,25}) aside|from the (brief|spec|specification) (alone|only|again)|use nothing of|blank (page|sheet)|clean (sheet|slate)|from nothing|ground up|begin again|entirely new|brand[- ]new|completely new|(without|not|n't) (looking|look) (at|back)|"
    r"discard|throw (it|this|that|the \w+) away|ignore (the|your|all) (previous|earlier|old|last)|(do not|don't|never) (re-?use|revise|build on|continue|copy))",
    _I,
)
_APPROACH: Final = re.compile(
    r"\b(different|another|new|other|changed|alternative|opposite|fresh|unlike)\b\W+(\w+\W+){0,2}?(approach|angle|premise|opening|starting point|strategy|"
    r"direction|route|line of attack|take|way in|idea|concept|basis|perspective)|\brethink\b|\breframe\b|\b(approach|route|path|way)\b[^.\n]{0,40}\b(differ|instead|changed|not the)"
    r"|\b(premise|approach|angle|idea|strategy|direction|route|basis|path)\b[^.\n]{0,25}\b(wrong|failed|mistaken|misguided|not work|misled|this time|now)"
    r"|\b(take|choose|try) a different\b|\bchange (the |your )?(approach|premise|angle|strategy)",
    _I,
)
_RADICAL: Final = re.compile(
    r"\b(completely|entirely|wholly|radically|totally) (different|new|other)\b|ground up|\brethink\b", _I
)
_OUTLINE: Final = re.compile(r"\b(outline|headings?|sections?|structure|skeleton|table of contents|toc)\b", _I)
_FIXED: Final = re.compile(
    r"\b(fixed|exactly|verbatim|in (this|that|the same|the given) order|as (given|they (are|stand)|listed|it (is|stands)|is)|"
    r"lock(ed)?|binding|agreed|approved|mandatory|must (be )?(use|used|have|stay|remain|keep|appear|follow)|do not (change|rename|reorder|alter|add)|don't (change|rename|reorder)|"
    r"(keep|retain|preserve|use|follow|leave)\b[^.\n]{0,50}(headings?|outline|sections?|structure|order|skeleton)|required|unchanged|(are|is) given|no others?|prescribed|word for word)",
    _I,
)
_OUTLINE_ONLY: Final = re.compile(
    r"\b(outline|headings?|skeleton|table of contents)\b[^.\n]{0,40}\b(only|alone|nothing else|no prose)|\b(only|just|nothing but) (the |an? )?(\w+ )?(outline|headings|skeleton)"
    r"|\bno prose\b|\b(write|draft|propose|produce|plan|give|return|sketch) (me )?(an?|the) (\w+ )?(outline|skeleton)\b|headings (only|alone)",
    _I,
)
_ROLE_JUDGE: Final = re.compile(
    r"\byou (are|act as|play|will be)\b[^.\n]{0,60}\b(critic|judge|reviewer|evaluator|grader|examiner|auditor|inspector|assessor|referee|checker)\b",
    _I,
)
_ROLE_WRITE: Final = re.compile(
    r"\byou (are|act as|play|will be)\b[^.\n]{0,60}\b(writer|author|editor|copywriter|drafter|reporter|ghostwriter)\b",
    _I,
)
_JUDGE: Final = re.compile(
    r"\b(judg(e|ing)|evaluat(e|ion|ing)|grad(e|ing)|assess(ment)?|verdicts?|critique|review|score|rate|rating|audit|inspect|appraise)\b"
    r"|\bpass (or|/) ?fail\b|pass/fail|\b(does|do|is|are) (it|the \w+|each|every|this)\b[^.\n]{0,40}\b(meet|satisf|met|hold|fulfil)"
    r"|\bwhich\b[^.\n]{0,40}\b(met|hold|satisf|pass|fail)|\b(give|provide|offer|write)\b[^.\n]{0,20}\b(feedback|a critique|comments|suggestions)|\bwhat is wrong with\b",
    _I,
)
_WRITE: Final = re.compile(
    r"\b(write|rewrite|re-write|revise|compose|produce|redraft|edit|fix|improve|correct|repair|rework|continue|generate|create|draft|change|refine|mend|apply|propose)\b"
    r"|\b(return|output|send|give|reply with|answer with)\b[^.\n]{0,40}\b(text|draft|document|report|version|edits|patch)",
    _I,
)
_HAND_OVER: Final = re.compile(
    r"^\W*(please )?(return|output|send|give|provide|(reply|respond|answer) with)\b[^.\n]{0,20}"
    r"\b(improved|revised|corrected|new|whole|full|complete|rewritten|final)\b[^.\n]{0,20}"
    r"\b(text|draft|document|report|version|output)\b",
    _I,
)
_FIND: Final = re.compile(
    r"\b(compet\w+|conflict\w*|contradict\w*|tension|at odds|pulls? against|incompatib\w+|rival\w*|stands? in (its|the) way|prevents?|works? against)\b",
    _I,
)
_FINDING: Final = re.compile(
    r"\b(which|find|identify|name|locate|is there|what|look for|cite|point out)\b[^.\n]{0,90}\b(instruction|sentence|line|rule|demand|requirement|passage|part|constraint|criterion)",
    _I,
)
_SENTENCE: Final = re.compile(
    r"(?<=[.!?;])\s+|\n+|\s+[\u2013\u2014]\s+|,?\s+\b(?=(?:but|while|whereas|without|although)\b)"
)
_IMPERATIVE: Final = re.compile(
    r"^\W*(?:(?:please|now|then|next|finally|first|your task is to|your job is to|using this,?|you|should|must|will|task:?|and|to)\W+)*(\w[\w-]*)",
    _I,
)
_JUDGE_VERBS: Final = frozenset(
    ["judge", "evaluate", "grade", "assess", "critique", "review", "score", "rate", "audit", "inspect", "appraise"]
)
_WRITE_VERBS: Final = frozenset(
    [
        "write",
        "rewrite",
        "re-write",
        "revise",
        "compose",
        "produce",
        "redraft",
        "edit",
        "fix",
        "improve",
        "correct",
        "repair",
        "rework",
        "continue",
        "generate",
        "create",
        "draft",
        "change",
        "refine",
        "mend",
        "apply",
        "propose",
    ]
)
_VERB_OF_JUDGING: Final = re.compile(r"\b(feedback|critique|verdict|review|comments)\b", _I)
_ONLY: Final = re.compile(r"\b(only|just|this one|these)\b", _I)
TOKEN: Final = re.compile(r"⟦(\d+)⟧")
NUMBERED: Final = re.compile(r"^\s*(?:\[?L?(\d{1,4})\]?(?:\s?[|:\t>│)]|\.(?=\s|$)|\s?→|\s?-(?=\s|$)|(?=\s|$)))\s?")
LABEL: Final = re.compile(r"^\W*([A-Za-z]{1,4}[-_ ]?\d{1,2})\b\W")
_PASSED: Final = re.compile(
    r"""^[\W_]*(?:(?:is|are|was|were|has|have|been|now|already|also|both|part|passage|section|verdict|status)[\W_]+)*"""
    r"""(?:pass|passes|passed|passing|met|ok|okay|fine|satisfied|satisfies|fulfilled|holds?|good|done|keep|works?|intact|perfect|[✓✔✅]|(?P<all>\d+) ?(?:/|of|out of) ?(?P=all))(?![\w])""",
    _I,
)
CONJUNCTION: Final = re.compile(r"^[\W_]*(?:and|or|as well as|both)?(?:[\W_]+the)?[\W_]*$", _I)
POINTS: Final = re.compile(r"\b(following|these|below|listed|here)\b", _I)
_PREDICATE: Final = re.compile(
    r"""^[\"'\]*_`]*\s*(\([^)]*\)\s*)?(,?\s*(which|that)\s+)?([:=\u2014\u2013(\[|{✓✗❌✅-]|(is|are|was|were|has|have|does|do|did|pass|fail|holds?|lacks?|needs?|remains?|still|stays?"""
    r"""|must|works?|not|isn't|doesn't|already|now|never|should|may|misses|part|passage|section)\b|(passes|failed|passed|fails)\b)""",
    _I,
)
COMMENT: Final = re.compile(r"^\s*<!--.*-->\s*$")

Polarity: TypeAlias = Literal["", "list", "fix", "keep", "firm", "verify", "order"]


@lru_cache(maxsize=50_000)
def polarity(words: str) -> Polarity:
    """What a few words say about the demands they are about."""
    if _NEGATED_FAIL.search(words):
        return "keep"
    if _NEGATED_PASS.search(words):
        return "fix"
    firm, fix, keep = FIRM_CUE.search(words), _FIX.search(words), _KEEP.search(words)
    if fix and (not firm or fix.start() < firm.start()) and (not keep or fix.start() <= keep.start()):
        return "fix"
    if firm:
        return "firm"
    if keep:
        return "keep"
    return "list" if _LIST.search(words) else ""


class Facts(NamedTuple):
    """What a line or a clause speaks of, the demands apart."""

    fresh: bool
    approach: bool
    radical: bool
    verify: bool
    evidence: bool
    outline: bool
    fixed: bool
    firm: bool
    outline_only: bool
    only: bool


@lru_cache(maxsize=50_000)
def facts(words: str) -> Facts:
    """What a line or a clause speaks of."""
    outline = _OUTLINE.search(words) is not None
    return Facts(
        fresh=_FRESH.search(words) is not None,
        approach=_APPROACH.search(words) is not None,
        radical=_RADICAL.search(words) is not None,
        verify=_VERIFY.search(words) is not None,
        evidence=_EVIDENCE.search(words) is not None,
        outline=outline,
        fixed=_FIXED.search(words) is not None,
        firm=outline and FIRM_CUE.search(words) is not None,
        outline_only=_OUTLINE_ONLY.search(words) is not None,
        only=_ONLY.search(words) is not None,
    )


# Orders between two demands

_T: Final = r"[\"'*_`]*⟦(\d+)⟧[\"'*_`]*"
_BEFORE: Final = (
    re.compile(
        _T + r"[^⟦\n]{0,30}\b(comes?|goes|ranks|stands|is|stays|weighs|has|takes?|gets?|put|placed|matters|counts)\b"
        r"[^⟦\n]{0,25}\b(before|ahead of|above|precedence|priority|more important|more weight|more than|heavier|higher)\b"
        r"[^⟦\n]{0,30}" + _T,
        _I,
    ),
    re.compile(
        _T + r"\s*\b(outranks|overrides|trumps|beats|wins over|prevails over|before|above|over)\b[^⟦\n]{0,12}" + _T, _I
    ),
    re.compile(
        _T
        + r"[^⟦\n]{0,20}\b(even (if|where|when|though)|at the (expense|cost) of|regardless of|no matter what)\b[^⟦\n]{0,30}"
        + _T,
        _I,
    ),
    re.compile(
        r"\b(prioriti[sz]e|prefer|favou?r|put|place|rank|choose|value|give|grant)\b[^⟦\n]{0,20}"
        + _T
        + r"[^⟦\n]{0,20}\b(over|to|before|above|ahead of|rather than)\b[^⟦\n]{0,20}"
        + _T,
        _I,
    ),
    re.compile(_T + r"[^⟦\n]{0,15}\bmore (important|urgent|weighty) than\b[^⟦\n]{0,12}" + _T, _I),
    re.compile(_T + r"\s*(?:>|≻|»|→)\s*" + _T),
)
_RANKED: Final = re.compile(
    r"\bfirst\b\s*[:=]\s*"
    + _T
    + r"\W*[^⟦\n]{0,25}\b(second|next|last)\b\s*[:=]\s*"
    + _T
    + "|"
    + _T
    + r"\W{0,2}\s*first\W+(?:and )?"
    + _T
    + r"\W{0,2}\s*second\b",
    _I,
)
_FORMER: Final = re.compile(
    _T
    + r"\W*(?:and|or|versus|vs)\W*(?:the )?"
    + _T
    + r"[^⟦\n]{0,40}\bthe (former|first)\b[^⟦\n]{0,15}\b(has|have|takes|wins|comes|prevails|is|decides|weighs)",
    _I,
)
_LATTER: Final = re.compile(_FORMER.pattern.replace("former|first", "latter|second"), _I)
ORDER_LEAD: Final = re.compile(
    r"\b(the )?(first|former|upper|one above)\b[^.\n]{0,25}\b(wins?|has|takes|precedence|priority|prevails|comes first|decides|weighs|outranks)"
    r"|\b(order|list) of (precedence|priority|importance)|\b(precedence|priority)\W*$|\bin this order of\b"
    r"|\b(earlier|higher|upper) (ones?|items?|lines?|demands?|points?)\b[^.\n]{0,30}\b(win|precedence|priority|first|prevail|outrank)",
    _I,
)
"""Announces a list whose order is an order between demands."""
_AFTER: Final = (
    re.compile(
        _T
        + r"[^⟦\n]{0,30}\b(yields?|gives? way|is subordinate|defers?|is secondary|comes? (second|after)|ranks (below|under|after)|bows|gives? in|makes? room)\b[^⟦\n]{0,25}"
        + _T,
        _I,
    ),
)
_WINNER: Final = re.compile(
    _T
    + r"[^⟦\n]{0,20}\b(wins|win|prevails?|takes? precedence|takes? priority|has priority|has precedence|comes? first|goes first|is decisive|decides|has the last word|is to be followed)\b"
    r"|\b(follow|favou?r|prefer|satisfy|choose|go with|honou?r|serve|keep to|side with|decide for|opt for|in favou?r of|meet)\b[^⟦\n]{0,15}"
    + _T,
    _I,
)
_LOSER: Final = re.compile(
    _T
    + r"[^⟦\n]{0,20}\b(yields?|gives? way|loses|is secondary|may suffer|comes? second|waits|takes second place|steps? back)\b"
    r"|\b(sacrifice|relax|bend|compromise on|loosen|drop|let)\b[^⟦\n]{0,15}" + _T,
    _I,
)
APART: Final = re.compile(
    r"\b(pulls? (apart|against)|conflict\w*|clash\w*|collid\w*|compet\w*|contradict\w*|disagree\w*|at odds|in doubt|trade[- ]?off|cannot\b[^⟦\n]{0,25}\bboth|both cannot|diverge|torn|choose between|between)\b",
    _I,
)


@lru_cache(maxsize=50_000)
def orders_in(sentence: str) -> frozenset[tuple[int, int]]:
    """The orders that a sentence states."""
    named = [int(number) for number in TOKEN.findall(sentence)]
    if len(set(named)) < 2:
        return frozenset()
    for pattern, flip in ((_RANKED, False), (_FORMER, False), (_LATTER, True)):
        if hit := pattern.search(sentence):
            return frozenset({_ends(hit, flip=flip)})
    if len(set(named)) == 2 and APART.search(sentence) and (order := _settled(sentence, named)):
        return frozenset({order})
    for patterns, flip in ((_AFTER, True), (_BEFORE, False)):
        found = {_ends(hit, flip=flip) for pattern in patterns for hit in pattern.finditer(sentence)}
        found = {(a, b) for a, b in found if a != b and (flip or (b, a) not in found)}
        if found:
            return frozenset(found)
    return frozenset()


def _ends(hit: re.Match[str], *, flip: bool) -> tuple[int, int]:
    """The first and the last demand of a match."""
    numbers = [int(group) for group in hit.groups() if group and group.isdigit()]
    return (numbers[-1], numbers[0]) if flip else (numbers[0], numbers[-1])


def _settled(sentence: str, named: list[int]) -> tuple[int, int] | None:
    """Which of two demands wins, in a sentence that says that they pull apart."""
    for pattern, flip in ((_WINNER, False), (_LOSER, True)):
        if hits := list(pattern.finditer(sentence)):
            one = int(next(group for group in reversed(hits[-1].groups()) if group and group.isdigit()))
            other = next(number for number in named if number != one)
            return (other, one) if flip else (one, other)
    if len(named) > 2 and named.count(named[-1]) > 1:  # "should A and B clash, … A": who is named again wins
        return named[-1], next(number for number in named if number != named[-1])
    return None


def predicate(tail: str, *, last: bool) -> tuple[Polarity, str]:
    """What the words after a demand say about it, and what of them belongs to the next one."""
    if not _PREDICATE.match(tail):
        return "", tail
    if last:
        own, rest = tail, ""
    else:
        cut = max(tail.rfind(","), tail.rfind(" and "), tail.rfind(";"), tail.rfind("}"))
        own, rest = (tail[:cut], tail[cut:]) if cut > 0 else (tail, "")
    said = polarity(own)
    if said == "list" or (said == "keep" and not _PASSED.match(own) and not _NEGATED_FAIL.search(own)):
        said = ""  # "stays general" praises nothing
    return said, rest


@lru_cache(maxsize=50_000)
def clauses(line: str) -> tuple[str, ...]:
    """The sentences of a line, and their parts where a "but" turns the meaning."""
    return tuple(part for part in _SENTENCE.split(line) if part and part.strip())


class Weights(NamedTuple):
    """What one sentence speaks for."""

    judge_role: float
    judge: float
    write_role: float
    write: float
    find: float


@lru_cache(maxsize=50_000)
def speaks_for(sentence: str) -> Weights:
    """How much a sentence speaks for judging, for writing, and for finding a competing instruction."""
    start = _IMPERATIVE.match(sentence)
    label = sentence.rstrip("*# ").endswith(":") or len(sentence.split()) < 2
    verb = start.group(1).lower() if start and not label else ""
    judge = write = 0.0
    if verb in _JUDGE_VERBS:
        judge = 3.0
    elif _HAND_OVER.match(sentence):  # whatever was to be weighed before, the reply is a text
        write = 6.0
    elif verb in _WRITE_VERBS and not _VERB_OF_JUDGING.search(sentence):
        write = 3.0
    elif _JUDGE.search(sentence):
        judge = 1.0
    elif _WRITE.search(sentence) and not label:
        write = 0.5
    find = 6.0 if _FIND.search(sentence) and _FINDING.search(sentence) else 0.0
    return Weights(
        4.0 * bool(_ROLE_JUDGE.search(sentence)), judge, 4.0 * bool(_ROLE_WRITE.search(sentence)), write, find
    )
