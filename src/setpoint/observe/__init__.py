"""Watching runs from outside: logs, traces and metrics.

Rules of this package:
- What is seen is what the ledger recorded, and what passes through a wrapped `Model`. Watching never changes a run.
- Text of drafts, prompts and replies is left out unless it is asked for, and so is what a model may have quoted from
  them. Keys never get here: they are in no event, no prompt and no `ModelError`.
"""

from setpoint.observe.base import Observer, Several
from setpoint.observe.logs import EventLog, LogForm, LogLevel, log_to

__all__ = ["EventLog", "LogForm", "LogLevel", "Observer", "Several", "log_to"]
