"""How figures look and what they are called: languages, texts, templates, charts and maps.

All of it is shared by whatever makes pages, and takes figures that may be shown already.
"""
