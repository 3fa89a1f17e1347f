"""A real Home Assistant, a real broker, the real edge and a real browser."""
