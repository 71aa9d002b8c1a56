"""GEPA's `optimize_anything` (0.1.4), single-task: the candidate is the text, each proposal a reflection on its score.

A proposal is kept if its score is strictly better than its parent's; the best one is returned. Evaluations are cached,
because the parent would else be read anew for each proposal. The reflection model is a function, which the library
documents beside a model's name, so its calls count at the desk.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, cast

from baselines import CapReached, Job, Trial, first_draft
from peers.booth import Booth, Ended, at_booth

__all__ = ["gepa_optimize"]


class _Config(Protocol):
    stop_callbacks: Sequence[Callable[[object], bool]]


class _Result(Protocol):
    best_candidate: str


class _Gepa(Protocol):
    """The module `gepa.optimize_anything`."""

    def optimize_anything(
        self,
        *,
        seed_candidate: str,
        evaluator: Callable[[str], tuple[float, Mapping[str, object]]],
        objective: str,
        config: _Config,
    ) -> _Result: ...

    def GEPAConfig(self, *, engine: object, reflection: object, tracking: object) -> _Config: ...  # noqa: N802 - its own

    def EngineConfig(  # noqa: N802
        self, *, max_candidate_proposals: int, cache_evaluation: bool, parallel: bool, seed: int
    ) -> object: ...

    def ReflectionConfig(self, *, reflection_lm: Callable[[str], str]) -> object: ...  # noqa: N802

    def TrackingConfig(self, *, logger: object) -> object: ...  # noqa: N802


class _Stoppers(Protocol):
    """The module `gepa.utils`."""

    def ScoreThresholdStopper(self, threshold: float) -> Callable[[object], bool]: ...  # noqa: N802


class _Silent:
    """A logger that says nothing: a table is on the stream that the library's own writes to."""

    def log(self, *_args: object, **_more: object) -> None: ...


async def gepa_optimize(job: Job) -> Trial:
    """`optimize_anything` from the same first draft as the others."""
    return await at_booth(job, _optimize)


def _optimize(booth: Booth) -> Ended:
    library = cast("_Gepa", importlib.import_module("gepa.optimize_anything"))
    utils = cast("_Stoppers", importlib.import_module("gepa.utils"))
    desk = booth.desk
    full: list[bool] = []  # holds one item once the cap is reached

    def evaluator(candidate: str) -> tuple[float, Mapping[str, object]]:
        try:
            faults = booth.faults(candidate)
        except CapReached:
            full.append(True)
            return 0.0, {"Error": "the budget is spent"}
        listed = "\n".join(f"- {fault.name}: {fault.directive}" for fault in faults)
        return 1 - len(faults) / len(desk.job.spec.criteria), {"Feedback": f"These criteria failed:\n{listed}"}

    def reflection(prompt: str) -> str:
        try:
            return f"```\n{booth.write(prompt)}\n```"
        except CapReached:
            full.append(True)
            return ""

    def cap_reached(_state: object) -> bool:
        return bool(full)

    config = library.GEPAConfig(
        engine=library.EngineConfig(
            max_candidate_proposals=max(1, desk.job.passes - 1),
            cache_evaluation=True,
            parallel=False,
            seed=desk.job.seed,
        ),
        reflection=library.ReflectionConfig(reflection_lm=reflection),
        tracking=library.TrackingConfig(logger=_Silent()),
    )
    config.stop_callbacks = [utils.ScoreThresholdStopper(1.0), cap_reached]
    try:
        result = library.optimize_anything(
            seed_candidate=booth.write(first_draft(desk)), evaluator=evaluator, objective=desk.task, config=config
        )
    except CapReached:
        return Ended(text=booth.best(), claims=False, outcome="cap reached")
    text = result.best_candidate
    passed = text in desk.read and not desk.read[text]
    outcome = "threshold reached" if passed else "cap reached" if full else "proposals spent"
    return Ended(text=text, claims=passed, outcome=outcome)
