"""The one boundary where other people's exceptions become ours.

Every exception of `pydantic_ai`, of the provider libraries under it and of the network is read here as one of the
kinds of `ModelError`; a test walks pydantic-ai's exception classes so that none is left out. Messages are built anew
and cleaned: no key, no header and no control character of a server's reply gets into them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import httpx2
from pydantic_ai import exceptions as foreign

from setpoint.errors import ModelError, ModelErrorKind

__all__ = ["Failure", "read"]

_LONGEST = 300
_UNPROCESSABLE = frozenset({400, 422, 501})
"""Answers with which servers turn down a field of the request."""

_NOT_CONNECTED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
"""Failures by which nothing was sent."""

_LOOKS_LIKE_KEY = re.compile(r"\b(?:sk|pk|gsk|xai|AIza)[-_]?[A-Za-z0-9_*-]{8,}")
_BEARER = re.compile(r"(?i)\bbearer\s+\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong with one request.

    Args:
        kind: as in `ModelError`.
        message: for people; holds no key.
        retry_after: seconds the provider asked to wait.
        negotiable: the server turned down the form of the request, so another form may be accepted.
        sent: as in `ModelError`.
    """

    kind: ModelErrorKind
    message: str
    retry_after: float | None = None
    negotiable: bool = False
    sent: bool = True

    def error(self) -> ModelError:
        """The error to raise."""
        return ModelError(self.message, kind=self.kind, retry_after=self.retry_after, sent=self.sent)


_KINDS: Sequence[tuple[type[BaseException], ModelErrorKind, str]] = (
    # The first class that fits decides, so the special ones stand before their bases.
    (foreign.ModelTimeoutError, "timeout", "did not answer in time"),
    (foreign.ModelRequestTimeout, "timeout", "did not answer in time"),
    (foreign.ModelConnectionError, "unreachable", "cannot be reached"),
    (foreign.ModelRateLimitError, "rate_limited", "is receiving too many requests"),
    (foreign.ModelQuotaExceededError, "rejected", "has no quota or credit left: look at the account"),
    (foreign.ModelUnavailableError, "server_error", "is not available at the moment"),
    (foreign.ModelServerError, "server_error", "had an internal error"),
    (foreign.ModelAuthenticationError, "not_authorised", "does not accept the key: check the variable it is in"),
    (foreign.ModelNotFoundError, "rejected", "is not known to the provider: check the name"),
    (foreign.ModelContextWindowExceededError, "rejected", "cannot read a prompt this long: shorten it"),
    (foreign.ModelRequestRejectedError, "rejected", "turned the request down"),
    (foreign.ModelAPIError, "broken_reply", "sent a reply that cannot be read"),
    (foreign.UnexpectedModelBehavior, "broken_reply", "sent a reply that cannot be read"),
    (foreign.UserError, "rejected", "cannot take this request"),
    (foreign.RunTimedOut, "timeout", "did not answer in time"),
    (foreign.ConcurrencyLimitExceeded, "rate_limited", "is receiving too many requests"),
    (foreign.AgentRunError, "rejected", "cannot take this request"),
    (httpx2.TimeoutException, "timeout", "did not answer in time"),
    (httpx2.RemoteProtocolError, "broken_reply", "sent a reply that cannot be read"),
    (httpx2.DecodingError, "broken_reply", "sent a reply that cannot be read"),
    (httpx2.HTTPError, "unreachable", "cannot be reached"),
    (TimeoutError, "timeout", "did not answer in time"),
    (OSError, "unreachable", "cannot be reached"),
)

_STATUS: Mapping[int, tuple[ModelErrorKind, str]] = {
    401: ("not_authorised", "does not accept the key: check the variable it is in"),
    403: ("not_authorised", "does not accept the key: check the variable it is in"),
    408: ("timeout", "did not answer in time"),
    409: ("server_error", "is not available at the moment"),
    425: ("server_error", "is not available at the moment"),
    429: ("rate_limited", "is receiving too many requests"),
}


def read(error: Exception, model: str, secrets: Sequence[str]) -> Failure:
    """What an exception of a request means.

    Args:
        error: whatever was raised.
        model: the model's name, as the user wrote it.
        secrets: strings that must not appear in the message.
    """
    kind, words = _kind(error)
    details = _clean(_said(error), secrets)
    message = f"{model} {words}" + (f" ({details})" if details else "")
    status = error.status_code if isinstance(error, foreign.ModelHTTPError) else None
    settled = (foreign.ModelContextWindowExceededError, foreign.ModelQuotaExceededError, foreign.ModelNotFoundError)
    return Failure(
        kind=kind,
        message=_clean(message, secrets),
        retry_after=error.retry_after if isinstance(error, foreign.ModelAPIError) else None,
        negotiable=not isinstance(error, settled)
        and (status in _UNPROCESSABLE or isinstance(error, foreign.UserError)),
        sent=not any(isinstance(cause, _NOT_CONNECTED) for cause in _causes(error)),
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _kind(error: Exception) -> tuple[ModelErrorKind, str]:
    if type(error) is foreign.ModelHTTPError:
        if error.status_code in _STATUS:
            return _STATUS[error.status_code]
        if error.status_code >= 500:  # noqa: PLR2004 - the class of server errors
            return "server_error", "had an internal error"
        return "rejected", "turned the request down"
    if type(error) is foreign.ModelAPIError and isinstance(error.__cause__, httpx2.HTTPError):
        return _kind(error.__cause__)
    for family, kind, words in _KINDS:
        if isinstance(error, family):
            return kind, words
    # An empty list of choices is an IndexError deep in the library; what else comes here is a reply of a new shape.
    return "broken_reply", "sent a reply that cannot be read"


def _said(error: Exception) -> str:
    """What the server said, or else the library."""
    if isinstance(error, foreign.ModelHTTPError):
        return f"HTTP {error.status_code}: {_message(error.body)}".removesuffix(": ")
    if isinstance(error, foreign.ModelAPIError | foreign.UserError | foreign.UnexpectedModelBehavior):
        return str(error)
    return type(error).__name__


def _message(body: object) -> str:
    """The message in a server's error body, wherever it stands."""
    if isinstance(body, str):
        return body
    if not isinstance(body, Mapping):
        return ""
    fields = cast("Mapping[str, object]", body)
    for key in ("error", "message", "detail"):
        if fields.get(key):
            return _message(fields[key])
    return ""


def _clean(text: str, secrets: Sequence[str]) -> str:
    """One line without keys and control characters."""
    for secret in secrets:
        text = text.replace(secret, "…") if secret else text
    text = _BEARER.sub("…", _LOOKS_LIKE_KEY.sub("…", text))
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
