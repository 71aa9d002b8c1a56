"""Sample runs, made by the real control law with scripted authors and critics: no loop, no model, no clock."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from setpoint.core.action import Judge, Measure, Probe, Reask, Revise, SetAside, Stop, Tactic, Write
from setpoint.core.control import decide
from setpoint.core.cost import reservation
from setpoint.core.draft import Edit
from setpoint.core.event import (
    CallFailed,
    Cancelled,
    Drafted,
    Event,
    Judged,
    Measured,
    Misjudged,
    MoveFailed,
    MoveFailure,
    Opened,
    PatchMissed,
    Probed,
    Recorded,
    Requested,
    RoleModel,
    Stopped,
    Usage,
)
from setpoint.core.fault import Status, Verdict
from setpoint.core.fold import begin, evolve
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget, CheckCall, Criterion, Source, Spec
from setpoint.core.state import State

EDITS_EARLY = (
    Tactic("redraft", "all", "steady"),
    Tactic("edit", "few", "steady"),
    Tactic("rewrite", "few", "steady"),
    Tactic("redraft", "all", "varied"),
    Tactic("edit", "one", "varied"),
    Tactic("rewrite", "one", "varied"),
)
"""A ladder of the samples' own, so that they show every move whatever the default order is."""

LADDER_ONLY = ("gain", "competing", "mediate", "promote", "freeze", "off_strategy", "restart")
"""Switched off in the samples, so that they stay what they show."""

RUN = "r-7f3a"
START = 1_790_000_000.0

Checker = Callable[[str], Verdict]
Ruling = Callable[[str, Judge], Sequence[Verdict] | str]
"""Verdicts, or what was wrong with a reply that could not be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An author reply that brings no draft."""

    why: MoveFailure
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """An author reply whose edits do not apply."""

    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """A call that brings no reply."""

    detail: str


@dataclass(slots=True, kw_only=True)
class Script:
    """Everything that happens outside the control law."""

    spec: Spec
    author: list[str | Failed | Missed | Down]
    checks: Mapping[str, Checker] = field(default_factory=dict[str, Checker])
    critic: Ruling = lambda _text, _action: ()
    probe: Sequence[tuple[int, int, int, int]] = ()
    """Per item: noticed, failures, passed, passes."""
    budget: Budget = field(default_factory=Budget)
    wishes: tuple[str, ...] = ()
    given: str | None = None
    cancel_after: int | None = None
    """Cancel once this many events are recorded."""
    pace: float = 1.7
    """Seconds between events."""


def play(script: Script) -> tuple[Recorded, ...]:
    """Let the control law run against a script, until it stops."""
    events = [_record(0, script, _opened(script))]
    state = begin(events[0])

    def append(event: Event) -> None:
        nonlocal state
        events.append(_record(len(events), script, event))
        state = evolve(state, events[-1])

    if script.given is not None:
        append(Drafted(call=None, text=script.given, origin="given"))
    while state.stopped is None:
        if script.cancel_after is not None and len(events) >= script.cancel_after and not state.cancelled:
            append(Cancelled(why="Ctrl-C"))
        for event in _perform(script, state):
            append(event)
    return tuple(events)


def _record(seq: int, script: Script, event: Event) -> Recorded:
    return Recorded(run=RUN, seq=seq, at=START + script.pace * seq, digest=script.spec.digest, event=event)


def _opened(script: Script) -> Opened:
    models = [RoleModel(role="author", model="embedded:qwen2.5-coder-1.5b")]
    if script.spec.judged:
        models.append(RoleModel(role="critic", model="openai:critic-mini", input_price=0.15, output_price=0.6))
    return Opened(
        spec=script.spec,
        budget=script.budget,
        policy=Policy(
            short_ladder=EDITS_EARLY, focus=2, most_focus=4, confirm_alone=True, broken_readings=3, off=LADDER_ONLY
        ),
        models=tuple(models),
        title="release-notes",
        given=script.given,
        probe_items=len(script.probe),
    )


def _perform(script: Script, state: State) -> Iterable[Event]:
    rule, action = decide(state)
    match action:
        case Stop():
            best = state.best
            yield Stopped(outcome=action.outcome, rule=rule, reason=action.reason, best=best.number if best else None)
        case SetAside():
            yield action
        case Measure():
            text = state.draft(action.draft).draft.text
            yield Measured(draft=action.draft, verdicts=tuple(script.checks[c.name](text) for c in state.spec.checked))
        case Write() | Revise() | Reask() | Judge() | Probe():
            role = action.role if isinstance(action, Judge | Probe) else "author"
            worst = reservation(state, action)
            call = state.calls + 1
            yield Requested(call=call, role=role, rule=rule, action=action, tokens=worst.tokens, money=worst.money)
            yield _answer(script, state, call, action)
        case _:
            raise AssertionError(f"the samples have no {action.kind}")


def _answer(script: Script, state: State, call: int, action: Write | Revise | Reask | Judge | Probe) -> Event:
    match action:
        case Judge():
            usage = Usage(input=820, output=140, money=0.0002, seconds=2.4)
            ruling = script.critic(state.draft(action.draft).draft.text, action)
            if isinstance(ruling, str):
                return Misjudged(call=call, draft=action.draft, why="unparsable", detail=ruling, usage=usage)
            wishes = script.wishes if action.purpose == "first" else ()
            return Judged(call=call, draft=action.draft, verdicts=tuple(ruling), wishes=wishes, usage=usage)
        case Probe():
            noticed, failures, passed, passes = script.probe[action.item]
            return Probed(
                call=call,
                role=action.role,
                item=action.item,
                noticed=noticed,
                failures=failures,
                passed=passed,
                passes=passes,
                usage=Usage(input=600, output=90, money=0.0001, seconds=1.2),
            )
        case Write() | Revise() | Reask():
            return _authored(script, call, action)


def _authored(script: Script, call: int, action: Write | Revise | Reask) -> Event:
    usage = Usage(input=1130, output=210, seconds=11.5)
    reply = script.author.pop(0)
    revise = action.revise if isinstance(action, Reask) else action
    match reply:
        case Down():
            return CallFailed(call=call, role="author", why="unreachable", detail=reply.detail)
        case Failed():
            move = "first" if isinstance(revise, Write) else revise.move
            return MoveFailed(call=call, move=move, why=reply.why, detail=reply.detail, usage=usage)
        case Missed():
            assert isinstance(revise, Revise)
            edits = tuple(Edit(search="not there", replace="") for _ in reply.misses)
            return PatchMissed(call=call, revise=revise, edits=edits, misses=reply.misses, usage=usage)
        case str():
            origin = "first" if isinstance(revise, Write) else revise.move
            base = None if isinstance(revise, Write) else revise.base
            return Drafted(call=call, text=reply, origin=origin, base=base, usage=usage)


# The criteria of the sample runs


def words_check(name: str, most: int) -> Checker:
    """At most so many words."""

    def measure(text: str) -> Verdict:
        count = len(text.split())
        if count <= most:
            return Verdict(criterion=name, status="pass", reason=f"{count} words")
        directive = f"{count} words; cut at least {count - most}"
        return Verdict(
            criterion=name,
            status="fail",
            reason=f"{count} words",
            directive=directive,
            shortfall=min(1.0, (count - most) / most),
        )

    return measure


def excludes_check(name: str, *hype: str) -> Checker:
    """None of these words."""

    def measure(text: str) -> Verdict:
        for number, line in enumerate(text.splitlines(), start=1):
            for word in hype:
                if word in line.lower():
                    directive = f'take out "{word}" in line {number}'
                    return Verdict(
                        criterion=name,
                        status="fail",
                        reason=f'"{word}" stands in line {number}',
                        directive=directive,
                        lines=(number,),
                        shortfall=0.5,
                    )
        return Verdict(criterion=name, status="pass", reason="no forbidden word")

    return measure


def contains_check(name: str, phrase: str) -> Checker:
    """This phrase somewhere."""

    def measure(text: str) -> Verdict:
        if phrase in text:
            return Verdict(criterion=name, status="pass", reason="found")
        return Verdict(
            criterion=name, status="fail", reason="missing", directive=f'add the phrase "{phrase}"', shortfall=1.0
        )

    return measure


SHORT = Criterion(name="short", says="At most 90 words.", impact=2, check=CheckCall(name="words", params={"max": 90}))
PLAIN = Criterion(
    name="no-hype",
    says="No marketing words such as revolutionary or seamless.",
    impact=3,
    check=CheckCall(name="excludes", params={"words": ["revolutionary", "seamless"]}),
)
COMMAND = Criterion(
    name="upgrade-command",
    says='Gives the command "acme self-update" to run.',
    impact=4,
    check=CheckCall(name="contains", params={"words": ["acme self-update"]}),
)
DECIDES = Criterion(
    name="decides", says="Tells an administrator whether to upgrade today, and why.", impact=5, core=True
)
DECIDES_BY_CODE = Criterion(
    name="decides",
    says="Says in its first lines whether to upgrade today.",
    impact=5,
    core=True,
    check=CheckCall(name="contains", params={"words": ["today"]}),
)
TONE = Criterion(name="calm", says="Sounds like a colleague: no exclamation, no blame.", impact=2)

CHECKS: Mapping[str, Checker] = {
    "short": words_check("short", 90),
    "no-hype": excludes_check("no-hype", "revolutionary", "seamless"),
    "upgrade-command": contains_check("upgrade-command", "acme self-update"),
    "decides": contains_check("decides", "today"),
}

BRIEF = "Release notes for Acme CLI 2.4, for administrators who must decide whether to upgrade today."
SOURCES = (
    Source(name="changes.md", text="- token store moves to the keychain\n- `acme login` needs 2.4 on both sides\n"),
)

FIRST = """\
# Acme CLI 2.4

We are thrilled to present, today, Acme CLI 2.4, a revolutionary release that makes working with your clusters faster and more
seamless than ever before, for teams of every size and in every industry, on every platform that we support.

## What changed

- The token store moves to the system keychain. Tokens written by older versions are read once and then migrated.
- `acme login` needs version 2.4 on both sides, because the handshake was extended by a nonce.
- Shell completion now covers all subcommands, including those that plugins bring, and it is generated at install time.

## Upgrading

Please refer to the documentation for instructions on how to upgrade your installation in your environment.
"""

SECOND = """\
# Acme CLI 2.4

Acme CLI 2.4 moves the token store to the system keychain.

- Tokens written by older versions are read once and then migrated.
- `acme login` needs version 2.4 on both sides.
- Shell completion covers all subcommands.
"""

THIRD = """\
# Acme CLI 2.4

Upgrade today if you use `acme login`: from 2.4 on it needs the same version on both sides, and a revolutionary new
handshake replaces the old one.

## What changed

- The token store moves to the system keychain. Tokens of older versions are migrated once.
- `acme login` needs version 2.4 on both sides.
- Shell completion covers all subcommands.

## Upgrading

Run `acme self-update` on every machine.
"""

FIFTH = """\
# Acme CLI 2.4

Upgrade today if you use `acme login`: from 2.4 on it needs the same version on both sides, and a new
handshake replaces the old one.

## What changed

- The token store moves to the system keychain. Tokens of older versions are migrated once.
- `acme login` needs version 2.4 on both sides.
- Shell completion covers all subcommands.

## Upgrading

Run `acme self-update` on every machine.
"""


def checked_spec(**changes: object) -> Spec:
    """Four criteria, all measured by code."""
    content: dict[str, object] = {
        "brief": BRIEF,
        "criteria": (DECIDES_BY_CODE, COMMAND, SHORT, PLAIN),
        "kind": "markdown",
        "sources": SOURCES,
    }
    return Spec(**{**content, **changes})  # pyright: ignore[reportArgumentType]


def accepted_script() -> Script:
    """Five passes: a first draft, a draft rolled back, one kept, a failed move, the end."""
    return Script(
        spec=checked_spec(),
        author=[
            FIRST,
            SECOND,
            THIRD,
            Failed(why="lock_broken", detail="the locked span 1 (lines 3 to 4) is not in the new text"),
            FIFTH,
        ],
        checks=CHECKS,
        budget=Budget(passes=8, tokens=60_000),
    )


def verdict(name: str, status: Status, **more: object) -> Verdict:
    """A verdict of the critic."""
    return Verdict(criterion=name, status=status, by="critic", **more)  # pyright: ignore[reportArgumentType]


def unverified_script() -> Script:
    """A critic that let planted faults through judges two criteria; one pass is carried over an edit."""

    def rule(text: str, action: Judge) -> Sequence[Verdict]:
        shouting = "thrilled" in text
        calm = (
            verdict(
                "calm",
                "fail",
                reason="line 3 is enthusiastic",
                directive='Replace "We are thrilled to present" in line 3 by what changes.',
                lines=(3,),
                shortfall=1.0,
            )
            if shouting
            else verdict("calm", "pass", reason="plain throughout")
        )
        decides = verdict("decides", "pass", reason="the heading names the version", lines=(1,))
        both = {"calm": calm, "decides": decides}
        return [both[name] for name in action.criteria]

    short_first = FIRST.replace(
        ", for teams of every size and in every industry, on every platform that we support", ""
    )
    return Script(
        spec=Spec(brief=BRIEF, kind="markdown", sources=SOURCES, criteria=(DECIDES, COMMAND, TONE)),
        author=[
            short_first,
            Missed(misses=("edit 1: the passage 'We present' does not stand in the draft",)),
            short_first.replace("We are thrilled to present, today, ", "Here is ").replace(
                "Please refer", "Run `acme self-update`. Please refer"
            ),
        ],
        checks=CHECKS,
        critic=rule,
        probe=((1, 3, 2, 2), (1, 3, 1, 2)),
        budget=Budget(passes=6, tokens=60_000, money=0.5),
        wishes=("Mention the release date.", "Link to the migration guide."),
    )


def unmeasurable_script() -> Script:
    """One pass is carried over an edit, and one criterion cannot be assessed however often it is asked."""

    def rule(_text: str, action: Judge) -> Sequence[Verdict]:
        both = {
            "decides": verdict("decides", "pass", reason="the heading names the version", lines=(1,)),
            "calm": verdict("calm", "cannot_assess", reason="no sample of the house tone is given"),
        }
        return [both[name] for name in action.criteria]

    return Script(
        spec=Spec(brief=BRIEF, kind="markdown", criteria=(DECIDES, COMMAND, TONE)),
        author=[
            SECOND,
            Failed(why="unchanged", detail="the new text differs from draft 1 in white space only"),
            SECOND + "\nRun `acme self-update`.\n",
        ],
        checks=CHECKS,
        critic=rule,
    )


def out_of_budget_script() -> Script:
    """Two passes are not enough, and the critic cannot assess one criterion."""
    return Script(spec=checked_spec(), author=[FIRST, SECOND], checks=CHECKS, budget=Budget(passes=2))


def cancelled_script() -> Script:
    """Ended by hand before there is any draft."""
    return Script(spec=checked_spec(), author=[], checks=CHECKS, cancel_after=1)


def machinery_script() -> Script:
    """The author's model cannot be reached."""
    down = Down(detail="connection refused by 127.0.0.1:9")
    return Script(spec=checked_spec(), author=[FIRST, down, down], checks=CHECKS)


def unusable_critic_script() -> Script:
    """The critic answers in prose, three times: no draft is ever read in full."""
    return Script(
        spec=Spec(brief=BRIEF, criteria=(DECIDES, SHORT)),
        author=[FIRST],
        checks=CHECKS,
        critic=lambda _text, _action: "the reply is prose, not JSON",
    )


def hostile_critic_script() -> Script:
    """What the critic sends instead of verdicts tries to break out of where it is cited."""
    return Script(
        spec=Spec(brief=BRIEF, criteria=(DECIDES, SHORT)),
        author=[FIRST],
        checks=CHECKS,
        critic=lambda _text, _action: HOSTILE,
    )


def crowded_script() -> Script:
    """Thirty criteria and twenty passes; each pass meets one criterion more."""
    names = [f"criterion-with-a-long-name-{number:02d}" for number in range(1, 31)]
    criteria = tuple(
        Criterion(
            name=name,
            says=f"The text holds the word w{number:02d}.",
            impact=1 + number % 5,
            core=number == 1,
            check=CheckCall(name="contains", params={"words": [f"w{number:02d}"]}),
        )
        for number, name in enumerate(names, start=1)
    )
    words = [f"w{number:02d}" for number in range(1, 31)]
    return Script(
        spec=Spec(brief="Thirty words.", criteria=criteria),
        author=["\n".join(words[: 10 + count]) for count in range(20)],
        checks={name: contains_check(name, word) for name, word in zip(names, words, strict=True)},
        budget=Budget(passes=20),
    )


HOSTILE = """\
</style></script><script>alert(1)</script><img src=x onerror=alert(2)>
{{ 7 * 7 }} {% raw %} [bold]not markup[/bold]
\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp.exe\u202c
<!-- setpoint:lock -->&amp;<!-- /setpoint:lock -->
"""


def hostile_script() -> Script:
    """Everything that a model or a user writes tries to break out of where it is shown."""
    name = "hostile"
    bad = Verdict(
        criterion=name, status="fail", reason=HOSTILE, directive=HOSTILE, lines=(1, 2), shortfall=0.5, by="check"
    )
    good = Verdict(criterion=name, status="pass", reason=HOSTILE)
    criterion = Criterion(name=name, says=HOSTILE, check=CheckCall(name="contains", params={"words": ["x"]}))
    return Script(
        spec=Spec(brief=HOSTILE, kind="<b>", criteria=(criterion,), sources=(Source(name="<i>", text="x"),)),
        author=[HOSTILE, Failed(why="refused", detail=HOSTILE), HOSTILE + "now with x: fine"],
        checks={name: lambda text: good if "fine" in text else bad},
    )


def huge_script() -> Script:
    """Five megabytes, of which the second draft changes every hundredth line."""
    lines = [f"line {number} of a very long text, with some words in it" for number in range(100_000)]
    changed = [line + " changed" if number % 100 == 0 else line for number, line in enumerate(lines)]
    return Script(
        spec=Spec(brief=BRIEF, criteria=(COMMAND,)),
        author=["\n".join(lines), "\n".join([*changed, "Run `acme self-update`."])],
        checks=CHECKS,
    )


SCRIPTS: Mapping[str, Callable[[], Script]] = {
    "accepted": accepted_script,
    "unverified": unverified_script,
    "unmeasurable": unmeasurable_script,
    "out_of_budget": out_of_budget_script,
    "cancelled": cancelled_script,
    "machinery": machinery_script,
    "unusable_critic": unusable_critic_script,
    "hostile_critic": hostile_critic_script,
    "crowded": crowded_script,
    "hostile": hostile_script,
    "huge": huge_script,
}


Scene = Callable[[str], tuple[Recorded, ...]]


@pytest.fixture(scope="session")
def scene() -> Scene:
    """The events of a sample run, by name."""
    return functools.cache(lambda name: play(SCRIPTS[name]()))
