"""Times in the clocks of other schedules."""
