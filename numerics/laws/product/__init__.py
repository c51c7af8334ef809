"""Products of any prior, in numbers."""
