"""Keys come from the environment and go to their provider, and nowhere else: canaries, across every fault there is.

The server repeats all headers of the request in its error texts and in its replies, as debugging proxies do.
"""

import io
import logging
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rich.console import Console

from setpoint import models
from setpoint.compose import Request, Settings, begin_run, open_ledger, read_spec, settings, supervised
from setpoint.errors import ConfigError, ModelError
from setpoint.models.names import split
from setpoint.observe import EventLog, Several, log_to
from setpoint.observe.otel import Telemetry
from setpoint.ports import Model, Prompt
from setpoint.report.html import render_html
from setpoint.report.summary import summarise, to_json
from setpoint.report.terminal import LiveView, render_summary
from setpoint.testing.server import Fault, FaultKind, FaultServer

CANARIES = {
    "OPENAI_API_KEY": "sk-canary-0b5d1f7c2a",
    "ANTHROPIC_API_KEY": "canary.anthropic.77e1c9",  # like no key that a pattern would know
    "GOOGLE_API_KEY": "canary/google+4f2b==",
    "GEMINI_API_KEY": "canary-gemini-90ab",
    "OLLAMA_API_KEY": "canary ollama with spaces",
}
PROVIDERS = ("openai", "anthropic", "google")
SPEC = {
    "brief": "A note that says where and when.",
    "budget": {"passes": 2},
    "criterion": [
        {"name": "where", "check": {"contains": ["town library"]}, "impact": 5},
        {"name": "warm", "says": "It is a warm welcome."},
    ],
}


def leaked(text: str) -> list[str]:
    """The variables whose value stands in a text."""
    return [name for name, canary in CANARIES.items() if canary in text]


def contents(folder: Path) -> dict[str, str]:
    """All files below a folder."""
    return {f.name: f.read_bytes().decode("utf-8", "replace") for f in folder.rglob("*") if f.is_file()}


def echoing(kind: FaultKind | None) -> FaultServer:
    """A server that misbehaves in one way, and repeats the headers it was sent wherever it can."""

    def respond(_payload: Mapping[str, object]) -> str | Fault:
        sent = sorted(server.requests[-1].headers.items(), key=lambda header: not leaked(header[1]))
        headers = ", ".join(f"{name}: {value}" for name, value in sent)  # long messages are cut: the key stands first
        assert leaked(headers[:200]), "the provider itself is sent the key"
        said = f"town library. You sent {headers}"
        return said if kind is None else Fault(kind=kind, text=said, retry_after=0.0)

    server = FaultServer(respond)
    return server


@dataclass
class Seen:
    """Everything a run leaves behind: log lines, spans, metrics, what stands in the terminal."""

    where: Settings
    logs: io.StringIO
    spans: InMemorySpanExporter
    metrics: InMemoryMetricReader

    def telemetry(self) -> str:
        """All spans and metrics as text, and that there are some."""
        spans = self.spans.get_finished_spans()
        assert spans
        found = self.metrics.get_metrics_data()
        return "".join(span.to_json() for span in spans) + (found.to_json() if found else "")


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[Seen]:
    """A user with all keys set, who logs and traces everything, texts included."""
    logs, spans, metrics = io.StringIO(), InMemorySpanExporter(), InMemoryMetricReader()
    traces = TracerProvider()
    traces.add_span_processor(SimpleSpanProcessor(spans))
    log_to(logs, "json", "debug")
    telemetry = Telemetry(traces, MeterProvider(metric_readers=[metrics]), content=True)
    environment = {**CANARIES, "SETPOINT_HOME": str(tmp_path / "home")}
    where = settings(folder=tmp_path, environment=environment, notice=lambda line: print(line, file=logs))
    where = replace(
        where,
        models=replace(where.models, timeout=0.4, retries=0),
        observer=Several((EventLog(content=True), telemetry)),
    )
    yield Seen(where, logs, spans, metrics)
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, logging.StreamHandler) and h.stream is logs]:
        root.removeHandler(handler)


QUICK: tuple[FaultKind | None, ...] = (None, "unauthorised", "bad_request", "refusal")
RUNS = [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.slow) for kind in (None, *get_args(FaultKind))]


@pytest.mark.parametrize("kind", RUNS)
async def test_no_key_is_left_behind_by_a_run_whatever_the_provider_does(
    seen: Seen, kind: FaultKind | None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Ledger, logs, traces, reports, terminal: none holds a key, though the server repeats it all the time."""
    terminal = io.StringIO()
    console = Console(file=terminal, width=200)
    with echoing(kind) as server:
        for provider in PROVIDERS:
            name = f"{provider}:m@{server.url}"
            request = Request(spec=read_spec(SPEC), author=name, probe=False)
            view = LiveView(console, plain=True)
            async with open_ledger(seen.where) as ledger:
                with view:
                    run, crew = await begin_run(request, seen.where, ledger, view.on_event)
                    await supervised(run, crew, seen.where)
                summary = summarise(await ledger.replay(run.id))
            render_summary(summary, console)
            assert leaked(render_html(summary)) == []
            assert leaked(str(to_json(summary))) == []
        assert len(server.requests) >= len(PROVIDERS)
    stored = contents(tmp_path)
    assert any(name == "runs.sqlite" for name in stored)
    assert {name: leaked(text) for name, text in stored.items() if leaked(text)} == {}
    assert "stopped" in seen.logs.getvalue()
    assert leaked(seen.logs.getvalue()) == []
    assert leaked(seen.telemetry()) == []
    assert leaked(terminal.getvalue()) == []
    assert leaked("".join(capfd.readouterr())) == []


async def said(model: Model) -> str:
    """The reply, or all that is known about the failure."""
    try:
        return repr(await model.ask(Prompt(system="s", user="u", max_tokens=50)))
    except ModelError as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        return "".join((*told, repr(error)))


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("kind", get_args(FaultKind))
async def test_no_key_stands_in_an_error_or_its_traceback(provider: str, kind: FaultKind, tmp_path: Path) -> None:
    """Not in the message, not in what caused it, and not among the local variables that some tracebacks print."""
    where = settings(folder=tmp_path, environment={**CANARIES, "SETPOINT_HOME": str(tmp_path)})
    with echoing(kind) as server:
        model = models.resolve(f"{provider}:m@{server.url}", replace(where.models, timeout=0.4, retries=0))
        assert leaked(repr(model) + repr(where)) == []
        told = await said(model)
    assert told
    assert leaked(told) == []


@pytest.mark.parametrize(
    "address", ["https://me:pw@host/v1", "https://host/v1?api_key=pw", "https://host/v1?x=1&Token=pw"]
)
def test_an_address_that_holds_a_key_is_refused_without_repeating_it(address: str) -> None:
    """Names of models are recorded and shown."""
    with pytest.raises(ConfigError, match="into a variable") as caught:
        split(f"openai:m@{address}")
    assert "pw" not in str(caught.value)


def test_white_space_around_a_key_is_no_part_of_it(tmp_path: Path) -> None:
    """A line end that came with the key would keep it from being recognised when a server repeats it."""
    where = settings(folder=tmp_path, environment={"OPENAI_API_KEY": "canary-7\n", "SETPOINT_HOME": str(tmp_path)})
    model = models.resolve("openai:m@http://127.0.0.1:9/v1", where.models)
    assert getattr(getattr(model, "model", None), "_key", None) == "canary-7"
