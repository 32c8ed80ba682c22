"""The procedural teacher: rules that turn timed phones and a waveform into motion."""
