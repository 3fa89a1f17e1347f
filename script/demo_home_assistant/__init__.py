"""The demo with a Home Assistant beside it, and what tests of a real Home Assistant share with it."""
