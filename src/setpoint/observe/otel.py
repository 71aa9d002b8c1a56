"""Traces and metrics by the OpenTelemetry conventions for generative AI (extra ``otel``).

A span per run; in it one per pass (the author's call and the readings that follow it); in that one per model call, by
the conventions: ``chat MODEL`` with provider, model, tokens and how it ended. Metrics: ``gen_ai.client.token.usage``,
``gen_ai.client.operation.duration`` and ``setpoint.runs`` by outcome. The names are those of
https://opentelemetry.io/docs/specs/semconv/gen-ai/ .

This is the only module that imports ``opentelemetry``; nothing else loads it before it is asked for.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider, set_span_in_context

from setpoint.core.action import Revise, Write
from setpoint.core.event import (
    CallFailed,
    Completion,
    Drafted,
    Event,
    Misjudged,
    MoveFailed,
    Opened,
    Recorded,
    Requested,
    Stopped,
)
from setpoint.errors import ModelError
from setpoint.ports import Model, Prompt, Reply

__all__ = ["Telemetry"]

_TOKEN_BOUNDS: Final = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]
_SECOND_BOUNDS: Final = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
"""As the conventions advise."""

_PROVIDERS: Final = {"google": "gcp.gemini"}
"""Where the conventions have another name for a provider than Setpoint."""


@dataclass(slots=True)
class _Trace:
    """The spans of a run that are open."""

    run: Span
    passes: int = 0
    current: Span | None = None
    request: Requested | None = None


class Telemetry:
    """An `Observer` that makes spans and metrics.

    Args:
        traces: gives the tracer.
        metrics: gives the meter.
        content: put prompts and replies into the spans of model calls.
    """

    def __init__(self, traces: TracerProvider, metrics: MeterProvider, *, content: bool = False) -> None:
        self.content = content
        self._open: dict[str, _Trace] = {}
        self._tracer = traces.get_tracer("setpoint")
        meter = metrics.get_meter("setpoint")
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Tokens of a model call.",
            explicit_bucket_boundaries_advisory=_TOKEN_BOUNDS,
        )
        self._durations = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="How long a model call took, with its repetitions.",
            explicit_bucket_boundaries_advisory=_SECOND_BOUNDS,
        )
        self._runs = meter.create_counter("setpoint.runs", unit="{run}", description="Runs that have ended.")

    def model(self, run: str, model: Model) -> Model:
        """The model, with a span and metrics for each call."""
        return _Traced(model=model, telemetry=self, run=run)

    def on_event(self, recorded: Recorded) -> None:
        """Open and close the spans of the run and its passes."""
        event = recorded.event
        trace = self._open.get(recorded.run) or self._begin(recorded)
        if isinstance(event, Requested):
            trace.request = event
            if isinstance(event.action, Write | Revise):
                self._pass(trace, event, event.action)
        elif isinstance(event, Completion):
            trace.request = None
            _completed(trace.current or trace.run, event)
        elif isinstance(event, Stopped):
            self._end(recorded.run, event)
        elif not isinstance(event, Opened):
            trace.run.add_event(f"setpoint.{event.kind}", _named(event))

    def left(self, run: str) -> None:
        """Close what is open: the run waits, or goes on in another process."""
        trace = self._open.pop(run, None)
        if trace is not None:
            _close(trace)

    def started(self, run: str, model: Model, prompt: Prompt) -> Span:
        """Open the span of a model call, in the pass that it belongs to."""
        trace = self._open.get(run)
        provider, _, name = model.name.partition(":")
        name = name.partition("@")[0] or provider
        attributes: dict[str, str | int | float] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": _PROVIDERS.get(provider, provider),
            "gen_ai.request.model": name,
            "gen_ai.request.max_tokens": prompt.max_tokens,
            "gen_ai.request.temperature": prompt.temperature,
            "gen_ai.request.seed": prompt.seed,
            "gen_ai.output.type": "json" if prompt.schema is not None else "text",
            "setpoint.run.id": run,
        }
        if trace is not None and trace.request is not None:
            request = trace.request
            attributes |= {"setpoint.role": request.role, "setpoint.rule": request.rule, "setpoint.call": request.call}
        if self.content:
            attributes["gen_ai.system_instructions"] = json.dumps([_part(prompt.system)])
            attributes["gen_ai.input.messages"] = json.dumps([{"role": "user", "parts": [_part(prompt.user)]}])
        parent = set_span_in_context(trace.current or trace.run) if trace is not None else None
        return self._tracer.start_span(f"chat {name}", parent, SpanKind.CLIENT, attributes)

    def answered(self, span: Span, model: Model, reply: Reply, seconds: float) -> None:
        """Close the span of a call that was answered."""
        usage = reply.usage
        span.set_attributes(
            {
                "gen_ai.usage.input_tokens": usage.input,
                "gen_ai.usage.output_tokens": usage.output,
                "gen_ai.usage.cache_read.input_tokens": usage.cached,
                "gen_ai.response.finish_reasons": [{"refusal": "content_filter"}.get(reply.finish, reply.finish)],
            }
        )
        if self.content:
            message = {"role": "assistant", "parts": [_part(reply.text)], "finish_reason": reply.finish}
            span.set_attribute("gen_ai.output.messages", json.dumps([message]))
        common = _dimensions(model)
        self._tokens.record(usage.input, {**common, "gen_ai.token.type": "input"})
        self._tokens.record(usage.output, {**common, "gen_ai.token.type": "output"})
        self._durations.record(seconds, common)
        span.end()

    def failed(self, span: Span, model: Model, kind: str, seconds: float) -> None:
        """Close the span of a call that brought no reply."""
        span.set_attribute("error.type", kind)
        span.set_status(Status(StatusCode.ERROR))
        self._durations.record(seconds, {**_dimensions(model), "error.type": kind})
        span.end()

    def _begin(self, recorded: Recorded) -> _Trace:
        event = recorded.event
        attributes = {"setpoint.run.id": recorded.run, "setpoint.spec.digest": recorded.digest}
        if isinstance(event, Opened):
            attributes |= {f"setpoint.model.{model.role}": model.model for model in event.models}
        trace = _Trace(self._tracer.start_span("setpoint run", attributes=attributes))
        self._open[recorded.run] = trace
        return trace

    def _pass(self, trace: _Trace, event: Requested, action: Write | Revise) -> None:
        if trace.current is not None:
            trace.current.end()
        trace.passes += 1
        attributes: dict[str, str | int | list[str]] = {
            "setpoint.pass": trace.passes,
            "setpoint.rule": event.rule,
            "setpoint.move": action.move if isinstance(action, Revise) else "first",
        }
        if isinstance(action, Revise):
            attributes["setpoint.targets"] = list(action.targets)
        inside = set_span_in_context(trace.run)
        trace.current = self._tracer.start_span(f"setpoint pass {trace.passes}", inside, attributes=attributes)

    def _end(self, run: str, event: Stopped) -> None:
        trace = self._open.pop(run)
        trace.run.set_attributes({"setpoint.outcome": event.outcome, "setpoint.rule": event.rule})
        if event.outcome == "machinery":
            trace.run.set_attribute("error.type", "machinery")
            trace.run.set_status(Status(StatusCode.ERROR))
        self._runs.add(1, {"setpoint.outcome": event.outcome})
        _close(trace)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Traced:
    """A `Model` around a `Model`: a span and two metrics per call."""

    model: Model
    telemetry: Telemetry
    run: str

    @property
    def name(self) -> str:
        """The name of the model it wraps."""
        return self.model.name

    async def ask(self, prompt: Prompt) -> Reply:
        """Send one request.

        Raises:
            ModelError: as the model does.
        """
        began = time.monotonic()
        span = self.telemetry.started(self.run, self.model, prompt)
        try:
            reply = await self.model.ask(prompt)
        except ModelError as error:
            self.telemetry.failed(span, self.model, error.kind, time.monotonic() - began)
            raise
        except BaseException:  # cancelled, or a bug: the span must end all the same
            self.telemetry.failed(span, self.model, "cancelled", time.monotonic() - began)
            raise
        self.telemetry.answered(span, self.model, reply, time.monotonic() - began)
        return reply


def _close(trace: _Trace) -> None:
    if trace.current is not None:
        trace.current.end()
    trace.run.end()


def _completed(span: Span, event: Completion) -> None:
    """Say on the pass what came of its calls."""
    match event:
        case Drafted():
            span.set_attribute("setpoint.draft.characters", len(event.text))
        case MoveFailed() | Misjudged() | CallFailed():
            span.add_event(f"setpoint.{event.kind}", {"setpoint.why": event.why})
        case _:
            pass


def _named(event: Event) -> Mapping[str, str]:
    criterion = getattr(event, "criterion", "")
    return {"setpoint.criterion": criterion} if isinstance(criterion, str) and criterion else {}


def _dimensions(model: Model) -> dict[str, str]:
    provider, _, name = model.name.partition(":")
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _PROVIDERS.get(provider, provider),
        "gen_ai.request.model": name.partition("@")[0] or provider,
    }


def _part(text: str) -> Mapping[str, str]:
    return {"type": "text", "content": text}
