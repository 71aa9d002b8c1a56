"""The control law: what to do next, decided from recorded events alone.

`decide` asks an ordered tuple of small pure rules; the first that answers wins, and its name is recorded with the
action. Everything that decides lives in this folder; nothing in it does anything. `reading` asks for measurements,
`ending` says when it is over, `moving` fixes faults, `remedies` deals with what ordinary moves cannot settle, and
`common` holds what they share.

Numbers in parentheses are the rules of the design: 1 fixed target, 3 code before critics, 4 the critic is not the
author, 5 critiques direct, 6 fail closed, 7 rank and fix few, 8 ratchet, 10 structure first, 11 no fruitless pass is
repeated as it was, 12 stubborn criteria, 13 oscillation, 14 wrong premise, 15 stop, 16 budget before the call, 17
forecast, 18 easy work skips the loop, 20 people on request.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from setpoint.core.action import Action, Call
from setpoint.core.control.common import Strength, faults, strength, trusted
from setpoint.core.control.ending import (
    accept,
    budget,
    cancelled,
    confirm,
    end,
    machinery,
    off_target,
    out_of_reach,
    resolved_nothing,
    settle_for_minor,
    shared_budget,
    stop_for_budget,
    textbook_stops,
)
from setpoint.core.control.moving import cut_off, reask, redirect, revise, set_aside, was_cut_off, write
from setpoint.core.control.reading import ask_alone, measure, probe, read, read_trade, second_reading, third_reading
from setpoint.core.control.remedies import (
    amend,
    competing,
    contradict,
    freeze,
    lock_outline,
    mediate,
    promote,
    restart,
    thaw,
)
from setpoint.core.cost import shortage
from setpoint.core.state import State

__all__ = [
    "RULES",
    "Decision",
    "Rule",
    "Strength",
    "cut_off",
    "decide",
    "faults",
    "strength",
    "textbook_stops",
    "trusted",
    "was_cut_off",
]


class Decision(NamedTuple):
    """The rule that answered, and its action."""

    rule: str
    action: Action


Rule: TypeAlias = Callable[[State], "Action | None"]

RULES: Final[tuple[Rule, ...]] = (
    cancelled,
    machinery,
    shared_budget,
    measure,
    probe,
    write,
    read,
    ask_alone,
    second_reading,
    read_trade,
    third_reading,
    confirm,
    accept,
    lock_outline,
    thaw,
    contradict,
    budget,
    reask,
    off_target,
    restart,
    freeze,
    amend,
    competing,
    mediate,
    promote,
    settle_for_minor,
    out_of_reach,
    resolved_nothing,
    redirect,
    revise,
    set_aside,
    end,
)
"""In order of precedence: the first rule that answers wins. The table in the docs is printed from here."""


def decide(state: State) -> Decision:
    """What to do next. Total: some rule always answers.

    A call whose worst case does not fit the budget is replaced by the end of the run (16).
    """
    for rule in RULES:
        action = rule(state)
        if action is None:
            continue
        if isinstance(action, Call) and (short := shortage(state, action)):
            return Decision("budget", stop_for_budget(state, short))
        return Decision(rule.__name__, action)
    raise AssertionError("the last rule always answers")
