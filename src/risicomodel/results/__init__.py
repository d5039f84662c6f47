"""What fitted models say: evaluation, estimates, forecasts, explanations, each as tidy tables.

No file is written here, and no page.
"""
