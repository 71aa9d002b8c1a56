"""The ports: what the loop needs from the world, each with its contract in prose.

An adapter promises what its Protocol's docstring says and nothing else; a public fake of each is in
`setpoint.testing`. Adapters never decide what happens next: they answer, and the control law in `core/control.py`
decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from setpoint.core.action import Ask, Judge, Mediate, Probe, Reask, Revise, Write
from setpoint.core.event import (
    Answered,
    Drafted,
    Event,
    Judged,
    Mediated,
    Misjudged,
    MoveFailed,
    PatchMissed,
    Probed,
    Recorded,
    Usage,
)
from setpoint.core.spec import Spec
from setpoint.core.state import State

__all__ = [
    "Author",
    "Check",
    "Critic",
    "Finding",
    "Finish",
    "FleetBudget",
    "FleetSpent",
    "Hold",
    "Ledger",
    "Mediator",
    "Model",
    "Permit",
    "Person",
    "ProbeItem",
    "Prompt",
    "Rates",
    "Reply",
    "RunInfo",
    "Selection",
]

Finish: TypeAlias = Literal["stop", "length", "refusal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One request to a model: no history, no tools.

    Args:
        system: stable text, the same for all calls of a role in a run, so that providers can cache its prefix.
        user: what differs from call to call.
        max_tokens: the most output tokens the reply may have.
        schema: JSON schema that the reply must follow, or None for free text.
        temperature: 0 for the most likely reply.
        seed: passed on where the provider takes one.
    """

    system: str
    user: str
    max_tokens: int
    schema: Mapping[str, object] | None = None
    temperature: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model answered.

    Args:
        text: the reply as sent; may be empty, and need not follow the schema.
        finish: ``length`` if it was cut at ``max_tokens``, ``refusal`` if the provider or the model declined.
        usage: tokens as counted by the provider, and their price.
    """

    text: str
    finish: Finish = "stop"
    usage: Usage = field(default_factory=Usage)


@runtime_checkable
class Model(Protocol):
    """A language model.

    Contract: `ask` either returns a `Reply` or raises `ModelError`; nothing else. It does not retry (a wrapper does),
    keeps no history, and is safe to cancel. Keys never appear in errors.
    """

    @property
    def name(self) -> str:
        """``provider:name``, as the user wrote it."""
        ...

    async def ask(self, prompt: Prompt) -> Reply:
        """Send one request.

        Raises:
            ModelError: if no reply that can be read came back.
        """
        ...


class Author(Protocol):
    """Writes and revises.

    Contract: one call is one model call and gives back one event (`Drafted`, `PatchMissed` or `MoveFailed`) with the
    call's usage; a `Reask` never gives back `PatchMissed`. What the model said wrong is an event; only `ModelError` is raised. The author sees the spec, its
    own draft and the faults of this pass: never the critic's prompt.
    """

    async def perform(
        self, call: int, action: Write | Revise | Reask, state: State
    ) -> Drafted | PatchMissed | MoveFailed:
        """Carry out one author action."""
        ...


class Critic(Protocol):
    """Judges a draft against criteria.

    Contract: every call is a fresh context with the spec and the draft only. It gives back `Judged` with exactly one
    verdict per criterion asked for, or `Misjudged`; never a pass that was not said in so many words. Only
    `ModelError` is raised.
    """

    async def perform(self, call: int, action: Judge, state: State) -> Judged | Misjudged:
        """Carry out one reading."""
        ...

    async def probe(self, call: int, action: Probe, state: State) -> Probed | Misjudged:
        """Judge one item of the probe battery; gives back `Probed` or `Misjudged`."""
        ...


class Mediator(Protocol):
    """Looks for what competes with a criterion that the author keeps missing (rule 12).

    Contract: one call is one model call. `Mediated.competing` is a criterion of the spec or a passage that stands in
    the author's prompt, checked by code; empty if nothing was found or nothing could be verified. Only `ModelError` is
    raised.
    """

    async def perform(self, call: int, action: Mediate, state: State) -> Mediated:
        """Search the author's prompt."""
        ...


class Person(Protocol):
    """Answers what the policy asks a person (rule 20).

    Contract: returns when the person has answered, or None if they want to decide later: the run then waits, and
    cancelling does the same. It raises nothing.
    """

    async def answer(self, ask: Ask) -> Answered | None:
        """Put a question and give back the answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeItem:
    """One planted text of the probe battery: a small spec, a draft, and what a good critic says about it."""

    spec: Spec
    draft: str
    expected: Mapping[str, bool]
    """Criterion name → whether the draft truly meets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found.

    Args:
        passed: None means that it could not be assessed (a program that cannot be started).
        message: for a failure, one line that directs: what is wrong and what to do ("212 words; cut at least 32").
        shortfall: 0 to 1, how far a failure is from passing.
        lines: the lines it rests on, counted from 1; empty for the text as a whole.
        root: failures with the same non-empty root are one fault (too many words, too many characters).
    """

    passed: bool | None
    message: str = ""
    shortfall: float = 0.0
    lines: tuple[int, ...] = ()
    root: str = ""


class Check(Protocol):
    """A deterministic criterion, built once per spec with validated parameters.

    Contract: `measure` is a function of the text (and, for `command`, of the programs it runs); it never raises for
    a text, however odd, and is safe to run in a thread.
    """

    def measure(self, text: str) -> Finding:
        """Measure one text; lock markers have been taken out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The worst case of one model call, set aside in the budget of a fleet.

    Args:
        id: names it within the fleet; made by the budget.
        tokens: input and output together.
        money: US dollars; 0 where no cap on money is held.
    """

    id: str
    tokens: int
    money: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSpent:
    """What all runs of a fleet have used, and what their calls in flight hold.

    Args:
        tokens: settled.
        money: settled, in US dollars.
        held_tokens: the worst cases of the calls in flight.
        held_money: the same in US dollars.
    """

    tokens: int = 0
    money: float = 0.0
    held_tokens: int = 0
    held_money: float = 0.0


class FleetBudget(Protocol):
    """What all the runs of a fleet may spend together (rule 16, above the budget of each run).

    Contract: settled and held together never exceed a cap: `reserve` looks and takes in one step, whoever else
    reserves at the same time, in this process or another. A hold that nobody settles (its process was killed) counts
    as spent. Both methods are safe to cancel: a `reserve` that was cancelled holds nothing, a `settle` is carried to
    its end. It is applied by a `Model` around a `Model`, so that every attempt of every role passes here.
    """

    async def reserve(self, tokens: int, money: float) -> Hold:
        """Set the worst case of one call aside.

        Waits while it does not fit only because of calls in flight, whose real cost may leave room.

        Raises:
            OverBudget: if it does not fit even if the calls in flight turn out to cost nothing.
        """
        ...

    async def settle(self, hold: Hold, tokens: int, money: float) -> None:
        """Replace a hold by what the call really cost; settling it twice counts once."""
        ...

    async def spent(self) -> FleetSpent:
        """What is spent and held by now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Leave to send one request.

    Args:
        id: names it among the permits of its provider; made by the rates.
        provider: whom the request goes to.
        tokens: what it was admitted with.
    """

    id: str
    provider: str
    tokens: int


class Rates(Protocol):
    """How fast the runs of a fleet may ask, together: requests and tokens per minute, requests at a time; per provider.

    Contract: within any 60 seconds no provider is sent more than its limits. Who asks first is admitted first, so that
    a large request is not overtaken for ever by small ones; one that is larger than the limit of a minute is admitted
    alone. While a provider backs off, nobody is admitted to it. Every permit is released, once; one that nobody
    releases (its process was killed) frees its place when its lease ends. Safe to cancel: an `admit` that was cancelled
    takes no place.
    """

    async def admit(self, provider: str, tokens: int) -> Permit:
        """Wait until one request with that worst case in tokens may go out."""
        ...

    async def release(self, permit: Permit, tokens: int) -> None:
        """Free the place of a request that has come back.

        Args:
            permit: what `admit` gave.
            tokens: what the request really used; what it was admitted with beyond that is handed back.
        """
        ...

    async def back_off(self, provider: str, seconds: float | None) -> None:
        """Hold everybody back from a provider that said it is asked too often.

        Args:
            provider: which one.
            seconds: as long as it wishes; None if it did not say, and the wait doubles each time in a row.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """One line about a run in a ledger."""

    run: str
    started: float
    """Seconds since the epoch."""
    touched: float
    """Seconds since the epoch."""
    events: int
    digest: str
    title: str
    outcome: str
    """Empty while the run has not ended."""
    tokens: int = 0
    """Input and output of all completed calls."""
    money: float = 0.0
    """US dollars, as far as prices are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which runs of a ledger, and in which order; all of them by default. What is not None or empty must hold.

    Args:
        part: stands in the run's id.
        outcomes: the run's outcome is one of them; an empty string stands for not ended.
        spec: stands in the title, or is what the digest begins with.
        since: touched then or later, in seconds since the epoch.
        before: touched earlier, in seconds since the epoch.
        money: cost more than that, in US dollars.
        tokens: used more than that.
        sort: what stands first is the latest, or what cost the most; runs that are equal in that stand in order of
            `touched`, `started` and `run`, the last first.
        limit: how many at most.
    """

    part: str = ""
    outcomes: tuple[str, ...] = ()
    spec: str = ""
    since: float | None = None
    before: float | None = None
    money: float | None = None
    tokens: int | None = None
    sort: Literal["touched", "started", "money", "tokens"] = "touched"
    limit: int | None = None


class Ledger(Protocol):
    """The append-only events of runs.

    Contract: `append` stores one event durably before it returns, stamps it with the time, and refuses
    (`LedgerConflict`) unless ``expected`` events are stored for that run: two processes can never write to one run.
    The one exception is a cancellation (`Cancelled`, and `Stopped` as cancelled): whoever knows all events may append
    it without becoming the writer of the run, and its writer, once it knows them too, may add what it had paid for.
    Stored events are never changed, and a run goes as a whole or not at all.
    """

    async def append(self, run: str, expected: int, digest: str, event: Event) -> Recorded:
        """Store one event.

        Raises:
            LedgerConflict: if the run does not hold exactly ``expected`` events.
            LedgerError: if nothing could be stored.
        """
        ...

    async def replay(self, run: str) -> Sequence[Recorded]:
        """All events of a run in order.

        Raises:
            RunNotFound: if there is no such run.
            LedgerError: if they cannot be read.
        """
        ...

    async def runs(self, which: Selection = Selection()) -> Sequence[RunInfo]:
        """The runs of a selection, in its order.

        Raises:
            LedgerError: if they cannot be read.
        """
        ...

    async def delete(self, runs: Mapping[str, int]) -> Sequence[str]:
        """Delete ended runs with all their events, and give their space back where the store can.

        Args:
            runs: run → how many events it is known to hold. A run that has not ended, or holds another number of
                events by now, is left alone: somebody is working on it.

        Returns:
            the runs that were deleted.

        Raises:
            LedgerError: if nothing could be deleted.
        """
        ...
