"""LoopGain (0.6.5): a monitor that watches the count of errors, stops the loop and keeps the best output.

It makes no call and writes no prompt, so the loop around it is the plain one that sends all faults back. Its default
stops after two stalled readings, which its documentation calls right for inner loops; for loops whose passes are dear
it recommends five. Both are run.
"""

import importlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol, cast

from baselines import CapReached, Desk, Job, Trial, first_draft, revised

__all__ = ["loopgain", "loopgain_patient"]

_STALLS: Final = 2
_PATIENT_STALLS: Final = 5


class _Gain(Protocol):
    """What `loopgain.LoopGain` gives: a monitor that says when to stop."""

    result: "_GainResult"

    def should_continue(self) -> bool: ...

    def observe(self, errors: Sequence[str], output: str) -> object: ...


class _GainResult(Protocol):
    best_output: str
    outcome: object


class _LoopGain(Protocol):
    """The module `loopgain`."""

    def LoopGain(  # noqa: N802 - its own name
        self, *, target_error: float, max_iterations: int, stall_terminate_count: int
    ) -> _Gain: ...


async def loopgain(job: Job) -> Trial:
    """The plain loop that LoopGain stops, at its defaults."""
    return await _watched(job, _STALLS)


async def loopgain_patient(job: Job) -> Trial:
    """The same with the patience that its documentation recommends where a pass is dear."""
    return await _watched(job, _PATIENT_STALLS)


async def _watched(job: Job, stalls: int) -> Trial:
    library = cast("_LoopGain", importlib.import_module("loopgain"))
    gain = library.LoopGain(target_error=0.0, max_iterations=job.passes, stall_terminate_count=stalls)
    desk = Desk(job)
    try:
        text = await desk.write(first_draft(desk))
        while gain.should_continue():
            faults = await desk.faults(text)
            gain.observe([fault.name for fault in faults], output=text)
            if gain.should_continue():
                text = await desk.write(revised(desk, text, faults)) or text
    except CapReached:
        pass
    best = gain.result.best_output if desk.read else await desk.best()
    return replace(desk.trial(best), outcome=str(gain.result.outcome))
