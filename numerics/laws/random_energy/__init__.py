"""The random energy model, in numbers."""
