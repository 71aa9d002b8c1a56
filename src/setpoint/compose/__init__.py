"""The composition root: spec files, configuration and environment become a wired run.

The command line and the library both come through here, so that what one can do the other can.
"""

from setpoint.compose.estimating import estimate_request
from setpoint.compose.inputs import SpecLike, build_checks, commands, read_draft, read_spec
from setpoint.compose.people import TerminalPerson, amend, answer, overrule, person_at, waiting
from setpoint.compose.policies import from_flags, tuned
from setpoint.compose.reading import reading
from setpoint.compose.refine import refine
from setpoint.compose.settings import Settings, login, settings
from setpoint.compose.wiring import (
    Named,
    Request,
    begin_run,
    find_run,
    new_run_id,
    open_ledger,
    supervised,
    take_up_run,
)
from setpoint.compose.workshop import gallery_files, lint_file, lint_meaning, propose_spec, read_brief

__all__ = [
    "Named",
    "Request",
    "Settings",
    "SpecLike",
    "TerminalPerson",
    "amend",
    "answer",
    "begin_run",
    "build_checks",
    "commands",
    "estimate_request",
    "find_run",
    "from_flags",
    "gallery_files",
    "lint_file",
    "lint_meaning",
    "login",
    "new_run_id",
    "open_ledger",
    "overrule",
    "person_at",
    "propose_spec",
    "read_brief",
    "read_draft",
    "read_spec",
    "reading",
    "refine",
    "settings",
    "supervised",
    "take_up_run",
    "tuned",
    "waiting",
]
