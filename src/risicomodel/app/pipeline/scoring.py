"""What a run says of every wijk, how sure it is, and how good that turned out: its tables."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.learning import models
from risicomodel.learning import protocols as splits
from risicomodel.results import estimates
from risicomodel.results.evaluation import evaluate, prediction_intervals
from risicomodel.runs import contract

if TYPE_CHECKING:
    from risicomodel.app.settings import Settings
    from risicomodel.learning.problem import Problem
    from risicomodel.runs import Run
    from risicomodel.runs.contract import Table


@dataclass(frozen=True)
class Assessment:
    """What evaluation found: scores, the best model per domain, and a hash of what it scored on."""

    scores: pd.DataFrame
    leaderboard: pd.DataFrame
    champions: dict[str, str]
    scored_rows: dict[str, str]


@dataclass(frozen=True)
class _Sure:
    """A domain's predictions with their bands, and by model what its estimates stand on."""

    banded: pd.DataFrame | None
    bases: dict[str, pd.DataFrame]

    def unseen_years(self, problem: Problem) -> list[pd.DataFrame]:
        """Return published cells estimated as if blank, and what anyone would fill in."""
        found = list(self.bases.values())
        rows = [estimates.unseen_year_predictions(base, problem) for base in found]
        return [*rows, *(estimates.nearest_year_predictions(base, problem) for base in found[:1])]


def assess(
    problems: list[Problem],
    predictions: dict[str, pd.DataFrame],
    totals: pd.DataFrame,
    settings: Settings,
    run: Run,
) -> Assessment:
    """Score the predictions, choose champions, and write what is said of every wijk.

    Parameters
    ----------
    problems : list of Problem
        One per domain.
    predictions : dict
        Out-of-fold predictions by domain, every protocol and model.
    totals : DataFrame
        Published totals of gemeenten.
    settings : Settings
        The run's settings.
    run : Run
        Takes ``scores.csv``, ``leaderboard.csv``, ``calibration.csv``, ``predictions.parquet`` and
        ``adding_up.csv``.
    """
    _tell_what_is_left_out(settings, run)
    parts: dict[Table, list[pd.DataFrame]] = defaultdict(list)
    hashes: dict[str, str] = {}
    # as what is written is sorted, and a domain at a time: the rows of all would not fit a laptop
    for problem in sorted(problems, key=lambda problem: problem.domain):
        rows = predictions[problem.domain]
        tables, scored = _assess_one(problem, rows, totals, settings)
        hashes |= scored
        for declared, table in tables.items():
            parts[declared].append(table)
    if contract.ADDING_UP in parts:
        for note in estimates.benchmarking_notes(
            pd.concat(parts[contract.ADDING_UP]), settings.areas
        ):
            run.note(note)
    scores = pd.concat(parts[contract.SCORES], ignore_index=True)
    best = evaluate.champions(scores, settings.champion.protocol, settings.champion.metric)
    board = evaluate.leaderboard(scores, best)
    run.write(contract.LEADERBOARD, board)
    while parts:
        declared, of_domains = parts.popitem()
        table = pd.concat(of_domains, ignore_index=True)
        of_domains.clear()  # writing takes room too
        run.write(declared, table)
    return Assessment(scores, board, best, hashes)


def _assess_one(
    problem: Problem, predictions: pd.DataFrame, totals: pd.DataFrame, settings: Settings
) -> tuple[dict[Table, pd.DataFrame], dict[str, str]]:
    """Return one domain's part of the tables, and the hash of what was scored."""
    sure = _how_sure(problem, predictions, settings)
    unseen = sure.unseen_years(problem)
    years = settings.split.score_years
    scored = [evaluate.scored_rows(rows, problem, years) for rows in (predictions, *unseen)]
    everything = pd.concat(scored, ignore_index=True)
    del scored
    asked = everything[everything["protocol"] == settings.champion.protocol]
    hashes = {problem.domain: evaluate.scored_rows_hash(asked)} if len(asked) else {}
    table = evaluate.score_all(everything)
    tables = {contract.CALIBRATION: evaluate.calibration(everything)}
    if sure.banded is not None:
        together = pd.concat([sure.banded, *unseen], ignore_index=True)
        table = prediction_intervals.add_interval_scores(table, everything, together)
        del together
    del everything, unseen
    tables |= {contract.SCORES: table, **_made(problem, sure, table, totals, settings)}
    return tables, hashes


def _tell_what_is_left_out(settings: Settings, run: Run) -> None:
    """Note which tables are not made, for want of the protocols they stand on."""
    protocols = settings.split.protocols
    if splits.UNSEEN_GEMEENTE not in protocols:
        run.note(
            f"no {contract.PREDICTIONS.file}: 'expected' comes from {splits.UNSEEN_GEMEENTE}, "
            "which is not in split.protocols."
        )
    elif not estimates.protocols_suffice(protocols):
        run.note(
            f"no estimates: they stand on {splits.UNSEEN_WIJK} too, which is not in "
            "split.protocols."
        )


def _how_sure(problem: Problem, predictions: pd.DataFrame, settings: Settings) -> _Sure:
    """Put bands round predictions, as far as the protocols that were run allow."""
    if splits.UNSEEN_GEMEENTE not in settings.split.protocols:
        return _Sure(None, {})
    domain = settings.domains[problem.domain]
    banded = prediction_intervals.expected_intervals(predictions, problem, domain.rounded_to)
    if not estimates.protocols_suffice(settings.split.protocols):
        return _Sure(banded, {})
    # of baselines only where there is nothing better
    chosen = models.learners(settings.models) or list(settings.models)
    found = {name: estimates.estimate_units(predictions, problem, domain, name) for name in chosen}
    return _Sure(banded, found)


def _made(
    problem: Problem,
    sure: _Sure,
    scores: pd.DataFrame,
    totals: pd.DataFrame,
    settings: Settings,
) -> dict[Table, pd.DataFrame]:
    """Return what is expected and estimated for every wijk, and how estimates added up."""
    if sure.banded is None:
        return {}
    rule = (settings.champion.protocol, settings.champion.metric)
    champion = evaluate.champions(scores, *rule).get(problem.domain, "")
    # a baseline may be best, but estimates are made with models that learned
    learned = scores[scores["model"].isin(sure.bases)]
    estimating = evaluate.champions(learned, *rule).get(problem.domain, "")
    rows = [evaluate.expected_predictions(sure.banded, problem, champion)]
    domain, moved = settings.domains[problem.domain], []
    for name, base in sure.bases.items():
        found = estimates.estimate(base, problem, domain, totals, settings.estimate)
        rows.append(found.rows.assign(champion=name == estimating))
        moved.append(found.adding_up)
    said = pd.concat(rows)
    rows.clear()  # or sorting would hold a third copy
    said = said.sort_values(["wijk_code", "year", "kind", "model"])
    return {contract.PREDICTIONS: said, **({contract.ADDING_UP: pd.concat(moved)} if moved else {})}
