"""Models of a rate behind one interface: ``fit(rows)``, then ``predict(rows)``.

A kind of model lives in a module of its own, and is entered in ``registry.KINDS`` under the name
that configuration uses. Which rows a model is fitted on is decided elsewhere (``crossfit``).

>>> sorted(kind for kind, one in KINDS.items() if one.model.baseline)
['gemeente_mean', 'mean', 'persistence']
"""

from risicomodel.learning.models.base import RateModel, Rows
from risicomodel.learning.models.blend import BlendParams, average
from risicomodel.learning.models.contributions import Contributions
from risicomodel.learning.models.registry import (
    KINDS,
    ModelSettings,
    blend_of,
    blends,
    check,
    create,
    for_domain,
    learners,
    load,
    load_libraries,
    pack,
    unpack,
    with_baselines,
)

__all__ = [
    "KINDS",
    "BlendParams",
    "Contributions",
    "ModelSettings",
    "RateModel",
    "Rows",
    "average",
    "blend_of",
    "blends",
    "check",
    "create",
    "for_domain",
    "learners",
    "load",
    "load_libraries",
    "pack",
    "unpack",
    "with_baselines",
]
