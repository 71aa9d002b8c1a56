"""Writing TOML: inline values, and whole specs that a person goes on editing.

The standard library reads TOML and does not write it. What is written here is a small part of it, and always on the
lines where a person would look for it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, cast

__all__ = ["block", "inline", "key"]

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+\Z")


def key(name: str) -> str:
    """A key, in quotes where it needs them."""
    return name if _BARE.match(name) else _text(name)


def inline(value: object) -> str:
    """A value on one line, such as ``{ words = { max = 180 } }``.

    Raises:
        TypeError: if TOML has no such value.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return "{ " + ", ".join(f"{key(name)} = {inline(item)}" for name, item in items) + " }" if items else "{}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(inline(item) for item in cast("Sequence[object]", value)) + "]"
    raise TypeError(f"TOML has no value for {type(value).__name__}")


def block(text: str) -> str:
    """A text over several lines, in triple quotes where it can stand there as it is."""
    if '"""' in text or "\\" in text or "\n" not in text.strip() or _CONTROL.search(text):
        return _text(text.strip())
    return f'"""\n{text.strip()}\n"""'


_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def _text(text: str) -> str:
    if "\\" in text and "'" not in text and "\n" not in text and not _CONTROL.search(text):
        return f"'{text}'"  # regular expressions are read more easily without doubled backslashes
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
