"""Speciation, argued once for every law with classes."""
