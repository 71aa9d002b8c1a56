"""The sample of mutants is seeded, and what became of it is counted right."""

import mutants


def test_a_larger_sample_holds_the_smaller() -> None:
    """So that a second run with more of them repeats nothing; another seed gives another sample."""
    names = [f"m{n}" for n in range(100)]
    few, more = (mutants.sampled(names, count, 3) for count in (10, 40))
    assert more[:10] == few
    assert mutants.sampled(list(reversed(names)), 10, 3) == few
    assert mutants.sampled(names, 10, 4) != few
    assert len(set(more)) == 40


def test_a_mutant_that_was_not_tried_counts_neither_way() -> None:
    """A timeout is a kill, a line without a test is none; files are counted apart."""
    known = {
        "setpoint.core.draft.x_one__mutmut_1": "killed",
        "setpoint.core.draft.x_one__mutmut_2": "survived",
        "setpoint.core.control.repair.x_two__mutmut_1": "timeout",
        "setpoint.core.spec.xǁBudgetǁplus__mutmut_1": "no tests",
        "setpoint.core.spec.xǁBudgetǁplus__mutmut_2": "not checked",
    }
    said = mutants.report(list(known), known, 9)
    assert said.startswith("4 of a sample of 5 tried (9 mutants in all): 50 [15, 85] % killed")
    assert "| draft | 2 | 1 |" in said
    assert "| control.repair | 1 | 1 |" in said
    assert "| spec | 1 | 0 |" in said
