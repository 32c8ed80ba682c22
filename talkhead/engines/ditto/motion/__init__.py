"""From features of speech to key points: conditions, diffusion, fusion of windows, stitching."""
