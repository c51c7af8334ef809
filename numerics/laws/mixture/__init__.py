"""Mixtures of Gaussian clusters, in numbers."""
