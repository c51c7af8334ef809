"""Gaussian clusters with their own means, variances and weights."""
