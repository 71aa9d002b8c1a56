"""The spec refuses what cannot be a target, and its digest covers everything that decides when a text is done."""

from dataclasses import replace

import pytest

from setpoint.core.spec import Budget, CheckCall, Criterion, Source, Spec
from setpoint.errors import SpecError

SHORT = Criterion(name="short", says="At most 180 words.", check=CheckCall(name="words", params={"max": 180}))
SPEC = Spec(brief="Notes.", criteria=(SHORT,), sources=(Source(name="a.md", text="facts"),))


def test_a_spec_without_criteria_is_refused_with_an_example() -> None:
    """Done is defined before the first draft (rule 2)."""
    with pytest.raises(SpecError, match=r"(?s)no criteria.*\[\[criterion\]\]"):
        Spec(brief="Notes.", criteria=())


def test_a_spec_without_a_brief_is_refused() -> None:
    """There is nothing to write to."""
    with pytest.raises(SpecError, match="no brief"):
        Spec(brief=" \n", criteria=(SHORT,))


def test_a_name_that_stands_twice_is_refused() -> None:
    """Every report calls criteria by name."""
    with pytest.raises(SpecError, match="'short' stands 2 times"):
        Spec(brief="Notes.", criteria=(SHORT, SHORT))


@pytest.mark.parametrize("name", ["", "Two Words", "ümlaut", "-x", "x" * 65, "a\n"])
def test_a_name_that_cannot_be_typed_is_refused(name: str) -> None:
    """Names are lower-case words joined by hyphens."""
    with pytest.raises(SpecError, match="criterion name"):
        Criterion(name=name, says="x")


@pytest.mark.parametrize("impact", [0, 6, -1])
def test_an_impact_off_the_scale_is_refused(impact: int) -> None:
    """Impact goes from 1 to 5."""
    with pytest.raises(SpecError, match="from 1 to 5"):
        Criterion(name="short", says="x", impact=impact)


@pytest.mark.parametrize("limits", [{"passes": 0}, {"tokens": -1}, {"money": 0.0}, {"seconds": -2.0}])
def test_a_budget_of_nothing_is_refused(limits: dict[str, float]) -> None:
    """A limit of zero would be a run that cannot start."""
    with pytest.raises(SpecError, match="above 0"):
        Budget(**limits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        replace(SPEC, brief="Other notes."),
        replace(SPEC, kind="markdown"),
        replace(SPEC, sources=(Source(name="a.md", text="other facts"),)),
        replace(SPEC, sources=(Source(name="b.md", text="facts"),)),
        replace(SPEC, attachments=(Source(name="t.py", text="x"),)),
        replace(SPEC, criteria=(replace(SHORT, says="Short."),)),
        replace(SPEC, criteria=(replace(SHORT, impact=4),)),
        replace(SPEC, criteria=(replace(SHORT, core=True),)),
        replace(SPEC, criteria=(replace(SHORT, check=CheckCall(name="words", params={"max": 181})),)),
        replace(SPEC, criteria=(replace(SHORT, check=None),)),
    ],
)
def test_anything_that_decides_when_a_text_is_done_changes_the_digest(changed: Spec) -> None:
    """Every event carries the digest, so a target that moved cannot go unnoticed (rule 1)."""
    assert changed.digest != SPEC.digest


def test_the_digest_does_not_depend_on_the_order_of_parameters() -> None:
    """The digest is over the content, not over how it was written."""
    one = replace(SHORT, check=CheckCall(name="words", params={"min": 1, "max": 9}))
    other = replace(SHORT, check=CheckCall(name="words", params={"max": 9, "min": 1}))
    assert replace(SPEC, criteria=(one,)).digest == replace(SPEC, criteria=(other,)).digest


def test_more_budget_leaves_unset_limits_unset() -> None:
    """Adding tokens to a run without a token cap caps nothing."""
    assert Budget(passes=2).plus(passes=3, tokens=5, money=1.0, seconds=9.0) == Budget(passes=5)


def test_more_budget_adds_to_each_limit_that_is_set() -> None:
    """And what is not given more stays as it was."""
    budget = Budget(passes=2, tokens=100, money=1.0, seconds=60.0)
    assert budget.plus(passes=1, tokens=5, money=0.5, seconds=30.0) == Budget(
        passes=3, tokens=105, money=1.5, seconds=90.0
    )
    assert budget.plus() == budget
