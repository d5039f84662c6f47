"""What a person reads when a task ends: short, and what to do next."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from risicomodel import splits
from risicomodel.evaluation import evaluate
from risicomodel.panel import names, quality

if TYPE_CHECKING:
    import pandas as pd

    from risicomodel.panel.build import Panel
    from risicomodel.pipeline import Outcome
    from risicomodel.settings import Settings

DEMO = "DEMO: made-up figures. Nothing here is about a real place."
WIDTH = 110
PROTOCOL_ORDER = (
    splits.UNSEEN_GEMEENTE,
    splits.UNSEEN_WIJK,
    evaluate.BENCHMARKED,
    splits.NEXT_YEARS,
    splits.RANDOM,
)
TITLE = (
    "leaderboard: WAPE per protocol, the share of clients put in the wrong place (lower is better)"
)
NOTE = (
    "noise_floor: what would be left if every rate were known. 'random' only shows how flattering "
    "a\nrandom split is. * champion. All metrics and groups: scores.csv, leaderboard.csv."
)


def _table(frame: pd.DataFrame, title: str, formats: dict[str, str] | None = None) -> str:
    """Return a table as text."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in frame.columns:
        number = frame[name].dtype.kind in "iuf"
        table.add_column(str(name), justify="right" if number else "left", no_wrap=True)
    formats = formats or {}
    for row in frame.itertuples(index=False):
        cells = zip(frame.columns, row, strict=True)
        table.add_row(*[_cell(value, formats.get(str(name), "")) for name, value in cells])
    out = io.StringIO()
    Console(file=out, width=WIDTH).print(table)
    return "\n".join([title, *(line.rstrip() for line in out.getvalue().rstrip().splitlines())])


def _cell(value: Any, form: str) -> str:
    if value != value:  # noqa: PLR0124 (NaN)
        return "–"
    return format(value, form) if form else str(value)


def outcome(task: str, settings: Settings, result: Outcome) -> str:
    """Return the end of a task: leaderboard or quality, where results are, what to do next."""
    parts = [DEMO] if settings.data.source == "demo" else []
    parts.append(
        _table(quality.summary(result.quality), "wijken with a published figure, per year")
        if result.leaderboard is None
        else _leaderboard(result.leaderboard)
    )
    parts.append(f"results:  {result.folder}")
    if result.tracked:
        parts.append(f"tracked:  mlflow ui --backend-store-uri {result.tracked}")
    parts.append(f"next:     {_next(task, settings)}")
    return "\n\n".join([*parts[:2], "\n".join(parts[2:])]) if DEMO in parts else _joined(parts)


def _joined(parts: list[str]) -> str:
    return "\n\n".join([parts[0], "\n".join(parts[1:])])


def _leaderboard(board: pd.DataFrame) -> str:
    """Return WAPE per protocol side by side, models best first on the champions' protocol."""
    wide = board.pivot_table(index=["domain", "model"], columns="protocol", values="wape")
    wide = wide[[p for p in PROTOCOL_ORDER if p in wide]]
    names_of = board.groupby(["domain", "model"])["champion"].first()
    table = wide.reset_index().sort_values(["domain", wide.columns[0]])
    chosen = [names_of[key] for key in zip(table["domain"], table["model"], strict=True)]
    table["model"] = [f"{m} *" if c else m for m, c in zip(table["model"], chosen, strict=True)]
    table.columns = [str(name).replace("_benchmarked", "+total") for name in table.columns]
    formats = dict.fromkeys(table.columns[2:], ".3f")
    return f"{_table(table, TITLE, formats)}\n{NOTE}"


def _next(task: str, settings: Settings) -> str:
    if task == "data":
        chosen = f"data={settings.data.source}"
        return f"risicomodel train {chosen}" + (
            f" data.dir={settings.data.dir}" if settings.data.dir else ""
        )
    if settings.data.source == "demo":
        return "risicomodel run data=archive data.dir=PATH for real figures; 'risicomodel compare'"
    return "open leaderboard.csv and predictions.parquet; 'risicomodel compare' beside other runs"


def archive(facts: dict[str, Any]) -> str:
    """Return what is in an archive."""
    import pandas as pd

    panel: Panel = facts["panel"]
    rows = {(p.subject, p.period): p.rows for p in panel.provenance}
    found = pd.DataFrame(
        [
            {
                "subject": ref.subject,
                "year": ref.year,
                "table": ref.table,
                "file": ref.path.name,
                "areas": str(rows.get((ref.subject, str(ref.year)), "not used yet")),
            }
            for ref in facts["found"]
        ]
    )
    parts = [f"archive: {facts['folder']}", _table(found, "tables")]
    if facts["missing"]:
        gaps = [f"{subject} {year} ({table})" for subject, year, table in facts["missing"]]
        parts.append("not in this archive: " + ", ".join(gaps))
    wijken = panel.wijken
    count = wijken.groupby("year").size().rename("wijken").reset_index()
    parts.append(_table(count, "wijken with features"))
    parts.append(_table(_statuses(facts["quality"]), "figures per domain: wijken by status"))
    older = _editions(panel.wijken)
    if len(older):
        parts.append(
            _table(older, "features that lag: edition that most wijken's figures are from")
        )
    return "\n\n".join(parts)


def _editions(wijken: pd.DataFrame) -> pd.DataFrame:
    """Return, per topic and year, the most common edition, where it is not the year's own."""
    import pandas as pd

    columns = [f"{topic}_year" for topic in names.topics() if f"{topic}_year" in wijken]
    common = wijken.groupby("year")[columns].agg(pd.Series.mode)
    common.columns = common.columns.str.removesuffix("_year")
    late = common.ne(common.index.to_series(), axis=0)
    table = common.astype("str").where(late, "")
    table = table.loc[late.any(axis=1), late.any(axis=0)]
    return table.reset_index()


def _statuses(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[table["check"].str.startswith("status:")]
    rows = rows.assign(status=rows["check"].str.removeprefix("status:"))
    wide = rows.pivot_table(index=["subject", "year"], columns="status", values="n", aggfunc="sum")
    return wide.fillna(0).astype("int64").reset_index()


def comparison(table: pd.DataFrame) -> str:
    """Return several runs' scores."""
    formats = {"wr2": ".3f", "wape": ".3f"}
    return _table(table, "runs compared (best first; other data or rows do not compare)", formats)
