"""Where the events of runs are kept: one contract (`setpoint.ports.Ledger`), one codec, one adapter per store."""

from setpoint.ledgers.memory import MemoryLedger
from setpoint.ledgers.postgres import PostgresLedger
from setpoint.ledgers.sqlite import SqliteLedger

__all__ = ["MemoryLedger", "PostgresLedger", "SqliteLedger"]
