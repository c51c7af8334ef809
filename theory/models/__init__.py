"""One file per data distribution; each defines MODEL and is found without being listed."""
