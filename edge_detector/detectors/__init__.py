"""Backends that find people in one picture, behind the port `Detector`; `registry.build` picks and makes one."""
