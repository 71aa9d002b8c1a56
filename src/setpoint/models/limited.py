"""What all runs of a fleet share, put around one model: a budget, and rates. Each is a `Model` around a `Model`.

Rule: both stand inside of `Retrying`, so that every attempt is counted and not only every question. `Rated` is the
outer one: a request that still waits for its turn holds no money.
"""

import json
from dataclasses import dataclass
from typing import Final

import anyio

from setpoint.core.cost import count
from setpoint.errors import ModelError
from setpoint.models.names import split
from setpoint.ports import FleetBudget, Model, Prompt, Rates, Reply

__all__ = ["Budgeted", "Rated", "provider_of", "worst_tokens"]

_ENVELOPE: Final = 64
"""Tokens of roles and markers around a prompt."""

_UNBILLED: Final = frozenset({"rate_limited", "server_error", "rejected", "not_authorised", "no_schema"})
"""Failures for which no provider charges."""


def provider_of(name: str) -> str:
    """Whom the requests of a model go to, as rates are counted: the provider, or the host where one was named."""
    parts = split(name)
    return f"{parts.provider}@{parts.address}" if parts.address else parts.provider


def worst_tokens(prompt: Prompt) -> int:
    """The most tokens, input and output together, that one attempt may use."""
    schema = json.dumps(prompt.schema) if prompt.schema is not None else ""
    return count(prompt.system) + count(prompt.user) + count(schema) + _ENVELOPE + prompt.max_tokens


def _is_free(error: ModelError) -> bool:
    """Whether a failed request costs nothing for sure; of any other nobody knows, so its worst case counts."""
    return not error.sent or error.kind in _UNBILLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgeted:
    """Makes no call that the budget of the fleet cannot hold at the worst (rule 16).

    Args:
        model: the model to ask.
        budget: what all runs may spend together.
        input_price: US dollars for a million prompt tokens.
        output_price: US dollars for a million reply tokens.
    """

    model: Model
    budget: FleetBudget
    input_price: float = 0.0
    output_price: float = 0.0

    @property
    def name(self) -> str:
        """The name of the model it wraps."""
        return self.model.name

    async def ask(self, prompt: Prompt) -> Reply:
        """Send one request.

        Raises:
            OverBudget: if what is left cannot hold it; nothing was sent then.
            ModelError: if no reply that can be read came back.
        """
        tokens = worst_tokens(prompt)
        money = self._money(tokens - prompt.max_tokens, prompt.max_tokens)
        hold = await self.budget.reserve(tokens, money)
        try:
            reply = await self.model.ask(prompt)
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                free = isinstance(error, ModelError) and _is_free(error)
                await self.budget.settle(hold, 0 if free else tokens, 0.0 if free else money)
            raise
        usage = reply.usage
        cost = self._money(usage.input, usage.output) if usage.money is None else usage.money
        await self.budget.settle(hold, usage.tokens, cost)
        return reply

    def _money(self, read: int, written: int) -> float:
        return (read * self.input_price + written * self.output_price) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """Sends a request when the rates of the fleet have room for it, and tells all others when a provider backs off.

    Args:
        model: the model to ask.
        rates: how fast all runs may ask together.
    """

    model: Model
    rates: Rates

    @property
    def name(self) -> str:
        """The name of the model it wraps."""
        return self.model.name

    async def ask(self, prompt: Prompt) -> Reply:
        """Send one request.

        Raises:
            ModelError: if no reply that can be read came back.
        """
        provider = provider_of(self.name)
        permit = await self.rates.admit(provider, worst_tokens(prompt))
        used = permit.tokens
        try:
            reply = await self.model.ask(prompt)
            used = reply.usage.tokens
        except ModelError as error:
            if error.kind == "rate_limited" or (error.kind == "server_error" and error.retry_after is not None):
                await self.rates.back_off(provider, error.retry_after)
            used = 0 if _is_free(error) else used
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await self.rates.release(permit, used)
        return reply
