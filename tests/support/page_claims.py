"""A checker of made reports: what pages say beside the numbers on them and in their downloads.

It reads files of a report and nothing else (the names of profile items and of sides come from the
declarations), and gives a line for every contradiction between label, bullet, sentence, profile,
table, chart and download. Numbers are compared as they are written.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.publishing.disclosure import PROFILE
from risicomodel.publishing.presentation.language import catalogue
from support import made_pages
from support.made_pages import Node, number, rows, section

if TYPE_CHECKING:
    from pathlib import Path

REFERENCES = ("country", "gemeente", "similar")
COLUMNS = {"country": "way", "gemeente": "way_gemeente", "similar": "way_similar"}
EFFECTS = {"country": "contribution", "gemeente": "contribution_vs_gemeente",
           "similar": "contribution_vs_similar"}  # fmt: skip
SIGNS = {"more": 1, "high": 1, "same": 0, "equal": 0, "less": -1, "low": -1}
TINY = 0.051  # numbers of one decimal that are rounded apart
PIXEL = 1.01  # coordinates are whole
LIKELY = 0.05


@dataclass
class Report:
    """A report's folder with its downloads, and what is found in its pages."""

    folder: Path
    language: str
    gemeente: str
    texts: dict[str, str]
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def table(self, name: str) -> pd.DataFrame | None:
        """A download, with codes as text; None where the report has none of it."""
        path = self.folder / "data" / f"{name}.csv"
        return pd.read_csv(path, dtype={"wijk_code": "str"}) if path.is_file() else None

    def pattern(self, key: str) -> re.Pattern[str]:
        """A text of the catalogue as a pattern, a group for each of its fields."""
        text = re.escape(self.texts[key])
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", text) + "$")

    def searched(self, key: str) -> re.Pattern[str]:
        """A text of the catalogue as a pattern to look for among others."""
        text = re.escape(self.texts[key])
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^;:]+?)", text))


@dataclass(frozen=True)
class Label:
    """That a wijk has more, as much or less of a feature than one reference."""

    domain: str
    feature: str
    reference: str
    side: int
    effect: float | None


def check(folder: Path, labels: pd.DataFrame) -> Report:
    """Read a report and return what it says wrongly, with counts of what was read.

    Parameters
    ----------
    folder : Path
        Of the report of one gemeente.
    labels : DataFrame
        The run's ``features.csv``.
    """
    index = made_pages.read(folder / "index.html")
    language = index.all("html")[0].attributes["lang"]
    gemeente = index.of_class("brand")[0].text
    report = Report(folder, language, gemeente, catalogue(language))
    downloads = {name: report.table(name) for name in ("figures", "explanations", "forecasts")}
    names = dict(zip(labels[f"label_{language}"], labels["feature"], strict=True))
    _check_index(report, index, downloads["figures"])
    _check_housing(report, made_pages.read(folder / "wonen.html"))
    for path in sorted(folder.glob("WK*.html")):
        Sheet(report, path, names, downloads).check()
    return report


class Sheet:
    """The page of one wijk."""

    def __init__(
        self,
        report: Report,
        path: Path,
        names: dict[str, str],
        downloads: dict[str, pd.DataFrame | None],
    ) -> None:
        self.report, self.names = report, names
        self.page = made_pages.read(path)
        self.code = path.stem
        self.figures = _of_wijk(downloads["figures"], self.code)
        self.explained = _of_wijk(downloads["explanations"], self.code)
        self.ahead = _of_wijk(downloads["forecasts"], self.code)
        self.domains = self._domains()

    def _domains(self) -> dict[str, str]:
        """Names of domains by their labels, in the order of the page."""
        detail = section(self.page, "detail")
        if detail is None:
            return {}
        captions = [one for one in detail.all("caption") if one.attributes.get("id")]
        headings = [one.text for one in section(self.page, "figures").all("h3")]  # type: ignore[union-attr]
        names = [one.attributes["id"].removeprefix("detail-") for one in captions]
        return {
            heading.split(" per ")[0]: name for heading, name in zip(headings, names, strict=True)
        }

    def say(self, what: str) -> None:
        """Note a contradiction."""
        self.report.wrong.append(f"{self.report.folder.name}/{self.code}: {what}")

    def check(self) -> None:
        """Compare all that the page says."""
        self.report.counts["sheets"] += 1
        labels = self.labels()
        self.report.counts["features"] += len({(one.domain, one.feature) for one in labels})
        self.report.counts["labels"] += len(labels)
        self.labels_beside_profile(labels)
        self.labels_beside_download(labels)
        self.bullets(labels)
        self.sentences()
        self.detail()
        self.forecasts()
        self.charts()
        self.questions()

    # labels

    def labels(self) -> list[Label]:
        """Every label in the table of what each feature changes."""
        effects = section(self.page, "effects")
        out: list[Label] = []
        domain = ""
        for cells in rows(effects.first("table")) if effects else []:  # type: ignore[arg-type]
            if len(cells) == 1:
                domain = self.domains[cells[0].text.split(", ")[0]]
                continue
            feature = self.names.get(cells[0].text)
            if feature is None:
                continue
            heads = self._references(effects)  # type: ignore[arg-type]
            for reference, cell in zip(heads, cells[1:], strict=True):
                side = self._side(cell, reference)
                if side is not None:
                    effect = number(cell.text, self.report.language)
                    out.append(Label(domain, feature, reference, side, effect))
        return out

    def _references(self, effects: Node) -> list[str]:
        heads = [cell.text for cell in rows(effects.first("table"))[0][1:]]  # type: ignore[arg-type]
        known = {self._filled(f"wijk.drivers.beside.{name}"): name for name in REFERENCES}
        return [known[head] for head in heads]

    def _filled(self, key: str) -> str:
        return self.report.texts[key].replace("{gemeente}", self.report.gemeente)

    def _side(self, cell: Node, reference: str) -> int | None:
        said = [one.text for one in cell.of_class("side")]
        if not said:
            return None
        where = self._filled(f"wijk.drivers.where.{reference}")
        for name, sign in SIGNS.items():
            if said[0] == self.report.texts[f"wijk.drivers.side.{name}"].replace("{where}", where):
                return sign
        self.say(f"a label that no text makes: {said[0]}")
        return None

    def labels_beside_profile(self, labels: list[Label]) -> None:
        """A label holds beside the mean that the profile prints."""
        printed = self.profile()
        for one in labels:
            numbers = printed.get(one.feature, {})
            if numbers.get("wijk") is None or numbers.get(one.reference) is None:
                continue
            self.report.counts["labels with a printed mean"] += 1
            here, there = numbers["wijk"], numbers[one.reference]
            if (here > there) - (here < there) != one.side:
                self.say(f"{one} but the profile has {here:g} beside {there:g}")

    def profile(self) -> dict[str, dict[str, float | None]]:
        """Numbers of wijk, gemeente and country, by the feature that says the same."""
        part = section(self.page, "profile")
        table = part.first("table") if part else None
        features = {self.report.texts[f"profile.{item.name}"]: item.feature for item in PROFILE}
        out = {}
        for cells in rows(table) if table else []:
            if feature := features.get(cells[0].text):
                numbers = [number(cell.text, self.report.language) for cell in cells[1:4]]
                out[feature] = dict(zip(("wijk", "gemeente", "country"), numbers, strict=True))
        return out

    def labels_beside_download(self, labels: list[Label]) -> None:
        """Label and effect are those of the download."""
        for one in labels:
            row = self._explained(one.domain, one.feature)
            if row is None:
                self.say(f"{one} is not in explanations.csv")
                continue
            if row[COLUMNS[one.reference]] != one.side:
                self.say(f"{one} but explanations.csv has {row[COLUMNS[one.reference]]}")
            if one.effect is None or abs(row[EFFECTS[one.reference]] - one.effect) > TINY / 10:
                self.say(f"{one} but explanations.csv adds {row[EFFECTS[one.reference]]}")

    def _explained(self, domain: str, feature: str) -> pd.Series | None:
        rows_ = self.explained
        if rows_ is None:
            return None
        rows_ = rows_[(rows_["domain"] == domain) & (rows_["feature"] == feature)]
        return None if rows_.empty else rows_.iloc[0]

    # bullets

    def bullets(self, labels: list[Label]) -> None:
        """A bullet goes the way of its numbers; its reasons pull that way, with labels' sides."""
        part = section(self.page, "drivers")
        for article in part.all("article") if part else []:
            domain = self.domains[article.first("h3").text.split(" per ")[0]]  # type: ignore[union-attr]
            strong = article.first("strong")
            expected = number(strong.text, self.report.language) if strong else None
            for one in article.all("li"):
                self._bullet(one.text, domain, expected, labels)

    def _bullet(self, text: str, domain: str, expected: float | None, labels: list[Label]) -> None:
        self.report.counts["bullets"] += 1
        for reference in REFERENCES:
            beside = self._filled(f"wijk.drivers.beside.{reference}")
            if text.lower().startswith(beside.lower() + " ("):
                break
        else:
            self.say(f"a bullet beside nothing: {text}")
            return
        rest = text[len(beside) :]
        rate = number(rest, self.report.language)
        after = rest.split("): ", 1)[1]
        gap = number(after, self.report.language)
        sign = self._way(after)
        if rate is None or expected is None or sign is None:
            self.say(f"a bullet without numbers: {text}")
            return
        if abs(rate + sign * (gap or 0.0) - expected) > 3 * TINY:
            self.say(f"{expected:g} expected, but: {text}")
        self._reasons(after, domain, reference, sign, labels)

    def _way(self, text: str) -> int | None:
        for key, sign in (("more", 1), ("less", -1), ("same", 0)):
            word = self.report.texts[f"wijk.drivers.statement.{key}"].split(" ")[-1]
            if re.search(rf"\b{word}\b", text.split(" " + self._because(), maxsplit=1)[0]):
                return sign
        return None

    def _because(self) -> str:
        return self.report.texts["wijk.drivers.because"].split(" {")[0]

    def _reasons(
        self, text: str, domain: str, reference: str, sign: int, labels: list[Label]
    ) -> None:
        if self._because() not in text:
            return
        said = text.split(self._because(), 1)[1].strip().rstrip(".")
        sides = {
            (one.feature): one
            for one in labels
            if (one.domain, one.reference) == (domain, reference)
        }
        by_label = {feature: label for label, feature in self.names.items()}
        for feature, one in sides.items():
            for key, side in SIGNS.items():
                template = self.report.texts[f"wijk.drivers.short.{key}"]
                reason = template.replace("{feature}", by_label[feature])
                if not _holds(said, reason):
                    continue
                self.report.counts["reasons"] += 1
                if side != one.side:
                    self.say(f"a bullet says '{reason}', a label {one}")
                if one.effect is not None and one.effect * sign < 0:
                    self.say(f"'{reason}' pulls the other way: {one}")

    # figures

    def row(self, domain: str, year: int | None = None) -> pd.Series | None:
        """The wijk's row of the download, in the year that the page is about if none is given."""
        year = self._year(domain) if year is None else year
        if self.figures is None or year is None:
            return None
        of_year = self.figures[(self.figures["domain"] == domain) & (self.figures["year"] == year)]
        return None if of_year.empty else of_year.iloc[0]

    def _articles(self) -> dict[str, Node]:
        part = section(self.page, "figures")
        articles = part.all("article") if part else []
        return dict(zip(self.domains.values(), articles, strict=True))

    def _year(self, domain: str) -> int | None:
        article = self._articles().get(domain)
        years = re.findall(r"\b\d{4}$", article.first("h3").text) if article else []  # type: ignore[union-attr]
        return int(years[0]) if years else None

    def sentences(self) -> None:
        """Sentences on figures hold by the download."""
        for domain, article in self._articles().items():
            row, said = self.row(domain), article.first("p").text  # type: ignore[union-attr]
            self.report.counts["sentences"] += said.count(". ") + 1
            if row is None:
                continue
            for name, holds in self._conditions(row).items():
                match = self.report.searched(f"wijk.figures.{name}").search(said)
                if match and not holds:
                    self.say(f"{domain}: '{match[0]}' is not true of {row.to_dict()}")
                if match and name.startswith("as_whole."):
                    share = number(match["share"], self.report.language)
                    if share != round(100 * abs(float(row["off_gemeente"]))):
                        self.say(f"{domain}: '{match[0]}' beside {row['off_gemeente']}")
            self._numbers(domain, said, row)

    def _conditions(self, row: pd.Series) -> dict[str, bool]:
        chance, alone = row["chance"], pd.isna(row["gap_wijk"])
        return {
            "noise": chance >= LIKELY - TINY / 10 and not alone,
            "real": chance <= LIKELY + TINY / 10 and not alone,
            "noise_alone": chance >= LIKELY - TINY / 10 and alone,
            "real_alone": chance <= LIKELY + TINY / 10 and alone,
            "alone": alone and pd.notna(row["gap"]),
            "own": bool(row["own"]),
            "population": row["population_year"] != row["year"] and not row["own"],
            "population_own": row["population_year"] != row["year"],  # also begins the other
            "outside": row["observed"] > row["expected_upper"] - TINY
            or row["observed"] < row["expected_lower"] + TINY,
            "hidden": row["status"] == "hidden",
            "as_whole.higher": row["off_gemeente"] > 0,
            "as_whole.lower": row["off_gemeente"] < 0,
            "within.higher": row["gap_wijk"] > -TINY,
            "within.lower": row["gap_wijk"] < TINY,
        }

    def _numbers(self, domain: str, said: str, row: pd.Series) -> None:
        """The numbers that the first sentence has are those of the download."""
        language = self.report.language
        for key, sign in (("more", 1), ("less", -1), ("same", 0)):
            first = said.split(". ", maxsplit=1)[0] + "."
            match = self.report.pattern(f"wijk.figures.{key}").match(first)
            if match is None:
                continue
            self.report.counts["gaps"] += 1
            read = {name: number(text, language) for name, text in match.groupdict().items()}
            for name, value in read.items():
                if value is None or abs(value - abs(row[name])) > TINY / 10:
                    self.say(f"{domain}: {name} is {value} and {row[name]} in figures.csv")
            observed, expected = float(row["observed"]), float(row["expected"])
            if sign and (observed > expected) - (observed < expected) != sign:
                self.say(f"{domain}: {first} but {observed} beside {expected}")
            return

    def detail(self) -> None:
        """The table of figures has those of the download, and names what it compares with."""
        part = section(self.page, "detail")
        kinds = {self.report.texts[f"kind.{k}"]: k for k in ("observed", "expected", "estimate")}
        for table in part.all("table") if part else []:
            domain = table.first("caption").attributes["id"].removeprefix("detail-")  # type: ignore[union-attr]
            for cells in rows(table)[1:]:
                kind = kinds.get(cells[0].text)
                row = self.row(domain, int(cells[1].text))
                if row is None or kind is None:
                    continue
                undelivered = cells[2].text == self.report.texts["site.not_delivered"]
                silent = (
                    {"not_delivered"}
                    if undelivered
                    else {"shown", "hidden", "suppressed", "absent"}
                )
                if kind == "observed" and row["status"] not in silent | {"hidden"}:
                    self.say(f"{domain}: {cells[2].text}, but the status is {row['status']}")
                value = number(cells[2].text, self.report.language)
                if (value is None) != pd.isna(row[kind]) or (
                    value is not None and abs(value - row[kind]) > TINY / 10
                ):
                    self.say(f"{domain}: {kind} is {cells[2].text} and {row[kind]} in figures.csv")
                if kind == "expected":
                    self._expected_elsewhere(domain, cells)

    def _expected_elsewhere(self, domain: str, cells: list[Node]) -> None:
        """What is expected of gemeente and country is what bullets set the wijk beside."""
        part = section(self.page, "drivers")
        for article in part.all("article") if part else []:
            head = article.first("h3").text  # type: ignore[union-attr]
            if self.domains[head.split(" per ")[0]] != domain or not head.endswith(cells[1].text):
                continue
            for place, cell in (("gemeente", cells[4]), ("country", cells[5])):
                beside = self._filled(f"wijk.drivers.beside.{place}").lower() + " ("
                for one in article.all("li"):
                    if one.text.lower().startswith(beside):
                        rate = number(one.text[len(beside) - 1 :], self.report.language)
                        if rate != number(cell.text, self.report.language):
                            self.say(f"{domain}: expected of {place} {cell.text}, but {one.text}")

    def forecasts(self) -> None:
        """Forecasts in the table and in words are those of the download, of the same place."""
        rates = {}
        if self.ahead is not None:
            rows_ = self.ahead[self.ahead["on_page"]].dropna(subset=["rate"])
            keys = zip(rows_["domain"], rows_["year"], strict=True)
            rates = dict(zip(keys, rows_["rate"], strict=True))
        language, said = self.report.language, []
        part = section(self.page, "detail")
        for table in part.all("table") if part else []:
            domain = table.first("caption").attributes["id"].removeprefix("detail-")  # type: ignore[union-attr]
            said += [
                (domain, int(cells[1].text), number(cells[2].text, language))
                for cells in rows(table)[1:]
                if cells[0].text == self.report.texts["kind.forecast"]
            ]
        pattern = self.report.searched("wijk.figures.ahead")
        for domain, article in self._articles().items():
            matches = [pattern.match(one.text) for one in article.all("p")]
            said += [
                (domain, int(match["year"]), number(match["rate"], language))
                for match in matches
                if match
            ]
        self.report.counts["forecasts"] += len(said)
        for domain, year, rate in said:
            given = rates.get((domain, year))
            if rate is None or given is None or abs(rate - given) > TINY / 10:
                self.say(f"{domain}: a forecast of {rate} for {year}, and {given} in forecasts.csv")

    def charts(self) -> None:
        """Dots of a chart are where the download's figures are, by the numbers along its axes."""
        for domain, article in self._articles().items():
            chart = article.first("svg")
            if chart is None or self.figures is None:
                continue
            self.report.counts["charts"] += 1
            texts = chart.all("text")
            rates = [
                t for t in texts if t.attributes.get("class") == "r" and t.attributes["x"] == "56"
            ]
            years = [t for t in texts if t not in rates]
            y = _scale(
                [
                    (number(t.text, self.report.language), float(t.attributes["y"]) - 7)
                    for t in rates
                ]
            )
            x = _scale([(float(t.text), float(t.attributes["x"])) for t in years])
            own = self.figures[self.figures["domain"] == domain].dropna(subset=["observed"])
            dots = [(float(c.attributes["cx"]), float(c.attributes["cy"]))
                    for c in chart.all("circle")]  # fmt: skip
            if len(dots) != len(own):
                self.say(f"{domain}: {len(dots)} dots for {len(own)} figures")
            for (cx, cy), (year, rate) in zip(
                sorted(dots), own.sort_values("year")[["year", "observed"]].itertuples(index=False),
                strict=False,
            ):  # fmt: skip
                if abs(cx - x(year)) > PIXEL or abs(cy - y(rate)) > PIXEL + abs(y(TINY) - y(0)):
                    self.say(f"{domain}: a dot of {year} at {cx, cy} for {rate}")

    def questions(self) -> None:
        """A question on a difference is asked where the wijk's own part is no chance, that way."""
        part = section(self.page, "questions")
        for one in part.all("li") if part else []:
            self.report.counts["questions"] += 1
            for key in ("more", "less", "more_alone", "less_alone"):
                template = self.report.texts[f"wijk.questions.{key}"]
                first = re.escape(template).split(r"\?")[0]
                match = re.match(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", first), one.text)
                if match:
                    self._question(key, match.groupdict())
        none = self.report.texts["wijk.questions.none"]
        if part and none in [one.text for one in part.all("li")]:
            for domain in self.domains.values():
                row = self.row(domain)
                if row is not None and row["chance"] < LIKELY - TINY / 10:
                    self.say(f"'{none}' but the chance is {row['chance']} for {domain}")

    def _question(self, key: str, fields: dict[str, str]) -> None:
        domain = self.domains[fields["domain"].removeprefix("Bij ")]
        row = self.row(domain)
        language = self.report.language
        observed, held_to = (
            number(fields["observed"], language),
            number(fields["held_to"], language),
        )
        more = key.startswith("more")
        if observed is None or held_to is None or (observed > held_to) != more:
            self.say(f"a question asks why {key}: {fields}")
        if row is None or row["chance"] > LIKELY + TINY / 10:
            self.say(f"a question on what may be chance: {fields}")


def _of_wijk(table: pd.DataFrame | None, code: str) -> pd.DataFrame | None:
    return None if table is None else table[table["wijk_code"] == code]


def _holds(said: str, reason: str) -> bool:
    """Tell whether a reason stands in what is said, as a whole."""
    at = said.find(reason)
    if at < 0:
        return False
    before, after = said[:at].rstrip(), said[at + len(reason) :].lstrip()
    return (not before or before.split()[-1] in {"en", "and"}) and (
        not after or after.split()[0] in {"en", "and"}
    )


def _scale(marks: list[tuple[float | None, float]]):
    """Return a function from a value to a coordinate, by the first and last mark of an axis."""
    (low, start), (high, end) = marks[0], marks[-1]
    assert low is not None
    assert high is not None
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _check_index(report: Report, index: Node, figures: pd.DataFrame | None) -> None:
    """Cards, rankings and maps have the figures of the download."""
    _check_cards(report, index)
    ranking = section(index, "ranking")
    if figures is None or ranking is None:
        return
    for table in ranking.all("table"):
        domain = table.first("caption").attributes["id"].removeprefix("rank-")  # type: ignore[union-attr]
        year = int(re.findall(r", (\d{4})\.", table.first("caption").text)[0])  # type: ignore[union-attr]
        of_year = figures[(figures["domain"] == domain) & (figures["year"] == year)]
        of_year = of_year.set_index("wijk_code")
        for cells in rows(table)[1:]:
            code = cells[0].first("a").attributes["href"].removesuffix(".html")  # type: ignore[union-attr]
            if code in of_year.index:
                _check_ranked(report, cells, of_year.loc[code], f"{domain} {code}")
    _check_maps(report, index, figures)


def _check_cards(report: Report, index: Node) -> None:
    """The large number of a card is the gemeente's rate of the download."""
    totals = report.table("totals")
    for card in index.of_class("card") if totals is not None else []:
        big, text = card.of_class("big"), card.text
        if not big:
            continue
        report.counts["cards"] += 1
        rate = number(big[0].text, report.language)
        year = int(re.findall(r", (\d{4}): ", text)[0])
        given = totals.loc[totals["year"] == year, "rate"]  # type: ignore[index]
        if rate is None or not (abs(given - rate) < TINY / 10).any():
            report.wrong.append(f"index: a card has {rate} for {year}, totals.csv {list(given)}")


def _check_housing(report: Report, page: Node) -> None:
    """What is said of a wijk on the housing page holds for the numbers in its table."""
    talk, everyone = section(page, "talk"), section(page, "all")
    table = everyone.first("table") if everyone else None
    if talk is None or table is None:
        return
    head, *body = rows(table)
    mean = [number(cell.text, report.language) for cell in body[-1]]
    names = [cell.text for cell in head]
    numbers = {
        cells[0].text: [number(cell.text, report.language) for cell in cells] for cells in body[:-1]
    }
    at = {name: names.index(text) for name, text in _profile_texts(report).items() if text in names}
    need = next((place for place, name in enumerate(names) if "Wmo" in name), None)
    for one in talk.all("li"):
        report.counts["signs"] += 1
        wijk = one.first("a").text  # type: ignore[union-attr]
        here = numbers[wijk]
        holds = {"older": _above(here, mean, at.get("k_65_jaar_of_ouder")) > 0,
                 "need": _above(here, mean, need) > 0}  # fmt: skip
        for sign, true in holds.items():
            if report.texts[f"housing.sign.{sign}"] in one.text and not true:
                report.wrong.append(f"wonen: {one.text}: {here} beside {mean}")


def _profile_texts(report: Report) -> dict[str, str]:
    return {item.name: report.texts[f"profile.{item.name}"] for item in PROFILE}


def _above(here: list[float | None], mean: list[float | None], place: int | None) -> float:
    if place is None or here[place] is None or mean[place] is None:
        return 0.0
    return float(here[place] or 0.0) - float(mean[place] or 0.0)


def _check_ranked(report: Report, cells: list[Node], row: pd.Series, where: str) -> None:
    report.counts["ranked"] += 1
    columns = ["expected", "gap", "gap_country", "gap_gemeente", "gap_wijk"]
    read = {
        name: number(cell.text, report.language)
        for name, cell in zip(columns, cells[3:8], strict=True)
    }
    for name, value in read.items():
        if (value is None) != pd.isna(row[name]) or (
            value is not None and abs(value - row[name]) > TINY / 10
        ):
            report.wrong.append(f"index: {where}: {name} is {value} and {row[name]} in figures.csv")
    likely = report.texts["index.ranking.chance_likely"]
    if cells[8].text == likely and row["chance"] < LIKELY - TINY / 10:
        report.wrong.append(f"index: {where}: '{likely}' at a chance of {row['chance']}")
    if cells[8].text not in {likely, "–"} and row["chance"] > LIKELY + TINY / 10:
        report.wrong.append(f"index: {where}: '{cells[8].text}' at a chance of {row['chance']}")


def _check_maps(report: Report, index: Node, figures: pd.DataFrame) -> None:
    columns = {"gap": "gap", "within": "gap_wijk", "expected": "expected"}
    for svg in index.of_class("map"):
        name = svg.attributes.get("aria-labelledby", "").split("-t ")[0]
        _, domain, kind = [*name.split("-"), "", ""][:3]
        title = svg.first("title")
        years = re.findall(r"\b\d{4}\b", title.text) if title else []
        if kind not in columns or not years:
            continue
        of_year = figures[(figures["domain"] == domain) & (figures["year"] == int(years[-1]))]
        values = of_year.set_index("wijk_code")[columns[kind]]
        for use in svg.all("use"):
            code, said = use.attributes["href"].lstrip("#"), use.text
            if not said or code not in values.index:
                continue
            report.counts["marks"] += 1
            value = number(said.rsplit(": ", 1)[-1], report.language)
            if (value is None) != pd.isna(values[code]) or (
                value is not None and abs(value - values[code]) > TINY / 10
            ):
                report.wrong.append(f"map {name} {code}: {said} and {values[code]} in figures.csv")
