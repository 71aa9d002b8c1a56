"""The loops that people write by hand, on any model, with the same checks, the same critic and one cap on tokens.

Each takes a `Job` and gives back a `Trial`. They share the first prompt and the reading, so that they differ in their
control flow only. A reading runs the checks and asks the critic for the rest; a reply that cannot be read is asked for
once more and then counts as failed, never as passed.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from setpoint.core.spec import Spec
from setpoint.errors import ModelError
from setpoint.ports import Check, Model, Prompt

__all__ = [
    "BASELINES",
    "CapReached",
    "Desk",
    "Fault",
    "Job",
    "Loop",
    "Trial",
    "best_of_n",
    "cap_3_keep_best",
    "checklist",
    "first_draft",
    "one_draft",
    "revised",
    "rewrite_all",
    "self_refine",
]

_CHARS_PER_TOKEN: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a loop is to do, and with what.

    Args:
        spec: the target.
        checks: by criterion name, for the criteria that have one.
        author: writes.
        critic: judges the criteria without a check.
        tokens: the most input and output tokens of all calls together.
        passes: the most drafts.
        reply_tokens: the most tokens of one text.
        seed: what sampling seeds are derived from.
        bare: take off a fence, or a sentence of introduction, that stands around a text.
    """

    spec: Spec
    checks: Mapping[str, Check]
    author: Model
    critic: Model
    tokens: int
    passes: int = 8
    reply_tokens: int = 2000
    seed: int = 0
    bare: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of a loop.

    Args:
        text: what it returns.
        claims: whether it says that every criterion is met; None if it never looked.
        passes: drafts made, the first one counted.
        calls: model calls.
        tokens: input and output tokens.
        drafts: every draft in its order.
        outcome: how it ended, in its own word.
    """

    text: str
    claims: bool | None
    passes: int
    calls: int
    tokens: int
    drafts: tuple[str, ...]
    outcome: str = ""


Loop: TypeAlias = Callable[[Job], Awaitable[Trial]]


class CapReached(Exception):  # noqa: N818 - the end of the budget, not an error
    """The next call might break the cap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One failed criterion, with what to do about it."""

    name: str
    says: str
    directive: str
    weight: int


@dataclass(slots=True)
class Desk:
    """What a loop works at: calls with a cap, drafts, readings."""

    job: Job
    spent: int = 0
    calls: int = 0
    held: int = 0
    """Tokens that others have spent under the same cap."""
    drafts: list[str] = field(default_factory=list[str])
    read: dict[str, tuple[Fault, ...]] = field(default_factory=dict[str, "tuple[Fault, ...]"])

    @property
    def listed(self) -> str:
        """The general list of demands."""
        return "\n".join(f"- {c.name}: {c.says}" for c in self.job.spec.criteria)

    @property
    def task(self) -> str:
        """The task with the list."""
        return f"{self.job.spec.brief}\n\nThe text must meet all of these criteria:\n{self.listed}"

    async def ask(
        self,
        model: Model,
        user: str,
        *,
        limit: int,
        schema: Mapping[str, object] | None = None,
        temperature: float = 0.7,
    ) -> str:
        """One call; an unusable reply is an empty one.

        Raises:
            CapReached: if its worst case does not fit under the cap.
        """
        worst = len(user) // _CHARS_PER_TOKEN + limit
        if self.spent + self.held + worst > self.job.tokens:
            raise CapReached
        self.calls += 1
        prompt = Prompt(
            system="",
            user=user,
            max_tokens=limit,
            schema=schema,
            temperature=temperature,
            seed=self.job.seed + self.calls,
        )
        try:
            reply = await model.ask(prompt)
        except ModelError:
            return ""
        self.spent += reply.usage.tokens
        return "" if reply.finish == "refusal" else reply.text

    async def write(self, user: str) -> str:
        """One draft; an empty one is not kept.

        Raises:
            CapReached: if there is no room for it.
        """
        if len(self.drafts) >= self.job.passes:
            raise CapReached
        text = await self.ask(self.job.author, user, limit=self.job.reply_tokens)
        text = _bare(text) if self.job.bare else text
        self.drafts.append(text)
        return text

    async def faults(self, text: str) -> tuple[Fault, ...]:
        """One reading: what is wrong with a text. A text that was read is not read again.

        Raises:
            CapReached: if there is no room for it.
        """
        if text in self.read:
            return self.read[text]
        spec = self.job.spec
        found: list[Fault] = []
        for criterion in spec.checked:
            finding = self.job.checks[criterion.name].measure(text)
            if not finding.passed:
                found.append(_fault(spec, criterion.name, finding.message))
        if spec.judged:
            verdicts = await self._verdicts(text)
            for criterion in spec.judged:
                passed, directive = verdicts.get(criterion.name, (False, ""))
                if not passed:
                    found.append(_fault(spec, criterion.name, directive or criterion.says))
        self.read[text] = tuple(found)
        return self.read[text]

    async def _verdicts(self, text: str) -> dict[str, tuple[bool, str]]:
        judged = self.job.spec.judged
        listed = "\n".join(f"- {c.name}: {c.says}" for c in judged)
        user = (
            f"You are a strict critic. Judge the draft against each criterion by itself.\n\nCriteria:\n{listed}\n\n"
            f"Draft:\n{text}\n\nFor each criterion give the verdict (pass or fail) and, for a failure, one directive."
        )
        limit = 200 + 120 * len(judged)
        for _ in range(2):
            said = await self.ask(self.job.critic, user, limit=limit, schema=_VERDICTS, temperature=0.0)
            if (read := _read(said)) is not None:
                return read
        return {}

    async def best(self) -> str:
        """The draft that failed least, by what was read."""
        read = [text for text in self.drafts if text in self.read]
        if not read:
            return self.drafts[-1] if self.drafts else ""
        return min(read, key=lambda text: sum(fault.weight for fault in self.read[text]))

    def trial(self, text: str) -> Trial:
        """What the loop gives back."""
        claims = not self.read[text] if text in self.read else None
        return Trial(
            text=text,
            claims=claims,
            passes=len(self.drafts),
            calls=self.calls,
            tokens=self.spent,
            drafts=tuple(self.drafts),
            outcome="passed" if claims else "stopped",
        )


_VERDICTS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "verdicts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "criterion": {"type": "string"},
                        "verdict": {"type": "string", "enum": ["pass", "fail"]},
                        "directive": {"type": "string"},
                    },
                    "required": ["criterion", "verdict", "directive"],
                },
            }
        },
        "required": ["verdicts"],
    }
)


def _fault(spec: Spec, name: str, directive: str) -> Fault:
    criterion = spec.criterion(name)
    return Fault(name=name, says=criterion.says, directive=directive, weight=criterion.impact + 100 * criterion.core)


def _bare(text: str) -> str:
    """A text without the fence or the sentence that some models put around it."""
    if fence := re.search(r"```\w*\n(.*?)\n?```", text, re.DOTALL):
        return fence.group(1) + "\n"
    return re.sub(r"\AHere (?:is|'s) the [^\n]{0,60}:\n+", "", text)


def _read(said: str) -> dict[str, tuple[bool, str]] | None:
    """The verdicts of a reply; None if they cannot be read."""
    start, end = said.find("{"), said.rfind("}")
    try:
        answer = cast("object", json.loads(said[start : end + 1])) if start >= 0 else None
        rows = cast("Sequence[Mapping[str, str]]", cast("Mapping[str, object]", answer)["verdicts"])
        return {row["criterion"]: (row["verdict"] == "pass", row["directive"]) for row in rows}
    except (ValueError, KeyError, TypeError):
        return None


def _lines(faults: Sequence[Fault]) -> str:
    return "\n".join(f"- {fault.name}: {fault.directive}" for fault in faults)


# The prompts that loops share


def first_draft(desk: Desk) -> str:
    """The task, with the request to write."""
    return f"{desk.task}\n\nWrite the text. Reply with the text only."


def revised(desk: Desk, text: str, faults: Sequence[Fault]) -> str:
    """The task, the draft and all its faults, with the request to rewrite."""
    return (
        f"{desk.task}\n\nCurrent draft:\n{text}\n\nThese criteria failed:\n{_lines(faults)}\n\n"
        "Fix them and send the whole revised text. Reply with the text only."
    )


# The loops


async def one_draft(job: Job) -> Trial:
    """One draft with the criteria listed, never read: the floor."""
    desk = Desk(job)
    try:
        text = await desk.write(first_draft(desk))
    except CapReached:
        text = ""
    return desk.trial(text)


async def best_of_n(job: Job) -> Trial:
    """Independent drafts with the same prompt until one passes or the cap is near; the best as read."""
    desk = Desk(job)
    try:
        while True:
            text = await desk.write(first_draft(desk))
            if not await desk.faults(text):
                break
    except CapReached:
        pass
    return desk.trial(await desk.best())


async def checklist(job: Job) -> Trial:
    """A fresh draft each time, with the list and what failed before; the best as read."""
    desk = Desk(job)
    lessons = ""
    try:
        while True:
            text = await desk.write(f"{desk.task}{lessons}\n\nWrite the text from scratch. Reply with the text only.")
            faults = await desk.faults(text)
            if not faults:
                break
            lessons = f"\n\nAn earlier draft failed at:\n{_lines(faults)}"
    except CapReached:
        pass
    return desk.trial(await desk.best())


async def self_refine(job: Job) -> Trial:
    """Draft, feedback without the list, refine; until the feedback objects to nothing, at most four rounds (2303.17651)."""
    desk = Desk(job)
    text = ""
    try:
        text = await desk.write(first_draft(desk))
        for _ in range(4):
            feedback = await desk.ask(
                job.critic,
                f"Task: {job.spec.brief}\n\nDraft:\n{text}\n\nGive feedback: what could be improved in this draft?",
                limit=1000,
            )
            if "nothing to object" in feedback:
                break
            text = (
                await desk.write(
                    f"{desk.task}\n\nDraft:\n{text}\n\nFeedback:\n{feedback}\n\nRefine the draft. Reply with the text only."
                )
                or text
            )
    except CapReached:
        pass
    return desk.trial(text)


async def rewrite_all(job: Job) -> Trial:
    """Draft, read, rewrite with all faults; until it passes or the cap is near; returns the last text."""
    desk = Desk(job)
    text = await _revise(desk)
    return desk.trial(text)


async def cap_3_keep_best(job: Job) -> Trial:
    """The same with at most three drafts, and the best as read is what it returns."""
    desk = Desk(replace(job, passes=min(3, job.passes)))
    await _revise(desk)
    return desk.trial(await desk.best())


async def _revise(desk: Desk) -> str:
    text = ""
    try:
        text = await desk.write(first_draft(desk))
        while faults := await desk.faults(text):
            text = await desk.write(revised(desk, text, faults)) or text
    except CapReached:
        pass
    return text


BASELINES: Final[Mapping[str, Loop]] = MappingProxyType(
    {
        "one draft": one_draft,
        "best of N": best_of_n,
        "checklist redraft": checklist,
        "self-refine": self_refine,
        "rewrite all faults": rewrite_all,
        "cap 3 keep best": cap_3_keep_best,
    }
)
"""The loops by the names that tables use."""
