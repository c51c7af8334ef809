"""The random energy model: levels without a channel."""
