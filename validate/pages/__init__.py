"""Everything drawn or written for people."""
