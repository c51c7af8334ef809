"""One open Ising chain, in numbers."""
