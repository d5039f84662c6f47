"""How figures get in: one module per source, all ending in an archive of CBS tables.

``archive`` reads a local folder of tables as CBS gives them; ``cbs`` downloads such a folder and
``demo`` makes one up; ``table`` joins a gemeente's own figures. ``formats`` knows file types and
``regions`` knows how CBS lays out areas and periods.
"""
