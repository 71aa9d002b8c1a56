"""Many short loops in one process, against a model that answers at once: what the machinery itself costs.

    python bench/load.py                 10,000 loops of each kind (about ten minutes)
    python bench/load.py --small         1,000 loops (under two minutes)

The same work four times, each in a process of its own, 1,000 loops in flight: three passes of an author call, two
checks and a critic call, and one confirming call at the end.

- *asyncio*: the calls and checks in a coroutine, nothing recorded. The least that this work can cost.
- *setpoint, in memory*: the control law and the codec on, events kept in memory.
- *setpoint*: as ``setpoint batch`` runs it: law, codec, one SQLite ledger that reaches the disk before each call goes
  out, a budget and rates for all loops.
- *LangGraph*: the same calls as a graph of two nodes with its SQLite saver; left out, loudly, where it is not
  installed. Its saver stores snapshots with its own settings: it was not made for the same promise as a ledger.

CPU is the process's, all threads. *kB per waiting loop* is the growth of the resident set when so many loops wait in
their second author call.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TypedDict

from setpoint import checks
from setpoint.batch.engine import Caps, Drive, Standing, collect_less_often
from setpoint.batch.one import Shop
from setpoint.batch.plan import Job
from setpoint.batch.rows import Row
from setpoint.compose import Request, read_spec, settings, shared_for
from setpoint.core.event import Usage
from setpoint.core.spec import Budget, CheckCall, Criterion, Spec
from setpoint.ledgers import MemoryLedger, SqliteLedger
from setpoint.models.limited import Budgeted, Rated
from setpoint.ports import FleetSpent, Ledger, Prompt, Reply

IN_FLIGHT = 1_000
PASSES = 3
WORDS = ("harbour", "ferry")
FILLER = (
    "The boat leaves in the morning and comes back at night. Tickets are sold on board, and children travel free. "
    "Bicycles stand on the lower deck; dogs are welcome on a lead. In winter there is one crossing fewer each day. "
)
ITEM = re.compile(r"item (\d+)")


def text_of(draft: int) -> str:
    """The author's text of a pass: each has one more of the words that are asked for."""
    return FILLER * 2 + " ".join(f"It is about the {word}." for word in WORDS[: draft - 1])


def edit_of(draft: int) -> str:
    """The same text as a reply to somebody who asked for an edit."""
    last = text_of(draft - 1).strip().rpartition(". ")[2]
    return json.dumps({"edits": [{"search": last, "replace": f"{last} It is about the {WORDS[draft - 2]}."}]})


@dataclass
class Zero:
    """Answers at once, as author or as critic; or waits, once a loop asks for its second draft."""

    name: str = "bench:zero"
    drafts: Counter[str] = field(default_factory=Counter[str])
    calls: int = 0
    hold: asyncio.Event | None = None
    waiting: int = 0

    async def ask(self, prompt: Prompt) -> Reply:
        """Give the next draft of an item, or a reading in which everything passes."""
        self.calls += 1
        await asyncio.sleep(0)
        usage = Usage(input=300, output=100)
        if "Measure this draft" in prompt.user:
            verdict = {"lines": [1], "finding": "It is polite.", "verdict": "pass", "do": ""}
            return Reply(text=json.dumps({"readings": {"polite": verdict}, "other": []}), usage=usage)
        found = ITEM.search(prompt.system + prompt.user)
        item = found[1] if found else ""
        self.drafts[item] += 1
        if self.drafts[item] > 1 and self.hold is not None:
            self.waiting += 1
            await self.hold.wait()
        draft = self.drafts[item]
        return Reply(text=text_of(draft) if prompt.schema is None else edit_of(draft), usage=usage)


def spec_of(item: int) -> Spec:
    """A short spec: two checks, and one criterion for the critic."""
    wanted = tuple(
        Criterion(name=f"says-{word}", says=f"Says {word}.", check=CheckCall(name="contains", params={"words": [word]}))
        for word in WORDS
    )
    polite = Criterion(name="polite", says="Is polite to those who read it.")
    return Spec(brief=f"A notice for passengers, item {item}.", criteria=(*wanted, polite))


@dataclass(frozen=True)
class Measured:
    """What one kind of loop took."""

    loops_per_second: float
    cpu_ms_per_pass: float
    wall_ms_per_pass: float
    calls_per_loop: float


Kind = Callable[[int, Zero, Path], Awaitable[None]]


async def plain(number: int, model: Zero, folder: Path) -> None:
    """The work alone."""
    del folder
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def loop(item: int) -> None:
        async with gate:
            spec = spec_of(item)
            built = [checks.build(c.check, checks.CheckContext()) for c in spec.checked if c.check is not None]
            text = ""
            for _ in range(PASSES):
                text = (await model.ask(Prompt(system=spec.brief, user="Write.", max_tokens=400))).text
                for check in built:
                    check.measure(text)
                await model.ask(Prompt(system=spec.brief, user=f"{text}\nMeasure this draft", max_tokens=400))
            await model.ask(Prompt(system=spec.brief, user=f"{text}\nMeasure this draft", max_tokens=400))

    async with asyncio.TaskGroup() as tasks:
        for item in range(number):
            tasks.create_task(loop(item))


async def setpoint(number: int, model: Zero, ledger: Ledger, folder: Path) -> None:
    """The work as a batch does it."""
    collect_less_often()
    caps = Caps(tokens=10**12, rpm=10**9, concurrency=IN_FLIGHT)
    wrapped = Rated(model=Budgeted(model=model, budget=caps.budget(FleetSpent())), rates=caps.rates())
    where = settings(folder=folder, environment={"SETPOINT_HOME": str(folder)})
    template = Request(spec=read_spec(spec_of(0)), author=wrapped, budget=Budget(passes=6), probe=False)
    outcomes: Counter[str] = Counter()
    shop = Shop(where=where, ledger=ledger, template=template, shared=await shared_for(template, where, ledger))
    drive = Drive(shop, Standing(), again=False, ended=lambda result: outcomes.update([str(result.outcome)]))
    jobs = [
        Job(row=Row(number=n, file="", line=None, values={}), name="", run=f"load-{n:06d}", spec=spec_of(n))
        for n in range(number)
    ]
    await drive.run(jobs, loops=IN_FLIGHT, alone=False)
    if outcomes != Counter({"accepted": number}):
        raise SystemExit(f"the loops did not end as they should: {outcomes}")


async def in_memory(number: int, model: Zero, folder: Path) -> None:
    """Setpoint, with events kept in memory."""
    await setpoint(number, model, MemoryLedger(), folder)


async def with_sqlite(number: int, model: Zero, folder: Path) -> None:
    """Setpoint with its ledger on disk."""
    async with SqliteLedger(folder / "runs.sqlite") as ledger:
        await setpoint(number, model, ledger, folder)


async def langgraph(number: int, model: Zero, folder: Path) -> None:
    """The same calls as a graph with a checkpoint after each node."""
    graphs, savers = import_module("langgraph.graph"), import_module("langgraph.checkpoint.sqlite.aio")

    class Loop(TypedDict):
        brief: str
        text: str
        passes: int
        verdicts: list[bool]

    built = [checks.build(c.check, checks.CheckContext()) for c in spec_of(0).checked if c.check is not None]

    async def author(state: Loop) -> dict[str, object]:
        reply = await model.ask(Prompt(system=state["brief"], user="Write.", max_tokens=400))
        return {"text": reply.text, "passes": state["passes"] + 1}

    async def critic(state: Loop) -> dict[str, object]:
        found = [bool(check.measure(state["text"]).passed) for check in built]
        prompt = Prompt(system=state["brief"], user=f"{state['text']}\nMeasure this draft", max_tokens=400)
        await model.ask(prompt)
        if state["passes"] == PASSES:
            await model.ask(prompt)
        return {"verdicts": found}

    def onward(state: Loop) -> str:
        return graphs.END if state["passes"] == PASSES else "author"

    graph = graphs.StateGraph(Loop)
    graph.add_node("author", author)
    graph.add_node("critic", critic)
    graph.add_edge(graphs.START, "author")
    graph.add_edge("author", "critic")
    graph.add_conditional_edges("critic", onward)
    gate = asyncio.Semaphore(IN_FLIGHT)
    async with savers.AsyncSqliteSaver.from_conn_string(str(folder / "graph.sqlite")) as saver:
        app = graph.compile(checkpointer=saver)

        async def loop(item: int) -> None:
            async with gate:
                first: Loop = {"brief": spec_of(item).brief, "text": "", "passes": 0, "verdicts": []}
                await app.ainvoke(first, {"configurable": {"thread_id": str(item)}, "recursion_limit": 50})

        async with asyncio.TaskGroup() as tasks:
            for item in range(number):
                tasks.create_task(loop(item))


KINDS: dict[str, Kind] = {
    "asyncio": plain,
    "setpoint, in memory": in_memory,
    "setpoint": with_sqlite,
    "LangGraph": langgraph,
}


def resident() -> int:
    """Bytes in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def waiting_loops(kind: Kind, folder: Path) -> float:
    """What a loop that waits for its model takes, in kB."""
    await kind(20, Zero(), folder)
    model = Zero(hold=asyncio.Event())
    before = resident()
    task = asyncio.ensure_future(kind(IN_FLIGHT, model, folder / "waiting"))
    while model.waiting < IN_FLIGHT:
        await asyncio.sleep(0.05)
        if task.done():
            task.result()
    grown = resident() - before
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, BaseExceptionGroup):
        await task
    return grown / IN_FLIGHT / 1024


async def measured(kind: Kind, number: int, folder: Path) -> Measured:
    """One kind of loop, so many times."""
    await kind(20, Zero(), folder / "warm")
    model = Zero()
    cpu, wall = time.process_time(), time.perf_counter()
    await kind(number, model, folder / "run")
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Measured(
        loops_per_second=number / wall,
        cpu_ms_per_pass=1000 * cpu / number / PASSES,
        wall_ms_per_pass=1000 * wall / number / PASSES,
        calls_per_loop=model.calls / number,
    )


def alone(name: str, number: int, *, memory: bool) -> None:
    """Measure one kind in this process, and print it as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        for place in ("warm", "run", "waiting"):
            (Path(folder) / place).mkdir()
        try:
            if memory:
                print(json.dumps({"kb_per_loop": asyncio.run(waiting_loops(KINDS[name], Path(folder)))}))
            else:
                print(json.dumps(asyncio.run(measured(KINDS[name], number, Path(folder))).__dict__))
        except ImportError as missing:
            print(json.dumps({"missing": str(missing)}))


def in_a_process(name: str, *more: str) -> dict[str, float]:
    """What this program says of one kind when it measures nothing else; memory that was used before would hide some."""
    command = [sys.executable, __file__, "--only", name, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this very file
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure each kind in a process of its own, and print the table."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--small", action="store_true", help="1,000 loops instead of 10,000")
    arguments.add_argument("--only", choices=KINDS, help="one kind of loop, as JSON")
    arguments.add_argument("--memory", action="store_true", help="with --only: what waiting loops take")
    arguments.add_argument("--loops", type=int, help="so many loops")
    arguments.add_argument("--peer-loops", type=int, help="so many loops of LangGraph, if not as many as of the others")
    options = arguments.parse_args()
    number = options.loops or (1_000 if options.small else 10_000)
    if options.only:
        alone(options.only, number, memory=options.memory)
        return
    rows: dict[str, dict[str, float]] = {}
    for name in KINDS:
        loops = options.peer_loops or number if name == "LangGraph" else number
        found = in_a_process(name, "--loops", str(loops))
        if "missing" in found:
            print(f"LEFT OUT: {name}: {found['missing']}; pip install langgraph langgraph-checkpoint-sqlite\n")
            continue
        label = name if loops == number else f"{name} ({loops:,} loops)"
        rows[label] = found | in_a_process(name, "--memory")
    print(table(rows, number))


def table(rows: dict[str, dict[str, float]], number: int) -> str:
    """The table of the docs."""
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    lines = [
        f"{number:,} loops of {PASSES} passes, {IN_FLIGHT:,} in flight; {machine}",
        "",
        "| | loops/s | CPU ms per pass | wall ms per pass | CPU, setpoint = 1 | kB per waiting loop | calls per loop |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    ours = rows.get("setpoint", {}).get("cpu_ms_per_pass", 1.0)
    lines += [
        f"| {name} | {row['loops_per_second']:,.0f} | {row['cpu_ms_per_pass']:.2f} | {row['wall_ms_per_pass']:.2f} "
        f"| {row['cpu_ms_per_pass'] / ours:.2f} | {row['kb_per_loop']:.1f} | {row['calls_per_loop']:.0f} |"
        for name, row in rows.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
