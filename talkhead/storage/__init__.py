"""Where large things (blobs) and small things (records) are kept."""
