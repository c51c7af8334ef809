"""Experiments as values, their batches on disk, the processes that compute them."""
