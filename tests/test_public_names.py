"""The public surface, pinned: what is here is promised."""

import importlib
import subprocess
import sys

import pytest

import setpoint

PUBLIC = {
    "setpoint": [
        "Budget", "CheckCall", "Criterion", "Policy", "Result", "Source", "Spec", "read_spec", "refine", "refine_sync",
        "resume",
    ],
    "setpoint.errors": [
        "ConfigError", "DraftError", "LedgerConflict", "LedgerError", "MachineryError", "ModelError", "ModelErrorKind",
        "NotTrusted", "OverBudget", "RunNotFound", "SetpointError", "SpecError", "UsageError", "WeightsError",
    ],
    "setpoint.ports": [
        "Author", "Check", "Critic", "Finding", "Finish", "FleetBudget", "FleetSpent", "Hold", "Ledger", "Mediator",
        "Model", "Permit", "Person", "ProbeItem", "Prompt", "Rates", "Reply", "RunInfo", "Selection",
    ],
    "setpoint.testing": [
        "AskedNothingMore", "ScriptedAuthor", "ScriptedCritic", "ScriptedMediator", "ScriptedModel", "ScriptedPerson",
    ],
    "setpoint.ledgers": ["MemoryLedger", "PostgresLedger", "SqliteLedger"],
}  # fmt: skip


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_what_is_promised(module: str) -> None:
    """Adding or removing one is a decision, not an accident."""
    found = importlib.import_module(module)
    assert sorted(found.__all__) == PUBLIC[module]
    assert all(hasattr(found, name) for name in found.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """Lazy names do not swallow mistakes."""
    with pytest.raises(AttributeError, match="refien"):
        setpoint.refien  # noqa: B018


def test_importing_setpoint_loads_no_model_library_and_no_interface() -> None:
    """`import setpoint` stays light; what is heavy comes when it is used."""
    heavy = "pydantic_ai", "xllamacpp", "openai", "rich", "cyclopts", "jinja2", "sqlite3", "pydantic"
    code = f"import sys, setpoint; print([m for m in {heavy!r} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_help_loads_no_model_library() -> None:
    """`setpoint --help` answers without importing a provider."""
    heavy = "pydantic_ai", "xllamacpp", "openai", "anthropic"
    code = (
        "import sys\nfrom setpoint.cli import main\n"
        f"try: main(['--help'])\nexcept SystemExit: pass\nprint([m for m in {heavy!r} if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip().splitlines()[-1] == "[]"
