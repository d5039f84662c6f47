"""What every wing stands on.

Here live errors, places on disk, storage, arrays, metrics, levels of areas, and work spread over
cores. Nothing here knows CBS, a model or a page.
"""
