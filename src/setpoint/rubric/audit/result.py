"""From what happened to what it says about each criterion: a fold over the trials, with nothing kept besides them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from setpoint.core.fault import Status
from setpoint.core.spec import Criterion
from setpoint.rubric.audit.checked import CheckAudit
from setpoint.rubric.audit.plan import Plan
from setpoint.rubric.audit.plant import untouched
from setpoint.rubric.audit.tally import Tally
from setpoint.rubric.audit.trial import Findings, Spending, Trial, TrialKind

__all__ = ["RELIED_ON", "Audit", "CanaryAudit", "CriterionAudit", "CriterionRecord", "Standing", "audit", "family"]

RELIED_ON = 0.6
"""The share of planted faults that a critic must notice to be believed (rule 4), and of good texts that it must pass."""

Standing: TypeAlias = Literal["reliable", "decoration", "false alarms", "unsettled", "not enough data"]
"""``reliable``: both intervals lie above `RELIED_ON`. ``decoration``: the one of noticed faults lies below it.
``false alarms``: the one of passed good texts lies below it. ``unsettled``: enough cases, but neither is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionRecord:
    """The counts of one criterion as plain values, for whoever keeps a record of critics.

    Args:
        criterion: its name.
        model: the critic, as ``provider:name``.
        form: the wording of the critic's prompts.
        noticed: planted faults that it did not pass: failed, or could not assess.
        failures: planted faults that it read.
        passed: readings of good texts that passed.
        passes: readings of good texts.
    """

    criterion: str
    model: str
    form: str
    noticed: int
    failures: int
    passed: int
    passes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionAudit:
    """How the critic did on one criterion.

    Args:
        name: the criterion.
        says: what it demands.
        noticed: planted faults that it failed.
        unsure: planted faults that it could not assess.
        passed: readings of good texts that it passed.
        unsure_of_good: readings of good texts that it could not assess.
        dropped: defects that nobody could confirm.
        kinds: noticed by what was done.
        confused: other criteria that it failed for a fault planted here, though nothing they are about was changed.
        flips: readings of an unchanged text that differ from the first.
        reordered: verdicts that changed when the criteria came in reverse order.
        early: noticed in a longer text, with the fault at its beginning.
        late: noticed in a longer text, with the fault at its end.
        short: noticed in the same texts as they were.
    """

    name: str
    says: str
    noticed: Tally
    unsure: int
    passed: Tally
    unsure_of_good: int
    dropped: int
    kinds: Mapping[str, Tally]
    confused: Mapping[str, Tally]
    flips: Tally
    reordered: Tally
    early: Tally
    late: Tally
    short: Tally

    @property
    def standing(self) -> Standing:
        """What this amounts to."""
        seen, sound = self.noticed.interval, self.passed.interval
        if sound is not None and sound[1] < RELIED_ON:
            return "false alarms"
        if seen is not None and seen[1] < RELIED_ON:
            return "decoration"
        if seen is None or sound is None:
            return "not enough data"
        return "reliable" if min(seen[0], sound[0]) >= RELIED_ON else "unsettled"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryAudit:
    """What became of a text that must never pass.

    Args:
        name: which text.
        caught: ``guard`` by code before any critic, ``critic``, ``check`` if only other code failed it while the critic
            passed all, ``nobody``; ``unusable`` if the critic's reply could not be used, which is no pass.
        passed: the criteria that the critic passed.
        by: the guard or check.
    """

    name: str
    caught: Literal["guard", "critic", "check", "nobody", "unusable"]
    passed: tuple[str, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The result.

    Args:
        critic: who was audited.
        digest: of the spec.
        seed: the audit's.
        drafts: the names of the good texts.
        criteria: those that the critic judges.
        checks: those that code measures.
        canaries: texts that must never pass.
        own: planted faults noticed that a model of the critic's own family planted; empty with one model.
        others: those that another model planted.
        unusable: replies of the critic that could not be used.
        spent: what it used.
        stopped: why it is not complete; empty if it is.
        records: counts for a record of critics.
    """

    critic: str
    digest: str
    seed: int
    drafts: tuple[str, ...]
    criteria: tuple[CriterionAudit, ...]
    checks: tuple[CheckAudit, ...]
    canaries: tuple[CanaryAudit, ...]
    own: Tally
    others: Tally
    unusable: Tally
    spent: Spending
    stopped: str
    records: tuple[CriterionRecord, ...]


def audit(plan: Plan, findings: Findings) -> Audit:
    """What an audit found so far."""
    criteria = tuple(_criterion(criterion, plan, findings) for criterion in plan.spec.judged)
    read = [trial for trial in findings.trials if not trial.guard]
    planted = [t for t in read if t.kind == "faulty" and t.defect is not None and t.defect.by != "code"]
    own = family(plan.critic.model)
    mine = [t for t in planted if t.defect is not None and family(t.defect.by) == own]
    theirs = [t for t in planted if t.defect is not None and family(t.defect.by) != own]
    both = mine and theirs
    return Audit(
        critic=plan.critic.model,
        digest=plan.spec.digest,
        seed=plan.seed,
        drafts=tuple(plan.drafts),
        criteria=criteria,
        checks=tuple(findings.checks),
        canaries=tuple(_canary(trial) for trial in findings.trials if trial.kind == "canary"),
        own=_noticed(mine) if both else Tally(),
        others=_noticed(theirs) if both else Tally(),
        unusable=Tally(sum(bool(trial.trouble) for trial in read), len(read)),
        spent=findings.spent,
        stopped=findings.stopped,
        records=tuple(_record(entry, plan) for entry in criteria),
    )


def family(model: str) -> str:
    """The family of a model by its name: ``qwen`` for ``embedded:qwen2.5-coder-1.5b``."""
    name = model.partition(":")[2].partition("@")[0].rpartition("/")[2] or model
    found = re.match(r"[a-z]+", name.lower())
    return found[0] if found else name.lower()


def _criterion(criterion: Criterion, plan: Plan, findings: Findings) -> CriterionAudit:
    name = criterion.name
    usable = [trial for trial in findings.trials if name in trial.verdicts]
    faulty = [t for t in usable if t.kind == "faulty" and t.defect is not None and t.defect.criterion == name]
    good = [t for t in usable if t.kind in {"sound", "sound reversed"}]
    kinds = Counter(t.defect.kind for t in faulty if t.defect is not None)
    repeated = {t.defect.text for t in _about(usable, name, "late") if t.defect is not None}
    return CriterionAudit(
        name=name,
        says=criterion.says,
        noticed=_noticed(faulty),
        unsure=sum(t.verdicts[name] == "cannot_assess" for t in faulty),
        passed=Tally(sum(t.verdicts[name] == "pass" for t in good), len(good)),
        unsure_of_good=sum(t.verdicts[name] == "cannot_assess" for t in good),
        dropped=findings.dropped[name],
        kinds={kind: _noticed([t for t in faulty if t.defect and t.defect.kind == kind]) for kind in kinds},
        confused=_confused(criterion, plan, faulty, usable),
        flips=_flips(name, usable, len(plan.texts)),
        reordered=_reordered(name, usable, len(plan.texts)),
        early=_noticed(_about(usable, name, "early")),
        late=_noticed(_about(usable, name, "late")),
        short=_noticed([t for t in faulty if t.defect is not None and t.defect.text in repeated]),
    )


def _about(trials: Iterable[Trial], name: str, kind: TrialKind) -> list[Trial]:
    return [t for t in trials if t.kind == kind and t.defect is not None and t.defect.criterion == name]


def _noticed(trials: Sequence[Trial]) -> Tally:
    usable = [t for t in trials if t.defect is not None and t.defect.criterion in t.verdicts]
    hits = sum(t.verdicts[t.defect.criterion] == "fail" for t in usable if t.defect is not None)
    return Tally(hits, len(usable))


def _flips(name: str, trials: Iterable[Trial], drafts: int) -> Tally:
    """Readings of a good text, in the order of the spec, that differ from the first one of it."""
    rows = {
        draft: [t.verdicts[name] for t in trials if t.kind == "sound" and t.draft == draft] for draft in _to(drafts)
    }
    later = [(row[0], verdict) for row in rows.values() for verdict in row[1:]]
    return Tally(sum(first != verdict for first, verdict in later), len(later))


def _reordered(name: str, trials: Sequence[Trial], drafts: int) -> Tally:
    """Verdicts in reverse order that differ from the usual one about the same text."""
    pairs: list[tuple[Status, Status]] = []
    for draft in _to(drafts):
        usual = _usual(name, trials, draft)
        other_way: list[Status] = [t.verdicts[name] for t in trials if t.kind == "sound reversed" and t.draft == draft]
        pairs.extend((usual, verdict) for verdict in other_way if usual is not None)
    straight: dict[str, Status] = {}
    for trial in trials:
        if trial.kind == "faulty" and trial.defect is not None:
            straight[trial.defect.text] = trial.verdicts[name]
    turned: list[tuple[str, Status]] = [
        (t.defect.text, t.verdicts[name]) for t in trials if t.kind == "faulty reversed" and t.defect is not None
    ]
    pairs.extend((straight[text], verdict) for text, verdict in turned if text in straight)
    return Tally(sum(one != other for one, other in pairs), len(pairs))


def _confused(
    criterion: Criterion, plan: Plan, faulty: Sequence[Trial], usable: Sequence[Trial]
) -> Mapping[str, Tally]:
    found: dict[str, Tally] = {}
    for other in plan.spec.judged:
        if other.name == criterion.name:
            continue
        tally = Tally()
        for trial in faulty:
            good = plan.texts[trial.draft - 1]
            if trial.defect is None or _usual(other.name, usable, trial.draft) != "pass":
                continue
            if untouched(other.says, good, trial.defect.text):
                tally = tally.plus(hit=trial.verdicts.get(other.name) == "fail")
        if tally.hits:
            found[other.name] = tally
    return found


def _usual(name: str, trials: Iterable[Trial], draft: int) -> Status | None:
    """What most readings of a good text say; None if there are none."""
    said: Counter[Status] = Counter()
    for trial in trials:
        if trial.kind == "sound" and trial.draft == draft and name in trial.verdicts:
            said[trial.verdicts[name]] += 1
    return said.most_common(1)[0][0] if said else None


def _canary(trial: Trial) -> CanaryAudit:
    if trial.guard:
        return CanaryAudit(name=trial.canary, caught="guard", by=trial.guard)
    if trial.trouble:
        return CanaryAudit(name=trial.canary, caught="unusable")
    passed = tuple(name for name, status in trial.verdicts.items() if status == "pass")
    if len(passed) < len(trial.verdicts):
        return CanaryAudit(name=trial.canary, caught="critic", passed=passed)
    return CanaryAudit(name=trial.canary, caught="check" if trial.failed else "nobody", passed=passed, by=trial.failed)


def _record(entry: CriterionAudit, plan: Plan) -> CriterionRecord:
    return CriterionRecord(
        criterion=entry.name,
        model=plan.critic.model,
        form=plan.form,
        noticed=entry.noticed.hits + entry.unsure,
        failures=entry.noticed.n,
        passed=entry.passed.hits,
        passes=entry.passed.n,
    )


def _to(number: int) -> range:
    return range(1, number + 1)
