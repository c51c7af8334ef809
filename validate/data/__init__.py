"""Data sets of users: reading and analysis."""
