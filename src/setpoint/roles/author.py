"""The author over a model: writes, edits, rewrites and redrafts.

It is shown the spec, its own text and the faults of this pass; never the critic's prompt, never earlier passes.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from setpoint.core.action import Reask, Revise, Setting, Write
from setpoint.core.control import cut_off, faults, was_cut_off
from setpoint.core.draft import apply_edits, locked_spans
from setpoint.core.event import Drafted, MoveFailed, MoveFailure, PatchMissed
from setpoint.core.excerpt import Sight, sight, whole
from setpoint.core.fault import Fault
from setpoint.core.spec import Criterion
from setpoint.core.state import State
from setpoint.ports import Model, Prompt, Reply
from setpoint.roles.echoes import without_echoes, without_remarks
from setpoint.roles.edits import edit_schema, edits_in, example, said_again, takes_additions
from setpoint.roles.prompting import mark, render, seed_for
from setpoint.roles.reply import Unreadable, as_mapping, json_object, plain_text, refusal, whole_sentences

__all__ = ["ModelAuthor"]

_TEMPERATURE: Final[dict[Setting, float]] = {"steady": 0.4, "varied": 0.9}
_FIRST_TEMPERATURE: Final = 0.7
_CHECK_LINE: Final = re.compile(r"^\W*CHECK\W+([a-z0-9][a-z0-9._-]*)\W*:\s*(.*)$", re.IGNORECASE)


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
        sign = mark(state.opened.nonce, "author")
        revise = action.revise if isinstance(action, Reask) else action
        return Prompt(
            system=render("author_system.md"),
            user=f"{self.task(state)}\n\n{_user(action, state, sign)}",
            max_tokens=state.opened.reply_tokens,
            schema=_schema(revise, state) if isinstance(revise, Revise) and revise.move == "edit" else None,
            temperature=_TEMPERATURE[revise.setting] if isinstance(revise, Revise) else _FIRST_TEMPERATURE,
            seed=seed_for(state.opened.seed, call),
        )

    def task(self, state: State) -> str:
        """What is to be written, from what, and what it must meet; every prompt of a run begins with it.

        It stands in the request, not in the system prompt: small models take the request for the whole task, and
        answer one that only says "write the text" with the list of demands.
        """
        spec = state.spec
        sign = mark(state.opened.nonce, "author")
        return render(
            "author_task.md",
            brief=spec.brief,
            kind=spec.kind,
            sources=spec.sources,
            criteria=spec.criteria,
            mark=sign,
        )


def _schema(revise: Revise, state: State) -> dict[str, object]:
    text, targeted = state.draft(revise.base).draft.text, _targeted(revise, state)
    return edit_schema(targeted, _sight(revise, state), text, _promoted(state))


def _sight(revise: Revise, state: State) -> Sight:
    """What the author sees of its text: all of it, save for edits of a long one."""
    text = state.draft(revise.base).draft.text
    if revise.move != "edit":
        return whole(text)
    return sight(text, _targeted(revise, state), kind=state.spec.kind, long_words=state.policy.long_words)


def _promoted(state: State) -> tuple[Criterion, ...]:
    """What the author must check its text against, quoting what shows it (rule 12)."""
    known = set(state.spec.names())
    return tuple(state.spec.criterion(name) for name in state.promoted if name in known)


def _user(action: Write | Revise | Reask, state: State, sign: str) -> str:
    revise = action.revise if isinstance(action, Reask) else action
    standing = _standing(revise, state, sign)
    match action:
        case Write(stage="outline"):
            return _outline(state, "", action.lessons, standing, sign)
        case Write():
            return render("author_first.md", lessons=action.lessons, approach=action.approach, standing=standing)
        case Reask():
            before, edits = _user(action.revise, state, sign), said_again(action.edits)
            return render("author_reask.md", before=before, edits=edits, misses=action.misses)
        case Revise():
            base = state.draft(action.base)
            if base.draft.stage == "outline":
                wanted = [fault.directive for fault in _targeted(action, state)]
                return _outline(state, base.draft.text, wanted, standing, sign)
            open_names = state.open_criteria(base)
            targeted, shown, promoted = _targeted(action, state), _sight(action, state), _promoted(state)
            return render(
                f"author_{action.move}.md",
                text=shown.text,
                scope=shown.scope,
                faults=targeted,
                additions=[fault.criterion.name for fault in targeted if takes_additions(fault, shown)],
                form=example(targeted, shown, promoted),
                # What is frozen stands alone, as a hard constraint: among all that is to stay it would be one of many.
                kept=[c for c in state.criteria(base) if c.name not in open_names and not action.hold],
                promoted=promoted,
                standing=standing,
                mark=sign,
            )


def _outline(state: State, text: str, lessons: Sequence[str], standing: str, sign: str) -> str:
    """An outline from nothing, or, if there is one, that one put right (rule 10)."""
    criteria = state.opened.outline
    return render("author_outline.md", criteria=criteria, text=text, lessons=lessons, standing=standing, mark=sign)


def _standing(action: Write | Revise, state: State, sign: str) -> str:
    """What holds for every move: locks, structure, precedence, what is frozen and what to check (rules 9, 10, 12, 13)."""
    known = {criterion.name: criterion.says for criterion in state.spec.criteria}
    prose = state.lineage.stage == "prose"
    return render(
        "author_standing.md",
        locked=locked_spans(state.opened.given or ""),
        skeleton=state.skeleton if prose else (),
        preferences=[(known.get(p.winner, p.winner), known.get(p.loser, p.loser)) for p in state.preferences],
        hold=[state.criterion(name) for name in action.hold] if isinstance(action, Revise) else (),
        promoted=_promoted(state) if prose else (),
        edits=isinstance(action, Revise) and action.move == "edit",
        shorter=cut_off(state) if isinstance(action, Revise) and action.move != "edit" else (),
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
    said = _said(reply, state)
    text = plain_text(replace(reply, text=said.text), state.spec.kind)
    if reply.finish == "length":
        limit = state.opened.reply_tokens
        before = "" if text else " before its first word, as happens to models that think before they write"
        detail = f"the reply was cut off after {limit} tokens{before}; a larger budget.reply_tokens lets it end"
        whole = whole_sentences(text, state.spec.kind) if _was_told(action, state) else ""
        if not whole:
            return _failed(call, action, "truncated", detail, reply)
        # Told once how long it may be, the author did not end. Its text is a draft that can be measured; without one,
        # three such replies would end the run with nothing.
        origin, base = ("redraft", revise.base) if isinstance(revise, Revise) else ("first", None)
        return Drafted(
            call=call, text=whole, origin=origin, base=base, usage=reply.usage, evidence=said.evidence, cut=True
        )
    if not text:
        return _failed(call, action, "empty", "the author sent an empty reply", reply)
    if isinstance(revise, Revise):
        return Drafted(
            call=call, text=text, origin=revise.move, base=revise.base, usage=reply.usage, evidence=said.evidence
        )
    return Drafted(call=call, text=text, origin="first", usage=reply.usage, evidence=said.evidence)


def _was_told(action: Write | Revise | Reask, state: State) -> bool:
    """Whether the author is asked for a fresh draft again because the reply before was cut off."""
    fresh = isinstance(action, Write) or (isinstance(action, Revise) and action.move == "redraft")
    return fresh and was_cut_off(state)


class _Said(NamedTuple):
    text: str
    evidence: dict[str, str]


def _said(reply: Reply, state: State) -> _Said:
    """The text of a reply without what belongs to our own prompt, and the evidence that the author quotes for it."""
    wanted = {criterion.name for criterion in _promoted(state)}
    kept: list[str] = []
    evidence: dict[str, str] = {}
    for line in _without_marks(reply.text, state).split("\n"):
        check = _CHECK_LINE.match(line)
        if check is not None and check[1] in wanted:
            evidence[check[1]] = check[2].strip().strip("\"'`\u201c\u201d")
        else:
            kept.append(line)
    own = without_echoes("\n".join(kept), state.spec, state.opened.given or "")
    return _Said(without_remarks(own) if state.spec.kind in {"text", "markdown"} else own, evidence)


def _without_marks(text: str, state: State) -> str:
    """The reply without the delimiters of our own prompt, which weak models copy."""
    sign = mark(state.opened.nonce, "author")
    if sign not in text:  # each run has its own, so the pattern would be compiled for every reply
        return text
    return re.sub(rf"\[{re.escape(sign)} (?:begin|end|locked)[^\]\n]*\]\n?", "", text)


def _patch(
    call: int, action: Write | Revise | Reask, revise: Revise, state: State, reply: Reply
) -> Drafted | PatchMissed | MoveFailed:
    found = json_object(reply)
    base = state.draft(revise.base).draft.text
    edits, unseen = edits_in(found, base, _targeted(revise, state), _sight(revise, state))
    if not edits and not unseen:
        return _failed(call, action, "unchanged", "the author sent no edits", reply)
    patched = apply_edits(base, edits)
    misses = (*patched.misses, *(f"{one.search!r} stands where the text was not shown in full" for one in unseen))
    # A fault for which some edits applied may well be mended; whether it is, measuring tells for less than asking again.
    # Of edits that are for nobody in particular nothing is known but that some are missing.
    idle = {edit.about for edit in (*edits, *unseen) if edit.about not in patched.helped or not edit.about}
    if misses and idle and not isinstance(action, Reask):
        return PatchMissed(call=call, revise=revise, edits=(*edits, *unseen), misses=misses, usage=reply.usage)
    if not patched.applied:
        return _failed(call, action, "patch_not_applied", "; ".join(misses), reply)
    evidence = {name: said for name, said in as_mapping(found.get("checks")).items() if isinstance(said, str)}
    return Drafted(
        call=call,
        text=patched.text,
        origin="edit",
        base=revise.base,
        usage=reply.usage,
        evidence=evidence,
        misses=misses,
    )


def _failed(call: int, action: Write | Revise | Reask, why: MoveFailure, detail: str, reply: Reply) -> MoveFailed:
    revise = action.revise if isinstance(action, Reask) else action
    move = revise.move if isinstance(revise, Revise) else "first"
    return MoveFailed(call=call, move=move, why=why, detail=detail, usage=reply.usage)
