"""What an audit will cost, before it is begun."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from setpoint.core.action import Judge
from setpoint.core.cost import CRITIC_ALLOWANCE, READING_BASE, READING_EACH, count, reservation
from setpoint.rubric.audit.asking import comparing, planting
from setpoint.rubric.audit.canaries import canaries
from setpoint.rubric.audit.keys import opened
from setpoint.rubric.audit.plan import Bench, Plan, Planter, padded, slots

__all__ = ["Quote", "quote"]


class _Call(NamedTuple):
    tokens: float
    most: float
    money: float | None
    most_money: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The price of an audit.

    Args:
        calls: model calls at the most.
        readings: those of them in which the critic reads a text.
        planting: those in which a model plants a defect or confirms one.
        tokens: what they are expected to use.
        most_tokens: what they use at the worst.
        money: what they are expected to cost in US dollars; None where a price is not known.
        most_money: what they cost at the worst.
    """

    calls: int
    readings: int
    planting: int
    tokens: int
    most_tokens: int
    money: float | None
    most_money: float | None


def quote(plan: Plan, bench: Bench) -> Quote:
    """The price of an audit as it would be carried out from its beginning."""
    if not plan.judged:
        return Quote(
            calls=0, readings=0, planting=0, tokens=0, most_tokens=0, money=0.0, most_money=0.0
        )  # checks cost nothing
    readings = [_reading(plan, text) for text in _texts(plan, bench)]
    asked = list(_asked(plan, bench))
    every = [*readings, *asked]
    known = all(call.money is not None for call in every)
    return Quote(
        calls=len(every),
        readings=len(readings),
        planting=len(asked),
        tokens=round(sum(call.tokens for call in every)),
        most_tokens=round(sum(call.most for call in every)),
        money=sum(call.money or 0.0 for call in every) if known else None,
        most_money=sum(call.most_money or 0.0 for call in every) if known else None,
    )


def _texts(plan: Plan, bench: Bench) -> Iterator[str]:
    """The texts that the critic is to read, with stand-ins of the same length for those that are still to be planted."""
    for text in plan.texts:
        for _ in range(plan.readings + plan.has_order):
            yield text
    for row in slots(plan, len(bench.planters)).values():
        for place, slot in enumerate(row):
            text = slot.defect.text if slot.defect is not None else plan.texts[slot.draft - 1]
            yield text
            if place == 0:
                if plan.has_order:
                    yield text
                yield from (longer for _, longer in padded(text, plan.spec.kind))
    if plan.with_canaries:
        for canary in canaries(plan.spec, plan.texts[0]):
            if not any(
                not bench.checks[name].measure(canary.text).passed for name in bench.guards & bench.checks.keys()
            ):
                yield canary.text


def _reading(plan: Plan, text: str) -> _Call:
    state = opened(plan, text)
    worst = reservation(state, Judge(draft=1, criteria=plan.judged, purpose="first"))
    reply = READING_BASE + READING_EACH * len(plan.judged)
    prompt = worst.tokens - reply - CRITIC_ALLOWANCE // 2
    prices = plan.critic.input_price, plan.critic.output_price
    return _Call(
        prompt + reply / 3, worst.tokens, _money(prompt, reply / 3, prices), _money(worst.tokens - reply, reply, prices)
    )


def _asked(plan: Plan, bench: Bench) -> Iterator[_Call]:
    """The calls that plant and confirm."""
    for row in slots(plan, len(bench.planters)).values():
        for slot in row:
            good = plan.texts[slot.draft - 1]
            if slot.kind == "plant":
                prompt = planting(plan.spec, slot.criterion, good, way=0, seed=0, nonce="")
                yield _planted(bench.planters[slot.planter], prompt.system + prompt.user, prompt.max_tokens)
            if slot.kind != "ready":
                changed = slot.defect.text if slot.defect is not None else good
                prompt = comparing(plan.spec, slot.criterion, good, changed, seed=0, nonce="").prompt
                yield _planted(bench.planters[slot.confirmer], prompt.system + prompt.user, prompt.max_tokens)


def _planted(planter: Planter, text: str, reply: int) -> _Call:
    prompt = count(text)
    return _Call(
        prompt + reply / 3,
        prompt + reply,
        _money(prompt, reply / 3, planter.prices),
        _money(prompt, reply, planter.prices),
    )


def _money(prompt: float, reply: float, prices: tuple[float | None, float | None]) -> float | None:
    price_in, price_out = prices
    return None if price_in is None or price_out is None else (prompt * price_in + reply * price_out) / 1e6
