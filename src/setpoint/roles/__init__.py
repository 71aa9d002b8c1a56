"""Author and critic: prompts made from the state, and replies read fail-closed. The only place that words prompts."""

from setpoint.roles.author import ModelAuthor
from setpoint.roles.critic import ModelCritic, critic_form

__all__ = ["ModelAuthor", "ModelCritic", "critic_form"]
