"""Porchlight's edge program: from a camera's packets to a person told and a clip kept."""

__version__ = "0.1.0"
