"""The `ditto` engine: the published system, re-implemented from its description."""
