"""Models read from files, as data that never run."""
