"""Gaussian clusters of one width."""
