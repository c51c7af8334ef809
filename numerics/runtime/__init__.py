"""Functions that generated modules carry with them."""
