"""The critic over a model: every call is a fresh context with the spec and the draft only (rule 4).

The draft comes with numbered lines; the critic cites numbers and code takes the quotes. What it says is read
fail-closed: the set of criteria must be the one asked for, a verdict must be one of three words, and a pass at odds
with itself is no pass (rule 6).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from setpoint.core.action import Judge, Probe, Role
from setpoint.core.cost import PROBE_TOKENS, READING_BASE, READING_EACH
from setpoint.core.draft import unmarked
from setpoint.core.event import Judged, Misjudged, Misreading, Probed
from setpoint.core.fault import Measurer, Status, Verdict, vagueness
from setpoint.core.spec import Criterion, Spec
from setpoint.core.state import State
from setpoint.ports import Model, ProbeItem, Prompt, Reply
from setpoint.roles.prompting import form, mark, render, seed_for
from setpoint.roles.reply import Unreadable, as_list, as_mapping, json_object

__all__ = ["ModelCritic", "critic_form"]

_STATUS: Final[Mapping[str, Status]] = {
    "pass": "pass",
    "fail": "fail",
    "cannot_assess": "cannot_assess",
    "cannot assess": "cannot_assess",
}
_MAX_WISHES: Final = 3
_NOT: Final = (
    r"\b(?:does not|doesn't|do not|don't|did not|didn't|fails? to|failed to|is not|isn't|cannot|can't) (?:\w+ )?"
)
_NEGATIVE: Final = re.compile(
    _NOT + r"(?:pass|meet|met|satisfy|satisfied|fulfil|fulfilled|comply)|\bNOT PASS\b", re.IGNORECASE
)
_ABSENT: Final = re.compile(_NOT + r"(?:mention|include|state|contain)", re.IGNORECASE)
_WANTS_ABSENCE: Final = re.compile(
    r"\b(?:no|not|none|never|nothing|nobody|neither|nor|without|cannot|avoids?|free (?:of|from)|omits?|excludes?"
    r"|leaves? out|refrains? from)\b|n't\b",
    re.IGNORECASE,
)
_CONFIRMING_TEMPERATURE: Final = 0.3


def critic_form() -> str:
    """A name for the wording of the critic's prompts: what a probe has measured belongs to one wording."""
    return form("critic_system.md", "critic_read.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Everything one reading is about."""

    spec: Spec
    text: str
    criteria: tuple[Criterion, ...]
    by: Measurer
    sign: str
    purpose: str = "fresh"
    redirect: Verdict | None = None
    seed: int = 0

    @property
    def lines(self) -> int:
        return max(1, len(self.text.splitlines()))


class ModelCritic:
    """A `Critic` that asks a model.

    Args:
        model: the model that judges.
        battery: the planted texts of the probe.
    """

    def __init__(self, model: Model, battery: Sequence[ProbeItem] = ()) -> None:
        self.model = model
        self.battery = tuple(battery)

    async def perform(self, call: int, action: Judge, state: State) -> Judged | Misjudged:
        """Take one reading with one model call.

        Raises:
            ModelError: if no reply came back.
        """
        question = _question(call, action, state)
        reply = await self.model.ask(_prompt(question))
        try:
            verdicts, wishes = _readings(question, reply)
        except _BadReading as trouble:
            return Misjudged(call=call, draft=action.draft, why=trouble.why, detail=trouble.detail, usage=reply.usage)
        return Judged(call=call, draft=action.draft, verdicts=verdicts, wishes=wishes, usage=reply.usage)

    async def probe(self, call: int, action: Probe, state: State) -> Probed | Misjudged:
        """Judge one planted text with one model call.

        Raises:
            ModelError: if no reply came back.
        """
        item = self.battery[action.item]
        question = _Question(
            spec=item.spec,
            text=item.draft,
            criteria=item.spec.criteria,
            by=_measurer(action.role),
            sign=mark(state.opened.nonce, action.role),
            purpose="first",
            seed=seed_for(state.opened.seed, call),
        )
        reply = await self.model.ask(_prompt(question, most=PROBE_TOKENS // 2))
        try:
            verdicts, _ = _readings(question, reply)
        except _BadReading as trouble:
            return Misjudged(call=call, draft=0, why=trouble.why, detail=trouble.detail, usage=reply.usage)
        said = {verdict.criterion: verdict.status for verdict in verdicts}
        planted_failures = [name for name, good in item.expected.items() if not good]
        planted_passes = [name for name, good in item.expected.items() if good]
        return Probed(
            call=call,
            role=action.role,
            item=action.item,
            noticed=sum(said[name] == "fail" for name in planted_failures),
            failures=len(planted_failures),
            passed=sum(said[name] == "pass" for name in planted_passes),
            passes=len(planted_passes),
            usage=reply.usage,
        )

    def prompt(self, call: int, action: Judge, state: State) -> Prompt:
        """The prompt of a reading; a function of its arguments alone."""
        return _prompt(_question(call, action, state))


def _measurer(role: Role) -> Measurer:
    return "confirmer" if role == "confirmer" else "critic"


def _question(call: int, action: Judge, state: State) -> _Question:
    draft = state.draft(action.draft)
    redirect = draft.verdict(action.criteria[0]) if action.purpose == "redirect" else None
    return _Question(
        spec=state.spec,
        text=unmarked(draft.draft.text),
        criteria=tuple(state.criterion(name) for name in action.criteria),
        by=_measurer(action.role),
        sign=mark(state.opened.nonce, action.role),
        purpose=action.purpose,
        redirect=redirect,
        seed=seed_for(state.opened.seed, call),
    )


def _prompt(question: _Question, *, most: int | None = None) -> Prompt:
    spec = question.spec
    system = render("critic_system.md", brief=spec.brief, kind=spec.kind, sources=spec.sources, mark=question.sign)
    numbered = "\n".join(f"{n:>3} {line}" for n, line in enumerate(question.text.splitlines(), start=1))
    user = render(
        "critic_read.md",
        numbered=numbered,
        criteria=question.criteria,
        purpose=question.purpose,
        redirect=question.redirect,
        why=vagueness(question.redirect.directive) if question.redirect else "",
        mark=question.sign,
    )
    reply = READING_BASE + READING_EACH * len(question.criteria)
    # A second opinion from the same model at temperature 0 would only repeat the first.
    temperature = 0.0 if question.purpose in {"first", "fresh", "redirect"} else _CONFIRMING_TEMPERATURE
    return Prompt(
        system=system,
        user=user,
        max_tokens=reply if most is None else min(most, reply),
        schema=_schema(question),
        temperature=temperature,
        seed=question.seed,
    )


def _schema(question: _Question) -> dict[str, object]:
    reading = {
        "type": "object",
        "properties": {
            "lines": {
                "type": "array",
                "items": {"type": "integer", "minimum": 1, "maximum": question.lines},
                "maxItems": 8,
            },
            "finding": {"type": "string", "maxLength": 300},
            "verdict": {"type": "string", "enum": ["pass", "fail", "cannot_assess"]},
            "do": {"type": "string", "maxLength": 300},
        },
        "required": ["lines", "finding", "verdict", "do"],
        "additionalProperties": False,
    }
    names = [criterion.name for criterion in question.criteria]
    return {
        "type": "object",
        "properties": {
            "readings": {
                "type": "object",
                "properties": dict.fromkeys(names, reading),
                "required": names,
                "additionalProperties": False,
            },
            "other": {"type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": _MAX_WISHES},
        },
        "required": ["readings", "other"],
        "additionalProperties": False,
    }


class _BadReading(Exception):  # noqa: N818 - caught here and made an event
    def __init__(self, why: Misreading, detail: str) -> None:
        self.why: Misreading = why
        self.detail = detail
        super().__init__(detail)


def _readings(question: _Question, reply: Reply) -> tuple[tuple[Verdict, ...], tuple[str, ...]]:
    """One verdict for each criterion asked for, and the wishes.

    Raises:
        _BadReading: if the reply cannot be used as a whole.
    """
    try:
        found = json_object(reply)
    except Unreadable as trouble:
        raise _BadReading(trouble.kind, trouble.detail) from trouble
    said = as_mapping(found.get("readings"))
    if not said:
        raise _BadReading("unparsable", "the reply has no 'readings'")
    asked = {criterion.name for criterion in question.criteria}
    if invented := sorted(set(said) - asked):
        raise _BadReading("invented", f"the critic judged what nobody asked for: {', '.join(invented)}")
    if skipped := sorted(asked - set(said)):
        raise _BadReading("skipped", f"the critic left out {', '.join(skipped)}")
    verdicts = tuple(_verdict(question, criterion, said[criterion.name]) for criterion in question.criteria)
    wishes = [wish.strip() for wish in as_list(found.get("other")) if isinstance(wish, str)]
    return verdicts, tuple(w for w in wishes if w)[:_MAX_WISHES]


def _verdict(question: _Question, criterion: Criterion, said: object) -> Verdict:
    fields = as_mapping(said)
    word = fields.get("verdict")
    status = _STATUS.get(word.strip().lower()) if isinstance(word, str) else None
    if status is None:
        raise _BadReading("unparsable", f"{criterion.name}: the verdict is {word!r}, not pass, fail or cannot_assess")
    finding, directive = (_line(fields.get(key)) for key in ("finding", "do"))
    numbers = [number for number in as_list(fields.get("lines")) if type(number) is int]
    lines = tuple(sorted({n for n in numbers if 1 <= n <= question.lines}))
    if status == "pass":
        trouble = _doubt(criterion, numbers, lines, finding)
        if trouble and len(question.criteria) > 1:
            raise _BadReading("bad_lines" if "lines" in trouble else "contradictory", f"{criterion.name}: {trouble}")
        if trouble:  # asked alone and still at odds with itself: that is no pass, and no fault either
            return Verdict(criterion=criterion.name, status="cannot_assess", reason=trouble, by=question.by)
    return Verdict(
        criterion=criterion.name,
        status=status,
        reason=finding,
        directive=directive if status == "fail" else "",
        lines=lines,
        shortfall=1.0 if status == "fail" else 0.0,
        by=question.by,
    )


def _doubt(criterion: Criterion, numbers: Sequence[int], lines: Sequence[int], finding: str) -> str:
    """Why a pass cannot be believed; empty if it can."""
    if len(set(numbers)) != len(lines):
        return "the critic passes it on lines that are not there"
    # "Does not contain a comma" is what a text is to show that must not contain one.
    absent = _ABSENT.search(finding) and not _WANTS_ABSENCE.search(criterion.says)
    if absent or _NEGATIVE.search(finding):
        return f"the critic says pass and finds that it does not: {finding!r}"
    return ""


def _line(value: object) -> str:
    return " ".join(value.split())[:600] if isinstance(value, str) else ""
