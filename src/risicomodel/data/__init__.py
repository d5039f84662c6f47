"""From published files to a panel with features: domains, sources, panel, features.

Reads what others published, and fits nothing: a model has no place here.
"""
