"""Collapse, argued once for every law from its energy levels."""
