"""How good is it, on what protocol, beside what floor: tidy tables, figures apart."""
