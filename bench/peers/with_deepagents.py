"""deepagents' RubricMiddleware (0.7.32): a grader reads the transcript against a rubric and sends the agent back.

Author and grader both go over HTTP. The grader judges every criterion by itself; where the task has a check, a
middleware of the grader, which is a documented parameter, puts the check's verdict in the place of the grader's, so that
the reading is the same as everybody's. Another documented parameter shows the grader the task and the last draft only,
in parts below the 4,000 characters that it would cut a message to; without it long texts are never graded whole.
`create_agent` is used: `create_deep_agent` adds some 2,600 tokens to each call of the author for tools that this task
has no use for. The last message is what comes back, as the library documents.
"""

import importlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, cast

from baselines import Job, Trial, first_draft
from peers.booth import Booth, Ended, at_booth

__all__ = ["deepagents_rubric"]

_MESSAGE_CHARS: Final = 3_500
"""The grader is shown no more than 4,000 characters of a message."""
_GRADER_TOKENS: Final = 4_000
"""Room for a grader's reply: one that is cut is an error of the grader, which ends the run."""


class _Message(Protocol):
    text: str

    def model_copy(self, *, update: Mapping[str, object]) -> "_Message": ...


class _Agent(Protocol):
    def invoke(self, state: Mapping[str, object], config: Mapping[str, object]) -> Mapping[str, Sequence[_Message]]: ...


class _Graded(Protocol):
    """The grader's structured reply."""

    result: str
    explanation: str
    criteria: list[dict[str, object]]

    def model_copy(self, *, update: Mapping[str, object]) -> "_Graded": ...


class _Response(Protocol):
    """What a grader's call gives a middleware."""

    structured_response: _Graded | None


class _Agents(Protocol):
    """The module `langchain.agents`."""

    def create_agent(self, *, model: object, tools: Sequence[object], middleware: Sequence[object]) -> _Agent: ...


class _Middleware(Protocol):
    """The module `langchain.agents.middleware`."""

    def wrap_model_call(self, call: Callable[[object, Callable[[object], _Response]], _Response]) -> object: ...


class _DeepAgents(Protocol):
    """The module `deepagents`."""

    def RubricMiddleware(  # noqa: N802 - its own name
        self,
        *,
        model: object,
        max_iterations: int,
        grader_middleware: Sequence[object],
        prepare_messages_for_grader: Callable[[list[_Message]], list[_Message]],
        on_evaluation: Callable[[Mapping[str, object]], None],
    ) -> object: ...


class _OpenAI(Protocol):
    """The module `langchain_openai`."""

    def ChatOpenAI(  # noqa: N802
        self, *, model: str, base_url: str, api_key: str, max_retries: int, use_responses_api: bool, max_tokens: int
    ) -> object: ...


async def deepagents_rubric(job: Job) -> Trial:
    """`create_agent` with `RubricMiddleware`."""
    return await at_booth(job, _grade)


def _grade(booth: Booth) -> Ended:
    library = cast("_DeepAgents", importlib.import_module("deepagents"))
    agents = cast("_Agents", importlib.import_module("langchain.agents"))
    desk = booth.desk
    said: list[str] = []

    def note(evaluation: Mapping[str, object]) -> None:
        said.append(str(evaluation["result"]))

    def prepare(messages: list[_Message]) -> list[_Message]:
        text = messages[-1].text
        if desk.drafts[-1:] != [text]:  # a reply of the grader that cannot be used is asked for once more
            desk.drafts.append(text)
        return [messages[0], *(messages[-1].model_copy(update={"content": part}) for part in _parts(text))]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says each time that it is in beta
        rubric = library.RubricMiddleware(
            model=_model(booth, _GRADER_TOKENS),
            max_iterations=desk.job.passes,
            grader_middleware=[_checks_decide(booth)],
            prepare_messages_for_grader=prepare,
            on_evaluation=note,
        )
    agent = agents.create_agent(model=_model(booth, desk.job.reply_tokens), tools=[], middleware=[rubric])
    state = {"messages": [{"role": "user", "content": first_draft(desk)}], "rubric": desk.listed}
    try:
        text = agent.invoke(state, {"recursion_limit": 1000})["messages"][-1].text
    except Exception:  # noqa: BLE001 - it raises the client's own kinds when the server refuses; the cap is no crash
        text = desk.drafts[-1] if desk.drafts else ""
        said.append("cap reached")
    ended = said[-1] if said else "no evaluation"
    return Ended(text=text, claims=ended == "satisfied", outcome=ended)


def _parts(text: str) -> list[str]:
    """A text in parts that the grader is shown whole, none of which begins with a heading or an empty line."""
    parts: list[str] = [""]
    for line in text.splitlines(keepends=True):
        if len(parts[-1]) + len(line) > _MESSAGE_CHARS and line.strip() and not line.startswith("#"):
            parts.append("")
        parts[-1] += line
    return parts


def _model(booth: Booth, limit: int) -> object:
    openai = cast("_OpenAI", importlib.import_module("langchain_openai"))
    return openai.ChatOpenAI(
        model="plant",
        base_url=booth.server.url,
        api_key="none",
        max_retries=0,
        use_responses_api=False,
        max_tokens=limit,
    )


def _checks_decide(booth: Booth) -> object:
    """A middleware of the grader: code decides the criteria that have a check."""
    middleware = cast("_Middleware", importlib.import_module("langchain.agents.middleware"))
    checked = {c.name for c in booth.job.spec.checked}

    def corrected(request: object, handler: Callable[[object], _Response]) -> _Response:
        response = handler(request)
        graded = response.structured_response
        if graded is None or graded.result == "failed":
            return response
        failed = booth.open_checks(booth.desk.drafts[-1])
        criteria = [_verdict(str(one["name"]), failed) if one["name"] in checked else one for one in graded.criteria]
        met = all(one["passed"] for one in criteria)
        gaps = "; ".join(f"{one['name']}: {one['gap']}" for one in criteria if not one["passed"])
        response.structured_response = graded.model_copy(
            update={
                "criteria": criteria,
                "result": "satisfied" if met else "needs_revision",
                "explanation": "Every criterion is met." if met else f"Not yet met: {gaps}",
            }
        )
        return response

    return middleware.wrap_model_call(corrected)


def _verdict(name: str, failed: Mapping[str, str]) -> dict[str, object]:
    return {"name": name, "passed": False, "gap": failed[name]} if name in failed else {"name": name, "passed": True}
