"""The last stage: key points to pictures, and the portraits they are made of."""
