"""Another reader of prompts, by someone who knew none of the prompts that the loops under test send.

It reads the same plant's demands and texts as `plant.grasp`, but by its own idea of how people word instructions, in
`plant.stranger_english`. A remedy that only the resident reader understands is worded for that reader; a benchmark on
a ``stranger-…`` regime shows how much of a result rests on such wording.

Rules of this file:

- What is under a heading or after a colon belongs to it; what a line says itself comes second.
- Standing text (system messages) tells the role and the demands; only what was said last asks for a new start.
- What is not understood is left out, never guessed from the name of a tool.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from plant.grasp import Act, Draft, Request
from plant.reader import Message
from plant.stranger_english import (
    APPROACH,
    EARLIER,
    FRESH,
    LIST_ONLY,
    ORDERED,
    OUTLINE,
    ROLES,
    TASKS,
    VERBATIM,
    Tone,
    clauses,
    ranked,
    sentences,
    tone,
)
from plant.stranger_page import Page, Passage, Said
from plant.world import CODE, World

__all__ = ["understand"]

_WRITES: Final = frozenset({"edits", "edit", "search", "text", "draft", "document", "revised", "revision", "article", "outline"})  # fmt: skip
_JUDGES: Final = frozenset({"verdict", "verdicts", "status", "pass", "passed", "fail", "failed", "met", "score", "scores", "judgement", "judgment"})  # fmt: skip
_SEEKS: Final = re.compile(r"compet|conflict|rival|contradict|obstacle|clash|against", re.IGNORECASE)
_PROVES: Final = re.compile(r"evidence|proof|self_?check|verified|checked|shows|cites?|citation", re.IGNORECASE)
_NOW: Final = re.compile(r"\b(current|present|this|the|best|latest|your|draft|text|judge|revise)\b", re.IGNORECASE)
_ASKING: Final = re.compile(
    r"\b(judge|assess|evaluate|grade|rate|score|verdict|decide|check|asked)\w*\b", re.IGNORECASE
)
_HEADED: Final = re.compile(r"\b(heading|section|outline|structure|skeleton|part)s?\b", re.IGNORECASE)
_ENOUGH: Final = 3
"""So many sentences, or one heading, make a text; fewer are a quotation."""


def understand(world: World, messages: Sequence[Message], keys: Iterable[str] = ()) -> Request:
    """Read a chat.

    Args:
        world: whose demands and texts it is about.
        messages: the chat; the last one asks.
        keys: property names of the schema that the reply must follow, if there is one.

    Returns:
        What is asked for.
    """
    page = Page(world, messages)
    wanted = frozenset(key.lower() for key in keys)
    act = _act(page, wanted)
    late = _late(page)
    texts = [one for one in page.passages if one.sentences >= _ENOUGH or (one.sentences and one.headings)]
    plans = [one for one in page.passages if not one.sentences and len(one.headings) > 1]
    only_outline = act == "write" and bool(OUTLINE.search(late))
    fresh = act == "write" and bool(FRESH.search(late)) and wanted.isdisjoint({"edits", "search"})
    draft = _chosen(texts, fresh=fresh, plans=plans if only_outline or act != "write" else ())
    read = _Reading(page, act)
    approach = act == "write" and any(APPROACH.search(part) for part in _late_parts(page))
    if act == "write" and not draft.lines and EARLIER.search(late):
        fresh = True
    if act == "write" and any(_PROVES.search(key) for key in wanted):
        read.verify |= {world.numbers[key] for key in wanted if key in world.numbers}
    return Request(
        act=act,
        draft=draft,
        listed=frozenset(number for one in page.said for number in one.demands),
        fix=_sought(page) if act == "find" else frozenset(read.fix),
        keep=frozenset(read.keep),
        firm=frozenset(read.firm),
        crowd=read.crowd,
        orders=frozenset(_orders(page)),
        verify=frozenset(read.verify),
        asked=_asked(page) if act in {"judge", "advise"} else (),
        fresh=fresh and not draft.lines,
        approach=approach,
        outline=() if act != "write" else _outline(page, plans, only_outline=only_outline),
        outline_only=only_outline,
        pinned=tuple(page.pinned) + _kept_lines(page, texts),
        labels=page.labels,
    )


# What is asked


def _late_parts(page: Page) -> list[str]:
    """The instructions of the last speaker; all of them if there is only standing text."""
    spoken = [one.text for one in page.said if not one.system]
    return spoken or [one.text for one in page.said]


def _late(page: Page) -> str:
    return "\n".join(_late_parts(page))


def _act(page: Page, keys: frozenset[str]) -> Act:
    """Write, judge, advise or find; by the form of the reply, else by what is said, what comes last counting most."""
    if any(_SEEKS.search(key) for key in keys):
        return "find"
    if keys & _WRITES and not keys & _JUDGES:
        return "write"
    if keys & _JUDGES:
        return "judge"
    weights: Counter[str] = Counter()
    outside = [one for one in page.said if not one.inside] or page.said  # a quoted prompt asks for nothing
    everything = [part for one in outside for part in sentences(one.text)]
    for place, part in enumerate(everything):
        weight = 3 if place >= len(everything) - 3 else 1
        for name, way in (*ROLES, *TASKS):
            if way.search(part):
                weights[name] += weight
                break
    order: tuple[Act, ...] = ("write", "judge", "advise", "find")
    best = max(order, key=lambda name: (weights[name], -order.index(name)))
    if best == "advise" and weights["judge"] >= weights["advise"]:
        return "judge"
    return best


def _asked(page: Page) -> tuple[int, ...]:
    """The demands to judge: those said to be the only ones, else those of a list to judge by, else all that are named."""
    groups: dict[str, list[int]] = {"only": [], "asked": [], "all": []}
    for one in page.said:
        over = f"{one.head} {one.title}" if one.bullet else one.text
        groups["all"] += one.demands
        if _ASKING.search(over):
            groups["asked"] += one.demands
            if LIST_ONLY.search(over):
                groups["only"] += one.demands
    chosen = groups["only"] or groups["asked"] or groups["all"]
    return tuple(dict.fromkeys(chosen))


def _sought(page: Page) -> frozenset[int]:
    """The demand whose competitor is sought: the one named outside the material, else the one said to fail."""
    outside = [one for one in page.said if one.demands and not one.inside]
    missed = [one for one in outside if tone(one.text).polarity == "fix"]
    lines = missed or outside
    counts = Counter(number for one in lines for number in one.demands)
    return frozenset({counts.most_common(1)[0][0]}) if counts else frozenset()


# The texts


def _chosen(texts: Sequence[Passage], *, fresh: bool, plans: Sequence[Passage]) -> Draft:
    """The text that the prompt is about; none for a new start."""
    if fresh:
        return Draft()
    found = list(texts) or list(plans)
    if not found:
        return Draft()

    def rank(place: int) -> tuple[int, int, int]:
        one = found[place]
        stale = bool(EARLIER.search(one.intro)) and not re.search(r"\bcurrent|\bbest\b", one.intro)
        return (-stale, bool(_NOW.search(one.intro)) if len(found) > 1 else 0, place if one.spoken else one.sentences)

    return found[max(range(len(found)), key=rank)].draft


def _outline(page: Page, plans: Sequence[Passage], *, only_outline: bool) -> tuple[str, ...]:
    """Headings that a prompt gives as settled."""
    if only_outline:
        return ()
    for one in plans:
        return tuple(one.headings)
    for one in page.said:
        names = page.world.headings_in(one.raw)
        if len(names) > 1 and _HEADED.search(f"{one.head} {one.title} {one.text}"):
            return tuple(names)
    return ()


def _kept_lines(page: Page, texts: Sequence[Passage]) -> tuple[str, ...]:
    """Sentences that are to stay word for word, given outside the draft."""
    found: list[str] = []
    for one in page.passages:
        if one not in texts and VERBATIM.search(one.intro):
            found += [line.strip() for line in one.lines if CODE.search(line)]
    return tuple(found)


# What is said of the demands


class _Reading:
    """What the instructions say of each demand."""

    def __init__(self, page: Page, act: Act) -> None:
        self.fix: set[int] = set()
        self.keep: set[int] = set()
        self.firm: set[int] = set()
        self.verify: set[int] = set()
        groups: dict[int, set[int]] = {}
        if act != "write":
            self.crowd: dict[int, int] = {}
            return
        for one in page.said:
            for number, said in self._mentions(one):
                if said.verify:
                    self.verify.add(number)
                if said.polarity == "fix":
                    self.fix.add(number)
                elif said.polarity == "keep":
                    self.keep.add(number)
                    groups.setdefault(one.group, set()).add(number)
                    if said.firm:
                        self.firm.add(number)
        self.keep -= self.fix
        self.firm &= self.keep
        self.crowd = {
            number: min(len(members) for members in groups.values() if number in members) for number in self.keep
        }

    def _mentions(self, one: Said) -> list[tuple[int, Tone]]:
        """Each demand that a line names, with what is said of it."""
        if not one.demands:
            return []
        over = _over(one)
        found: list[tuple[int, Tone]] = []
        last = Tone("")
        for part in clauses(one.text):
            own = tone(part)
            last = own if own.polarity in {"fix", "keep"} else last
            for number in dict.fromkeys(int(n) for n in re.findall(r"⟦(\d+)⟧", part)):
                firmly = over.polarity in {"fix", "keep"}
                polarity = over.polarity if firmly else last.polarity or over.polarity
                firm = over.firm if firmly else last.firm
                found.append((number, Tone(polarity, firm=firm, verify=over.verify or own.verify)))
        return found


def _over(one: Said) -> Tone:
    """What stands over a line: the last sentence of its introduction that says anything, else the section's title."""
    if one.bullet:
        for part in reversed(sentences(one.head)):
            said = tone(part)
            if said.polarity or said.verify:
                whole = tone(one.head)
                return said._replace(firm=said.polarity == "keep" and (said.firm or whole.firm))
    return tone(one.title)


def _orders(page: Page) -> set[tuple[int, int]]:
    """Which demands come before which, as far as the prompt says so."""
    found: set[tuple[int, int]] = set()
    against: tuple[int, ...] = ()
    ladder: list[int] = []
    group = -1
    for one in page.said:
        over = f"{one.head} {one.title}"
        if one.group != group:
            ladder, group, against = [], one.group, ()
        stated: set[tuple[int, int]] = set()
        for part in sentences(one.text):
            more, against = ranked(part, against)
            stated |= more
        if one.bullet and not stated and ORDERED.search(over):
            if len(one.demands) == 2:
                stated.add((one.demands[0], one.demands[1]))
            elif len(one.demands) == 1:
                stated |= {(before, one.demands[0]) for before in ladder if before != one.demands[0]}
                ladder.append(one.demands[0])
        found |= stated
    return found
