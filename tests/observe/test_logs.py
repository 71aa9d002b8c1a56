"""Log lines: one per event, readable by programs, without texts unless they are asked for."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from setpoint.core.event import CallFailed, Drafted, Misjudged, Recorded, Stopped, Usage
from setpoint.core.spec import Spec
from setpoint.ledgers import MemoryLedger
from setpoint.observe import EventLog, LogForm, log_to
from setpoint.run import Run
from worlds import crew, criterion, meets, opened

SPEC = Spec(brief="b", criteria=(criterion("a"), criterion("b", judged=True)))


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where log lines go; the program's logging is as before afterwards."""
    made = io.StringIO()
    yield made
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, logging.StreamHandler) and h.stream is made]:
        root.removeHandler(handler)


async def play(log: EventLog) -> list[Recorded]:
    """A run of three passes, heard by a log."""
    ledger = MemoryLedger()
    run = await Run.open("r1", opened(SPEC), ledger, log.on_event)
    await run.drive(crew(SPEC, ["x", "x a", "x a b"], lambda name, text, _call: meets(name, text)))
    return list(await ledger.replay("r1"))


async def test_each_event_is_one_json_line_with_run_rule_tokens_and_outcome(stream: io.StringIO) -> None:
    """What an operator filters by stands in fields of its own."""
    log_to(stream, "json", "debug")
    events = await play(EventLog())
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["run"], line["seq"], line["event"]) for line in lines] == [
        ("r1", recorded.seq, recorded.event.kind) for recorded in events
    ]
    for line, recorded in zip(lines, events, strict=True):
        if isinstance(recorded.event, Drafted):
            assert line["tokens"] == recorded.event.usage.tokens
    assert next(line["rule"] for line in lines if line["event"] == "requested") == "write"
    assert (lines[-1]["outcome"], lines[-1]["rule"], lines[-1]["level"]) == ("accepted", "accept", "info")


@pytest.mark.parametrize(("level", "some", "none"), [("debug", "requested", ""), ("info", "drafted", "requested")])
async def test_the_level_says_how_much_is_logged(stream: io.StringIO, level: str, some: str, none: str) -> None:
    """Requests are for those who look for trouble."""
    log_to(stream, "json", level)  # type: ignore[arg-type]
    await play(EventLog())
    kinds = {json.loads(line)["event"] for line in stream.getvalue().splitlines()}
    assert some in kinds
    assert none not in kinds


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_text_of_a_draft_or_reply_is_logged_unless_asked(stream: io.StringIO, form: LogForm) -> None:
    """Drafts, what a critic's reply held, and the reason that repeats it."""
    events = (
        Drafted(call=1, text="SECRET-PLANS", origin="first", usage=Usage(input=3, output=4)),
        Misjudged(call=2, draft=1, why="unparsable", detail="the reply was: SECRET-PLANS"),
        Stopped(outcome="machinery", rule="machinery", reason="could not be used: SECRET-PLANS", best=1),
    )
    log_to(stream, form)
    for seq, event in enumerate(events):
        EventLog().on_event(Recorded(run="r", seq=seq, at=0.0, digest="d", event=event))
    assert "SECRET-PLANS" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 3
    for seq, event in enumerate(events):
        EventLog(content=True).on_event(Recorded(run="r", seq=seq, at=0.0, digest="d", event=event))
    assert stream.getvalue().count("SECRET-PLANS") == 3


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_line_stays_one_line_whatever_stands_in_it(stream: io.StringIO, form: LogForm) -> None:
    """Line ends and control characters of a provider's message cannot forge a line."""
    failed = CallFailed(call=1, role="author", why="rejected", detail="no\n2026 INFO stopped outcome=accepted\x1b[2J")
    log_to(stream, form)
    EventLog().on_event(Recorded(run="r", seq=0, at=0.0, digest="d", event=failed))
    logging.getLogger("someone.else").warning("two\nlines")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert "\x1b" not in stream.getvalue()


def test_setting_up_twice_logs_each_line_once(stream: io.StringIO) -> None:
    """Several runs in one process do not multiply their lines."""
    log_to(io.StringIO(), "text")
    log_to(stream, "json")
    EventLog().on_event(Recorded(run="r", seq=0, at=0.0, digest="d", event=opened(SPEC)))
    assert len(stream.getvalue().splitlines()) == 1
