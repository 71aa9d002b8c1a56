"""DSPy's Refine (3.4.1): samples the program again with advice, until the reward reaches the threshold.

The advice comes from a call of its own, which sees the program, the reward function and the trajectory; a new sample
sees the advice but not the text before it. The best sample by reward is returned.
"""

import contextlib
import importlib
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, cast

from baselines import CapReached, Job, Trial
from peers.booth import Booth, Ended, at_booth

__all__ = ["dspy_refine"]


class _Prediction(Protocol):
    draft: str


class _Dspy(Protocol):
    """The module `dspy`."""

    def LM(  # noqa: N802 - its own name
        self, model: str, *, api_base: str, api_key: str, cache: bool, num_retries: int, max_tokens: int
    ) -> object: ...

    def context(self, *, lm: object) -> AbstractContextManager[object]: ...

    def Predict(self, signature: str) -> object: ...  # noqa: N802

    def Refine(  # noqa: N802
        self,
        *,
        module: object,
        N: int,  # noqa: N803
        reward_fn: Callable[[object, _Prediction], float],
        threshold: float,
    ) -> Callable[..., _Prediction | None]: ...


async def dspy_refine(job: Job) -> Trial:
    """`dspy.Refine` over `dspy.Predict("task -> draft")`, as its documentation shows it."""
    return await at_booth(job, _refine)


def _refine(booth: Booth) -> Ended:
    library = cast("_Dspy", importlib.import_module("dspy"))
    desk = booth.desk

    def share_of_criteria_met(_args: object, prediction: _Prediction) -> float:
        """The share of the criteria that the draft meets; 1 if it meets all of them."""
        text = prediction.draft
        desk.drafts.append(text)
        return 1 - len(booth.faults(text)) / len(desk.job.spec.criteria)

    # Retries inside the client would hide that the cap was reached.
    lm = library.LM(
        "openai/plant",
        api_base=booth.server.url,
        api_key="none",
        cache=False,
        num_retries=0,
        max_tokens=max(desk.job.reply_tokens, 2000),
    )
    # Failed attempts are printed; a table is on the same stream.
    with library.context(lm=lm), contextlib.redirect_stdout(io.StringIO()):
        refine = library.Refine(
            module=library.Predict("task -> draft"),
            N=desk.job.passes,
            reward_fn=share_of_criteria_met,
            threshold=1.0,
        )
        try:
            found = refine(task=desk.task)
        except CapReached:
            found = None
        except Exception:  # noqa: BLE001 - it raises the client's own kinds when the server refuses; the cap is no crash
            found = None
    text = found.draft if found else booth.best()
    passed = text in desk.read and not desk.read[text]
    return Ended(text=text, claims=passed, outcome="threshold reached" if passed else "best of its samples")
