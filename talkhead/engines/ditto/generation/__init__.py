"""The second stage: features of speech to key points, window after window."""
