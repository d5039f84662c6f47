"""What leaves this room: frames of figures that may be shown, and what is said of the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from risicomodel.data.domains import Domain


@dataclass(frozen=True)
class ModelTables:
    """What a run says of its models as a whole; None where the run has no such table.

    Parameters
    ----------
    features : DataFrame
        What the features are made of and called.
    scores, leaderboard, calibration, forecast_scores, forecast_bands : DataFrame or None
        How good predictions and forecasts are.
    importance, interactions : DataFrame or None
        How much features move what is expected, alone and in pairs.
    quality : DataFrame or None
        How many wijken have figures, and why others have none.
    stability : DataFrame or None
        How often contributions, and those of null features, are stable.
    """

    features: pd.DataFrame
    scores: pd.DataFrame | None
    leaderboard: pd.DataFrame | None
    calibration: pd.DataFrame | None
    forecast_scores: pd.DataFrame | None
    forecast_bands: pd.DataFrame | None
    importance: pd.DataFrame | None
    interactions: pd.DataFrame | None
    quality: pd.DataFrame | None
    stability: pd.DataFrame | None


@dataclass(frozen=True)
class About:
    """What there is to say of a run and its models as a whole: no figure of a place is in it.

    Parameters
    ----------
    domains : dict of str to Domain
        As the run declared them.
    made_up : bool
        Whether the figures are the demo's.
    demo : dict
        Settings of the made-up country, from which all that is true there follows; empty for
        figures of real places.
    own_figures : dict of str to (int, int)
        First and last year of figures that a gemeente gave itself, per domain that has any.
    first_year, last_year : int
        Of the panel.
    tables : ModelTables
        Scores, importance and features of the whole country.
    champions, forecasters : dict of str to str
        Model per domain, for what is expected and for forecasts.
    sources : list of dict
        ``subject``, ``period``, ``table`` and ``licence`` of every table that was read.
    centred : set of str
        Features whose values are relative to the country's value of their year.
    justification : str
        Why sensitive features were used; empty where none were.
    seed : int
        Of everything drawn at random.
    commit : str
        Of the code; empty where it is not known.
    started : str
        When the run started (ISO 8601).
    record_hash : str
        SHA-256 of the run's record, which names every table with its own.
    """

    domains: dict[str, Domain]
    made_up: bool
    demo: dict[str, Any]
    own_figures: dict[str, tuple[int, int]]
    first_year: int
    last_year: int
    tables: ModelTables
    champions: dict[str, str]
    forecasters: dict[str, str]
    sources: list[dict[str, Any]]
    centred: set[str]
    justification: str
    seed: int
    commit: str
    started: str
    record_hash: str


@dataclass(frozen=True)
class Shown:
    """What may be shown of a run, of all gemeenten.

    Rates are of 0–1 and bands are of 90%; a figure that may not be shown is empty.

    Parameters
    ----------
    wijken : DataFrame
        Per wijk of the newest year its gemeente is in: codes, names, ``year`` (empty where only
        a map has the wijk), ``place_id``, ``people`` (empty under 100).
    figures : DataFrame
        Per domain, wijk and year: ``status`` (``shown``, ``hidden`` or why there is no figure),
        ``own`` (whether the observed figure is the gemeente's own), ``population_year`` (of the
        people divided by), observed, estimate and expected with their bands (rates), clients to
        CBS's rounding; the gap in its parts and their chance.
    totals : DataFrame
        Per domain, gemeente and year: ``clients``, ``rate`` (empty where not given), ``source``
        (``published``, ``estimate``, or ``partial`` where wijken are missing), ``population_year``,
        ``not_delivered``, expected clients and people of the wijken shown, and ``own_clients``.
    sums : DataFrame
        Per domain, gemeente and year, past and future: ``kind`` (source of the total, or
        ``forecast``), ``total``, ``areas`` (wijken together), ``unassigned`` (people in no wijk)
        with its band, to CBS's rounding; ``unassigned_status`` (``given``, ``few`` where under 10,
        ``cover`` where it would tell of a wijk that is hidden, ``own`` where wijken have the
        gemeente's own figures).
    forecasts, forecast_totals : DataFrame or None
        Per domain, wijk (gemeente) and future year: ``rate`` with its band; of wijken ``on_page``,
        whether one of ``wijken`` is the same place; of gemeenten ``clients`` to CBS's rounding.
    profile : DataFrame
        Long: ``level`` (wijk, gemeente, country), ``code``, ``name``, ``value``, ``year``.
    stacking : DataFrame or None
        Persons and households with any provision, per wijk and year.
    explanations : DataFrame or None
        Contributions of features, per wijk and domain whose expected rate is shown, also less the
        mean over other such wijken.
    dependence : DataFrame or None
        How contributions change along a feature's values, in the country.
    similar : DataFrame or None
        The most similar wijken of every wijk.
    outlines : DataFrame or None
        The newest outline (WKB, in metres) of every wijk that has one.
    reviews : DataFrame
        Rounds in which people judged this run: ``gm_code``, ``round_id``, ``date`` (ISO 8601),
        ``people`` (in steps of five, downwards; 0 under five) and ``status`` (of the model:
        ``reviewed``, ``contested``, ``unreviewed`` where too few judged what it names).
    review_estimates : DataFrame
        Per round, wijk and domain: ``year``, ``verdict`` (``hidden`` where no forecast is shown),
        ``talked``, ``basis`` (``taps``, ``ranges`` or ``both``), and ``rate`` with its limits at
        80%, empty under five answers and where hidden.
    review_causes : DataFrame
        Per round, wijk and domain the features that were not recognised: by at most a third of five
        or more.
    review_actions : DataFrame
        Per round and wijk what was agreed: ``text``, ``owner`` (a role), ``due``; plain texts that
        people wrote.
    about : About
        The run and its models as a whole.
    """

    wijken: pd.DataFrame
    figures: pd.DataFrame
    totals: pd.DataFrame
    sums: pd.DataFrame
    forecasts: pd.DataFrame | None
    forecast_totals: pd.DataFrame | None
    profile: pd.DataFrame
    stacking: pd.DataFrame | None
    explanations: pd.DataFrame | None
    dependence: pd.DataFrame | None
    similar: pd.DataFrame | None
    outlines: pd.DataFrame | None
    reviews: pd.DataFrame
    review_estimates: pd.DataFrame
    review_causes: pd.DataFrame
    review_actions: pd.DataFrame
    about: About
