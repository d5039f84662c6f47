"""What a run says of every wijk, how sure it is, and how good that turned out: its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from risicomodel import estimates, models, splits
from risicomodel.evaluation import bands, evaluate

if TYPE_CHECKING:
    import pandas as pd

    from risicomodel.evaluation.crossval import Problem
    from risicomodel.runs import Run
    from risicomodel.settings import Settings


@dataclass(frozen=True)
class Assessment:
    """What evaluation found: scores, the best model per domain, and a hash of what it scored on."""

    scores: pd.DataFrame
    leaderboard: pd.DataFrame
    champions: dict[str, str]
    scored_rows: dict[str, str]


@dataclass(frozen=True)
class _Sure:
    """Predictions with their bands, by domain, and by domain and model what estimates stand on."""

    banded: dict[str, pd.DataFrame]
    bases: dict[str, dict[str, pd.DataFrame]]

    def models(self) -> set[str]:
        """Return the names of the models that estimates are made with."""
        return {name for found in self.bases.values() for name in found}

    def unseen_years(self, problem: Problem) -> list[pd.DataFrame]:
        """Return published cells estimated as if blank, and what anyone would fill in."""
        found = list(self.bases[problem.domain].values())
        rows = [estimates.unseen_year(base, problem) for base in found]
        return [*rows, *(estimates.nearest_year(base, problem) for base in found[:1])]


def _how_sure(
    problems: list[Problem], predictions: dict[str, pd.DataFrame], settings: Settings, run: Run
) -> _Sure:
    """Put bands round predictions, as far as the protocols that were run allow."""
    protocols, declared = settings.split.protocols, settings.domains
    if splits.UNSEEN_GEMEENTE not in protocols:
        run.note(
            f"no predictions.parquet: 'expected' comes from {splits.UNSEEN_GEMEENTE}, which is not "
            "in split.protocols."
        )
        return _Sure({}, {p.domain: {} for p in problems})
    banded = {
        p.domain: bands.of_expected(predictions[p.domain], p, declared[p.domain].rounded_to)
        for p in problems
    }
    if not estimates.needed(protocols):
        run.note(
            f"no estimates: they stand on {splits.UNSEEN_WIJK} too, which is not in "
            "split.protocols."
        )
        return _Sure(banded, {p.domain: {} for p in problems})
    # of baselines only where there is nothing better
    chosen = models.learned(settings.models) or list(settings.models)
    found = {
        p.domain: {
            name: estimates.bases(predictions[p.domain], p, declared[p.domain], name)
            for name in chosen
        }
        for p in problems
    }
    return _Sure(banded, found)


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
    import pandas as pd

    sure = _how_sure(problems, predictions, settings, run)
    unseen = {problem.domain: sure.unseen_years(problem) for problem in problems}
    scored = [
        evaluate.scored_rows(rows, problem, settings.split.score_years)
        for problem in problems
        for rows in (predictions[problem.domain], *unseen[problem.domain])
    ]
    everything = pd.concat(scored, ignore_index=True)
    table = evaluate.score_all(everything)
    rule = (settings.champion.protocol, settings.champion.metric)
    best = evaluate.champions(table, *rule)
    board = evaluate.leaderboard(table, best)
    if sure.banded:
        years = [rows for tables in unseen.values() for rows in tables]
        together = pd.concat([*sure.banded.values(), *years], ignore_index=True)
        table = bands.add_scores(table, everything, together)
        # a baseline may be best, but estimates are made with models that learned
        estimating = evaluate.champions(table[table["model"].isin(sure.models())], *rule)
        made, moved = _made(problems, sure, (best, estimating), totals, settings)
        run.write("predictions.parquet", made)
        if moved is not None:
            run.write("adding_up.csv", moved)
            for note in estimates.doubts(moved, settings.areas):
                run.note(note)
    run.write("scores.csv", table)
    run.write("leaderboard.csv", board)
    run.write("calibration.csv", evaluate.calibration(everything))
    asked = everything[everything["protocol"] == settings.champion.protocol]
    hashes = {str(name): evaluate.figures_hash(rows) for name, rows in asked.groupby("domain")}
    return Assessment(table, board, best, hashes)


def _made(
    problems: list[Problem],
    sure: _Sure,
    best: tuple[dict[str, str], dict[str, str]],
    totals: pd.DataFrame,
    settings: Settings,
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return what is expected and estimated for every wijk, and how estimates added up.

    ``best`` holds the champions of either.
    """
    import pandas as pd

    out, moved = [], []
    for problem in sorted(problems, key=lambda problem: problem.domain):
        champion, estimating = (of.get(problem.domain, "") for of in best)
        domain = settings.domains[problem.domain]
        rows = [evaluate.expected(sure.banded[problem.domain], problem, champion)]
        for name, base in sure.bases[problem.domain].items():
            found = estimates.estimate(base, problem, domain, totals, settings.estimate)
            rows.append(found.rows.assign(champion=name == estimating))
            moved.append(found.adding_up)
        # sorted by domain, and a domain at a time: all at once would take room for two more copies
        out.append(pd.concat(rows).sort_values(["wijk_code", "year", "kind", "model"]))
    table = pd.concat(out, ignore_index=True)
    return table, pd.concat(moved, ignore_index=True) if moved else None
