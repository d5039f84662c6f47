"""What a run takes up from an evening: causes that were not recognised are left out, to see."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.app.pipeline.fitting import predictions_of, problems_of
from risicomodel.data.sources import wishes
from risicomodel.results.evaluation import ablations, evaluate, field_test
from risicomodel.runs import contract
from risicomodel.runs.rounds import read_round

if TYPE_CHECKING:
    from risicomodel.app.pipeline.fitting import Fitting
    from risicomodel.app.pipeline.scoring import ScoringRules
    from risicomodel.app.settings import Settings
    from risicomodel.data.features import FeatureSet
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.problem import Problem
    from risicomodel.runs import Run
    from risicomodel.runs.rounds import RoundTables


FEWEST_TEXTS = 5  # of fewer it is not said how many: it may be one person


@dataclass(frozen=True)
class TakingUp:
    """A run that takes up a round.

    Parameters
    ----------
    tables : RoundTables
        What came out of the round.
    features : FeatureSet
        The run's features.
    rules : ScoringRules
        Domains, years, and the protocol that models compete on.
    fitting : Fitting
        Models, cache, compute.
    run : Run
        Takes tables and notes.
    """

    tables: RoundTables
    features: FeatureSet
    rules: ScoringRules
    fitting: Fitting
    run: Run

    def ablate(
        self,
        panel: Panel,
        problems: list[Problem],
        predictions: dict[str, pd.DataFrame],
        champions: dict[str, str],
    ) -> None:
        """Write what leaving contested causes out costs, and which data people miss.

        Parameters
        ----------
        panel : Panel
            All wijken and years.
        problems : list of Problem
            One per domain.
        predictions : dict of str to DataFrame
            Out-of-fold predictions by domain.
        champions : dict of str to str
            Best model by domain.
        """
        self.run.write(contract.DATA_WISHES, data_wishes(self.tables.missing))
        contested = self._contested()
        if contested.empty:
            return
        of_domain = {problem.domain: problem for problem in problems}
        with self.run.stage("what contested causes cost"):
            rows: list[dict[str, Any]] = []
            for row in contested.to_dict("records"):
                domain = str(row["domain"])
                model = champions[domain]
                before = self._rows(predictions[domain], of_domain[domain], model)
                after = self._without(str(row["feature"]), panel, domain, model)
                cost = ablations.cost(before, after)
                about: dict[str, Any] = {"model": model, "protocol": self.rules.champion.protocol}
                rows.append({str(name): value for name, value in row.items()} | about | cost)
            self.run.write(contract.ABLATIONS, pd.DataFrame(rows))
        self.run.note(
            f"{len(rows)} causes that people did not recognise were left out, to see what that "
            f"costs: {contract.ABLATIONS.file}. Nothing was left out of the run's models."
        )

    def compare(self, forecasts: pd.DataFrame) -> None:
        """Write how near the run's forecasts lie to what people think of the same year.

        Parameters
        ----------
        forecasts : DataFrame
            The run's, of all models.
        """
        table = field_test.compare(forecasts[forecasts["champion"]], self.tables.field)
        if table.empty:
            self.run.note("no forecast is of a wijk and year that people judged: no field test.")
            return
        self.run.write(contract.FIELD_TEST, table)

    def _contested(self) -> pd.DataFrame:
        """Return the causes to leave out, of those that this run has; say which it has not."""
        contested = self.tables.contested_drivers()
        present = contested["feature"].isin(self.features.define)
        present &= contested["domain"].isin(self.rules.domains)
        for row in contested[~present].to_dict("records"):
            self.run.note(
                f"'{row['feature']}' of {row['domain']} was not recognised, and is not in this run."
            )
        if contested.empty:
            self.run.note(
                "no cause was contested in this round: of five or more people who judge one, at "
                "most a third recognise it."
            )
        return contested[present].reset_index(drop=True)

    def _without(self, feature: str, panel: Panel, domain: str, model: str) -> pd.DataFrame:
        """Return scored rows of a domain's champion, fitted on all features but one."""
        bare = ablations.without(self.features, [feature])
        split = self.rules.split
        domains = {domain: self.rules.domains[domain]}
        (problem,) = problems_of(panel, domains, bare, split.min_population)
        on_protocol = replace(split, protocols=[self.rules.champion.protocol])
        fitted = predictions_of([problem], replace(self.fitting, split=on_protocol))
        return self._rows(fitted[domain], problem, model)

    def _rows(self, table: pd.DataFrame, problem: Problem, model: str) -> pd.DataFrame:
        on_protocol = table["protocol"] == self.rules.champion.protocol
        chosen = table[on_protocol & (table["model"] == model)]
        return evaluate.scored_rows(chosen, problem, self.rules.split.score_years)


def taking_up(
    settings: Settings, rules: ScoringRules, fitting: Fitting, run: Run
) -> TakingUp | None:
    """Return what a run takes up of a round; None where its settings name none."""
    if settings.review.round is None:
        return None
    tables = read_round(Path(settings.review.round).expanduser().resolve())
    return TakingUp(tables, settings.features, rules, fitting, run)


def data_wishes(missing: pd.DataFrame) -> pd.DataFrame:
    """Return what people miss, by subject, the most mentioned first; their words stay out of it.

    Parameters
    ----------
    missing : DataFrame
        ``missing_factors`` of a round, with ``text``.
    """
    texts: list[str] = list(missing["text"])
    counts = Counter(subject for text in texts for subject in wishes.subjects_of(text))
    about = {one.name: one for one in wishes.SUBJECTS}
    empty = wishes.Subject(wishes.OTHER, ())
    rows: list[dict[str, Any]] = []
    for subject, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        where = about.get(subject, empty)
        rows.append(
            {
                "subject": subject, "table": where.table,
                "n_texts": count if count >= FEWEST_TEXTS else None,
                "publisher": where.publisher, "title": where.title,
            }
        )  # fmt: skip
    columns = [column.name for column in contract.DATA_WISHES.columns]
    return pd.DataFrame(rows, columns=columns).astype({"n_texts": "Int64"})
