"""The comparison of two readers: what was asked is known from the law, and both a hit and a miss are counted."""

from collections import Counter
from dataclasses import replace
from functools import partial

import anyio

from against import SETPOINT
from plant import REGIMES, World
from plant.stranger import understand
from setpoint.core.action import Mediate
from understood import asked_of_mediator, main, play, satisfied_table, seen_table


def test_every_prompt_of_a_loop_is_counted_for_both_readers():
    """As often for the one as for the other, and nothing is seen more often than asked."""
    ear, found = anyio.run(partial(play, REGIMES["wrong-premise"], [1], [SETPOINT], tokens=40_000, passes=8))
    asked = {what: n for (name, what, kind), n in ear.counts.items() if (name, kind) == ("stranger", "asked")}
    assert asked["write from nothing"] >= 1
    assert asked["judge"] >= 1
    for what, count in asked.items():
        assert ear.counts["resident", what, "asked"] == count
        assert 0 <= ear.counts["stranger", what, "seen"] <= count
    missed = Counter(what for what, _ in ear.prompts)
    assert all(count - ear.counts["stranger", what, "seen"] == missed[what] for what, count in asked.items())
    assert "| wrong-premise | judge |" in seen_table([ear])
    assert "| wrong-premise | Setpoint |" in satisfied_table(found)


def test_a_reader_that_sees_nothing_is_found_out():
    """The counts are of what was understood, not of what was sent."""
    world = World(REGIMES["middling"], 1)
    blank = understand(world, [])
    action = Mediate(criterion=world.spec.criteria[2].name)
    assert list(asked_of_mediator(world, action, blank)) == [("search what competes", False)]
    seeing = replace(blank, act="find", fix=frozenset({2}))
    assert list(asked_of_mediator(world, action, seeing)) == [("search what competes", True)]


def test_unknown_names_are_refused_with_the_known_ones(capsys):
    """What is there to choose from is said."""
    assert main(["--regimes", "nonsense"]) == 2
    assert "middling" in capsys.readouterr().err
