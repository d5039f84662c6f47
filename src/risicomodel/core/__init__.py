"""The foundation of every wing.

Here live errors, paths, storage, types of arrays, metrics, levels of areas, and work spread over
cores or machines. Nothing here knows CBS, a model or a page.
"""
