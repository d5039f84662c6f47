"""How rates are learned, and under which rules that is tested.

This wing holds evaluation protocols and the reference rates they reveal, learning problems, models,
cross-fitting, conformal prediction intervals, and tuning. It takes a panel with features and gives
predictions per row. The tables that people read are made further on, in ``results``; nothing here
downloads data, knows a run's folder, or makes a page.
"""
