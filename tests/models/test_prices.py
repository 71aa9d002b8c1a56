"""Prices: the user's file, then the carried list, and None where nobody knows."""

from pathlib import Path

import pytest

from setpoint.errors import ConfigError
from setpoint.models import ModelSettings, keys_in, price


def settings(prices: Path | None = None) -> ModelSettings:
    """Settings that know nothing but a price file."""
    return ModelSettings(environment={}, cache=Path("unused"), prices=prices)


@pytest.mark.parametrize("name", ["embedded:qwen2.5-coder-1.5b", "embedded:/x.gguf", "ollama:qwen3"])
def test_what_runs_here_costs_nothing(name: str) -> None:
    """Zero, not unknown: a money budget must not stop a free model."""
    assert price(name, settings()) == (0.0, 0.0)


@pytest.mark.parametrize(
    "name",
    [
        "openai:no-such-model",
        "openai:gpt-4.1@https://host.example/v1",
        "ollama:gpt-oss:120b-cloud",
        "ollama:qwen3@https://host.example/v1",
    ],
)
def test_an_unknown_price_is_none(name: str) -> None:
    """Another server's price is not OpenAI's, even for a model of the same name."""
    assert price(name, settings()) == (None, None)


@pytest.mark.parametrize("name", ["openai:gpt-4.1", "anthropic:claude-sonnet-4-5", "google:gemini-2.5-flash"])
def test_known_models_have_a_price_of_a_plausible_size(name: str) -> None:
    """The list changes with each release of the price library, so only its scale is checked."""
    paid, written = price(name, settings())
    assert paid is not None
    assert written is not None
    assert 0.01 < paid < written < 200


def test_the_users_file_goes_first(tmp_path: Path) -> None:
    """Also over the built-in zero of an embedded model: electricity has a price."""
    file = tmp_path / "prices.toml"
    file.write_text('["openai:gpt-4.1"]\ninput = 1\noutput = 2.5\n["embedded:x"]\ninput = 0.1\noutput = 0.1\n')
    assert price("openai:gpt-4.1", settings(file)) == (1, 2.5)
    assert price("embedded:x", settings(file)) == (0.1, 0.1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('["openai:x"]\ninput = 1\nouput = 2\n', r"has no key 'ouput'\. Did you mean 'output'"),
        ('["openai:x"]\ninput = 1\n', "needs both input and output"),
        ('["openai:x"]\ninput = -1\noutput = 1\n', "input must be a number of US dollars"),
        ('["openai:x"]\ninput = true\noutput = 1\n', "input must be a number"),
        ('["openai:x"]\ninput = nan\noutput = 1\n', "input must be a number"),
        ("input = 1\n", "'input' must be a table"),
        ("[[", "cannot read the prices"),
        (None, "cannot read the prices"),
    ],
)
def test_a_price_file_that_cannot_be_used_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    """A wrong price would be worse than none."""
    file = tmp_path / "prices.toml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        price("openai:x", settings(file))
    assert str(file) in str(caught.value)


def test_keys_are_mentioned_by_name_only() -> None:
    """And empty ones aren't keys."""
    found = keys_in({"OPENAI_API_KEY": "sk-canary", "GEMINI_API_KEY": "x", "ANTHROPIC_API_KEY": "", "HOME": "/"})
    assert found == ("GEMINI_API_KEY", "OPENAI_API_KEY")
