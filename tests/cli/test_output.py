"""Where results are written: a file whole or not at all, and what is no file is never replaced."""

import os
import stat
import threading
from pathlib import Path

import pytest

from setpoint.batch.results import RowResult, write_results
from setpoint.cli.output import write_text


@pytest.mark.parametrize("what", ["text", "rows"])
def test_a_pipe_or_a_device_is_written_to_and_stays_what_it_is(tmp_path: Path, what: str) -> None:
    """``-o /dev/null`` as root must not make a file of it."""
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    if what == "text":
        write_text(pipe, "the text\n")
    else:
        write_results(pipe, [RowResult(row=1, name="the text", run="r", outcome="accepted", reason="")])
    reader.join(10)
    assert len(got) == 1
    assert "the text" in got[0]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]
