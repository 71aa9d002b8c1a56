"""Fixtures of the command line's tests."""

from conftest_cli import author, shell

__all__ = ["author", "shell"]
