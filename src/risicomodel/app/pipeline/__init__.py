"""The stages in order. The only part that knows them all; ``dvc.yaml`` mirrors it."""

from risicomodel.app.pipeline.commands import (
    Outcome,
    data,
    explain,
    forecast,
    report,
    run,
    train,
    tune,
    verify,
)

__all__ = ["Outcome", "data", "explain", "forecast", "report", "run", "train", "tune", "verify"]
