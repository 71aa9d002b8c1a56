"""The gallery: ready specs to begin from, each with a text that passes and one that fails.

Package data, one folder for each spec: ``spec.toml``, ``passes.*``, ``fails.*``, and the files that its checks use.
The first line of a spec, a comment, says what it is for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

from setpoint.errors import ConfigError
from setpoint.specfile.place import nearest

__all__ = ["NAMES", "Entry", "entry"]

NAMES: Final = (
    "release-notes",
    "customer-email",
    "product-requirements",
    "incident-report",
    "abstract",
    "translation",
    "sql-query",
    "tested-function",
    "json-extraction",
    "summary-with-sources",
)
"""What there is, in the order of the listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A spec of the gallery.

    Args:
        name: how it is called.
        purpose: what it is for, in one line.
        spec: the text of the spec file.
        files: what its checks use, by the names they must have beside the spec.
        examples: the text that passes and the one that fails, by file name.
    """

    name: str
    purpose: str
    spec: str
    files: Mapping[str, str]
    examples: Mapping[str, str]


def entry(name: str) -> Entry:
    """A spec of the gallery.

    Raises:
        ConfigError: if there is none of that name.
    """
    if name not in NAMES:
        meant = nearest(name, NAMES)
        hint = f"did you mean {meant!r}?" if meant else "setpoint new --list shows what there is"
        raise ConfigError(f"there is no spec {name!r} in the gallery; {hint}")
    folder = resources.files("setpoint.rubric.gallery").joinpath(name)
    texts = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file()}
    spec = texts.pop("spec.toml")
    examples = {file: text for file, text in sorted(texts.items()) if file.startswith(("passes.", "fails."))}
    files = {file: text for file, text in sorted(texts.items()) if file not in examples}
    return Entry(
        name=name, purpose=spec.partition("\n")[0].lstrip("# ").rstrip("."), spec=spec, files=files, examples=examples
    )
