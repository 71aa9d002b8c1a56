"""Audits of rubrics, from a request to a result: which texts, which models, what it costs, what is kept."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio

from setpoint import checks, models
from setpoint.compose.casting import bring_weights
from setpoint.compose.driving import cancel_on_signal
from setpoint.compose.inputs import build_checks, guards, read_draft, read_spec
from setpoint.compose.ledger import open_ledger
from setpoint.compose.request import Request, require_trust
from setpoint.compose.settings import Settings
from setpoint.core.event import RoleModel
from setpoint.core.fold import fold
from setpoint.core.spec import Spec
from setpoint.errors import ConfigError, DraftError, SetpointError
from setpoint.models import price
from setpoint.ports import Check, Critic, Model
from setpoint.roles import ModelCritic, critic_form
from setpoint.rubric import gallery
from setpoint.rubric.audit import Audit, Auditor, Bench, Journal, Limits, Plan, Planter, Quote, audit, quote
from setpoint.rubric.trust_record import Counts, Entry, subject
from setpoint.specfile import SpecFile, loads

__all__ = ["AuditRequest", "PreparedAudit", "audit_spec", "prepare_audit", "remember_audit", "run_audit"]

MOST_RUNS: Final = 5
"""So many accepted runs of the ledger are taken for good texts, the latest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """An audit as it is asked for.

    Args:
        spec: whose criteria are audited.
        drafts: files with good texts; none for those that Setpoint knows of.
        critic: who is audited, as ``provider:name``; by default whom the spec or the configuration names.
        planter: a second model, which plants and confirms faults; by default the critic's does both.
        planted: faults for each criterion.
        readings: how often each good text is read as it is.
        only: criteria to plant faults for; all by default.
        with_canaries: whether texts that must never pass are tried.
        seed: draws what is drawn.
        limits: the most that may be spent.
        allow_commands: run programs that the spec names without asking the trust store.
        record: where what was paid for is kept, instead of beside the ledger.
    """

    spec: SpecFile
    drafts: tuple[Path, ...] = ()
    critic: str | None = None
    planter: str | None = None
    planted: int = 10
    readings: int = 5
    only: tuple[str, ...] = ()
    with_canaries: bool = True
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    allow_commands: bool = False
    record: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedAudit:
    """An audit that can begin: nothing has been spent.

    Args:
        plan: what will be tried.
        bench: with whom.
        price: what it costs.
        file: where what was paid for is kept.
        limits: the most that may be spent.
        source: where the good texts are from, in words.
        left_out: texts that cannot be used, and why.
    """

    plan: Plan
    bench: Bench
    price: Quote
    file: Path
    limits: Limits
    source: str
    left_out: tuple[str, ...] = ()


def audit_spec(named: str) -> SpecFile:
    """The spec of a file, or of the gallery if there is no file of that name.

    Raises:
        SpecError: if it cannot be used.
    """
    if named in gallery.NAMES and not Path(named).exists():
        entry = gallery.entry(named)
        return read_spec(loads(entry.spec, checks, name=f"{named}.toml", base=gallery.folder(named)))
    return read_spec(Path(named))


async def prepare_audit(request: AuditRequest, where: Settings) -> PreparedAudit:
    """Find the good texts and the models, and say what the audit costs.

    Raises:
        UsageError: if there is no good text, no critic, no such criterion, or the spec was not trusted.
    """
    spec = request.spec.spec
    if request.spec.fields:
        raise ConfigError(
            f"{request.spec.path}: the spec has fields to be filled in ({', '.join(request.spec.fields)}); fill them in"
        )
    _require_sense(request)
    require_trust(Request(spec=request.spec, allow_commands=request.allow_commands), where)
    built = build_checks(spec)
    texts, source = await _texts(request, where)
    good, left_out = await anyio.to_thread.run_sync(_good, texts, built)
    if not good:
        raise DraftError(
            f"no good text is left: {'; '.join(left_out)}. An audit plants faults in texts that meet every criterion; give "
            "such texts with --draft"
        )
    critic, planters, role = await _players(request, where)
    plan = Plan(
        spec=spec,
        drafts=good,
        critic=role,
        form=critic_form(),
        planted=request.planted,
        readings=request.readings,
        only=request.only,
        with_canaries=request.with_canaries,
        seed=request.seed,
    )
    bench = Bench(critic=critic, planters=planters, checks=built, guards=guards(spec))
    return PreparedAudit(
        plan=plan,
        bench=bench,
        price=quote(plan, bench),
        file=request.record or where.state / "audits" / f"{_name(plan, bench)}.jsonl",
        limits=request.limits,
        source=source,
        left_out=left_out,
    )


async def run_audit(prepared: PreparedAudit, on_trial: Callable[[str], None] = lambda _what: None) -> Audit:
    """Carry out an audit; the first Ctrl-C or SIGTERM ends it with what was found so far.

    Raises:
        ModelError: if a model cannot be used; the same request goes on where it ended.
        LedgerError: if what was paid for cannot be kept.
    """
    journal = Journal(prepared.file, _about(prepared.plan, prepared.bench))
    auditor = Auditor(prepared.plan, prepared.bench, journal, prepared.limits, on_trial)
    failure: SetpointError | None = None
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as work:
            tasks.start_soon(cancel_on_signal, work)
            try:
                await auditor.run()
            except SetpointError as error:  # raised below: a task group would wrap it
                failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return audit(prepared.plan, auditor.findings)


def remember_audit(found: Audit, prepared: PreparedAudit, where: Settings) -> None:
    """Keep what the audit counted with what else is known about critics; a later audit of the spec replaces it.

    Raises:
        LedgerError: if it cannot be stored.
    """
    audited = {criterion.name: criterion for criterion in prepared.plan.audited}
    where.critics.add(
        *(
            Entry(
                subject=subject(record.model, record.form, audited[record.criterion]),
                source="audit",
                counts=Counts(
                    noticed=record.noticed, failures=record.failures, passed=record.passed, passes=record.passes
                ),
                origin=f"audit {found.digest[:16]}",
            )
            for record in found.records
            if record.criterion in audited and record.failures + record.passes
        )
    )


def _require_sense(request: AuditRequest) -> None:
    spec = request.spec.spec
    judged = [criterion.name for criterion in spec.judged]
    for name in request.only:
        if name not in judged:
            known = ", ".join(judged) or "none: every criterion has a check"
            raise ConfigError(f"--only {name}: no criterion of that name is judged by a critic; those are: {known}")
    if request.planted < 1 or request.readings < 1:
        raise ConfigError("--planted and --readings must be 1 or more")


async def _texts(request: AuditRequest, where: Settings) -> tuple[Mapping[str, str], str]:
    """The good texts: as given, from accepted runs of the same spec, or the example that comes with it."""
    if request.drafts:
        return {str(file): read_draft(file) for file in request.drafts}, "as given"
    if found := await _accepted(request.spec.spec, where):
        return found, "from accepted runs"
    stem = Path(request.spec.path).stem
    beside = sorted(Path(request.spec.path).parent.glob(f"{stem}-passes.*"))
    if beside:
        return {str(file): read_draft(file) for file in beside}, "the example beside the spec"
    if stem in gallery.NAMES:
        examples = gallery.entry(stem).examples
        return {name: text for name, text in examples.items() if name.startswith("passes.")}, "the gallery's example"
    raise ConfigError(
        f"there is no good text to plant faults in: name some with --draft FILE, each of which meets every criterion of "
        f"{request.spec.path or 'the spec'}, or run the spec until it is accepted"
    )


async def _accepted(spec: Spec, where: Settings) -> Mapping[str, str]:
    """The texts of accepted runs of this very spec."""
    if not where.ledger.exists():
        return {}
    found: dict[str, str] = {}
    async with open_ledger(where) as ledger:
        for info in await ledger.runs():
            if info.digest == spec.digest and info.outcome == "accepted" and len(found) < MOST_RUNS:
                best = fold(await ledger.replay(info.run)).best
                if best is not None and best.draft.text not in found.values():
                    found[f"run {info.run}"] = best.draft.text
    return found


def _good(texts: Mapping[str, str], built: Mapping[str, Check]) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The texts that pass every check, and why the others do not."""
    good: dict[str, str] = {}
    left_out: list[str] = []
    for name, text in texts.items():
        for criterion, check in built.items():
            finding = check.measure(text)
            if not finding.passed:
                left_out.append(f"{name} does not pass `{criterion}`: {finding.message}")
                break
        else:
            good[name] = text
    return good, tuple(left_out)


async def _players(request: AuditRequest, where: Settings) -> tuple[Critic, tuple[Planter, ...], RoleModel]:
    """The critic, those who plant, and what the critic costs."""
    spec, config = request.spec, where.config
    named = request.critic or spec.models.get("critic") or config.models.get("critic")
    named = named or spec.models.get("author") or config.models.get("author")
    if named is None:
        raise ConfigError(
            "an audit measures a critic, and none is named: add --critic PROVIDER:NAME, such as "
            f"embedded:{models.catalogue()[0].name}, or [models] critic to the spec or to setpoint.toml"
        )
    names = [named] if request.planter in {None, named} else [named, str(request.planter)]
    await bring_weights(names, where)
    resolved: list[Model] = [models.resolve(name, where.models) for name in names]
    prices = [price(name, where.models) for name in names]
    if request.limits.money is not None and any(None in pair for pair in prices):
        raise ConfigError(
            "no price is known for one of the models, so a cap in money cannot be held. Add its price to the file that "
            "[prices] in setpoint.toml names, or cap tokens instead"
        )
    planters = tuple(Planter(model=model, prices=pair) for model, pair in zip(resolved, prices, strict=True))
    role = RoleModel(role="critic", model=named, input_price=prices[0][0], output_price=prices[0][1])
    return ModelCritic(resolved[0]), planters, role


def _about(plan: Plan, bench: Bench) -> Mapping[str, object]:
    """What makes this audit this one: more faults or readings go on from the same record."""
    return {
        "spec": plan.spec.digest,
        "drafts": [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in plan.texts],
        "critic": plan.critic.model,
        "form": plan.form,
        "planters": [planter.name for planter in bench.planters],
        "seed": plan.seed,
    }


def _name(plan: Plan, bench: Bench) -> str:
    return hashlib.sha256(json.dumps(_about(plan, bench), sort_keys=True).encode()).hexdigest()[:16]
