"""The terminal browser. Only this package knows Textual; it reads through hub.queries alone."""
