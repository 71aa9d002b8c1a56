"""Shared fixtures: the network is off, and nothing reads the user's environment."""

import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Here every run looks at new examples; a pipeline looks at the same ones each time, so that it fails for a change only.
# No example has a deadline: on a machine with other work a slow one says nothing about the code.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")

LOCAL = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture
def anyio_backend() -> str:
    """The loop runs on asyncio only."""
    return "asyncio"


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """A connection to anything but this machine fails the test, unless it is marked ``embedded``."""
    if request.node.get_closest_marker("embedded"):
        yield
        return
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else address
        if self.family in {socket.AF_INET, socket.AF_INET6} and host not in LOCAL:
            raise AssertionError(f"a test tried to reach {host!r}")
        connect(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield
