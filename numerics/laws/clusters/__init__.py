"""Gaussian clusters of one width, in numbers."""
