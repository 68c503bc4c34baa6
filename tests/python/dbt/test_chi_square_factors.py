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
        degrees = 2 * failures + 1 if failures else 2
        assert lower == pytest.approx(2 / chi2.ppf(0.95, degrees), rel=1e-12)
        if failures:
            upper = float(row["upper_factor"])
            assert upper == pytest.approx(2 / chi2.ppf(0.05, degrees), rel=1e-12)
    assert rows[0]["upper_factor"] == ""


@pytest.mark.parametrize("failures", [101, 250, 5000])
def test_approximation_takes_over_above_the_seed(dbt: Warehouse, failures: int) -> None:
    columns = ", ".join(
        f"{{{{ chi_square_factor('{failures}', {side}, 'beyond') }}}} as factor_{side + 1}"
        for side in (-1, 1)
    )
    nothing = "(select null::double as lower_factor, null::double as upper_factor) as beyond"
    shown: Any = dbt("show", "--inline", f"select {columns} from {nothing}")
    row = shown.results[0].agate_table.rows[0]
    assert float(row[0]) == pytest.approx(2 / chi2.ppf(0.95, 2 * failures + 1), rel=1e-3)
    assert float(row[1]) == pytest.approx(2 / chi2.ppf(0.05, 2 * failures + 1), rel=1e-3)
