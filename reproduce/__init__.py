"""Baselines: recipes that this machine can run, the data they need, and the ruler they are measured by."""
