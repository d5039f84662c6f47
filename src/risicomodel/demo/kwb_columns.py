"""The columns of KWB in CBS's order, and how each is published."""

from __future__ import annotations

from typing import NamedTuple

NEVER = 99  # lag of columns that the last editions have, without figures so far


class Group(NamedTuple):
    """Neighbouring KWB columns that are published alike.

    Parameters
    ----------
    columns : str
        Canonical names in CBS's order, with spaces between them.
    step : float
        Figures are rounded to multiples of this, in the column's unit.
    weight : str
        Column that the figures are a mean over; empty for counts, which add up.
    lag : int
        Number of last years in which they are still blank.
    least : float
        Weight below which CBS leaves them blank.
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
