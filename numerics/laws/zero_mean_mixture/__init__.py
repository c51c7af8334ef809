"""Two centred Gaussian classes, in numbers."""
