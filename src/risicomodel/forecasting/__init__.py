"""Forecasts: what figures will be, one to five years ahead, and how good such forecasts were."""

from risicomodel.forecasting.forecast import Forecasts, Plan, forecast, plan, tasks
from risicomodel.forecasting.settings import ForecastSettings, problems

__all__ = ["ForecastSettings", "Forecasts", "Plan", "forecast", "plan", "problems", "tasks"]
