"""One row per wijk and year: names, places that stay the same, figures, populations, status."""
