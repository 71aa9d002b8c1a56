"""Asking again: a `Model` around a `Model`, for failures that may pass.

Rule: only what `ModelError.retryable` allows is asked again, as late as the provider wishes, and never for longer
than it may take in all: five minutes, save where many runs wait for their turn. The provider libraries' own retries
are off, so no call is paid for behind our back.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import stamina

from setpoint.errors import ModelError
from setpoint.ports import Model, Prompt, Reply

__all__ = ["Retrying"]

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """Repeats failed requests.

    Args:
        model: the model to ask.
        retries: how often to ask again; 0 for never.
        notice: told why and when it asks again.
        in_all: seconds after which it gives up, waiting included.
    """

    model: Model
    retries: int
    notice: Callable[[str], None]
    in_all: float = 300.0

    @property
    def name(self) -> str:
        """The name of the model it wraps."""
        return self.model.name

    async def ask(self, prompt: Prompt) -> Reply:
        """Send one request, again if need be.

        Raises:
            ModelError: the last one, when asking again is of no use.
        """
        _keep_quiet()
        until = time.monotonic() + self.in_all
        left = self.retries

        def again(error: Exception) -> bool | float:
            nonlocal left
            if not isinstance(error, ModelError) or not error.retryable or not left:
                return False
            wait = error.retry_after
            if time.monotonic() + (wait or 0.0) > until:
                return False
            left -= 1
            self.notice(f"{error}; asking again" + (f" in {wait:.0f} s, as it wishes" if wait else ""))
            return True if wait is None else wait

        async for attempt in stamina.retry_context(
            on=again,
            attempts=self.retries + 1,
            timeout=self.in_all,
            wait_initial=_FIRST_WAIT,
            wait_max=_LONGEST_WAIT,
        ):
            with attempt:
                return await self.model.ask(prompt)
        raise AssertionError("stamina lets the last error through")  # pragma: no cover


def _keep_quiet() -> None:
    """Keep stamina's log lines off the terminal unless the program has set up logging: `notice` tells the same."""
    logger = logging.getLogger("stamina")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
