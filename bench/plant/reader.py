"""Goes through a chat once and collects what it says: drafts, outlines, namings of demands, orders, prose.

Lines with code words are a draft or a quotation, and so are the headings around them. In every other line the namings
of demands become tokens; the words beside a token, or else the label above, say what it is named for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from plant.cues import (
    APART,
    COMMENT,
    CONJUNCTION,
    FIRM_CUE,
    LABEL,
    NUMBERED,
    ORDER_LEAD,
    POINTS,
    TO_VERIFY,
    TOKEN,
    Polarity,
    clauses,
    facts,
    orders_in,
    polarity,
    predicate,
)
from plant.world import World

__all__ = ["Cluster", "Mention", "Message", "Outline", "Reader"]

_INLINE_HEADINGS = 3
"""This many headings named in one line, or in a row before any sentence, are an outline."""
_SHORT_LABEL = 4
"""A line of so few words is a label even without a colon."""
_SHORT_LINE = 6
"""A line of so few words changes nothing about the lines that follow."""
_LONG_LINE = 60
"""Characters from which on a line no longer belongs to the label above it."""
_TO_BE = re.compile(r"\b(so that|such that|until|in order that|make sure|ensure)(\W+(that|the))*\W*$", re.IGNORECASE)
_ITEM = re.compile(r"\s*(?:[-*•>+]|\[.\]|\w{1,3}[.):])\s")
_ELISION = re.compile(r"\s*(?:\[\s*(?:…|\.\.\.)\s*\]|\(\s*(?:…|\.\.\.)\s*\)|…|\.\.\.)\s*")
"""A line that stands for others that are left out; the text goes on after it."""
_RANKED_AT_MOST = 3
"""A list in order of precedence orders its demands if it is this short."""
_LEAD_IN = 12
"""Characters before a naming that can say what it is for."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: str
    text: str


@dataclass(slots=True)
class Mention:
    """One naming of a demand."""

    demand: int
    polarity: Polarity
    block: int
    """Which stretch of the prompt it stands in."""
    late: bool
    """It stands in a message after the first, the system's apart."""
    group: tuple[int, int]
    """Namings of one list, or else of one line, are a group."""


@dataclass(slots=True)
class Cluster:
    """Lines of a draft that stand together."""

    context: Polarity
    """What the lines above say about it."""
    titled: bool = False
    lines: list[str] = field(default_factory=list[str])
    numbers: list[int | None] = field(default_factory=list["int | None"])
    """The number that the prompt gives each line."""
    weight: int = 0
    """Lines with code words."""

    def add(self, content: str, number: re.Match[str] | None) -> None:
        """One more line."""
        self.lines.append(content)
        self.numbers.append(int(number.group(1)) if number else None)


@dataclass(frozen=True, slots=True)
class Outline:
    """Headings without text."""

    context: Polarity
    headings: tuple[str, ...]


class Reader:
    """Reads messages about one world.

    Args:
        world: whose demands and texts they are about.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.clusters: list[Cluster] = []
        self.mentions: list[Mention] = []
        self.orders: set[tuple[int, int]] = set()
        self.prose: list[tuple[int, str]] = []
        """Clauses that name no demand, with the number of their message."""
        self.said: list[str] = []
        """Every line that is no draft, with tokens."""
        self.outlines: list[Outline] = []
        self.labels: dict[str, int] = {}
        """How the prompt calls demands besides their names."""
        self._block = 0
        self._row = 0
        self._group = (0, 0)
        self._index = 0
        self._late = False
        self._context: Polarity = ""
        self._fixed = False  # the lines above speak of a fixed outline
        self._cluster: Cluster | None = None
        self._ranked: list[int] = []  # demands listed under "the first one wins"

    def read(self, messages: Sequence[Message]) -> None:
        """Read all messages in order."""
        for index, message in enumerate(messages):
            self._index = index
            self._late = index > 0 and message.role != "system"
            self._block += 1
            self._context, self._fixed = "", False
            for raw in _unescaped(message.text).split("\n"):
                self._line(raw)
            self._close()
            self._rank()

    def _rank(self) -> None:
        """What was listed in order of precedence is ordered; a ranking of many is no answer to a conflict of two."""
        ranked, self._ranked = list(dict.fromkeys(self._ranked)), []
        if len(ranked) <= _RANKED_AT_MOST:
            self.orders |= {(a, b) for place, a in enumerate(ranked) for b in ranked[place + 1 :]}

    def _line(self, raw: str) -> None:
        number = NUMBERED.match(raw)
        content = raw[number.end() :] if number else raw
        if "-" in raw and self.world.marks(raw):
            cluster = self._open()
            cluster.add(content, number)
            cluster.weight += 1
            return
        heading = self.world.heading(content)
        title = not heading and content.lstrip().startswith("# ") and not self.world.naming.search(content)
        if title:
            self._close()  # a title begins another text
        if heading or title:
            fresh = self._cluster is None
            cluster = self._open()
            if fresh:
                cluster.titled = title
                cluster.context = "firm" if self._fixed else self._context
            cluster.add(content, number)
        elif not content.strip() or COMMENT.match(content) or _ELISION.fullmatch(content):
            if self._cluster is not None:
                self._cluster.add(content, number)
            elif content.strip():
                self._plain(raw)
        else:
            self._close()
            self._plain(raw)

    # Drafts

    def _open(self) -> Cluster:
        if self._cluster is None:
            self._cluster = Cluster(self._context)
        return self._cluster

    def _close(self) -> None:
        cluster, self._cluster = self._cluster, None
        if cluster is None:
            return
        while cluster.lines and not cluster.lines[-1].strip():
            cluster.lines.pop()
            cluster.numbers.pop()
        if cluster.weight:
            self._split_outline(cluster)
            self.clusters.append(cluster)
            return
        names = tuple(name for line in cluster.lines if (name := self.world.heading(line)))
        if len(names) > 1:
            self.outlines.append(Outline(cluster.context, names))

    def _split_outline(self, cluster: Cluster) -> None:
        """Headings in a row before the first sentence are an outline, not part of the draft."""
        run: list[int] = []
        for place, line in enumerate(cluster.lines):
            if self.world.heading(line):
                run.append(place)
            elif line.strip():
                break
        if len(run) >= _INLINE_HEADINGS and not cluster.titled:
            names = tuple(self.world.heading(cluster.lines[place]) for place in run[:-1])
            self.outlines.append(Outline(cluster.context, names))
            del cluster.lines[: run[-1]], cluster.numbers[: run[-1]]

    # Words

    def _named(self, line: str) -> str:
        """The line with every naming of a demand as a token."""
        known = self.world.read.get(line)
        if known is None:  # prompts of one run share most of their lines
            known = self.world.read[line] = self._tokens(line)
        return known

    def _tokens(self, line: str) -> str:
        world = self.world
        if not world.naming.search(line):
            return line
        for number, says in enumerate(world.sayings):
            while (place := line.lower().find(says)) >= 0:
                end = place + len(says) + line.startswith(".", place + len(says))
                line = f"{line[:place]}⟦{number}⟧{line[end:]}"
        line = world.naming.sub(lambda hit: f"⟦{world.numbers[hit.group(0).lower()]}⟧", line)
        return re.sub(r"⟦(\d+)⟧(?:\W{1,6}⟦\1⟧)+", r"⟦\1⟧", line)  # "name: sentence" is one naming

    def _plain(self, raw: str) -> None:
        """A line that is no draft: what it says about the demands that it names, or about those that follow."""
        line = self._named(raw)
        self.said.append(line)
        self._row += 1
        self._group = (self._block, 0 if _ITEM.match(raw) else self._row)
        self._headings(line)
        if "⟦" not in line:
            self._context = self._after(line)
            return
        label = LABEL.match(line)
        tokens = set(TOKEN.findall(line))
        if label and len(tokens) == 1:
            self.labels[label.group(1)] = int(next(iter(tokens)))
        if facts(line).verify and line.index("⟦") > _LEAD_IN:
            self._context = "verify"
        apart = ""
        for clause in clauses(line):
            if "⟦" in clause:
                orders = orders_in(clause) or (
                    orders_in(f"{apart} {clause}") if apart else frozenset[tuple[int, int]]()
                )
                self.orders |= orders
                # "A and B may clash. Then …": the order comes with the next sentence
                apart = clause if not orders and APART.search(clause) and len(set(TOKEN.findall(clause))) > 1 else ""
                if not orders and not apart:
                    self._mention(clause)
                continue
            self.prose.append((self._index, clause))
            if clause.rstrip().endswith(":"):
                self._context = polarity(clause) or self._context

    def _headings(self, line: str) -> None:
        """Whether a line names an outline, or announces one."""
        inline = self.world.headings_in(line)
        spoken = facts(line)
        if len(inline) >= _INLINE_HEADINGS:
            context = "firm" if self._fixed or spoken.fixed else self._context
            self.outlines.append(Outline(context, tuple(inline)))
        if spoken.outline:
            self._fixed = spoken.fixed or (self._fixed and len(line) < _LONG_LINE)
        elif len(line) > _LONG_LINE or line.rstrip().endswith(":"):
            self._fixed = False

    def _mention(self, clause: str) -> None:
        """The demands that a clause names, with what it says about each."""
        hits = list(TOKEN.finditer(clause))
        lead = clause[: hits[0].start()]
        said: Polarity = polarity(lead) if len(lead) > 3 else ""
        spoken = facts(clause)
        verifying = spoken.verify and (spoken.evidence or self._context == "verify")
        joined: list[Mention] = []
        for place, hit in enumerate(hits):
            last = place + 1 == len(hits)
            tail = clause[hit.end() : len(clause) if last else hits[place + 1].start()]
            own, rest = predicate(tail, last=last)
            if own == "keep" and _TO_BE.search(lead if not place else clause[: hit.start()]):
                own = "fix"  # "until it is met" says that it is not
            if own and not verifying:  # "A and B pass": the predicate is about both
                for earlier in joined:
                    earlier.polarity = own
            # A predicate speaks about its own demand, so it outweighs what stands before or above.
            about: Polarity = "verify" if verifying else own or said
            if about in {"", "list"}:
                about = self._context or about
            if about == "keep" and FIRM_CUE.search(clause):
                about = "firm"
            if about == "order":
                self._ranked.append(int(hit.group(1)))
            mention = Mention(int(hit.group(1)), about, self._block, self._late, self._group)
            self.mentions.append(mention)
            joined = [*joined, mention] if not own and not said and CONJUNCTION.match(tail) else []
            following = polarity(re.split(r",|;|\band\b", rest)[-1]) or polarity(rest)
            if following in {"keep", "firm", "fix"}:
                said = following

    def _after(self, line: str) -> Polarity:
        """What a line without a demand says about the lines that follow it."""
        bare = line.strip()
        self.prose.append((self._index, bare))
        if line[:1] in {" ", "\t", "-", "*"} and not bare.endswith((":", ":**")):
            return self._context  # part of an item, not a label
        if bare.startswith(("```", "---", "===")):
            return self._context
        words = bare.count(" ") + 1
        marked = bare.endswith((":", ":**", "…", ">")) or bare.startswith(("#", "**", "<", "[[", "=="))
        label = marked or words <= _SHORT_LABEL
        points = POINTS.search(bare) is not None
        if not label and not points and words <= _SHORT_LINE:
            return self._context
        self._block += 1
        self._rank()
        spoken = facts(bare)
        if ORDER_LEAD.search(bare):
            return "order"
        if spoken.evidence and (spoken.verify or (bare.endswith(":") and not FIRM_CUE.search(bare))):
            return "verify"
        if bare.startswith("</") or not (label or points):
            return ""
        if (spoken.verify and points) or (label and TO_VERIFY.search(bare)):
            return "verify"
        return polarity(re.sub(r"[_<>#*]", " ", bare)) or "list"


def _unescaped(text: str) -> str:
    """A text that came inside a JSON string, as it was."""
    if "\\n" in text:
        text = text.replace("\\n", "\n").replace('\\"', '"').replace("\\t", "\t")
    return text
