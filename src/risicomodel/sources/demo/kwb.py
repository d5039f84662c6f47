"""The made-up country's Kerncijfers wijken en buurten, as OData's ``TypedDataSet`` gives them.

Totals of gemeenten and country come from unrounded figures; then all is rounded, and columns that
CBS fills in later, or not for so few people, are left blank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from risicomodel.sources.demo.world import World

    Floats = NDArray[np.float64]
    Texts = NDArray[np.str_]

NEVER = 99  # lag of columns that CBS made room for in its last editions, without figures yet
NEW_EDITIONS = 2
CAPITALS = ("a", "bf", "gi", "hj", "kl", "mn", "ru")  # of branches of business


class Group(NamedTuple):
    """Neighbouring KWB columns: by canonical name, in CBS's order.

    ``step`` is what they are rounded to, ``weight`` the column they are a mean over (counts have
    none and add up), ``lag`` the number of last years that have them blank yet, ``least`` the
    weight below which CBS leaves them blank.
    """

    columns: str
    step: float = 5
    weight: str = ""
    lag: int = 0
    least: float = 1


KWB = (
    Group(
        "aantal_inwoners mannen vrouwen k_0_tot_15_jaar k_15_tot_25_jaar k_25_tot_45_jaar "
        "k_45_tot_65_jaar k_65_jaar_of_ouder ongehuwd gehuwd gescheiden verweduwd westers_totaal "
        "niet_westers_totaal marokko nederlandse_antillen_en_aruba suriname turkije "
        "overig_niet_westers"
    ),
    Group("geboorte_totaal", lag=1),
    Group("geboorte_relatief", 1, "aantal_inwoners", lag=1),
    Group("sterfte_totaal", lag=1),
    Group("sterfte_relatief", 1, "aantal_inwoners", lag=1),
    Group(
        "huishoudens_totaal eenpersoonshuishoudens huishoudens_zonder_kinderen "
        "huishoudens_met_kinderen"
    ),
    Group("gemiddelde_huishoudensgrootte", 0.1, "huishoudens_totaal", least=10),
    Group("bevolkingsdichtheid", 1, "oppervlakte_land"),
    Group("woningvoorraad", 1, lag=1),
    Group(
        "gemiddelde_woningwaarde percentage_eengezinswoning percentage_meergezinswoning "
        "percentage_bewoond percentage_onbewoond koopwoningen huurwoningen_totaal "
        "in_bezit_woningcorporatie in_bezit_overige_verhuurders eigendom_onbekend "
        "bouwjaar_voor_2000 bouwjaar_vanaf_2000",
        1, "woningvoorraad", lag=1, least=20,
    ),
    Group(
        "gemiddeld_elektriciteitsverbruik_totaal elektriciteit_appartement "
        "elektriciteit_tussenwoning elektriciteit_hoekwoning "
        "elektriciteit_twee_onder_een_kap_woning elektriciteit_vrijstaande_woning "
        "elektriciteit_huurwoning elektriciteit_eigen_woning "
        "gemiddeld_aardgasverbruik_totaal gas_appartement gas_tussenwoning gas_hoekwoning "
        "gas_twee_onder_een_kap_woning gas_vrijstaande_woning gas_huurwoning gas_eigen_woning",
        10, "woningvoorraad", lag=1, least=20,
    ),
    Group("percentage_woningen_met_stadsverwarming", 0.1, "woningvoorraad", lag=1, least=20),
    Group(
        "opleidingsniveau_laag opleidingsniveau_middelbaar opleidingsniveau_hoog "
        "netto_arbeidsparticipatie percentage_werknemers percentage_zelfstandigen",
        lag=NEVER,
    ),
    Group("aantal_inkomensontvangers", 100, lag=2),
    Group(
        "gemiddeld_inkomen_per_inkomensontvanger gemiddeld_inkomen_per_inwoner "
        "k_40_personen_met_laagste_inkomen k_20_personen_met_hoogste_inkomen",
        0.1, "aantal_inwoners", lag=2, least=100,
    ),
    Group(
        "k_40_huishoudens_met_laagste_inkomen k_20_huishoudens_met_hoogste_inkomen "
        "huishoudens_met_een_laag_inkomen huish_onder_of_rond_sociaal_minimum",
        0.1, "huishoudens_totaal", lag=2, least=70,
    ),
    Group(
        "personen_per_soort_uitkering_bijstand personen_per_soort_uitkering_ao "
        "personen_per_soort_uitkering_ww personen_per_soort_uitkering_aow",
        10,
    ),
    Group("jongeren_met_jeugdzorg_in_natura wmo_clienten", lag=NEVER),
    Group(
        "bedrijfsvestigingen_totaal a_landbouw_bosbouw_en_visserij bf_nijverheid_en_energie "
        "gi_handel_en_horeca hj_vervoer_informatie_en_communicatie "
        "kl_financiele_diensten_onroerend_goed mn_zakelijke_dienstverlening "
        "ru_cultuur_recreatie_overige_diensten personenautos_totaal "
        "personenautos_brandstof_benzine personenautos_overige_brandstof"
    ),
    Group("personenautos_per_huishouden", 0.1, "huishoudens_totaal", least=10),
    Group("personenautos_naar_oppervlakte", 1, "oppervlakte_land"),
    Group("motorfietsen"),
    Group("afstand_tot_huisartsenpraktijk", 0.1, "aantal_inwoners", lag=1),
    Group(
        "afstand_tot_grote_supermarkt afstand_tot_kinderdagverblijf",
        0.1, "aantal_inwoners",
    ),
    Group("afstand_tot_school scholen_binnen_3_km", 0.1, "aantal_inwoners", lag=1),
    Group("oppervlakte_totaal oppervlakte_land oppervlakte_water", 1),
    Group("mate_van_stedelijkheid omgevingsadressendichtheid", 1, "huishoudens_totaal"),
)  # fmt: skip
KEYS = {
    f"personen_per_soort_uitkering_{kind.lower()}": f"PersonenPerSoortUitkering{kind}"
    for kind in ("AO", "WW", "AOW")
}


@dataclass(frozen=True)
class Rows:
    """One year's country, gemeenten, wijken and perhaps buurten, in CBS's order, as text."""

    codes: Texts
    names: Texts
    gm_names: Texts
    kinds: Texts
    change: Texts
    gm: NDArray[np.int64]  # of every row; the country has the first one's
    _at: NDArray[np.int64]
    _order: NDArray[np.int64]

    def totals(self, figures: Floats) -> Floats:
        """Return a figure of every wijk and buurt with the sums over gemeenten and the country."""
        wijken = figures[: len(self._at)]
        sums = np.bincount(self._at, weights=wijken)
        return np.concatenate([[wijken.sum()], sums, figures])[self._order]

    def means(self, figures: Floats, weight: Floats) -> Floats:
        """Return a figure of every place with its weighted means."""
        return self.totals(figures * weight) / np.maximum(self.totals(weight), 1e-9)


def rows_of(world: World, position: int) -> Rows:
    """Return the areas of one year, the year given by its position."""
    from risicomodel.sources.demo.places import FIRST_GEMEENTE

    area = world.areas[position]
    gemeenten, at = np.unique(area.gm, return_inverse=True)
    gm_names = np.array([f"Demostad {number + 1:03d}" for number in gemeenten])
    gm_codes = [f"GM{FIRST_GEMEENTE + number:04d}" for number in gemeenten]
    own, own_names, place = area.codes, area.names, np.arange(len(at))
    if world.buurten is not None:
        place = np.append(place, world.buurten.wijk)
        own = np.append(own, world.buurten.codes(area))
        own_names = np.append(own_names, world.buurten.names(area))
    codes = np.concatenate([["NL00"], gm_codes, own])
    order = np.argsort([code[2:] for code in codes], kind="stable")
    sizes = [1, len(gemeenten), len(at), len(place) - len(at)]
    kinds = np.repeat(["Land", "Gemeente", "Wijk", "Buurt"], sizes)
    return Rows(
        codes=codes[order],
        names=np.concatenate([["Nederland"], gm_names, own_names])[order],
        gm_names=np.concatenate([["Nederland"], gm_names, gm_names[at[place]]])[order],
        kinds=kinds[order],
        change=np.concatenate([["."], np.full(len(gemeenten), "."), area.change[place]])[order],
        gm=np.concatenate([gemeenten[:1], gemeenten, area.gm[place]])[order],
        _at=at,
        _order=order,
    )


def padded(text: Texts, width: int) -> Texts:
    """Return text filled up with spaces, as CBS gives codes and names."""
    return np.char.ljust(text, width)


def numbered(columns: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return columns whose keys end in their position, as OData's do."""
    return {f"{key}_{place}": values for place, (key, values) in enumerate(columns, start=1)}


def kwb_table(world: World, rows: Rows, position: int) -> pd.DataFrame:
    """Return the KWB table; keys shift as columns come and go over the years."""
    import pandas as pd

    columns: list[tuple[str, Any]] = [
        ("Gemeentenaam", padded(rows.gm_names, 40)),
        ("SoortRegio", padded(rows.kinds, 10)),
        ("Codering", padded(rows.codes, 10)),
        ("IndelingswijzigingWijkenEnBuurten", rows.change),
    ]
    for group in KWB:
        columns += _topics(world, rows, position, group)
    head = {
        "ID": np.arange(len(rows.codes), dtype=np.int32),
        "WijkenEnBuurten": padded(rows.codes, 10),
    }
    return pd.DataFrame({**head, **numbered(columns)})


def _topics(
    world: World, rows: Rows, position: int, group: Group
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield a group's keys and figures, blank where they are not out yet."""
    years_left = len(world.areas) - 1 - position
    if group.lag == NEVER and years_left >= NEW_EDITIONS:
        return
    for name in group.columns.split():
        known = np.full(len(rows.codes), np.nan)
        if years_left >= group.lag:
            known = _published(world, rows, position, group, world.figures(name, position))
        whole = group.step >= 1 and not np.isnan(known).any()
        yield _key(name, world, position), known.astype(np.int32) if whole else known


def _published(world: World, rows: Rows, position: int, group: Group, figures: Floats) -> Floats:
    if not group.weight:
        return rounded(rows.totals(figures), group.step)
    weight = world.figures(group.weight, position)
    known = rounded(rows.means(figures, weight), group.step)
    return np.where(rows.totals(weight) >= group.least, known, np.nan)


def rounded(figures: Floats, step: float) -> Floats:
    """Return figures as multiples of ``step``, which is a whole number or 1 over one."""
    # a tenth is not a float: 3 * 0.1 is 0.30000000000000004, 3 / 10 is 0.3
    steps: Floats = np.rint(figures / step)
    return steps * step if step >= 1 else steps / round(1 / step)


def _key(name: str, world: World, position: int) -> str:
    """Return CBS's key of a column, as far as its position: CamelCase, drifting over the years."""
    if name == "gemiddelde_woningwaarde" and position >= world.settings.turn:
        return "GemiddeldeWOZWaardeVanWoningen"
    if name in KEYS:
        return KEYS[name]
    plain = name.removeprefix("elektriciteit_").removeprefix("gas_")
    first, _, rest = plain.replace("personenautos", "personenauto_s").partition("_")
    camel = "".join(word.capitalize() for word in rest.split("_"))
    head = first.upper() if first in CAPITALS else first.capitalize()
    return (f"{first}_" if first == "k" else head) + camel


def dimension(rows: Rows) -> pd.DataFrame:
    """Return the table's region dimension: the names that its keys stand for."""
    import pandas as pd

    return pd.DataFrame({"Key": padded(rows.codes, 10), "Title": rows.names})
