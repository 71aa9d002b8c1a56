"""Files from the model hub over plain HTTP, with resume. No account and no token are used.

Rule: this module moves bytes; whether they are the right ones is decided in `weights.py`.
"""

import http.client
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from setpoint.errors import ConfigError, WeightsError
from setpoint.models.catalogue import HubFile

__all__ = ["DEFAULT_ENDPOINT", "Progress", "download", "parse", "remote_size"]

DEFAULT_ENDPOINT = "https://huggingface.co"
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_CHUNK = 1 << 20
_PARTIAL_CONTENT = 206
_OUT_OF_RANGE = 416

Progress = Callable[[int], None]
"""Told how many bytes of the file are there."""

_TROUBLE = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ValueError)


def parse(name: str) -> HubFile:
    """Read ``org/repo/file.gguf``; the file may lie in folders.

    Raises:
        ConfigError: if it is not of that form.
    """
    pieces = name.split("/")
    if len(pieces) < 3 or not all(pieces) or ".." in pieces or not name.endswith(".gguf"):  # noqa: PLR2004
        raise ConfigError(f"'hf:{name}': expected embedded:hf:ORGANISATION/REPOSITORY/FILE.gguf")
    return HubFile(repository="/".join(pieces[:2]), path="/".join(pieces[2:]))


def _request(file: HubFile, endpoint: str, offset: int) -> urllib.request.Request:
    base = endpoint.rstrip("/")
    if urllib.parse.urlsplit(base).scheme not in {"http", "https"}:
        raise ConfigError(f"HF_ENDPOINT is {endpoint!r}: expected an address that starts with https://")
    path = urllib.parse.quote(f"{file.repository}/resolve/main/{file.path}")
    headers = {"User-Agent": "setpoint"} | ({"Range": f"bytes={offset}-"} if offset else {})
    return urllib.request.Request(f"{base}/{path}", headers=headers)  # noqa: S310 - the scheme was checked above


def remote_size(file: HubFile, endpoint: str) -> int | None:
    """The size in bytes that the hub states for a file; None if the hub cannot be reached or does not say."""
    request = _request(file, endpoint, 0)
    try:
        with urllib.request.urlopen(request, timeout=_CONNECT_SECONDS) as response:  # noqa: S310
            return int(response.headers["Content-Length"] or -1)
    except _TROUBLE:
        return None


def download(file: HubFile, endpoint: str, partial: Path, stop: threading.Event, progress: Progress) -> None:
    """Bring a file, or the rest of it, into `partial`.

    Raises:
        WeightsError: if the connection fails or `stop` is set; what arrived is kept for the next time.
    """
    have = partial.stat().st_size if partial.exists() else 0
    try:
        with urllib.request.urlopen(_request(file, endpoint, have), timeout=_READ_SECONDS) as response:  # noqa: S310
            resumed = response.status == _PARTIAL_CONTENT
            done = have if resumed else 0
            with partial.open("ab" if resumed else "wb") as out:
                while piece := response.read(_CHUNK):
                    if stop.is_set():
                        raise WeightsError("the download was stopped; what arrived is kept")
                    out.write(piece)
                    done += len(piece)
                    progress(done)
    except urllib.error.HTTPError as error:
        if error.code == _OUT_OF_RANGE and have:
            return
        raise WeightsError(f"the model hub answered {error.code} for {file.repository}/{file.path}") from error
    except _TROUBLE as error:
        raise WeightsError(
            f"the connection to the model hub failed ({error}); what arrived is kept, run the command again"
        ) from error
