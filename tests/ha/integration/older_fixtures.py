"""Lets the fixtures for the release before find what this release of Home Assistant has moved.

pytest.ini loads it before them; importing Home Assistant first is also what its HTTP client wants.
"""

from homeassistant.components import logger
from homeassistant.components.logger import helpers

logger.__dict__["_clear_logger_overwrites"] = helpers._clear_logger_overwrites
