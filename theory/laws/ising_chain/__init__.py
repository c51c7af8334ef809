"""One open Ising chain."""
