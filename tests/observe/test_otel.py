"""Traces and metrics by the conventions, and over a real OTLP endpoint on this machine."""

import gzip
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics

from conftest_cli import BAD, GOOD, SPEC
from setpoint.compose import Request, begin_run, read_spec, settings
from setpoint.core.event import Usage
from setpoint.errors import ModelError
from setpoint.ledgers import MemoryLedger
from setpoint.observe import Several
from setpoint.observe.otel import Telemetry
from setpoint.ports import Reply
from setpoint.run import Run
from setpoint.testing import ScriptedModel
from setpoint.testing.server import FaultServer, scripted


class Collected:
    """An observer whose spans and metrics stay in memory."""

    def __init__(self, *, content: bool = False) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        traces = TracerProvider()
        traces.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.observer = Telemetry(traces, MeterProvider(metric_readers=[self.reader]), content=content)

    def spans(self, name: str = "") -> list[ReadableSpan]:
        """The finished spans whose name begins so, in the order in which they began."""
        found = [span for span in self.exporter.get_finished_spans() if span.name.startswith(name)]
        return sorted(found, key=lambda span: span.start_time or 0)

    def points(self) -> dict[str, list[tuple[dict[str, object], float]]]:
        """Metric → attributes and sum (or value) of its points."""
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            metric.name: [
                (dict(point.attributes or {}), getattr(point, "sum", getattr(point, "value", 0)))
                for point in metric.data.data_points
            ]
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


def identity(span: ReadableSpan) -> int:
    """The span's id."""
    return span.context.span_id if span.context is not None else -1


async def play(collected: Collected, folder: Path, *answers: str | ModelError) -> Run:
    """A run of a scripted model, with checks only."""
    (folder / "spec.toml").write_text(SPEC)
    script = [
        a if isinstance(a, ModelError) else Reply(text=a, usage=Usage(input=70, output=30, cached=20, money=0.1))
        for a in answers
    ]
    where = settings(folder=folder, environment={"SETPOINT_HOME": str(folder)})
    object.__setattr__(where, "observer", Several((collected.observer,)))
    model = ScriptedModel(script, name="openai:gpt-x@http://127.0.0.1:9/v1")
    run, crew = await begin_run(
        Request(spec=read_spec(folder / "spec.toml"), author=model), where, MemoryLedger(), None, "r1"
    )
    await run.drive(crew)
    return run


async def test_a_run_is_a_span_with_a_span_per_pass_and_one_per_call(tmp_path: Path) -> None:
    """Nested as the run was: who looks at a trace sees which pass cost what."""
    collected = Collected()
    run = await play(collected, tmp_path, BAD, BAD + "x", GOOD)
    (whole,) = collected.spans("setpoint run")
    passes, chats = collected.spans("setpoint pass"), collected.spans("chat")
    assert (len(passes), len(chats)) == (len(run.state.passes), 3)
    assert [span.parent.span_id if span.parent else 0 for span in passes] == [identity(whole)] * len(passes)
    assert {span.parent.span_id if span.parent else 0 for span in chats} <= {identity(span) for span in passes}
    attributes = dict(whole.attributes or {})
    assert (attributes["setpoint.run.id"], attributes["setpoint.outcome"]) == ("r1", "accepted")
    assert [dict(span.attributes or {})["setpoint.pass"] for span in passes] == list(range(1, len(passes) + 1))
    assert dict(passes[0].attributes or {})["setpoint.move"] == "first"


async def test_a_call_is_described_by_the_conventions(tmp_path: Path) -> None:
    """Every attribute and metric of generative AI that is used is one that the conventions define."""
    collected = Collected()
    await play(collected, tmp_path, GOOD)
    (chat,) = collected.spans("chat")
    attributes = dict(chat.attributes or {})
    assert chat.name == "chat gpt-x"
    assert chat.kind.name == "CLIENT"
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.usage.input_tokens": 70,
        "gen_ai.usage.output_tokens": 30,
        "gen_ai.usage.cache_read.input_tokens": 20,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.output.type": "text",
        "setpoint.role": "author",
        "setpoint.rule": "write",
    }
    assert {name: attributes.get(name) for name in expected} == expected
    known = {value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI")}
    assert {name for name in attributes if name.startswith("gen_ai.")} <= known
    points = collected.points()
    assert set(points) == {
        gen_ai_metrics.GEN_AI_CLIENT_TOKEN_USAGE,
        gen_ai_metrics.GEN_AI_CLIENT_OPERATION_DURATION,
        "setpoint.runs",
    }
    assert {(a["gen_ai.token.type"], n) for a, n in points["gen_ai.client.token.usage"]} == {
        ("input", 70), ("output", 30)
    }  # fmt: skip
    assert points["setpoint.runs"] == [({"setpoint.outcome": "accepted"}, 1)]


async def test_prompts_and_replies_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    """Off by default; on request in the attributes that the conventions name."""
    silent, open_ = Collected(), Collected(content=True)
    await play(silent, tmp_path, BAD, GOOD)
    await play(open_, tmp_path, BAD, GOOD)

    def said(collected: Collected) -> str:
        return "".join(span.to_json() for span in collected.spans())

    for text in ("town hall", "town library", "where and when"):
        assert text not in said(silent).replace('"town library" is missing', "")
        assert text in said(open_)
    attributes = dict(open_.spans("chat")[0].attributes or {})
    assert {"gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages"} <= set(attributes)


async def test_a_failed_call_and_a_run_without_its_machinery_are_errors(tmp_path: Path) -> None:
    """By the kind of the failure, which is one of a few; never by its message."""
    collected = Collected()
    down = ModelError("openai:gpt-x is down today", kind="unreachable")
    await play(collected, tmp_path, down, down, down)
    (whole,) = collected.spans("setpoint run")
    assert dict(whole.attributes or {})["setpoint.outcome"] == "machinery"
    assert whole.status.status_code.name == "ERROR"
    chats = collected.spans("chat")
    assert {str(dict(span.attributes or {})["error.type"]) for span in chats} == {"unreachable"}
    assert "down today" not in "".join(span.to_json() for span in collected.spans())
    durations = collected.points()["gen_ai.client.operation.duration"]
    assert [attributes["error.type"] for attributes, _ in durations] == ["unreachable"]


async def test_a_run_that_is_left_before_its_end_closes_its_spans(tmp_path: Path) -> None:
    """A run that waits for a person is no open span for days; taken up again, it begins another."""
    collected = Collected()
    run = await play(collected, tmp_path, GOOD)
    observer = collected.observer
    collected.exporter.clear()
    for recorded in (await run.ledger.replay("r1"))[:3]:
        observer.on_event(recorded)
    assert collected.spans() == []
    observer.left("r1")
    observer.left("r1")
    assert [span.name for span in collected.spans("setpoint")] == ["setpoint run", "setpoint pass 1"]


class Collector(http.server.BaseHTTPRequestHandler):
    """As much of an OTLP collector as is needed to see what arrives."""

    arrived: list[tuple[str, str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.arrived.append((self.path, self.headers.get("x-team", ""), body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """A collector's address, and what arrives there."""
    arrived: list[tuple[str, str, bytes]] = []
    handler = type("Mine", (Collector,), {"arrived": arrived})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", arrived
    server.shutdown()
    thread.join()
    server.server_close()


def test_traces_and_metrics_reach_a_real_endpoint(
    collector: tuple[str, list[tuple[str, str, bytes]]], tmp_path: Path
) -> None:
    """`setpoint run --otel` with the standard variables and nothing else."""
    address, arrived = collector
    (tmp_path / "spec.toml").write_text(SPEC)
    with FaultServer(scripted(BAD, GOOD)) as server:
        done = subprocess.run(
            [sys.executable, "-m", "setpoint", "run", "spec.toml", "--author", f"openai:m@{server.url}", "--otel"],
            cwd=tmp_path,
            env={
                **os.environ,
                "SETPOINT_HOME": str(tmp_path / "home"),
                "OTEL_EXPORTER_OTLP_ENDPOINT": address,
                "OTEL_EXPORTER_OTLP_HEADERS": "x-team=canary-otel",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode in {0, 1}, done.stderr
    assert "canary-otel" not in done.stdout + done.stderr
    assert {(path, team) for path, team, _ in arrived} == {
        ("/v1/traces", "canary-otel"),
        ("/v1/metrics", "canary-otel"),
    }
    spans = [
        span.name
        for path, _, body in arrived
        if path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert {"setpoint run", "setpoint pass 1", "chat m"} <= set(spans)
    names = {
        metric.name
        for path, _, body in arrived
        if path == "/v1/metrics"
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert {"gen_ai.client.token.usage", "gen_ai.client.operation.duration", "setpoint.runs"} <= names


def test_without_the_packages_the_error_names_the_extra(tmp_path: Path) -> None:
    """And nothing is spent."""
    (tmp_path / "spec.toml").write_text(SPEC)
    hidden = (
        "import sys, importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name.startswith('opentelemetry') else real(name, *rest)\n"
        "from setpoint.cli import main; main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", hidden, "run", "spec.toml", "--author", "openai:m@http://127.0.0.1:9/v1", "--otel"],
        cwd=tmp_path,
        env={**os.environ, "SETPOINT_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "pip install 'setpoint[otel]'" in done.stderr) == (2, True), done.stderr
