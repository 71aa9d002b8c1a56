"""Which observers watch the runs of this process, as flags and the environment say."""

import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO, cast, get_args

from setpoint.errors import ConfigError
from setpoint.observe import EventLog, LogForm, LogLevel, Observer, Several, log_to

__all__ = ["Observing", "from_environment", "observers"]

_CAPTURE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_NO: Final = frozenset({"", "0", "false", "no"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observing:
    """What is watched, and how.

    Args:
        log: the form of log lines; None for no log.
        log_level: the least important level that is written.
        log_content: whether log lines hold drafts and what quotes them.
        otel: whether OpenTelemetry traces and metrics are made.
        otel_content: whether spans hold prompts and replies.
    """

    log: LogForm | None = None
    log_level: LogLevel = "info"
    log_content: bool = False
    otel: bool = False
    otel_content: bool = False


def from_environment(variables: Mapping[str, str]) -> Observing:
    """What ``SETPOINT_LOG``, ``SETPOINT_LOG_LEVEL``, ``SETPOINT_OTEL`` and OpenTelemetry's own variable say.

    Raises:
        ConfigError: if one has a value that is not known.
    """
    log = _one_of("SETPOINT_LOG", variables, get_args(LogForm))
    level = _one_of("SETPOINT_LOG_LEVEL", variables, get_args(LogLevel)) or "info"
    return Observing(
        log=cast("LogForm | None", log),
        log_level=cast("LogLevel", level),
        otel=variables.get("SETPOINT_OTEL", "").lower() not in _NO,
        otel_content=variables.get(_CAPTURE, "").lower() not in _NO,
    )


def observers(wanted: Observing, stream: TextIO | None = None) -> Several:
    """Set up what is wanted.

    Args:
        wanted: what is watched.
        stream: where log lines go; standard error by default.

    Raises:
        ConfigError: if OpenTelemetry is not installed.
    """
    found: list[Observer] = []
    if wanted.log is not None:
        log_to(stream or sys.stderr, wanted.log, wanted.log_level)
        found.append(EventLog(content=wanted.log_content))
    if wanted.otel:
        found.append(_telemetry(content=wanted.otel_content))
    return Several(tuple(found))


def _telemetry(*, content: bool) -> Observer:
    """Spans and metrics for the providers that the program has set up; else for the endpoint in ``OTEL_…``."""
    if any(not _there(f"opentelemetry.{part}") for part in ("sdk", "exporter.otlp.proto.http")):
        raise ConfigError("OpenTelemetry needs more packages: pip install 'setpoint[otel]'")
    from opentelemetry import metrics, trace  # noqa: PLC0415 - half a second

    from setpoint.compose.exporting import export  # noqa: PLC0415
    from setpoint.observe.otel import Telemetry  # noqa: PLC0415

    export()
    return Telemetry(trace.get_tracer_provider(), metrics.get_meter_provider(), content=content)


def _there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # its parent package is missing
        return False


def _one_of(name: str, variables: Mapping[str, str], known: tuple[str, ...]) -> str | None:
    value = variables.get(name, "").strip().lower()
    if value and value not in known:
        raise ConfigError(f"{name} is {value!r}; set it to one of: {', '.join(known)}")
    return value or None
