"""How many faults that are put into the SQL of the models the fast tests find.

Run `python -m benchmarks.mutants`. Each model, as a full refresh compiles it for DuckDB, is changed
in one place over sqlglot: a comparison, a boundary, the kind of a join, a predicate left out, the
default of a coalesce, a window's frame, an order, an aggregate. What runs against each mutant:

- the unit tests of the model, with the rows that they give and expect;
- the tests of TESTS: pytest runs them once, then the model and what is built of it are rebuilt in
  their databases, and those that asked one of these are called again (benchmarks/judges.py);
- the oracle: the same with a fleet of random worlds and a simulated one with every trouble, of
  which the marts must have the rows that tests/python/oracle demands (before the first mutant they
  do, which is checked);
- the data tests of all that was rebuilt there;
- of a model that finds what a night has to compute anew (`int_affected_*`): a night, of the worlds
  that the property test names, after which each table must equal that of a full refresh.

A mutant that all of them pass survives. Some change no row of any database, or of what a night
found to compute (`unseen`): most of these mean the same. `mutants_survivors.yml` has a reason
for each place where one may survive, and says of which it was shown that the change means the
same (`equivalent`); a survivor without one there is listed. `killed_share` is of all that were
tried, `killed_share_of_real` of those that are not equivalent. What other models have for nights
alone is not mutated: the property test of nights is about that. The last line is JSON.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import shutil
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import click
import duckdb
import sqlglot
import yaml
from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt.compilation import Compiler
from dbt.contracts.graph.nodes import UnitTestNode
from dbt.task.test import TestRunner
from rich.console import Console
from rich.table import Table
from sqlglot import exp

from benchmarks.judges import Check, checks
from benchmarks.nightly import ROOT
from fleet.registry import load_registry
from fleet.simulator.simulation import simulate_fleet
from fleet.simulator.world import Settings
from fleet.warehouse.dbt_runner import DbtError, DbtRunner
from tests.python.conftest import Warehouse
from tests.python.nightly.differences import Tables, differences
from tests.python.nightly.differences import tables as tables_of
from tests.python.nightly.nights import Fleet, Nights, write
from tests.python.nightly.test_nightly_runs_equal_a_full_refresh import NAMED
from tests.python.nightly.worlds import FIRST_DAY
from tests.python.oracle.comparison import MARTS, compare, tables
from tests.python.oracle.test_oracle import random_worlds

REASONS = Path(__file__).with_name("mutants_survivors.yml")
SIMULATED = Settings(
    robots=4, days=1, seed=5, start=date(FIRST_DAY.year, 1, 20), times_troubled=5.0
)
RANDOM_WORLDS = 60
TESTS = (
    *("dbt/test_failures.py", "dbt/test_states.py", "dbt/test_endings.py", "dbt/test_funnel.py"),
    *("dbt/test_days.py", "dbt/test_diagnosis.py", "dbt/test_clocks.py", "dbt/test_intervals.py"),
    *("dbt/test_release_verdicts.py", "dbt/test_ledgers.py", "registry/test_quarantine.py"),
    "dbt/test_scores.py::test_usable_time_lies_within_its_bounds[1-0.5]",
    "dbt/test_scores.py::test_failures_lie_within_their_bounds[1]",
)
PATIENCE = 10.0
"""Seconds that a statement may take beside ten times what it takes without a mutant; one that takes
longer is found by that."""
ENDLESS = 3600.0
OF_THE_RUN = {"processed_run", "changed_run", "copy_token"}
FLIPS: Mapping[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
}
TWINS: Mapping[type[exp.Expr], type[exp.Expr]] = {
    exp.Min: exp.Max,
    exp.Max: exp.Min,
    exp.Greatest: exp.Least,
    exp.Least: exp.Greatest,
    exp.Lag: exp.Lead,
    exp.Lead: exp.Lag,
}
OF_NIGHTS = "int_affected_"
DAY = r"CAST\('\d{4}-\d\d-\d\d' AS (?:DATE|TIMESTAMP)\)"
Verdict = Literal[
    "unit tests", "tests", "oracle", "data tests", "night", "error", "survived", "unseen"
]


@dataclass(frozen=True)
class Mutant:
    """One change of one model: the `place`-th node with this text, and what becomes of it."""

    model: str
    kind: str
    text: str
    place: int

    @property
    def name(self) -> str:
        return f"{self.model}: {self.kind}: {self.text}"


def sites(tree: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    """Kinds of change and the nodes that they change, without what unit tests put in front."""
    for node in tree.walk():
        if in_fixture(node):
            continue
        if type(node) in FLIPS:
            yield "boundary" if not isinstance(node, exp.EQ | exp.NEQ) else "comparison", node
        if type(node) in TWINS:
            yield "aggregate", node
        if isinstance(node, exp.Join) and node.args.get("on"):
            yield "join", node
        # What `affected` leaves of a full refresh is true anyway.
        if isinstance(node, exp.And | exp.Or | exp.Where) and not (
            isinstance(node.args.get("expression", node.this), exp.Boolean)
        ):
            yield "predicate", node
        if isinstance(node, exp.Coalesce) and node.expressions:
            yield "default", node
        if isinstance(node, exp.WindowSpec):
            yield "frame", node
        if isinstance(node, exp.Ordered) and node.find_ancestor(exp.Window):
            yield "order", node


def in_fixture(node: exp.Expr) -> bool:
    cte = node.find_ancestor(exp.CTE)
    while cte:
        if cte.alias.startswith("__dbt__cte__"):
            return True
        cte = cte.find_ancestor(exp.CTE)
    return False


def change(kind: str, node: exp.Expr) -> None:
    """Change the tree that the node is in."""
    if kind in ("boundary", "comparison"):
        node.replace(FLIPS[type(node)](this=node.this, expression=node.expression))
    elif kind == "aggregate":
        node.replace(TWINS[type(node)](**node.args))
    elif kind == "join":
        is_left = node.args.get("side") == "LEFT"
        node.set("side", None if is_left else "LEFT")
        node.set("kind", "INNER" if is_left else None)
    elif kind == "predicate":
        if isinstance(node, exp.Where):
            node.set("this", exp.true())
        else:
            node.replace(node.this)
    elif kind == "default":
        node.replace(node.this)
    elif kind == "frame":
        if node.args.get("end") == "CURRENT ROW":
            node.set("end", exp.Literal.number(1))
            node.set("end_side", "PRECEDING")
        else:
            node.set("end", "CURRENT ROW")
            node.set("end_side", None)
    elif kind == "order":
        node.set("desc", not node.args.get("desc"))
        node.set("nulls_first", False)


@cache
def parsed(sql: str) -> tuple[exp.Expr, dict[tuple[str, str, int], int]]:
    """The tree of some SQL, and its sites: kind, text and place among those of the same text.

    Each leads to the node by its number on a walk through the tree. What is written for each
    stretch of a night's days is one site.
    """
    tree = sqlglot.parse_one(sql, read="duckdb")
    numbers = {id(node): number for number, node in enumerate(tree.walk())}
    counted: Counter[tuple[str, str]] = Counter()
    found = {}
    for kind, node in sites(tree):
        # Tables and the days of a night are others in a unit test; spaces and comments say nothing.
        text = node.sql("duckdb", comments=False)
        text = re.sub(r'(?:"\w+"\.)+"(\w+)"|__dbt__cte__(\w+)', r"\1\2", text)
        text = re.sub(rf"{DAY}(, {DAY})*", "DAYS", text)
        if "DAYS" in text and counted[kind, text]:
            continue
        found[kind, text, counted[kind, text]] = numbers[id(node)]
        counted[kind, text] += 1
    return tree, found


def mutated(sql: str, mutant: Mutant) -> str | None:
    """The SQL with the change in it, or None where it has no such place."""
    tree, found = parsed(sql)
    number = found.get((mutant.kind, mutant.text, mutant.place))
    if number is None:
        return None
    changed = tree.copy()
    change(mutant.kind, next(islice(changed.walk(), number, None)))
    return changed.sql("duckdb")


@dataclass
class UnitTest:
    """What dbt runs for a unit test: the model with its fixtures, and the whole statement."""

    body: str
    statement: str

    def passes(self, connection: duckdb.DuckDBPyConnection, body: str) -> bool:
        rows = run(connection, self.statement.replace(self.body, body))
        sides: dict[str, Counter[Any]] = {"actual": Counter(), "expected": Counter()}
        for *values, side in rows:
            sides[side][tuple(values)] += 1
        return sides["actual"] == sides["expected"]


@dataclass
class Project:
    """The models in order, and their tests.

    sql           of each model, in a full refresh
    sql_of_night  the same in a night, of those that only nights need
    """

    sql: dict[str, str] = field(default_factory=dict)
    sql_of_night: dict[str, str] = field(default_factory=dict)
    relation: dict[str, str] = field(default_factory=dict)
    is_view: dict[str, bool] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    unit_tests: dict[str, list[UnitTest]] = field(default_factory=lambda: defaultdict(list))
    data_tests: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def descendants(self, model: str) -> list[str]:
        """The model and what is built of it, in an order in which it can be built."""
        wanted = {model}
        for name in self.sql:
            if name in wanted:
                wanted.update(self.children[name])
        return [name for name in self.sql if name in wanted]


@dataclass
class Database:
    """One in which models can be rebuilt, and what must hold in it then.

    sums         of each model that can be, all that it has
    oracle_sums  of each mart that the oracle demands, what it says of it; none of a test's own
    patience     seconds that each model may take
    """

    connection: duckdb.DuckDBPyConnection
    checks: list[Check]
    sums: dict[str, Any] = field(default_factory=dict)
    oracle_sums: dict[str, Any] = field(default_factory=dict)
    patience: dict[str, float] = field(default_factory=dict)

    @property
    def is_of_oracle(self) -> bool:
        return not self.checks


def run(connection: duckdb.DuckDBPyConnection, sql: str, patience: float = PATIENCE) -> list[Any]:
    """Rows of a statement; raises duckdb.Error where it takes too long."""
    timer = threading.Timer(patience, connection.interrupt)
    timer.start()
    try:
        return connection.execute(sql).fetchall()
    finally:
        timer.cancel()


@dataclass(frozen=True)
class Night:
    """A night that can be run with a mutant, and what it must leave.

    before    a database after the night before, with the lines of this one
    right     its tables after a full refresh
    computed  sums of what each model of nights has after the night without a mutant
    """

    nights: Nights
    before: Path
    right: Tables
    computed: Mapping[str, Any]

    def judge(self, mutant: Mutant) -> Verdict:
        """Run it. What it computes beside what it has to is seen in the table of the mutant."""
        compile_node = Compiler.compile_node

        def compiled(compiler: Any, node: Any, *args: Any, **kwargs: Any) -> Any:
            node = compile_node(compiler, node, *args, **kwargs)
            if node.name == mutant.model:
                sql = mutated(node.compiled_code, mutant)
                assert sql is not None
                node.compiled_code = sql
            return node

        with self.nights.database(self.before) as warehouse:
            try:
                with mock.patch.object(Compiler, "compile_node", compiled):
                    self.nights.run(warehouse)
            except DbtError:
                return "error"
            if differences(tables_of(warehouse.database), self.right):
                return "night"
            computed = sums_of_nights(warehouse.database, [mutant.model])
            return "unseen" if computed.items() <= self.computed.items() else "survived"


def sums_of_nights(database: Path, models: Iterable[str]) -> dict[str, Any]:
    with duckdb.connect(database) as connection:
        sql = "select count(*), sum(hash(one)) from fleet_intermediate.{} as one"
        return {name: run(connection, sql.format(name)) for name in models}


def prepare_night(project: Project, runner: DbtRunner, folder: Path) -> Night:
    """Run the night before, and note what dbt compiles for the models of nights."""
    warehouse = Warehouse(folder, runner)
    before = folder / "before" / warehouse.database.name
    before.parent.mkdir()
    warehouse("seed")
    warehouse.load()
    first, second = Fleet(NAMED, nights=2).loads()
    write(warehouse.database, first)
    warehouse("run")
    write(warehouse.database, second)
    shutil.copy(warehouse.database, before)
    for result in warehouse("run").results:
        if result.node.name.startswith(OF_NIGHTS):
            project.sql_of_night[result.node.name] = result.node.compiled_code
    computed = sums_of_nights(warehouse.database, project.sql_of_night)
    warehouse("run", "--full-refresh")
    nights = Nights(lambda own: Warehouse(own, runner), before, folder)
    return Night(nights, before, tables_of(warehouse.database), computed)


def prepare(folder: Path) -> tuple[Project, Path, Night]:
    """Build the project of a small fleet, and note what dbt compiles for models and tests."""
    (folder / "home").mkdir()
    profiles = (ROOT / "profiles.yml.example").read_text("utf-8")
    (folder / "home" / "profiles.yml").write_text(profiles, "utf-8")
    runner = DbtRunner(ROOT, folder / "home")
    manifest = runner.parse()
    warehouse = Warehouse(folder, runner)
    simulate_fleet(SIMULATED, load_registry(ROOT), folder, lambda now: None)
    warehouse("seed")
    warehouse.load()
    worlds = tuple(
        replace(world, beside=True) for world in (*NAMED, *random_worlds(3, RANDOM_WORLDS))
    )
    write(warehouse.database, Fleet(worlds, nights=1).loads()[0])
    done = warehouse("run")
    project = Project()
    for result in done.results:
        node = result.node
        if node.resource_type != "model":
            continue
        name = node.name
        project.sql[name] = node.compiled_code
        project.relation[name] = f"{node.schema}.{name}"
        project.is_view[name] = node.config.materialized == "view"
        children = manifest.child_map[node.unique_id]
        project.children[name] = [
            child.split(".")[-1] for child in children if child.startswith("model.")
        ]
    capture_tests(project, warehouse)
    with contextlib.redirect_stdout(io.StringIO()):
        compiled = warehouse("compile", "--select", "test_type:data")
    for result in compiled.results:
        node = result.node
        if node.resource_type == "test" and node.config.severity.lower() == "error":
            for parent in node.depends_on.nodes:
                project.data_tests[parent.split(".")[-1]].append(node.compiled_code)
    return project, warehouse.database, prepare_night(project, runner, folder / "night")


def capture_tests(project: Project, warehouse: Warehouse) -> None:
    """Run the unit tests of the project once, and keep the statements that dbt runs for them."""
    statements: list[str] = []
    execute, whole = DuckDBAdapter.execute, TestRunner.execute_unit_test

    def noted(adapter: Any, sql: str, *args: Any, **kwargs: Any) -> Any:
        statements.append(sql)
        return execute(adapter, sql, *args, **kwargs)

    def of_test(self: Any, definition: Any, manifest: Any) -> Any:
        statements.clear()
        node, data = whole(self, definition, manifest)
        assert isinstance(node, UnitTestNode)
        model = str(node.tested_node_unique_id).split(".")[-1]
        found = [sql for sql in statements if "actual_or_expected" in sql]
        body = next(sql for sql in (node.compiled_code, str(node.compiled_code).strip()) if sql)
        body = body if found and body in found[-1] else str(node.compiled_code).strip()
        if found and body in found[-1]:
            project.unit_tests[model].append(UnitTest(body, found[-1]))
        return node, data

    with (
        mock.patch.object(DuckDBAdapter, "execute", noted),
        mock.patch.object(TestRunner, "execute_unit_test", of_test),
    ):
        warehouse("test", "--select", "test_type:unit", "--threads", "1")


def build(
    connection: duckdb.DuckDBPyConnection, project: Project, name: str, sql: str, patience: float
) -> None:
    kind = "view" if project.is_view[name] else "table"
    run(connection, f"create or replace {kind} {project.relation[name]} as {sql}", patience)


def checksum(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: list[str], patience: float
) -> Any:
    """Of the rows in any order."""
    selected = ", ".join(columns)
    sql = f"select count(*), sum(hash(one)) from (select {selected} from {relation}) as one"
    return run(connection, sql, patience)[0]


def column_lists(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    found = []
    for name, data_type, *_ in run(connection, f"describe {relation}"):
        if name not in OF_THE_RUN:
            found.append(f'round("{name}", 6)' if data_type == "DOUBLE" else f'"{name}"')
    return found


def look(
    connection: duckdb.DuckDBPyConnection, project: Project, name: str, patience: float
) -> tuple[Any, Any]:
    """Checksums of all that a table has, and of what the oracle says of it."""
    relation = project.relation[name]
    of_all = checksum(connection, relation, column_lists(connection, relation), patience)
    if relation not in MARTS:
        return of_all, None
    columns = [f'round("{c}", 6)' if c.endswith("_hours") else f'"{c}"' for c in MARTS[relation][1]]
    return of_all, checksum(connection, relation, columns, patience)


def opened(path: Path, project: Project, of_path: list[Check]) -> Database:
    """A database with all of its models rebuilt, as they are without a mutant.

    A test that builds a few models has made the tables below them by hand: these cannot be rebuilt.
    """
    connection = duckdb.connect(path)
    connection.execute("set TimeZone = 'UTC'; set threads = 1")
    database = Database(connection, of_path)
    for name, sql in project.sql.items():
        with contextlib.suppress(duckdb.CatalogException, duckdb.BinderException):
            began = time.monotonic()
            build(connection, project, name, sql, ENDLESS)
            sums = look(connection, project, name, ENDLESS)
            database.sums[name], database.oracle_sums[name] = sums
            database.patience[name] = PATIENCE + 10 * (time.monotonic() - began)
    if database.is_of_oracle:
        for tests in project.data_tests.values():
            tests[:] = [sql for sql in tests if not run(connection, sql, ENDLESS)]
    database.checks = [check for check in of_path if check.passes(connection)]
    return database


def judge(databases: list[Database], night: Night, project: Project, mutant: Mutant) -> Verdict:
    """What finds the mutant first."""
    for test in project.unit_tests[mutant.model]:
        body = mutated(test.body, mutant)
        try:
            if body and not test.passes(databases[-1].connection, body):
                return "unit tests"
        except duckdb.Error:
            return "unit tests"
    if mutant.model in project.sql_of_night:
        return night.judge(mutant)
    sql = mutated(project.sql[mutant.model], mutant)
    assert sql is not None
    found: Verdict = "unseen"
    for database in databases:
        if mutant.model not in database.sums:
            continue
        database.connection.execute("begin")
        try:
            verdict = judge_in(database, project, mutant.model, sql)
        except duckdb.Error:
            verdict = "error"
        finally:
            database.connection.execute("rollback")
        if verdict not in ("survived", "unseen"):
            return verdict
        found = "survived" if "survived" in (found, verdict) else "unseen"
    return found


def judge_in(database: Database, project: Project, model: str, sql: str) -> Verdict:
    """What finds a model's SQL in one database, in a transaction of which nothing may stay."""
    connection = database.connection
    changed = set()
    rebuilt = {model}
    for name in project.descendants(model):
        if name not in rebuilt or name not in database.sums:
            continue
        patience = database.patience[name]
        build(connection, project, name, sql if name == model else project.sql[name], patience)
        of_all, of_oracle = look(connection, project, name, patience)
        if database.is_of_oracle and of_oracle != database.oracle_sums[name]:
            return "oracle"
        if of_all != database.sums[name]:
            changed.add(name)
            rebuilt.update(project.children[name])
    if not changed:
        return "unseen"
    if not database.is_of_oracle:
        passed = all(check.passes(connection) for check in database.checks)
        return "survived" if passed else "tests"
    tests = {test for name in changed for test in project.data_tests[name]}
    found = any(run(connection, test, ENDLESS) for test in sorted(tests))
    return "data tests" if found else "survived"


def all_mutants(project: Project, models: tuple[str, ...]) -> list[Mutant]:
    return [
        Mutant(name, kind, text, place)
        for name, sql in (project.sql | project.sql_of_night).items()
        if not models or name in models
        for kind, text, place in parsed(sql)[1]
    ]


@dataclass(frozen=True)
class Reason:
    """Why a mutant of a place may survive; both patterns are of the whole text."""

    model: str
    place: str
    reason: str
    equivalent: bool = False

    def fits(self, mutant: Mutant) -> bool:
        text = f"{mutant.kind}: {mutant.text}"
        return bool(re.fullmatch(self.model, mutant.model) and re.search(self.place, text, re.S))


def reasons() -> list[Reason]:
    return [Reason(**row) for row in yaml.safe_load(REASONS.read_text("utf-8"))]


@click.command()
@click.option("--sample", default=0, help="Try so many mutants, drawn at random; 0: all.")
@click.option("--seed", default=1, show_default=True)
@click.option("--minutes", default=0.0, help="Stop after so long, with what was tried; 0: never.")
@click.option("--model", "models", multiple=True, help="Only of this model.")
@click.option("--show", default=400, show_default=True, help="Letters of each survivor.")
def main(sample: int, seed: int, minutes: float, models: tuple[str, ...], show: int) -> None:
    """Put faults into the SQL of the models, and count those that the fast tests find."""
    verdicts: dict[str, Counter[Verdict]] = defaultdict(Counter)
    survivors: list[tuple[Mutant, Verdict]] = []
    console = Console(width=140)
    with tempfile.TemporaryDirectory() as folder:
        project, of_oracle, night = prepare(Path(folder))
        wrong = list(compare(tables(of_oracle)))
        assert not wrong, f"the marts differ from the oracle before any mutant: {wrong[:2]}"
        by_path = defaultdict(list)
        for check in checks(TESTS, Path(folder, "t")):
            by_path[check.database].append(check)
        databases = [opened(path, project, found) for path, found in by_path.items()]
        databases.append(opened(of_oracle, project, []))
        counted = sum(len(database.checks) for database in databases)
        console.print(f"{counted} tests in {len(databases) - 1} databases, and the oracle")
        mutants = all_mutants(project, models)
        size = min(sample, len(mutants)) if sample else len(mutants)
        chosen = random.Random(seed).sample(mutants, size)
        began = time.monotonic()
        for tried, mutant in enumerate(chosen):
            if minutes and time.monotonic() - began > 60 * minutes:
                chosen = chosen[:tried]
                break
            verdict = judge(databases, night, project, mutant)
            verdicts[mutant.model][verdict] += 1
            if verdict in ("survived", "unseen"):
                survivors.append((mutant, verdict))
            if tried % 50 == 49:
                console.print(f"{tried + 1} of {size} tried, {len(survivors)} survived")
        seconds = time.monotonic() - began
        for database in databases:
            database.connection.close()
    console.print(table(verdicts))
    known = reasons()
    named = [next((one for one in known if one.fits(mutant)), None) for mutant, _ in survivors]
    for (mutant, verdict), reason in zip(survivors, named, strict=True):
        if reason is None or (reason.equivalent and verdict == "survived"):
            why = "no reason" if reason is None else "not equivalent"
            console.print(f"{verdict}, {why}: {mutant.name[:show]}", markup=False)
    console.print(f"{seconds / max(len(chosen), 1):.2f} s a mutant, of {len(mutants):,} in all")
    click.echo(json.dumps(figures(len(mutants), len(chosen), survivors, named)))


def figures(
    of: int, tried: int, survivors: list[tuple[Mutant, Verdict]], named: list[Reason | None]
) -> dict[str, float]:
    """What the last line says."""
    killed = tried - len(survivors)
    seen = sum(verdict == "survived" for _, verdict in survivors)
    equivalent = sum(
        reason is not None and reason.equivalent and verdict == "unseen"
        for (_, verdict), reason in zip(survivors, named, strict=True)
    )
    return {
        "mutants": of,
        "tried": tried,
        "killed": killed,
        "survived": seen,
        "unseen": len(survivors) - seen,
        "equivalent": equivalent,
        "killed_share": round(killed / max(tried, 1), 4),
        "killed_share_of_real": round(killed / max(tried - equivalent, 1), 4),
        "without_reason": sum(reason is None for reason in named),
    }


def table(verdicts: Mapping[str, Counter[Verdict]]) -> Table:
    kinds: tuple[Verdict, ...] = (
        *("unit tests", "tests", "oracle", "data tests", "night", "error"),
        *("survived", "unseen"),
    )
    found = Table("model", *kinds, "killed", box=None)
    for model, counted in sorted(verdicts.items()):
        lived = counted["survived"] + counted["unseen"]
        share = 1 - lived / sum(counted.values())
        found.add_row(model, *(str(counted[kind] or "") for kind in kinds), f"{share:.0%}")
    return found


if __name__ == "__main__":
    main()
