"""What the API offers, without HTTP and without Ray: avatars, streams and video jobs."""
