"""Events survive being written and read, now and after any later change of format."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.core.action import (
    Contradict,
    Freeze,
    Judge,
    LockOutline,
    Mediate,
    Prefer,
    Probe,
    Promote,
    Reask,
    Restart,
    Revise,
    SetAside,
    Tactic,
    Thaw,
    Write,
)
from setpoint.core.draft import Edit
from setpoint.core.event import (
    Amended,
    Answered,
    CallFailed,
    Cancelled,
    CriticOn,
    Drafted,
    Event,
    Extended,
    Judged,
    Measured,
    Mediated,
    Misjudged,
    MoveFailed,
    MoveRecord,
    Opened,
    Overruled,
    PatchMissed,
    Probed,
    Requested,
    Resumed,
    RoleModel,
    Stopped,
    Usage,
)
from setpoint.core.fault import Verdict
from setpoint.core.policy import LADDER_SHORT, SWITCHES, Policy
from setpoint.core.spec import Budget, CheckCall, Criterion, Skeleton, Source, Spec
from setpoint.errors import LedgerError
from setpoint.ledgers.codec import UPGRADES, decode, encode

SAMPLES = Path(__file__).parent / "samples"
USAGE = Usage(input=410, output=96, cached=128, money=0.0021, seconds=3.25)
REVISE = Revise(move="edit", base=1, targets=("short", "decides"), setting="varied")
SPEC = Spec(
    brief="Release notes for Acme CLI 2.4.",
    kind="markdown",
    sources=(Source(name="changes.md", text="- faster\n- “quoted”, naïve, 版本\n"),),
    attachments=(Source(name="test_draft.py", text="def test_it(): pass\n"),),
    criteria=(
        Criterion(name="decides", says="Says whether to upgrade today.", impact=5, core=True),
        Criterion(
            name="short",
            says="At most 180 words.",
            check=CheckCall(name="words", params={"max": 180, "ignore": ["code", None], "deep": {"x": [1.5, True]}}),
        ),
    ),
)

V1: dict[str, Event] = {
    "opened": Opened(
        spec=SPEC,
        budget=Budget(passes=6, tokens=60_000, money=0.5, seconds=300.0),
        policy=Policy(
            long_words=500, trust_threshold=0.7, disputes=1, broken_readings=2, failed_calls=1, empty_starts=2
        ),
        models=(
            RoleModel(role="author", model="embedded:small"),
            RoleModel(
                role="critic", model="x:y", input_price=None, output_price=2.5, sensitivity=0.75, specificity=1.0
            ),
        ),
        title="release-notes",
        given="A text that was there.\n",
        reply_tokens=900,
        probe_items=4,
        seed=7,
        nonce="b3c1",
    ),
    "requested-write": Requested(call=1, role="author", rule="write", action=Write(), tokens=3100, money=0.01),
    "requested-revise": Requested(call=3, role="author", rule="revise", action=REVISE, tokens=4000),
    "requested-reask": Requested(
        call=4,
        role="author",
        rule="reask",
        action=Reask(revise=REVISE, edits=(Edit(search="a", replace="b"),), misses=("edit 1: not found",)),
        tokens=4000,
    ),
    "requested-judge": Requested(
        call=2,
        role="confirmer",
        rule="confirm",
        action=Judge(draft=1, criteria=("decides",), purpose="confirm", role="confirmer"),
        tokens=1500,
    ),
    "requested-probe": Requested(call=1, role="critic", rule="probe", action=Probe(role="critic", item=2), tokens=900),
    "drafted": Drafted(call=1, text="# 2.4\n\nUpgrade today.\n", origin="first", usage=USAGE),
    "drafted-edit": Drafted(call=5, text="# 2.4\n", origin="edit", base=1, usage=USAGE),
    "drafted-given": Drafted(call=None, text="A text that was there.\n", origin="given"),
    "patch_missed": PatchMissed(
        call=3, revise=REVISE, edits=(Edit(search="x", replace=""),), misses=("edit 1: twice",), usage=USAGE
    ),
    "move_failed": MoveFailed(call=4, move="first", why="refused", detail="the model declined", usage=USAGE),
    "measured": Measured(
        draft=1,
        verdicts=(
            Verdict(
                criterion="short",
                status="fail",
                reason="212 words",
                directive="cut at least 32",
                lines=(3, 4),
                shortfall=0.178,
                root="length",
            ),
            Verdict(criterion="tests", status="cannot_assess", reason="python is missing"),
        ),
    ),
    "judged": Judged(
        call=2,
        draft=1,
        verdicts=(Verdict(criterion="decides", status="pass", lines=(1,), by="critic", carried=True),),
        wishes=("a joke",),
        usage=Usage(money=None, estimated=True),
    ),
    "misjudged": Misjudged(call=2, draft=0, why="invented", detail="a criterion 'tone'", usage=USAGE),
    "probed": Probed(call=1, role="critic", item=2, noticed=1, failures=2, passed=3, passes=3, usage=USAGE),
    "call_failed": CallFailed(call=2, role="critic", why="timeout", detail="no reply in 120 s", usage=Usage()),
    "set_aside": SetAside(criterion="short", why="still open after 6 tactics"),
    "extended": Extended(passes=3, tokens=20_000, money=0.25, seconds=60.0),
    "resumed": Resumed(),
    "cancelled": Cancelled(why="Ctrl-C"),
    "stopped": Stopped(outcome="accepted", rule="accept", reason="every criterion passes", best=2),
}
"""What the files in ``samples/v1`` say; both stay as they are when the format changes."""

V2: dict[str, Event] = {
    "opened": dataclasses.replace(
        typing.cast("Opened", V1["opened"]),
        policy=Policy(
            preset="canon",
            short_ladder=(Tactic("edit", "one", "varied"),),
            focus=2,
            most_focus=4,
            broken_readings=3,
            outline_passes=2,
            off=("freeze",),
            ask=("amend",),
        ),
        outline=(Criterion(name="parts", says="Has three parts."),),
        competing=(("short", "decides", "short allows 20 words"),),
        history=(MoveRecord(move="edit", long=True, tried=4, fixed=3, held=9, lost=1, moves=5, failed=1),),
        own_runs=21,
    ),
    "opened-known": dataclasses.replace(
        typing.cast("Opened", V1["opened"]),
        models=(RoleModel(role="critic", model="x:y", form="3f1c"),),
        known=(
            CriticOn(
                role="critic",
                criterion="decides",
                digest="9a1b",
                noticed=7,
                failures=12,
                passed=11,
                passes=13,
                labels=20,
            ),
        ),
    ),
    "requested-write": Requested(
        call=4,
        role="author",
        rule="write",
        action=Write(stage="outline", approach="turn it around", lessons=("name the date",)),
        tokens=3100,
    ),
    "requested-revise": Requested(
        call=5,
        role="author",
        rule="revise",
        action=dataclasses.replace(REVISE, hold=("short",), standing=2),
        tokens=4000,
    ),
    "requested-mediate": Requested(
        call=6, role="mediator", rule="mediate", action=Mediate(criterion="short"), tokens=1200
    ),
    "drafted": Drafted(call=1, text="# 2.4\n", origin="rewrite", base=1, evidence={"decides": "Upgrade today."}),
    "move_failed": MoveFailed(call=4, move="edit", why="repeated", detail="the same as draft 1", repeats=1),
    "mediated": Mediated(call=6, criterion="short", competing="decides", why="both want room", usage=USAGE),
    "prefer": Prefer(winner="short", loser="decides", why="both want room", by="mediator"),
    "promote": Promote(criterion="short", why="targeted 2 times and not fixed"),
    "freeze": Freeze(keep="short", free="decides", base=2, why="they keep being traded"),
    "thaw": Thaw(keep="short", free="decides", settled=True, base=4),
    "contradict": Contradict(first="short", second="decides", proposal="say which comes first"),
    "restart": Restart(approach="turn it around", lessons=("name the date",), why="2 passes"),
    "lock_outline": LockOutline(draft=1, headings=("## Costs", "## Risks"), open=("parts",)),
    "answered": Answered(question="outline", subject="1", approved=False, who="Ada", note="shorter"),
    "overruled": Overruled(draft=2, criterion="decides", passes=True, who="Ada", why="line 1 says so"),
    "amended": Amended(
        spec=dataclasses.replace(SPEC, skeleton=Skeleton(headings=("## Costs",))), who="Ada", why="w", old="a", new="b"
    ),
}
"""What the files in ``samples/v2`` say."""

STORED = {1: V1, 2: V2}


def members(union: object) -> list[object]:
    """The classes of a union, nested unions included."""
    found: list[object] = []
    for member in typing.get_args(union):
        found += members(member) if isinstance(member, types.UnionType) else [member]
    return found


def anything(wanted: object) -> st.SearchStrategy[object]:  # noqa: C901 - a case each
    """Any value of a type that events are made of."""
    origin, args = typing.get_origin(wanted), typing.get_args(wanted)
    if wanted is Spec:
        return st.just(SPEC) | st.builds(Spec, brief=text().map("b{}".format), criteria=st.just(SPEC.criteria))
    if wanted is Criterion:
        return st.sampled_from(SPEC.criteria)
    if wanted is Policy:
        return st.builds(Policy, off=st.lists(st.sampled_from(SWITCHES), max_size=3).map(tuple))
    if origin in {Mapping, dict}:
        return st.dictionaries(text(), anything(args[1]), max_size=3)
    if wanted is Budget:
        return st.builds(Budget, passes=st.integers(1), tokens=st.none() | st.integers(1))
    if origin is Literal:
        return st.sampled_from(args)
    if wanted is Tactic:
        return st.sampled_from(LADDER_SHORT)
    if origin is tuple and ... not in args:
        return st.tuples(*(anything(arg) for arg in args))
    if origin is tuple:
        return st.lists(anything(args[0]), max_size=3).map(tuple)
    if origin in {types.UnionType, typing.Union}:
        return st.one_of([anything(arg) for arg in args])
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        hints = typing.get_type_hints(wanted)
        return st.fixed_dictionaries({name: anything(hint) for name, hint in hints.items()}).map(
            lambda fields: typing.cast("object", wanted(**fields))
        )
    return SIMPLE[wanted]


def text() -> st.SearchStrategy[str]:
    """Any text at all, halves of surrogate pairs and control characters included."""
    mixed = st.text(st.characters() | st.integers(0xD800, 0xDFFF).map(chr), max_size=20)
    # Two halves that happen to stand side by side are one character, in JSON as in UTF-16.
    return mixed.map(lambda said: said.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"))


SIMPLE: Mapping[object, st.SearchStrategy[object]] = {
    str: text(),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
}


@given(st.sampled_from(members(Event)).flatmap(anything))
def test_every_event_reads_back_equal_to_what_was_written(event: Event) -> None:
    """Whatever an event holds, writing and reading it changes nothing."""
    assert decode(encode(event)) == event


@given(text())
def test_a_stored_event_is_always_valid_utf8(said: str) -> None:
    """Half a surrogate pair in a model's reply cannot make an event impossible to store."""
    stored = encode(Cancelled(why=said))
    assert stored.encode().decode() == stored


def test_ordinary_text_is_stored_readably() -> None:
    """A person who opens the ledger reads letters, not escapes."""
    assert "naïve 版本" in encode(Cancelled(why="naïve 版本"))


def test_check_parameters_keep_their_shape() -> None:
    """Tables, lists, numbers, booleans and nulls inside parameters come back as they went in."""
    read = decode(encode(V1["opened"]))
    assert isinstance(read, Opened)
    assert read.spec.criteria[1].check == SPEC.criteria[1].check
    assert read.spec.digest == SPEC.digest


def test_a_read_only_mapping_is_stored_like_a_dict() -> None:
    """The port promises a Mapping, so any Mapping can be stored."""
    call = CheckCall(name="words", params=MappingProxyType({"max": MappingProxyType({"a": 1})}))
    spec = dataclasses.replace(SPEC, criteria=(Criterion(name="c", says="s", check=call),))
    event = dataclasses.replace(typing.cast("Opened", V1["opened"]), spec=spec)
    read = decode(encode(event))
    assert isinstance(read, Opened)
    assert read.spec.criteria[0].check == CheckCall(name="words", params={"max": {"a": 1}})


@pytest.mark.parametrize("params", [{"x": {1, 2}}, {"x": float("nan")}, {"x": float("inf")}, {"x": {1: 2}}])
def test_what_json_has_no_form_for_is_refused(params: dict[str, object]) -> None:
    """A value that would come back as another one is an error when it is written, not when it is read."""
    spec = dataclasses.replace(
        SPEC, criteria=(Criterion(name="c", says="s", check=CheckCall(name="n", params=params)),)
    )
    with pytest.raises(LedgerError, match="cannot be stored"):
        encode(dataclasses.replace(typing.cast("Opened", V1["opened"]), spec=spec))


@pytest.mark.parametrize(("version", "name"), [(v, name) for v, samples in STORED.items() for name in samples])
def test_a_sample_of_every_version_is_still_read(version: int, name: str) -> None:
    """What an earlier Setpoint has stored means the same today."""
    stored = (SAMPLES / f"v{version}" / f"{name}.json").read_text(encoding="utf-8")
    assert json.loads(stored)["v"] == version
    assert decode(stored) == STORED[version][name]


def test_there_is_a_sample_of_every_kind_of_event_and_call() -> None:
    """A new event needs a stored sample; without one its format could change unnoticed."""
    kinds = {kind for member in members(Event) for kind in typing.get_args(typing.get_type_hints(member)["kind"])}
    stored = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(SAMPLES.glob("v*/*.json"))]
    assert {sample["event"]["kind"] for sample in stored} == kinds
    actions = {sample["event"]["action"]["kind"] for sample in stored if sample["event"]["kind"] == "requested"}
    assert actions == {"write", "revise", "reask", "judge", "probe", "mediate"}
    assert len(stored) == len(V1) + len(V2)


def test_an_older_version_is_upgraded_step_by_step() -> None:
    """Each step gives the next version, in order, starting from the version that was stored."""

    def to_2(fields: dict[str, object]) -> dict[str, object]:
        return {"kind": fields["kind"], "because": fields["reason"]}

    def to_3(fields: dict[str, object]) -> dict[str, object]:
        return {"kind": fields["kind"], "why": fields["because"]}

    for version, field in ((1, "reason"), (2, "because"), (3, "why")):
        stored = json.dumps({"v": version, "event": {"kind": "cancelled", field: "Ctrl-C"}})
        assert decode(stored, (to_2, to_3)) == Cancelled(why="Ctrl-C")


def test_an_event_of_a_newer_version_says_so() -> None:
    """Going back to an older Setpoint is refused in words, not with a parse error."""
    stored = json.dumps({"v": len(UPGRADES) + 2, "event": {"kind": "resumed"}})
    with pytest.raises(LedgerError, match="written by a newer Setpoint"):
        decode(stored)


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        ("", "not an event"),
        ("nonsense", "not an event"),
        ("[" * 100_000, "not an event"),
        ("[1]", "not an event"),
        ('{"kind":"resumed"}', "not an event"),
        ('{"v":true,"event":{"kind":"resumed"}}', "not an event"),
        ('{"v":0,"event":{"kind":"resumed"}}', "not an event"),
        ('{"v":1,"event":{"kind":"exploded"}}', "exploded"),
        ('{"v":1,"event":{"kind":"cancelled"}}', "why"),
        ('{"v":1,"event":{"kind":"cancelled","why":"x","who":"me"}}', "'who' is not known"),
        ('{"v":1,"event":{"kind":"extended","passes":"3"}}', "'passes' is of the wrong type"),
        ('{"v":1,"event":{"kind":"extended","passes":true}}', "'passes' is of the wrong type"),
        (
            '{"v":1,"event":{"kind":"measured","draft":1,"verdicts":[{"criterion":"a","status":"pass","x":1}]}}',
            r"'verdicts\.0\.x' is not known",
        ),
    ],
)
def test_what_is_not_an_event_is_an_error_that_says_where(stored: str, says: str) -> None:
    """A damaged or foreign row is never read as something it is not."""
    with pytest.raises(LedgerError, match=says):
        decode(stored)
