"""The leaderboard as a chart, drawn from ``leaderboard.csv`` with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import metrics
from risicomodel.learning.protocols import (
    BLANK_CELL,
    BLANK_GEMEENTE,
    NEXT_YEARS,
    RANDOM,
    UNSEEN_GEMEENTE,
    UNSEEN_WIJK,
    UNSEEN_YEAR,
)
from risicomodel.results.evaluation.evaluate import BENCHMARKED

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

# Okabe and Ito's colours, safe for colour-blind readers; every model has its own shape too.
STYLES = {
    "mean": ("#999999", "s"),
    "gemeente_mean": ("#56B4E9", "v"),
    "persistence": ("#E69F00", "^"),
    "glm": ("#009E73", "D"),
    "lightgbm": ("#D55E00", "o"),
    "kernel": ("#CC79A7", "P"),
}
DEFAULT_STYLE = ("#000000", "x")
PROTOCOLS = (
    UNSEEN_GEMEENTE,
    UNSEEN_WIJK,
    BENCHMARKED,
    UNSEEN_YEAR,
    BLANK_CELL,
    BLANK_GEMEENTE,
    NEXT_YEARS,
    RANDOM,
)


def draw_leaderboard(board: pd.DataFrame, path: Path, title: str) -> None:
    """Draw every model's WAPE per domain and protocol beside the noise floor.

    Of the best model on each protocol a line shows the 90% interval over gemeenten. Intervals of
    all models would say little: they overlap even where differences are no chance.

    Parameters
    ----------
    board : DataFrame
        ``leaderboard.csv``.
    path : Path
        The ``.svg`` file to write; the same table gives the same bytes.
    title : str
        What the figures are and where they come from.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    domains = list(board["domain"].unique())
    with mpl.rc_context({"svg.hashsalt": "risicomodel", "svg.fonttype": "none"}):
        figure = Figure(figsize=(9.5, 4.2), layout="constrained")
        axes = figure.subplots(1, len(domains), sharey=True, squeeze=False)[0]
        for axis, domain in zip(axes, domains, strict=True):
            _panel(axis, board[board["domain"] == domain], domain)
        axes[0].set_ylabel("")
        figure.suptitle(title, fontsize=10)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=6, fontsize=8, frameon=False
        )
        figure.savefig(path, format="svg", metadata={"Date": None})


def _panel(axis: Axes, rows: pd.DataFrame, domain: str) -> None:
    wide = rows.pivot_table(index="protocol", columns="model", values="wape")
    wide = wide.reindex([name for name in reversed(PROTOCOLS) if name in wide.index])
    height = range(len(wide))
    best = rows[rows["behind"] == 0].drop_duplicates("protocol").set_index("protocol")
    limits = best.reindex(wide.index)[["wape_lower", "wape_upper"]]
    axis.hlines(
        list(height), limits["wape_lower"], limits["wape_upper"], color="#BBBBBB", lw=5,
        label="90% of the best model", zorder=1,
    )  # fmt: skip
    if metrics.FLOOR in wide:
        axis.plot(wide[metrics.FLOOR], height, "|", color="black", ms=14, label="noise floor")
    for model in [m for m in (*STYLES, *wide.columns) if m in wide and m != metrics.FLOOR]:
        colour, marker = STYLES.get(model, DEFAULT_STYLE)
        if axis.get_legend_handles_labels()[1].count(model) == 0:
            axis.plot(wide[model], height, marker, color=colour, ms=5, alpha=0.9, label=model)
    axis.set_yticks(list(height), [name.replace("_", " ") for name in wide.index], fontsize=8)
    axis.set_xlim(left=0)
    axis.set_title(domain, fontsize=9)
    axis.set_xlabel("WAPE (lower is better)", fontsize=8)
    axis.tick_params(axis="x", labelsize=8)
    axis.grid(axis="x", alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
