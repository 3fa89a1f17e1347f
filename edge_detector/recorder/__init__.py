"""Writes clips from a camera's own packets, so that a crash or a power cut leaves what was written."""
