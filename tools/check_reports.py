"""Read made reports and print every contradiction on their pages: label, bullet, sentence, number.

    python tools/check_reports.py RUN REPORTS

RUN is the folder of the run they were made of, REPORTS that of one report or of all (gemeente=all).
Ends with status 1 where a page contradicts itself.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from support import page_claims


def main(run: Path, reports: Path) -> int:
    labels = pd.read_csv(run / "features.csv")
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    folders = sorted(reports.glob("GM*")) or [reports]
    for folder in folders:
        report = page_claims.check(folder, labels)
        counts += report.counts
        wrong += report.wrong
    for line in wrong:
        print(line)
    print(f"{len(folders)} reports: {', '.join(f'{n} {what}' for what, n in counts.items())}")
    print(f"{len(wrong)} contradictions")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
