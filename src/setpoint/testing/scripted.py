"""Scripted author, critic, mediator, person and model."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from setpoint.core.action import Ask, Judge, Mediate, Probe, Reask, Revise, Write
from setpoint.core.event import (
    Answered,
    Drafted,
    Judged,
    Mediated,
    Misjudged,
    MoveFailed,
    PatchMissed,
    Probed,
    Usage,
)
from setpoint.core.fault import Verdict
from setpoint.core.state import State
from setpoint.errors import ModelError
from setpoint.ports import Prompt, Reply

__all__ = [
    "AskedNothingMore",
    "ScriptedAuthor",
    "ScriptedCritic",
    "ScriptedMediator",
    "ScriptedModel",
    "ScriptedPerson",
]

AuthorAction: TypeAlias = Write | Revise | Reask
AuthorEvent: TypeAlias = Drafted | PatchMissed | MoveFailed
Answer: TypeAlias = str | Reply | ModelError


class AskedNothingMore(AssertionError):  # noqa: N818 - it fails a test
    """A fake was asked more often than its script has answers."""


class ScriptedAuthor:
    """An author that plays texts in order, or computes them.

    Args:
        script: the texts, one for each pass; or a function of (call, action, state) that gives the text, or an event.
        tokens: what each call is said to have used.
    """

    def __init__(
        self,
        script: Sequence[str] | Callable[[int, AuthorAction, State], "str | AuthorEvent"],
        *,
        tokens: int = 100,
    ) -> None:
        self.script = script
        self.tokens = tokens

    async def perform(self, call: int, action: AuthorAction, state: State) -> AuthorEvent:
        """Give the next text of the script as a draft."""
        if callable(self.script):
            said = self.script(call, action, state)
        elif len(state.passes) < len(self.script):
            said = self.script[len(state.passes)]
        else:
            raise AskedNothingMore(
                f"the script has {len(self.script)} texts and pass {len(state.passes) + 1} wants one"
            )
        if not isinstance(said, str):
            return said
        usage = Usage(input=self.tokens // 2, output=self.tokens - self.tokens // 2)
        revise = action.revise if isinstance(action, Reask) else action
        if isinstance(revise, Revise):
            return Drafted(call=call, text=said, origin=revise.move, base=revise.base, usage=usage)
        return Drafted(call=call, text=said, origin="first", usage=usage)


class ScriptedCritic:
    """A critic that judges by a function.

    Args:
        judge: (criterion name, text, call) → True, False, None for "cannot assess", or a whole verdict.
        tokens: what each call is said to have used.
        sensitive: whether it notices the planted failures of the probe.
        specific: whether it passes the planted passes of the probe.
    """

    def __init__(
        self,
        judge: Callable[[str, str, int], "bool | Verdict | None"],
        *,
        tokens: int = 100,
        sensitive: bool = True,
        specific: bool = True,
    ) -> None:
        self.judge = judge
        self.tokens = tokens
        self.sensitive = sensitive
        self.specific = specific

    async def perform(self, call: int, action: Judge, state: State) -> Judged | Misjudged:
        """Judge what is asked."""
        text = state.draft(action.draft).draft.text
        by = "confirmer" if action.role == "confirmer" else "critic"
        verdicts: list[Verdict] = []
        for name in action.criteria:
            said = self.judge(name, text, call)
            if isinstance(said, Verdict):
                verdicts.append(said)
            elif said is None:
                verdicts.append(Verdict(criterion=name, status="cannot_assess", reason="nobody can tell", by=by))
            elif said:
                verdicts.append(Verdict(criterion=name, status="pass", reason=f"{name} holds", by=by))
            else:
                directive = f"in line 1, put right what {name} demands"
                reason = f"{name} does not hold"
                verdicts.append(
                    Verdict(criterion=name, status="fail", reason=reason, directive=directive, shortfall=1.0, by=by)
                )
        return Judged(call=call, draft=action.draft, verdicts=tuple(verdicts), usage=self._usage())

    async def probe(self, call: int, action: Probe, state: State) -> Probed | Misjudged:
        """Answer a probe item well or badly."""
        del state
        return Probed(
            call=call,
            role=action.role,
            item=action.item,
            noticed=2 if self.sensitive else 0,
            failures=2,
            passed=1 if self.specific else 0,
            passes=1,
            usage=self._usage(),
        )

    def _usage(self) -> Usage:
        return Usage(input=self.tokens // 2, output=self.tokens - self.tokens // 2)


class ScriptedMediator:
    """A mediator that knows what competes.

    Args:
        competing: criterion → what competes with it; what is not there has no competitor.
    """

    def __init__(self, competing: Mapping[str, str]) -> None:
        self.competing = competing

    async def perform(self, call: int, action: Mediate, state: State) -> Mediated:
        """Say what competes."""
        del state
        found = self.competing.get(action.criterion, "")
        why = "they pull apart" if found else ""
        return Mediated(call=call, criterion=action.criterion, competing=found, why=why, usage=Usage(input=50))


class ScriptedPerson:
    """A person who approves or refuses by a function.

    Args:
        decide: the question → whether it is approved, or what is wanted instead.
    """

    def __init__(self, decide: Callable[[Ask], "bool | str"]) -> None:
        self.decide = decide
        self.asked: list[Ask] = []

    async def answer(self, ask: Ask) -> Answered:
        """Answer one question."""
        self.asked.append(ask)
        said = self.decide(ask)
        note = said if isinstance(said, str) else ""
        return Answered(question=ask.question, subject=ask.subject, approved=said is True, who="a person", note=note)


class ScriptedModel:
    """A model that plays replies in order, or computes them.

    Args:
        script: the replies (texts, `Reply` values or errors to raise), or a function of the prompt that gives one.
        name: what it calls itself.
    """

    def __init__(self, script: Sequence[Answer] | Callable[[Prompt], Answer], *, name: str = "scripted:model") -> None:
        self.script = script
        self._name = name
        self.prompts: list[Prompt] = []

    @property
    def name(self) -> str:
        """What it calls itself."""
        return self._name

    async def ask(self, prompt: Prompt) -> Reply:
        """Give the next reply.

        Raises:
            ModelError: if the script says so.
        """
        self.prompts.append(prompt)
        if callable(self.script):
            answer = self.script(prompt)
        elif len(self.prompts) <= len(self.script):
            answer = self.script[len(self.prompts) - 1]
        else:
            raise AskedNothingMore(f"the script has {len(self.script)} replies and was asked once more")
        if isinstance(answer, ModelError):
            raise answer
        if isinstance(answer, str):
            usage = Usage(input=len(prompt.system + prompt.user) // 4, output=len(answer) // 4)
            return Reply(text=answer, usage=usage)
        return answer
