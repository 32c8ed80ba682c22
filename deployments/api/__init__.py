"""HTTP in front of the service: no pixels, no tensors, no Ray."""
