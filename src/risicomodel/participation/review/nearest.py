"""Who was nearest once the year is out: the field before and after talking, model, last figure.

Everyone has the same weight. Ranges get the interval score at 80%, taps the ranked probability
score. Last year's figure has no band of its own: it gets the width of the model's, so that what
differs between the two is where they lie. A role is scored over all wijken together, at five people
or more; how many people a score is of is not said, as roles could be subtracted from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core.intervals import Interval
from risicomodel.core.metrics import interval_score, ranked_probability_score
from risicomodel.participation import elicitation, scores
from risicomodel.participation.elicitation import CONFIDENCE
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import consensus
from risicomodel.participation.review.results import LEAST, RANGES, TAPS, merged_roles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from risicomodel.core.arrays import Bools, Floats
    from risicomodel.participation.review.rounds import JudgedDomain, ModelView, Round
    from risicomodel.participation.scores import Source, SourceComparison

BEFORE, AFTER, MODEL, LAST = "field_before", "field_after", "model", "last_year"
ALL, TALKED = "all", "talked"
EVERYONE = "everyone"
LEAST_WIJKEN = 3  # of fewer a mean score tells of a wijk
COLUMNS = [
    "domain", "year", "basis", "wijken", "role", "source", "score", "lower", "upper", "behind",
    "behind_lower", "behind_upper", "nearest", "within_chance", "n_wijken",
]  # fmt: skip


@dataclass(frozen=True)
class CameOut:
    """What was published of the years that were judged, as rates (0–1).

    Parameters
    ----------
    rates : dict of str to float
        By ``wijk/domain``, in the year judged.
    of_gemeente : dict of str to float
        By domain, likewise.
    of_gemeente_then : dict of str to float
        By ``domain/year``, the gemeente's rate in earlier years, for the last figure's tap.
    """

    rates: Mapping[str, float]
    of_gemeente: Mapping[str, float]
    of_gemeente_then: Mapping[str, float]


@dataclass(frozen=True)
class Said:
    """What people said of one domain in one kind of answer, before and after talking.

    Parameters
    ----------
    people : DataFrame
        ``role``, by the name of the person.
    before, after : dict of str to array of shape (people, wijken)
        ``rate``, ``lower``, ``upper`` (0–1) and ``tap`` (position); NaN where there is none.
    """

    people: pd.DataFrame
    before: Mapping[str, Floats]
    after: Mapping[str, Floats]


def of_round(judged: pd.DataFrame, made: Round, view: ModelView, came_out: CameOut) -> pd.DataFrame:
    """Return the scores of all sources, per domain and kind of answer.

    Parameters
    ----------
    judged : DataFrame
        From :func:`risicomodel.participation.review.results.rates`.
    made : Round
        The round.
    view : ModelView
        The model's figures, as the round kept them.
    came_out : CameOut
        What was published since.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`; no rows of under five people or three wijken.
    """
    seed = consensus.seed_of(made.round_id)
    rows = [
        row
        for one in made.domains
        for basis in (RANGES, TAPS)
        for row in _of_domain(
            judged, one, basis, _JudgedFigures.of(one, made, view, came_out), seed
        )
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


@dataclass(frozen=True)
class _JudgedFigures:
    """What model, last figure and outcome are of the wijken of a domain, in their order."""

    wijken: list[str]
    model: Floats  # (wijken, 3): rate and limits at 90%
    last: Floats
    published: Floats
    reference: float  # the gemeente's rate by the model, in the year judged
    reference_then: Floats  # and in the year of the last figure
    reference_published: float

    @classmethod
    def of(
        cls, one: JudgedDomain, made: Round, view: ModelView, came_out: CameOut
    ) -> _JudgedFigures:
        wijken = list(made.wijken)
        names = [f"{wijk}/{one.name}" for wijk in wijken]
        nothing = (np.nan, np.nan, np.nan)
        last = [view.last.get(name, (0, np.nan)) for name in names]
        then = [came_out.of_gemeente_then.get(f"{one.name}/{year}", np.nan) for year, _ in last]
        return cls(
            wijken,
            np.array([view.forecasts.get(name, nothing) for name in names], dtype="float64"),
            np.array([rate for _, rate in last], dtype="float64"),
            np.array([came_out.rates.get(name, np.nan) for name in names], dtype="float64"),
            view.of_gemeente.get(one.name, np.nan),
            np.array(then, dtype="float64"),
            came_out.of_gemeente.get(one.name, np.nan),
        )

    @property
    def last_band(self) -> tuple[Floats, Floats, Floats]:
        """The last figure with the width of the model's band."""
        rate, lower, upper = self.model.T
        return self.last, np.maximum(self.last - (rate - lower), 0.0), self.last + (upper - rate)


def _of_domain(
    judged: pd.DataFrame, one: JudgedDomain, basis: str, figures: _JudgedFigures, seed: int
) -> Iterator[dict[str, Any]]:
    rows = consensus.of_kind(judged[judged["domain"].eq(one.name)], basis)
    said = _said(rows, figures.wijken)
    about = {"domain": one.name, "year": one.year, "basis": basis}
    if len(said.people) < LEAST:
        return
    fixed = _fixed(basis, figures)
    yield from _compared(
        {**about, "wijken": ALL, "role": EVERYONE},
        {BEFORE: _field(basis, said.before, figures), **fixed}, len(said.people), seed,
    )  # fmt: skip
    both = _of_both(said)
    given: Bools = np.asarray(np.isfinite(both.before["rate"]).any(axis=1))
    if given.sum() >= LEAST:
        yield from _compared(
            {**about, "wijken": TALKED, "role": EVERYONE},
            {
                BEFORE: _field(basis, both.before, figures, given),
                AFTER: _field(basis, both.after, figures, given), **fixed,
            },
            int(given.sum()), seed,
        )  # fmt: skip
    roles = merged_roles(said.people["role"])
    for role in sorted(roles.unique()) if roles.nunique() > 1 else ():
        chosen = roles.eq(role).to_numpy()
        yield from _compared(
            {**about, "wijken": ALL, "role": role},
            {BEFORE: _field(basis, said.before, figures, chosen), **fixed},
            int(chosen.sum()), seed,
        )  # fmt: skip


def _said(rows: pd.DataFrame, wijken: list[str]) -> Said:
    people = rows.drop_duplicates("person").set_index("person").sort_index()[["role"]]
    rows = rows.assign(tap=consensus.tap_positions(rows))
    phases = []
    for phase in (Phase.OWN_VIEW, Phase.AGAIN):
        of_phase = rows[rows["phase"].eq(str(phase))]
        values = {}
        for name in ("rate", "lower", "upper", "tap"):
            said, who = consensus.matrix(of_phase, of_phase[name].astype("float64"), wijken)
            wide = np.full((len(people), len(wijken)), np.nan)
            wide[people.index.get_indexer(who)] = said
            values[name] = wide
        phases.append(values)
    return Said(people, *phases)


def _of_both(said: Said) -> Said:
    """Return what was said by who answered before talking and after, on those wijken."""
    pairs = {
        name: scores.answered_both(said.before[name], said.after[name]) for name in said.before
    }
    return Said(
        said.people,
        {name: pair[0] for name, pair in pairs.items()},
        {name: pair[1] for name, pair in pairs.items()},
    )


def _field(
    basis: str, said: Mapping[str, Floats], figures: _JudgedFigures, people: Bools | None = None
) -> Source:
    chosen = slice(None) if people is None else people
    if basis == RANGES:
        return scores.of_ranges(said["lower"][chosen], said["upper"][chosen], figures.published)
    return scores.of_taps(said["tap"][chosen], _outcome(figures))


def _outcome(figures: _JudgedFigures) -> Floats:
    reference = np.full(len(figures.published), figures.reference_published)
    return elicitation.taps(figures.published, reference)


def _fixed(basis: str, figures: _JudgedFigures) -> dict[str, Source]:
    """Return what does not hang on people: the model, and the last figure with its width."""
    bands = {
        MODEL: (tuple(figures.model.T), np.full(len(figures.last), figures.reference)),
        LAST: (figures.last_band, figures.reference_then),
    }
    out = {}
    for name, ((rate, lower, upper), reference) in bands.items():
        if basis == RANGES:
            limits = scores.band_at(rate, lower, upper)
            score = interval_score(figures.published, *limits, CONFIDENCE / 100)
        else:
            likely = scores.tap_probabilities(rate, lower, upper, reference)
            score = ranked_probability_score(likely, _outcome(figures))
        out[name] = scores.fixed(score)
    return out


def _compared(
    about: dict[str, Any], sources: Mapping[str, Source], n_people: int, seed: int
) -> Iterator[dict[str, Any]]:
    once = np.ones((1, n_people))
    scored = np.all([np.isfinite(source(once)[0]) for source in sources.values()], axis=0)
    if scored.sum() < LEAST_WIJKEN:
        return
    result = scores.compare(sources, n_people, seed=seed)
    for name, score in result.scores.items():
        behind = _behind(result, name)
        yield {
            **about, "source": name,
            # no score is below 0
            "score": score.value, "lower": max(score.lower, 0.0), "upper": score.upper,
            "behind": behind.value, "behind_lower": behind.lower, "behind_upper": behind.upper,
            "nearest": name == result.nearest, "within_chance": name in result.within_chance,
            "n_wijken": result.n_wijken,
        }  # fmt: skip


def _behind(result: SourceComparison, name: str) -> Interval:
    """Return the score of a source less that of the nearest, with its interval."""
    best = result.nearest
    if name == best:
        return Interval(0.0, 0.0, 0.0)
    if (name, best) in result.differences:
        return result.differences[name, best]
    turned = result.differences[best, name]
    return Interval(-turned.value, -turned.upper, -turned.lower)
