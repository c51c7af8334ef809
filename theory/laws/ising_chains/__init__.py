"""Two Ising chains, one per class."""
