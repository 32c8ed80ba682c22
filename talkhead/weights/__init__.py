"""Weights that are not part of the package: what they are, fetching them, and trusting them."""
