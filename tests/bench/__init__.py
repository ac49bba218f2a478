"""Measurements of speed, memory and search quality, each beside its peer: `python -m tests.bench`.

Runs from a source checkout on Linux or macOS. Every measurement runs in processes of its own; the
process that starts them imports the standard library only, so that their peak memory is theirs.
"""
