"""Runs on many machines: a queue and its workers, and what they share, in one PostgreSQL database.

The ledger owns the state of a run, the engine owns who works on it and when. A job of the engine is no more than the
name of a run: whoever gets it takes the run up from the ledger, as `setpoint resume` does. Nothing else is resumed.
"""

__all__: list[str] = []
