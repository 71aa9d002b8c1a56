"""Asking a critic, one call at a time, with every verdict kept: what was asked once is not asked again."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from judging.answers import Answer
from judging.wordings import Reworded, Wording, reworded
from setpoint.core.action import Judge
from setpoint.core.event import Judged, Measured, Opened, RoleModel
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget
from setpoint.core.state import State
from setpoint.errors import ConfigError, ModelError
from setpoint.ledgers import MemoryLedger
from setpoint.ports import Model, Prompt, Reply
from setpoint.roles import ModelCritic
from setpoint.run import Run

__all__ = ["Book", "Call", "Verdicts", "ask", "planned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What came of one call; a line of the file.

    Args:
        critic: the model, as the user wrote it.
        prompt: a digest of the prompt as it was sent: another wording, draft or criterion is another prompt.
        wording: the name of its form.
        answer: which answer was judged.
        said: criterion → ``pass``, ``fail``, ``cannot_assess`` or ``unreadable``.
        findings: criterion → what the critic says stands there; empty if it could not be read.
        trouble: why it could not be read; empty if it could.
        tokens: input and output.
        seconds: from question to reply.
    """

    critic: str
    prompt: str
    wording: str
    answer: str
    said: Mapping[str, str]
    findings: Mapping[str, str]
    trouble: str
    tokens: int
    seconds: float


_READ = TypeAdapter(Verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One question to a critic."""

    answer: Answer
    wording: Wording
    names: tuple[str, ...]
    state: State = field(repr=False)
    digest: str

    @property
    def action(self) -> Judge:
        """The reading as the control law would ask for it."""
        return _first_reading(self.names)


def _first_reading(names: tuple[str, ...]) -> Judge:
    return Judge(draft=1, criteria=names, purpose="first")


async def planned(answer: Answer, wording: Wording) -> list[Call]:
    """All the questions about one answer: its criteria in one call, and one call for each; equal ones once."""
    state = await _state(answer)
    sets = dict.fromkeys((answer.names, *((name,) for name in answer.names)))
    return [
        Call(answer=answer, wording=wording, names=names, state=state, digest=_digest(_prompt(names, state, wording)))
        for names in sets
    ]


async def _state(answer: Answer) -> State:
    """A run that has been given the answer as its draft."""
    opened = Opened(
        spec=answer.spec,
        budget=Budget(),
        policy=Policy(),
        models=(RoleModel(role="critic", model="critic"),),
        title=answer.key,
        given=answer.text,
        nonce="bench",
    )
    run = await Run.open("bench", opened, MemoryLedger())
    await run.record(Measured(draft=1, verdicts=()))
    return run.state


class _Unasked:
    """Stands for a model where only the prompt is wanted."""

    name = "nobody"

    async def ask(self, prompt: Prompt) -> Reply:
        raise NotImplementedError(prompt.system)


def _prompt(names: tuple[str, ...], state: State, wording: Wording) -> Prompt:
    return reworded(ModelCritic(_Unasked()).prompt(1, _first_reading(names), state), wording)


def _digest(prompt: Prompt) -> str:
    return hashlib.sha256(json.dumps(asdict(prompt)).encode()).hexdigest()[:16]


async def ask(call: Call, model: Model, clock: Callable[[], float] = time.monotonic) -> Verdicts:
    """Put one question.

    Raises:
        ModelError: if the model cannot be reached; a prompt that it refuses is a record instead.
    """
    began = clock()
    tokens, trouble, said = 0, "", dict.fromkeys(call.names, "unreadable")
    findings: dict[str, str] = {}
    try:
        event = await ModelCritic(Reworded(model, call.wording)).perform(1, call.action, call.state)
    except ModelError as error:
        if error.kind != "rejected":
            raise
        trouble = str(error)
    else:
        tokens = event.usage.input + event.usage.output
        if isinstance(event, Judged):
            said = {verdict.criterion: verdict.status for verdict in event.verdicts}
            findings = {verdict.criterion: verdict.reason for verdict in event.verdicts}
        else:
            trouble = f"{event.why}: {event.detail}"
    return Verdicts(
        critic=model.name,
        prompt=call.digest,
        wording=call.wording.name,
        answer=call.answer.key,
        said=said,
        findings=findings,
        trouble=trouble,
        tokens=tokens,
        seconds=round(clock() - began, 2),
    )


class Book:
    """The file of verdicts: one line each, written at once, so that an interrupted bench goes on.

    Args:
        file: where it is; made when the first verdict comes.

    Raises:
        ConfigError: if the file holds something else.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._known: dict[tuple[str, str], Verdicts] = {}
        if file.exists():
            lines = file.read_text(encoding="utf-8").split("\n")
            # A line without its end is what a killed process was writing.
            for number, line in enumerate(lines[:-1], start=1):
                self._keep(self._read(number, line))
            if lines[-1]:
                file.write_text("".join(f"{line}\n" for line in lines[:-1]), encoding="utf-8")

    def _read(self, number: int, line: str) -> Verdicts:
        try:
            return _READ.validate_json(line)
        except ValidationError as error:
            raise ConfigError(
                f"{self.file}, line {number}, is no verdict of this bench: move the file away, or name another folder "
                "with --out"
            ) from error

    def get(self, critic: str, call: Call) -> Verdicts | None:
        """What this critic said to this prompt, if it was asked."""
        return self._known.get((critic, call.digest))

    def add(self, verdicts: Verdicts) -> None:
        """Keep one more."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(_READ.dump_json(verdicts).decode() + "\n")
        self._keep(verdicts)

    def _keep(self, verdicts: Verdicts) -> None:
        self._known[verdicts.critic, verdicts.prompt] = verdicts

    def missing(self, critic: str, calls: Sequence[Call]) -> list[Call]:
        """Those that have not been asked yet, in their order."""
        return [call for call in calls if self.get(critic, call) is None]
