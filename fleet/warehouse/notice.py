"""Writes NOTICE, the licences of what pip installs: ``python -m fleet.warehouse.notice``.

Names come from the lock of `make setup` and `make dashboard`, licences from the metadata of the
packages as they are installed. Nothing is asked of the network.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

LOCK = Path("requirements-dashboard.lock")
NOTICE = Path("NOTICE")
# They ask something of who passes the package on, or changes it, that Apache-2.0 does not.
RECIPROCAL = re.compile(r"GPL|MPL|Mozilla|Artistic|EPL|CDDL", re.IGNORECASE)
LONGEST_NAME = 60

HEAD = """\
Delivery Sessions
Licensed under Apache-2.0; see LICENSE.

It contains none of the packages below: pip installs them beside it, `make setup` those of the
fleet command and dbt, `make dashboard` those of the page. Who passes them on, such as in a
container image, does so under their own licences, named here as each package's metadata has them.

Made by `python -m fleet.warehouse.notice` from requirements-dashboard.lock; the versions are there.
"""


def locked(lock: str) -> dict[str, list[str]]:
    """The packages of a lock, each with those that need it."""
    packages: dict[str, list[str]] = {}
    name = ""
    for line in lock.splitlines():
        if pin := re.match(r"([A-Za-z0-9._-]+)(\[.*?\])?==", line):
            name = pin[1]
            packages.setdefault(name, [])
        # `# via x`, or `# via` and a line for each; -c and (…) name files, not packages.
        elif needed := re.match(r"    #(?: via|  ) +([A-Za-z0-9][\w.-]*)", line):
            packages[name].append(needed[1])
    return packages


def licence(name: str) -> str:
    """What a package's metadata says of its licence, in one line."""
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return "not installed on the system where this was made"
    if "License-Expression" in said:
        return said["License-Expression"]
    names = [
        classifier.rpartition(" :: ")[2]
        for classifier in said.get_all("Classifier") or []
        if classifier.startswith("License :: ")
    ]
    # Some packages put the whole text of the licence there.
    free = said["License"].strip().rpartition(" :: ")[2] if "License" in said else ""
    if free and "\n" not in free and len(free) <= LONGEST_NAME:
        names.insert(0, free)
    return "; ".join(dict.fromkeys(names)) or "says none: see its files"


def render(lock: str) -> str:
    """The text of NOTICE for a lock."""
    packages = locked(lock)
    licences = {name: licence(name) for name in packages}
    width = max(map(len, licences)) + 2
    apart = [
        f"{name:{width}}{said}; needed by {', '.join(sorted(set(packages[name])))}"
        for name, said in licences.items()
        if RECIPROCAL.search(said)
    ]
    every = [f"{name:{width}}{said}" for name, said in licences.items()]
    return "\n".join(
        [
            HEAD,
            "With terms for copies and changes that Apache-2.0 does not have\n",
            *apart,
            "\nAll packages\n",
            *every,
            "",
        ]
    )


def main() -> None:
    """Write NOTICE into the current folder, which is that of the project."""
    NOTICE.write_text(render(LOCK.read_text("utf-8")), "utf-8")
    print(f"Wrote {NOTICE}.")


if __name__ == "__main__":
    main()
