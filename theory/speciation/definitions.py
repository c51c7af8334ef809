"""The published definitions of the speciation time."""

DEFINITIONS = ("spectral", "noise-balance", "snr", "balance", "bimodal", "curvature", "cloning")
"""By the names of the command line."""
