"""What a prompt asks for, read by meaning: any loop may word it as it likes.

A prompt is read in three steps. Lines with code words are *draft* or *quotation*. In the rest, each naming of a demand
becomes a token, and the words around it say whether the demand is listed, to be fixed, to be kept, to be verified, or
ordered before another. The sentences that name no demand say what kind of reply is wanted.

Nothing here knows the wording of any loop; it knows what people write when they mean these things.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from plant.cues import clauses, facts, speaks_for
from plant.reader import Message, Reader
from plant.world import World

__all__ = ["Act", "Draft", "Request", "grasp"]

Act: TypeAlias = Literal["write", "judge", "advise", "find"]
"""Write a text, give verdicts, give advice in prose, or find which instruction competes with another."""


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
    crowd: Mapping[int, int]
    """For each demand to be kept: how many are held along with it where it is held most pointedly."""
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
    shown: tuple[str, ...] = ()
    """Headings of an outline that is to be put right."""
    pinned: tuple[str, ...] = ()
    """Sentences of the draft quoted as not to be changed."""
    labels: Mapping[str, int]
    """How the prompt calls demands besides their names: ``C1`` → number."""


def grasp(world: World, messages: Sequence[Message], keys: Iterable[str] = ()) -> Request:
    """Read a chat.

    Args:
        world: whose demands and texts it is about.
        messages: the chat; the last one asks.
        keys: property names of the schema that the reply must follow, if there is one.

    Returns:
        What is asked for.
    """
    reader = Reader(world)
    reader.read(messages)
    prose = [text for _index, text in reader.prose]
    draft, pinned = _draft(reader)
    act = _act(reader, messages, set(keys), has_draft=bool(draft.lines))
    spoken = [facts(line) for line in reader.said]
    approach = any(one.approach for one in spoken)
    fresh = any(one.fresh or (one.radical and one.approach) for one in spoken)
    sets = _sets(reader, writing=act == "write", started=bool(draft.lines) or fresh)
    firm = sets["firm"] | {mark.demand for line in pinned for mark in world.marks(line) if mark.demand >= 0}
    crowd = _crowd(reader, firm)
    for demand in {mark.demand for line in pinned for mark in world.marks(line)}:
        crowd[demand] = min(crowd.get(demand, len(pinned)), len(pinned))
    evidence = any(one.evidence for one in spoken) or any(key in {"evidence", "quote", "quotes"} for key in keys)
    verify = sets["verify"] if evidence else frozenset[int]()
    if evidence and not verify and any(facts(text).verify for text in prose):
        verify = sets["listed"]
    asked = _asked(reader, sets["listed"])
    fixed = any(facts(part).outline and facts(part).fixed for line in reader.said for part in clauses(line))
    outline = next((one.headings for one in reversed(reader.outlines) if one.context == "firm" or fixed), ())
    if not outline and draft.lines and _keeps_headings(prose):
        outline = tuple(name for line in draft.lines if (name := world.heading(line)))
    outline_only = act == "write" and any(one.outline_only for one in spoken) and not outline
    starts_anew = fresh and act == "write"
    shown = reader.outlines[-1].headings if outline_only and reader.outlines and not starts_anew else ()
    return Request(
        act=act,
        draft=Draft() if starts_anew else draft,
        listed=sets["listed"],
        fix=sets["fix"],
        keep=sets["keep"] | firm,
        firm=firm,
        crowd=crowd,
        orders=frozenset(reader.orders),
        verify=verify,
        asked=asked,
        fresh=starts_anew,
        approach=approach,
        outline=outline,
        outline_only=outline_only,
        shown=shown,
        pinned=pinned,
        labels=reader.labels,
    )


def _keeps_headings(prose: Sequence[str]) -> bool:
    """Whether the headings of the draft are to stay as they are."""
    parts = (facts(part) for text in prose for part in clauses(text))
    return any(one.outline and (one.firm or one.fixed) for one in parts)


def _draft(reader: Reader) -> tuple[Draft, tuple[str, ...]]:
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


def _sets(reader: Reader, *, writing: bool, started: bool) -> dict[str, frozenset[int]]:
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


def _crowd(reader: Reader, firm: frozenset[int]) -> dict[int, int]:
    """How many demands are held along with each one, where it is held with the fewest."""
    groups: dict[tuple[int, int], set[int]] = {}
    for mention in reader.mentions:
        wanted = {"firm"} if mention.demand in firm else {"keep", "firm"}
        if mention.polarity in wanted:
            groups.setdefault(mention.group, set()).add(mention.demand)
    crowd: dict[int, int] = {}
    for demands in groups.values():
        for demand in demands:
            crowd[demand] = min(crowd.get(demand, len(demands)), len(demands))
    return crowd


def _asked(reader: Reader, listed: frozenset[int]) -> tuple[int, ...]:
    """The demands that a judge is asked about: those named last apart from the list, else all that are named."""
    blocks: dict[int, list[int]] = {}
    for mention in reader.mentions:
        blocks.setdefault(mention.block, [])
        if mention.demand not in blocks[mention.block]:
            blocks[mention.block].append(mention.demand)
    if len(blocks) > 1 and any(facts(text).only for _index, text in reader.prose):
        return tuple(blocks[max(blocks)])
    return tuple(sorted(listed))


_I: Final = re.IGNORECASE
_VERDICTS: Final = re.compile(
    r"\b(PASS|FAIL|pass/fail|verdict|score|JSON|true/false|yes/no|NEEDS_IMPROVEMENT|met|unmet)\b"
)
_FIND_KEYS: Final = re.compile(r"compet|conflict|instruction|rival|against", _I)
_JUDGE_KEYS: Final = re.compile(
    r"^(verdicts?|status|pass(ed)?|met|satisfied|score|rating|grade|decision|criteri(a|on)(_results)?|readings?|answered|is_met|fulfilled|evaluation|results?|findings)$",
    _I,
)
_WRITE_KEYS: Final = re.compile(
    r"^(edits?|text|draft|document|content|answer|output|revised(_\w+)?|new_(text|draft)|outline|headings|sections|replace)$",
    _I,
)
_ADVISE_KEYS: Final = re.compile(r"^(advice|feedback|critique|suggestions?|comments|lessons?|plan)$", _I)


def _act(reader: Reader, messages: Sequence[Message], keys: set[str], *, has_draft: bool) -> Act:
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
    sentences = [clause for _index, text in relevant for clause in clauses(text)]
    for place, sentence in enumerate(sentences):
        late = 1.0 + (place + 1) / len(sentences)  # the last word counts twice the first
        one = speaks_for(sentence)
        judge += one.judge_role + one.judge * late
        write += one.write_role + one.write * late
        find += one.find * late
    return judge, write, find
