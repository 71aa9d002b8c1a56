"""Other libraries' loops on a plant, each by its own documented use; optional, and left out loudly if not installed.

Every one gets the same reading as the plain loops and the same caps. A library that makes its own calls does so over
HTTP, against a plant behind `PlantServer`, whose counts are the ones that the table shows.

LoopGain and DSPy are here in the shape that their documentation shows; the versions they were written for are named
with them. Neither is a dependency of this project.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Final, Protocol, cast

import anyio.from_thread
import anyio.to_thread

from baselines import CapReached, Desk, Job, Loop, Trial
from plant import Plant, PlantServer
from setpoint.errors import UsageError

__all__ = ["PEERS", "dspy_refine", "loopgain", "missing"]


class _Gain(Protocol):
    """What `loopgain.LoopGain` gives: a monitor that says when to stop."""

    result: "_GainResult"

    def should_continue(self) -> bool: ...

    def observe(self, errors: Sequence[str], *, output: str) -> object: ...


class _GainResult(Protocol):
    best_output: str
    outcome: object


class _LoopGain(Protocol):
    """The module `loopgain` (0.6.5)."""

    def LoopGain(self, *, target_error: int, max_iterations: int) -> _Gain: ...  # noqa: N802 - its own name


class _Prediction(Protocol):
    draft: str


class _Dspy(Protocol):
    """The module `dspy` (3.4.1)."""

    def LM(self, model: str, *, api_base: str, api_key: str, cache: bool, num_retries: int) -> object: ...  # noqa: N802

    def context(self, *, lm: object) -> AbstractContextManager[object]: ...

    def Predict(self, signature: str) -> object: ...  # noqa: N802

    def Refine(  # noqa: N802
        self,
        *,
        module: object,
        N: int,  # noqa: N803
        reward_fn: Callable[[object, _Prediction], float],
        threshold: float,
    ) -> Callable[..., _Prediction]: ...


async def loopgain(job: Job) -> Trial:
    """A hand-written loop that LoopGain stops: it adds no call of its own, and gives back the best output it saw."""
    library = cast("_LoopGain", importlib.import_module("loopgain"))
    gain = library.LoopGain(target_error=0, max_iterations=job.passes)
    desk = Desk(job)
    try:
        text = await desk.write(f"{desk.task}\n\nWrite the text. Reply with the text only.")
        while gain.should_continue():
            names = [fault.name for fault in await desk.faults(text)]
            gain.observe(names, output=text)
            if gain.should_continue():
                text = await desk.write(f"{desk.task}\n\nCurrent draft:\n{text}\n\nFix: {names}\nRewrite it.")
    except CapReached:
        pass
    best = gain.result.best_output if desk.read else await desk.best()
    return replace(desk.trial(best), outcome=str(gain.result.outcome))


async def dspy_refine(job: Job) -> Trial:
    """`dspy.Refine`: resamples with advice until the reward reaches 1, and gives back the best prediction.

    Raises:
        UsageError: if the author is no plant; the library can be pointed at an address only.
    """
    if not isinstance(job.author, Plant):
        raise UsageError("DSPy speaks HTTP only, so its author must be a plant behind a server")
    library = cast("_Dspy", importlib.import_module("dspy"))
    desk = Desk(job)
    with PlantServer(job.author, tokens=job.tokens) as server:
        text = await anyio.to_thread.run_sync(partial(_refine, library, desk, server))
        served = server.served
    trial = desk.trial(text)
    return replace(trial, tokens=trial.tokens + served.input + served.output, calls=trial.calls + served.calls)


def _refine(library: _Dspy, desk: Desk, server: PlantServer) -> str:
    """The documented use, in a thread: the library is synchronous."""

    def reward(_args: object, prediction: _Prediction) -> float:
        text = prediction.draft
        desk.drafts.append(text)
        desk.held = server.served.input + server.served.output
        faults = anyio.from_thread.run(desk.faults, text)
        return 1 - len(faults) / len(desk.job.spec.criteria)

    # Retries inside the client would hide that the cap was reached.
    lm = library.LM("openai/plant", api_base=server.url, api_key="none", cache=False, num_retries=0)
    with library.context(lm=lm):
        refine = library.Refine(
            module=library.Predict("task -> draft"), N=desk.job.passes, reward_fn=reward, threshold=1.0
        )
        try:
            return refine(task=desk.task).draft
        except Exception:  # noqa: BLE001 - the library raises its own kinds when the server refuses; the cap is no crash
            return anyio.from_thread.run(desk.best)


PEERS: Final[Mapping[str, Loop]] = MappingProxyType({"LoopGain": loopgain, "DSPy Refine": dspy_refine})
"""The peers by the names that tables use."""

_NEEDS: Final[Mapping[str, str]] = MappingProxyType({"LoopGain": "loopgain", "DSPy Refine": "dspy"})


def missing(peer: str) -> str:
    """What a peer lacks to run; empty if it can."""
    module = _NEEDS[peer]
    return "" if importlib.util.find_spec(module) else f"the library {module!r} is not installed"
