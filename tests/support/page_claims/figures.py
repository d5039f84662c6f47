"""Sentences, the table of figures and questions of a wijk's page beside its download."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from support.made_pages import Node, number, rows, section
from support.page_claims.reading import LIKELY, TINY

if TYPE_CHECKING:
    from support.page_claims.reading import Sheet


class Figures:
    """What a page says of the figures of a wijk."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.report = sheet, sheet.report

    def check(self) -> None:
        """Compare all that is said with the download."""
        self.sentences()
        self.detail()
        self.questions()

    def sentences(self) -> None:
        """Sentences on figures hold by the download."""
        for domain, article in self.sheet.articles().items():
            row, said = self.sheet.row(domain), article.first("p").text  # type: ignore[union-attr]
            self.report.counts["sentences"] += said.count(". ") + 1
            if row is None:
                continue
            for name, holds in self._conditions(row).items():
                match = self.report.searched(f"wijk.figures.{name}").search(said)
                if match and not holds:
                    self.sheet.say(f"{domain}: '{match[0]}' is not true of {row.to_dict()}")
                if match and name.startswith("as_whole."):
                    share = number(match["share"], self.report.language)
                    if share != round(100 * abs(float(row["off_gemeente"]))):
                        self.sheet.say(f"{domain}: '{match[0]}' beside {row['off_gemeente']}")
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
                    self.sheet.say(f"{domain}: {name} is {value} and {row[name]} in figures.csv")
            observed, expected = float(row["observed"]), float(row["expected"])
            if sign and (observed > expected) - (observed < expected) != sign:
                self.sheet.say(f"{domain}: {first} but {observed} beside {expected}")
            return

    def detail(self) -> None:
        """The table of figures has those of the download, and names what it compares with."""
        part = section(self.sheet.page, "detail")
        kinds = {self.report.texts[f"kind.{k}"]: k for k in ("observed", "expected", "estimate")}
        for table in part.all("table") if part else []:
            domain = table.first("caption").attributes["id"].removeprefix("detail-")  # type: ignore[union-attr]
            for cells in rows(table)[1:]:
                kind = kinds.get(cells[0].text)
                row = self.sheet.row(domain, int(cells[1].text))
                if row is None or kind is None:
                    continue
                undelivered = cells[2].text == self.report.texts["site.not_delivered"]
                silent = (
                    {"not_delivered"}
                    if undelivered
                    else {"shown", "hidden", "suppressed", "absent"}
                )
                if kind == "observed" and row["status"] not in silent | {"hidden"}:
                    self.sheet.say(f"{domain}: {cells[2].text}, but the status is {row['status']}")
                value = number(cells[2].text, self.report.language)
                if (value is None) != pd.isna(row[kind]) or (
                    value is not None and abs(value - row[kind]) > TINY / 10
                ):
                    self.sheet.say(
                        f"{domain}: {kind} is {cells[2].text} and {row[kind]} in figures.csv"
                    )
                if kind == "expected":
                    self._expected_elsewhere(domain, cells)

    def _expected_elsewhere(self, domain: str, cells: list[Node]) -> None:
        """What is expected of gemeente and country is what bullets set the wijk beside."""
        part = section(self.sheet.page, "drivers")
        for article in part.all("article") if part else []:
            head = article.first("h3").text  # type: ignore[union-attr]
            if self.sheet.domains[head.split(" per ")[0]] != domain or not head.endswith(
                cells[1].text
            ):
                continue
            for place, cell in (("gemeente", cells[4]), ("country", cells[5])):
                beside = self.sheet.filled(f"wijk.drivers.beside.{place}").lower() + " ("
                for one in article.all("li"):
                    if one.text.lower().startswith(beside):
                        rate = number(one.text[len(beside) - 1 :], self.report.language)
                        if rate != number(cell.text, self.report.language):
                            self.sheet.say(
                                f"{domain}: expected of {place} {cell.text}, but {one.text}"
                            )

    def questions(self) -> None:
        """A question on a difference is asked where the wijk's own part is no chance, that way."""
        part = section(self.sheet.page, "questions")
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
            for domain in self.sheet.domains.values():
                row = self.sheet.row(domain)
                if row is not None and row["chance"] < LIKELY - TINY / 10:
                    self.sheet.say(f"'{none}' but the chance is {row['chance']} for {domain}")

    def _question(self, key: str, fields: dict[str, str]) -> None:
        domain = self.sheet.domains[fields["domain"].removeprefix("Bij ")]
        row = self.sheet.row(domain)
        language = self.report.language
        observed, held_to = (
            number(fields["observed"], language),
            number(fields["held_to"], language),
        )
        more = key.startswith("more")
        if observed is None or held_to is None or (observed > held_to) != more:
            self.sheet.say(f"a question asks why {key}: {fields}")
        if row is None or row["chance"] > LIKELY + TINY / 10:
            self.sheet.say(f"a question on what may be chance: {fields}")
