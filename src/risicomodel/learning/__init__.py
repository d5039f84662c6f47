"""How rates are learned, and on what terms that is tested.

Here live protocols and what they reveal, problems, models, cross-fitting, conformal bands and
tuning. Tables that people read are made further on, in ``results``.
"""
