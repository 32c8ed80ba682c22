"""A photo, animated by ARKit coefficients: layered warps, no training data."""
