"""Clips in the media browser and over HTTP, from real stores."""
