"""Installs the dbt packages that packages.yml names: ``python -m fleet.warehouse.packages``.

Takes them from the dbt package hub. Where the hub cannot be reached, as on an air-gapped machine,
the stand-in in ``offline/dbt_utils`` takes their place: the same macros, so everything still runs.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import requests
from dbt.clients.registry import DEFAULT_REGISTRY_BASE_URL

STAND_IN = Path("offline/dbt_utils")
INSTALLED = Path("dbt_packages/dbt_utils")
REACHABLE_WITHIN_SECONDS = 3
INSTALLED_WITHIN_SECONDS = 90


def main() -> None:
    """Install from the hub, or else the stand-in, and say which in one line."""
    if hub_answers() and install_from_hub():
        print("Installed dbt_utils from the dbt package hub.")
        return
    shutil.rmtree(INSTALLED.parent, ignore_errors=True)
    shutil.copytree(STAND_IN, INSTALLED)
    print(
        "The dbt package hub cannot be reached; installed the stand-in for dbt_utils "
        f"from {STAND_IN}."
    )


def hub_answers() -> bool:
    # dbt would retry for much longer before it gives up.
    try:
        requests.head(str(DEFAULT_REGISTRY_BASE_URL), timeout=REACHABLE_WITHIN_SECONDS)
    except requests.RequestException:
        return False
    return True


def install_from_hub() -> bool:
    dbt = Path(sys.executable).with_name("dbt")
    try:
        done = subprocess.run(
            [dbt, "--quiet", "deps"], timeout=INSTALLED_WITHIN_SECONDS, stdout=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and INSTALLED.is_dir()


if __name__ == "__main__":
    main()
