"""Waiting for work that must not be left half done."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import anyio

__all__ = ["to_the_end"]

T = TypeVar("T")


async def to_the_end(work: Awaitable[T]) -> T:
    """Wait for the work whatever happens to the waiting task, then let a cancellation go on."""
    waiting = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):  # else an outer scope would cancel again at every turn of the event loop
        while not waiting.done():
            try:
                await asyncio.wait({waiting})
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is not None:
        waiting.exception()  # looked at, so that it is not reported as lost
        raise cancelled
    return waiting.result()
