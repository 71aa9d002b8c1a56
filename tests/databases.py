"""A real PostgreSQL for the tests: one server per test process, one database per test."""

import atexit
import functools

import pytest

from setpoint.testing.database import DatabaseServer, NoDatabase


@functools.cache
def _started() -> DatabaseServer | str:
    server: DatabaseServer | None = None
    try:
        server = DatabaseServer()
        server.__enter__()
    except NoDatabase as error:
        return str(error)
    atexit.register(server.__exit__, None, None, None)
    return server


def new_database() -> str:
    """The address of an empty database; skips the test, with the reason, where PostgreSQL cannot be started."""
    server = _started()
    if isinstance(server, str):
        pytest.skip(f"no PostgreSQL: {server}")
    return server.new()
