"""Tests of the integration inside Home Assistant; they run in its own environment, see pytest.ini."""
