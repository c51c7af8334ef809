"""Dynamical regimes of diffusion models: derive, generate, predict, simulate, compare."""
