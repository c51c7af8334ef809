"""The noising channel: forward process, schedules, and what a scalar prior looks like through it."""
