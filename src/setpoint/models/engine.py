"""The one place that knows `xllamacpp`: a GGUF file in this process, loaded once, asked one prompt at a time.

Rules: everything here blocks, and belongs in a worker thread. The library opens an HTTP port on localhost whether one
wants it or not; it is protected with a random key that nobody is told, and its pages are switched off.
"""

import importlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Protocol, TypeAlias, cast

from setpoint.core.event import Usage
from setpoint.errors import ConfigError, ModelError
from setpoint.models.controls import break_controls, restore_controls
from setpoint.ports import Finish, Prompt, Reply

__all__ = ["CONTEXT", "Engine", "Engines", "Stopped"]

CONTEXT = 8192
"""Tokens of context; less where the model was trained with less."""
_THREADS = 8
_BATCH = 256
"""Prompt tokens between two looks at `stop`: at 70 tokens a second, a stopped call ends within 4 s."""
_PREFIX_CACHE_MIB = 512
"""Memory for the prefixes of earlier prompts, so that an author and a critic do not evict each other's."""
_SPIN_SETTINGS = frozenset({"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"})
_SPINS = "3000"
_POLL = 0.1

_Map: TypeAlias = Mapping[str, object]


class Stopped(Exception):  # noqa: N818 - not an error: the caller asked for it
    """The call was given up because `stop` was set."""


class _Server(Protocol):
    """What is used of ``xllamacpp.Server``."""

    @property
    def listening_address(self) -> str: ...

    def handle_chat_completions(self, request: _Map, callback: Callable[[_Map], bool], /) -> object: ...


@dataclass(slots=True)
class _Collected:
    """The pieces of a streamed reply."""

    stop: threading.Event
    text: list[str] = field(default_factory=list[str])
    finish: str = ""
    usage: _Map = field(default_factory=dict[str, object])
    error: _Map = field(default_factory=dict[str, object])

    def take(self, chunk: _Map) -> bool:
        """Keep one piece; True ends the generation."""
        self.error = _map(chunk.get("error")) or self.error
        self.usage = _map(chunk.get("usage")) or self.usage
        choices = cast("Sequence[_Map]", chunk.get("choices") or ())
        for choice in choices[:1]:
            self.text.append(str(_map(choice.get("delta")).get("content") or ""))
            self.finish = str(choice.get("finish_reason") or self.finish)
        return self.stop.is_set()


class Engine:
    """One GGUF file. Loads at the first call; safe to share between threads, which take turns.

    Args:
        path: the file.
        context: tokens of context to ask for.
    """

    def __init__(self, path: Path, context: int = CONTEXT) -> None:
        self._path = path
        self._context = context
        self._turn = threading.Lock()
        self._server: _Server | None = None

    @property
    def address(self) -> str:
        """Where the library's protected port listens; empty before the first call."""
        return self._server.listening_address if self._server else ""

    def chat(self, prompt: Prompt, stop: threading.Event) -> Reply:
        """Ask once.

        Raises:
            ConfigError: if the library is not installed or the file is not a GGUF file.
            ModelError: if the file cannot be loaded or the prompt is refused (``no_schema`` for an unusable schema).
            Stopped: if `stop` was set meanwhile.
        """
        while not self._turn.acquire(timeout=_POLL):
            if stop.is_set():
                raise Stopped
        try:
            if stop.is_set():
                raise Stopped
            self._server = self._server or _load(self._path, self._context)
            return self._ask(self._server, prompt, stop)
        finally:
            self._turn.release()

    def _ask(self, server: _Server, prompt: Prompt, stop: threading.Event) -> Reply:
        started = time.monotonic()
        collected = _Collected(stop)
        try:
            direct = server.handle_chat_completions(_request(prompt), collected.take)
        except ValueError as error:
            kind = "rejected" if prompt.schema is None else "no_schema"
            raise ModelError(f"{self._path.name} cannot take this request: {_brief(error)}", kind=kind) from error
        except RuntimeError as error:
            raise ModelError(f"{self._path.name} failed: {_brief(error)}", kind="server_error") from error
        if stop.is_set():
            raise Stopped
        collected.take(_map(direct))
        if collected.error:
            raise self._refused(collected.error)
        if not collected.finish:
            raise ModelError(f"{self._path.name} ended without a reason", kind="broken_reply")
        finish: Finish = "length" if collected.finish == "length" else "stop"
        text = restore_controls("".join(collected.text))
        return Reply(text=text, finish=finish, usage=_usage(collected.usage, time.monotonic() - started))

    def _refused(self, error: _Map) -> ModelError:
        if error.get("type") == "exceed_context_size_error":
            return ModelError(
                f"the prompt has {error.get('n_prompt_tokens')} tokens, but {self._path.name} reads at most "
                f"{error.get('n_ctx')}: shorten the brief, the sources or the draft, or use a model with more context",
                kind="rejected",
            )
        rejected = str(error.get("code", "")).startswith("4")
        return ModelError(
            f"{self._path.name}: {_brief(error.get('message'))}", kind="rejected" if rejected else "server_error"
        )


class Engines:
    """The engines of one process, one per file: weights are loaded once, whoever asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engines: dict[Path, Engine] = {}

    def of(self, path: Path) -> Engine:
        """The engine of a file; it loads nothing yet."""
        with self._lock:
            return self._engines.setdefault(path.resolve(), Engine(path))


def _load(path: Path, context: int) -> _Server:
    library = _library()
    _require_gguf(path)
    params = library.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context
    params.n_parallel = 1
    params.n_batch = _BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _threads()
    params.cache_ram_mib = _PREFIX_CACHE_MIB
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [secrets.token_urlsafe(32)]
    params.ui = params.endpoint_slots = False
    params.offline = True
    params.verbosity = -1  # it writes its log to the terminal otherwise, over the live view
    try:
        return cast("_Server", library.Server(params))
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"{path} could not be loaded: it is cut short, of a kind this version of xllamacpp does not know, "
            "or there is too little memory for it",
            kind="rejected",
        ) from error


def _library() -> ModuleType:
    """Import the library, with threads that soon go to sleep when they wait for each other.

    By default they spin for milliseconds. On two cores with one of them busy that makes a token take up to ten times
    as long; with this setting it costs nothing when the machine is idle. It is read once, when the library's OpenMP
    is loaded, and taken back so that no child process inherits it. A choice of the user's own stands.
    """
    ours = not _SPIN_SETTINGS & os.environ.keys()
    if ours:
        os.environ["GOMP_SPINCOUNT"] = _SPINS
    try:
        return importlib.import_module("xllamacpp")
    except ImportError as error:
        raise ConfigError("embedded models need one more package: pip install 'setpoint[embedded]'") from error
    finally:
        if ours:
            del os.environ["GOMP_SPINCOUNT"]


def _require_gguf(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ConfigError(f"cannot read the model file {path}: {error.strerror}") from error
    if magic != b"GGUF":
        raise ConfigError(f"{path} is not a GGUF file; embedded models are files of that format")


def _threads() -> int:
    """The processors that this process may use, at most eight: more only get into each other's way."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(_THREADS, allowed))


def _request(prompt: Prompt) -> _Map:
    messages = [
        {"role": role, "content": break_controls(text)}
        for role, text in (("system", prompt.system), ("user", prompt.user))
        if text
    ]
    request: dict[str, object] = {
        "messages": messages,
        "max_tokens": prompt.max_tokens,
        "temperature": prompt.temperature,
        "seed": prompt.seed,
        "cache_prompt": True,
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
    }
    if prompt.schema is not None:
        schema = {"name": "reply", "strict": True, "schema": dict(prompt.schema)}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
    return request


def _usage(counts: _Map, seconds: float) -> Usage:
    details = _map(counts.get("prompt_tokens_details"))
    return Usage(
        input=_count(counts.get("prompt_tokens")),
        output=_count(counts.get("completion_tokens")),
        cached=_count(details.get("cached_tokens")),
        seconds=seconds,
        estimated=not counts,
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _map(value: object) -> _Map:
    return cast("_Map", value) if isinstance(value, Mapping) else {}


def _brief(message: object) -> str:
    return " ".join(str(message).split())[:300]
