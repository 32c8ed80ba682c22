"""How the shipped weights were made, from scratch."""
