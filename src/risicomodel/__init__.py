"""Need for youth care, Wmo and social assistance per wijk: expected, explained, uncertain."""

__version__ = "0.1.0"
