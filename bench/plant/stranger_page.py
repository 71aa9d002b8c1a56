"""A chat taken apart: the texts that stand in it, and what is said around them with the demands marked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from plant.grasp import Draft
from plant.reader import Message
from plant.world import CODE, World

__all__ = ["Page", "Passage", "Said"]

_NUMBER: Final = re.compile(
    r"^\s*[\[(]?(?:L|line )?(\d{1,4})(?:[\])]?\s?[|:.)\t>→-]\s?(?=\S|$)|[\])]?\s+(?=\S)|[\])]?\s*$)", re.IGNORECASE
)
_LISTING: Final = re.compile(r"^\s*[\[(]?(?:L|line )?\d{1,4}[\])]?(?:\s?[|:\t>→]|\s+(?=\S)|\s*$)", re.IGNORECASE)
"""A line number of a listing, as editors print it; ``1.`` and ``1)`` count the items of a list."""
_BULLET: Final = re.compile(r"^\s*(?:[-*+•‣▪]|\(?\d{1,2}[.)]|\[[ xX]\])\s+")
_QUOTED: Final = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|'[^'\n]*-\d\d[^'\n]*'|`[^`\n]*`")
_LABEL: Final = re.compile(r"^\W*([A-Za-z]{1,3}-?\d{1,2})\b")
_NAMED: Final = re.compile(r"⟦(\d+)⟧")
_LOCK: Final = re.compile(r"^<!-- (/?)[\w: -]*lock[\w -]*-->$")
_TAG: Final = re.compile(
    r"^\s*(?:<[^<>]{1,80}>|`{3,}\w*|[=~*_-]{3,}.{0,60}[=~*_-]{3,}|[=~#_]{4,}|\[[^\[\]]{6,80}\])\s*$"
)


@dataclass(slots=True)
class Passage:
    """Lines of the plant's own language that stand together in a prompt."""

    intro: str
    """What was said just before."""
    spoken: bool
    """Whether the assistant said it."""
    lines: list[str] = field(default_factory=list[str])
    numbers: list[int | None] = field(default_factory=list[int | None])
    sentences: int = 0
    headings: list[str] = field(default_factory=list[str])

    @property
    def draft(self) -> Draft:
        """As a draft, its lines numbered as the prompt does, or from 1."""
        lines, numbers = list(self.lines), list(self.numbers)
        while lines and not lines[-1].strip():
            lines.pop()
            numbers.pop()
        known = [number for number in numbers if number is not None]
        if len(known) < len(lines):
            return Draft(tuple(lines), tuple(range(1, len(lines) + 1)))
        return Draft(tuple(lines), tuple(known))


@dataclass(frozen=True, slots=True)
class Said:
    """One line of instruction."""

    text: str
    """With demands as ``⟦3⟧`` and headings as ``⟦h⟧``."""
    head: str
    """What stands over the list that it belongs to; empty if it belongs to none."""
    title: str
    """The title of its section."""
    group: int
    """Lines of one list share it."""
    bullet: bool
    system: bool
    inside: bool
    """It stands between delimiters or has a line number: material rather than instruction, perhaps."""
    raw: str

    @property
    def demands(self) -> tuple[int, ...]:
        """The demands that it names."""
        return tuple(dict.fromkeys(int(one) for one in _NAMED.findall(self.text)))


class Page:
    """Reads a chat of one world.

    Args:
        world: whose demands and texts it is about.
        messages: the chat.
    """

    def __init__(self, world: World, messages: Sequence[Message]) -> None:
        self.world = world
        self.passages: list[Passage] = []
        self.said: list[Said] = []
        self.pinned: list[str] = []
        self.labels: dict[str, int] = {}
        self._groups = 0
        for message in messages:
            if message.text.strip():
                self._read(message)

    def _read(self, message: Message) -> None:
        """Tell texts from instructions, then the instructions' lists from their introductions."""
        prose: list[tuple[str, bool]] = []
        open_passage: Passage | None = None
        depth = locked = False
        for line in message.text.splitlines():
            if lock := _LOCK.match(line.strip()):
                locked = not lock.group(1)
                continue
            number, bare = self._bare(line)
            if self._is_text(bare):
                if open_passage is None:
                    intro = " ".join(text for text, _ in prose[-4:])
                    open_passage = Passage(self.masked(intro), message.role == "assistant")
                    self.passages.append(open_passage)
                self._add(open_passage, bare, number)
                if locked and CODE.search(bare):
                    self.pinned.append(bare.strip())
            elif not bare.strip() and open_passage is not None:
                open_passage.lines.append("")
                open_passage.numbers.append(number)
            else:
                if open_passage is not None:
                    prose.append(("", False))  # a text between two paragraphs parts them
                open_passage = None
                if _TAG.match(line):
                    depth = not depth
                prose.append((line, depth or number is not None or bool(_LISTING.match(line))))
        if message.role != "assistant":
            self._instructions(prose, system=message.role == "system")

    def _bare(self, line: str) -> tuple[int | None, str]:
        """A line without the number in front of it."""
        found = _NUMBER.match(line)
        rest = line[found.end() :] if found else line
        if found and (not rest.strip() or self._is_text(rest)):
            return int(found.group(1)), rest
        return None, line

    def _is_text(self, line: str) -> bool:
        """Whether a line is a sentence or a heading of the plant's, and not talk about one."""
        bare = line.strip()
        if self.world.heading(bare) or bare == self.world.title:
            return True
        return bool(self.world.marks(bare)) and bare[0].isupper() and not self.world.naming.search(bare)

    def _add(self, passage: Passage, line: str, number: int | None) -> None:
        passage.lines.append(line)
        passage.numbers.append(number)
        if name := self.world.heading(line):
            passage.headings.append(name)
        elif CODE.search(line):
            passage.sentences += 1

    def masked(self, line: str) -> str:
        """A line with demands and headings replaced by marks, so that their own words decide nothing."""
        text = _QUOTED.sub(lambda found: "“…”" if CODE.search(found.group()) else found.group(), line)
        for name in self.world.headings_in(text):
            text = text.replace(name, "⟦h⟧")
        for number, saying in enumerate(self.world.sayings):
            while (place := text.lower().find(saying)) >= 0:
                text = f"{text[:place]}⟦{number}⟧{text[place + len(saying) :]}"
        return self.world.naming.sub(lambda found: f"⟦{self.world.numbers[found.group().lower()]}⟧", text)

    def _instructions(self, prose: Sequence[tuple[str, bool]], *, system: bool) -> None:
        """Every line with what stands over it."""
        title = head = ""
        paragraph: list[str] = []
        listing = False
        for line, inside in prose:
            text = self.masked(line)
            bullet = bool(_BULLET.match(line)) or (listing and line.startswith((" ", "\t")) and bool(line.strip()))
            if not line.strip():
                if not listing:
                    head, paragraph = " ".join(paragraph) or head, []
                continue
            if re.match(r"\s*(#{1,6} |\*\*.+\*\*:?\s*$|<\w[^<>/]*>\s*$)", line):
                title, head, paragraph, listing = text, "", [], False
                self._groups += 1
            elif bullet or (self._names_first(text) and (listing or paragraph)):
                if not listing:
                    head, paragraph, listing = " ".join(paragraph) or head, [], True
                    self._groups += 1
                bullet = True
            else:
                if listing:
                    head, paragraph, listing = "", [], False
                paragraph.append(text)
            over = head if bullet else ""
            self.said.append(Said(text, over, title, self._groups, bullet, system, inside, line))
            if (label := _LABEL.match(_BULLET.sub("", line))) and (found := _NAMED.search(text)):
                self.labels.setdefault(label.group(1), int(found.group(1)))

    @staticmethod
    def _names_first(text: str) -> bool:
        """Whether a line begins with a demand, as the items of an unmarked list do."""
        return bool(re.match(r"\W{0,3}⟦\d+⟧", text)) and "⟧" in text[:12]
