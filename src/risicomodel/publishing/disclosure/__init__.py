"""The disclosure gate: what may be shown of a figure, and nothing past it."""
