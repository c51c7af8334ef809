"""Processes, scores, estimators and measurements."""
