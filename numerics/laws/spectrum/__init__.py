"""Gaussian spectra, in numbers."""
