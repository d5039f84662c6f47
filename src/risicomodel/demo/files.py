"""Write the made-up country of :mod:`risicomodel.demo` as CBS would publish it.

KWB as OData ``TypedDataSet``, jeugdzorg and Wmo as StatLine CSV, boundaries as GeoPackage. Totals
of gemeenten and country come from unrounded figures. Then everything is rounded, small cells and
late columns are left blank, and the true rates are written beside the tables.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core import levels, storage
from risicomodel.core.arrays import Bools, Floats, Texts
from risicomodel.demo import kwb, people
from risicomodel.demo.kwb import numbered, padded, rounded
from risicomodel.demo.truth import DOMAINS, FEATURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from risicomodel.demo.kwb import KwbRows
    from risicomodel.demo.truth import Truth
    from risicomodel.demo.world import World


MARK = "truth_drivers.json"  # only a demo archive has this file
TABLES = {"kwb": "DEMOKWB{year}", "jeugd": "DEMOJZ{year}", "wmo": "DEMOWMO{year}"}
GEOMETRY = "wijken_demo"

TITLES = {
    "kwb": "DEMO (made up) Kerncijfers wijken en buurten {year}",
    "dimension": "DEMO (made up) names of wijken {year}",
    "jeugd": "DEMO (made up) Jongeren met jeugdzorg per wijk {year}",
    "wmo": "DEMO (made up) Wmo-cliënten per wijk {year}",
    "geo": "DEMO (made up) wijk boundaries {year}",
    "truth": "DEMO (made up) true rates behind the tables",
    "truth_buurten": "DEMO (made up) true rates behind the figures of buurten",
}
NOTE = "DEMO: everything in this folder is made up by risicomodel; it describes no place or person."
LICENCE = "none: made up, no figure was measured"
BLANK_BELOW = 10  # youth-care and Wmo cells
PERIODS = ("1e halfjaar {year}", "2e halfjaar {year}", "{year}")
ANY_DATE = "2020-01-01T00:00:00Z"  # a GeoPackage holds a date; today's would change its bytes
# a youth-care table's topics, with their share of the total; CBS leaves four of them empty
JEUGD_TOPICS = {
    "TotaalJongerenMetJeugdzorgInNatura": 1.0, "k_0Tot4Jaar": 0.07, "k_4Tot12Jaar": 0.50,
    "k_12Tot18Jaar": 0.395, "k_18Tot23Jaar": 0.035, "ThuiswonendKindInEenouderhuishouden": 0.28,
    "ThuiswonendKindBijEenPaar": 0.635, "AnderHuishouden": 0.085, "TotaalTrajectenInNatura": 1.48,
    "StabilisatieVanEenCrisissituatie": np.nan, "Diagnostiek": np.nan, "Begeleiden": np.nan,
    "Behandelen": np.nan, "GemeentelijkeToegang": 0.44, "Huisarts": 0.49, "Jeugdarts": 0.04,
    "GecertificeerdeInstelling": 0.13, "MedischSpecialist": 0.07,
    "RechterOfficierVanJustitie": 0.005, "GeenVerwijzer": 0.155, "VerwijzerOnbekend": 0.026,
}  # fmt: skip
# breakdowns of the same table, so that whoever reads it has to pick the total
JEUGD_FORMS = {"Totaal alle jeugdzorg in natura": 1.0, "Jeugdhulp met verblijf": 0.11}


def write(folder: Path, world: World) -> None:
    """Write every file of the archive into ``folder``, the manifest last.

    Parameters
    ----------
    folder : Path
        An empty folder.
    world : World
        The country to publish.
    """
    written = []
    for position, year in enumerate(world.settings.years):
        rows = kwb.rows_of(world, position)
        for kind, name, table in _tables(world, rows, position):
            _save(folder / name, table)
            written.append((kind, year, name, len(table)))
    last = world.settings.last_year
    written.append(("geo", last, f"{GEOMETRY}.gpkg", _write_map(folder, world)))
    for kind, truth in _truths(world):
        storage.write_table(folder / f"{kind}.parquet", truth)
        written.append((kind, last, f"{kind}.parquet", len(truth)))
    storage.write_json(folder / MARK, _drivers(world))
    entries = [_entry(folder, *one) for one in written]
    storage.write_json(folder / "manifest.json", {"note": NOTE, "tables": entries})


def _entry(folder: Path, kind: str, year: int, name: str, rows: int) -> dict[str, Any]:
    return {
        "file": name,
        "table": Path(name).stem.removesuffix("_TypedDataSet"),
        "title": TITLES[kind].format(year=year),
        "rows": rows,
        "sha256": storage.sha256_file(folder / name),
        "licence": LICENCE,
    }


def _tables(world: World, rows: KwbRows, position: int) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield kind, file name and rows of one year's tables."""
    year = world.settings.years[position]
    ids = {subject: name.format(year=year) for subject, name in TABLES.items()}
    yield "kwb", f"{ids['kwb']}_TypedDataSet.parquet", kwb.kwb_table(world, rows, position)
    yield "dimension", f"{ids['kwb']}_WijkenEnBuurten.parquet", kwb.dimension(rows)
    yield "jeugd", f"{ids['jeugd']}.csv", _jeugd(world, rows, position)
    yield "wmo", f"{ids['wmo']}.csv", _wmo(world, rows, position)


def _save(path: Path, table: pd.DataFrame) -> None:
    if path.suffix == ".parquet":
        storage.write_table(path, table)
    else:
        table.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\n")


def _jeugd(world: World, rows: KwbRows, position: int) -> pd.DataFrame:
    """Return the youth-care table, with every form of care in CBS's breakdown."""
    clients = _by_period(world, rows, position, "jeugd")
    forms = []
    for form, share in JEUGD_FORMS.items():
        topics = [(key, _cells(clients * share * part)) for key, part in JEUGD_TOPICS.items()]
        regions = _regions(rows, width=10, shown=np.ones(clients.shape, dtype=np.bool_))
        head = {"VormenVanJeugdzorg": form, **_areas_and_periods(world, rows, position)}
        forms.append(pd.DataFrame({**head, **numbered([*topics, *regions])}))
    table = pd.concat(forms, ignore_index=True)
    table.insert(0, "ID", np.arange(len(table)))
    return table


def _wmo(world: World, rows: KwbRows, position: int) -> pd.DataFrame:
    """Return the Wmo table; a gemeente that did not deliver has no figures and no codes either."""
    clients = _by_period(world, rows, position, "wmo")
    shown = np.repeat(world.delivered[position][rows.gm][:, None], len(PERIODS), axis=1)
    shown[:, 0] |= rows.gm % 2 == 0  # half of them stopped after the first half-year
    inhabitants = rows.totals(world.figures("aantal_inwoners", position))[:, None]
    figures = np.where(shown, clients, np.nan)
    cells = _cells(figures)
    per_1000 = np.where(np.isnan(cells), np.nan, np.rint(1000 * figures / inhabitants).ravel())
    topics = [("WmoClienten", cells), ("WmoClientenPer1000Inwoners", per_1000)]
    head = {"TypeMaatwerkvoorziening": "Totaal", **_areas_and_periods(world, rows, position)}
    table = pd.DataFrame({**head, **numbered([*_regions(rows, width=8, shown=shown), *topics])})
    table = table[np.repeat(rows.kinds != "Land", len(PERIODS))].reset_index(drop=True)
    table.insert(0, "ID", np.arange(len(table)))
    return table


def _by_period(world: World, rows: KwbRows, position: int, name: str) -> Floats:
    """Return clients by row and period."""
    periods = (f"{name}_1", f"{name}_2", name)
    return np.stack([rows.totals(world.figures(key, position)) for key in periods], axis=1)


def _cells(clients: Floats) -> Floats:
    """Return rounded figures, one per row and period; small ones are blank."""
    cells = rounded(clients, 5)
    return np.where(cells < BLANK_BELOW, np.nan, cells).ravel()


def _areas_and_periods(world: World, rows: KwbRows, position: int) -> dict[str, Any]:
    year = world.settings.years[position]
    return {
        "Wijken": np.repeat(rows.names, len(PERIODS)),
        "Perioden": np.tile([period.format(year=year) for period in PERIODS], len(rows.names)),
    }


def _regions(rows: KwbRows, *, width: int, shown: Bools) -> list[tuple[str, Any]]:
    """Return the columns that name the area, blank where not shown; the country has only a code."""
    country = rows.kinds == "Land"
    change = np.char.add(rows.change, ".0")
    width = max(width, int(np.char.str_len(rows.codes).max()))
    texts = {
        "Gemeentenaam": padded(np.where(country, "", rows.gm_names), 40),
        "SoortRegio": padded(np.where(country, "", rows.kinds), 9),
        "Codering": padded(np.where(country, "NL01", rows.codes), width),
        "IndelingswijzigingWijken": np.where(change == "..0", "", change),
    }
    return [
        (key, np.where(shown, text[:, None], " " * len(text[0])).ravel())
        for key, text in texts.items()
    ]


def _write_map(folder: Path, world: World) -> int:
    """Write the last year's wijken as polygons, and return their number."""
    import geopandas as gpd

    codes = world.areas[-1].codes
    order = np.argsort(codes)
    shapes = gpd.GeoDataFrame(
        {"wijk_code": codes[order], "gm_code": [f"GM{code[2:6]}" for code in codes[order]]},
        geometry=world.places.cells[order],
        crs="EPSG:28992",
    )
    with _fixed_date():
        shapes.to_file(folder / f"{GEOMETRY}.gpkg", driver="GPKG", engine="pyogrio")
    return len(shapes)


@contextmanager
def _fixed_date() -> Iterator[None]:
    import pyogrio

    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": ANY_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _truths(world: World) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the true rates of wijken and, where there are any, of buurten."""
    years = world.settings.years
    yield "truth", _truth_table([area.codes for area in world.areas], years, world.truth)
    if world.buurten is not None:
        codes = [world.buurten.codes(area) for area in world.areas]
        table = _truth_table(codes, years, world.buurten.truth)
        yield "truth_buurten", levels.BUURT.published(table)


def _truth_table(codes: list[Texts], of_years: range, truths: dict[str, Truth]) -> pd.DataFrame:
    """Return the true rate per area, year and domain, and the terms of its logarithm."""
    years, places = len(codes), len(codes[0])
    tables = []
    for name, truth in truths.items():
        head = {
            "wijk_code": np.concatenate(codes),
            "year": np.repeat(list(of_years), places),
            "domain": name,
            "place": np.tile(np.arange(places), years),
            "population": truth.at_risk.ravel(),
            "rate": truth.rate.ravel(),
        }
        parts = {_part_name(part): values.ravel() for part, values in truth.parts.items()}
        tables.append(pd.DataFrame({**head, **parts}))
    table = pd.concat(tables, ignore_index=True).fillna(0.0)  # not a driver: no contribution
    return table.sort_values(["domain", "wijk_code", "year"], ignore_index=True)


def _part_name(part: str) -> str:
    return f"contribution_{part}" if part in FEATURES else part


def _drivers(world: World) -> dict[str, Any]:
    """Return, per domain, its drivers with the most important first, and features without effect.

    A driver changes the log rate by ``effect`` per ``step`` from ``usual``, as ``shape`` says;
    ``importance`` is the spread of that over the country. Columns are canonical KWB names, taken
    ``per`` another ('percent': over 100; '': as they are).
    """
    out = {}
    for name, truth in world.truth.items():
        drivers = [
            {
                **driver._asdict(),
                **FEATURES[driver.feature]._asdict(),
                "importance": _importance(truth.parts[driver.feature], truth.at_risk),
            }
            for driver in DOMAINS[name].drivers
        ]
        out[name] = {
            "drivers": sorted(drivers, key=lambda driver: -driver["importance"]),
            "null_features": people.unrelated(),
            "herkomst_without_effect": people.origin(),
        }
    return out


def _importance(contribution: Floats, weight: Floats) -> float:
    """Return the standard deviation of a contribution to the log rate, weighted by people."""
    mean = np.average(contribution, weights=weight)
    return round(float(np.sqrt(np.average((contribution - mean) ** 2, weights=weight))), 4)
