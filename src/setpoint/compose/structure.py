"""When an outline is drafted before the text, and what it must meet (rule 10)."""

from typing import Final

from setpoint.core.spec import CheckCall, Criterion, Spec

__all__ = ["LONG_TEXT_WORDS", "expected_words", "outline_for"]

LONG_TEXT_WORDS: Final = 800
"""A text expected to be longer gets its outline settled first, whether the spec asks for it or not."""
_OUTLINE_WORDS: Final = 400


def expected_words(spec: Spec) -> int:
    """About how long the text will be, by the limits of the spec; 0 if they do not say."""
    for criterion in spec.checked:
        call = criterion.check
        if call is None or call.name != "words":
            continue
        least, most = call.params.get("min"), call.params.get("max")
        if isinstance(least, int) and isinstance(most, int):
            return (least + most) // 2
        if isinstance(least, int):
            return least
        if isinstance(most, int):
            return most * 4 // 5
    return 0


def outline_for(spec: Spec, given: str | None) -> tuple[Criterion, ...]:
    """What the outline must meet that is drafted first; none if the text begins with prose.

    A text that exists has its structure, and headings that the spec fixes need no outline. Otherwise it is as the spec
    says, or, for a long text in markdown, what the spec demands of headings.
    """
    if given is not None or (spec.skeleton is not None and spec.skeleton.headings):
        return ()
    if spec.outline:
        return spec.outline
    if spec.kind != "markdown" or expected_words(spec) <= LONG_TEXT_WORDS:
        return ()
    own = [
        Criterion(name=f"outline-{c.name}"[:64], says=c.says, impact=c.impact, core=c.core, check=c.check)
        for c in spec.checked
        if c.check is not None and c.check.name == "headings"
    ]
    brief = Criterion(
        name="outline-brief",
        says="Is an outline: headings, each with one line on what belongs under it, and no finished prose.",
        check=CheckCall(name="words", params={"max": _OUTLINE_WORDS}),
    )
    return (*own, brief)
