"""Drawing frames: pose and expression become backward maps, layers lie over each other."""
