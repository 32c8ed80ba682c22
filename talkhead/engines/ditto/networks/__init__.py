"""The networks of the `ditto` engine, in the published layouts."""
