"""What is claimed, and why: SymPy derivations whose every step is computed and checked."""
