"""What a critic is shown in an audit, and the names that calls go by."""

import hashlib

from setpoint.core.event import Drafted, Opened, Recorded
from setpoint.core.fold import begin, evolve
from setpoint.core.policy import Policy
from setpoint.core.spec import Budget
from setpoint.core.state import State
from setpoint.rubric.audit.plan import Plan

__all__ = ["digest", "number", "opened"]


def opened(plan: Plan, text: str, nonce: str = "") -> State:
    """The state of a run that has this text and nothing else: all that a critic is shown."""
    event = Opened(
        spec=plan.spec,
        budget=Budget(),
        policy=Policy(),
        models=(plan.critic,),
        title="audit",
        given=text,
        seed=plan.seed,
        nonce=nonce,
    )
    drafted = Drafted(call=None, text=text, origin="given")
    state = begin(Recorded(run="audit", seq=0, at=0.0, digest="", event=event))
    return evolve(state, Recorded(run="audit", seq=1, at=0.0, digest="", event=drafted))


def digest(*parts: str) -> str:
    """A short name for some texts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def number(key: str) -> int:
    """A number that hangs on a key alone; seeds are derived from it."""
    return int(digest(key)[:7], 16)
