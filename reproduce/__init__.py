"""Reference baselines and the ruler that measures them (to come). Imports neither hub nor crawlers.

The only place where torch may be imported.
"""
