"""A quick session in which a person labels texts: first the own answer, then what the critic said.

The critic's verdict and quote are shown after the answer only, so that the label is the person's own. Every answer is
stored at once; a session that is left is taken up where it stopped.
"""

from collections.abc import Callable, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from setpoint.compose.labelling import Item
from setpoint.report.grid import safe
from setpoint.rubric.labels import Answer, Label, LabelBook

__all__ = ["LabelSession"]

_KEYS: Final[dict[str, Answer]] = {"p": "pass", "f": "fail", "?": "unsure"}
_PROMPT: Final = "p passes, f fails, ? cannot tell, s skip, b back, t text again, q quit: "


class LabelSession:
    """Asks about items, one after another.

    Args:
        console: where it is shown, usually standard error.
        read: gives the next line that is typed; empty at the end of the input.
        book: where labels go.
        who: the person's name, as it is recorded.
    """

    def __init__(self, console: Console, *, read: Callable[[], str], book: LabelBook, who: str) -> None:
        self._console = console
        self._read = read
        self._book = book
        self._who = who

    def run(self, items: Sequence[Item]) -> int:
        """Ask about what this person has not answered yet; gives back how many answers were stored.

        Raises:
            LedgerError: if an answer cannot be stored.
        """
        answered = {label.key for label in self._book.current() if label.who == self._who}
        left = [item for item in items if item.key not in answered]
        if len(left) < len(items):
            self._say(f"{len(items) - len(left)} of {len(items)} are answered already")
        place, stored, shown = 0, 0, ""
        while place < len(left):
            item = left[place]
            if item.key.text != shown:
                self._show_text(item)
                shown = item.key.text
            self._show_criterion(item, f"{place + 1} of {len(left)}")
            key = self._key()
            match key:
                case "q":
                    break
                case "t":
                    shown = ""
                case "b":
                    place = max(0, place - 1)
                case "s":
                    place += 1
                case _:
                    self._book.add(Label(key=item.key, answer=_KEYS[key], who=self._who))
                    stored, place = stored + 1, place + 1
                    self._show_critic(item, _KEYS[key])
        return stored

    def _key(self) -> str:
        """A key that is known; ``q`` at the end of the input."""
        while True:
            self._console.print(Text(_PROMPT), end="", soft_wrap=True)
            line = self._read()
            if not line:
                self._say()  # the cursor still stands behind the prompt
                return "q"
            if not self._console.is_terminal:
                self._say()  # nobody pressed Enter here
            word = line.strip().lower()
            if word[:1] and (word[:1] in _KEYS or word[:1] in "sbtq"):
                return word[:1]

    def _show_text(self, item: Item) -> None:
        self._say()
        self._say(f"draft {item.key.draft} of run {item.key.run}: {item.brief}", "dim")
        for number, line in enumerate(item.text.splitlines(), start=1):
            row = Text(f"{number:>4}  ", style="dim")
            row.append(safe(line, self._console), style="not dim")
            self._console.print(row)

    def _show_criterion(self, item: Item, place: str) -> None:
        self._say()
        row = Text(f"{place}  ", style="dim")
        row.append(item.criterion.name, style="bold not dim")
        row.append(safe(f": {item.criterion.says}", self._console), style="not dim")
        self._console.print(row)

    def _show_critic(self, item: Item, answer: Answer) -> None:
        for said in item.said:
            same = answer != "unsure" and (said.status == "pass") == (answer == "pass")
            verdict = said.status.replace("_", " ")
            reason = f": {said.reason}" if said.reason else ""
            self._say(f"      {said.model} said {verdict}{reason}", "green" if same else "yellow")
            for quote in said.quotes[:3]:
                self._say(f"      > {quote.strip()}", "dim")

    def _say(self, text: str = "", style: str = "") -> None:
        self._console.print(Text(safe(text, self._console), style=style))
