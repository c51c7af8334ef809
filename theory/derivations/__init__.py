"""Derivations: steps with a kind, the checks of each kind, and how they are shown."""
