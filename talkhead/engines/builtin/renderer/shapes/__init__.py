"""The expression shapes: how each mesh vertex moves with each coefficient, in millimetres."""
