"""The factors of the MTBF interval, against SciPy."""

import csv
from typing import Any

import pytest
from scipy.stats import chi2

from tests.python.conftest import ROOT, Warehouse


def test_seed_agrees_with_scipy() -> None:
    with (ROOT / "seeds" / "chi_square_factors.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["failure_count"]) for row in rows] == list(range(101))
    for row in rows:
        failures, lower = int(row["failure_count"]), float(row["lower_factor"])
        assert lower == pytest.approx(2 / chi2.ppf(0.95, 2 * failures + 2), rel=1e-12)
        if failures:
            upper = float(row["upper_factor"])
            assert upper == pytest.approx(2 / chi2.ppf(0.05, 2 * failures), rel=1e-12)
    assert rows[0]["upper_factor"] == ""


@pytest.mark.parametrize("failures", [101, 250, 5000])
def test_approximation_takes_over_above_the_seed(dbt: Warehouse, failures: int) -> None:
    z = 1.6448536269514722
    lower = f"{{{{ chi_square_quantile({z}, '{2.0 * failures + 2}') }}}}"
    upper = f"{{{{ chi_square_quantile(-{z}, '{2.0 * failures}') }}}}"
    shown: Any = dbt(
        "show", "--inline", f"select {lower} as lower_quantile, {upper} as upper_quantile"
    )
    row = shown.results[0].agate_table.rows[0]
    assert float(row[0]) == pytest.approx(chi2.ppf(0.95, 2 * failures + 2), rel=1e-3)
    assert float(row[1]) == pytest.approx(chi2.ppf(0.05, 2 * failures), rel=1e-3)
