"""What differs between two specs, in lines for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from setpoint.core.spec import CheckCall, Criterion, Skeleton, Source, Spec
from setpoint.report.text import one_line

__all__ = ["changes"]

T = TypeVar("T")


def changes(old: Spec, new: Spec) -> tuple[str, ...]:
    """What was added, removed and changed; empty if the two are the same target."""
    return tuple(_differences(old, new))


def _differences(old: Spec, new: Spec) -> Iterator[str]:
    if old.brief != new.brief:
        yield f"brief: {one_line(new.brief, 200)}"
    if old.kind != new.kind:
        yield f"kind: {old.kind} is now {new.kind}"
    yield from _skeletons(old.skeleton, new.skeleton)
    yield from _criteria("criterion", old.criteria, new.criteria)
    yield from _criteria("criterion of the outline", old.outline, new.outline)
    yield from _texts("source", old.sources, new.sources)
    yield from _texts("file of a check", old.attachments, new.attachments)


def _criteria(what: str, old: Sequence[Criterion], new: Sequence[Criterion]) -> Iterator[str]:
    before, after = {c.name: c for c in old}, {c.name: c for c in new}
    for criterion in _added(before, after):
        yield f"{what} added: {criterion.name} ({one_line(criterion.says, 160)})"
    for criterion in _added(after, before):
        yield f"{what} removed: {criterion.name} ({one_line(criterion.says, 160)})"
    for name in (name for name in after if name in before):
        if told := "; ".join(_criterion(before[name], after[name])):
            yield f"{what} changed: {name}: {told}"
    if tuple(before) != tuple(after) and set(before) == set(after):
        yield f"order of the {'criteria' if what == 'criterion' else 'outline criteria'}: {', '.join(after)}"


def _criterion(old: Criterion, new: Criterion) -> Iterator[str]:
    if old.impact != new.impact:
        yield f"impact {old.impact} is now {new.impact}"
    if old.core != new.core:
        yield "it is core now" if new.core else "it is not core any more"
    if old.check != new.check:
        yield f"{_check(old.check)} is now {_check(new.check)}"
    if old.says != new.says:
        yield f"it says now: {one_line(new.says, 160)}"


def _check(call: CheckCall | None) -> str:
    """How a criterion is measured."""
    if call is None:
        return "judged by a critic"
    params = ", ".join(f"{key} = {one_line(str(value), 60)}" for key, value in call.params.items())
    return f"{call.name} ({params})" if params else call.name


def _texts(what: str, old: Sequence[Source], new: Sequence[Source]) -> Iterator[str]:
    before, after = {s.name: s for s in old}, {s.name: s for s in new}
    for source in _added(before, after):
        yield f"{what} added: {source.name} ({len(source.text):,} characters)"
    for source in _added(after, before):
        yield f"{what} removed: {source.name}"
    for name in (name for name in after if name in before and after[name].text != before[name].text):
        yield f"{what} changed: {name} ({len(before[name].text):,} characters, now {len(after[name].text):,})"


def _skeletons(old: Skeleton | None, new: Skeleton | None) -> Iterator[str]:
    before = old.headings if old is not None else ()
    after = new.headings if new is not None else ()
    if before != after:
        yield f"locked headings: {', '.join(after) or 'none'}"


def _added(before: Mapping[str, T], after: Mapping[str, T]) -> Iterator[T]:
    return (item for name, item in after.items() if name not in before)
