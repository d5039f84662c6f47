"""A server that is not CBS's, or no longer: it leads nowhere else, and does not go on for ever."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from risicomodel.core.errors import SourceError
from risicomodel.data.sources.statline import transport
from risicomodel.data.sources.statline.download import download
from risicomodel.data.sources.statline.odata3 import MOST_LINKS
from risicomodel.data.sources.statline.settings import CbsSettings, TableRequest
from support.odata_server import Behaviour, StatLineServer
from support.statline import JEUGD, WANT_JEUGD, assert_nothing_half_written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("part", ["TableInfos", "DataProperties", "Wijken", "TypedDataSet"])
def test_a_link_to_another_host_is_not_followed(
    cbs: Behaviour, settings: CbsSettings, folder: Path, part: str
) -> None:
    """A link to another host is not followed."""
    elsewhere = StatLineServer()
    try:
        cbs.links = {part: f"{elsewhere.url}/ODataFeed/odata/{JEUGD}/{part}?$skip=4"}
        with pytest.raises(SourceError) as caught:
            download(folder, [WANT_JEUGD], settings)
        assert "the link to the next page leads to 127.0.0.1;" in caught.value.details[0]
        assert elsewhere.behaviour.asked == []
    finally:
        elsewhere.close()


@pytest.mark.parametrize("link", ["http://[", "http://127.0.0.1:x/", "//elders.nl/?a=1"])
def test_a_link_that_leads_nowhere_is_refused(
    cbs: Behaviour, settings: CbsSettings, folder: Path, link: str
) -> None:
    """A link that leads nowhere is refused with its address."""
    cbs.links = {"Wijken": link}
    with pytest.raises(SourceError) as caught:
        download(folder, [WANT_JEUGD], settings)
    assert "the link to the next page leads to" in caught.value.details[0]


def test_a_link_in_a_circle_is_noticed(
    server: StatLineServer, cbs: Behaviour, settings: CbsSettings, folder: Path
) -> None:
    """Pages that come a second time are noticed."""
    cbs.links = {"Wijken": f"{server.url}/ODataFeed/odata/{JEUGD}/Wijken?$format=json"}
    with pytest.raises(SourceError) as caught:
        download(folder, [WANT_JEUGD], settings)
    assert "4 rows came a second time (by 'Key')" in caught.value.details[0]


def test_pages_that_link_on_and_on_end(
    server: StatLineServer, cbs: Behaviour, settings: CbsSettings, folder: Path
) -> None:
    """A description that links on and on is given up after so many pages."""
    cbs.links = {"DataProperties": f"{server.url}/ODataFeed/odata/{JEUGD}/DataProperties"}
    with pytest.raises(SourceError) as caught:
        download(folder, [WANT_JEUGD], settings)
    assert f"links to a next page {MOST_LINKS} times" in caught.value.details[0]
    assert sum("DataProperties" in path for path in cbs.asked) == MOST_LINKS


@pytest.mark.parametrize("part", ["TableInfos", r"/TypedDataSet\?"])
def test_an_answer_that_trickles_without_end_is_given_up(
    cbs: Behaviour,
    settings: CbsSettings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
) -> None:
    """An answer that trickles in is given up."""
    monkeypatch.setattr(transport, "SLOWEST_ANSWER", 0.01)
    cbs.fail("drip", part, times=99)
    with pytest.raises(SourceError) as caught:
        download(folder, [WANT_JEUGD], settings)
    assert re.search(r"\(\d+ bytes in 0.2 s\), in 4 attempts", caught.value.details[0])


@pytest.mark.parametrize("part", ["TableInfos", "TypedDataSet"])
def test_an_answer_that_is_too_large_is_given_up(
    cbs: Behaviour,
    settings: CbsSettings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
) -> None:
    """An answer that is far too large is given up at once."""
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 4096)
    cbs.page_size = 10_000
    cbs.tables[JEUGD].title = "J" * (5000 if part == "TableInfos" else 1)
    for row in cbs.tables[JEUGD].rows:
        row["TotaalJongeren_1"] = "J" * 500
    with pytest.raises(SourceError) as caught:
        download(folder, [WANT_JEUGD], settings)
    assert f"{JEUGD}/{part}" in caught.value.details[0]
    assert "answers more than 4,096 bytes" in caught.value.details[0]
    assert sum(f"{JEUGD}/{part}?" in path for path in cbs.asked) == 1


def test_a_table_that_keeps_changing_is_given_up(
    cbs: Behaviour, settings: CbsSettings, folder: Path
) -> None:
    """A table that changes during every download is given up, and nothing of it is left."""

    def revise(path: str) -> None:
        if "TableInfos" in path:
            cbs.tables[JEUGD].modified += "0"

    cbs.on_request = revise
    with pytest.raises(SourceError) as caught:
        download(folder, [WANT_JEUGD], settings)
    assert "changed on the server during each of 3 downloads" in caught.value.details[0]
    assert_nothing_half_written(folder, None)


def test_a_name_that_is_a_path_is_no_table(
    cbs: Behaviour, settings: CbsSettings, folder: Path
) -> None:
    """A table id that is a path asks for nothing and writes nothing."""
    with pytest.raises(SourceError) as caught:
        download(folder, [TableRequest("jeugd", 2019, "../84615NED")], settings)
    assert "'../84615NED' is not a table id" in caught.value.details[0]
    assert cbs.asked == []
