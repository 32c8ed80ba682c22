"""The first stage: speech to features."""
