"""The engines: what turns speech into motion and motion into pictures."""
