"""The command line: arguments in, texts out, and no logic of its own.

The text alone goes to standard output; everything that is said about it goes to standard error. Exit codes: 0
accepted, 1 ended otherwise, 2 the user's mistake, 3 machinery.
"""

from setpoint.cli.app import main

__all__ = ["main"]
