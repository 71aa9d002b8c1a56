"""Whether a text that an author sent becomes a draft."""

from setpoint.core.draft import broken_locks, broken_skeleton, degeneracy, layout, locked_spans
from setpoint.core.event import Completion, Drafted, MoveFailed, MoveFailure
from setpoint.core.state import State

__all__ = ["admit"]


def admit(state: State, event: Completion) -> Completion:
    """Let a new text in as a draft, or say why it is a failed move (rules 3, 9, 19).

    This is where locks are held, whatever the author is and whatever its prompt said.
    """
    if not isinstance(event, Drafted):
        return event

    def refuse(why: MoveFailure, detail: str, repeats: int | None = None) -> MoveFailed:
        assert event.call is not None  # noqa: S101 - a given text is not admitted here
        assert event.origin != "given"  # noqa: S101 - the same
        return MoveFailed(
            call=event.call, move=event.origin, why=why, detail=detail, usage=event.usage, repeats=repeats
        )

    if not event.text.strip():
        return refuse("empty", "the author sent an empty text")
    if trouble := degeneracy(event.text):
        return refuse("degenerate", f"the author's text is of no use: {trouble}")
    if broken := broken_locks(locked_spans(state.opened.given or ""), event.text):
        which = ", ".join(str(number) for number in broken)
        return refuse("lock_broken", f"locked passage {which} was changed; it must stay byte for byte as it was")
    if state.skeleton and state.lineage.stage == "prose" and (odd := broken_skeleton(state.skeleton, event.text)):
        return refuse("skeleton_broken", f"the locked structure was changed: {odd}")
    known = next((d for d in reversed(state.drafts) if layout(d.draft.text) == layout(event.text)), None)
    if known is not None and known.number == event.base:
        return refuse("unchanged", "the author's text is unchanged")
    if known is not None:
        what = f"the same as draft {known.number}, which was measured already"
        return refuse("repeated", f"the author's text is {what}", known.number)
    if lost := _lost_evidence(state, event):
        return refuse("lock_broken", lost)
    return event


def _lost_evidence(state: State, event: Drafted) -> str:
    """Which lines that show a frozen criterion were changed; empty if none (rule 13)."""
    frozen = state.freeze
    if frozen is None or event.base is None:
        return ""
    base = state.draft(event.base)
    verdict = base.verdict(frozen.keep)
    lines = base.draft.text.splitlines()
    shown = [lines[n - 1] for n in verdict.lines if 0 < n <= len(lines)] if verdict is not None else []
    changed = next((line for line in shown if line.strip() and line not in event.text), None)
    return "" if changed is None else f"{frozen.keep!r} is frozen, and the line that shows it was changed: {changed!r}"
