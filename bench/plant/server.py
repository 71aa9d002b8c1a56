"""The plant behind ``/v1/chat/completions`` on this machine, for loops that speak HTTP only.

It reads what the common frameworks send: several messages, content in parts, ``response_format`` with a JSON schema or
plain JSON, forced tools, ``n``; and answers with usage counts. Nothing is sent to any other machine.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, cast

from plant.forms import Schema
from plant.model import Plant, tokens
from plant.reader import Message

__all__ = ["PlantServer", "Served"]


@dataclass(slots=True)
class Served:
    """What went through a server."""

    calls: int = 0
    input: int = 0
    output: int = 0
    payloads: list[Mapping[str, object]] = field(default_factory=list[Mapping[str, object]])
    """The requests, in the order in which they came."""


class PlantServer:
    """Serves a plant on a free port of the loopback address while its ``with`` block runs.

    Args:
        plant: who answers.
        port: the port; 0 for any that is free.
        tokens: a cap on input and output together; a request beyond it is refused. 0 for none.
    """

    def __init__(self, plant: Plant, port: int = 0, tokens: int = 0) -> None:
        self.plant = plant
        self.tokens = tokens
        self.served = Served()
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two writes; together they would wait for each other

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status, answer = outer.respond(self.path, body)
                self._send(status, answer)

            def do_GET(self) -> None:
                models = {"object": "list", "data": [{"id": outer.plant.name, "object": "model", "owned_by": "plant"}]}
                self._send(200 if self.path.endswith("/models") else 404, models)

            def _send(self, status: int, answer: Mapping[str, object]) -> None:
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
                del format, args

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        """The base URL, ``…/v1``."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def respond(self, path: str, body: bytes) -> tuple[int, Mapping[str, object]]:
        """One request: status and JSON body."""
        if not path.split("?", maxsplit=1)[0].endswith("/chat/completions"):
            return 404, _error(f"there is no {path!r} here; use /v1/chat/completions")
        try:
            payload = cast("Mapping[str, object]", json.loads(body))
            messages = [_message(one) for one in cast("Sequence[Mapping[str, object]]", payload["messages"])]
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            return 400, _error(f"the request cannot be read: {problem}")
        with self._lock:  # answers depend on what was asked before, so one at a time
            spent = self.served.input + self.served.output
            if self.tokens and spent + sum(tokens(message.text) for message in messages) > self.tokens:
                return 400, _error(f"the cap of {self.tokens} tokens is reached")
            return 200, self._complete(payload, messages)

    def _complete(self, payload: Mapping[str, object], messages: Sequence[Message]) -> Mapping[str, object]:
        tool = _forced_tool(payload)
        schema = tool[1] if tool else _response_schema(payload)
        limit = payload.get("max_completion_tokens") or payload.get("max_tokens") or 0
        asked = sum(tokens(message.text) for message in messages)
        choices: list[Mapping[str, object]] = []
        answered = 0
        for index in range(_count(payload.get("n"))):
            answer = self.plant.answer(messages, schema=schema, max_tokens=limit if isinstance(limit, int) else 0)
            answered += tokens(answer.text)
            choices.append(_choice(index, answer.text, answer.finish, tool[0] if tool else ""))
        self.served.calls += 1
        self.served.input += asked
        self.served.output += answered
        self.served.payloads.append(payload)
        return {
            "id": f"chatcmpl-{self.served.calls}",
            "object": "chat.completion",
            "created": 0,
            "model": payload.get("model") or self.plant.name,
            "choices": choices,
            "usage": {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered},
        }


def _error(message: str) -> Mapping[str, object]:
    return {"error": {"message": message, "type": "invalid_request_error"}}


def _count(given: object) -> int:
    return given if isinstance(given, int) and 0 < given <= 16 else 1


def _message(given: Mapping[str, object]) -> Message:
    content = given.get("content")
    if isinstance(content, list):
        parts = cast("list[Mapping[str, object]]", content)
        content = "\n".join(str(part.get("text", "")) for part in parts)
    said = str(content or "")
    for call in cast("Sequence[Mapping[str, object]]", given.get("tool_calls") or ()):
        said += "\n" + str(cast("Mapping[str, object]", call.get("function", {})).get("arguments", ""))
    role = str(given.get("role", "user"))
    return Message("system" if role == "developer" else role, said)


def _forced_tool(payload: Mapping[str, object]) -> tuple[str, Schema] | None:
    """The tool that the reply must call, if there is one."""
    tools = [
        cast("Mapping[str, object]", one.get("function", {}))
        for one in cast("Sequence[Mapping[str, object]]", payload.get("tools") or ())
    ]
    choice = payload.get("tool_choice")
    if not tools or choice in {None, "auto", "none"} if not isinstance(choice, dict) else not tools:
        return None
    wanted = ""
    if isinstance(choice, dict):
        wanted = str(cast("Mapping[str, Mapping[str, object]]", choice).get("function", {}).get("name", ""))
    chosen = next((tool for tool in tools if tool.get("name") == wanted), tools[0])
    return str(chosen.get("name", "")), cast("Schema", chosen.get("parameters", {}))


def _response_schema(payload: Mapping[str, object]) -> Schema | None:
    wanted = payload.get("response_format")
    if not isinstance(wanted, dict):
        return None
    table = cast("Mapping[str, object]", wanted)
    if table.get("type") != "json_schema":
        return None
    return cast("Mapping[str, Schema]", table.get("json_schema", {})).get("schema")


def _choice(index: int, text: str, finish: str, tool: str) -> Mapping[str, object]:
    refused = finish == "refusal"
    message: dict[str, object] = {"role": "assistant", "content": None if refused else text}
    if refused:
        message["refusal"] = text
    reason = "length" if finish == "length" else "stop"
    if tool and not refused:
        message["content"] = None
        message["tool_calls"] = [
            {"id": f"call_{index}", "type": "function", "function": {"name": tool, "arguments": text}}
        ]
        reason = "length" if finish == "length" else "tool_calls"
    return {"index": index, "message": message, "finish_reason": reason, "logprobs": None}
