"""Commands that prepare: new, lint, trust."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import anyio
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from setpoint.cli import groups
from setpoint.cli.running import write_text
from setpoint.compose import (
    commands,
    gallery_files,
    lint_file,
    lint_meaning,
    propose_spec,
    read_brief,
    read_spec,
    settings,
)
from setpoint.errors import ConfigError, ModelError
from setpoint.rubric import gallery
from setpoint.rubric.lint import Flaw, formats
from setpoint.specfile import starter
from setpoint.specfile.place import nearest

__all__ = ["register"]

Format = Literal["text", "json", "junit", "github"]


def register(app: App) -> None:
    """Add the commands."""
    app.command(new, group=groups.BEGIN)
    app.command(lint, group=groups.BEGIN)
    app.command(trust, group=groups.BEGIN)


def new(
    name: Annotated[str, Parameter(allow_leading_hyphen=True)] = "",
    file: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    /,
    *,
    list_: Annotated[bool, Parameter(name="--list", negative="")] = False,
    from_: Annotated[str | None, Parameter(name="--from", allow_leading_hyphen=True)] = None,
    model: str | None = None,
    examples: Annotated[
        bool,
        Parameter(
            negative="", help="Write a text that passes the gallery's spec, and one that fails it, beside the spec."
        ),
    ] = False,
) -> int:
    """Write a spec to start from: a commented example, one of the gallery, or one proposed for a brief.

    Parameters
    ----------
    name
        A spec of the gallery (see --list), or where the commented example goes; spec.toml by default, - prints it.
    file
        Where a spec of the gallery goes; NAME.toml by default. An existing file is left alone.
    list_
        List the gallery.
    from_
        Propose a spec for this brief: a file, - for standard input, or the text itself. It is printed, or written to the
        file that is named; nothing runs.
    model
        Who proposes it, as PROVIDER:NAME.
    """
    if list_:
        return _list()
    if from_ is not None:
        return _propose(from_, model, name, file)
    if model is not None:
        raise ConfigError("--model proposes a spec for a brief; give one: --from BRIEF")
    if name in gallery.NAMES:
        target = file or Path(f"{name}.toml")
        return _write(gallery_files(name, target, examples=examples), str(target))
    if file is not None or examples:
        gallery.entry(name)  # says that there is none of this name
    if name == "-":
        sys.stdout.write(starter())
        return 0
    if name and not Path(name).suffix and (near := nearest(name, gallery.NAMES)):
        raise ConfigError(
            f"there is no spec {name!r} in the gallery; did you mean {near!r}? For a file of that name: {name}.toml"
        )
    return _write([(Path(name or "spec.toml"), starter())], name or "spec.toml")


def _list() -> int:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name in gallery.NAMES:
        table.add_row(name, gallery.entry(name).purpose)
    Console(highlight=False, markup=False).print(table)
    sys.stderr.write("setpoint new NAME writes NAME.toml; with --examples also a text that passes and one that fails\n")
    return 0


def _write(files: Sequence[tuple[Path, str]], spec: str) -> int:
    """Write files, all or none."""
    if str(files[0][0]) == "-":
        if len(files) > 1:
            raise ConfigError(f"this spec needs {files[1][0].name} beside it; name a file instead of -")
        sys.stdout.write(files[0][1])
        return 0
    for path, _ in files:
        if path.exists():
            raise ConfigError(f"{path} exists already; name another file")
    for path, text in files:
        write_text(path, text)
        sys.stderr.write(f"{path} is written\n")
    sys.stderr.write(f"Edit it, then: setpoint lint {spec}, and setpoint run {spec} --author PROVIDER:NAME\n")
    return 0


def _propose(brief: str, model: str | None, name: str, file: Path | None) -> int:
    target = Path(name) if name and name != "-" else None
    if file is not None:
        raise ConfigError(f"--from takes one file to write to; {name!r} and {str(file)!r} were named")
    if target is not None and target.exists():
        raise ConfigError(f"{target} exists already; name another file")
    text = read_brief(brief, sys.stdin.read() if brief == "-" else "")
    if model is None:
        raise ConfigError(
            "a spec is proposed by a model, and none is named: add --model PROVIDER:NAME, such as "
            "embedded:qwen2.5-coder-1.5b. Without a model: setpoint new --list has ready specs to change"
        )
    talk = Console(stderr=True, highlight=False)
    where = settings(notice=lambda line: talk.print(line, markup=False, soft_wrap=True))
    found = anyio.run(propose_spec, text, model, where)
    for left in found.left_out:
        talk.print(f"left out: {left}", markup=False, soft_wrap=True)
    talk.print(formats.plain(found.flaws, name or "the proposal"), markup=False, soft_wrap=True, end="")
    if target is None:
        sys.stdout.write(found.toml)
        return 0
    write_text(target, found.toml)
    talk.print(f"{target} is written; nothing has run. Read it before you use it.", markup=False, soft_wrap=True)
    return 0


def lint(
    spec: Path,
    /,
    *,
    format: Format = "text",  # noqa: A002 - the name of the flag
    model: str | None = None,
    ignore: Annotated[tuple[str, ...], Parameter(negative="")] = (),
) -> int:
    """Say what is wrong with a spec before a loop is paid for. Exit code 1 for an error or a warning, 0 for hints.

    Parameters
    ----------
    spec
        The spec file.
    format
        What to print.
    model
        Have this model look for what code cannot see: conflicts in meaning, and demands that are missing. One call.
    ignore
        Leave out findings of this kind; may be given several times.
    """
    file, flaws = lint_file(spec, ignore)
    talk = Console(stderr=True, highlight=False)
    trouble = ""
    if model is not None:
        where = settings(notice=lambda line: talk.print(line, markup=False, soft_wrap=True))
        try:
            more = anyio.run(lint_meaning, file, model, where, ignore)
        except ModelError as error:  # what code found is printed all the same
            trouble = str(error)
        else:
            flaws = (*flaws, *more.flaws)
            dropped = (
                f"; {more.dropped} of its findings left out, as what they cite is not there" if more.dropped else ""
            )
            talk.print(f"{model}: {more.tokens:,} tokens{dropped}", markup=False, soft_wrap=True)
    sys.stdout.write(_printed(flaws, str(spec), format))
    if trouble:
        talk.print(f"setpoint: {trouble}", markup=False, soft_wrap=True)
        return 3
    return 1 if any(flaw.level != "hint" for flaw in flaws) else 0


def _printed(flaws: Sequence[Flaw], file: str, form: Format) -> str:
    match form:
        case "json":
            return json.dumps(formats.as_json(flaws, file), indent=2) + "\n"
        case "junit":
            return formats.junit(flaws, file)
        case "github":
            return formats.github(flaws, file)
        case "text":
            return formats.plain(flaws, file)


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
