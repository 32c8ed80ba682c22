"""Studying a portrait, once: canvas, matte, depth, openings, displacement fields and textures."""
