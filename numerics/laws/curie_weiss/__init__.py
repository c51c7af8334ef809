"""The Curie-Weiss magnet, in numbers."""
