"""Labels and calibration over the ledger: what there is to label, what people said, what that makes of each critic."""

import hashlib
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from setpoint.compose.ledger import find_run
from setpoint.compose.settings import Settings
from setpoint.core.action import Role
from setpoint.core.fault import Status, Verdict
from setpoint.core.fold import fold
from setpoint.core.record import DraftState
from setpoint.core.spec import Criterion, Spec, says_digest
from setpoint.core.state import State
from setpoint.errors import LedgerError, UsageError
from setpoint.ports import Ledger
from setpoint.rubric.labels import Key, Label, LabelBook, consensus
from setpoint.rubric.trust_record import Counts, Entry, Evidence, Subject, subject

__all__ = [
    "Item",
    "Said",
    "items_of",
    "label_book",
    "labels_from",
    "named_runs",
    "overruling_counts",
    "sampled",
    "store_counts",
]

_CRITICS: Final[tuple[Role, ...]] = ("critic", "confirmer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The first verdict of one critic on a text: what a single vote of it is worth is what is measured."""

    model: str
    form: str
    status: Status
    reason: str
    quotes: tuple[str, ...]
    """The lines that it cited, as code took them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A text and a criterion that a critic has judged, for a person to judge."""

    key: Key
    criterion: Criterion
    text: str
    brief: str
    said: tuple[Said, ...]
    ruled: bool | None = None
    """What an overruling settled, if there is one."""


def label_book(where: Settings) -> LabelBook:
    """The labels, beside the user's ledger."""
    return LabelBook(where.critics.file, time.time)


async def named_runs(names: Sequence[str], spec: Spec | None, ledger: Ledger) -> tuple[tuple[str, State], ...]:
    """The runs of these names and, if a spec is given, all that were begun with it; the latest first.

    Raises:
        RunNotFound: if a name fits none or several.
        UsageError: if there is no run at all.
    """
    wanted = [await find_run(name, ledger) for name in names]
    if spec is not None:
        wanted += [info.run for info in await ledger.runs() if info.digest == spec.digest]
    if not wanted:
        raise UsageError("no run has been recorded with this spec yet; name a run (setpoint runs lists them)")
    return tuple([(run, fold(await ledger.replay(run))) for run in dict.fromkeys(wanted)])


def items_of(runs: Iterable[tuple[str, State]]) -> tuple[Item, ...]:
    """What critics judged in these runs, each text and criterion once, in the order of the runs."""
    found: dict[tuple[str, str, str], Item] = {}
    for run, state in runs:
        for draft in state.drafts:
            for criterion in state.judged(draft):
                item = _item(run, state, draft, criterion)
                if item.said:
                    found.setdefault((item.key.text, item.key.criterion, item.key.says), item)
    return tuple(found.values())


def _item(run: str, state: State, draft: DraftState, criterion: Criterion) -> Item:
    text = draft.draft.text
    votes = draft.votes.get(criterion.name, ())
    ruled = [vote.status == "pass" for vote in votes if vote.by == "person"]
    key = Key(
        run=run,
        draft=draft.number,
        criterion=criterion.name,
        says=says_digest(criterion),
        text=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16],
    )
    said = _said(state, votes, text)
    brief = state.spec.brief
    return Item(key=key, criterion=criterion, text=text, brief=brief, said=said, ruled=ruled[-1] if ruled else None)


def _said(state: State, votes: Sequence[Verdict], text: str) -> tuple[Said, ...]:
    lines = text.splitlines()
    found: dict[tuple[str, str], Said] = {}
    for role in _CRITICS:
        model = state.model(role)
        first = next((vote for vote in votes if vote.by == role and not vote.carried), None)
        if model is None or first is None:
            continue
        quotes = tuple(lines[n - 1] for n in first.lines if 0 < n <= len(lines))
        one = Said(model=model.model, form=model.form, status=first.status, reason=first.reason, quotes=quotes)
        found.setdefault((one.model, one.form), one)
    return tuple(found.values())


def sampled(items: Sequence[Item], many: int | None, seed: int) -> tuple[Item, ...]:
    """So many items drawn by chance, those of one text together.

    What the critic said has no part in the drawing: choosing by it would change the very shares that are measured.
    """
    dice = random.Random(seed)  # noqa: S311 - a sample, not a secret
    chosen = list(items) if many is None else dice.sample(list(items), min(many, len(items)))
    dice.shuffle(chosen)
    texts = {item.key.text: place for place, item in reversed(list(enumerate(chosen)))}
    return tuple(sorted(chosen, key=lambda item: texts[item.key.text]))


def store_counts(runs: Sequence[tuple[str, State]], where: Settings) -> None:
    """Work out what labels and overrulings of these runs say about their critics, and keep it in the record.

    Raises:
        LedgerError: if labels cannot be read or counts cannot be stored.
    """
    truth = consensus(label_book(where).current())
    stored = {(entry.source, entry.origin): set[Subject]() for entry in where.critics.entries()}
    for entry in where.critics.entries():
        stored[entry.source, entry.origin].add(entry.subject)
    entries: list[Entry] = []
    for run, state in runs:
        items = items_of([(run, state)])
        settled: dict[Evidence, dict[Key, bool]] = {
            "labels": {item.key: truth[item.key] for item in items if item.key in truth and item.ruled is None},
            "overrulings": {item.key: item.ruled for item in items if item.ruled is not None},
        }
        for source, answers in settled.items():
            counted = _counted(items, answers)
            # What is not settled any more, because people disagree by now, must not stay counted.
            for about in counted.keys() | stored.get((source, run), set()):
                counts = counted.get(about, Counts())
                entries.append(Entry(subject=about, source=source, counts=counts, origin=run))
    if entries:
        where.critics.add(*entries)


def _counted(items: Iterable[Item], truth: dict[Key, bool]) -> dict[Subject, Counts]:
    """How each critic did on the items whose truth is known; what it could not assess is no pass."""
    found: dict[Subject, Counts] = {}
    for item in items:
        met = truth.get(item.key)
        if met is None:
            continue
        for said in item.said:
            passed = said.status == "pass"
            one = Counts(passed=int(passed), passes=1) if met else Counts(noticed=int(not passed), failures=1)
            about = subject(said.model, said.form, item.criterion)
            found[about] = found.get(about, Counts()) + one
    return found


def labels_from(labels: Iterable[Label], items: Sequence[Item]) -> tuple[Label, ...]:
    """The labels of a sheet, checked against the runs that they are about.

    Raises:
        UsageError: if a label is about a text or wording that is not in these runs.
    """
    known = {item.key for item in items}
    taken = tuple(labels)
    stray = next((label.key for label in taken if label.key not in known), None)
    if stray is not None:
        raise UsageError(
            f"the sheet has a label for {stray.criterion} on draft {stray.draft} of run {stray.run}, which is not among "
            "what the critics of these runs judged (or its text or wording is another by now); name the run it is about"
        )
    return taken


async def overruling_counts(name: str, where: Settings, ledger: Ledger) -> None:
    """Count the overrulings of a run towards its critics; a record that cannot be written must not undo a ruling."""
    try:
        store_counts(await named_runs([name], None, ledger), where)
    except LedgerError:
        return
