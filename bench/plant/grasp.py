"""What a prompt asks for, read by meaning: any loop may word it as it likes.

A prompt is read in three steps. Lines with code words are *draft* or *quotation*. In the rest, each naming of a demand
becomes a token, and the words around it say whether the demand is listed, to be fixed, to be kept, to be verified, or
ordered before another. The sentences that name no demand say what kind of reply is wanted.

Nothing here knows the wording of any loop; it knows what people write when they mean these things.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from plant.world import World

__all__ = ["Act", "Draft", "Message", "Request", "grasp"]

Act: TypeAlias = Literal["write", "judge", "advise", "find"]
"""Write a text, give verdicts, give advice in prose, or find which instruction competes with another."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that stands in a prompt."""

    lines: tuple[str, ...] = ()
    """Its lines as they are, numbering taken off."""
    numbers: tuple[int, ...] = ()
    """The number of each line as the prompt has it, or as counted from 1."""

    @property
    def text(self) -> str:
        """The text."""
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a prompt asks for. Demands are numbers in the order of the spec."""

    act: Act
    draft: Draft
    """The current draft; empty if there is none, or a new start is asked for."""
    listed: frozenset[int]
    """Demands that the prompt names at all."""
    fix: frozenset[int]
    """Demands singled out to be worked on."""
    keep: frozenset[int]
    """Demands that are to stay as they are."""
    firm: frozenset[int]
    """Those of them that must stay at any price."""
    orders: frozenset[tuple[int, int]]
    """(a, b): a comes before b."""
    verify: frozenset[int]
    """Demands to check the text against, with evidence."""
    asked: tuple[int, ...]
    """For a verdict: the demands in question."""
    fresh: bool = False
    """A new start, not from a draft that exists."""
    approach: bool = False
    """By another approach than before."""
    outline: tuple[str, ...] = ()
    """Headings that are given as fixed."""
    outline_only: bool = False
    """Only the headings are wanted."""
    pinned: tuple[str, ...] = ()
    """Sentences of the draft quoted as not to be changed."""
    labels: Mapping[str, int]
    """How the prompt calls demands besides their names: ``C1`` → number."""


# Words and what they mean

_I: Final = re.IGNORECASE
_NEGATED_PASS: Final = re.compile(
    r"(\bnot\b|n't\b|\bnever\b|\bfail(s|ed|ing)? to\b|\bno longer\b|\bcannot\b)\W+(\w+\W+){0,2}?"
    r"(pass|meet|met|satisf|hold|fulfil|there|right|ok\b|good|done|achiev|clear|convinc|enough)"
    r"|\bun(met|satisfied|fulfilled|resolved|fixed)\b"
    r'|"?\b(pass|passed|met|ok|satisfied|holds|success)"?\s*[:=]\s*"?(false|no\b|0\b)',
    _I,
)
_NEGATED_FAIL: Final = re.compile(
    r"(\bno longer\b|\bnot\b|n't\b|\bno\b)\W+(\w+\W+)?(fail|wrong|broken|missing|problem|issue|fault)"
    r'|"?\b(pass|passed|met|ok|satisfied|holds|success)"?\s*[:=]\s*"?(true|yes\b|1\b)',
    _I,
)
_FIRM: Final = re.compile(
    r"\b(must|has to|have to|shall)\W+(\w+\W+){0,2}?(stay|remain|survive|keep|not (be )?(los|chang|touch|brok|break|alter))"
    r"|\bfrozen\b|\bfreeze\b|\block(ed)?\b|non-negotiable|at (all|any) (costs?|price)|byte for byte|\bverbatim\b|\buntouched\b|"
    r"\b(do not|don't|never|may not|must not)\W+(\w+\W+){0,2}?(touch|alter|lose|change|give up|break|disturb)|\binviolable\b"
    r"|\bprotected\b|\bpinned\b|off[- ]limits|no circumstances|\buntouchable\b|\bsacred\b|\brejected if\b|\bsettled for good\b",
    _I,
)
_FIX: Final = re.compile(
    r"\bfail(s|ed|ing|ures?)?\b|\bmissing\b|\black(s|ing)?\b|\bfix(es|ed|ing)?\b|\brepair|\bcorrect (this|these|the|only|it)\b"
    r"|\bwrong\b|\bfaults?\b|\bproblems?\b|\bissues?\b|\bdefects?\b|\bviolat|\bbroken\b|\bimprove|\baddress(ing)?\b"
    r"|\bneeds? (more )?(work|attention|fixing)|\b(does|do|did|is|are|was) ?n[o']t\b|\bstill (open|to do|outstanding)|\bopen (points|faults|items)"
    r"|\bto[- ]do\b|\bweak|\bcomplain|\bcritique\b|\bcriticism|\bfeedback\b|\bremaining\b|\bshortcoming|\bdeficien"
    r"|\bwork on\b|\bput right\b|\bmend\b|\bnot ok\b|✗|❌|\bmissed\b|\bunclear\b|\boutstanding\b|\bblock(er|ing)s?\b|\bregress"
    r"|\bwhat to change\b|\bchanges? (needed|required|requested)|\bconcentrate on\b|\bfocus(ing)? on\b|\btarget(s|ed)?\b|\bobjection",
    _I,
)
_KEEP: Final = re.compile(
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
    r"\b(check|verify|confirm|prove|audit|demonstrate|show|tick off|go through|test)\b[^.\n]{0,80}?"
    r"\b(each|every|yourself|own|against|one by one|all|the following|these|that|list|it|this|⟦)",
    _I,
)
_TO_VERIFY: Final = re.compile(r"\b(verify|check|confirm|prove)\b", _I)
_EVIDENCE: Final = re.compile(
    r"\bquot(e|es|ing|ation)\b|\bcit(e|es|ing|ation)\b|\bevidence\b|\bpoint (to|at) the (line|passage|sentence)"
    r"|\b(name|give|state|copy( out)?|mark|show) (me )?(the|which) (\w+ )?(line|passage|sentence)|\bproof\b|\bword for word\b",
    _I,
)
_FRESH: Final = re.compile(
    r"\b(from scratch|start(ing)? (over|again|afresh|anew)|afresh|anew|fresh (draft|start|text|version|attempt)|new (draft|start|attempt) from|"
    r"blank (page|sheet)|clean (sheet|slate)|from nothing|ground up|begin again|entirely new|brand[- ]new|completely new|(without|not|n't) (looking|look) (at|back)|"
    r"discard|throw (it|this|that|the \w+) away|ignore (the|your|all) (previous|earlier|old|last)|(do not|don't|never) (re-?use|revise|build on|continue|copy))",
    _I,
)
_APPROACH: Final = re.compile(
    r"\b(different|another|new|other|changed|alternative|opposite|fresh|unlike)\b\W+(\w+\W+){0,2}?(approach|angle|premise|opening|starting point|strategy|"
    r"direction|route|line of attack|take|way in|idea|concept|basis|perspective)|\brethink\b|\breframe\b|\bapproach\b[^.\n]{0,40}\b(differ|instead|changed|not the)"
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
    r"(keep|retain|preserve|use|follow|leave)\b[^.\n]{0,50}(headings?|outline|sections?|structure|order|skeleton)|required|unchanged|prescribed|word for word)",
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
_VERDICTS: Final = re.compile(
    r"\b(PASS|FAIL|pass/fail|verdict|score|JSON|true/false|yes/no|NEEDS_IMPROVEMENT|met|unmet)\b"
)
_FIND: Final = re.compile(
    r"\b(compet\w+|conflict\w*|contradict\w*|tension|at odds|pulls? against|incompatib\w+|rival\w*|stands? in (its|the) way|prevents?|works? against)\b",
    _I,
)
_FINDING: Final = re.compile(
    r"\b(which|find|identify|name|locate|is there|what|look for|cite|point out)\b[^.\n]{0,90}\b(instruction|sentence|line|rule|demand|requirement|passage|part|constraint|criterion)",
    _I,
)
_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+|\n+|\s+[–—]\s+|,?\s+\b(?=(?:but|while|whereas|without|although)\b)")
_IMPERATIVE: Final = re.compile(
    r"^\W*(?:(?:please|now|then|next|finally|first|your task is to|your job is to|using this,?|you|should|must|will|task:?|and|to)\W+)*(\w[\w-]*)",
    _I,
)
_JUDGE_VERBS: Final = frozenset("judge evaluate grade assess critique review score rate audit inspect appraise".split())
_WRITE_VERBS: Final = frozenset(
    "write rewrite re-write revise compose produce redraft edit fix improve correct repair rework continue generate create "
    "draft change refine mend apply propose".split()
)
_VERB_OF_JUDGING: Final = re.compile(r"\b(feedback|critique|verdict|review|comments)\b", _I)
_ONLY: Final = re.compile(r"\b(only|just|this one|these)\b", _I)
_TOKEN: Final = re.compile(r"⟦(\d+)⟧")
_NUMBERED: Final = re.compile(r"^\s*(?:\[?L?(\d{1,4})\]?(?:\s?[|:\t>│)]|\.(?=\s|$)|\s?→|\s?-(?=\s|$)|(?=\s|$)))\s?")
_LABEL: Final = re.compile(r"^\W*([A-Za-z]{1,4}[-_ ]?\d{1,2})\b\W")
_PASSED: Final = re.compile(
    r"""^[\W_]*(?:(?:is|are|was|were|has|have|been|now|already|also|both|part|passage|section|verdict|status)[\W_]+)*"""
    r"""(?:pass|passes|passed|passing|met|ok|okay|fine|satisfied|satisfies|fulfilled|holds?|good|done|keep|works?|intact|perfect|[✓✔✅])(?![\w])""",
    _I,
)
_CONJUNCTION: Final = re.compile(r"^[\W_]*(?:and|or|as well as|both)?(?:[\W_]+the)?[\W_]*$", _I)
_POINTS: Final = re.compile(r"\b(following|these|below|listed|here)\b", _I)
_PREDICATE: Final = re.compile(
    r"""^[\"'\]*_`]*\s*(\([^)]*\)\s*)?([:=—–(\[|{✓✗❌✅-]|(is|are|was|were|has|have|does|do|did|pass|fail|holds?|lacks?|needs?|remains?|still|stays?"""
    r"""|must|works?|not|isn't|doesn't|already|now|never|should|may|misses|part|passage|section)\b|(passes|failed|passed|fails)\b)""",
    _I,
)
_COMMENT: Final = re.compile(r"^\s*<!--.*-->\s*$")

Polarity: TypeAlias = Literal["", "list", "fix", "keep", "firm", "verify"]


@lru_cache(maxsize=50_000)
def _polarity(words: str) -> Polarity:
    """What a few words say about the demands they are about."""
    if _NEGATED_FAIL.search(words):
        return "keep"
    if _NEGATED_PASS.search(words):
        return "fix"
    firm, fix, keep = _FIRM.search(words), _FIX.search(words), _KEEP.search(words)
    if fix and (not firm or fix.start() < firm.start()) and (not keep or fix.start() <= keep.start()):
        return "fix"
    if firm:
        return "firm"
    if keep:
        return "keep"
    return "list" if _LIST.search(words) else ""


class _Facts(NamedTuple):
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
def _facts(words: str) -> _Facts:
    outline = _OUTLINE.search(words) is not None
    return _Facts(
        fresh=_FRESH.search(words) is not None,
        approach=_APPROACH.search(words) is not None,
        radical=_RADICAL.search(words) is not None,
        verify=_VERIFY.search(words) is not None,
        evidence=_EVIDENCE.search(words) is not None,
        outline=outline,
        fixed=_FIXED.search(words) is not None,
        firm=outline and _FIRM.search(words) is not None,
        outline_only=_OUTLINE_ONLY.search(words) is not None,
        only=_ONLY.search(words) is not None,
    )


# Orders between two demands

_T: Final = r"[\"'*_`]*⟦(\d+)⟧[\"'*_`]*"
_BEFORE: Final = (
    re.compile(
        _T + r"[^⟦\n]{0,30}\b(comes?|goes|ranks|stands|is|stays|weighs|has|takes?|gets?|put|placed|matters|counts)?\b[^⟦\n]{0,25}"
        r"\b(before|first|ahead of|above|precedence|priority|more|outranks|overrides|over|wins|beats|prevails|trumps|higher|heavier)\b[^⟦\n]{0,30}"
        + _T,
        _I,
    ),
    re.compile(
        r"\b(prioriti[sz]e|prefer|favou?r|put|place|rank|choose|value|let)\b[^⟦\n]{0,20}" + _T + r"[^⟦\n]{0,12}\b(over|to|before|above|ahead of|rather than|win)\b[^⟦\n]{0,20}" + _T,
        _I,
    ),
    re.compile(_T + r"\s*(?:>|≻|»|→)\s*" + _T),
)
_AFTER: Final = (
    re.compile(
        _T + r"[^⟦\n]{0,30}\b(yields?|gives? way|is subordinate|defers?|is secondary|comes? (second|after)|ranks (below|under|after)|bows|gives? in|makes? room)\b[^⟦\n]{0,25}"
        + _T,
        _I,
    ),
)
_WINNER: Final = re.compile(
    _T + r"[^⟦\n]{0,20}\b(wins|win|prevails?|takes? precedence|takes? priority|has priority|has precedence|comes? first|goes first|is decisive|decides|has the last word|is to be followed)\b"
    r"|\b(follow|favou?r|prefer|satisfy|choose|go with|honou?r|serve|keep to|side with)\b[^⟦\n]{0,15}" + _T,
    _I,
)
_LOSER: Final = re.compile(
    _T + r"[^⟦\n]{0,20}\b(yields?|gives? way|loses|is secondary|may suffer|comes? second|waits|takes second place|steps? back)\b"
    r"|\b(sacrifice|relax|bend|compromise on|loosen|drop)\b[^⟦\n]{0,15}" + _T,
    _I,
)
_APART: Final = re.compile(
    r"\b(pulls? (apart|against)|conflict\w*|clash\w*|collid\w*|compet\w*|contradict\w*|disagree\w*|at odds|in doubt|trade[- ]?off|cannot (both|have both)|both cannot|diverge|torn|choose between|between)\b",
    _I,
)


@lru_cache(maxsize=50_000)
def _orders(sentence: str) -> frozenset[tuple[int, int]]:
    """The orders that a sentence states."""
    named = [int(number) for number in _TOKEN.findall(sentence)]
    if len(set(named)) < 2:
        return frozenset()
    found: set[tuple[int, int]] = set()
    if len(set(named)) == 2:
        apart = _APART.search(sentence)
        for pattern, flip in ((_WINNER, False), (_LOSER, True)):
            hits = list(pattern.finditer(sentence))
            if hits and apart:
                one = int(next(group for group in reversed(hits[-1].groups()) if group and group.isdigit()))
                other = next(number for number in named if number != one)
                return frozenset({(other, one) if flip else (one, other)})
    for patterns, flip in ((_AFTER, True), (_BEFORE, False)):
        for pattern in patterns:
            for hit in pattern.finditer(sentence):
                numbers = [int(group) for group in hit.groups() if group and group.isdigit()]
                a, b = numbers[0], numbers[-1]
                if a != b and (b, a) not in found:
                    found.add((b, a) if flip else (a, b))
        if found:
            break
    return frozenset(found)


# The reader


@dataclass(slots=True)
class _Mention:
    demand: int
    polarity: Polarity
    block: int
    message: int
    late: bool
    """It stands in a message after one that holds a draft, or that opened the task."""


@dataclass(slots=True)
class _Cluster:
    lines: list[str]
    numbers: list[int | None]
    weight: int
    message: int
    row: int
    context: Polarity
    titled: bool


def _unescaped(text: str) -> str:
    """A text that came inside a JSON string, as it was."""
    if "\\n" in text:
        text = text.replace("\\n", "\n").replace('\\"', '"').replace("\\t", "\t")
    return text


class _Reader:
    """Goes through the messages once and collects what they say."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.names = world.naming
        self.clusters: list[_Cluster] = []
        self.mentions: list[_Mention] = []
        self.orders: set[tuple[int, int]] = set()
        self.prose: list[tuple[int, str]] = []
        self.said: list[str] = []
        self.outlines: list[tuple[Polarity, bool, tuple[str, ...]]] = []
        self.labels: dict[str, int] = {}
        self.block = 0

    def read(self, messages: Sequence[Message]) -> None:
        """Read all messages in order."""
        for index, message in enumerate(messages):
            self._message(index, message)

    def _message(self, index: int, message: Message) -> None:
        world = self.world
        context: Polarity = ""
        fixed = False  # the lines above speak of a fixed outline
        cluster: _Cluster | None = None
        row = 0
        self.block += 1
        for raw in _unescaped(message.text).split("\n"):
            row += 1
            bare = raw.strip()
            number = _NUMBERED.match(raw)
            content = raw[number.end() :] if number else raw
            if "-" in raw and world.marks(raw):
                if cluster is None:
                    cluster = self._open(index, row, context)
                cluster.lines.append(content if number else raw)
                cluster.numbers.append(int(number.group(1)) if number else None)
                cluster.weight += 1
                continue
            heading = world.heading(content)
            title = not heading and content.lstrip().startswith("# ")
            if title and not _TOKEN.search(self._named(content)) and cluster is not None:
                self._close(cluster)
                cluster = None
            if not bare or (number and not content.strip()) or heading or title or _COMMENT.match(content):
                if cluster is None and (heading or (title and not self._names_demand(content))):
                    cluster = self._open(index, row, context)
                    cluster.titled = title
                    cluster.context = "firm" if fixed else context
                if cluster is not None:
                    cluster.lines.append(content if number else raw)
                    cluster.numbers.append(int(number.group(1)) if number else None)
                if cluster is not None or not bare:
                    continue
            if cluster is not None:
                self._close(cluster)
                cluster = None
            context, fixed = self._plain(index, message.role, raw, context, fixed=fixed)
        if cluster is not None:
            self._close(cluster)

    def _open(self, index: int, row: int, context: Polarity) -> _Cluster:
        return _Cluster([], [], 0, index, row, context, titled=False)

    def _close(self, cluster: _Cluster) -> None:
        while cluster.lines and not cluster.lines[-1].strip():
            cluster.lines.pop()
            cluster.numbers.pop()
        if cluster.weight:
            self._split_outline(cluster)
            self.clusters.append(cluster)
            return
        names = tuple(name for line in cluster.lines if (name := self.world.heading(line)))
        if len(names) >= 2:
            self.outlines.append((cluster.context, cluster.titled, names))

    def _split_outline(self, cluster: _Cluster) -> None:
        """Headings in a row before the first sentence are an outline, not part of the draft."""
        run: list[int] = []
        for place, line in enumerate(cluster.lines):
            if self.world.heading(line):
                run.append(place)
            elif line.strip():
                break
        if len(run) >= 3 and not cluster.titled:
            names = tuple(self.world.heading(cluster.lines[place]) for place in run[:-1])
            self.outlines.append((cluster.context, False, names))
            del cluster.lines[: run[-1]], cluster.numbers[: run[-1]]

    def _names_demand(self, line: str) -> bool:
        return self.names.search(line) is not None

    def _named(self, line: str) -> str:
        """The line with every naming of a demand as a token."""
        known = self.world.read.get(line)
        if known is None:  # prompts of one run share most of their lines
            known = self.world.read[line] = self._tokens(line)
        return known

    def _tokens(self, line: str) -> str:
        if not self.names.search(line):
            return line
        for number, says in enumerate(self.world.sayings):
            while (place := line.lower().find(says)) >= 0:
                end = place + len(says) + line.startswith(".", place + len(says))
                line = f"{line[:place]}⟦{number}⟧{line[end:]}"
        line = self.names.sub(lambda hit: f"⟦{self.world.numbers[hit.group(0).lower()]}⟧", line)
        return re.sub(r"⟦(\d+)⟧(?:\W{1,6}⟦\1⟧)+", r"⟦\1⟧", line)

    def _plain(
        self, index: int, role: str, raw: str, context: Polarity, *, fixed: bool
    ) -> tuple[Polarity, bool]:
        """A line that is no draft: what it says about the demands that it names, or about those that follow."""
        line = self._named(raw)
        self.said.append(line)
        inline = self.world.headings_in(line)
        if len(inline) >= 3:
            self.outlines.append(("firm" if fixed or _facts(line).fixed else context, False, tuple(inline)))
        if _facts(line).outline:
            fixed = _facts(line).fixed or (fixed and len(line) < 60)
        elif len(line) > 60 or line.rstrip().endswith(":"):
            fixed = False
        if "⟦" not in line:
            return self._context(index, line, context), fixed
        tokens = {int(number) for number in _TOKEN.findall(line)}
        label = _LABEL.match(line)
        if label and len(tokens) == 1:
            self.labels[label.group(1)] = next(iter(tokens))
        before = line[: line.index("⟦")]
        if _facts(line).verify and len(before) > 12:
            context = "verify"
        late = index > 0 and role != "system"
        for sentence in _clauses(line):
            if "⟦" not in sentence:
                self.prose.append((index, sentence))
                if sentence.rstrip().endswith(":"):
                    context = _polarity(sentence) or context
                continue
            orders = _orders(sentence)
            if orders:
                self.orders |= orders
                continue
            self._mention(sentence, context, index, late=late)
        return context, fixed

    def _mention(self, sentence: str, context: Polarity, index: int, *, late: bool) -> None:
        """The demands that a clause names, with what it says about each."""
        hits = list(_TOKEN.finditer(sentence))
        lead = sentence[: hits[0].start()]
        said: Polarity = _polarity(lead) if len(lead) > 3 else ""
        verifying = _facts(sentence).verify and (_facts(sentence).evidence or context == "verify")
        joined: list[_Mention] = []
        for place, hit in enumerate(hits):
            end = hits[place + 1].start() if place + 1 < len(hits) else len(sentence)
            tail = sentence[hit.end() : end]
            own, rest = _predicate(tail, last=place + 1 == len(hits))
            # A predicate speaks about its own demand, so it outweighs what stands before or above.
            if own and not verifying:  # "A and B pass": the predicate is about both
                for earlier in reversed(joined):
                    earlier.polarity = own
            polarity: Polarity = "verify" if verifying else own or said
            if polarity in {"", "list"} and context:
                polarity = context
            mention = _Mention(int(hit.group(1)), polarity, self.block, index, late)
            self.mentions.append(mention)
            joined = [*joined, mention] if not own and not said and _CONJUNCTION.match(tail) else []
            following = _polarity(rest)
            if following in {"keep", "firm", "fix"}:
                said = following

    def _context(self, index: int, line: str, context: Polarity) -> Polarity:
        """What a line without a demand says about the lines that follow it."""
        bare = line.strip()
        self.prose.append((index, bare))
        if line[:1] in {" ", "\t", "-", "*"} and not bare.endswith((":", ":**")):
            return context
        if bare.startswith("</"):
            self.block += 1
            return ""
        if bare.startswith(("```", "---", "===")):
            return context
        words = bare.count(" ") + 1
        label = bare.endswith((":", ":**", "…", ">")) or bare.startswith(("#", "**", "<", "[[", "==")) or words <= 4
        points = _POINTS.search(bare) is not None
        if not label and not points:
            if words <= 6:
                return context
            self.block += 1
            return ""
        self.block += 1
        if (_facts(bare).verify and (_facts(bare).evidence or points)) or (label and _TO_VERIFY.search(bare)):
            return "verify"
        return _polarity(re.sub(r"[_<>#*]", " ", bare)) or "list"


def _predicate(tail: str, *, last: bool) -> tuple[Polarity, str]:
    """What the words after a demand say about it, and what of them belongs to the next one."""
    if not _PREDICATE.match(tail):
        return "", tail
    if last:
        own, rest = tail, ""
    else:
        cut = max(tail.rfind(","), tail.rfind(" and "), tail.rfind(";"), tail.rfind("}"))
        own, rest = (tail[:cut], tail[cut:]) if cut > 0 else (tail, "")
    said = _polarity(own)
    if said == "list" or (said == "keep" and not _PASSED.match(own) and not _NEGATED_FAIL.search(own)):
        said = ""  # "stays general" praises nothing
    return said, rest


@lru_cache(maxsize=50_000)
def _clauses(line: str) -> tuple[str, ...]:
    return tuple(part for part in _SENTENCE.split(line) if part and part.strip())


def grasp(world: World, messages: Sequence[Message], keys: Iterable[str] = ()) -> Request:
    """Read a chat.

    Args:
        world: whose demands and texts it is about.
        messages: the chat; the last one asks.
        keys: property names of the schema that the reply must follow, if there is one.

    Returns:
        What is asked for.
    """
    reader = _Reader(world)
    reader.read(messages)
    prose = [text for _index, text in reader.prose]
    draft, pinned = _draft(reader)
    act = _act(reader, messages, set(keys), has_draft=bool(draft.lines))
    facts = [_facts(line) for line in reader.said]
    approach = any(one.approach for one in facts)
    fresh = any(one.fresh or (one.radical and one.approach) for one in facts)
    sets = _sets(reader, writing=act == "write", started=bool(draft.lines) or fresh)
    firm = sets["firm"] | {mark.demand for line in pinned for mark in world.marks(line) if mark.demand >= 0}
    evidence = any(one.evidence for one in facts) or any(key in {"evidence", "quote", "quotes"} for key in keys)
    verify = sets["verify"] if evidence else frozenset[int]()
    if evidence and not verify and any(_facts(text).verify for text in prose):
        verify = sets["listed"]
    asked = _asked(reader, sets["listed"])
    outline = next((names for how, _t, names in reversed(reader.outlines) if how == "firm" or _fixed_near(reader.said)), ())
    if not outline and draft.lines and _keeps_headings(prose):
        outline = tuple(name for line in draft.lines if (name := world.heading(line)))
    outline_only = act == "write" and any(one.outline_only for one in facts) and not outline
    starts_anew = fresh and act == "write"
    return Request(
        act=act,
        draft=Draft() if starts_anew else draft,
        listed=sets["listed"],
        fix=sets["fix"],
        keep=sets["keep"] | firm,
        firm=firm,
        orders=frozenset(reader.orders),
        verify=verify,
        asked=asked,
        fresh=starts_anew,
        approach=approach,
        outline=outline,
        outline_only=outline_only,
        pinned=pinned,
        labels=reader.labels,
    )


def _fixed_near(said: Sequence[str]) -> bool:
    return any((facts := _facts(part)).outline and facts.fixed for line in said for part in _clauses(line))


def _keeps_headings(prose: Sequence[str]) -> bool:
    """Whether the headings of the draft are to stay as they are."""
    parts = (_facts(part) for text in prose for part in _clauses(text))
    return any(facts.outline and (facts.firm or facts.fixed) for facts in parts)


def _draft(reader: _Reader) -> tuple[Draft, tuple[str, ...]]:
    """The current draft, and sentences that are quoted as not to be changed."""
    if not reader.clusters:
        return Draft(), ()
    most = max(cluster.weight for cluster in reader.clusters)
    large = [cluster for cluster in reader.clusters if cluster.weight >= 0.6 * most and cluster.weight > 2]
    pinned = tuple(
        line.strip()
        for cluster in reader.clusters
        if cluster not in large and cluster.context == "firm"
        for line in cluster.lines
        if reader.world.marks(line)
    )
    if not large:
        # A few sentences alone: a draft if nothing says that they are a quotation.
        whole = [cluster for cluster in reader.clusters if cluster.titled or cluster.weight > 1]
        if not whole:
            return Draft(), pinned
        large = whole
    chosen = large[-1]
    numbers = tuple(number or place for place, number in enumerate(chosen.numbers, start=1))
    return Draft(tuple(chosen.lines), numbers), pinned


def _sets(reader: _Reader, *, writing: bool, started: bool) -> dict[str, frozenset[int]]:
    """Which demands are listed, to be fixed, to be kept, to be verified."""
    total = len(reader.world.spec.criteria)
    listed = frozenset(mention.demand for mention in reader.mentions)
    by_block: dict[int, set[int]] = {}
    for mention in reader.mentions:
        if mention.polarity in {"", "list"}:
            by_block.setdefault(mention.block, set()).add(mention.demand)
    general = {block for block, demands in by_block.items() if len(demands) >= max(2, 0.6 * total)}
    fix: set[int] = set()
    keep: set[int] = set()
    firm: set[int] = set()
    verify: set[int] = set()
    first = min(by_block, default=0)
    for mention in reader.mentions:
        match mention.polarity:
            case "fix":
                fix.add(mention.demand)
            case "keep":
                keep.add(mention.demand)
            case "firm":
                firm.add(mention.demand)
            case "verify":
                verify.add(mention.demand)
            case _ if started and writing and mention.block not in general and (general or mention.late):
                # Named apart from the general list, and nothing says that it is fine.
                if mention.block != first or mention.late:
                    fix.add(mention.demand)
            case _:
                pass
    return {
        "listed": listed,
        "fix": frozenset(fix),
        "keep": frozenset(keep - fix),
        "firm": frozenset(firm - fix),
        "verify": frozenset(verify),
    }


def _asked(reader: _Reader, listed: frozenset[int]) -> tuple[int, ...]:
    """The demands that a judge is asked about: those named last apart from the list, else all that are named."""
    blocks: dict[int, list[int]] = {}
    for mention in reader.mentions:
        blocks.setdefault(mention.block, [])
        if mention.demand not in blocks[mention.block]:
            blocks[mention.block].append(mention.demand)
    if len(blocks) > 1 and any(_facts(text).only for _index, text in reader.prose):
        return tuple(blocks[max(blocks)])
    return tuple(sorted(listed))


_FIND_KEYS: Final = re.compile(r"compet|conflict|instruction|rival|against", _I)
_JUDGE_KEYS: Final = re.compile(
    r"^(verdicts?|status|pass(ed)?|met|satisfied|score|rating|grade|decision|criteri(a|on)(_results)?|readings?|answered|is_met|fulfilled|evaluation|results?|findings)$",
    _I,
)
_WRITE_KEYS: Final = re.compile(r"^(edits?|text|draft|document|content|answer|output|revised(_\w+)?|new_(text|draft)|outline|headings|sections|replace)$", _I)
_ADVISE_KEYS: Final = re.compile(r"^(advice|feedback|critique|suggestions?|comments|lessons?|plan)$", _I)


def _act(reader: _Reader, messages: Sequence[Message], keys: set[str], *, has_draft: bool) -> Act:
    """What kind of reply is wanted."""
    if keys:
        if any(_FIND_KEYS.search(key) for key in keys) and not any(_JUDGE_KEYS.match(key) for key in keys):
            return "find"
        if any(_JUDGE_KEYS.match(key) for key in keys):
            return "judge"
        if any(_WRITE_KEYS.match(key) for key in keys):
            return "write"
        if any(_ADVISE_KEYS.match(key) for key in keys):
            return "advise"
    last = max((index for index, message in enumerate(messages) if message.role != "assistant"), default=0)
    relevant = [(index, text) for index, text in reader.prose if index == last or messages[index].role == "system"]
    judge, write, find = _scores(relevant)
    if find > max(judge, write):
        return "find"
    if judge > write and has_draft:
        wants = any(_VERDICTS.search(text) for _index, text in relevant)
        return "judge" if wants else "advise"
    return "write"


def _scores(relevant: Sequence[tuple[int, str]]) -> tuple[float, float, float]:
    """How much the sentences speak for judging, for writing, and for finding a competing instruction."""
    judge = write = find = 0.0
    sentences = [clause for _index, text in relevant for clause in _clauses(text)]
    for place, sentence in enumerate(sentences):
        late = 1.0 + (place + 1) / len(sentences)  # the last word counts twice the first
        one = _speaks_for(sentence)
        judge += one.judge_role + one.judge * late
        write += one.write_role + one.write * late
        find += one.find * late
    return judge, write, find


class _Weights(NamedTuple):
    """What one sentence speaks for."""

    judge_role: float
    judge: float
    write_role: float
    write: float
    find: float


@lru_cache(maxsize=50_000)
def _speaks_for(sentence: str) -> _Weights:
    start = _IMPERATIVE.match(sentence)
    label = sentence.rstrip("*# ").endswith(":") or len(sentence.split()) < 2
    verb = start.group(1).lower() if start and not label else ""
    judge = write = 0.0
    if verb in _JUDGE_VERBS:
        judge = 3.0
    elif verb in _WRITE_VERBS and not _VERB_OF_JUDGING.search(sentence):
        write = 3.0
    elif _JUDGE.search(sentence):
        judge = 1.0
    elif _WRITE.search(sentence) and not label:
        write = 0.5
    find = 6.0 if _FIND.search(sentence) and _FINDING.search(sentence) else 0.0
    return _Weights(
        4.0 * bool(_ROLE_JUDGE.search(sentence)), judge, 4.0 * bool(_ROLE_WRITE.search(sentence)), write, find
    )
