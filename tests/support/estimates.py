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
    """Wijken add up to their gemeente's total where the table says so, and else none is moved."""
    rows = found.estimates
    key = ["domain", "model", "gm_code", "year"]
    sums = rows.groupby(key)[["clients", "before", "moved"]].sum().reset_index()
    together = found.adding_up.merge(sums, on=key, suffixes=("_told", ""))
    assert len(together) == len(found.adding_up)
    together = together.merge(found.totals, on=["domain", "gm_code", "year"], how="left")
    assert (together["total"] == together["published_total"]).all()
    np.testing.assert_allclose(together["before"], together["before_told"], atol=1e-6)
    np.testing.assert_allclose(together["moved"], together["moved_told"], atol=1e-6)
    adds = together["outcome"] == "added_up"
    np.testing.assert_allclose(together["clients"][adds], together["total"][adds], atol=1e-6)
    np.testing.assert_allclose(together["moved"][~adds], 0.0, atol=1e-9)
    # no total, nothing moved
    told = rows.merge(found.adding_up[key], on=key, how="left", indicator=True)
    assert (told.loc[told["_merge"] == "left_only", "moved"] == 0).all()


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
