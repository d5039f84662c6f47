"""Features: what they are, as declared in configuration, and their values per wijk and year."""

from risicomodel.data.features.declarations import (
    CONTEXTS,
    OWN,
    PARTS,
    Feature,
    FeatureSet,
    check,
    columns,
    declared,
    is_sensitive,
    part_of,
    sources,
    table,
    usable,
)
from risicomodel.data.features.values import compute, vintage

__all__ = [
    "CONTEXTS",
    "OWN",
    "PARTS",
    "Feature",
    "FeatureSet",
    "check",
    "columns",
    "compute",
    "declared",
    "is_sensitive",
    "part_of",
    "sources",
    "table",
    "usable",
    "vintage",
]
