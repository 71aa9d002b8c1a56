"""The composition root: spec files, configuration and environment become a wired run.

The command line and the library both come through here, so that what one can do the other can.
"""

from setpoint.compose.auditing import (
    AuditRequest,
    PreparedAudit,
    audit_spec,
    prepare_audit,
    remember_audit,
    run_audit,
)
from setpoint.compose.beginning import begin_run, record_run, shared_for, take_up_run
from setpoint.compose.casting import players, role_models
from setpoint.compose.driving import interrupted, remember_probes, supervised
from setpoint.compose.estimating import estimate_request, past_for
from setpoint.compose.inputs import SpecLike, build_checks, commands, read_draft, read_spec
from setpoint.compose.ledger import find_run, new_run_id, open_existing, open_ledger
from setpoint.compose.observing import Observing
from setpoint.compose.operations import RETRIED, cancel, more_for, prunable, prune
from setpoint.compose.people import TerminalPerson, amend, answer, overrule, person_at, waiting
from setpoint.compose.policies import from_flags, tuned
from setpoint.compose.reading import reading
from setpoint.compose.refine import refine, resume
from setpoint.compose.request import Named, Request, Shared, require_trust
from setpoint.compose.settings import Settings, login, settings
from setpoint.compose.workshop import gallery_files, lint_file, lint_meaning, propose_spec, read_brief

__all__ = [
    "RETRIED",
    "AuditRequest",
    "Named",
    "Observing",
    "PreparedAudit",
    "Request",
    "Settings",
    "Shared",
    "SpecLike",
    "TerminalPerson",
    "amend",
    "answer",
    "audit_spec",
    "begin_run",
    "build_checks",
    "cancel",
    "commands",
    "estimate_request",
    "find_run",
    "from_flags",
    "gallery_files",
    "interrupted",
    "lint_file",
    "lint_meaning",
    "login",
    "more_for",
    "new_run_id",
    "open_existing",
    "open_ledger",
    "overrule",
    "past_for",
    "person_at",
    "players",
    "prepare_audit",
    "propose_spec",
    "prunable",
    "prune",
    "read_brief",
    "read_draft",
    "read_spec",
    "reading",
    "record_run",
    "refine",
    "remember_audit",
    "remember_probes",
    "require_trust",
    "resume",
    "role_models",
    "run_audit",
    "settings",
    "shared_for",
    "supervised",
    "take_up_run",
    "tuned",
    "waiting",
]
