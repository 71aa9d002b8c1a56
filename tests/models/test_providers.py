"""Models over HTTP, asked through the real provider libraries at a server that misbehaves on purpose."""

import traceback
from pathlib import Path

import anyio
import pytest

from setpoint.errors import ConfigError, ModelError
from setpoint.models import ModelSettings, resolve
from setpoint.ports import Model, Prompt
from setpoint.testing.server import Fault, FaultServer, Responder, scripted

KEY = "canary/0123456789abcdef"
SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"enum": ["pass", "fail"]}},
    "required": ["verdict"],
    "additionalProperties": False,
}
ROUTES = {
    "openai": "openai:some-model@{0}/v1",
    "ollama": "ollama:some-model@{0}/v1",
    "anthropic": "anthropic:some-model@{0}",
    "google": "google:some-model@{0}",
}


def prompt(user: str = "Write.", **changes: object) -> Prompt:
    """A short request."""
    fields: dict[str, object] = {"system": "You write.", "user": user, "max_tokens": 50} | changes
    return Prompt(**fields)  # type: ignore[arg-type]


def model(server: FaultServer, provider: str = "openai", **changes: object) -> Model:
    """A model at the server, without retries and with a canary for a key."""
    keys = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "OLLAMA_API_KEY"), KEY)
    fields: dict[str, object] = {"environment": keys, "cache": Path("unused"), "retries": 0, "timeout": 20.0}
    settings = ModelSettings(**(fields | changes))  # type: ignore[arg-type]
    return resolve(ROUTES[provider].format(server.origin), settings)


def fields(payload: object) -> dict[str, object]:
    """A request's body as a plain dictionary."""
    assert isinstance(payload, dict)
    return payload


@pytest.mark.parametrize("provider", list(ROUTES))
async def test_every_provider_answers(provider: str) -> None:
    """System text, user text and limit arrive; text and tokens come back."""
    with FaultServer(scripted("Here you are.")) as server:
        reply = await model(server, provider).ask(prompt("Write about rain."))
    assert (reply.text, reply.finish) == ("Here you are.", "stop")
    assert reply.usage.input > 0
    assert reply.usage.output > 0
    sent = server.requests[0].text
    assert all(piece in sent for piece in ("You write.", "Write about rain.", "50"))


FAULTS = [
    (Fault(kind="rate_limited", retry_after=7), "rate_limited", True),
    (Fault(kind="server_error"), "server_error", True),
    (Fault(kind="unavailable"), "server_error", True),
    (Fault(kind="bad_request"), "rejected", False),
    (Fault(kind="unauthorised"), "not_authorised", False),
    (Fault(kind="not_found"), "rejected", False),
    (Fault(kind="hang"), "timeout", True),
    (Fault(kind="reset"), "unreachable", True),
    (Fault(kind="broken_http"), "unreachable", True),
    (Fault(kind="cut_body"), "unreachable", True),
    (Fault(kind="not_json"), "broken_reply", True),
]


@pytest.mark.parametrize("provider", list(ROUTES))
@pytest.mark.parametrize(("fault", "kind", "retryable"), FAULTS, ids=[fault.kind for fault, _, _ in FAULTS])
async def test_every_fault_is_a_model_error_of_its_kind_without_the_key(
    provider: str,
    fault: Fault,
    kind: str,
    retryable: bool,  # noqa: FBT001 - from the table
) -> None:
    """The server even repeats the key in its answer; no part of the traceback may show it."""
    told = Fault(kind=fault.kind, text=f"Incorrect key {KEY} (Bearer {KEY})", retry_after=fault.retry_after)
    with FaultServer(scripted(told)) as server:
        timeout = 0.5 if fault.kind == "hang" else 20.0
        with pytest.raises(ModelError) as caught:
            await model(server, provider, timeout=timeout).ask(prompt())
    assert (caught.value.kind, caught.value.retryable) == (kind, retryable)
    assert caught.value.retry_after == fault.retry_after
    assert str(caught.value).startswith(f"{provider}:some-model")
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert len(server.requests) == 1


async def test_no_choices_at_all_is_a_broken_reply() -> None:
    """In the library below this is a bare IndexError."""
    with FaultServer(scripted(Fault(kind="empty_choices"))) as server, pytest.raises(ModelError) as caught:
        await model(server).ask(prompt())
    assert caught.value.kind == "broken_reply"


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    """The port was closed a moment ago."""
    with FaultServer(scripted("")) as server:
        pass
    with pytest.raises(ModelError) as caught:
        await model(server).ask(prompt())
    assert caught.value.kind == "unreachable"


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google"])
@pytest.mark.parametrize(
    ("kind", "finish"), [("truncated", "length"), ("refusal", "refusal"), ("content_filter", "refusal")]
)
async def test_an_ending_other_than_the_end_is_told_apart(provider: str, kind: str, finish: str) -> None:
    """What a model says, or declines to say, is a reply and not an error."""
    with FaultServer(scripted(Fault(kind=kind, text="I cannot"))) as server:  # type: ignore[arg-type]
        reply = await model(server, provider).ask(prompt())
    assert (reply.text, reply.finish) == ("I cannot", finish)


async def test_a_missing_count_is_estimated_and_marked() -> None:
    """A budget must not be fooled by a server that counts nothing."""
    with FaultServer(scripted(Fault(kind="no_usage", text="words " * 30))) as server:
        usage = (await model(server).ask(prompt("question " * 30))).usage
    assert usage.estimated
    assert usage.input >= 30
    assert usage.output >= 30


async def test_money_follows_the_price_file_cached_tokens_apart(tmp_path: Path) -> None:
    """An unknown price is None, never 0."""
    with FaultServer(scripted("Here you are.")) as server:
        name = ROUTES["openai"].format(server.origin)
        prices = tmp_path / "prices.toml"
        prices.write_text(f'["{name}"]\ninput = 2.0\noutput = 10.0\ncached = 0.5\n')
        usage = (await model(server, prices=prices).ask(prompt())).usage
        unknown = (await model(server).ask(prompt())).usage
    assert usage.cached == usage.input // 2 > 0
    expected = (usage.input - usage.cached) * 2.0 + usage.cached * 0.5 + usage.output * 10.0
    assert usage.money == pytest.approx(expected / 1e6)
    assert unknown.money is None


# What an endpoint does not take


def refusing(*fields_: str) -> Responder:
    """An endpoint that answers 400 to a request with any of these fields, and names the field."""

    def respond(payload: object) -> str | Fault:
        for field in fields_:
            if field in fields(payload):
                return Fault(kind="bad_request", text=f"Unsupported parameter: {field!r}")
        return '{"verdict": "pass"}'

    return respond


async def test_an_endpoint_without_schemas_is_asked_in_words_and_remembered() -> None:
    """Two requests the first time, one from then on."""
    with FaultServer(refusing("response_format")) as server:
        asked = model(server)
        for _ in range(2):
            assert (await asked.ask(prompt(schema=SCHEMA))).text == '{"verdict": "pass"}'
    assert ["response_format" in request.payload for request in server.requests] == [True, False, False]
    assert "JSON schema" in server.requests[1].text


async def test_a_model_that_refuses_temperature_and_seed_is_asked_without() -> None:
    """Reasoning models do; each is dropped only when it is named, and both stay dropped."""
    with FaultServer(refusing("temperature", "seed")) as server:
        asked = model(server)
        await asked.ask(prompt())
        await asked.ask(prompt())
    dropped = [{"temperature", "seed"} - request.payload.keys() for request in server.requests]
    assert dropped == [set(), {"temperature"}, {"temperature", "seed"}, {"temperature", "seed"}]


@pytest.mark.parametrize(
    ("name", "field", "sent"),
    [
        ("openai:gpt-5-mini@{0}/v1", "reasoning_effort", "minimal"),
        ("openai:o3@{0}/v1", "reasoning_effort", "low"),
        ("openai:some-model@{0}/v1", "reasoning_effort", None),
        ("google:gemini-2.5-flash@{0}", "generationConfig", {"thinking_budget": 0}),
    ],
)
async def test_a_model_that_thinks_before_it_answers_is_asked_to_think_little(
    name: str, field: str, sent: object
) -> None:
    """Thoughts count against the reply's length: of a few hundred tokens nothing would be left for the text.

    No warning of the library's reaches the terminal, either: warnings are errors here.
    """
    settings = ModelSettings(
        environment={"OPENAI_API_KEY": KEY, "GOOGLE_API_KEY": KEY}, cache=Path("unused"), retries=0
    )
    with FaultServer(scripted("Here you are.")) as server:
        await resolve(name.format(server.origin), settings).ask(prompt())
    said = server.requests[0].payload.get(field)
    assert (fields(said)["thinkingConfig"] if field == "generationConfig" else said) == sent


async def test_an_endpoint_that_takes_no_wish_about_thinking_is_asked_without() -> None:
    """A gateway may know the model's name and not the field."""
    settings = ModelSettings(environment={"OPENAI_API_KEY": KEY}, cache=Path("unused"), retries=0)
    with FaultServer(refusing("reasoning_effort")) as server:
        reply = await resolve(f"openai:gpt-5-mini@{server.url}", settings).ask(prompt())
    assert reply.text == '{"verdict": "pass"}'
    assert ["reasoning_effort" in request.payload for request in server.requests] == [True, False]


@pytest.mark.parametrize("address", ["ftp://host/v1", "host://x", "htp://127.0.0.1:9/v1"])
def test_an_address_of_another_kind_is_refused_before_anything_is_asked(address: str) -> None:
    """It would be tried for a minute, as if the server were away."""
    with pytest.raises(ConfigError, match="begins with http"):
        resolve(f"openai:m@{address}", ModelSettings(environment={"OPENAI_API_KEY": KEY}, cache=Path("unused")))


@pytest.mark.parametrize("stand_in", ["x", "ollama", "EMPTY", "lm-studio", "sk-no-key-required"])
async def test_a_stand_in_for_a_key_takes_nothing_out_of_a_text(stand_in: str) -> None:
    """Local servers want any key; where that is a word, texts may hold it by chance."""
    text = f"An example: set it up with {stand_in}, explained next."
    with FaultServer(scripted(text)) as server:
        settings = ModelSettings(environment={"OPENAI_API_KEY": stand_in}, cache=Path("unused"), retries=0)
        reply = await resolve(ROUTES["openai"].format(server.origin), settings).ask(prompt())
    assert reply.text == text


async def test_a_request_refused_in_any_form_changes_nothing_for_the_next() -> None:
    """The schema is not given up because of an unrelated refusal."""
    answers = scripted(*[Fault(kind="bad_request", text="no")] * 2, '{"verdict": "fail"}')
    with FaultServer(answers) as server:
        asked = model(server)
        with pytest.raises(ModelError, match="turned the request down"):
            await asked.ask(prompt(schema=SCHEMA))
        await asked.ask(prompt(schema=SCHEMA))
    assert ["response_format" in request.payload for request in server.requests] == [True, False, True]


# The wire


async def test_the_text_comes_back_as_it_was_although_control_tokens_are_broken_on_the_way() -> None:
    """The library puts an invisible joiner into ``<|im_end|>``; it must not end up in a draft."""
    text = "a <|im_end|> b"

    def echo(payload: object) -> str:
        messages = fields(payload)["messages"]
        assert isinstance(messages, list)
        return str(messages[-1]["content"])

    with FaultServer(echo) as server:
        reply = await model(server).ask(prompt(text))
    assert reply.text == text
    assert text not in server.requests[0].text


async def test_the_key_is_sent_to_the_server_that_was_named() -> None:
    """And a server on this machine needs none."""
    with FaultServer(scripted("yes")) as server:
        await model(server).ask(prompt())
        await model(server, environment={}).ask(prompt())
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent[0] == f"Bearer {KEY}"
    assert KEY not in sent[1]


def test_a_model_can_be_used_from_one_event_loop_after_another() -> None:
    """Scripts call the synchronous convenience more than once."""
    with FaultServer(scripted("yes")) as server:
        asked = model(server)
        assert [anyio.run(asked.ask, prompt()).text for _ in range(2)] == ["yes", "yes"]


async def test_a_cancelled_request_leaves_the_model_usable() -> None:
    """The first hangs, the second is answered."""
    with FaultServer(scripted(Fault(kind="hang"), "yes")) as server:
        asked = model(server)
        with anyio.move_on_after(0.3) as scope:
            await asked.ask(prompt())
        assert scope.cancelled_caught
        assert (await asked.ask(prompt())).text == "yes"


# Names and keys


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpt-x", "expected PROVIDER:NAME, for example embedded:qwen"),
        ("openia:gpt-x", "Did you mean 'openai'"),
        ("mistral:large", "openai:NAME@https://HOST/v1"),
        ("openai:gpt-x", "needs a key: set OPENAI_API_KEY"),
        ("google:gemini-x", "set GOOGLE_API_KEY or GEMINI_API_KEY"),
        ("openai:x@https://host.example/v1", "set OPENAI_API_KEY"),
        ("openai:x@https://me:secret@host.example/v1", "not into the address"),
        ("openai:@http://localhost/v1", "expected openai:MODEL@http://HOST/v1"),
    ],
)
def test_a_name_that_cannot_be_used_says_why(name: str, message: str) -> None:
    """No request is made, and no secret of the address is repeated."""
    with pytest.raises(ConfigError, match=message) as caught:
        resolve(name, ModelSettings(environment={}, cache=Path("unused")))
    assert "secret" not in str(caught.value).replace(name, "")


def test_settings_and_models_print_no_key() -> None:
    """They land in logs and tracebacks."""
    settings = ModelSettings(environment={"OPENAI_API_KEY": KEY}, cache=Path("unused"))
    assert KEY not in repr(settings) + repr(resolve("openai:gpt-x", settings))
