"""Runs the objective of the chapter: one Synthesis per backend, quickly."""
