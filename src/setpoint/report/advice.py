"""What to do now, and what to change in the spec, in plain words per outcome.

What `core.diagnosis` says about a run is not said again here: these sentences are about the text that is there, and
about what no failure signature covers.
Every sentence names the criteria or the command it is about; none asks the reader to know how the loop works.
"""

from collections.abc import Collection, Sequence
from typing import assert_never

from setpoint.core.action import Ask, Outcome, Revise, Role
from setpoint.core.control import trusted
from setpoint.core.diagnosis import Signature
from setpoint.core.event import Stopped
from setpoint.core.record import DraftState
from setpoint.core.state import State
from setpoint.report.text import and_list, one_line, plural, thousands
from setpoint.run import question_of

__all__ = ["how_to_answer", "next_steps", "spec_advice"]

_MANY_PASSES = 5
_ANOTHER_CRITIC = (
    "Name another critic with `--critic PROVIDER:NAME` and run the spec again from this text (`--draft FILE`)."
)
_READ_IT = "Or read the text yourself; only you can say then that it is good."


def next_steps(
    state: State, run: str, returned: DraftState | None, diagnosis: Sequence[Signature] = ()
) -> tuple[str, ...]:
    """What to do now; commands stand in backticks."""
    if state.stopped is not None:
        return _after_cut_replies(state) or _after_end(state, state.stopped, run, returned, diagnosis)
    question = question_of(state)
    if question is not None:
        return (how_to_answer(question, run),)
    return (f"If no process is working on it any more, take it up again: `setpoint resume {run}`.",)


def _after_end(  # noqa: C901 - a case each
    state: State, stopped: Stopped, run: str, returned: DraftState | None, diagnosis: Sequence[Signature]
) -> tuple[str, ...]:
    still_open = state.open_criteria(returned) if returned else ()
    names = and_list(still_open)
    by_hand = f"Mend {names} by hand, then measure the text: `setpoint check DRAFT --spec SPEC`."
    if beside := _beside(stopped.outcome, {signature.name for signature in diagnosis}, by_hand):
        return beside
    match stopped.outcome:
        case "accepted":
            return _after_acceptance(state)
        case "unverified":
            return _after_doubt(state)
        case "off_target":
            return (
                f"Read the brief as a stranger would: does it say what {names} asks for, and do the sources hold it?",
                "If they do, the author is too weak for it: name another with `--author PROVIDER:NAME`.",
            )
        case "contradiction":
            return (f"Decide which of {names} goes first and say so in the brief, or loosen one of them.",)
        case "unsatisfiable":
            stuck = and_list(name for name in still_open if name in state.set_aside) or names
            return (f"Loosen {stuck}, or say in it how it can be met.", by_hand)
        case "unmeasurable":
            return (f"Add a source or a check for {names}: as it stands nobody can tell whether it is met.",)
        case "settled":
            return (f"Take the text as it is if it may stay open: {names}.", by_hand)
        case "out_of_budget":
            return _after_budget(state, run, names)
        case "cancelled":
            return (f"Go on where it stopped: `setpoint resume {run}`.",)
        case "machinery":
            return _after_trouble(state, run)
        case _:
            assert_never(stopped.outcome)


def how_to_answer(question: Ask, run: str) -> str:
    """The commands that answer a question and go on; they stand in backticks."""
    if question.question == "amend":
        return (
            f'Change the spec, then: `setpoint amend {run} SPEC --why "…"`; or leave it as it is: '
            f"`setpoint answer {run} no`. Then go on: `setpoint resume {run}`."
        )
    return f"Answer with `setpoint answer {run} yes|no [--note …]`, then go on: `setpoint resume {run}`."


def _beside(outcome: Outcome, known: Collection[str], by_hand: str) -> tuple[str, ...]:
    """What to do with this text where the diagnosis says already what to change; empty where it does not."""
    match outcome:
        case "off_target" if "wrong_premise" in known:
            return (
                "Do not polish this text: what it lacks is a matter of the brief and the sources.",
                "If those are sound, the author is too weak for it: name another with `--author PROVIDER:NAME`.",
            )
        case "contradiction" if "conflicting_pair" in known:
            return ("Change the spec first, then run it again from this text (`--draft FILE`).",)
        case "unsatisfiable" if "stubborn_criterion" in known:
            return (by_hand,)
        case "unverified" if "weak_critic" in known:
            return (_ANOTHER_CRITIC, _READ_IT)
        case _:
            return ()


def _after_acceptance(state: State) -> tuple[str, ...]:
    unmeasured = state.spec.judged and any(
        state.model(role) and state.sensitivity(role) is None for role in ("critic", "confirmer")
    )
    read = (
        "Read the text yourself before you rely on it: the critic was never tested."
        if unmeasured
        else "Read the text once yourself: criteria measure what they say and nothing else."
    )
    wishes = f"Look through {plural(len(state.wishes), 'wish')} in the parking lot; make a criterion of what matters."
    return (read, wishes) if state.wishes else (read,)


def _after_doubt(state: State) -> tuple[str, ...]:
    judged = and_list(criterion.name for criterion in state.spec.judged)
    return (_ANOTHER_CRITIC, f"Or give {judged} a check, so that code decides.", _READ_IT)


def _after_cut_replies(state: State) -> tuple[str, ...]:
    """What to do where most replies of the author did not end within their length; more passes would be cut as well."""
    if state.stopped is None or state.stopped.outcome not in {"out_of_budget", "machinery"}:
        return ()
    limit = state.opened.reply_tokens
    cut = sum(entry.failure is not None and entry.failure.why == "truncated" for entry in state.passes)
    if 2 * cut <= len(state.passes):
        return ()
    many = f"{cut} of {plural(len(state.passes), 'pass')}" if len(state.passes) > 1 else "The only pass"
    why = f"{many} brought no draft, because the reply was cut off after {thousands(limit)} tokens."
    return (
        f"{why} Give it more room, `reply_tokens = {4 * limit}` under [budget], and run the spec again.",
        "Or name an author that writes less, or thinks less before it writes: `--author PROVIDER:NAME`.",
    )


def _after_trouble(state: State, run: str) -> tuple[str, ...]:
    if state.broken >= state.policy.broken_readings:
        return ("This critic does not answer in the form it is asked for; name another: `--critic PROVIDER:NAME`.",)
    trouble = one_line(state.last_trouble or (state.stopped.reason if state.stopped else ""), 200)
    return (
        f"Put right what failed ({trouble}) and go on: `setpoint resume {run}`.",
        "Or start again with another model: `--author PROVIDER:NAME`, `--critic PROVIDER:NAME`.",
    )


def _after_budget(state: State, run: str, names: str) -> tuple[str, ...]:
    """Name the cap that was hit: more of another one would change nothing."""
    budget, reason = state.budget, state.stopped.reason if state.stopped else ""
    if len(state.passes) >= budget.passes:
        flags = "--passes +3"
    elif budget.tokens is not None and "tokens" in reason:
        flags = f"--tokens +{max(1, -(-budget.tokens // 3000))}k"
    elif budget.money is not None and "$" in reason:
        flags = f"--money +{budget.money / 2:.2f}"
    elif budget.seconds is not None:
        flags = f"--seconds +{max(60, round(budget.seconds / 2))}"
    else:
        flags = "--passes +3"
    still = f"Still open: {names}. " if names else ""
    return (f"{still}Go on with more budget: `setpoint continue {run} {flags}`.",)


def spec_advice(state: State, returned: DraftState | None, diagnosis: Sequence[Signature] = ()) -> tuple[str, ...]:
    """What to change in the spec so that the next run is shorter or says more, as far as the diagnosis does not say it."""
    advice: list[str] = []
    known = {signature.name for signature in diagnosis}
    told = {name for signature in diagnosis for name in signature.criteria}
    for name, why in state.set_aside.items():
        if name in told:
            continue
        advice.append(f"{name} was set aside ({one_line(why, 160)}): loosen it, or say in it how it can be met.")
    if returned is not None:
        verdicts = returned.verdicts()
        advice.extend(
            f"{name} cannot be assessed: add a source or a check."
            for name in state.spec.names()
            if name in verdicts and verdicts[name].status == "cannot_assess"
        )
    if len(state.passes) > _MANY_PASSES and told.isdisjoint(_slowest(state)):
        advice.append(
            f"The run took {plural(len(state.passes), 'pass')}; if that is usual, tighten {and_list(_slowest(state))}."
        )
    critics: tuple[Role, ...] = ("critic", "confirmer")
    untrusted = any(state.model(role) and not trusted(state, role) for role in critics)
    if state.spec.judged and untrusted and "weak_critic" not in known:
        names = and_list(criterion.name for criterion in state.spec.judged)
        advice.append(f"The critic failed its test on planted texts: name another one, or give {names} a check.")
    if state.wishes:
        advice.append(
            f"The critic wished for {plural(len(state.wishes), 'thing')} that no criterion demands; see below."
        )
    return tuple(advice)


def _slowest(state: State) -> Sequence[str]:
    """The criteria that were targeted most."""
    times: dict[str, int] = {}
    for entry in state.passes:
        for name in entry.action.targets if isinstance(entry.action, Revise) else ():
            times[name] = times.get(name, 0) + 1
    most = max(times.values(), default=0)
    return [name for name, count in times.items() if count == most] or list(state.spec.names())
