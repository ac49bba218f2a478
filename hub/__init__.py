"""A local-first hub of deep-learning resources: catalog, search, terminal interface."""

__version__ = "0.1.0"
