"""From published files to a panel with features.

Here live domains, sources, the panel and features. It reads what others published and fits nothing:
models have no place here.
"""
