"""The engine that ships with the package: any front-facing photo, no GPU, no licence questions."""
