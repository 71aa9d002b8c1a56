"""Author, critic and mediator: prompts made from the state, and replies read fail-closed. The only place that words prompts."""

from setpoint.roles.author import ModelAuthor
from setpoint.roles.critic import ModelCritic, critic_form
from setpoint.roles.mediator import ModelMediator

__all__ = ["ModelAuthor", "ModelCritic", "ModelMediator", "critic_form"]
