"""A line to a server that can be cut at a chosen moment: a relay on this machine."""

import asyncio
import contextlib
from types import TracebackType
from typing import Literal, Self

When = Literal["before", "after"]
"""Cut before what the client says next reaches the server, or after it has, with the answer lost."""


class Line:
    """Relays to a port of this machine while its ``async with`` block runs.

    Args:
        port: where the server listens.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._cut: tuple[When, bytes] | None = None
        self.port = 0
        self.cuts = 0

    def cut(self, when: When, at: bytes) -> None:
        """Cut the line once, at the next message that holds these bytes."""
        self._cut = when, at

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self._hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there, away = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, away]
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(self._pass_on(reader, away, there), self._pass_on(there, writer, None))
        for end in (writer, away):
            end.close()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: asyncio.StreamReader | None
    ) -> None:
        while data := await reader.read(65536):
            if answers is not None and self._cut is not None and self._cut[1] in data:
                when, self._cut = self._cut[0], None
                self.cuts += 1
                if when == "after":
                    writer.write(data)
                    await writer.drain()
                    await asyncio.sleep(0.3)  # the server carries it out; what it answers is not passed on
                self._hang_up()
                return
            writer.write(data)
            await writer.drain()
        writer.close()

    def _hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
