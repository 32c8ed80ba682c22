"""Speech with known phone times, from the synthesisers that Debian packages."""
