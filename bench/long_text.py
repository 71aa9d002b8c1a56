"""Long texts: what it costs to repair them by edits, and by writing them again.

Ten documents of about 1,600 words stand in `bench/long_text/`. Each has a spec made of checks only, four to six
planted faults whose lines are known, and a repaired version that shows that the spec can be met. Two arms repair the
same drafts with the same model, seed and caps: `edit` is Setpoint as it comes, whose ladder for long texts begins with
an edit; `rewrite` may only write the whole text again.

    python bench/long_text.py [--small] [--author embedded:qwen2.5-coder-1.5b] [--out out/long-text]

Prints a table in Markdown. Each returned text and all rows are written to --out.
"""

import argparse
import asyncio
import json
import math
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final, TypedDict, cast

from pydantic import TypeAdapter

import setpoint
from long_text_rows import Counts, Row, Untouched, table
from setpoint.compose import Named
from setpoint.core.action import Reask, Revise, Tactic
from setpoint.core.draft import line_map
from setpoint.core.event import Drafted, Measured, MoveFailed, PatchMissed, Recorded, Requested, Usage
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget
from setpoint.ledgers import MemoryLedger, SqliteLedger
from setpoint.ports import Ledger

ROOT: Final = Path(__file__).resolve().parent
TEXTS: Final = ROOT / "long_text"

REWRITES: Final = (
    Tactic("rewrite", "few", "steady"),
    Tactic("rewrite", "few", "varied"),
    Tactic("rewrite", "one", "steady"),
    Tactic("rewrite", "one", "varied"),
    Tactic("rewrite", "all", "steady"),
    Tactic("rewrite", "all", "varied"),
)
"""As many rungs as the ladder they stand in for, so that neither arm runs out of tactics before the other."""

REMEDIES: Final = ("competing", "mediate", "promote", "freeze", "restart")
"""Switched off in both arms: what is compared is what moves cost."""
ARMS: Final[Mapping[str, Policy]] = {
    "edit": Policy(off=REMEDIES),
    "rewrite": Policy(short_ladder=REWRITES, long_ladder=REWRITES, off=REMEDIES),
}
"""What the two arms may do. The preferred move of an arm is the first of its ladder for long texts."""

SMALL: Final = "grant-report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A planted fault: the criterion that finds it, and the lines of the draft (from 1) where a repair belongs."""

    criterion: str
    lines: tuple[int, ...]
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A draft with planted faults, and its spec."""

    name: str
    spec: Path
    draft: str
    repaired: str
    planted: tuple[Planted, ...]

    @property
    def places(self) -> frozenset[int]:
        """The lines of the draft that a repair may touch."""
        return frozenset(line for fault in self.planted for line in fault.lines)


class _Entry(TypedDict):
    criterion: str
    lines: list[int]
    what: str


def names() -> tuple[str, ...]:
    """The documents there are, in the order of the alphabet."""
    return tuple(sorted(folder.name for folder in TEXTS.iterdir() if folder.is_dir()))


def load(name: str) -> Document:
    """Read a document.

    Raises:
        OSError: if there is no such document.
    """
    folder = TEXTS / name
    entries = cast("list[_Entry]", tomllib.loads((folder / "faults.toml").read_text(encoding="utf-8"))["fault"])
    return Document(
        name=name,
        spec=folder / "spec.toml",
        draft=(folder / "draft.md").read_text(encoding="utf-8"),
        repaired=(folder / "repaired.md").read_text(encoding="utf-8"),
        planted=tuple(
            Planted(criterion=entry["criterion"], lines=tuple(entry["lines"]), what=entry["what"]) for entry in entries
        ),
    )


def counted(events: Iterable[Recorded], preferred: str) -> Counts:
    """Count from the events of a run what went wrong in it."""
    patches = missed = reasks = fallbacks = 0
    failed: list[str] = []
    for recorded in events:
        match recorded.event:
            case PatchMissed(misses=misses):
                patches += 1
                missed += len(misses)
            case Drafted(misses=misses) if misses:
                patches += 1
            case MoveFailed(why=why):
                failed.append(why)
                patches += why == "patch_not_applied"
            case Requested(action=Reask()):
                reasks += 1
            case Requested(action=Revise(move=move)):
                fallbacks += move != preferred
            case _:
                pass
    return Counts(
        failed_patches=patches, missed_edits=missed, reasks=reasks, fallbacks=fallbacks, failed_moves=tuple(failed)
    )


def untouched(document: Document, text: str) -> Untouched:
    """What became of the lines that no repair needs to touch.

    Words are what white space separates. A word is gone if it has no partner in the new text when the lines that
    differ are aligned word by word; one that was only moved to another line is not.
    """
    kept = line_map(document.draft, text)
    stayed = frozenset(kept.values())
    lines = list(enumerate(document.draft.splitlines(), start=1))
    ours = [(number, line) for number, line in lines if number not in document.places]
    changed = sum(len(line.split()) for number, line in ours if number not in kept)
    old = [(word, number) for number, line in lines if number not in kept for word in line.split()]
    new = [
        word for number, line in enumerate(text.splitlines(), start=1) if number not in stayed for word in line.split()
    ]
    matcher = SequenceMatcher(None, [word for word, _ in old], new, autojunk=False)
    found = {block.a + at for block in matcher.get_matching_blocks() for at in range(block.size)}
    gone = sum(at not in found and number not in document.places for at, (_, number) in enumerate(old))
    return Untouched(words=sum(len(line.split()) for _, line in ours), changed=changed, gone=gone)


async def play(
    document: Document,
    arm: str,
    author: Named,
    *,
    seed: int = 0,
    passes: int = 8,
    ledger: Ledger | None = None,
    run: str = "",
    watch: Callable[[Recorded], None] | None = None,
) -> tuple[Row, str]:
    """Repair a document by one arm; gives the row and the text that was returned.

    Args:
        document: what to repair.
        arm: one of `ARMS`.
        author: the model.
        seed: what sampling seeds are derived from.
        passes: the given draft is the first.
        ledger: where the run is recorded, so that it can be resumed.
        run: a run of this document and arm that was cut off, to go on with.
        watch: called with each event; what it raises cuts the run off.

    Raises:
        ConfigError: if the author cannot be used.
    """
    ledger = ledger or MemoryLedger()
    policy = ARMS[arm]
    if run:
        result = await setpoint.resume(run, author=author, ledger=ledger, on_event=watch)
    else:
        result = await setpoint.refine(
            document.spec,
            draft=document.draft,
            author=author,
            policy=policy,
            budget=Budget(passes=passes),
            ledger=ledger,
            on_event=watch,
            seed=seed,
        )
    events = await ledger.replay(result.run)
    seconds = sum(usage.seconds for r in events if isinstance(usage := getattr(r.event, "usage", None), Usage))
    held = {name for name, verdict in result.verdicts.items() if verdict.status == "pass"}
    row = Row(
        document=document.name,
        arm=arm,
        author=_name(author),
        seed=seed,
        caps=passes,
        outcome=result.outcome or "",
        planted=len(document.planted),
        repaired=sum(fault.criterion in held for fault in document.planted),
        open=tuple(fault.criterion.name for fault in result.faults),
        passes=result.passes,
        calls=result.spent.calls,
        input=result.spent.input,
        cached=result.spent.cached,
        output=result.spent.output,
        tokens=result.spent.tokens,
        seconds=round(seconds, 1),
        counts=counted(events, policy.long_ladder[0].move),
        untouched=untouched(document, result.text),
    )
    return row, result.text


def _name(author: Named) -> str:
    return author if isinstance(author, str) else str(getattr(author, "name", "custom"))


async def bench(
    documents: Sequence[str],
    arms: Sequence[str],
    author: Named,
    *,
    seed: int,
    passes: int,
    store: "Store",
    up: Callable[[], bool] = lambda: False,
) -> list[Row]:
    """Repair the documents one after another, by each arm in turn, and keep texts and rows as they come.

    The arm that goes first alternates, so that neither always finds the model loaded and the sources in its cache.
    When the time is ``up`` the bench ends after the pass in progress; with the same store it goes on there.
    """
    async with SqliteLedger(store.ledger) as ledger:
        for at, name in enumerate(documents):
            for arm in arms if at % 2 == 0 else tuple(reversed(arms)):
                key = (name, arm, _name(author), seed, passes)
                if store.has(*key):
                    continue

                def watch(recorded: Recorded, label: str = "/".join(map(str, key))) -> None:
                    store.begun(label, recorded.run)
                    if up() and isinstance(recorded.event, Measured | MoveFailed):
                        raise TimeUp

                begun = store.running.get("/".join(map(str, key)), "")
                try:
                    row, text = await play(
                        load(name), arm, author, seed=seed, passes=passes, ledger=ledger, run=begun, watch=watch
                    )
                except TimeUp:
                    return store.rows
                print(json.dumps(asdict(row)), file=sys.stderr, flush=True)
                store.keep(row, text)
    return store.rows


class TimeUp(Exception):  # noqa: N818 - not an error: the run goes on another time
    """The bench has used its time."""


class Store:
    """The folder of rows and texts.

    Args:
        out: the folder; made if it is not there.
        keep: go on with the rows that are in it, for a bench of hours that was cut off.
    """

    def __init__(self, out: Path, *, keep: bool = False) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._out = out
        self._file = out / "rows.json"
        self._running = out / "running.json"
        self.ledger = out / "runs.sqlite"
        found = keep and self._file.exists()
        self.rows: list[Row] = _ROWS.validate_json(self._file.read_bytes()) if found else []
        self.running: dict[str, str] = {}
        """The runs that were begun, by document, arm, author, seed and caps."""
        if keep and self._running.exists():
            self.running = _RUNNING.validate_json(self._running.read_bytes())

    def has(self, document: str, arm: str, author: str, seed: int, caps: int) -> bool:
        """Whether there is a row for this already."""
        wanted = (document, arm, author, seed, caps)
        return any((row.document, row.arm, row.author, row.seed, row.caps) == wanted for row in self.rows)

    def begun(self, key: str, run: str) -> None:
        """Remember which run repairs what."""
        if self.running.get(key) != run:
            self.running[key] = run
            self._running.write_bytes(_RUNNING.dump_json(self.running, indent=1) + b"\n")

    def keep(self, row: Row, text: str) -> None:
        """Add a row and the text that was returned, and write both."""
        self.rows.append(row)
        (self._out / f"{row.document}-{row.arm}.md").write_text(text, encoding="utf-8")
        self._file.write_bytes(_ROWS.dump_json(self.rows, indent=1) + b"\n")


_ROWS: Final = TypeAdapter(list[Row])
_RUNNING: Final = TypeAdapter(dict[str, str])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what was chosen on the command line, and print the table."""
    known = names()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--author", default="embedded:qwen2.5-coder-1.5b")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--passes", type=int, default=8, help="the given draft is the first")
    parser.add_argument("--documents", nargs="+", choices=known, default=known, metavar="NAME", help=", ".join(known))
    parser.add_argument("--arms", nargs="+", choices=tuple(ARMS), default=tuple(ARMS))
    parser.add_argument("--small", action="store_true", help=f"{SMALL} only, and one move for each arm")
    parser.add_argument("--out", type=Path, default=ROOT.parent / "out" / "long-text")
    parser.add_argument("--keep", action="store_true", help="go on with the rows and runs that --out has already")
    parser.add_argument("--seconds", type=float, default=math.inf, help="end after the pass in which this time is up")
    chosen = parser.parse_args(arguments)
    documents, passes = ((SMALL,), 2) if chosen.small else (tuple(chosen.documents), chosen.passes)
    store = Store(chosen.out, keep=chosen.keep)
    end = time.monotonic() + chosen.seconds
    rows = asyncio.run(
        bench(
            documents,
            tuple(chosen.arms),
            chosen.author,
            seed=chosen.seed,
            passes=passes,
            store=store,
            up=lambda: time.monotonic() > end,
        )
    )
    print(table(rows) if rows else "No repair has ended yet; the same command with --keep goes on.")


if __name__ == "__main__":
    main()
