"""The mediator over a model: what in the author's instructions competes with a criterion that it keeps missing (rule 12).

It cites a line by its number and code takes the quote, so that a competing instruction which is not there cannot be
invented.
"""

from setpoint.core.action import Mediate, Write
from setpoint.core.cost import MEDIATION_TOKENS
from setpoint.core.draft import folded
from setpoint.core.event import Mediated
from setpoint.core.state import State
from setpoint.ports import Model, Prompt
from setpoint.roles.author import ModelAuthor
from setpoint.roles.prompting import mark, render, seed_for
from setpoint.roles.reply import Unreadable, json_object

__all__ = ["ModelMediator"]

_FEWEST_WORDS = 3


class ModelMediator:
    """A `Mediator` that asks a model.

    Args:
        model: the model that reads.
        author: the author whose prompt is read.
    """

    def __init__(self, model: Model, author: ModelAuthor) -> None:
        self.model = model
        self.author = author

    async def perform(self, call: int, action: Mediate, state: State) -> Mediated:
        """Search the author's prompt with one model call.

        Raises:
            ModelError: if no reply came back.
        """
        lines = self._instructions(call, state)
        reply = await self.model.ask(self._prompt(call, action, state, lines))
        try:
            found = json_object(reply)
        except Unreadable as trouble:
            return Mediated(call=call, criterion=action.criterion, why=trouble.detail, usage=reply.usage)
        number, why = found.get("line"), found.get("why")
        cited = lines[number - 1] if type(number) is int and 1 <= number <= len(lines) else ""
        competing = _competing(cited, action.criterion, state)
        said = " ".join(why.split())[:300] if isinstance(why, str) else ""
        return Mediated(call=call, criterion=action.criterion, competing=competing, why=said, usage=reply.usage)

    def _instructions(self, call: int, state: State) -> list[str]:
        return [*self.author.prompt(call, Write(), state).system.splitlines(), *self.author.task(state).splitlines()]

    def _prompt(self, call: int, action: Mediate, state: State, lines: list[str]) -> Prompt:
        user = render(
            "mediator.md",
            criterion=state.spec.criterion(action.criterion),
            numbered="\n".join(f"{n:>3} {line}" for n, line in enumerate(lines, start=1)),
            mark=mark(state.opened.nonce, "mediator"),
        )
        schema = {
            "type": "object",
            "properties": {
                "line": {"type": "integer", "minimum": 0, "maximum": len(lines)},
                "why": {"type": "string", "maxLength": 300},
            },
            "required": ["line", "why"],
            "additionalProperties": False,
        }
        return Prompt(
            system="You look for instructions that contradict each other. You cite them by their line.",
            user=user,
            max_tokens=MEDIATION_TOKENS,
            schema=schema,
            seed=seed_for(state.opened.seed, call),
        )


def _competing(cited: str, criterion: str, state: State) -> str:
    """The criterion that the cited line demands, or the line itself; empty if it is no answer."""
    words = folded(cited)
    if len(words.split()) < _FEWEST_WORDS:
        return ""
    for other in state.spec.criteria:
        if folded(other.says) == words:
            return "" if other.name == criterion else other.name
    return cited.strip().lstrip("-#* ")
