"""The panel: one row per wijk and year, with its place, features, figures and their status."""
