"""Lines to a model server: shared by the calls in flight, and closed with the last of them."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from models.test_providers import ROUTES, model, prompt
from setpoint.models import ModelSettings, resolve
from setpoint.ports import Model
from setpoint.testing.server import FaultServer, scripted

REPLY = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Here."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11},
}


@dataclass
class Patient:
    """A server that keeps lines open after it has answered, as real ones do.

    Args:
        hangs_up: close each line after its answer all the same, without having said so.
    """

    hangs_up: bool = False
    port: int = 0
    opened: int = 0
    open: int = 0

    @property
    def model(self) -> Model:
        """A model there, without retries."""
        settings = ModelSettings(environment={"OPENAI_API_KEY": "key"}, cache=Path("unused"), retries=0, timeout=10.0)
        return resolve(f"openai:m@http://127.0.0.1:{self.port}/v1", settings)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after another."""
        self.opened += 1
        self.open += 1
        body = json.dumps(REPLY).encode()
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line
                )
                await reader.readexactly(length)
                await asyncio.sleep(0.05)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
                if self.hangs_up:
                    return
        except asyncio.IncompleteReadError:
            return
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def serving(server: Patient) -> AsyncGenerator[Patient]:
    """Let it serve."""
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


async def ask_often(asked: Model, loops: int, times: int) -> list[str]:
    """So many calls at a time, one after another in each loop."""
    texts: list[str] = []

    async def loop(pause: float) -> None:
        await anyio.sleep(pause)
        texts.extend([(await asked.ask(prompt())).text for _ in range(times)])

    async with anyio.create_task_group() as tasks:
        for number in range(loops):
            tasks.start_soon(loop, number * 0.025)  # so that there is always a call in flight
    return texts


async def test_calls_in_flight_share_lines_and_leave_none_open() -> None:
    """Two loops of five calls take two lines, not ten; afterwards all are closed."""
    async with serving(Patient()) as server:
        assert await ask_often(server.model, 2, 5) == ["Here."] * 10
        assert server.opened == 2
        with anyio.fail_after(5):
            while server.open:  # noqa: ASYNC110 - the server's side of it
                await anyio.sleep(0.01)


async def test_a_line_that_the_server_has_closed_is_not_used_again() -> None:
    """A server may hang up on an idle line at any time."""
    async with serving(Patient(hangs_up=True)) as server:
        assert await ask_often(server.model, 2, 5) == ["Here."] * 10


@pytest.mark.parametrize("provider", list(ROUTES))
async def test_calls_of_every_provider_can_share(provider: str) -> None:
    """No library closes what others still use."""
    with FaultServer(scripted("Here.")) as server:
        assert await ask_often(model(server, provider), 3, 2) == ["Here."] * 6
