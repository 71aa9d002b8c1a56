"""What a run would take, before it is started: no call is made, no key is read, no program is run."""

from collections.abc import Sequence

from setpoint.compose.beginning import reply_room
from setpoint.compose.casting import role_models
from setpoint.compose.history import past_runs
from setpoint.compose.request import Request
from setpoint.compose.settings import Settings
from setpoint.compose.structure import outline_for
from setpoint.core.expected import expected_cost, likely_words
from setpoint.core.forecast import Outlook, estimate, exclude_each_other, faults_at_once
from setpoint.core.past import PastRun
from setpoint.core.policy import Policy
from setpoint.core.rates import rates_for
from setpoint.core.spec import Budget
from setpoint.ports import Ledger
from setpoint.rubric.lint import Target, excluded, no_first_draft
from setpoint.rubric.probe import battery

__all__ = ["estimate_request", "past_for"]


async def past_for(request: Request, where: Settings, ledger: Ledger | None) -> tuple[PastRun, ...]:
    """The past runs that the outlook of a request rests on.

    Raises:
        LedgerError: if they cannot be read.
    """
    author = request.named("author", where.config)
    if ledger is None or not isinstance(author, str):
        return ()
    return await past_runs(ledger, author, request.spec.spec.digest)


async def estimate_request(
    request: Request, where: Settings, ledger: Ledger | None, *, past: Sequence[PastRun] | None = None
) -> Outlook:
    """The outlook of a run as it would be begun.

    Args:
        request: the run; an author that is not named anywhere counts as a middling one of unknown price.
        where: the configuration.
        ledger: where past runs are; None if nothing was ever recorded.
        past: these runs instead, from `past_for`.

    Raises:
        ConfigError: if a money cap meets an unknown price, or a price file cannot be used.
    """
    spec = request.spec.spec
    budget = request.budget or request.spec.budget
    models = role_models(request, where, budget)
    author = next((model.model for model in models if model.role == "author"), "")
    words = likely_words(spec)
    policy = request.policy or Policy()
    tactic = policy.ladder(words)[0]
    cost = expected_cost(
        spec,
        models,
        words=words,
        edits=tactic.move == "edit",
        probe_items=len(battery()) if request.probe else 0,
    )
    past = await past_for(request, where, ledger) if past is None else past
    return estimate(
        spec,
        budget,
        rates_for(author, words),
        cost,
        focus=faults_at_once(policy, tactic),
        outline=bool(outline_for(spec, request.draft)),
        past=past,
        obstacle=_obstacle(request, budget),
    )


def _obstacle(request: Request, budget: Budget) -> tuple[str, str] | None:
    """What keeps every run of the spec from being done, as lint and the law see it: what to do first, and why."""
    spec = request.spec.spec
    room = request.spec.reply_tokens or reply_room(spec, request.draft)
    if pairs := excluded(spec, budget):
        return exclude_each_other(pairs[0])
    if short := no_first_draft(Target(spec=spec, budget=budget, reply_tokens=room)):
        return "change the budget first", f"no draft would be written: {short}"
    return None
