"""The author over a model: writes, edits, rewrites and redrafts.

It is shown the spec, its own text and the faults of this pass; never the critic's prompt, never earlier passes.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from setpoint.core.action import Reask, Revise, Setting, Write
from setpoint.core.control import faults
from setpoint.core.draft import Edit, apply_edits, locked_spans
from setpoint.core.event import Drafted, MoveFailed, MoveFailure, PatchMissed
from setpoint.core.fault import Fault
from setpoint.core.state import State
from setpoint.ports import Model, Prompt, Reply
from setpoint.roles.prompting import mark, render, seed_for
from setpoint.roles.reply import Unreadable, as_list, as_mapping, json_object, plain_text, refusal

__all__ = ["ModelAuthor"]

_TEMPERATURE: Final[dict[Setting, float]] = {"steady": 0.4, "varied": 0.9}
_FIRST_TEMPERATURE: Final = 0.7
_EDITS: Final = {
    "type": "object",
    "properties": {
        "edits": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"search": {"type": "string"}, "replace": {"type": "string"}},
                "required": ["search", "replace"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["edits"],
    "additionalProperties": False,
}


class ModelAuthor:
    """An `Author` that asks a model.

    Args:
        model: the model that writes.
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    async def perform(
        self, call: int, action: Write | Revise | Reask, state: State
    ) -> Drafted | PatchMissed | MoveFailed:
        """Carry out one author action with one model call.

        Raises:
            ModelError: if no reply came back.
        """
        reply = await self.model.ask(self.prompt(call, action, state))
        try:
            return _interpret(call, action, state, reply)
        except Unreadable as trouble:
            why: MoveFailure = "unparsable" if trouble.kind == "contradictory" else trouble.kind
            return _failed(call, action, why, trouble.detail, reply)

    def prompt(self, call: int, action: Write | Revise | Reask, state: State) -> Prompt:
        """The prompt for an action; a function of its arguments alone."""
        spec = state.spec
        sign = mark(state.opened.nonce, "author")
        system = render(
            "author_system.md",
            brief=spec.brief,
            kind=spec.kind,
            sources=spec.sources,
            criteria=spec.criteria,
            mark=sign,
        )
        revise = action.revise if isinstance(action, Reask) else action
        edits = isinstance(revise, Revise) and revise.move == "edit"
        return Prompt(
            system=system,
            user=_user(action, state, sign),
            max_tokens=state.opened.reply_tokens,
            schema=_EDITS if edits else None,
            temperature=_TEMPERATURE[revise.setting] if isinstance(revise, Revise) else _FIRST_TEMPERATURE,
            seed=seed_for(state.opened.seed, call),
        )


def _user(action: Write | Revise | Reask, state: State, sign: str) -> str:
    match action:
        case Write():
            return render("author_first.md")
        case Reask():
            before = _user(action.revise, state, sign)
            edits = json.dumps(
                {"edits": [{"search": e.search, "replace": e.replace} for e in action.edits]}, ensure_ascii=False
            )
            return render("author_reask.md", before=before, edits=edits, misses=action.misses)
        case Revise():
            base = state.draft(action.base)
            open_names = state.open_criteria(base)
            return render(
                f"author_{action.move}.md",
                text=base.draft.text,
                faults=_targeted(action, state),
                kept=[c for c in state.spec.criteria if c.name not in open_names],
                criteria=state.spec.criteria,
                locked=locked_spans(state.opened.given or ""),
                mark=sign,
            )


def _targeted(action: Revise, state: State) -> list[Fault]:
    """The faults of this pass, in the order in which they were ranked."""
    known = {fault.criterion.name: fault for fault in faults(state, state.draft(action.base))}
    return [known[name] for name in action.targets if name in known]


def _interpret(
    call: int, action: Write | Revise | Reask, state: State, reply: Reply
) -> Drafted | PatchMissed | MoveFailed:
    if declined := refusal(reply):
        return _failed(call, action, "refused", declined, reply)
    revise = action.revise if isinstance(action, Reask) else action
    if isinstance(revise, Revise) and revise.move == "edit":
        return _patch(call, action, revise, state, reply)
    text = plain_text(replace(reply, text=_without_marks(reply.text, state)), state.spec.kind)
    if not text:
        return _failed(call, action, "empty", "the author sent an empty reply", reply)
    if reply.finish == "length":
        limit = state.opened.reply_tokens
        detail = f"the reply was cut off after {limit} tokens; a larger budget.reply_tokens lets it end"
        return _failed(call, action, "truncated", detail, reply)
    if isinstance(revise, Revise):
        return Drafted(call=call, text=text, origin=revise.move, base=revise.base, usage=reply.usage)
    return Drafted(call=call, text=text, origin="first", usage=reply.usage)


def _without_marks(text: str, state: State) -> str:
    """The reply without the delimiters of our own prompt, which weak models copy."""
    sign = re.escape(mark(state.opened.nonce, "author"))
    return re.sub(rf"\[{sign} (?:begin|end|locked)[^\]\n]*\]\n?", "", text)


def _patch(
    call: int, action: Write | Revise | Reask, revise: Revise, state: State, reply: Reply
) -> Drafted | PatchMissed | MoveFailed:
    edits = _edits(json_object(reply))
    if not edits:
        return _failed(call, action, "unchanged", "the author sent no edits", reply)
    patched = apply_edits(state.draft(revise.base).draft.text, edits)
    if patched.misses and not isinstance(action, Reask):
        return PatchMissed(call=call, revise=revise, edits=edits, misses=patched.misses, usage=reply.usage)
    if patched.misses:
        return _failed(call, action, "patch_not_applied", "; ".join(patched.misses), reply)
    return Drafted(call=call, text=patched.text, origin="edit", base=revise.base, usage=reply.usage)


def _edits(found: Mapping[str, object]) -> tuple[Edit, ...]:
    if not isinstance(found.get("edits"), list):
        raise Unreadable("unparsable", "the reply has no list of edits")
    edits: list[Edit] = []
    for item in map(as_mapping, as_list(found["edits"])):
        search, replace = item.get("search"), item.get("replace")
        if not isinstance(search, str) or not isinstance(replace, str):
            raise Unreadable("unparsable", "an edit has no 'search' and 'replace' texts")
        if search != replace:
            edits.append(Edit(search=search, replace=replace))
    return tuple(edits)


def _failed(call: int, action: Write | Revise | Reask, why: MoveFailure, detail: str, reply: Reply) -> MoveFailed:
    revise = action.revise if isinstance(action, Reask) else action
    move = revise.move if isinstance(revise, Revise) else "first"
    return MoveFailed(call=call, move=move, why=why, detail=detail, usage=reply.usage)
