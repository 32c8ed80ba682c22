"""Speech to ARKit coefficients and head pose, by diffusion."""
