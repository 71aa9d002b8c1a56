"""A model server for tests and benchmarks: on this machine, scripted, and able to misbehave on purpose.

It speaks enough of three protocols to be asked by real provider libraries: OpenAI's chat completions (any path),
Anthropic's messages (``…/messages``) and Google's ``…:generateContent``. It is written on bare sockets because its
faults reach below HTTP: a reset connection and a body that is no HTTP cannot be produced by a well-behaved server.
"""

import asyncio
import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self, TypeAlias, cast

__all__ = ["Fault", "FaultKind", "FaultServer", "Recorded", "Responder", "scripted"]

FaultKind: TypeAlias = Literal[
    "rate_limited",
    "server_error",
    "unavailable",
    "bad_request",
    "unauthorised",
    "not_found",
    "hang",
    "reset",
    "broken_http",
    "cut_body",
    "not_json",
    "empty_choices",
    "truncated",
    "refusal",
    "content_filter",
    "no_usage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to misbehave.

    Args:
        kind: which way.
        text: the error's message, or the reply's text where the fault has one.
        retry_after: seconds for the Retry-After header; None leaves it out.
    """

    kind: FaultKind
    text: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One request as it came in.

    Args:
        path: the request's path.
        headers: header names in lower case, with their values.
        payload: the JSON body.
    """

    path: str
    headers: Mapping[str, str] = field(repr=False)
    payload: Mapping[str, object]

    @property
    def text(self) -> str:
        """All of the request's text in one string, whatever the protocol: for assertions about what was sent."""
        return json.dumps(self.payload, ensure_ascii=False)


Responder: TypeAlias = Callable[[Mapping[str, object]], str | Fault]
"""Answers the JSON body of a request with the reply's text, or with a fault. Runs in the server's thread."""


def scripted(*answers: str | Fault) -> Responder:
    """A responder that plays answers in order and then repeats the last one."""
    left = list(answers)

    def respond(_payload: Mapping[str, object]) -> str | Fault:
        return left.pop(0) if len(left) > 1 else left[0]

    return respond


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """An HTTP answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def encoded(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(self.body)}", "Connection: close"]
        lines += [
            f"{name}: {value}" for name, value in ({"Content-Type": "application/json"} | dict(self.headers)).items()
        ]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


class FaultServer:
    """Answers on a free port of this machine while its ``with`` block runs, from a thread of its own.

    Args:
        respond: what to answer.
    """

    def __init__(self, respond: Responder) -> None:
        self._respond = respond
        self._requests: list[Recorded] = []
        self._started = threading.Event()
        self._port = 0
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The address for ``openai:NAME@…``."""
        return f"{self.origin}/v1"

    @property
    def origin(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def requests(self) -> Sequence[Recorded]:
        """The requests so far, in the order in which they came."""
        return tuple(self._requests)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)
        self._thread.start()
        if not self._started.wait(10):
            raise RuntimeError("the test server did not start within 10 s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = int(server.sockets[0].getsockname()[1])
        self._started.set()
        await self._closing.wait()
        server.close()
        if self._open:
            await asyncio.wait(self._open, timeout=1)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connection(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request per connection; whatever the client does, the server stays up."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await _read(reader)
            self._requests.append(request)
            answer = self._respond(request.payload)
            fault = answer if isinstance(answer, Fault) else None
            if fault and fault.kind == "hang":
                await self._closing.wait()
            elif fault and fault.kind == "reset":
                _reset(writer)
            else:
                writer.write(_bytes(request, answer))
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Recorded:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    payload: object = json.loads(body or b"{}")
    return Recorded(path=head[0].split(" ")[1], headers=headers, payload=cast("Mapping[str, object]", payload))


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset instead of a goodbye."""
    connection = cast("socket.socket", writer.get_extra_info("socket"))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _bytes(request: Recorded, answer: str | Fault) -> bytes:
    """What goes over the line for an answer."""
    if isinstance(answer, str):
        return _Answer(body=_envelope(request, answer)).encoded()
    refused = {
        "rate_limited": 429,
        "server_error": 500,
        "unavailable": 503,
        "bad_request": 400,
        "unauthorised": 401,
        "not_found": 404,
    }
    if answer.kind in refused:
        waits = {} if answer.retry_after is None else {"Retry-After": f"{answer.retry_after:g}"}
        body = json.dumps({"error": {"message": answer.text or answer.kind, "type": answer.kind}}).encode()
        return _Answer(status=refused[answer.kind], body=body, headers=waits).encoded()
    match answer.kind:
        case "broken_http":
            return b"this is not HTTP\r\n\r\n"
        case "cut_body":
            return _Answer(body=_envelope(request, answer.text)).encoded()[:-20]
        case "not_json":
            return _Answer(body=b"<html>busy</html>").encoded()
        case _:
            return _Answer(body=_envelope(request, answer)).encoded()


def _envelope(request: Recorded, answer: str | Fault) -> bytes:
    """The reply in the protocol in which the request came."""
    text = answer if isinstance(answer, str) else answer.text
    kind = "" if isinstance(answer, str) else answer.kind
    tokens = (max(1, len(request.text) // 4), max(1, len(text) // 4))
    if request.path.endswith("/messages"):
        envelope = _anthropic(text, kind, tokens)
    elif request.path.endswith(":generateContent"):
        envelope = _google(text, kind, tokens)
    else:
        envelope = _openai(text, kind, tokens)
    return json.dumps(envelope).encode()


def _openai(text: str, kind: str, tokens: tuple[int, int]) -> Mapping[str, object]:
    finish = {"truncated": "length", "content_filter": "content_filter"}.get(kind, "stop")
    refused = kind == "refusal"
    message = {"role": "assistant", "content": None if refused else text, "refusal": text if refused else None}
    choices = [] if kind == "empty_choices" else [{"index": 0, "message": message, "finish_reason": finish}]
    usage = {
        "prompt_tokens": tokens[0],
        "completion_tokens": tokens[1],
        "total_tokens": sum(tokens),
        "prompt_tokens_details": {"cached_tokens": tokens[0] // 2},
    }
    envelope: dict[str, object] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": choices,
    }
    return envelope if kind == "no_usage" else envelope | {"usage": usage}


def _anthropic(text: str, kind: str, tokens: tuple[int, int]) -> Mapping[str, object]:
    stop = {"truncated": "max_tokens", "refusal": "refusal", "content_filter": "refusal"}.get(kind, "end_turn")
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "fake",
        "content": [{"type": "text", "text": text}],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": tokens[0], "output_tokens": tokens[1], "cache_read_input_tokens": 0},
    }


def _google(text: str, kind: str, tokens: tuple[int, int]) -> Mapping[str, object]:
    stop = {"truncated": "MAX_TOKENS", "refusal": "SAFETY", "content_filter": "SAFETY"}.get(kind, "STOP")
    content = {"role": "model", "parts": [{"text": text}]}
    candidates = [] if kind == "empty_choices" else [{"content": content, "finishReason": stop, "index": 0}]
    usage = {"promptTokenCount": tokens[0], "candidatesTokenCount": tokens[1], "totalTokenCount": sum(tokens)}
    envelope: dict[str, object] = {"candidates": candidates, "modelVersion": "fake"}
    return envelope if kind == "no_usage" else envelope | {"usageMetadata": usage}
