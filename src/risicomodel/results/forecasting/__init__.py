"""Forecasts: what figures will be, one to five years ahead, and how good such forecasts were."""

from risicomodel.results.forecasting.forecast import Forecasts, Plan, forecast, plan, tasks
from risicomodel.results.forecasting.settings import ForecastSettings, violations
from risicomodel.results.forecasting.verify import Verified, verify

__all__ = [
    "ForecastSettings",
    "Forecasts",
    "Plan",
    "Verified",
    "forecast",
    "plan",
    "tasks",
    "verify",
    "violations",
]
