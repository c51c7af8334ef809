"""Centred Gaussian data of any covariance spectrum."""
