"""Two Ising chains, in numbers."""
