"""A provider that fails three calls in ten in every way there is: every row still ends, by name, within the budget."""

import itertools
import json
import random
import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from setpoint.batch.engine import Caps, Standing, look_up, todo
from setpoint.batch.many import Prepared, prepare, refine_many
from setpoint.batch.results import RowResult
from setpoint.compose import Request, Settings, read_spec, settings
from setpoint.core.action import Outcome
from setpoint.core.event import Event, Recorded
from setpoint.errors import LedgerError
from setpoint.ledgers import MemoryLedger, SqliteLedger
from setpoint.rubric.probe import battery
from setpoint.testing.server import Fault, FaultKind, FaultServer

pytestmark = pytest.mark.anyio

SPEC = """
brief = "A note for {{name}} that says where."
[budget]
passes = 4
reply_tokens = 100
[[criterion]]
name = "says-where"
check = { contains = ["library"] }
[[criterion]]
name = "polite"
says = "Is polite to the reader."
"""
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)


class Unsteady:
    """A model that fails three calls in ten, in every way in turn, and else answers like a good one."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.kinds = itertools.cycle(KINDS)
        self.failed: Counter[FaultKind] = Counter()
        self.lock = threading.Lock()

    def __call__(self, payload: Mapping[str, object]) -> str | Fault:
        with self.lock:
            if self.random.random() < 0.3:
                kind = next(self.kinds)
                self.failed[kind] += 1
                return Fault(kind=kind, text="no", retry_after=0.01 if kind == "rate_limited" else None)
        asked = str(payload)
        if "Measure this draft" in asked:
            reading = {"lines": [1], "finding": "It is.", "verdict": "pass", "do": ""}
            return json.dumps({"readings": {"polite": reading}, "other": []})
        name = re.search(r"A note for (\w+)", asked)
        return f"Dear {name[1] if name else ''}, please come to the library.\n"


async def refined(
    folder: Path, server: FaultServer, caps: Caps, *, again: bool = False
) -> tuple[tuple[RowResult, ...], Prepared]:
    """The batch in this process, with patience for a second only."""
    where = settings(folder=folder, environment={"SETPOINT_HOME": str(folder)})
    where = replace(where, models=replace(where.models, timeout=0.6, retries=2))
    return await in_ledger(folder, where, f"openai:m@{server.url}", caps, again=again)


async def in_ledger(
    folder: Path, where: Settings, author: str, caps: Caps, *, again: bool
) -> tuple[tuple[RowResult, ...], Prepared]:
    """Plan, look up and drive."""
    request = Request(spec=read_spec(folder / "spec.toml"), author=author, probe=False)
    prepared = prepare(request, folder / "rows.jsonl", folder / "out.jsonl", where, caps)
    async with SqliteLedger(folder / "runs.sqlite") as ledger:
        standing = await look_up(prepared.jobs, ledger, lambda _state: None)
        jobs = todo(prepared.jobs, standing, only_failed=again)
        return await refine_many(prepared, jobs, standing, where, ledger, caps, again=again), prepared


def rows(folder: Path, number: int) -> None:
    """A spec and so many rows."""
    (folder / "spec.toml").write_text(SPEC)
    (folder / "rows.jsonl").write_text("".join(f'{{"name": "N{n}"}}\n' for n in range(number)))


@pytest.mark.slow
async def test_every_row_ends_in_a_named_outcome_and_failed_ones_are_mended_by_running_them_again(
    tmp_path: Path,
) -> None:
    """Timeouts, resets, refusals and garbage included; most rows are accepted all the same."""
    rows(tmp_path, 60)
    unsteady = Unsteady(seed=3)
    with FaultServer(unsteady) as server:
        results, _ = await refined(tmp_path, server, Caps(concurrency=60))
        assert set(unsteady.failed) == set(KINDS)
        outcomes = Counter(result.outcome for result in results)
        assert set(outcomes) <= set(get_args(Outcome))
        assert outcomes["accepted"] >= 40
        failed = [result for result in results if result.failed]
        assert all(result.reason for result in failed)
        for _ in range(3):
            results, _ = await refined(tmp_path, server, Caps(concurrency=60), again=True)
    assert len(results) == 60
    assert sum(result.failed for result in results) <= len(failed)


@pytest.mark.slow
async def test_with_two_hundred_loops_and_faults_of_every_kind_the_cap_is_never_passed(tmp_path: Path) -> None:
    """What the server has answered is within the cap, whatever the client has seen of it."""
    rows(tmp_path, 200)
    unsteady, answered = Unsteady(seed=5), [0]

    def respond(payload: Mapping[str, object]) -> str | Fault:
        answer = unsteady(payload)
        text = answer if isinstance(answer, str) else answer.text
        if isinstance(answer, str) or answer.kind in {"cut_body", "no_usage", "truncated", "refusal", "content_filter"}:
            answered[0] += len(json.dumps(payload)) // 4 + len(text) // 4  # as the server counts
        return answer

    with FaultServer(respond) as server:
        results, _ = await refined(tmp_path, server, Caps(concurrency=200, tokens=60_000))
    assert 30_000 < answered[0] <= 60_000
    assert sum(result.tokens for result in results) <= 60_000
    assert {result.outcome for result in results} <= set(get_args(Outcome))
    assert any(result.denied for result in results)


async def test_when_the_ledger_fails_the_batch_ends_with_that_error_and_goes_on_later(tmp_path: Path) -> None:
    """Nothing may be done that cannot be recorded; what was recorded is not paid for again."""

    class Full(MemoryLedger):
        """A ledger whose disk fills up after some appends."""

        room = 30

        async def append(self, run: str, expected: int, digest: str, event: Event) -> Recorded:
            self.room -= 1
            if self.room < 0:
                raise LedgerError("the disk is full")
            return await super().append(run, expected, digest, event)

    rows(tmp_path, 20)
    where = settings(folder=tmp_path, environment={"SETPOINT_HOME": str(tmp_path)})
    good, ledger, caps = Unsteady(seed=1), Full(), Caps(concurrency=5)
    good.random.random = lambda: 1.0  # type: ignore[method-assign]
    with FaultServer(good) as server:
        request = Request(spec=read_spec(tmp_path / "spec.toml"), author=f"openai:m@{server.url}", probe=False)
        prepared = prepare(request, tmp_path / "rows.jsonl", tmp_path / "out.jsonl", where, caps)
        with pytest.raises(LedgerError, match="the disk is full"):
            await refine_many(prepared, prepared.jobs, Standing(), where, ledger, caps)
        asked = len(server.requests)
        ledger.room = 10_000
        standing = await look_up(prepared.jobs, ledger, lambda _state: None)
        jobs = todo(prepared.jobs, standing, only_failed=False)
        results = await refine_many(prepared, jobs, standing, where, ledger, caps)
        assert {result.outcome for result in results} == {"accepted"}
        assert len(server.requests) <= 20 * 3 + 5
        assert 0 < asked < 20 * 3


async def test_a_critic_that_is_new_is_probed_once_and_not_by_every_loop(tmp_path: Path) -> None:
    """The first row goes alone; what its probe has found serves all others."""
    rows(tmp_path, 12)
    where = settings(folder=tmp_path, environment={"SETPOINT_HOME": str(tmp_path)})
    probes: list[object] = []

    def respond(payload: Mapping[str, object]) -> str | Fault:
        text = json.dumps(payload)
        if "Measure this draft" not in text or "A note for" in text:
            return steady(payload)
        probes.append(payload)  # and every planted fault is waved through
        passes = {"lines": [1], "finding": "It is.", "verdict": "pass", "do": ""}
        names = re.findall(r'\\"([a-z-]+)\\": \{\\"lines', text)
        return json.dumps({"readings": dict.fromkeys(names, passes), "other": []})

    steady = Unsteady(seed=1)
    steady.random.random = lambda: 1.0  # type: ignore[method-assign]
    with FaultServer(respond) as server:
        request = Request(spec=read_spec(tmp_path / "spec.toml"), author=f"openai:m@{server.url}")
        prepared = prepare(request, tmp_path / "rows.jsonl", tmp_path / "out.jsonl", where, Caps())
        async with SqliteLedger(tmp_path / "runs.sqlite") as ledger:
            results = await refine_many(prepared, prepared.jobs, Standing(), where, ledger, Caps(concurrency=12))
    assert len(probes) == len(battery())
    assert {result.outcome for result in results} == {"unverified"}
