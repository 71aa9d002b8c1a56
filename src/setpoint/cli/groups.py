"""The groups in which ``setpoint --help`` lists the commands, in the order in which a newcomer needs them."""

from typing import Final

from cyclopts import Group

__all__ = ["BEGIN", "CRITICS", "DECIDE", "KEEP", "LOOK", "MANY", "REFINE"]

BEGIN: Final = Group("Write a spec, and measure by it", sort_key=1)
REFINE: Final = Group("Refine a text", sort_key=2)
LOOK: Final = Group("See what happened", sort_key=3)
DECIDE: Final = Group("Decide for yourself", sort_key=4)
CRITICS: Final = Group("Find out how far a critic can be trusted", sort_key=5)
MANY: Final = Group("Refine many texts", sort_key=6)
KEEP: Final = Group("Look after the record of runs", sort_key=7)
