"""Tiny tables in CBS's own layouts, and small panels, for tests.

Spellings, padding and positions are written out here as CBS writes them, and not taken from
``panel/columns.csv``: a wrong line there must make a test fail.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Spelling(NamedTuple):
    """One KWB column: canonical, OData (without position), lower-case file and Excel."""

    name: str
    odata: str
    lower: str
    excel: str


KWB = (
    Spelling("aantal_inwoners", "AantalInwoners", "aantalinwoners", "a_inw"),
    Spelling("mannen", "Mannen", "mannen", "a_man"),
    Spelling("k_0_tot_15_jaar", "k_0Tot15Jaar", "k0tot15jaar", "a_00_14"),
    Spelling("k_15_tot_25_jaar", "k_15Tot25Jaar", "k15tot25jaar", "a_15_24"),
    Spelling("k_25_tot_45_jaar", "k_25Tot45Jaar", "k25tot45jaar", "a_25_44"),
    Spelling("k_45_tot_65_jaar", "k_45Tot65Jaar", "k45tot65jaar", "a_45_64"),
    Spelling("k_65_jaar_of_ouder", "k_65JaarOfOuder", "k65jaarofouder", "a_65_oo"),
    Spelling("westers_totaal", "WestersTotaal", "westerstotaal", "a_w_all"),
    Spelling("huishoudens_totaal", "HuishoudensTotaal", "huishoudenstotaal", "a_hh"),
    Spelling(
        "gemiddelde_huishoudensgrootte",
        "GemiddeldeHuishoudensgrootte",
        "gemiddeldehuishoudensgrootte",
        "g_hhgro",
    ),
    Spelling(
        "gemiddelde_woningwaarde",
        "GemiddeldeWOZWaardeVanWoningen",
        "gemiddeldewoningwaarde",
        "g_wozbag",
    ),
    Spelling("koopwoningen", "Koopwoningen", "koopwoningen", "p_koopw"),
    Spelling(
        "elektriciteit_appartement",
        "Appartement",
        "gemelectriciteitsverbruikappartement",
        "g_ele_ap",
    ),
    Spelling("gas_appartement", "Appartement", "gemgasverbruikappartement", "g_gas_ap"),
    Spelling(
        "gemiddeld_inkomen_per_inwoner",
        "GemiddeldInkomenPerInwoner",
        "gemiddeldinkomenperinwoner",
        "g_ink_pi",
    ),
    Spelling(
        "personen_per_soort_uitkering_bijstand",
        "PersonenPerSoortUitkeringBijstand",
        "personenpersoortuitkeringbijstand",
        "a_soz_wb",
    ),
    Spelling("oppervlakte_totaal", "OppervlakteTotaal", "oppervlaktetotaal", "a_opp_ha"),
    Spelling("oppervlakte_land", "OppervlakteLand", "oppervlakteland", "a_lan_ha"),
)


@dataclass
class Area:
    """A gemeente or wijk with KWB figures by canonical name; absent figures are missing."""

    code: str
    name: str
    gemeente: str
    change: str = "1"
    values: dict[str, float] = field(default_factory=dict)


def wijk(
    code: str,
    inwoners: float,
    *,
    name: str = "",
    gemeente: str = "",
    change: str = "1",
    **values: float,
) -> Area:
    """A wijk whose other figures follow from its inhabitants, unless given."""
    usual = {
        "aantal_inwoners": inwoners,
        "mannen": inwoners / 2,
        "k_0_tot_15_jaar": 0.2 * inwoners,
        "k_15_tot_25_jaar": 0.1 * inwoners,
        "k_25_tot_45_jaar": 0.3 * inwoners,
        "k_45_tot_65_jaar": 0.25 * inwoners,
        "k_65_jaar_of_ouder": 0.15 * inwoners,
        "westers_totaal": 0.05 * inwoners,
        "huishoudens_totaal": 0.5 * inwoners,
        "gemiddelde_huishoudensgrootte": 2.1,
        "gemiddelde_woningwaarde": 233.0,
        "koopwoningen": 60.0,
        "elektriciteit_appartement": 1690.0,
        "gas_appartement": 880.0,
        "gemiddeld_inkomen_per_inwoner": 27.2,
        "personen_per_soort_uitkering_bijstand": 0.03 * inwoners,
        "oppervlakte_totaal": 120.0,
        "oppervlakte_land": 100.0,
    }
    return Area(
        code,
        name or f"Wijk {code[-2:]} Plaats {code}",
        gemeente or f"Gemeente {code[2:6]}",
        change,
        {**usual, **values},
    )


def _value(area: Area, name: str) -> float:
    return area.values.get(name, np.nan)


def _kind(code: str) -> str:
    return {"NL": "Land", "GM": "Gemeente", "WK": "Wijk", "BU": "Buurt"}[code[:2]]


def kwb_typed(path: Path, areas: Sequence[Area]) -> Path:
    """KWB as OData's ``TypedDataSet``: keys as dimension, padded texts, positions; by suffix.

    JSON has OData's envelope and null; CSV has the byte-order mark and ``;`` of a download.
    """
    rows = []
    for number, area in enumerate(areas):
        row: dict[str, object] = {
            "ID": number,
            "WijkenEnBuurten": area.code.ljust(10),
            "Gemeentenaam_1": area.gemeente.ljust(40),
            "SoortRegio_2": _kind(area.code).ljust(10),
            "Codering_3": area.code.ljust(10),
            "IndelingswijzigingWijkenEnBuurten_4": area.change,
        }
        for position, spelling in enumerate(KWB, start=5):
            row[f"{spelling.odata}_{position}"] = _value(area, spelling.name)
        rows.append(row)
    table = pd.DataFrame(rows)
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    elif path.suffix == ".csv":
        table.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\n")
    else:
        value = json.loads(table.to_json(orient="records"))
        content = {"odata.metadata": "https://…/$metadata", "value": value}
        path.write_text(json.dumps(content), encoding="utf-8")
    return path


def kwb_lower(path: Path, areas: Sequence[Area], year: int) -> Path:
    """KWB wijk rows as lower-case parquet with typed numbers, no names and no change flag."""
    rows = [
        {
            "codering_regio": area.code,
            "perioden": year,
            "gemeentenaam": area.gemeente,
            **{spelling.lower: _value(area, spelling.name) for spelling in KWB},
        }
        for area in areas
    ]
    pd.DataFrame(rows).to_parquet(path, index=False)
    return path


def kwb_excel(path: Path, areas: Sequence[Area]) -> Path:
    """KWB as the yearly Excel download: ``gwb_code_10``, short codes, ``.`` for missing."""
    rows = [
        {
            "gwb_code_10": area.code,
            "gwb_code_8": area.code[2:],
            "regio": area.name,
            "gm_naam": area.gemeente,
            "recs": _kind(area.code),
            "gwb_code": area.code,
            "ind_wbi": area.change,
            **{spelling.excel: _text(_value(area, spelling.name)) for spelling in KWB},
        }
        for area in areas
    ]
    with pd.ExcelWriter(path) as book:
        pd.DataFrame(rows).to_excel(book, sheet_name="KWB", index=False)
        explained = pd.DataFrame({"code": ["a_inw"], "betekenis": ["Aantal inwoners"]})
        explained.to_excel(book, sheet_name="Toelichting", index=False)
    return path


def _text(value: float) -> str:
    return "." if np.isnan(value) else f"{value:g}" if value % 1 == 0 else repr(value)


class Figure(NamedTuple):
    """An area's clients in a year; None is a blank cell. ``coded`` False leaves the code blank."""

    code: str
    name: str
    gemeente: str
    clients: float | None
    coded: bool = True
    change: str = "1.0"


@dataclass(frozen=True)
class StatLine:
    """How a StatLine table of clients looks."""

    dimension: str
    totals: tuple[str, str]  # title and key
    others: tuple[tuple[str, str], ...]
    topic: str
    code_width: int


JEUGD = StatLine(
    "VormenVanJeugdzorg",
    ("Totaal alle jeugdzorg in natura", "T001209"),
    (("Jeugdhulp met verblijf", "A042015"),),
    "TotaalJongerenMetJeugdzorgInNatura",
    10,
)
WMO = StatLine(
    "TypeMaatwerkvoorziening",
    ("Totaal", "T001305"),
    (("Hulp bij het huishouden", "A042023"), ("Verblijf en opvang", "A042024")),
    "WmoClienten",
    8,
)


def statline(
    path: Path, kind: StatLine, figures: Sequence[Figure], year: int, *, keys: bool = False
) -> Path:
    """A StatLine CSV: byte-order mark, ``;``, ``70.0``, blanks, half years beside the year.

    With ``keys`` dimensions hold OData's keys instead of titles. Half years are 5 lower than the
    year, and breakdowns are 1 to 3 persons, so that taking the wrong row shows.
    """
    periods = [
        (f"1e halfjaar {year}", f"{year}HJ01", -5),
        (f"2e halfjaar {year}", f"{year}HJ02", -5),
        (f"{year}", f"{year}JJ00", 0),
    ]
    pick = 1 if keys else 0
    rows = []
    for number, form in enumerate((kind.totals, *kind.others)):
        for figure in figures:
            for period in periods:
                clients = figure.clients
                if clients is not None:
                    clients = float(number) if number else clients + period[2]
                code = figure.code if figure.coded else ""
                rows.append(
                    {
                        "ID": len(rows),
                        kind.dimension: form[pick],
                        "Wijken": figure.code.ljust(10) if keys else figure.name,
                        "Perioden": period[pick],
                        f"{kind.topic}_1": clients,
                        "k_0Tot4Jaar_2": None,
                        "Gemeentenaam_22": figure.gemeente.ljust(40),
                        "SoortRegio_23": _kind(figure.code).ljust(9),
                        "Codering_24": code.ljust(kind.code_width),
                        "IndelingswijzigingWijken_25": figure.change if figure.coded else "",
                    }
                )
    table = pd.DataFrame(rows).astype({f"{kind.topic}_1": "float64"})
    table.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\n")
    return path


def named_totals(
    path: Path,
    dimension: str,
    topic: str,
    figures: Mapping[str, Mapping[str, Mapping[int, float | None]]],
) -> Path:
    """A StatLine CSV of gemeenten and regions without codes: title → name → year → clients.

    A half year is 5 lower than its year, and the number of trajectories stands beside it.
    """
    rows = [
        {
            "ID": 0,
            dimension: title,
            "RegioS": name,
            "Perioden": period,
            f"{topic}_1": "" if clients is None else f"{clients + more:.1f}",
            f"{topic}Relatief_2": "",
        }
        for title, places in figures.items()
        for name, years in places.items()
        for year, clients in years.items()
        for period, more in (
            (f"1e halfjaar {year}", -5), (f"2e halfjaar {year}", -5), (f"{year}", 0),
        )
    ]  # fmt: skip
    table = pd.DataFrame(rows).assign(ID=range(len(rows)))
    table.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\n")
    return path


def quarterly(path: Path, year: int, clients: Mapping[str, tuple[float | None, ...]]) -> Path:
    """A StatLine CSV of benefits: code → persons at the end of March, June, September, December.

    Other benefits are 1 to 3 persons, rates per 100 stand beside counts, under the same stem.
    """
    ends = ("maart", "juni", "september", "december")
    rows = [
        {
            "ID": 0,
            "WijkenEnBuurten": "Totaal" if code == "NL00" else f"Gebied {code}",
            "Perioden": f"{year} {end}",
            "Gemeentenaam_1": "".ljust(40),
            "SoortRegio_2": _kind(code).ljust(8),
            "Codering_3": code.ljust(10),
            "IndelingswijzigingWijkenEnBuurten_4": "",
            "Werkloosheidsuitkering_5": "1.0",
            "Bijstandsuitkering_6": "" if count is None else f"{count:.1f}",
            "Arbeidsongeschiktheidsuitkering_7": "2.0",
            "AOWUitkering_8": "3.0",
            "Werkloosheidsuitkering_9": "",
            "Bijstandsuitkering_10": "4.0",
        }
        for code, counts in clients.items()
        for end, count in zip(ends, counts, strict=True)
    ]
    table = pd.DataFrame(rows).assign(ID=range(len(rows)))
    table.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\n")
    return path


def cut(path: Path, share: float = 0.6) -> Path:
    """Cut a file off in the middle of a row."""
    whole = path.read_bytes()
    end = int(len(whole) * share)
    while whole[end - 1 : end] in {b"\n", b"\r"}:
        end -= 1
    path.write_bytes(whole[:end])
    return path


def panel(
    rows: Sequence[tuple[str, int, float | None, float]],
    *,
    domain: str = "wmo",
    places: Mapping[tuple[str, int], str] | None = None,
) -> pd.DataFrame:
    """A panel of ``(wijk_code, year, clients, population)``; None clients are suppressed.

    Every code is one place unless ``places`` says otherwise; groups are the codes themselves.
    """
    table = pd.DataFrame(rows, columns=["wijk_code", "year", "clients", "population"])
    keys = list(zip(table["wijk_code"], table["year"], strict=True))
    clients = table["clients"].astype("float64")
    given = {f"{domain}_clients": clients, f"{domain}_population": table["population"] * 1.0}
    out = pd.DataFrame(
        {
            "wijk_code": table["wijk_code"],
            "year": table["year"].astype("int64"),
            "gm_code": "GM" + table["wijk_code"].str[2:6],
            "place_id": [(places or {}).get(key, f"{key[0]}@2000") for key in keys],
            "aantal_inwoners": table["population"] * 1.0,
            **given,
            f"{domain}_status": np.where(clients.isna(), "suppressed", "observed"),
        }
    )
    out[f"{domain}_status"] = out[f"{domain}_status"].astype("str")
    out["gm_group"] = out["gm_code"]
    out["wijk_group"] = out["wijk_code"]
    return out
