"""Mutation testing for rubrics: good texts get one planted defect each, and the critic is measured by what it notices.

Inside: `units` takes texts apart, `plant` and `asking` make defects (by code, by a model), `checked` tries the checks,
`canaries` holds what must never pass; `plan` decides what will be tried, `quote` prices it, `runner` does it, `journal`
keeps what was paid for; `result` folds it into an `Audit`, which `words`, `show` and `page` put before people.
"""

from setpoint.rubric.audit.journal import Journal
from setpoint.rubric.audit.page import audit_html
from setpoint.rubric.audit.plan import Bench, Limits, Plan, Planter
from setpoint.rubric.audit.quote import Quote, quote
from setpoint.rubric.audit.result import Audit, CanaryAudit, CriterionAudit, CriterionRecord, audit
from setpoint.rubric.audit.runner import Auditor
from setpoint.rubric.audit.show import audit_json, audit_table
from setpoint.rubric.audit.tally import ENOUGH, Tally
from setpoint.rubric.audit.trial import Findings, Trial
from setpoint.rubric.audit.words import sentences

__all__ = [
    "ENOUGH",
    "Audit",
    "Auditor",
    "Bench",
    "CanaryAudit",
    "CriterionAudit",
    "CriterionRecord",
    "Findings",
    "Journal",
    "Limits",
    "Plan",
    "Planter",
    "Quote",
    "Tally",
    "Trial",
    "audit",
    "audit_html",
    "audit_json",
    "audit_table",
    "quote",
    "sentences",
]
