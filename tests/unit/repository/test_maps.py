"""The back-test through a change of map, on real figures."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from support.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_redrawn_wijken_are_closer_with_the_people_of_their_map(archive_dir: Path) -> None:
    overrides = [
        "data=archive", f"data.dir={archive_dir}", "domain=wmo", "model=glm",
        "forecast.structure=glm", "compute.jobs=1",
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        import maps

        rows = pd.concat([maps.through(origin) for origin in maps.origins(overrides)])
        scores = maps.scores(rows).set_index(["group", "horizon"])
    for name in ("maps", "origins"):
        sys.modules.pop(name, None)
    far = scores.loc[maps.FAR]
    assert (far["wijken"] >= 20).all()
    assert (far["raked"] < 0.8 * far["carried"]).all()
    changed = scores.loc["map:changed, all"]
    assert (changed["raked"] < changed["carried"]).all()
    assert (changed["wijken"] >= 300).all()
