"""Where a synchronous library works: a thread, the plant behind a server, and readings under one cap with it."""

import logging
import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Final, TypeVar

import anyio.from_thread
import anyio.to_thread
from anyio.lowlevel import EventLoopToken, current_token

from baselines import Desk, Fault, Job, Trial
from plant import Plant, PlantServer
from setpoint.errors import UsageError

__all__ = ["KEY", "Booth", "Ended", "at_booth"]

_TALKATIVE: Final = ("deepagents", "dspy", "langchain", "LiteLLM", "gepa")
"""Loggers that report each refused request with its traceback; at the cap that is what is meant to happen."""

T = TypeVar("T")

KEY: Final = "PLANT_API_KEY"
"""The environment variable that libraries are told to take their key from; the plant asks for none."""

# Whatever the caller's environment says: nothing is sent to or fetched from another machine.
_ENVIRONMENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        KEY: "none",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LANGSMITH_TRACING": "false",
        "LANGCHAIN_TRACING_V2": "false",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a library gave back.

    Args:
        text: the text that it returns.
        claims: whether it says that every criterion is met.
        outcome: how it ended, in its own word.
    """

    text: str
    claims: bool
    outcome: str


@dataclass(slots=True)
class Booth:
    """What an adapter works with, in a thread of its own.

    Args:
        desk: calls in process, readings and drafts.
        server: the plant over HTTP, for calls that the library makes by itself.
        token: the event loop that readings run in.
    """

    desk: Desk
    server: PlantServer
    token: EventLoopToken

    @property
    def job(self) -> Job:
        """What is to be done."""
        return self.desk.job

    def write(self, user: str) -> str:
        """One draft, asked for in process.

        Raises:
            CapReached: if there is no room for it.
        """
        return self._run(partial(self.desk.write, user))

    def faults(self, text: str) -> tuple[Fault, ...]:
        """One reading.

        Raises:
            CapReached: if there is no room for it.
        """
        return self._run(partial(self.desk.faults, text))

    def open_checks(self, text: str) -> Mapping[str, str]:
        """The criteria with a check that a text fails, with what the check says: nothing is asked for it."""
        found = {name: self.job.checks[name].measure(text) for name in (c.name for c in self.job.spec.checked)}
        return {name: finding.message for name, finding in found.items() if not finding.passed}

    def best(self) -> str:
        """The draft that failed least, by what was read."""
        return anyio.from_thread.run(self.desk.best, token=self.token)

    def _run(self, call: Callable[[], Coroutine[object, object, T]]) -> T:
        """Spend under the cap that the server and the desk share."""
        self.desk.held = self.served
        try:
            return anyio.from_thread.run(call, token=self.token)
        finally:
            self.server.tokens = max(1, self.job.tokens - self.desk.spent)

    @property
    def served(self) -> int:
        """Tokens that went through the server."""
        return self.server.served.input + self.server.served.output


async def at_booth(job: Job, work: Callable[[Booth], Ended]) -> Trial:
    """Run an adapter in a thread, and count what it spent.

    Raises:
        UsageError: if the author is no plant; a library can be pointed at an address only.
    """
    if not isinstance(job.author, Plant):
        raise UsageError("this library speaks HTTP only, so its author must be a plant behind a server")
    os.environ.update(_ENVIRONMENT)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    desk = Desk(job)
    with PlantServer(job.author, tokens=job.tokens) as server:
        booth = Booth(desk, server, current_token())
        ended = await anyio.to_thread.run_sync(work, booth)
    trial = desk.trial(ended.text)
    return replace(
        trial,
        claims=ended.claims,
        tokens=trial.tokens + booth.served,
        calls=trial.calls + server.served.calls,
        outcome=ended.outcome,
    )
