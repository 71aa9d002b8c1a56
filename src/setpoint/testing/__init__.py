"""Public fakes: play an author, a critic or a model from a script, in tests of your own specs and loops.

They are functions of what they are asked (or of the number of the call), never of hidden state, so that a run that is
cut and resumed with a new fake goes on as it would have.
"""

from setpoint.testing.scripted import (
    AskedNothingMore,
    ScriptedAuthor,
    ScriptedCritic,
    ScriptedMediator,
    ScriptedModel,
    ScriptedPerson,
)

__all__ = [
    "AskedNothingMore",
    "ScriptedAuthor",
    "ScriptedCritic",
    "ScriptedMediator",
    "ScriptedModel",
    "ScriptedPerson",
]
