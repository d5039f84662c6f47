"""Score the predictions, add intervals and estimates, and write the tables of these."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.learning import models
from risicomodel.learning.protocols import BLANK_GEMEENTE, UNSEEN_GEMEENTE, UNSEEN_WIJK, UNSEEN_YEAR
from risicomodel.results import estimates
from risicomodel.results.evaluation import bootstrap, evaluate, prediction_intervals
from risicomodel.runs import contract

if TYPE_CHECKING:
    from risicomodel.app.settings import ChampionSettings, Settings
    from risicomodel.core.levels import Level
    from risicomodel.data.domains import Domain
    from risicomodel.learning.models import ModelSettings
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import SplitSettings
    from risicomodel.results.estimates import EstimateSettings
    from risicomodel.runs import Run
    from risicomodel.runs.contract import Table


@dataclass(frozen=True)
class ScoringRules:
    """How predictions become scores and estimates.

    Parameters
    ----------
    domains : dict of str to Domain
        As declared by the run.
    models : dict of str to ModelSettings
        Those that were chosen; baselines beside them are scored too.
    split : SplitSettings
        Which protocols were run, and which years count.
    champion : ChampionSettings
        On which protocol and metric models compete.
    estimate : EstimateSettings
        How estimates are benchmarked.
    level : Level
        Wijken or buurten.
    """

    domains: dict[str, Domain]
    models: dict[str, ModelSettings]
    split: SplitSettings
    champion: ChampionSettings
    estimate: EstimateSettings
    level: Level

    @classmethod
    def of(cls, settings: Settings) -> ScoringRules:
        """Take what is about scoring from a run's settings."""
        return cls(
            settings.domains,
            settings.models,
            settings.split,
            settings.champion,
            settings.estimate,
            settings.areas,
        )

    def champions(self, scores: pd.DataFrame) -> dict[str, str]:
        """Return each domain's best model."""
        return evaluate.champions(scores, self.champion.protocol, self.champion.metric)

    def estimating(self, scores: pd.DataFrame) -> dict[str, str]:
        """Return each domain's best model to build estimates on.

        Nine in ten blank cells are of a gemeente that is blank as a whole; without published cells
        to try that on, it is the best of those that compete.
        """
        best = evaluate.champions(scores, BLANK_GEMEENTE, self.champion.metric)
        return self.champions(scores) | best


@dataclass(frozen=True)
class Assessment:
    """The result of scoring a run.

    Parameters
    ----------
    scores, leaderboard : DataFrame
        ``scores.csv`` and ``leaderboard.csv``.
    champions : dict of str to str
        Best model by domain.
    scored_rows : dict of str to str
        By domain a hash of the figures that champions were scored on.
    """

    scores: pd.DataFrame
    leaderboard: pd.DataFrame
    champions: dict[str, str]
    scored_rows: dict[str, str]


@dataclass(frozen=True)
class _WithIntervals:
    """A domain's predictions with intervals, and by model its estimates of blank cells.

    Published cells as if they were blank are a table per model, on each of three protocols.
    """

    banded: pd.DataFrame | None
    blanks_by_model: dict[str, estimates.Blanks]
    unseen_years: list[pd.DataFrame]

    def as_if_blank(self, problem: Problem) -> list[pd.DataFrame]:
        """Return published cells estimated as if blank, and the baseline for the same cells."""
        by_protocol = defaultdict(list)
        for table in self.unseen_years:
            by_protocol[UNSEEN_YEAR].append(table)
        for blanks in self.blanks_by_model.values():
            for protocol, table in blanks.scored.items():
                by_protocol[protocol].append(table)
        return [
            table
            for tables in by_protocol.values()
            for table in (*tables, estimates.nearest_year_predictions(tables[0], problem))
        ]


def assess(
    problems: list[Problem],
    predictions: dict[str, pd.DataFrame],
    totals: pd.DataFrame,
    rules: ScoringRules,
    run: Run,
) -> Assessment:
    """Score the predictions, choose champions, and write the tables.

    Parameters
    ----------
    problems : list of Problem
        One per domain.
    predictions : dict of str to DataFrame
        Out-of-fold predictions by domain, for every protocol and model.
    totals : DataFrame
        Published totals of gemeenten (persons).
    rules : ScoringRules
        How to score and estimate.
    run : Run
        Takes ``scores.csv``, ``leaderboard.csv``, ``gemeente_scores.parquet``,
        ``calibration.csv``, ``predictions.parquet``, ``adding_up.csv`` and ``unassigned.csv``.

    Returns
    -------
    Assessment
        Scores and champions.
    """
    _note_what_is_left_out(rules.split.protocols, run)
    parts: dict[Table, list[pd.DataFrame]] = defaultdict(list)
    hashes: dict[str, str] = {}
    # in the order of what is written, one domain at a time: all rows would not fit a laptop
    for problem in sorted(problems, key=lambda problem: problem.domain):
        rows = predictions[problem.domain]
        tables, scored = _assess_one(problem, rows, totals, rules)
        hashes |= scored
        for declared, table in tables.items():
            parts[declared].append(table)
    if contract.ADDING_UP in parts:
        for note in estimates.benchmarking_notes(pd.concat(parts[contract.ADDING_UP]), rules.level):
            run.note(note)
    scores = pd.concat(parts[contract.SCORES], ignore_index=True)
    best = rules.champions(scores)
    of_gemeenten = pd.concat(parts[contract.GEMEENTE_SCORES], ignore_index=True)
    board = bootstrap.add_intervals(evaluate.leaderboard(scores, best), of_gemeenten)
    run.write(contract.LEADERBOARD, board)
    while parts:
        declared, of_domains = parts.popitem()
        table = pd.concat(of_domains, ignore_index=True)
        of_domains.clear()  # writing takes memory too
        run.write(declared, table)
    return Assessment(scores, board, best, hashes)


def _assess_one(
    problem: Problem, predictions: pd.DataFrame, totals: pd.DataFrame, rules: ScoringRules
) -> tuple[dict[Table, pd.DataFrame], dict[str, str]]:
    """Return one domain's part of the tables, and the hash of what was scored."""
    with_intervals = _add_intervals(problem, predictions, totals, rules)
    unseen = with_intervals.as_if_blank(problem)
    years = rules.split.score_years
    scored = [evaluate.scored_rows(rows, problem, years) for rows in (predictions, *unseen)]
    everything = pd.concat(scored, ignore_index=True)
    del scored
    champion_rows = everything[everything["protocol"] == rules.champion.protocol]
    hashes = (
        {problem.domain: evaluate.scored_rows_hash(champion_rows)} if len(champion_rows) else {}
    )
    table = evaluate.score_all(everything, rules.domains[problem.domain].rounded_to)
    tables = {
        contract.CALIBRATION: evaluate.calibration(everything),
        contract.GEMEENTE_SCORES: evaluate.gemeente_scores(everything),
    }
    if with_intervals.banded is not None:
        together = pd.concat([with_intervals.banded, *unseen], ignore_index=True)
        table = prediction_intervals.add_interval_scores(table, everything, together)
        del together
    del everything, unseen
    tables |= {
        contract.SCORES: table,
        **_predictions(problem, with_intervals, table, totals, rules),
    }
    return tables, hashes


def _note_what_is_left_out(protocols: list[str], run: Run) -> None:
    """Note which tables are not made, as the protocols they need are not run."""
    if UNSEEN_GEMEENTE not in protocols:
        run.note(
            f"no {contract.PREDICTIONS.file}: 'expected' comes from {UNSEEN_GEMEENTE}, "
            "which is not in split.protocols."
        )
    elif not estimates.protocols_suffice(protocols):
        run.note(f"no estimates: they need {UNSEEN_WIJK} too, which is not in split.protocols.")


def _add_intervals(
    problem: Problem, predictions: pd.DataFrame, totals: pd.DataFrame, rules: ScoringRules
) -> _WithIntervals:
    """Add intervals to predictions, as far as the protocols that were run allow."""
    if UNSEEN_GEMEENTE not in rules.split.protocols:
        return _WithIntervals(None, {}, [])
    domain = rules.domains[problem.domain]
    banded = prediction_intervals.expected_intervals(predictions, problem, domain.rounded_to)
    if not estimates.protocols_suffice(rules.split.protocols):
        return _WithIntervals(banded, {}, [])
    # estimates are built on baselines only if there is no other model
    chosen = models.learners(rules.models) or list(rules.models)
    blanks = {
        name: estimates.estimate_blanks(predictions, problem, domain, totals, name)
        for name in chosen
    }
    units = (estimates.estimate_units(predictions, problem, domain, name) for name in chosen)
    unseen_years = [estimates.unseen_year_predictions(table, problem) for table in units]
    return _WithIntervals(banded, blanks, unseen_years)


def _predictions(
    problem: Problem,
    with_intervals: _WithIntervals,
    scores: pd.DataFrame,
    totals: pd.DataFrame,
    rules: ScoringRules,
) -> dict[Table, pd.DataFrame]:
    """Return the expected and estimated rates of every wijk, and how estimates were benchmarked."""
    if with_intervals.banded is None:
        return {}
    champion = rules.champions(scores).get(problem.domain, "")
    # a baseline may be champion, but estimates are built on other models
    learned = scores[scores["model"].isin(with_intervals.blanks_by_model)]
    estimating = rules.estimating(learned).get(problem.domain, "")
    rows = [evaluate.expected_predictions(with_intervals.banded, problem, champion)]
    domain = rules.domains[problem.domain]
    moved, unassigned = [], []
    for name, blanks in with_intervals.blanks_by_model.items():
        estimated = estimates.estimate(blanks, problem, domain, totals, rules.estimate)
        best = name == estimating
        rows.append(estimated.rows.assign(champion=best))
        moved.append(estimated.adding_up)
        unassigned.append(estimated.unassigned.assign(champion=best))
    table = pd.concat(rows)
    rows.clear()  # or sorting would hold a third copy
    table = table.sort_values(["wijk_code", "year", "kind", "model"])
    tables = {contract.PREDICTIONS: table}
    if moved:
        tables |= {
            contract.ADDING_UP: pd.concat(moved),
            contract.UNASSIGNED: pd.concat(unassigned),
        }
    return tables
