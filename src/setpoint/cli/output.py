"""Where the text and the talk of a command go."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from setpoint.compose import Observing
from setpoint.errors import ConfigError
from setpoint.observe import LogForm, LogLevel

__all__ = ["Output", "writable", "write_text"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Output:
    """Where the text and the talk go."""

    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None
    """Write the text here instead of to standard output."""
    report: Path | None = None
    """Write the HTML report here."""
    json: Annotated[bool, Parameter(negative="")] = False
    """Print the run as JSON instead of the text."""
    plain: Annotated[bool, Parameter(negative="")] = False
    """Plain lines instead of the live view."""
    ledger: str | None = None
    """The ledger to record in, instead of the configured one."""
    log: LogForm | None = None
    """Log each event on standard error, instead of the live view and the summary."""
    log_level: LogLevel | None = None
    """The least important level that is logged; info by default, debug for everything."""
    log_content: Annotated[bool, Parameter(negative="")] = False
    """Log drafts, reasons and directives, too."""
    otel: Annotated[bool, Parameter(negative="")] = False
    """Send OpenTelemetry traces and metrics to where the OTEL_ variables say."""
    otel_content: Annotated[bool, Parameter(negative="")] = False
    """Put prompts and replies into the traces, too."""

    def observing(self, found: Observing) -> Observing:
        """What is watched: as the flags say, else as the environment says."""
        return Observing(
            log=self.log or found.log,
            log_level=self.log_level or found.log_level,
            log_content=self.log_content,
            otel=self.otel or self.otel_content or found.otel,
            otel_content=self.otel_content or found.otel_content,
        )


def writable(file: Path | None) -> None:
    """Find out before anything is spent that a result could not be written."""
    if file is not None and (file.is_dir() or not os.access(_existing(file.absolute().parent), os.W_OK)):
        raise ConfigError(f"{file}: cannot be written; name a file in a folder that you may write to")


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)


def write_text(file: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        ConfigError: if it cannot be written.
    """
    new = file.with_name(f".{file.name}.new")
    try:
        if file.exists() and not file.is_file():  # a device or a pipe, such as /dev/null: written to, never replaced
            file.write_text(text, encoding="utf-8", errors="replace", newline="")
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text, encoding="utf-8", errors="replace", newline="")
        new.replace(file)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from error
