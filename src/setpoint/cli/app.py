"""The application: its commands, and what becomes of errors."""

import sys
from collections.abc import Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError, Group
from rich.console import Console

from setpoint.cli import auditing, deciding, estimating, labelling, looking, making, many, operating, running, working
from setpoint.errors import LedgerError, SetpointError, UsageError

__all__ = ["ACCEPTED", "MACHINERY", "MISTAKE", "OTHERWISE", "app", "main"]

ACCEPTED, OTHERWISE, MISTAKE, MACHINERY = 0, 1, 2, 3

_HELP = """Make language-model draft, critique and revise loops converge.

You say in a spec file when a text is done; each draft is measured by it, and the few faults that matter most are corrected.
To begin, without any key: *setpoint new spec.toml*, then *setpoint run spec.toml --author embedded:qwen2.5-coder-1.5b*.
"""

app = App(
    name="setpoint",
    help=_HELP,
    version=version("setpoint"),
    version_flags=["--version"],
    console=Console(stderr=True),
    group_commands=Group("Also", sort_key=9),
)
for group in (making, estimating, running, many, deciding, looking, operating, working, auditing, labelling):
    group.register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(_run(sys.argv[1:] if arguments is None else list(arguments)))


def _help_of(arguments: list[str]) -> str:
    """The help that there is: the command's own, if it was one."""
    known = arguments and not arguments[0].startswith("-") and arguments[0] in set(app)
    return f"setpoint {arguments[0]} --help" if known else "setpoint --help"


def _run(arguments: list[str]) -> int:
    talk = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        talk.print(f"setpoint: {error}", markup=False)
        talk.print(f"setpoint: see {_help_of(arguments)}", markup=False)
        return MISTAKE
    except UsageError as error:
        talk.print(f"setpoint: {error}", markup=False)
        return MISTAKE
    except SetpointError as error:
        talk.print(f"setpoint: {error}", markup=False)
        if isinstance(error, LedgerError) and error.unsaved:
            talk.print("setpoint: the last text could not be recorded; it stands on standard output", markup=False)
            sys.stdout.write(error.unsaved)
        return MACHINERY
    except KeyboardInterrupt:
        talk.print("setpoint: interrupted", markup=False)
        return OTHERWISE
    except BrokenPipeError:
        sys.stderr.close()  # whoever read the output has gone; so has the reason to complain
        return OTHERWISE
    return code if isinstance(code, int) else ACCEPTED
