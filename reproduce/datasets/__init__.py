"""ONE FILE = ONE DATASET: its files with their checksums, its licence, and how to read it."""
