"""What is imported when: `setpoint --help` must not wait for provider libraries, and extras are optional."""

import subprocess
import sys

import pytest

HEAVY = ["pydantic_ai", "openai", "anthropic", "httpx2", "xllamacpp", "genai_prices"]
SETTINGS = "m.ModelSettings(environment={'OPENAI_API_KEY': 'k'}, cache=pathlib.Path('x'))"


def run(code: str) -> str:
    """What a fresh Python prints."""
    prelude = "import sys, pathlib\n"
    return subprocess.run(
        [sys.executable, "-c", prelude + code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_naming_models_imports_no_provider_library() -> None:
    """Not for the package itself, and not for an embedded name."""
    code = f"import setpoint.models as m\nm.resolve('embedded:smollm2-135m', {SETTINGS})\nprint(sorted(sys.modules))"
    loaded = run(code)
    assert not [name for name in HEAVY if f"'{name}'" in loaded]


@pytest.mark.parametrize(
    ("package", "act", "advice"),
    [
        ("pydantic_ai", "m.resolve('openai:gpt-x', s)", "pip install 'setpoint[providers]'"),
        ("anthropic", "m.resolve('anthropic:x@http://localhost', s)", "pip install 'setpoint[providers]'"),
        (
            "xllamacpp",
            "engine.Engine(pathlib.Path('x')).chat(None, threading.Event())",
            "pip install 'setpoint[embedded]'",
        ),
    ],
)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(package: str, act: str, advice: str) -> None:
    """The package is made unfindable in a fresh Python."""
    code = f"""
import importlib.util, threading
sys.modules[{package!r}] = None
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == {package!r} else found(name, *rest)
import setpoint.models as m
from setpoint.errors import ConfigError
from setpoint.models import engine
s = {SETTINGS}
try:
    {act}
except ConfigError as error:
    print(error)
"""
    assert advice in run(code)


def test_prices_are_unknown_without_the_price_list() -> None:
    """The extra carries it; without it no price is invented."""
    code = (
        f"sys.modules['genai_prices'] = None\nimport setpoint.models as m\nprint(m.price('openai:gpt-4.1', {SETTINGS}))"
    )
    assert run(code) == "(None, None)"


@pytest.mark.parametrize("own", [{}, {"OMP_WAIT_POLICY": "active"}])
def test_loading_the_library_leaves_the_environment_as_it_was(own: dict[str, str]) -> None:
    """Its threads are told how long to spin; child processes are not, and a choice of the user's stands."""
    code = f"""
import os
os.environ.update({own!r})
before = dict(os.environ)
from setpoint.models.engine import Engine
try:
    Engine(pathlib.Path('nowhere.gguf')).chat(None, __import__('threading').Event())
except Exception as error:
    print(type(error).__name__, dict(os.environ) == before, 'xllamacpp' in sys.modules)
"""
    assert run(code) == "ConfigError True True"
