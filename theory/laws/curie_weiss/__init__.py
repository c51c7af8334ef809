"""The Curie-Weiss magnet."""
