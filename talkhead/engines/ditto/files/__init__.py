"""The published files: which there are, whether they are right, and the networks in them."""
