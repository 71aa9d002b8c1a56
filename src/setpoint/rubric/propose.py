"""From a brief to a proposed spec: a model says what the text must hold, code turns it into criteria.

The model writes sentences and nothing else. Which of them a check can measure, and by which check, is read from the
sentences by the same code as lint's; so a proposal can never hold a `command`, a path or a source. It is a proposal:
nothing runs, and a person decides what becomes of it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from setpoint import checks
from setpoint.core.draft import folded
from setpoint.core.spec import NAME, Budget, CheckCall, Criterion, Spec
from setpoint.errors import ModelError
from setpoint.ports import Model, Prompt
from setpoint.roles.prompting import mark
from setpoint.roles.reply import Unreadable, as_list, as_mapping, json_object
from setpoint.rubric.lint import Flaw, Target, lint
from setpoint.rubric.lint.clauses import clauses
from setpoint.rubric.lint.demands import demands
from setpoint.rubric.meaning import slug
from setpoint.rubric.prompting import render
from setpoint.rubric.toml import block, inline

__all__ = ["Proposal", "propose"]

KINDS: Final = ("text", "markdown", "json", "python", "sql")
_FEWEST, _MOST = 4, 10
_TOKENS: Final = 1500
_PASSES: Final = 6
_LEFT_OUT: Final = frozenset({"vague", "duplicate", "unfinished", "missing-source"})
"""A proposal with one of these is left out, and said to be: a person would have to mend it before it is of use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A spec that a model proposed and code has put into form.

    Args:
        toml: the spec file; it loads.
        left_out: what was proposed and not used, with the reason.
        flaws: what lint finds in it.
        tokens: what the call used.
    """

    toml: str
    left_out: tuple[str, ...]
    flaws: tuple[Flaw, ...]
    tokens: int


async def propose(brief: str, model: Model, *, nonce: str, seed: int = 0) -> Proposal:
    """Propose a spec with one model call.

    Args:
        brief: what to write, for whom, to what end.
        model: who proposes.
        nonce: makes the delimiters unpredictable.
        seed: passed on to the model.

    Raises:
        ModelError: if no reply came back, or none that holds a criterion that can be judged.
    """
    reply = await model.ask(_prompt(brief, nonce, seed))
    try:
        said = json_object(reply)
    except Unreadable as trouble:
        raise ModelError(
            f"{model.name}: its proposal cannot be used: {trouble.detail}", kind="broken_reply"
        ) from trouble
    kind = said.get("kind")
    kind = kind if isinstance(kind, str) and kind in KINDS else "text"
    chosen, left_out = _chosen(brief, kind, tuple(_sentences(said)))
    if not chosen:
        raise ModelError(
            f"{model.name}: nothing that it proposed can be judged ({'; '.join(left_out) or 'no demands came back'}); "
            "try again, name another model, or begin from the gallery: setpoint new --list",
            kind="broken_reply",
        )
    spec = Spec(brief=brief.strip(), kind=kind, criteria=(*_weighed(chosen), *_by_code(brief, kind, chosen)))
    _refuse_programs(spec)
    flaws = lint(Target(spec=spec, budget=Budget(passes=_PASSES), reply_tokens=2000))
    return Proposal(toml=_written(spec), left_out=left_out, flaws=flaws, tokens=reply.usage.tokens)


def _prompt(brief: str, nonce: str, seed: int) -> Prompt:
    demand = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 40},
            "says": {"type": "string", "maxLength": 200},
            "impact": {"type": "integer", "minimum": 1, "maximum": 5},
            "core": {"type": "boolean"},
        },
        "required": ["name", "says", "impact", "core"],
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": list(KINDS)},
            "demands": {"type": "array", "minItems": _FEWEST, "maxItems": _MOST, "items": demand},
        },
        "required": ["kind", "demands"],
        "additionalProperties": False,
    }
    user = render("propose.md", brief=brief.strip(), mark=mark(nonce, "propose"), fewest=_FEWEST, most=_MOST)
    system = "You write down what a finished text must hold, so that another person can check it."
    return Prompt(system=system, user=user, max_tokens=_TOKENS, schema=schema, seed=seed)


def _sentences(said: Mapping[str, object]) -> Iterator[Criterion]:
    """The proposed demands, one sentence each; a sentence with two is taken apart."""
    taken: set[str] = set()
    for entry in map(as_mapping, as_list(said.get("demands"))[: 2 * _MOST]):
        says, name, impact = entry.get("says"), entry.get("name"), entry.get("impact")
        if not isinstance(says, str) or not says.strip():
            continue
        for number, part in enumerate(clauses(" ".join(says.split())[:300])):
            own = name if number == 0 and isinstance(name, str) and NAME.match(name) and name not in taken else ""
            sentence = part.strip().rstrip(".;, ")
            if not folded(sentence):
                continue
            called = own or slug(sentence, frozenset(taken))
            taken.add(called)
            yield Criterion(
                name=called,
                says=f"{sentence[:1].upper()}{sentence[1:]}.",
                impact=impact if type(impact) is int and 1 <= impact <= 5 else 3,  # noqa: PLR2004 - the scale itself
                core=entry.get("core") is True,
            )


def _chosen(brief: str, kind: str, proposed: tuple[Criterion, ...]) -> tuple[tuple[Criterion, ...], tuple[str, ...]]:
    """The criteria that can be judged, with checks where code can measure them, and what was left out."""
    kept: list[Criterion] = []
    left_out: list[str] = []
    for criterion in proposed:
        found = demands(criterion.says, brief, kind)
        if len(found) == 1 and found[0].whole and not _needs_sources(found[0].call):
            criterion = _with_check(criterion, found[0].call)  # noqa: PLW2901 - the same demand, measured by code
        about = re.search(r"\b(?:the|this) brief\b", criterion.says, re.IGNORECASE)
        why = "it speaks of the brief, not of the text" if about else _unfit(brief, kind, (*kept, criterion))
        if why:
            left_out.append(f"“{criterion.says}” ({why})")
        else:
            kept.append(criterion)
    often = Counter(left_out)  # small models say the same thing many times
    return tuple(kept), tuple(f"{said}, {n} times" if n > 1 else said for said, n in often.items())


_PROSE: Final = frozenset({"text", "markdown"})
_MONTH: Final = "January|February|March|April|May|June|July|August|September|October|November|December"
_FACT: Final = re.compile(
    rf"\d{{1,2}} (?:{_MONTH})(?: \d{{4}})?|(?:{_MONTH}) \d{{1,2}}(?:, \d{{4}})?|\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[:.]\d{{2}}(?= |,|\.|;|$)|"
    r"\d[\d,.]*\d?\s?(?:euros?|dollars?|pounds?|francs?|%|percent)|[€$£]\s?\d[\d,.]*\d|\b[A-Z]{2,}-\d[\w-]*|\bv?\d+\.\d+(?:\.\d+)*\b"
)
"""Dates, times, amounts, codes and versions: what a text must hold as it stands in the brief."""
_MOST_FACTS: Final = 8


def _by_code(brief: str, kind: str, known: tuple[Criterion, ...]) -> Iterator[Criterion]:
    """What code proposes by itself: the limits and the facts that stand in the brief, and nothing left to fill in."""
    if kind not in _PROSE:
        return
    names = {criterion.name for criterion in known}
    measured = {criterion.check.name for criterion in known if criterion.check is not None}
    limits = [demand for demand in demands(brief, brief, kind) if not _needs_sources(demand.call)]
    for demand in limits:
        if demand.call.name not in measured:
            yield _checked(slug(f"{demand.call.name} of the brief", frozenset(names)), demand.call, 3)
    stated = " ".join(demand.quote for demand in limits)
    facts = list(dict.fromkeys(fact for fact in _FACT.findall(brief) if fact not in stated))[:_MOST_FACTS]
    said = {str(w) for c in known if c.check is not None for w in _phrases(c.check)}
    if facts := [fact for fact in facts if fact not in said]:
        yield _checked(slug("facts", frozenset(names)), checks.parse({"contains": facts}), 4)
    if "no_placeholder" not in measured:
        yield _checked(slug("finished", frozenset(names)), checks.parse({"no_placeholder": True}), 4)


def _phrases(call: CheckCall) -> list[object]:
    words = call.params.get("words")
    return cast("list[object]", words) if call.name == "contains" and isinstance(words, list) else []


def _checked(name: str, call: CheckCall, impact: int) -> Criterion:
    return Criterion(name=name, says=checks.describe(call), impact=impact, check=call)


def _needs_sources(call: CheckCall) -> bool:
    return call.name in {"numbers_from_sources", "quotes_from_sources"}


def _with_check(criterion: Criterion, call: CheckCall) -> Criterion:
    return Criterion(
        name=criterion.name, says=checks.describe(call), impact=criterion.impact, core=criterion.core, check=call
    )


def _unfit(brief: str, kind: str, criteria: tuple[Criterion, ...]) -> str:
    """Why the last of some criteria is of no use beside the others."""
    target = Target(
        spec=Spec(brief=brief, kind=kind, criteria=criteria), budget=Budget(passes=_PASSES), reply_tokens=2000
    )
    for flaw in lint(target):
        bad = flaw.kind in _LEFT_OUT or flaw.level == "error"
        if bad and flaw.level != "hint" and criteria[-1].name in flaw.criteria:
            return flaw.says
    return ""


def _weighed(criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    """With core at one place: where the model put it first, else at the heaviest."""
    first = next((c for c in criteria if c.core), max(criteria, key=lambda c: c.impact))
    return tuple(
        Criterion(name=c.name, says=c.says, impact=5 if c is first else c.impact, core=c is first, check=c.check)
        for c in criteria
    )


def _refuse_programs(spec: Spec) -> None:
    """A proposal never runs a program nor names a file, whatever came back."""
    for criterion in spec.criteria:
        if criterion.check is not None and (checks.runs_programs(criterion.check) or checks.files(criterion.check)):
            raise ModelError(
                f"the proposal holds a check that runs a program or reads a file ({criterion.name}); it is refused",
                kind="broken_reply",
            )


def _written(spec: Spec) -> str:
    lines = [
        "# Proposed by a model, with checks by code. Read it as you would a stranger's: change what is wrong, add what",
        "# is missing. `facts` holds what stands in the brief; a text that writes a date another way fails it.",
        "# Then: setpoint lint FILE, and setpoint run FILE --author PROVIDER:NAME",
        "",
        f"brief = {block(spec.brief)}",
        f"kind = {inline(spec.kind)}",
        "",
        "[budget]",
        f"passes = {_PASSES}",
    ]
    for criterion in spec.criteria:
        lines += ["", "[[criterion]]", f"name = {inline(criterion.name)}"]
        if criterion.check is None:
            lines.append(f"says = {inline(criterion.says)}")
        else:
            lines.append(f"check = {inline({criterion.check.name: dict(criterion.check.params) or True})}")
        lines.append(f"impact = {criterion.impact}")
        lines += ["core = true"] if criterion.core else []
    return "\n".join(lines) + "\n"
