"""Running what was decided.

`loop` is the only loop. It decides by `core.control`, makes calls by `calling`, measures by `measuring`, and writes
all of it down by `journal`. `Run` is what the rest of the program holds: a run to begin, take up, drive and end.
"""

from setpoint.run.crew import Crew
from setpoint.run.journal import OnEvent
from setpoint.run.measuring import measure
from setpoint.run.result import Result, question_of
from setpoint.run.run import Run

__all__ = ["Crew", "OnEvent", "Result", "Run", "measure", "question_of"]
