"""Reading the files a spec names: text, of reasonable size, and, for what checks use, from the spec's own folder.

Every error is a `SpecError` without a place; the caller knows the key.
"""

import codecs
import stat
from pathlib import Path, PurePosixPath
from typing import Final

from setpoint.errors import SpecError
from setpoint.specfile.place import nearest

__all__ = ["MAX_BYTES", "read_text", "read_text_inside"]

MAX_BYTES: Final = 2_000_000
"""The largest file that is read; a spec, a source or an attachment above it is a mistake, and costly to store."""

_WIDE: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path) -> str:
    """The text of a file, without a byte-order mark, its lines ending in a line feed.

    Raises:
        SpecError: if it is missing, a folder, not a plain file, unreadable, too large, binary or not UTF-8.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise SpecError(f"{path} is a folder; name a file in it")
        if not stat.S_ISREG(status.st_mode):
            raise SpecError(f"{path} is not a plain file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise SpecError(f"there is no file {path}{_hint(path)}") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SpecError(f"{path} cannot be read: {reason}") from error
    if len(data) > MAX_BYTES:
        raise SpecError(
            f"{path} has {status.st_size / 1e6:.1f} MB; the limit is {MAX_BYTES / 1e6:.0f} MB. Cut it to what is needed"
        )
    return _decoded(data, path)


def read_text_inside(base: Path, name: str) -> str:
    """The text of a file in the folder or below it; links that lead out of it are not followed.

    Raises:
        SpecError: as `read_text`, or if the file lies outside.
    """
    pure = PurePosixPath(name)
    root = base.resolve()
    try:
        path = (root / pure).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links that go round in a circle
        raise SpecError(f"{name!r} cannot be read: {error}") from error
    if pure.is_absolute() or ".." in pure.parts or not path.is_relative_to(root):
        raise SpecError(
            f"{name!r} lies outside the spec's folder; files that checks use must lie in it or below it,"
            " so that what was trusted is what runs. Copy the file there"
        )
    return read_text(base / pure)


def _decoded(data: bytes, path: Path) -> str:
    if data.startswith(_WIDE):
        raise SpecError(f"{path} is UTF-16 or UTF-32; save it as UTF-8")
    if b"\0" in data:
        raise SpecError(f"{path} is binary, not text; only text can be used")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SpecError(
            f"{path} is not UTF-8: byte 0x{data[error.start]:02X} in its line {line}; save it as UTF-8"
        ) from error
    # The same text must give the same digest whatever the system that it was checked out on.
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _hint(path: Path) -> str:
    try:
        # Endings are left out: that both end in .toml says nothing about what was meant.
        there = {entry.stem: entry.name for entry in sorted(path.parent.iterdir()) if entry.is_file()}
    except OSError:
        return f"; the folder {path.parent} is not there either"
    meant = there.get(nearest(path.stem, there))
    return f"; did you mean {meant!r}?" if meant else ""
