"""A model that is asked at one temperature, with every reply kept and every token counted."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from on_models.calls import Memory
from setpoint.errors import ModelError
from setpoint.ports import Model, Prompt, Reply

__all__ = ["Metered"]


@dataclass(slots=True)
class Metered:
    """A `Model` around another: the same for every arm of a benchmark, whatever an arm would ask for itself.

    Args:
        model: the model.
        temperature: at which it is asked.
        most: the most tokens of a reply.
        memory: the replies of an earlier play of the same loop, which was cut off.
    """

    model: Model
    temperature: float = 0.7
    most: int = 512
    memory: Memory = field(default_factory=Memory)
    first: Prompt | None = None
    """The prompt of the first call: what was asked for, before there was any text."""
    clock: Callable[[], float] = time.monotonic
    replies: list[Reply | None] = field(default_factory=list["Reply | None"])
    """Every reply in the order of the calls; None for a call that failed."""

    @property
    def name(self) -> str:
        """The model's own name: what is known about it holds here, too."""
        return self.model.name

    @property
    def output(self) -> int:
        """Tokens written."""
        return sum(reply.usage.output for reply in self.replies if reply is not None)

    @property
    def seconds(self) -> float:
        """How long the calls took."""
        return sum(reply.usage.seconds for reply in self.replies if reply is not None)

    @property
    def input(self) -> int:
        """Tokens read, cached ones included."""
        return sum(reply.usage.input for reply in self.replies if reply is not None)

    async def ask(self, prompt: Prompt) -> Reply:
        """Send one request.

        Raises:
            ModelError: if no reply came back.
        """
        at = len(self.replies)
        self.replies.append(None)
        self.first = self.first or prompt
        asked = replace(prompt, temperature=self.temperature, max_tokens=min(self.most, prompt.max_tokens))
        reply = self.memory.find(at, asked) or await self._new(at, asked)
        if reply.usage.estimated and not reply.usage.output and reply.text:
            raise ModelError("the server counts no tokens, and a benchmark needs them", kind="rejected")
        self.replies[at] = reply
        return reply

    async def _new(self, at: int, asked: Prompt) -> Reply:
        began = self.clock()
        reply = await self.model.ask(asked)
        timed = replace(reply, usage=replace(reply.usage, seconds=round(self.clock() - began, 3)))
        self.memory.keep(at, asked, timed)
        return timed
