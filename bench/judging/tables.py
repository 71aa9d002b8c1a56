"""From kept verdicts to tables: the three forms of a critic, the wordings of its prompt, and what checks alone do."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from judging.answers import Answer
from judging.calls import Book, Call, Verdicts
from judging.scores import Judgement, Scores, scores
from setpoint import checks
from setpoint.core.spec import Criterion, Spec
from setpoint.ports import Check
from setpoint.rubric.lint.demands import demands

__all__ = ["FORMS", "checks_alone", "forms_table", "judgements", "measuring", "wordings_table"]

Planned: TypeAlias = Mapping[str, Sequence[Call]]
"""Answer → the calls about it."""
Form: TypeAlias = Callable[[Answer, Mapping[tuple[str, ...], Verdicts]], list[Judgement]]
"""How verdicts come from calls, which are named by their criteria."""


def measuring(criterion: Criterion, spec: Spec) -> tuple[Check, ...]:
    """The checks that lint proposes for a criterion in place of a critic; none where they are not all it says."""
    found = demands(criterion.says, spec.brief, spec.kind)
    if not found or not all(demand.whole for demand in found):
        return ()
    return tuple(checks.build(demand.call, checks.CheckContext(kind=spec.kind)) for demand in found)


def _measured(answer: Answer, name: str) -> Judgement | None:
    """What the checks say that lint proposes for a criterion; None where it proposes none."""
    built = measuring(next(one for one in answer.spec.criteria if one.name == name), answer.spec)
    if not built:
        return None
    found = [check.measure(answer.text).passed for check in built]
    said = "cannot_assess" if None in found else "pass" if all(found) else "fail"
    return Judgement(cluster=answer.prompt, met=answer.truth[name], said=said)


def _judged(answer: Answer, name: str, verdicts: Verdicts) -> Judgement:
    each = len(verdicts.said)
    return Judgement(
        cluster=answer.prompt,
        met=answer.truth[name],
        said=verdicts.said[name],
        tokens=verdicts.tokens / each,
        seconds=verdicts.seconds / each,
    )


def _together(answer: Answer, of: Mapping[tuple[str, ...], Verdicts]) -> list[Judgement]:
    return [_judged(answer, name, of[answer.names]) for name in answer.names]


def _alone(answer: Answer, of: Mapping[tuple[str, ...], Verdicts]) -> list[Judgement]:
    return [_judged(answer, name, of[name,]) for name in answer.names]


def _checks_first(answer: Answer, of: Mapping[tuple[str, ...], Verdicts]) -> list[Judgement]:
    return [_measured(answer, name) or _judged(answer, name, of[name,]) for name in answer.names]


FORMS: Final[Mapping[str, Form]] = {
    "all criteria in one call": _together,
    "one call for each": _alone,
    "checks where lint proposes one, one call for each of the rest": _checks_first,
}


def judgements(form: Form, critic: str, answers: Sequence[Answer], calls: Planned, book: Book) -> list[Judgement]:
    """The verdicts of one form on the answers whose calls have all been made."""
    found: list[Judgement] = []
    for answer in answers:
        made = {call.names: book.get(critic, call) for call in calls[answer.key]}
        of = {names: verdicts for names, verdicts in made.items() if verdicts is not None}
        if len(of) == len(made):
            found += form(answer, of)
    return found


_HEAD: Final = (
    "| {} | failing, met | sensitivity, % | specificity, % | balanced accuracy, % | Youden's J | no verdict, % "
    "| tokens a verdict | seconds a verdict |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def _line(name: str, found: Scores) -> str:
    j = found.youden
    return (
        f"| {name} | {found.sensitivity.n}, {found.specificity.n} | {found.sensitivity} | {found.specificity} "
        f"| {found.balanced} | {j.value:+.2f} [{j.low:+.2f}, {j.high:+.2f}] | {100 * found.unusable:.0f} "
        f"| {found.tokens:,.0f} | {found.seconds:.1f} |"
    )


def _table(head: str, rows: Mapping[str, Sequence[Judgement]]) -> str:
    lines = [_HEAD.format(head)]
    lines += [
        _line(name, scores(found)) if found else f"| {name} | 0, 0 |" + " - |" * 7 for name, found in rows.items()
    ]
    return "\n".join(lines)


def forms_table(critic: str, answers: Sequence[Answer], calls: Planned, book: Book) -> str:
    """The three forms over the same answers, and the first two over those with several requirements."""
    rows = {name: judgements(form, critic, answers, calls, book) for name, form in FORMS.items()}
    several = [answer for answer in answers if len(answer.truth) > 1]
    for name, form in list(FORMS.items())[:2]:
        rows[f"{name}; answers with several only"] = judgements(form, critic, several, calls, book)
    return _table("form", rows)


def wordings_table(critic: str, answers: Sequence[Answer], by_wording: Mapping[str, Planned], book: Book) -> str:
    """The wordings over the answers that all of them have judged, each in both forms that only a critic decides."""
    shared = [
        answer
        for answer in answers
        if all(not book.missing(critic, calls[answer.key]) for calls in by_wording.values())
    ]
    rows: dict[str, Sequence[Judgement]] = {}
    for wording, calls in by_wording.items():
        for name, form in list(FORMS.items())[:2]:
            rows[f"{wording}; {name}"] = judgements(form, critic, shared, calls, book)
    return _table("wording", rows)


def checks_alone(answers: Sequence[Answer]) -> str:
    """What the checks that lint proposes say, against the official verifiers; no model is asked."""
    found = [one for answer in answers for name in answer.names if (one := _measured(answer, name))]
    return _table("measured by", {"checks that lint proposes": found})
