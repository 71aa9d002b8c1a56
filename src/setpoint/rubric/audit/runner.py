"""Carrying out an audit: a fixed course of readings, each of them kept before the next is made.

Rules of this file:

- The course follows from the plan alone. Every call has a key; what the journal holds under it is not paid for again.
- Before a call, its worst case must fit into what is left (rule 16).
- A reply that cannot be used is nobody's verdict: it is counted, and neither praised nor blamed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import anyio.to_thread

from setpoint.core.action import Judge
from setpoint.core.cost import count, reservation
from setpoint.core.event import Judged, Usage
from setpoint.ports import Finish, Prompt, Reply
from setpoint.roles.prompting import seed_for
from setpoint.rubric.audit.asking import WAYS, comparing, confirmed, planted_text, planting
from setpoint.rubric.audit.canaries import canaries
from setpoint.rubric.audit.checked import audit_check
from setpoint.rubric.audit.defect import Defect
from setpoint.rubric.audit.journal import Journal
from setpoint.rubric.audit.keys import digest, opened
from setpoint.rubric.audit.keys import number as numbered
from setpoint.rubric.audit.plan import Bench, Limits, Plan, Planter, Slot, padded, slots
from setpoint.rubric.audit.trial import Findings, Trial, TrialKind

if TYPE_CHECKING:
    from setpoint.core.fault import Status

__all__ = ["Auditor"]

OnTrial = Callable[[str], None]


class _SpentUp(Exception):  # noqa: N818 - caught here
    """The next call does not fit into the limits."""


class Auditor:
    """One audit in progress; `findings` can be read at any time, also after it was cancelled.

    Args:
        plan: what is tried.
        bench: who is audited, and with what.
        journal: what was paid for already.
        limits: the most that may be spent.
        on_trial: told what is done next.
    """

    def __init__(
        self,
        plan: Plan,
        bench: Bench,
        journal: Journal,
        limits: Limits | None = None,
        on_trial: OnTrial = lambda _what: None,
    ) -> None:
        self.plan = plan
        self.bench = bench
        self.journal = journal
        self.limits = limits or Limits()
        self.findings = Findings()
        self._on_trial = on_trial
        self._defects: dict[tuple[str, int], Defect | None] = {}
        self._counted: set[str] = set()

    async def run(self) -> Findings:
        """Do all of it, or as much as the limits allow.

        Raises:
            ModelError: if a model cannot be used; what was paid for stays in the journal.
            LedgerError: if the journal cannot be written.
        """
        try:
            await self._course()
        except _SpentUp as reason:
            self.findings.stopped = str(reason)
        else:
            self.findings.stopped = ""
        return self.findings

    async def _course(self) -> None:
        plan = self.plan
        for criterion in plan.spec.checked:
            if criterion.name in self.bench.checks:
                check = self.bench.checks[criterion.name]
                self.findings.checks.append(await audit_check(criterion, check, plan.texts[0], plan.spec.kind))
        if not plan.judged:
            return
        await self._sound(1)
        planned = slots(plan, len(self.bench.planters))
        for number in range(plan.planted):  # one of each criterion before a second of any: an early end tells of all
            for row in planned.values():
                if number < len(row):
                    await self._faulty(row[number])
        for reading in range(2, plan.readings + 1):
            await self._sound(reading)
        for draft in range(1, len(plan.texts) + 1 if plan.has_order else 1):
            await self._read("sound reversed", plan.texts[draft - 1], draft=draft, order=plan.judged[::-1])
        await self._variants(planned)
        if plan.with_canaries:
            await self._canaries()

    async def _sound(self, reading: int) -> None:
        for draft, text in enumerate(self.plan.texts, start=1):
            await self._read("sound", text, draft=draft, reading=reading)

    async def _faulty(self, slot: Slot) -> None:
        defect = await self._planted(slot)
        self._defects[slot.criterion.name, slot.number] = defect
        if defect is None:
            self.findings.dropped[slot.criterion.name] += 1
            return
        await self._read("faulty", defect.text, draft=defect.draft, defect=defect)

    async def _variants(self, planned: Mapping[str, Sequence[Slot]]) -> None:
        """One defect of each criterion once more: in another order, and early and late in a longer text."""
        for name, row in planned.items():
            defect = next((d for slot in row if (d := self._defects.get((name, slot.number))) is not None), None)
            if defect is None:
                continue
            if self.plan.has_order:
                reverse = self.plan.judged[::-1]
                await self._read("faulty reversed", defect.text, draft=defect.draft, defect=defect, order=reverse)
            for place, text in padded(defect.text, self.plan.spec.kind):
                await self._read(cast("TrialKind", place), text, draft=defect.draft, defect=defect)

    async def _canaries(self) -> None:
        for canary in canaries(self.plan.spec, self.plan.texts[0]):
            guard, failed = await self._stopped_by_code(canary.text)
            if guard:
                self.findings.trials.append(Trial(kind="canary", canary=canary.name, guard=guard, failed=failed))
            else:
                await self._read("canary", canary.text, canary=canary.name, failed=failed)

    async def _stopped_by_code(self, text: str) -> tuple[str, str]:
        """The guard that keeps a text from the critic, and a check that it fails; either may be empty."""
        failed = ""
        for name, check in self.bench.checks.items():
            finding = await anyio.to_thread.run_sync(check.measure, text)
            if finding.passed:
                continue
            if name in self.bench.guards:
                return name, name
            failed = failed or name
        return "", failed

    # Planting

    async def _planted(self, slot: Slot) -> Defect | None:
        """The defect of a slot once it is confirmed; None if it cannot be."""
        if slot.kind == "ready":
            return slot.defect
        good = self.plan.texts[slot.draft - 1]
        defect = slot.defect or await self._by_model(slot, good)
        if defect is None or await self._hidden(defect.text):
            return None
        question = comparing(
            self.plan.spec, slot.criterion, good, defect.text, seed=self._seed(slot, 2), nonce=self._nonce(slot)
        )
        what = f"confirming a fault in {slot.criterion.name}"
        reply = await self._ask(self.bench.planters[slot.confirmer], question.prompt, what)
        if not confirmed(reply, question.faulty):
            return None
        return Defect(
            criterion=defect.criterion,
            kind=defect.kind,
            draft=defect.draft,
            text=defect.text,
            by=defect.by,
            proof="model",
        )

    async def _by_model(self, slot: Slot, good: str) -> Defect | None:
        planter = self.bench.planters[slot.planter]
        prompt = planting(
            self.plan.spec, slot.criterion, good, way=slot.number, seed=self._seed(slot, 1), nonce=self._nonce(slot)
        )
        reply = await self._ask(planter, prompt, f"planting a fault in {slot.criterion.name}")
        text = planted_text(good, reply)
        if not text:
            return None
        kind = WAYS[slot.number % len(WAYS)][0]
        return Defect(criterion=slot.criterion.name, kind=kind, draft=slot.draft, text=text, by=planter.name)

    async def _hidden(self, text: str) -> bool:
        """Whether a guard would keep the text from the critic: then nothing can be learnt about the critic."""
        for name in self.bench.guards & self.bench.checks.keys():
            finding = await anyio.to_thread.run_sync(self.bench.checks[name].measure, text)
            if not finding.passed:
                return True
        return False

    def _seed(self, slot: Slot, step: int) -> int:
        return seed_for(self.plan.seed, numbered(f"{slot.criterion.name}:{slot.number}:{step}"))

    def _nonce(self, slot: Slot) -> str:
        return f"{self.plan.seed}:{slot.criterion.name}:{slot.number}"

    # Calls

    async def _ask(self, planter: Planter, prompt: Prompt, what: str) -> Reply:
        """One question to a planter, from the journal if it was asked before."""
        key = f"ask {planter.name} {digest(prompt.system, prompt.user, str(prompt.seed))}"
        if (known := self._recall(key)) is not None:
            gave = cast("Mapping[str, str]", known)
            return Reply(text=gave["text"], finish=cast("Finish", gave["finish"]))
        prompt_tokens = count(prompt.system) + count(prompt.user)
        price_in, price_out = planter.prices
        money = (prompt_tokens * (price_in or 0.0) + prompt.max_tokens * (price_out or 0.0)) / 1e6
        self._require_room(prompt_tokens + prompt.max_tokens, money)
        self._on_trial(what)
        reply = await planter.model.ask(prompt)
        self._keep(key, {"text": reply.text, "finish": reply.finish}, reply.usage)
        return reply

    async def _read(
        self,
        kind: TrialKind,
        text: str,
        *,
        draft: int = 0,
        defect: Defect | None = None,
        canary: str = "",
        failed: str = "",
        order: tuple[str, ...] = (),
        reading: int = 1,
    ) -> None:
        """One reading of one text by the critic, as a run would take it."""
        order = order or self.plan.judged
        key = f"read {digest(text, *order)} {reading}"
        known = self._recall(key)
        if known is None:
            known = await self._judged(key, text, order, kind)
        gave = cast("Mapping[str, Mapping[str, Status] | str]", known)
        self.findings.trials.append(
            Trial(
                kind=kind,
                draft=draft,
                verdicts=cast("Mapping[str, Status]", gave["verdicts"]),
                trouble=cast("str", gave["trouble"]),
                defect=defect,
                canary=canary,
                failed=failed,
            )
        )

    async def _judged(self, key: str, text: str, order: tuple[str, ...], kind: str) -> object:
        state = opened(self.plan, text, nonce=digest(str(self.plan.seed), key))
        action = Judge(draft=1, criteria=order, purpose="first")
        worst = reservation(state, action)
        self._require_room(worst.tokens, worst.money)
        self._on_trial(f"reading a {'canary' if kind == 'canary' else f'text ({kind})'}")
        event = await self.bench.critic.perform(numbered(key), action, state)
        if isinstance(event, Judged):
            verdicts = {verdict.criterion: verdict.status for verdict in event.verdicts}
            gave: dict[str, object] = {"verdicts": verdicts, "trouble": ""}
        else:
            gave = {"verdicts": {}, "trouble": event.detail or event.why}
        self._keep(key, gave, event.usage)
        return gave

    def _recall(self, key: str) -> object | None:
        known = self.journal.get(key)
        if known is None:
            return None
        gave, usage = known
        if key not in self._counted:  # the same text may be a fault of two criteria: it is read, and counted, once
            self._counted.add(key)
            self.findings.spent.add(usage)
            self.findings.spent.recalled += 1
        return gave

    def _keep(self, key: str, gave: object, usage: Usage) -> None:
        self.journal.put(key, gave, usage)
        self._counted.add(key)
        self.findings.spent.add(usage)

    def _require_room(self, tokens: int, money: float) -> None:
        spent, limits = self.findings.spent, self.limits
        if limits.calls is not None and spent.calls >= limits.calls:
            raise _SpentUp(f"its limit of {limits.calls:,} calls is used up")
        if limits.tokens is not None and spent.tokens + tokens > limits.tokens:
            left = max(0, limits.tokens - spent.tokens)
            raise _SpentUp(f"the next call may need {tokens:,} tokens, and {left:,} of {limits.tokens:,} are left")
        if limits.money is not None and spent.money + money > limits.money:
            left_money = max(0.0, limits.money - spent.money)
            raise _SpentUp(f"the next call may cost ${money:.4f}, and ${left_money:.4f} of ${limits.money:.2f} is left")
