"""Asking again: only what may pass, not sooner than asked, and not for ever."""

import subprocess
import sys
import time
from dataclasses import dataclass, field

import pytest

from setpoint.errors import ModelError, ModelErrorKind
from setpoint.models.retrying import Retrying
from setpoint.ports import Prompt, Reply

PROMPT = Prompt(system="s", user="u", max_tokens=5)


@dataclass
class Failing:
    """A model that fails as scripted and then answers."""

    errors: list[ModelError]
    name: str = "fake:failing"
    asked: list[float] = field(default_factory=list[float])

    async def ask(self, prompt: Prompt) -> Reply:  # noqa: ARG002 - the port's argument
        self.asked.append(time.monotonic())
        if self.errors:
            raise self.errors.pop(0)
        return Reply(text="at last")


def error(kind: ModelErrorKind, retry_after: float | None = None) -> ModelError:
    """A failure of this kind."""
    return ModelError(f"it is {kind}", kind=kind, retry_after=retry_after)


async def test_a_passing_failure_is_asked_again_as_late_as_the_provider_wishes() -> None:
    """Retry-After counts, not the usual wait of 0.5 to 1.5 s; and the waiting is announced."""
    model, told = Failing([error("rate_limited", 1.7)]), list[str]()
    reply = await Retrying(model=model, retries=2, notice=told.append).ask(PROMPT)
    assert reply.text == "at last"
    assert model.asked[1] - model.asked[0] >= 1.7
    assert told == ["it is rate_limited; asking again in 2 s, as it wishes"]


async def test_what_cannot_succeed_later_is_not_asked_again() -> None:
    """A wrong key stays wrong."""
    model = Failing([error("not_authorised")])
    with pytest.raises(ModelError, match="not_authorised"):
        await Retrying(model=model, retries=5, notice=print).ask(PROMPT)
    assert len(model.asked) == 1


async def test_after_the_last_retry_the_last_error_comes_through() -> None:
    """Two retries are three requests."""
    model = Failing([error("server_error", 0.0) for _ in range(9)])
    with pytest.raises(ModelError, match="server_error"):
        await Retrying(model=model, retries=2, notice=lambda _: None).ask(PROMPT)
    assert len(model.asked) == 3


async def test_a_wish_to_wait_beyond_the_limit_is_not_granted() -> None:
    """A longer Retry-After ends the call at once instead of hanging the run."""
    model = Failing([error("rate_limited", 30.0)])
    began = time.monotonic()
    with pytest.raises(ModelError):
        await Retrying(model=model, retries=5, notice=print, in_all=10.0).ask(PROMPT)
    assert time.monotonic() - began < 2
    assert len(model.asked) == 1


async def test_waiting_ends_in_all() -> None:
    """However many retries are left."""
    model = Failing([error("server_error", 0.2) for _ in range(99)])
    began = time.monotonic()
    with pytest.raises(ModelError):
        await Retrying(model=model, retries=98, notice=lambda _: None, in_all=0.7).ask(PROMPT)
    assert time.monotonic() - began < 3
    assert 2 <= len(model.asked) <= 5


def test_the_retry_library_writes_nothing_on_the_terminal() -> None:
    """It logs each retry; without a set-up of logging, Python would print that over the live view."""
    code = """
import anyio
from setpoint.errors import ModelError
from setpoint.models.retrying import Retrying
from setpoint.ports import Prompt, Reply
class Fails:
    name = "fake:fails"
    async def ask(self, prompt):
        raise ModelError("busy", kind="server_error", retry_after=0.0)
try:
    anyio.run(Retrying(model=Fails(), retries=1, notice=lambda _: None).ask, Prompt(system="", user="", max_tokens=1))
except ModelError:
    print("tried")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("tried\n", "")


def test_it_has_the_name_of_what_it_wraps() -> None:
    """The ledger records what was asked, not how often."""
    assert Retrying(model=Failing([]), retries=0, notice=print).name == "fake:failing"
