"""Cameras: where packets and pictures come from."""
