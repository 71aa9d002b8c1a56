"""Every error Setpoint raises, arranged by whose fault it is.

    SetpointError
    ├── UsageError            the user can put it right; the command line exits with 2
    │   ├── SpecError         the spec file or spec value (names file, line, key where known)
    │   ├── DraftError        a draft that cannot be used (not text, too large, unbalanced lock markers)
    │   ├── ConfigError       flags, setpoint.toml, a model name, a missing extra
    │   ├── NotTrusted        a spec that runs commands and has not been trusted
    │   └── RunNotFound       no such run in the ledger
    └── MachineryError        something that Setpoint depends on failed; the command line exits with 3
        ├── ModelError        a model could not be reached, refused the request or sent an unusable envelope
        │   └── OverBudget    the call was not made: what is left of a fleet's cap cannot hold its worst case
        ├── WeightsError      model weights could not be fetched or do not match their pinned digest
        └── LedgerError       the ledger could not be read or written
            └── LedgerConflict  another process has written to the same run

What a model *says* is never an exception: an empty draft, a refusal or a verdict that cannot be parsed is an event.
"""

from typing import Literal, TypeAlias

__all__ = [
    "ConfigError",
    "DraftError",
    "LedgerConflict",
    "LedgerError",
    "MachineryError",
    "ModelError",
    "ModelErrorKind",
    "NotTrusted",
    "OverBudget",
    "RunNotFound",
    "SetpointError",
    "SpecError",
    "UsageError",
    "WeightsError",
]

ModelErrorKind: TypeAlias = Literal[
    "unreachable",
    "rate_limited",
    "server_error",
    "rejected",
    "not_authorised",
    "timeout",
    "broken_reply",
    "no_schema",
    "over_budget",
]


class SetpointError(Exception):
    """The base of all errors; catch it to catch everything that Setpoint raises on purpose."""


class UsageError(SetpointError):
    """The user can put it right: the message says what, where and what to do."""


class SpecError(UsageError):
    """A spec that cannot be used.

    Args:
        problem: what is wrong and what to do, in one or two sentences.
        file: the file it stands in, as the user named it.
        line: the line, counted from 1, where known.
        key: the dotted key, such as ``criterion[2].check.words.max``.
    """

    def __init__(self, problem: str, *, file: str = "", line: int | None = None, key: str = "") -> None:
        self.problem = problem
        self.file = file
        self.line = line
        self.key = key
        place = f"{file}:{line}" if file and line else file
        super().__init__(": ".join(part for part in (place, key, problem) if part))


class DraftError(UsageError):
    """A draft that cannot be used: not text, too large, or with unbalanced lock markers."""


class ConfigError(UsageError):
    """A flag, a configuration file, a model name or an extra that is missing."""


class NotTrusted(UsageError):  # noqa: N818 - the name is what the user reads
    """The spec runs commands and has not been trusted yet."""


class RunNotFound(UsageError):  # noqa: N818 - the name is what the user reads
    """The ledger holds no such run."""


class MachineryError(SetpointError):
    """Something that Setpoint depends on failed."""


class ModelError(MachineryError):
    """A model call brought no reply that can be read.

    Args:
        message: what happened, without keys or headers.
        kind: which of the closed set of failures it was.
        retry_after: seconds the provider asked to wait, if it did.
        sent: whether the request may have reached the provider, who may then charge for it.
    """

    def __init__(
        self, message: str, *, kind: ModelErrorKind, retry_after: float | None = None, sent: bool = True
    ) -> None:
        self.kind: ModelErrorKind = kind
        self.retry_after = retry_after
        self.sent = sent
        super().__init__(message)

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return self.kind in {"unreachable", "rate_limited", "server_error", "timeout", "broken_reply"}


class OverBudget(ModelError):  # noqa: N818 - the name is what the user reads
    """The call was not made: what is left of the cap of all runs together cannot hold its worst case (rule 16).

    Args:
        message: what was needed, and what is left of which cap.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="over_budget", sent=False)


class WeightsError(MachineryError):
    """Model weights could not be fetched or do not match the digest they are pinned to."""


class LedgerError(MachineryError):
    """The ledger could not be read or written.

    ``unsaved`` holds the text of a draft that was paid for and could not be stored, so that the caller can save it.
    """

    unsaved: str = ""


class LedgerConflict(LedgerError):  # noqa: N818 - the name is what the user reads
    """Another process has written to the same run; nothing of this append was stored."""
