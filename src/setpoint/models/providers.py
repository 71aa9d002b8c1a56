"""Models over HTTP, by pydantic-ai's low-level request: one prompt, one reply, no agent and no hidden retry.

Rules: the reply's text is handed on as it came, save for our key. Whatever is raised below this module leaves it as a `ModelError`,
read in `failures.py`. Calls in flight share their lines to the server, those of each event loop for themselves, so a model may
be used from any; when no call is in flight, nothing is left open.
"""

import asyncio
import dataclasses
import importlib.util
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import anyio
import httpx2
from pydantic_ai import direct
from pydantic_ai.messages import ModelRequest, ModelResponse, UserPromptPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition

from setpoint.core.cost import count
from setpoint.core.event import Usage
from setpoint.errors import ConfigError
from setpoint.models.failures import Failure, read
from setpoint.models.keys import key_variables, secret
from setpoint.models.names import RemoteName, split
from setpoint.models.prices import meter
from setpoint.models.prompted import without_schema
from setpoint.models.settings import ModelSettings
from setpoint.ports import Finish, Prompt, Reply

if TYPE_CHECKING:
    from pydantic_ai.models import Model as ForeignModel
    from pydantic_ai.settings import ModelSettings as ForeignSettings

__all__ = ["RemoteModel", "remote"]

_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 2.0
"""An idle line is given up before any server does so: a request on a line that is just being closed fails."""
_NO_KEY = "not-needed"
_NAMED_AS = {"temperature": ("temperature",), "seed": ("seed",), "thinking": ("thinking", "reasoning")}
"""Fields that can be left out, and what an endpoint calls them when it turns one down."""


@dataclasses.dataclass(slots=True)
class _Client:
    """What the calls in flight of one event loop share: the library's model, and open lines to the server."""

    http: httpx2.AsyncClient
    model: "ForeignModel"
    users: int = 0


class RemoteModel:
    """A `Model` over HTTP.

    It remembers which request fields its endpoint turned down, and leaves them out from then on.

    Args:
        name: as the user wrote it.
        remote: the same, taken apart.
        key: the key to send; empty for none.
        timeout: seconds that one request may take.
        money: what a call cost.
    """

    def __init__(
        self, *, name: str, remote: RemoteName, key: str, timeout: float, money: Callable[[Usage], float | None]
    ) -> None:
        self._name = name
        self._remote = remote
        self._key = key
        self._secret = key if secret(key) else ""
        self._timeout = timeout
        self._money = money
        self._tls = ssl.create_default_context()
        self._clients: dict[asyncio.AbstractEventLoop, _Client] = {}
        self._declined: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        """Without the key."""
        return f"RemoteModel({self._name!r})"

    @property
    def name(self) -> str:
        """``provider:name``, as the user wrote it."""
        return self._name

    async def ask(self, prompt: Prompt) -> Reply:
        """Send one request; in a plainer form if the endpoint turns a field down.

        Raises:
            ModelError: if no reply that can be read came back.
        """
        declined = self._declined
        answer = await self._offer(prompt, declined)
        while isinstance(answer, Failure):
            further = _turned_down(answer, prompt, declined)
            if not further:
                raise answer.error()
            declined |= further
            answer = await self._offer(prompt, declined)
        self._declined = declined
        return answer

    async def _offer(self, prompt: Prompt, declined: frozenset[str]) -> Reply | Failure:
        """Send the request once, without the fields in `declined`.

        A failure is returned, not raised in the handler: the foreign exception may hold the request's headers, and
        must not travel on as the cause or context of ours.
        """
        sent = without_schema(prompt) if "schema" in declined else prompt
        started = time.monotonic()
        try:
            async with self._client() as model:
                response = await direct.model_request(
                    model,
                    [ModelRequest(parts=[UserPromptPart(sent.user)], instructions=sent.system or None)],
                    model_settings=self._settings(sent, declined | _never_taken(model.profile)),
                    model_request_parameters=_parameters(sent),
                )
            return self._reply(response, sent, time.monotonic() - started)
        except Exception as error:  # noqa: BLE001 - the libraries below share no base class; see failures.py
            return read(error, self._name, [self._secret])

    @asynccontextmanager
    async def _client(self) -> AsyncGenerator["ForeignModel"]:
        """The library's model for this event loop; the last call in flight closes it, so that nobody else need to."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            http = httpx2.AsyncClient(
                verify=self._tls,
                timeout=httpx2.Timeout(self._timeout, connect=_CONNECT_SECONDS),
                limits=httpx2.Limits(keepalive_expiry=_IDLE_SECONDS),
            )
            self._clients[loop] = _Client(http, _build(self._remote, self._key, http))
        client = self._clients[loop]
        client.users += 1
        try:
            yield client.model
        finally:
            client.users -= 1
            if not client.users:
                del self._clients[loop]
                with anyio.CancelScope(shield=True):
                    await client.http.aclose()

    def _without_key(self, text: str) -> str:
        """A reply becomes a draft, and a draft is recorded: a server that repeats our headers must not put the key there."""
        return text.replace(self._secret, "[key removed]") if self._secret else text

    def _settings(self, prompt: Prompt, declined: frozenset[str]) -> "ForeignSettings":
        settings: dict[str, object] = {
            "max_tokens": prompt.max_tokens,
            "temperature": prompt.temperature,
            "seed": prompt.seed,
            "timeout": self._timeout,
            "request_timeout": self._timeout,
            "max_retries": 0,
            "thinking": False,  # thoughts count against the length of the reply, and budgets know nothing of them
        }
        if self._remote.provider == "anthropic":
            settings["cache"] = {"messages": False}  # others cache the stable prefix unasked
        return cast("ForeignSettings", {key: value for key, value in settings.items() if key not in declined})

    def _reply(self, response: ModelResponse, prompt: Prompt, seconds: float) -> Reply:
        details: Mapping[str, object] = response.provider_details or {}
        text = self._without_key(response.text or str(details.get("refusal") or ""))
        finish: Finish = "stop"
        if response.finish_reason == "content_filter":
            finish = "refusal"
        elif response.finish_reason == "length":
            finish = "length"
        counted = response.usage
        missing = counted.input_tokens == 0 and counted.output_tokens == 0
        usage = Usage(
            input=count(prompt.system + prompt.user) if missing else counted.input_tokens,
            output=count(text) if missing else counted.output_tokens,
            cached=counted.cache_read_tokens,
            seconds=seconds,
            estimated=missing,
        )
        return Reply(text=text, finish=finish, usage=dataclasses.replace(usage, money=self._money(usage)))


def remote(name: str, settings: ModelSettings) -> RemoteModel:
    """The model with a name like ``openai:NAME`` or ``openai:NAME@https://host/v1``.

    Raises:
        ConfigError: if the name or the price file cannot be used, or the key or a package is missing.
    """
    taken_apart = split(name)
    _require_package(taken_apart.provider)
    return RemoteModel(
        name=name,
        remote=taken_apart,
        key=_key(name, taken_apart, settings.environment),
        timeout=settings.timeout,
        money=meter(name, settings),
    )


def _require_package(provider: str) -> None:
    package = {"anthropic": "anthropic", "google": "google.genai"}.get(provider, "openai")
    try:
        missing = importlib.util.find_spec(package) is None
    except ModuleNotFoundError:  # its parent package is missing
        missing = True
    if missing:
        raise ConfigError(f"{provider} models need one more package: pip install 'setpoint[providers]'")


def _key(name: str, remote_name: RemoteName, environment: Mapping[str, str]) -> str:
    variables = key_variables()[remote_name.provider]
    for variable in variables:
        if key := environment.get(variable, "").strip():  # a server that repeats it repeats it without white space
            return key
    if remote_name.local:
        return ""
    raise ConfigError(f"{name} needs a key: set {' or '.join(variables)} in the environment")


def _never_taken(profile: Mapping[str, object]) -> frozenset[str]:
    """What models of this kind are known not to take; the library would warn into the middle of the live view."""
    thinks = profile.get("openai_supports_reasoning") and profile.get("thinking_always_enabled")
    return frozenset({"temperature"} if thinks or profile.get("anthropic_disallows_sampling_settings") else ())


def _turned_down(failure: Failure, prompt: Prompt, declined: frozenset[str]) -> frozenset[str]:
    """Which field to leave out next: one that the server names, else the schema."""
    if not failure.negotiable:
        return frozenset()
    said = failure.message.lower()
    named = frozenset(field for field, words in _NAMED_AS.items() if any(word in said for word in words)) - declined
    if named or prompt.schema is None:
        return named
    return frozenset({"schema"}) - declined


def _parameters(prompt: Prompt) -> ModelRequestParameters:
    if prompt.schema is None:
        return ModelRequestParameters()
    wanted = OutputObjectDefinition(json_schema=dict(prompt.schema), name="reply")
    return ModelRequestParameters(output_mode="native", output_object=wanted)


def _build(name: RemoteName, key: str, client: httpx2.AsyncClient) -> "ForeignModel":
    """The library's model; it imports the package of the provider that was named, and no other."""
    match name.provider:
        case "anthropic":
            return _anthropic(name, key, client)
        case "google":
            return _google(name, key, client)
        case _:
            return _openai(name, key, client)


def _openai(name: RemoteName, key: str, client: httpx2.AsyncClient) -> "ForeignModel":
    from pydantic_ai.models.openai import OpenAIChatModel  # noqa: PLC0415 - half a second
    from pydantic_ai.profiles import merge_profile  # noqa: PLC0415
    from pydantic_ai.profiles.openai import OpenAIModelProfile  # noqa: PLC0415
    from pydantic_ai.providers.openai import OpenAIProvider  # noqa: PLC0415

    address = name.address or "https://api.openai.com/v1"
    provider = OpenAIProvider(base_url=address, api_key=key or _NO_KEY, http_client=client)
    if not name.address:
        return OpenAIChatModel(name.model, provider=provider)
    # Other servers know the older name of the field that limits the reply.
    older = OpenAIModelProfile(openai_chat_supports_max_completion_tokens=False)
    profile = merge_profile(provider.model_profile(name.model), older)
    return OpenAIChatModel(name.model, provider=provider, profile=profile)


def _anthropic(name: RemoteName, key: str, client: httpx2.AsyncClient) -> "ForeignModel":
    from pydantic_ai.models.anthropic import AnthropicModel  # noqa: PLC0415 - two seconds
    from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: PLC0415

    address = name.address or "https://api.anthropic.com"
    return AnthropicModel(
        name.model, provider=AnthropicProvider(api_key=key or _NO_KEY, base_url=address, http_client=client)
    )


def _google(name: RemoteName, key: str, client: httpx2.AsyncClient) -> "ForeignModel":
    from pydantic_ai.models.google import GoogleModel  # noqa: PLC0415 - seconds
    from pydantic_ai.providers.google import GoogleProvider  # noqa: PLC0415

    address = name.address or "https://generativelanguage.googleapis.com"
    return GoogleModel(
        name.model, provider=GoogleProvider(api_key=key or _NO_KEY, base_url=address, http_client=client)
    )
