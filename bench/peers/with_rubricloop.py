"""RubricLoop (0.2.0): named rules, by code or by a scoped judge; retries until they pass or a failure repeats.

Rules with a check are code, the others go to its own judge over HTTP. Its request to the author holds no draft, so the
author keeps the last one and sends it along: the use that is fairest to it. A judge whose reply cannot be read
*abstains*, and the library then counts the rule as passed; the table follows it in what it returns, but counts such a
pass as no claim.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Protocol, cast

from baselines import CapReached, Job, Trial, first_draft
from peers.booth import KEY, Booth, Ended, at_booth

__all__ = ["rubricloop"]

_JUDGE_TOKENS: Final = 4000
"""Room for a judge's reply; the default of 800 cuts replies about many rules, and a cut reply is an abstention."""


class _Request(Protocol):
    prompt: str
    feedback: str | None


class _Verdict(Protocol):
    abstentions: Sequence[object]
    failures: Sequence[object]


class _Iteration(Protocol):
    index: int
    output: str
    verdict: _Verdict


class _Run(Protocol):
    passed: bool
    output: str
    stop_reason: str
    shipped_iteration: int
    iterations: Sequence[_Iteration]


class _CheckResult(Protocol):
    def passed(self) -> object: ...

    def failed(self, evidence: str) -> object: ...


class _RubricLoop(Protocol):
    """The module `rubricloop`."""

    CheckResult: _CheckResult

    def Rule(  # noqa: N802 - its own name
        self,
        rule: str,
        name: str,
        /,
        *,
        check: Callable[[str, object], object] | None = None,
        criteria: str | None = None,
    ) -> object: ...

    def rubric(self, name: str, *rules: object) -> object: ...

    def Budget(self, *, max_iterations: int, max_tokens: int) -> object: ...  # noqa: N802

    def JudgeConfig(  # noqa: N802
        self, base_url: str, model: str, api_key_ref: str, *, max_judge_tokens: int
    ) -> object: ...

    def verify(
        self,
        agent: Callable[[_Request], str],
        prompt: str,
        rubric: object,
        /,
        *,
        budget: object,
        judge: object,
        on_event: Callable[[Mapping[str, object]], None],
    ) -> _Run: ...


async def rubricloop(job: Job) -> Trial:
    """`rubricloop.verify` with one rule per criterion."""
    return await at_booth(job, _verify)


def _verify(booth: Booth) -> Ended:
    library = cast("_RubricLoop", importlib.import_module("rubricloop"))
    desk = booth.desk
    seen: list[tuple[int, str]] = []

    def agent(request: _Request) -> str:
        last = desk.drafts[-1] if desk.drafts else ""
        if not request.feedback or not last:
            return booth.write(first_draft(desk))
        return booth.write(f"{request.prompt}\n\nCurrent draft:\n{last}\n\n{request.feedback}")

    def note(event: Mapping[str, object]) -> None:
        if event["type"] == "iteration":
            seen.append((len(cast("Sequence[object]", event["failures"])), str(event["output"])))

    try:
        run = library.verify(
            agent,
            desk.task,
            _rules(library, booth),
            judge=library.JudgeConfig(booth.server.url, "plant", f"env:{KEY}", max_judge_tokens=_JUDGE_TOKENS),
            budget=library.Budget(max_iterations=desk.job.passes, max_tokens=desk.job.tokens),
            on_event=note,
        )
    except CapReached:
        text = min(seen, key=lambda one: one[0])[1] if seen else (desk.drafts[-1] if desk.drafts else "")
        return Ended(text=text, claims=False, outcome="cap reached")
    shipped = next(one for one in run.iterations if one.index == run.shipped_iteration)
    unread = bool(shipped.verdict.abstentions)
    outcome = "passed, judge unread" if run.passed and unread else run.stop_reason
    return Ended(text=run.output, claims=run.passed and not unread, outcome=outcome)


def _rules(library: _RubricLoop, booth: Booth) -> object:
    def measure(name: str, text: str, _context: object) -> object:
        said = booth.open_checks(text).get(name)
        return library.CheckResult.passed() if said is None else library.CheckResult.failed(said)

    checked = {c.name for c in booth.job.spec.checked}
    return library.rubric(
        "plant",
        *(
            library.Rule(c.name, c.says, check=partial(measure, c.name))
            if c.name in checked
            else library.Rule(c.name, c.name, criteria=c.says)
            for c in booth.job.spec.criteria
        ),
    )
