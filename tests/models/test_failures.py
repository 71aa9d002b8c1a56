"""The one boundary: every foreign exception has a reading."""

import inspect
from collections.abc import Iterator

import pytest
from pydantic_ai import exceptions as foreign

from setpoint.models.failures import read

FLOW = {
    # Raised by tools and agents to steer the library's own loop, which is not used here.
    "ModelRetry",
    "ToolFailed",
    "CallDeferred",
    "ApprovalRequired",
    "SkipModelRequest",
    "RetryModelRequest",
    "SkipToolValidation",
    "SkipToolExecution",
    "ToolRetryError",
    "ToolFailedError",
    # Raised by its fallback model, which is not used either.
    "FallbackExceptionGroup",
}

EXPECTED = {
    "ModelRateLimitError": "rate_limited",
    "ModelQuotaExceededError": "rejected",
    "ModelUnavailableError": "server_error",
    "ModelOverloadedError": "server_error",
    "ModelServerError": "server_error",
    "ModelConnectionError": "unreachable",
    "ModelTimeoutError": "timeout",
    "ModelRequestTimeout": "timeout",
    "ModelRequestRejectedError": "rejected",
    "ModelContextWindowExceededError": "rejected",
    "ModelAuthenticationError": "not_authorised",
    "ModelNotFoundError": "rejected",
    "ModelAPIError": "broken_reply",
    "UnexpectedModelBehavior": "broken_reply",
    "ContentFilterError": "broken_reply",
    "OutputTokenLimitExceeded": "broken_reply",
    "IncompleteToolCall": "broken_reply",
    "RunTimedOut": "timeout",
    "RunCancelled": "rejected",
    "ConcurrencyLimitExceeded": "rate_limited",
    "UsageLimitExceeded": "rejected",
    "SuspendedResponseExpired": "rejected",
    "AgentRunError": "rejected",
    "UserError": "rejected",
    "UndrainedPendingMessagesError": "rejected",
}


def families() -> Iterator[type[Exception]]:
    """All public exception classes of the library."""
    for name, found in vars(foreign).items():
        if name.startswith("_") or not inspect.isclass(found) or found is foreign.ModelHTTPError:
            continue
        if issubclass(found, Exception) and not issubclass(found, Warning):
            yield found


def test_no_exception_of_the_library_is_unknown() -> None:
    """A new release with a new class fails here, so that somebody decides what it means."""
    assert {family.__name__ for family in families()} - FLOW == set(EXPECTED)


@pytest.mark.parametrize("family", [f for f in families() if f.__name__ in EXPECTED], ids=lambda f: f.__name__)
def test_every_exception_has_its_kind(family: type[Exception]) -> None:
    """Built without its constructor, whose arguments differ from class to class."""
    error = (OSError if issubclass(family, OSError) else Exception).__new__(family)
    error.__dict__.update(message="boom", model_name="m", retry_after=None, body=None, status_code=400)
    Exception.__init__(error, "boom")
    assert read(error, "openai:m", []).kind == EXPECTED[family.__name__]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "not_authorised"),
        (403, "not_authorised"),
        (408, "timeout"),
        (418, "rejected"),
        (429, "rate_limited"),
        (500, "server_error"),
        (529, "server_error"),
    ],
)
def test_a_status_without_a_category_is_read_by_its_number(status: int, kind: str) -> None:
    """Some adapters raise the plain class."""
    assert read(foreign.ModelHTTPError(status, "m"), "openai:m", []).kind == kind


@pytest.mark.parametrize(
    "error", [IndexError("list index out of range"), KeyError("choices"), TypeError("None"), AttributeError("x")]
)
def test_a_stumble_over_an_odd_reply_is_a_broken_reply(error: Exception) -> None:
    """Libraries stumble over replies of a shape they don't expect; the request may succeed next time."""
    failure = read(error, "openai:m", [])
    assert failure.kind == "broken_reply"
    assert failure.error().retryable


def test_messages_are_one_clean_line() -> None:
    """A server's text can hold keys of other people, terminal escapes, and pages of HTML."""
    body = {"error": {"message": "\x1b[31mred\n\n" + "sk-otherkey1234567890 " + "x" * 1000}}
    message = read(foreign.ModelHTTPError(400, "m", body), "openai:m", ["canary"]).message
    assert message.startswith("openai:m turned the request down (HTTP 400: [31mred … x")
    assert "\x1b" not in message
    assert "\n" not in message
    assert len(message) <= 300
