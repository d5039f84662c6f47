"""Small runs with estimates, and what must hold of any of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core import paths
from risicomodel.demo import DemoSettings, make_world
from support.running import DEMO, OFF, well

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.learning.problem import Problem


DOMAINS = ("bijstand", "jeugd", "wmo")
BASES = {"published", "history", "model", "expected"}
COUNTRY = DemoSettings(gemeenten=120, wijken=1_000, first_year=2016, last_year=2019)
BOTH = ("split.protocols=[unseen_gemeente,unseen_wijk]",)
LARGE = (
    f"data.demo.gemeenten={COUNTRY.gemeenten}",
    f"data.demo.wijken={COUNTRY.wijken}",
    f"data.demo.first_year={COUNTRY.first_year}",
    f"data.demo.last_year={COUNTRY.last_year}",
    f"split.score_years=[{','.join(map(str, COUNTRY.years))}]",
)
SMALL = (*DEMO, "split.score_years=[2016,2017,2018]")


@dataclass(frozen=True)
class Made:
    """The tables of a run that estimates stand in."""

    folder: Path

    @property
    def predictions(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "predictions.parquet")

    @property
    def scores(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "scores.csv")

    @property
    def adding_up(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "adding_up.csv")

    @property
    def unassigned(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "unassigned.csv")

    @property
    def totals(self) -> pd.DataFrame:
        """Published totals, a row per gemeente, year and domain."""
        wide = pd.read_parquet(self.folder / "gemeenten.parquet")
        names = {f"{d}_clients": d for d in DOMAINS if f"{d}_clients" in wide}
        long = wide.rename(columns=names).melt(
            ["gm_code", "year"], list(names.values()), "domain", "published_total"
        )
        return long.dropna(subset=["published_total"])

    @property
    def estimates(self) -> pd.DataFrame:
        """Estimates with the status of their figure, its gemeente, and the figure before."""
        rows = self.predictions
        rows = rows[rows["kind"] == "estimate"]
        panel = pd.read_parquet(self.folder / "panel.parquet")
        facts = [
            panel[["wijk_code", "year", "gm_code"]].assign(
                domain=name,
                status=panel[f"{name}_status"],
                published_clients=panel[f"{name}_clients"],
            )
            for name in rows["domain"].unique()
        ]
        out = rows.merge(pd.concat(facts), on=["domain", "wijk_code", "year"], how="outer")
        return out.assign(before=out["clients"] - out["moved"])


def made(name: str, *words: str) -> Made:
    folder = paths.home() / "shared" / f"estimates-{name}"
    if not folder.is_dir():
        well("train", *words, *OFF, f"run.dir={folder}")
    return Made(folder)


def every_promise(found: Made) -> None:
    """What must hold of the estimates of any run (DESIGN section 4 and decision 11)."""
    complete_and_possible(found)
    sums_are_the_published_totals(found)


def complete_and_possible(found: Made) -> None:
    """A row for every wijk and year, each with a rate within its band and a basis that is known."""
    rows = found.estimates
    # every wijk and year with features, once per model
    panel = pd.read_parquet(found.folder / "panel.parquet", columns=["wijk_code", "year"])
    for _, part in rows.groupby(["domain", "model"]):
        assert len(part) == len(panel)
    figures = ["rate", "lower", "upper", "clients", "population", "moved", "fold", "basis"]
    assert rows[figures].notna().all(axis=None)
    assert set(rows["basis"]) <= BASES
    assert ((rows["lower"] <= rows["rate"]) & (rows["rate"] <= rows["upper"])).all()
    assert rows["lower"].ge(0).all()
    assert rows["upper"].le(1).all()
    assert rows["clients"].ge(0).all()
    assert (rows.loc[rows["population"] == 0, "clients"].le(0)
            | (rows.loc[rows["population"] == 0, "basis"] == "published")).all()  # fmt: skip
    assert ((rows["status"] == "observed") == (rows["basis"] == "published")).all()
    shares = rows[(rows["population"] > 0) & (rows["clients"] <= rows["population"])]
    np.testing.assert_allclose(shares["rate"] * shares["population"], shares["clients"], atol=1e-6)


def sums_are_the_published_totals(found: Made) -> None:
    """Wijken and people without a known wijk are the published total; adding_up.csv says the same.

    Where people were shared out over the wijken, these are the total by themselves.
    """
    rows = found.estimates
    key = ["domain", "model", "gm_code", "year"]
    sums = rows.groupby(key)[["clients", "before", "moved"]].sum().reset_index()
    whole = found.unassigned.merge(sums, on=key, suffixes=("_unassigned", ""))
    assert len(whole) == len(found.unassigned)
    np.testing.assert_allclose(whole["clients"], whole["areas"], atol=1e-6)
    whole = whole.merge(found.totals, on=["domain", "gm_code", "year"], how="left")
    published = whole[whole["published_total"].notna()]
    with_wijken = found.totals.merge(rows[["domain", "gm_code", "year"]].drop_duplicates())
    assert len(published) == len(with_wijken) * found.unassigned["model"].nunique()
    np.testing.assert_array_equal(published["total"], published["published_total"])
    together = published["clients"] + published["clients_unassigned"]
    np.testing.assert_allclose(together, published["total"], atol=1e-6)
    assert (whole["basis"] == "share").eq(whole["total"].isna()).all()
    compared = found.adding_up.merge(sums, on=key, suffixes=("_reported", ""))
    assert len(compared) == len(found.adding_up)
    np.testing.assert_allclose(compared["before"], compared["before_reported"], atol=1e-6)
    np.testing.assert_allclose(compared["moved"], compared["moved_reported"], atol=1e-6)
    adds = compared["outcome"] == "added_up"
    np.testing.assert_allclose(compared["clients"][adds], compared["total"][adds], atol=1e-6)
    np.testing.assert_allclose(compared["moved"][~adds], 0.0, atol=1e-9)
    # no total, nothing moved
    all_rows = rows.merge(found.adding_up[key], on=key, how="left", indicator=True)
    assert (all_rows.loc[all_rows["_merge"] == "left_only", "moved"] == 0).all()


def truth() -> pd.DataFrame:
    world = make_world(COUNTRY)
    return pd.concat(
        pd.DataFrame(
            {
                "domain": name,
                "wijk_code": area.codes,
                "year": year,
                "true": world.values[name][position],
            }
        )
        for position, (year, area) in enumerate(zip(COUNTRY.years, world.areas, strict=True))
        for name in DOMAINS
    )


def unseen_years(found: Made, model: str = "glm") -> pd.DataFrame:
    table = found.scores
    table = table[(table["group"] == "all") & (table["model"] == model)]
    return table.pivot_table(index="domain", columns=["protocol", "metric"], values="value")


def cells_of(problem: Problem) -> pd.DataFrame:
    """The cells of a problem, with the country's rate as what is expected of all of them."""
    wijken, name = problem.wijken, problem.domain
    population = wijken[f"{name}_population"].fillna(0.0)
    published = wijken[f"{name}_clients"].where(wijken[f"{name}_status"] == "observed")
    rate = published[problem.usable].sum() / population[problem.usable].sum()
    return wijken[["gm_code", "gm_group", "place_id", "year"]].assign(
        expected=rate * population, clients=published.where(problem.usable)
    )
