"""``review verify``: who was nearest, once the year that was judged is out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.app.review import folders, tables
from risicomodel.core import storage
from risicomodel.core.errors import ConfigError
from risicomodel.publishing.report import records

if TYPE_CHECKING:
    from risicomodel.app.review.words import GivenWords
    from risicomodel.participation.review.nearest import CameOut
    from risicomodel.participation.review.rounds import Round
    from risicomodel.publishing.disclosure import Shown

FOLDER = "verify"
SOURCES = {
    "field_before": "the table before talking",
    "field_after": "the table after talking",
    "model": "the model",
    "last_year": "the last figure",
}
KINDS = {"ranges": "ranges", "taps": "fewer, as many, more"}
PLACES = {"all": "all wijken", "talked": "the wijken that were talked about"}


def verify(words: GivenWords) -> str:
    """Score a round on a run that has the year that was judged."""
    from risicomodel.participation.review import advice, consensus, nearest, results
    from risicomodel.participation.review.evening import Evening
    from risicomodel.publishing.disclosure import disclose

    if len(words.bare) != 2:  # noqa: PLR2004 (a round and a run)
        raise ConfigError(
            f"review verify was given {len(words.bare)} folders; expected that of a round and that "
            "of a run with the year that was judged. Give both: 'risicomodel review verify ROUND "
            "RUN'."
        )
    folder, store, _ = folders.opened(replace(words, bare=words.bare[:1]))
    evening = Evening(store)
    folders.require_wijken(
        evening,
        "figures per wijk are what is verified",
        f"What people knew is in 'risicomodel review export {folder}', once the round is closed",
    )
    made, view = evening.round, evening.view()
    came_out, waiting = outcome(disclose(Path(words.bare[1]).expanduser().resolve()), made)
    judged = results.rates(store.current(), made, view)
    made_tables = {
        "verify_field": nearest.of_round(judged, made, view, came_out),
        "verify_advice": advice.of_halves(
            judged, view, evening.early_causes, consensus.seed_of(made.round_id)
        ),
    }
    target = Path(words.get("dir")).expanduser().resolve() if words.get("dir") else folder / FOLDER
    with storage.staged_folder(target) as staging:
        checked = tables.write_published(made_tables, staging, made.language)
    return "\n".join(
        [
            *_lines(checked["verify_field"], made),
            *_lines_of_causes(checked["verify_advice"]),
            *waiting,
            f"tables:  {target}",
        ]
    )


def outcome(shown: Shown, made: Round) -> tuple[CameOut, list[str]]:
    """Return what was published of a round's years, and a line on what is not out yet.

    Raises
    ------
    ConfigError
        The run is of other gemeenten, lacks the years, or has another map.
    """
    from risicomodel.participation.review.nearest import CameOut
    from risicomodel.publishing.report.country import Country
    from risicomodel.publishing.report.gemeente import find

    if made.gm_code not in set(shown.wijken["gm_code"]):
        raise ConfigError(
            f"this run does not have {made.gm_name} ({made.gm_code}), which the round is of; "
            "expected a run with it. Name another run."
        )
    (place,) = find(Country(shown), made.gm_code)
    rates: dict[str, float] = {}
    out = {}
    for one in made.domains:
        rows = place.figures(one.name, one.year)
        observed = rows["observed"].dropna()
        if len(observed):
            _require_map(rows, made, one.year)
            out[one.name] = one.year
            chosen = observed[observed.index.isin(list(made.wijken))]
            rates |= {f"{wijk}/{one.name}": float(rate) for wijk, rate in chosen.items()}
    missing = [f"{one.name} of {one.year}" for one in made.domains if one.name not in out]
    if not out:
        raise ConfigError(
            f"this run has no published figures of {made.gm_name} on {', '.join(missing)}; "
            "expected a run with the year that was judged. Make one when CBS has published it: "
            "'risicomodel run data=archive data.dir=PATH'."
        )
    then = {
        f"{one.name}/{year}": float(total["rate"])
        for one in made.domains
        for year in sorted(set(place.every_figure["year"]))
        if (total := place.total(one.name, int(year))).get("rate") is not None
    }
    now = {name: then[f"{name}/{year}"] for name, year in out.items() if f"{name}/{year}" in then}
    waiting = [f"not out:  {', '.join(missing)}"] if missing else []
    return CameOut(rates, now, then), waiting


def _require_map(rows: pd.DataFrame, made: Round, year: int) -> None:
    gone = [code for code in made.wijken if code not in rows.index]
    if gone:
        raise ConfigError(
            f"the map changed: {', '.join(gone)} of the round {'is' if len(gone) == 1 else 'are'} "
            f"not on the map of {year} in this run; expected the same wijken. Figures of other "
            "wijken say nothing of what was judged: this round cannot be verified."
        )


def _lines(table: pd.DataFrame, made: Round) -> list[str]:
    """Return in plain words who was nearest, per domain and kind of answer."""
    if table.empty:
        return ["nobody:   under five people or three wijken were to be scored"]
    out = []
    everyone = table[table["role"].eq("everyone")]
    for (domain, basis, wijken), rows in everyone.groupby(
        ["domain", "basis", "wijken"], sort=False
    ):
        best = rows.loc[rows["nearest"]].iloc[0]
        near = [SOURCES[name] for name in rows.loc[rows["within_chance"], "source"]]
        label = made.domain(str(domain)).label_en
        out.append(
            f"{label}, {KINDS[str(basis)]}, {PLACES[str(wijken)]} ({best['n_wijken']}): nearest "
            f"was {SOURCES[best['source']]}"
            + (f"; within chance: {', '.join(near)}" if near else "")
        )
        out += map(_line_of_source, records.records(rows.sort_values("score", kind="stable")))
    return [*out, "lower is nearer; between brackets where nine in ten lie, drawn anew"]


def _line_of_source(row: dict[str, Any]) -> str:
    score = f"    {SOURCES[row['source']]:26} {row['score']:8.4f}"
    return (
        score if row["lower"] is None else f"{score}   ({row['lower']:.4f} to {row['upper']:.4f})"
    )


def _lines_of_causes(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    rows = {str(row["causes"]): row for row in records.records(table)}
    apart = rows["difference"]
    said = (
        f"people moved {rows['early']['weight']:.0%} of the way to the model where its causes were "
        f"shown at the reveal, {rows['late']['weight']:.0%} elsewhere"
    )
    if apart["lower"] is None:
        return [said]
    limits = f"{apart['lower']:+.0%} to {apart['upper']:+.0%}"
    return [f"{said} (difference {apart['weight']:+.0%}, {limits})"]
