"""Commands that prepare: new, trust."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from setpoint.cli.running import write_text
from setpoint.compose import commands, read_spec, settings
from setpoint.errors import ConfigError
from setpoint.specfile import starter

__all__ = ["register"]


def register(app: App) -> None:
    """Add the commands."""
    app.command(new)
    app.command(trust)


def new(file: Annotated[Path, Parameter(allow_leading_hyphen=True)] = Path("spec.toml"), /) -> int:
    """Write a commented example of a spec to start from.

    Parameters
    ----------
    file
        Where to; an existing file is left alone. - prints it.
    """
    if str(file) == "-":
        sys.stdout.write(starter())
        return 0
    if file.exists():
        raise ConfigError(f"{file} exists already; name another file")
    write_text(file, starter())
    sys.stderr.write(f"{file} is written. Edit it, then: setpoint run {file}\n")
    return 0


def trust(spec: Path, /, *, forget: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Allow a spec to run the programs that its checks name, as long as it stays as it is.

    Parameters
    ----------
    spec
        The spec file; its digest is remembered, with the files that its programs use.
    forget
        Take the trust back.
    """
    file = read_spec(spec)
    store, digest, named = settings().trust, file.spec.digest, commands(file.spec)
    if forget:
        store.forget(digest)
        sys.stderr.write(f"{spec} is not trusted any more\n")
        return 0
    if not named:
        sys.stderr.write(f"{spec} runs no programs; there is nothing to trust\n")
        return 0
    store.trust(digest, str(spec), named)
    sys.stderr.write("trusted until the spec or a file it uses changes:\n" + "".join(f"  {line}\n" for line in named))
    return 0
