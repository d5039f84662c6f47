"""What the command line prints when a command ends: results in short, and what to do next."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core import paths
from risicomodel.core.intervals import Interval
from risicomodel.core.levels import WIJK
from risicomodel.learning import protocols
from risicomodel.results.evaluation import evaluate
from risicomodel.runs import contract

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.app.pipeline import Outcome
    from risicomodel.app.settings import Settings
    from risicomodel.core.levels import Level
    from risicomodel.data.panel.build import Panel
    from risicomodel.data.sources.archive import PlacedTable
    from risicomodel.results.forecasting import Forecasts, Verification
    from risicomodel.runs.compare import ComparedRuns

DEMO = "DEMO: made-up figures. Nothing here is about a real place."
WIDTH = 1_000
MAJORITY = 0.5
FLATTERY = "random: only there to show how flattering a random split is."
PROTOCOL_ORDER = (
    protocols.UNSEEN_GEMEENTE,
    protocols.UNSEEN_WIJK,
    evaluate.BENCHMARKED,
    protocols.UNSEEN_YEAR,
    protocols.BLANK_CELL,
    protocols.BLANK_GEMEENTE,
    protocols.NEXT_YEARS,
    protocols.RANDOM,
)
FORECASTS = "forecasts: WAPE of earlier ones, beside the figures that came out since"
NEXT = {
    "forecast": f"open {contract.FORECASTS.file}, {contract.FORECAST_SUMS.file}; in a year: "
    "'risicomodel verify FOLDER'",
    "verify": f"open {contract.VERIFY.file}, {contract.VERIFY_GEMEENTEN.file}, "
    f"{contract.VERIFY_WORST.file}",
}
TITLE = "leaderboard: WAPE per protocol, absolute errors as a share of all clients"
CHANCE = "~"
ANEW = "90% interval, gemeenten drawn anew"
BEHIND_NOTE = (
    "behind: WAPE less the lowest of the domain and protocol on the same data\n"
    f"({ANEW}, in pairs); {CHANCE} within chance."
)
NOTE = (
    "noise_floor: what would be left if every rate were known; blank cells may be below, as other "
    "years and totals tell of the clients themselves. * champion. "
    f"{CHANCE} no further behind the best than chance ({ANEW}, in pairs).\n"
    f"All metrics and groups: {contract.SCORES.file}; all intervals: {contract.LEADERBOARD.file}."
)


def _table(frame: pd.DataFrame, title: str, formats: dict[str, str] | None = None) -> str:
    """Return a table as text."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in frame.columns:
        number = frame[name].dtype.kind in "iuf"
        table.add_column(
            str(name), justify="right" if number else "left", no_wrap="\n" not in str(name)
        )
    formats = formats or {}
    for row in frame.itertuples(index=False):
        cells = zip(frame.columns, row, strict=True)
        table.add_row(*[_cell(value, formats.get(str(name), "")) for name, value in cells])
    out = io.StringIO()
    # users copy names from here: a line may be long, but is never cut
    Console(file=out, width=WIDTH).print(table)
    return "\n".join([title, *(line.rstrip() for line in out.getvalue().rstrip().splitlines())])


def _cell(value: Any, form: str) -> str:
    if value != value:  # noqa: PLR0124 (NaN)
        return "–"
    return format(value, form) if form else str(value)


def outcome(command: str, settings: Settings, result: Outcome) -> str:
    """Return what a command prints when it ends.

    Parameters
    ----------
    command : str
        The command.
    settings : Settings
        The run's settings.
    result : Outcome
        What the command produced.

    Returns
    -------
    str
        Leaderboard or data quality, where the results are, and what to do next.
    """
    ends = [f"results:  {result.folder}"]
    if result.tracked:
        server = result.tracked.startswith("http")
        look = result.tracked if server else f"mlflow ui --backend-store-uri {result.tracked}"
        ends.append(f"tracked:  {look}")
    if result.pages:
        ends.append(f"report:   {result.pages[0]}")
    ends.append(f"next:     {_next(command, settings, result.folder)}")
    parts = [DEMO] if settings.data.source == "demo" else []
    if result.leaderboard is None:
        parts += _quality(result.quality, settings.areas)
    else:
        parts.append(_leaderboard(result.leaderboard))
    if result.tuned is not None:
        parts.append(_tuned(result.tuned, settings))
    if result.forecasts is not None:
        parts.append(_forecasts(result.forecasts))
    if result.verified is not None:
        parts.append(_verified(result.verified))
    return "\n\n".join([*parts, "\n".join(ends)])


def pages(reports: list[Path]) -> str:
    """Return where reports are.

    Parameters
    ----------
    reports : list of Path
        The page to open first, then the others.

    Returns
    -------
    str
        The page to open, and the folder of the others.
    """
    first, *others = reports
    folders = [f"reports:  {len(others)}, in folders under {first.parent}"] if others else []
    location = f"{'index:' if others else 'report:':<10}{first}"
    return "\n".join([*folders, location, "next:     open it in a browser; it needs no internet"])


def _forecasts(forecasts: Forecasts) -> str:
    """Return how good forecasts from earlier origins were, and the coverage of their bands."""
    tested = forecasts.scores[forecasts.scores["origin_year"] == "all"]
    shown = ["persistence_by_code", "persistence", "forecast", "noise_floor"]
    keys = ["domain", "horizon"]
    wide = tested.pivot(index=keys, columns="model", values="wape")
    rows = wide.reset_index()
    model = rows["domain"].map(forecasts.champions)
    rows["forecast"] = [row[name] for (_, row), name in zip(rows.iterrows(), model, strict=True)]
    rows["noise_floor"] = tested.groupby(keys)["noise_floor"].first().to_numpy()
    coverage = forecasts.interval_scores.query(
        "level not in ('gemeente', 'country') and origin_year == 'all' and group == 'all'"
    )
    coverage = coverage[coverage["model"] == coverage["domain"].map(forecasts.champions)]
    rows = rows[[*keys, *shown]].merge(coverage[[*keys, "coverage", "width"]], on=keys, how="left")
    formats = dict.fromkeys([*shown, "coverage", "width"], ".3f")
    note = (
        "persistence: the last figure, of the same code or through the crosswalk. coverage, width: "
        f"of the 90% bands. All origins, models and levels: {contract.FORECAST_SCORES.file}, "
        f"{contract.FORECAST_BANDS.file}."
    )
    return f"{_table(rows, FORECASTS, formats)}\n{note}"


def _verified(verification: Verification) -> str:
    """Return how earlier forecasts turned out, with the largest errors."""
    keys = ["domain", "horizon", "model"]
    measures = ["wape", "bias", "wape_gemeente", "wape_wijk", "noise_floor", "coverage"]
    rows = verification.scores.sort_values([*keys[:2], "wape"])
    model = rows["model"].mask(rows["champion"], rows["model"] + " *")
    table = rows.assign(model=model)[[*keys, *measures, "n_wijken"]]
    worst = verification.worst.assign(
        wijk=verification.worst["wijk_name"] + ", " + verification.worst["gm_name"]
    )
    columns = ["domain", "year", "wijk", "forecast", "clients", "off"]
    parts = [
        _table(table, "forecasts beside figures", dict.fromkeys(measures, ".3f")),
        _table(worst[columns], "furthest off, in clients", {"forecast": ".0f", "off": "+.0f"}),
    ]
    return "\n\n".join(parts)


def _leaderboard(board: pd.DataFrame) -> str:
    """Return WAPE per protocol side by side, models best first on the first protocol."""
    keys = ["domain", "model"]
    wide = board.assign(cell=_marked(board)).pivot(index=keys, columns="protocol", values="cell")
    wide = wide[[p for p in PROTOCOL_ORDER if p in wide]]
    first = wide.columns[0]
    on_first = board[board["protocol"] == first].set_index(keys)
    champion = board.groupby(keys)["champion"].any()
    wide.insert(0, f"wR2 {first}", on_first["wr2"].reindex(wide.index))
    wape = on_first["wape"].reindex(wide.index)
    ranked = wide.assign(wape=wape).sort_values(["domain", "wape"]).drop(columns="wape")
    table = ranked.reset_index()
    starred = champion.reindex(pd.MultiIndex.from_frame(table[keys])).to_numpy()
    table["model"] = table["model"].mask(starred, table["model"] + " *")
    table.columns = [_header(str(name)) for name in table.columns]
    note = f"{NOTE}\n{FLATTERY}" if protocols.RANDOM in wide else NOTE
    text = _table(table, TITLE, {str(table.columns[2]): ".3f"})
    return "\n".join([text, *_how_sure(board, str(first)), note])


def _marked(board: pd.DataFrame) -> pd.Series:
    """Return WAPEs as text, marked where the best of the protocol may be better by chance."""
    limits = board["behind_lower"], board["behind_upper"]
    chance = limits[0].le(0) & limits[1].ge(0) & board["behind"].ne(0)
    text: pd.Series = board["wape"].map("{:.3f}".format)
    return text.mask(chance, text + f" {CHANCE}")


def _how_sure(board: pd.DataFrame, protocol: str) -> list[str]:
    """Return a line with the interval of every champion's score."""
    rows = board[board["champion"] & board["protocol"].eq(protocol)].dropna(subset=["wape_lower"])
    scores = [
        f"{row.domain} {row.model} {row.wape:.3f} ({row.wape_lower:.3f} to {row.wape_upper:.3f})"
        for row in rows.itertuples()
    ]
    return [f"{protocol}, {ANEW}: {', '.join(scores)}"] if scores else []


def _tuned(table: pd.DataFrame, settings: Settings) -> str:
    """Return what tuning gained, by the nested score and by the inner one."""
    goal = settings.tuning
    shown = table.rename(columns={"inner": "inner (too kind)"})
    title = f"tuned: {goal.metric} on {goal.protocol}"
    note = (
        "nested: parameters chosen without the rows that score them; report this one.\ninner: of "
        "the best trial, on the rows that chose it (so too kind) and with fewer rows to learn "
        "from."
    )
    return f"{_table(shown, title, dict.fromkeys(shown.columns[2:], '.4f'))}\n{note}"


def _header(name: str) -> str:
    """Return a column's name on two lines: protocols are long."""
    return name.replace("_benchmarked", "\n+ total").replace("unseen_", "unseen\n")


def _quality(report: pd.DataFrame, level: Level) -> list[str]:
    """Return the data-quality report as tables: statuses, late features, redrawn areas."""
    late = report[(report["check"] == "feature_older") & (report["share"] > MAJORITY)]
    changed = report[(report["check"] == "place_changed") & (report["n"] > 0)]
    parts = [_table(_statuses(report), f"figures: {level.plural} by status")]
    if len(late):
        topics = late.groupby("year")["subject"].agg(", ".join)
        lines = [f"{year}  {subjects}" for year, subjects in topics.items()]
        parts.append(
            "\n".join([f"features from an earlier edition, for most {level.plural}", *lines])
        )
    if len(changed):
        shown = changed[["year", "n", "of"]]
        parts.append(_table(shown, "codes that mean another area than the year before"))
    return parts


def _next(command: str, settings: Settings, folder: Path) -> str:
    if command == "tune":
        models = folder / contract.TUNED_MODELS
        into = paths.config_dir() / "experiment" / models.name
        return f"cp {models} {into} and add experiment=tuned to 'risicomodel run …'"
    if command in NEXT:
        return NEXT[command]
    if command == "data" and settings.data.own.path:
        return "risicomodel train, with the same choices (data=table …)"
    if command == "data":
        chosen = f"data={settings.data.source}"
        folders = settings.data.folders
        if len(folders) > 1:
            chosen += f" 'data.dir=[{','.join(folders)}]'"
        elif folders:
            chosen += f" data.dir={folders[0]}"
        chosen += f" level={settings.level}" if settings.areas != WIJK else ""
        return f"risicomodel train {chosen}"
    if settings.data.source == "demo":
        return "risicomodel run data=archive data.dir=PATH for real figures; 'risicomodel compare'"
    made = contract.LEADERBOARD.file
    if (folder / contract.ADDING_UP.file).is_file():
        made = f"{contract.PREDICTIONS.file} (kind: estimate), {contract.ADDING_UP.file}"
    return f"open {made}; 'risicomodel compare' beside other runs"


def archive(facts: dict[str, Any]) -> str:
    """Return what is in an archive.

    Parameters
    ----------
    facts : dict
        From :func:`risicomodel.app.pipeline.inputs.info`.

    Returns
    -------
    str
        Tables, missing tables and, with KWB and figures, the panel's quality.
    """
    panel: Panel | None = facts.get("panel")
    parts = [DEMO] if facts["demo"] else []
    folders = facts["folders"]
    named = len(folders) > 1
    place = ", ".join(f"{path} ({name})" if named else str(path) for name, path in folders.items())
    parts += [f"archive: {place}", _tables(facts["found"], panel, folders=named)]
    if facts["missing"]:
        parts.append("\n".join(["not in this archive", *_missing(facts["missing"])]))
    if facts["without_figures"]:
        parts.append(f"no table with figures of: {', '.join(facts['without_figures'])}")
    plural = facts["level"].plural
    if facts["without_areas"]:
        parts.append(f"no table with {plural} of: {', '.join(facts['without_areas'])}")
    if panel is None:
        parts.append(
            f"no panel can be built: it takes a KWB table and a domain's figures, both of {plural}."
        )
        return "\n\n".join(parts)
    count = panel.wijken.groupby("year").size().rename(plural).reset_index()
    parts += [*panel.notes, _table(count, f"{plural} with features")]
    return "\n\n".join([*parts, *_quality(facts["quality"], panel.level)])


def _tables(placed: list[PlacedTable], panel: Panel | None, *, folders: bool) -> str:

    used = {(p.subject, p.period, p.file): str(p.rows) for p in panel.provenance} if panel else {}
    rows = [
        {
            "subject": table.ref.subject,
            "year": table.ref.year,
            "table": table.ref.table,
            **({"folder": table.folder} if folders else {}),
            "file": table.ref.path.name,
            "areas": used.get((table.ref.subject, str(table.ref.year), table.file), "–"),
        }
        for table in placed
    ]
    return _table(pd.DataFrame(rows), "tables")


def _missing(tables: list[tuple[str, int, str]]) -> list[str]:
    """Return a line per subject with the years and ids of the missing tables."""
    by_subject: dict[str, list[str]] = {}
    for subject, year, table in tables:
        by_subject.setdefault(subject, []).append(f"{year} {table}")
    return [f"{subject}: {', '.join(years)}" for subject, years in by_subject.items()]


def _statuses(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[table["check"].str.startswith("status:")]
    rows = rows.assign(status=rows["check"].str.removeprefix("status:"))
    wide = rows.pivot_table(index=["subject", "year"], columns="status", values="n", aggfunc="sum")
    return wide.fillna(0).astype("int64").reset_index()


def comparison(compared: ComparedRuns) -> str:
    """Return the scores of several runs, and how far apart they are.

    Parameters
    ----------
    compared : ComparedRuns
        From :func:`risicomodel.runs.compare.compare`.

    Returns
    -------
    str
        A table, below it what all runs have in common, and how named runs differ from the first.
    """
    table = compared.scores.drop(columns=["behind_lower", "behind_upper"])
    table["behind"] = _apart(compared.scores, "behind")
    formats = {"wr2": ".3f", "wape": ".3f"}
    facts = ["label", "data", "features", "seed"]
    constant = {name: table[name].iloc[0] for name in facts if table[name].nunique() == 1}
    title = "runs compared (best first; other data or rows do not compare)"
    parts = [_table(table.drop(columns=list(constant)), title, formats)]
    shared = [f"{name} {value}" for name, value in constant.items() if value != ""]
    if shared:
        parts.append(f"the same in all: {', '.join(shared)}")
    parts.append(BEHIND_NOTE)
    if len(compared.changes):
        parts.append(f"\n{_changes(compared.changes)}")
    return "\n".join(parts)


def _changes(changes: pd.DataFrame) -> str:
    """Return how runs differ from the first that was named, model by model."""
    differ = changes[changes[["wape", "wr2"]].ne(0).any(axis=1)]
    table = differ[["domain", "protocol", "model", "run"]].copy()
    for metric in ("wape", "wr2"):
        table[metric] = _apart(differ, metric)
    table["gemeenten"] = differ["n_gemeenten"]
    title = f"differences from {changes['against'].iloc[0]}, model by model"
    if same := len(changes) - len(differ):
        title += f" ({same} that score exactly the same are left out)"
    return _table(table, title) if len(table) else title


def _apart(table: pd.DataFrame, name: str) -> pd.Series:
    """Return differences as text with their intervals, marked where they are within chance."""
    columns = [table[name], table[f"{name}_lower"], table[f"{name}_upper"]]
    return pd.Series(
        [_difference(Interval(*row)) for row in zip(*columns, strict=True)], index=table.index
    )


def _difference(apart: Interval) -> str:
    value, lower, upper = apart
    if value != value:  # noqa: PLR0124 (NaN)
        return "–"
    if lower != lower:  # noqa: PLR0124 (NaN)
        return f"{value:+.4f}"
    if value == lower == upper == 0:
        return "0"  # of a model beside itself
    chance = f" {CHANCE}" if apart.holds_zero else ""
    return f"{value:+.4f} ({lower:+.4f} to {upper:+.4f}){chance}"
