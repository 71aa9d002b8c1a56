"""Specs before they are run: linting them, proposing them, taking them from the gallery."""

import secrets
from collections.abc import Collection, Sequence
from pathlib import Path

import anyio.to_thread

from setpoint import checks, models
from setpoint.compose.beginning import reply_room
from setpoint.compose.settings import Settings
from setpoint.errors import ConfigError
from setpoint.ports import Model
from setpoint.rubric.gallery import Entry, entry
from setpoint.rubric.lint import LINT_RULES, Flaw, Target, kind_of, lint, located
from setpoint.rubric.meaning import MEANING_KINDS, Meaning, meaning
from setpoint.rubric.propose import Proposal, propose
from setpoint.specfile import SpecFile, load

__all__ = ["gallery_files", "lint_file", "lint_meaning", "propose_spec", "read_brief", "target_of"]

_MOST_BRIEF = 20_000


def target_of(file: SpecFile) -> Target:
    """What lint looks at in a spec file."""
    room = file.reply_tokens or reply_room(file.spec, None)
    return Target(spec=file.spec, budget=file.budget, reply_tokens=room, reply_given=file.reply_tokens is not None)


def lint_file(path: Path, ignore: Collection[str] = ()) -> tuple[SpecFile, tuple[Flaw, ...]]:
    """Lint a spec file; a check that can never be built is a finding, not an error.

    Args:
        path: the spec file.
        ignore: kinds that are left out.

    Raises:
        SpecError: if it cannot be read as a spec at all.
        ConfigError: if there is no such kind to ignore.
    """
    known = [*map(kind_of, LINT_RULES), *MEANING_KINDS]
    for kind in ignore:
        if kind not in known:
            raise ConfigError(f"--ignore {kind}: there is no such kind of finding; choose from {', '.join(known)}")
    file = load(path, checks)
    found = lint(target_of(file))
    return file, tuple(located(flaw, file) for flaw in found if flaw.kind not in ignore)


async def lint_meaning(file: SpecFile, model: str | Model, where: Settings, ignore: Collection[str] = ()) -> Meaning:
    """Have a model read a spec for what code cannot see; makes one call.

    Raises:
        ConfigError: if the model cannot be used.
        ModelError: if its reply cannot be used.
    """
    reader = await _model(model, where)
    found = await meaning(target_of(file), reader, nonce=secrets.token_hex(8))
    flaws = tuple(located(flaw, file) for flaw in found.flaws if flaw.kind not in ignore)
    return Meaning(flaws=flaws, dropped=found.dropped, tokens=found.tokens)


async def propose_spec(brief: str, model: str | Model, where: Settings) -> Proposal:
    """Have a model propose a spec for a brief; makes one call, writes and runs nothing.

    Raises:
        ConfigError: if the model cannot be used.
        ModelError: if its reply cannot be used.
    """
    return await propose(brief, await _model(model, where), nonce=secrets.token_hex(8))


async def _model(named: str | Model, where: Settings) -> Model:
    if not isinstance(named, str):
        return named
    await anyio.to_thread.run_sync(models.prepare, named, where.models, abandon_on_cancel=True)
    return models.resolve(named, where.models)


def read_brief(given: str, piped: str = "") -> str:
    """A brief: the text itself, the name of a file that holds it, or - for what was piped in.

    Raises:
        ConfigError: if there is no such file, or nothing in it.
    """
    path = Path(given)
    if given == "-":
        text = piped
    elif len(given) < 256 and path.is_file():  # noqa: PLR2004 - no file name is longer
        try:
            text = path.read_bytes()[: 4 * _MOST_BRIEF + 4].decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"--from {given}: cannot be read as UTF-8 text: {error}") from error
    elif " " in given.strip():
        text = given
    else:
        raise ConfigError(
            f"--from {given}: there is no such file; name one, or write the brief itself in quotation marks"
        )
    if not text.strip():
        raise ConfigError(f"--from {given}: the brief is empty; say what to write, for whom, to what end")
    if len(text) > _MOST_BRIEF:
        raise ConfigError(f"--from {given}: {len(text):,} characters; a brief has {_MOST_BRIEF:,} at the most")
    return text.strip()


def gallery_files(name: str, target: Path, *, examples: bool = False) -> Sequence[tuple[Path, str]]:
    """The files that a spec of the gallery is made of, with the names they get.

    Args:
        name: the spec's name in the gallery.
        target: where the spec goes; what its checks need, and the examples, go beside it.
        examples: with the text that passes and the one that fails.

    Raises:
        ConfigError: if there is no such spec.
    """
    found: Entry = entry(name)
    files = [(target, found.spec)]
    files += [(target.parent / file, text) for file, text in found.files.items()]
    if examples:
        files += [(target.parent / f"{name}-{file}", text) for file, text in found.examples.items()]
    return files
