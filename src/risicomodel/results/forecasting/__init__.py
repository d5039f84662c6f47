"""Forecasts one to five years ahead, with a back-test of how good such forecasts were."""

from risicomodel.results.forecasting.forecast import Forecasts, forecast
from risicomodel.results.forecasting.plans import ForecastPlan, plan, tasks
from risicomodel.results.forecasting.settings import ForecastSettings, violations
from risicomodel.results.forecasting.verify import Verification, verify

__all__ = [
    "ForecastPlan",
    "ForecastSettings",
    "Forecasts",
    "Verification",
    "forecast",
    "plan",
    "tasks",
    "verify",
    "violations",
]
