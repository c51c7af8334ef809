"""Independent coordinates of one prior."""
