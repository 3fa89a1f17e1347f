"""What all tests share."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.paths import ha_python

# Two test processes share two cores: a slow example is no fault of the code.
settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None, print_blob=True
)
settings.load_profile("default")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's own shell reaches a test."""
    for name in list(os.environ):
        if name.startswith(("PORCHLIGHT__", "AWS_")):
            monkeypatch.delenv(name)


@pytest.fixture
def program() -> Callable[[str], str]:
    """Find a program of the system by its name; the test is skipped where it is not installed."""

    def find(name: str) -> str:
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
        if path is None:
            pytest.skip(f"{name} is not installed: run script/bootstrap")
        return path

    return find


@pytest.fixture(scope="session")
def home_assistant_python() -> Path:
    """The Python of the environment that has Home Assistant."""
    return ha_python()
