"""What each version of a round's database changed: a module each, never edited once released.

Examples
--------
>>> from risicomodel.participation.review.versions import v0001_tables_of_a_round as first
>>> from risicomodel.participation.review.versions import v0002_answers_by_number as second
>>> second.down_revision == first.revision
True
"""
