"""The live view, its plain lines, and the summary at the end."""

import io
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeAlias

import pytest
from inline_snapshot import snapshot
from rich.console import Console

from setpoint.core.event import Recorded, Requested
from setpoint.report.summary import summarise
from setpoint.report.terminal import LiveView, render_summary

Scene: TypeAlias = Callable[[str], tuple[Recorded, ...]]
ALL = (
    "accepted",
    "unverified",
    "unmeasurable",
    "out_of_budget",
    "cancelled",
    "machinery",
    "unusable_critic",
    "hostile_critic",
    "crowded",
    "hostile",
)
_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _console(width: int, height: int = 40, *, terminal: bool = False, encoding: str = "utf-8") -> Console:
    """A console that writes into memory."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    return Console(file=file, width=width, height=height, force_terminal=terminal, legacy_windows=False)


def _written(console: Console) -> str:
    console.file.flush()
    assert isinstance(console.file, io.TextIOWrapper)
    buffer = console.file.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(console.encoding)


def _plain(events: Iterable[Recorded], width: int = 100, encoding: str = "utf-8") -> list[str]:
    console = _console(width, encoding=encoding)
    with LiveView(console, plain=True) as view:
        for recorded in events:
            view.on_event(recorded)
    return _written(console).splitlines()


def _frame(events: Iterable[Recorded], width: int, height: int = 40) -> list[str]:
    """What stands on the screen after the last event, as the live view would draw it next."""
    console = _console(width, height, terminal=True)
    view = LiveView(console, plain=False, clock=lambda: 0.0)
    view.catch_up(events)
    return _draw(view, width, height)


def _draw(view: LiveView, width: int, height: int) -> list[str]:
    """The frame as it would be drawn now, on a screen of its own."""
    console = _console(width, height, terminal=True)
    with console.capture() as capture:
        console.print(view._frame())
    return [_SEQUENCE.sub("", line).rstrip() for line in capture.get().splitlines()]


def test_the_table_has_a_row_per_criterion_and_a_column_per_pass(scene: Scene) -> None:
    """After the run the whole course can be read off, without colour."""
    assert _frame(scene("accepted"), 80)[:11] == snapshot(
        [
            " release-notes   run r-7f3a",
            "",
            "                         1    2    3    4    5*",
            " decides         core 5  ✓    ✗    ✓         ✓",
            " upgrade-command      4  ✗    ✗    ✓         ✓",
            " short                2  ✗    ✓    ✓         ✓",
            " no-hype              3  ✗    ✓    ✗         ✓",
            "                         kept back kept fail kept",
            "",
            " ✓ pass  ✗ fail  ? cannot tell  ~ carried  · unread",
            " * best so far; kept, back (rolled back), fail (no draft)",
        ]
    )


def test_while_it_waits_the_view_says_for_whom_why_and_what_is_being_fixed(scene: Scene) -> None:
    """The current move, the rule in plain words, the fault with its directive, the model and the seconds."""
    events = scene("accepted")
    cut = next(e.seq for e in events if isinstance(e.event, Requested) and e.event.call == 5)
    text = "\n".join(_frame(events[: cut + 1], 100))
    assert "pass 5: redraft of draft 3 to fix no-hype" in text
    assert "Fix the few faults that matter most" in text
    assert "(rule revise)" in text
    assert 'no-hype: take out "revolutionary" in line 3' in text
    assert "the author (embedded:qwen2.5-coder-1.5b), 0.0 s" in text
    assert "4 of 8 passes, 5,360 of 60,000 tokens, $0" in text


def test_the_seconds_of_waiting_go_on_between_events(scene: Scene) -> None:
    """A redraw without an event shows how long the call has been taking."""
    events = scene("accepted")
    now = [100.0]
    console = _console(100, terminal=True)
    view = LiveView(console, plain=False, clock=lambda: now[0])
    view.catch_up(events[:2])
    now[0] = 107.5
    assert any("the author (embedded:qwen2.5-coder-1.5b), 7.5 s" in line for line in _draw(view, 100, 40))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("width", "height"), [(60, 24), (100, 40), (200, 60)])
def test_no_frame_is_wider_or_higher_than_the_terminal(scene: Scene, name: str, width: int, height: int) -> None:
    """Thirty criteria and twenty passes fit too: what is left out is said."""
    console = _console(width, height, terminal=True)
    with LiveView(console, plain=False) as view:
        for recorded in scene(name):
            view.on_event(recorded)
            lines = _draw(view, width, height)
            assert max(map(len, lines)) <= width
            assert len(lines) <= height


def test_a_crowded_view_keeps_the_last_passes_and_the_open_criteria(scene: Scene) -> None:
    """Thirty criteria and twenty passes on 60 columns: the newest passes, and a line that says what is left out."""
    lines = _frame(scene("crowded"), 60)
    assert "20" in lines[2]
    assert "16" in lines[2]
    assert any("passes 1 to" in line and "left out" in line for line in lines)


def test_a_low_terminal_shows_what_is_open_first(scene: Scene) -> None:
    """While it is redrawn a frame fits the screen; criteria that pass give way."""
    events = scene("crowded")
    console = _console(80, 24, terminal=True)
    with LiveView(console, plain=False) as view:
        view.catch_up(events[:20])
        lines = _draw(view, 80, 24)
    rows = [line for line in lines if line.startswith(" criterion-with")]
    assert len(rows) == 4
    assert all("✗" in row for row in rows)
    assert "and 26 more" in " ".join(lines)


def test_plain_lines_are_numbered_and_tell_the_whole_run(scene: Scene) -> None:
    """A log of a CI job says what was asked, what came, what was kept and why it ended."""
    lines = _plain(scene("accepted"))
    assert [int(line[:3]) for line in lines] == list(range(1, len(lines) + 1))
    assert [line[5:] for line in lines] == snapshot(
        [
            "release-notes: 4 criteria (4 by checks, 0 by a critic); at most 8 passes and 60,000 tokens",
            "author: embedded:qwen2.5-coder-1.5b",
            "forecast: 69 % to finish within 8 passes; half of such runs take 4, nine in ten >8",
            "policy: without gain, competing, mediate, promote, freeze, off_strategy and restart",
            "pass 1: writing the first draft. Without a draft, write one.",
            "waiting for the author (embedded:qwen2.5-coder-1.5b)",
            "pass 1: draft 1, 121 words, 1,340 tokens",
            'draft 1, checks: 1 of 4 pass; upgrade-command fails (add the phrase "acme self-update"); short fails (121 words; cut at least 31); no-hype fails (take out "revolutionary" in line 3)',
            "pass 1: draft 1 is kept; open: upgrade-command, short and no-hype",
            "pass 2: redraft of draft 1 to fix upgrade-command, no-hype and short. Fix the few faults that matter most, by the next tactic that was not fruitless on this draft.",
            '  fix upgrade-command: add the phrase "acme self-update"',
            '  fix no-hype: take out "revolutionary" in line 3',
            "  fix short: 121 words; cut at least 31",
            "waiting for the author (embedded:qwen2.5-coder-1.5b)",
            "pass 2: draft 2, 42 words, 1,340 tokens",
            'draft 2, checks: 2 of 4 pass; decides fails (add the phrase "today"); upgrade-command fails (add the phrase "acme self-update")',
            "pass 2: draft 2 is rolled back (gained short and no-hype; lost decides); it is not nearer than the best",
            "The last pass resolved nothing; continuing because this is untried: edit (rule 11). The preset canon stops here.",
            "pass 3: edit of draft 1 to fix upgrade-command and no-hype. Fix the few faults that matter most, by the next tactic that was not fruitless on this draft.",
            '  fix upgrade-command: add the phrase "acme self-update"',
            '  fix no-hype: take out "revolutionary" in line 3',
            "waiting for the author (embedded:qwen2.5-coder-1.5b)",
            "pass 3: draft 3, 73 words, 1,340 tokens",
            'draft 3, checks: 3 of 4 pass; no-hype fails (take out "revolutionary" in line 3)',
            "pass 3: draft 3 is kept (gained upgrade-command and short); open: no-hype",
            "pass 4: edit of draft 3 to fix no-hype. Fix the few faults that matter most, by the next tactic that was not fruitless on this draft.",
            '  fix no-hype: take out "revolutionary" in line 3',
            "waiting for the author (embedded:qwen2.5-coder-1.5b)",
            "pass 4: no draft. The author changed text that is locked: the locked span 1 (lines 3 to 4) is not in the new text",
            "The last pass resolved nothing; continuing because this is untried: redraft (rule 11). The preset canon stops here.",
            "pass 5: redraft of draft 3 to fix no-hype. Fix the few faults that matter most, by the next tactic that was not fruitless on this draft.",
            '  fix no-hype: take out "revolutionary" in line 3',
            "waiting for the author (embedded:qwen2.5-coder-1.5b)",
            "pass 5: draft 4, 72 words, 1,340 tokens",
            "draft 4, checks: 4 of 4 pass",
            "pass 5: draft 4 is kept (gained no-hype); nothing is open",
            "accepted: every criterion passes; 5 of 8 passes, 6,700 of 60,000 tokens, $0, 26 s",
        ]
    )


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_nothing_untrusted_reaches_the_terminal_raw(scene: Scene, name: str, encoding: str) -> None:
    """Plain lines and summary hold no control characters, whatever a model wrote and whatever the encoding."""
    console = _console(80, encoding=encoding)
    with LiveView(console, plain=True) as view:
        for recorded in scene(name):
            view.on_event(recorded)
    render_summary(summarise(scene(name)), console, report="report.html")
    written = _written(console)
    assert {c for c in written if unicodedata.category(c).startswith("C")} <= {"\n", "\t"}
    assert "report.html" in written


def test_draft_text_is_never_read_as_markup(scene: Scene) -> None:
    """Square brackets in a draft are text, in the plain lines and in the frame."""
    assert any("[bold]not markup[/bold]" in line for line in _plain(scene("hostile")))
    events = scene("hostile")
    cut = next(e.seq for e in events if isinstance(e.event, Requested) and e.event.call == 2)
    assert any("[bold]not markup[/bold]" in line for line in _frame(events[: cut + 1], 200))


def test_a_critic_that_fails_its_probe_is_announced_before_the_first_draft(scene: Scene) -> None:
    """The run says that it can end as unverified at best before it spends on drafts."""
    lines = _plain(scene("unverified"))
    warning = next(n for n, line in enumerate(lines) if "unverified at best" in line)
    assert warning < next(n for n, line in enumerate(lines) if "writing the first draft" in line)
    assert any("unverified at best" in line for line in _frame(scene("unverified"), 100))


def test_without_a_terminal_the_view_is_plain_by_itself(scene: Scene) -> None:
    """A pipe gets lines, not cursor movements."""
    console = _console(80)
    with LiveView(console, plain=False) as view:
        for recorded in scene("cancelled"):
            view.on_event(recorded)
    assert "\x1b" not in _written(console)
    assert _written(console).startswith("  1  release-notes: 4 criteria")


def test_the_live_view_leaves_its_last_frame(scene: Scene) -> None:
    """After the context the final table stands on the screen, and the cursor is back."""
    console = _console(100, terminal=True)
    with LiveView(console, plain=False) as view:
        for recorded in scene("accepted"):
            view.on_event(recorded)
    written = _written(console)
    assert written.rstrip().endswith("\x1b[?25h")
    assert "accepted: every criterion passes" in _SEQUENCE.sub("", written)


def test_a_run_taken_up_again_does_not_tell_its_past_twice(scene: Scene) -> None:
    """Earlier events are taken in silently; the next line is about what happens now."""
    events = scene("accepted")
    console = _console(100)
    with LiveView(console, plain=True) as view:
        view.catch_up(events[:-1])
        view.on_event(events[-1])
    lines = _written(console).splitlines()
    assert lines[-1].startswith("  2  accepted: every criterion passes")


def test_the_summary_says_how_it_ended_and_what_to_do(scene: Scene) -> None:
    """What was asked, the outcome, why, what is open with its directive, the next step, the spend, the report."""
    console = _console(100)
    render_summary(summarise(scene("out_of_budget")), console, report="out.html")
    assert [line.rstrip() for line in _written(console).splitlines()] == snapshot(
        [
            "release-notes: out of budget",
            "asked     Release notes for Acme CLI 2.4, for administrators who must decide whether to upgrade",
            "          today.",
            "outcome   The budget ended before every criterion was met; the text is the best that was found until",
            "          then.",
            "why       all 2 passes are used (rule budget)",
            "text      draft 1 of 2, 121 words",
            'open      ✗ upgrade-command (impact 4): add the phrase "acme self-update"',
            '          ✗ no-hype (impact 3): take out "revolutionary" in line 3',
            "          ✗ short (impact 2): 121 words; cut at least 31",
            "trouble   the budget was too small. One pass came after the first one: too few to tell whether more",
            "          would help.",
            "change    If runs of this spec usually end like this, give it a larger `[budget]`, or ask for less",
            "          in one text.",
            "next      Still open: upgrade-command, short and no-hype. Go on with more budget: `setpoint continue",
            "          r-7f3a --passes +3`.",
            "spent     2 of 2 passes, 2 calls, 2,680 tokens, $0, 12 s",
            "run       r-7f3a",
            "forecast  at the start: 36 % to finish within 2 passes; half of such runs take >2, nine in ten >2",
            "          (typical numbers of a weak author and short texts)",
            "          on the way: chance to finish after pass 1: 3 %",
            "          in fact: 2 passes, out of budget; at the start 36 % of such runs were expected to finish",
            "report    out.html",
        ]
    )


def test_the_summary_says_how_strong_an_acceptance_is(scene: Scene) -> None:
    """`accepted` never stands alone."""
    console = _console(100)
    render_summary(summarise(scene("accepted")), console)
    assert "checks. Code measured every criterion" in _written(console)
