"""The composition root: the only part that sees runtime and adapters together."""
