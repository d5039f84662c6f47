"""A round: one gemeente, its wijken, the years that are judged, and what the model says of them.

It is made from a finished run, through the gate. What people are asked and what the model says are
kept apart: before the reveal no screen reads the second.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from risicomodel.core.errors import ConfigError, suggest
from risicomodel.core.levels import AREA
from risicomodel.publishing.report import records
from risicomodel.publishing.report.country import Country
from risicomodel.publishing.report.drivers import strongest
from risicomodel.publishing.report.gemeente import find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from risicomodel.participation.forms import Form
    from risicomodel.publishing.disclosure import Shown
    from risicomodel.publishing.report.gemeente import Gemeente

MOST_WIJKEN = 15
MOST_CAUSES = 3
ELDERLY = "k_65_jaar_of_ouder"
PER_HUNDRED = 100


@dataclass(frozen=True)
class JudgedDomain:
    """A domain as people are asked about it.

    Parameters
    ----------
    name : str
        Of the domain.
    label_nl, label_en : str
        What it is called.
    per : int
        Out of how many people.
    per_nl, per_en : str
        What these are called.
    year : int
        The year that is judged: the first whose figure is not out. In a round without wijken, of
        which people are asked what they know: the newest whose figure is out.
    """

    name: str
    label_nl: str
    label_en: str
    per: int
    per_nl: str
    per_en: str
    year: int


@dataclass(frozen=True)
class Round:
    """What a round is; nothing in it is a figure of need.

    Parameters
    ----------
    round_id : str
        Eight letters and digits.
    gm_code, gm_name : str
        The gemeente.
    wijken : dict of str to str
        Name by code, in the order in which they are talked about.
    domains : tuple of JudgedDomain
        What is asked about.
    form : str
        Name or path of the form.
    form_version, form_sha256 : str
        Which one it was.
    run_sha256 : str
        Of the record of the run that it was made from.
    language : {"nl", "en"}
        Of the screens.
    keep_until : str
        Date (ISO 8601) until which answers are kept.
    made_up : bool
        Whether the figures are the demo's.
    """

    round_id: str
    gm_code: str
    gm_name: str
    wijken: dict[str, str]
    domains: tuple[JudgedDomain, ...]
    form: str
    form_version: str
    form_sha256: str
    run_sha256: str
    language: str
    keep_until: str
    made_up: bool

    @property
    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Round:
        """Return the round that was kept as a text."""
        tree = json.loads(text)
        domains = tuple(JudgedDomain(**one) for one in tree.pop("domains"))
        return cls(domains=domains, **tree)

    def domain(self, name: str) -> JudgedDomain:
        """Return a domain of the round."""
        return next(one for one in self.domains if one.name == name)


@dataclass(frozen=True)
class ModelView:
    """What may be shown from the reveal on: the model's figures and last year's, as rates (0–1).

    Parameters
    ----------
    forecasts : dict of str to (float, float, float)
        By ``wijk/domain``: rate and limits of the 90% band in the year judged.
    last : dict of str to (int, float)
        By ``wijk/domain``: year and rate of the newest published figure.
    of_gemeente : dict of str to float
        By domain, the gemeente's forecast rate in the year judged.
    causes : dict of str to list of str
        By ``wijk/domain``, the features that the model names.
    labels : dict of str to dict
        Per feature ``nl`` and ``en``: what it is called.
    practice : int or None
        How many of 100 inhabitants are 65 or older: known, and asked as practice.
    at_risk : dict of str to float
        By ``wijk/domain``, persons at risk in the year of the newest figure.
    truths : dict of str to (float or str)
        By question of what people know, what is true: a number of people, or a key of its scale.
    """

    forecasts: dict[str, tuple[float, float, float]]
    last: dict[str, tuple[int, float]]
    of_gemeente: dict[str, float]
    causes: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    practice: int | None = None
    at_risk: dict[str, float] = field(default_factory=dict)
    truths: dict[str, float | str] = field(default_factory=dict)

    @property
    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> ModelView:
        """Return what was kept as a text."""
        tree = json.loads(text)
        for key in ("forecasts", "last"):
            tree[key] = {name: tuple(values) for name, values in tree[key].items()}
        return cls(**tree)


def make(
    shown: Shown,
    form: Form,
    *,
    gemeente: str | None,
    form_name: str,
    wijken: Sequence[str] = (),
    language: str = "nl",
    keep_until: str,
) -> tuple[Round, ModelView]:
    """Make a round from what may be shown of a run.

    Parameters
    ----------
    shown : Shown
        From :func:`risicomodel.publishing.disclosure.disclose`.
    form : Form
        What is asked.
    gemeente : str or None
        Code or name.
    form_name : str
        How the form was named.
    wijken : sequence of str
        Codes of the wijken to talk about; by default the largest, at most :data:`MOST_WIJKEN`.
    language : str
        Of the screens.
    keep_until : str
        Date until which answers are kept.

    Returns
    -------
    Round, ModelView

    Raises
    ------
    ConfigError
        If the run has no forecasts of the gemeente, or a wijk is unknown.
    """
    places = find(Country(shown), gemeente)
    if len(places) > 1:
        raise ConfigError(
            f"gemeente is '{gemeente}', which is {len(places)} gemeenten; expected one. Make a "
            "round per gemeente."
        )
    (place,) = places
    begun = partial(
        Round,
        round_id=secrets.token_hex(4),
        gm_code=place.code,
        gm_name=place.name,
        form=form_name,
        form_version=form.version,
        form_sha256=form.sha256,
        run_sha256=shown.about.record_hash,
        language=language,
        keep_until=keep_until,
        made_up=shown.about.made_up,
    )
    if not form.is_about_wijken:
        known_domains, view = _known(place, shown, form)
        return begun(wijken={}, domains=known_domains), view
    ahead = place.table("forecasts")
    if ahead is None or ahead["rate"].notna().sum() == 0:
        raise ConfigError(
            f"this run has no forecast that may be shown of {place.name}; expected a run with "
            "forecasts. Make one with 'risicomodel run', or choose another gemeente."
        )
    ahead = ahead[ahead["on_page"] & ahead["horizon"].eq(1) & ahead["rate"].notna()]
    names = _chosen(place, set(ahead[AREA]), wijken)
    ahead = ahead[ahead[AREA].isin(names)]
    years = {str(d): int(y) for d, y in ahead.groupby("domain")["year"].first().items()}
    domains = tuple(_asked(shown, d, years[d]) for d in shown.about.domains if d in years)
    made = begun(wijken=names, domains=domains)
    rows = records.records(ahead)
    forecasts = {
        f"{row[AREA]}/{row['domain']}": (row["rate"], row["lower"], row["upper"]) for row in rows
    }
    view = ModelView(
        forecasts, _last(place, names, years), _of_gemeente(place, years),
        *_causes(place, names, shown), practice=_practice(place),
        at_risk=_at_risk(place, names, years),
    )  # fmt: skip
    return made, view


def _known(place: Gemeente, shown: Shown, form: Form) -> tuple[tuple[JudgedDomain, ...], ModelView]:
    """Return of which domains people are asked what they know, and what is true.

    A figure is the newest that is published of the whole gemeente, in whole people; a question
    whose figure the run does not have is not asked.
    """
    totals = place.table("totals")
    published: dict[str, tuple[int, float]] = {}
    if totals is not None:
        rows = totals[totals["source"].eq("published")].dropna(subset=["rate"]).sort_values("year")
        published = {
            row["domain"]: (int(row["year"]), float(row["rate"])) for row in records.records(rows)
        }
    truths: dict[str, float | str] = {}
    years: dict[str, int] = {}
    for item in form.items:
        truth = item.truth
        if truth is None:
            continue
        if not truth.domain:
            truths[item.key] = truth.value
        elif truth.domain in published:
            years[truth.domain], rate = published[truth.domain]
            truths[item.key] = round(rate * shown.about.domains[truth.domain].per)
    domains = tuple(_asked(shown, name, year) for name, year in years.items())
    return domains, ModelView({}, {}, {}, truths=truths)


def _chosen(place: Gemeente, with_forecast: set[str], wijken: Sequence[str]) -> dict[str, str]:
    """Return the wijken to talk about, the largest first unless they were named."""
    table = place.wijken[place.wijken[AREA].isin(with_forecast)]
    names = dict(zip(table[AREA], table["wijk_name"], strict=True))
    unknown = [code for code in wijken if code not in names]
    if unknown:
        near = suggest(unknown[0], names)
        raise ConfigError(
            f"no wijk {', '.join(map(repr, unknown))} with a forecast in {place.name}{near}; "
            f"expected codes of {', '.join(sorted(names)[:5])}, …. Correct 'wijken'."
        )
    if wijken:
        return {code: names[code] for code in dict.fromkeys(wijken)}
    largest = table.sort_values("people", ascending=False, kind="stable")[AREA].head(MOST_WIJKEN)
    return {str(code): names[code] for code in sorted(largest)}


def _asked(shown: Shown, name: str, year: int) -> JudgedDomain:
    domain = shown.about.domains[name]
    return JudgedDomain(
        name, domain.label_nl, domain.label_en, domain.per, domain.per_nl, domain.per_en, year
    )


def _last(
    place: Gemeente, names: Mapping[str, str], years: Mapping[str, int]
) -> dict[str, tuple[int, float]]:
    rows = place.every_figure.dropna(subset=["observed"])
    rows = rows[rows[AREA].isin(names) & rows["domain"].isin(years)]
    newest = rows.sort_values("year").drop_duplicates([AREA, "domain"], keep="last")
    return {
        f"{row[AREA]}/{row['domain']}": (int(row["year"]), float(row["observed"]))
        for row in records.records(newest)
    }


def _at_risk(
    place: Gemeente, names: Mapping[str, str], years: Mapping[str, int]
) -> dict[str, float]:
    """Return persons at risk, of the newest year with an estimate that may be shown."""
    rows = place.every_figure.dropna(subset=["estimate", "estimate_clients"])
    rows = rows[rows[AREA].isin(names) & rows["domain"].isin(years) & rows["estimate"].gt(0)]
    newest = rows.sort_values("year").drop_duplicates([AREA, "domain"], keep="last")
    return {
        f"{row[AREA]}/{row['domain']}": float(row["estimate_clients"]) / float(row["estimate"])
        for row in records.records(newest)
    }


def _of_gemeente(place: Gemeente, years: Mapping[str, int]) -> dict[str, float]:
    table = place.table("forecast_totals")
    rows = [] if table is None else records.records(table.dropna(subset=["rate"]))
    return {
        row["domain"]: float(row["rate"])
        for row in rows
        if years.get(row["domain"]) == int(row["year"])
    }


def _causes(
    place: Gemeente, names: Mapping[str, str], shown: Shown
) -> tuple[dict[str, list[str]], dict[str, dict[str, str]]]:
    """Return what the model names as causes of what it expects, and what these are called."""
    causes = {}
    for (domain, wijk), rows in place.explained.items():
        if wijk in names:
            drivers = strongest(rows, shown.about.domains[domain].per)[:MOST_CAUSES]
            causes[f"{wijk}/{domain}"] = [str(row["feature"]) for row in drivers]
    used = {feature for features in causes.values() for feature in features}
    table = shown.about.tables.features.set_index("feature")
    labels = {
        feature: {
            "nl": str(table.at[feature, "label_nl"]),
            "en": str(table.at[feature, "label_en"]),
        }
        for feature in sorted(used)
    }
    return causes, labels


def _practice(place: Gemeente) -> int | None:
    rows = place.country.profiles.get(place.code)
    if rows is None:
        return None
    share = rows.loc[rows["name"] == ELDERLY, "value"].dropna()
    return round(float(share.iloc[0]) * PER_HUNDRED) if len(share) else None
