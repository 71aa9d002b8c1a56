"""``embedded:`` models: a GGUF file in this process, so that the first command works without a key.

The name is one of the catalogue, a path to a file, or ``hf:org/repo/file.gguf``. Files are fetched and loaded at the
first question, not before.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio import to_thread

from setpoint.errors import ConfigError, ModelError, WeightsError
from setpoint.models import hub
from setpoint.models.catalogue import catalogue
from setpoint.models.engine import Engines, Stopped
from setpoint.models.prompted import without_schema
from setpoint.models.settings import ModelSettings
from setpoint.models.suggest import nearest
from setpoint.models.weights import fetch, fetch_from_hub
from setpoint.ports import Prompt, Reply

__all__ = ["EmbeddedModel", "embedded", "locate"]

Locate = Callable[[threading.Event], Path]
"""Where the weights are; brings them first if need be. Blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedModel:
    """A `Model` over a GGUF file. Equal prompts and seeds give equal texts, up to rounding in the prefix cache.

    Args:
        name: as the user wrote it.
        locate: brings the file.
        engines: the engines to share.
    """

    name: str
    locate: Locate
    engines: Engines

    async def ask(self, prompt: Prompt) -> Reply:
        """Send one request; a cancelled one returns at once, and its thread ends at the next token."""
        stop = threading.Event()
        try:
            return await to_thread.run_sync(self._ask, prompt, stop, abandon_on_cancel=True)
        except anyio.get_cancelled_exc_class():
            stop.set()
            raise

    def _ask(self, prompt: Prompt, stop: threading.Event) -> Reply:
        try:
            engine = self.engines.of(self.locate(stop))
            try:
                return engine.chat(prompt, stop)
            except ModelError as error:
                if error.kind != "no_schema":
                    raise
                return engine.chat(without_schema(prompt), stop)
        except Stopped:
            return Reply(text="")  # nobody waits for it any more
        except (ConfigError, WeightsError) as error:
            raise ModelError(str(error), kind="rejected") from error


def embedded(name: str, settings: ModelSettings) -> EmbeddedModel:
    """The model named ``embedded:…``; loads nothing.

    Raises:
        ConfigError: if there is no such catalogue entry or file.
    """
    return EmbeddedModel(name=name, locate=locate(name.partition(":")[2], settings), engines=settings.engines)


def locate(rest: str, settings: ModelSettings) -> Locate:
    """How to find the weights that stand after ``embedded:``.

    Raises:
        ConfigError: if there is no such catalogue entry or file.
    """
    if rest.startswith("hf:"):
        file = hub.parse(rest.removeprefix("hf:"))
        return lambda stop: fetch_from_hub(file, settings, stop)
    if rest.endswith(".gguf") or "/" in rest or "\\" in rest:
        path = Path(rest).expanduser()
        if not path.is_file():
            raise ConfigError(f"embedded:{rest}: there is no such file")
        return lambda _stop: path
    for entry in catalogue():
        if entry.name == rest:
            return lambda stop: fetch(entry, settings, stop)
    known = [entry.name for entry in catalogue()]
    raise ConfigError(
        f"embedded:{rest}: no such model.{nearest(rest, known)} Known: {', '.join(known)}; "
        "or give a file (embedded:/path/to/file.gguf) or embedded:hf:ORG/REPO/FILE.gguf"
    )
