"""Two centred Gaussian classes."""
