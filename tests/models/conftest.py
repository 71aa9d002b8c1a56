"""The real small model: brought once into the user's cache, where the program itself keeps it."""

import os
from pathlib import Path

import platformdirs
import pytest

from setpoint.errors import WeightsError
from setpoint.models import ModelSettings, catalogue, fetch


@pytest.fixture(scope="session")
def small_settings() -> ModelSettings:
    """Settings over the user's cache with SmolLM2 in it; 98 MB are fetched if it is not there yet."""
    settings = ModelSettings(
        environment=os.environ,
        cache=Path(platformdirs.user_cache_dir("setpoint")),
        notice=print,
        offline=bool(os.environ.get("SETPOINT_TEST_OFFLINE")),
    )
    try:
        fetch(catalogue()[1], settings)
    except WeightsError as error:
        pytest.skip(f"the embedded model is not tested: {error}")
    return settings
