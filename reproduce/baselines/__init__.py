"""ONE FILE = ONE BASELINE, read top to bottom: its declaration, its model, its training loop."""
