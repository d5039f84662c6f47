"""Where figures come from: one module per source.

``archive`` reads a local folder of tables as CBS publishes them, which ``statline`` downloads and
the wing ``demo`` makes up. ``own_table`` joins a gemeente's own figures, ``population_forecast``
reads an official forecast and ``boundaries`` a map. ``formats`` knows types of files, and
``layout`` how CBS arranges areas and periods.
"""
