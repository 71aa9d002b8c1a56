"""The sentences in which `core.diagnosis` cites a run: plain ones, for somebody who never ran a loop."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from setpoint.core.action import Role
from setpoint.core.detect import change
from setpoint.core.record import Lineage, Pass
from setpoint.core.spec import Spec
from setpoint.core.state import State
from setpoint.core.symptoms import still_open, vain

__all__ = [
    "and_list",
    "by_pass",
    "course",
    "difference",
    "in_vain",
    "make_room",
    "passes",
    "probe_result",
    "quoted",
    "short",
    "trade",
    "were",
]


def trade(state: State, entry: Pass, pair: frozenset[str]) -> str:
    """What a pass gave for what."""
    done = change(state, entry)
    if done is not None and pair <= {*done.gained, *done.lost}:
        won, lost = pair.intersection(done.gained), pair.intersection(done.lost)
        return f"met {and_list(won)} and lost {and_list(lost)}"
    repeated = entry.failure.repeats if entry.failure is not None else None
    earlier = next((other.number for other in state.passes if other.draft == repeated), entry.number)
    return f"went back to the text of pass {earlier}"


def course(state: State, trades: Mapping[int, str], held: Sequence[Lineage]) -> list[str]:
    """Trades and freezes in their order; passes in a row that did the same are told together."""
    told: list[str] = []
    for lineage, after in zip((None, *held), (*held, None), strict=True):
        if lineage is not None:
            numbers = [entry.number for entry in state.passes if entry.lineage == lineage.number]
            during = f" ({passes(numbers)})" if numbers else ""
            what = f"{lineage.keep} was held fixed and only {lineage.free} was to be worked on{during}"
            told.append(f"After pass {lineage.since}, {what}.")
        begin, end = lineage.since if lineage else 0, after.since if after else len(state.passes)
        for what, group in groupby((n for n in sorted(trades) if begin < n <= end), key=trades.__getitem__):
            told.append(f"{passes(list(group), start=True)} {what}.")
    return told


def in_vain(state: State, name: str) -> str:
    """The passes that were to put a criterion right and did not."""
    return f"{were(vain(state, name))} to put {name} right, and did not."


def make_room(state: State, names: tuple[str, ...], rival: str) -> str:
    """What to change for stubborn criteria, of which the first may have a competitor."""
    settle = f"Say in the brief which comes first, {names[0]} or {rival}, or change one of them." if rival else ""
    rest = names[1:] if rival else names
    if not rest:
        return settle
    loosen = f"Loosen {and_list(rest)}, or say" if still_open(state, rest) else "Say"
    return f"{settle} {loosen} in the spec how {and_list(rest)} can be met, best with an example.".strip()


def probe_result(state: State, role: Role) -> str:
    """How a critic did on the planted texts, and what it would have to do to be believed."""
    record, model, policy = state.probes.get(role), state.model(role), state.policy
    sensitivity, specificity = state.sensitivity(role) or 0.0, state.specificity(role)
    if record is None or (model is not None and model.sensitivity is not None):
        share = f"{sensitivity:.0%} of the planted faults when it was tested earlier"
    else:
        share = f"{record.noticed} of {record.failures} planted faults in its test (a reply of no use counts as a miss)"
    if sensitivity < policy.trust_threshold:
        return f"The {role} noticed {share}; to be believed it must notice {policy.trust_threshold:.0%}."
    return (
        f"The {role} noticed {share}, but passed only {specificity or 0.0:.0%} of what was sound: its verdicts hardly"
        " depend on the text."
    )


def difference(old: Spec, new: Spec) -> str:
    """What an amendment changed, by name."""
    was, now = {c.name: c for c in old.criteria}, {c.name: c for c in new.criteria}
    parts = {
        "the brief": old.brief != new.brief,
        f"the criteria (new: {and_list(n for n in now if n not in was)})": bool(now.keys() - was.keys()),
        f"the criteria (dropped: {and_list(n for n in was if n not in now)})": bool(was.keys() - now.keys()),
        f"what is demanded by {and_list(n for n in now if n in was and now[n] != was[n])}": any(
            now[n] != was[n] for n in now if n in was
        ),
        "the sources": old.sources != new.sources,
    }
    return and_list(part for part, differs in parts.items() if differs) or "the spec"


def quoted(state: State, what: str) -> str:
    """A criterion by its name, a passage of the prompt in quotation marks."""
    return what if not what or what in set(state.spec.names()) else f'"{short(what, 100)}"'


def passes(numbers: Sequence[int], *, start: bool = False) -> str:
    """``pass 2``, ``passes 2 and 4``, ``passes 2 to 5``; with a capital at the start of a sentence."""
    word = "pass" if len(numbers) == 1 else "passes"
    return f"{word.capitalize() if start else word} {and_list(_ranges(numbers))}"


def _ranges(numbers: Sequence[int]) -> list[str]:
    """``2 to 5`` for four numbers in a row."""
    rows: list[list[int]] = []
    for number in numbers:
        if rows and number == rows[-1][-1] + 1:
            rows[-1].append(number)
        else:
            rows.append([number])
    return [part for row in rows for part in ([f"{row[0]} to {row[-1]}"] if len(row) > 2 else map(str, row))]  # noqa: PLR2004 - a row


def were(numbers: Sequence[int]) -> str:
    """``Pass 2 was``, ``Passes 2 and 3 were``."""
    return f"{passes(numbers, start=True)} {'was' if len(numbers) == 1 else 'were'}"


def by_pass(places: Iterable[tuple[int, str]]) -> str:
    """``pass 1: alpha and beta; pass 3: alpha``."""
    found: dict[int, list[str]] = {}
    for number, name in places:
        found.setdefault(number, []).append(name)
    return "; ".join(f"pass {number}: {and_list(names)}" for number, names in found.items())


def and_list(items: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *head, last = list(items) or [""]
    return f"{', '.join(head)} and {last}" if head else last


def short(text: str, limit: int) -> str:
    """Somebody's words on one line of at most ``limit`` characters, without the full stop at their end."""
    line = " ".join(text.split())
    return (line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…").rstrip(".")
