"""What every model, macro and source keeps to, as far as the parsed project shows it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import (
    GenericTestNode,
    Macro,
    ManifestSQLNode,
    ModelNode,
    SeedNode,
    SourceDefinition,
)
from dbt_common.contracts.constraints import ConstraintType
from jinja2 import Environment, nodes

from tests.python.conftest import Warehouse

ACCESS = {"staging": "protected", "intermediate": "private", "marts": "public"}
# Copies of a line may be equal in all that it says; the accepted ones are base_event_log__events.
# The environment of event_reconciliation is NULL for the lines of our own.
WITHOUT_A_KEY = {"base_event_log__typed_lines", "event_reconciliation"}


@pytest.fixture(scope="module")
def manifest(
    open_warehouse: Callable[[Path], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Manifest:
    """The parsed project."""
    return open_warehouse(tmp_path_factory.mktemp("project")).manifest


@pytest.fixture(scope="module")
def models(manifest: Manifest) -> list[ModelNode]:
    """Every model of the project; never none."""
    found = [node for node in manifest.nodes.values() if isinstance(node, ModelNode)]
    assert {layer(model) for model in found} == ACCESS.keys()
    return found


def layer(model: ModelNode) -> str:
    """The folder below models/ that a model is in."""
    return model.fqn[1]


def described(
    manifest: Manifest, models: list[ModelNode]
) -> list[ModelNode | SeedNode | SourceDefinition]:
    """Models, seeds and sources."""
    seeds = [node for node in manifest.nodes.values() if isinstance(node, SeedNode)]
    return [*models, *seeds, *manifest.sources.values()]


def macros(manifest: Manifest) -> list[Macro]:
    """The project's own macros, without the forms of one for a single engine."""
    project = manifest.metadata.project_name
    found = [macro for macro in manifest.macros.values() if macro.package_name == project]
    return [macro for macro in found if "__" not in macro.name]


def test_marts_are_public_and_intermediate_models_private(models: list[ModelNode]) -> None:
    assert {model.group for model in models} == {"fleet_analytics"}
    assert {
        model.name: model.access for model in models if model.access != ACCESS[layer(model)]
    } == {}


def test_marts_are_under_contract(models: list[ModelNode]) -> None:
    marts = [model for model in models if layer(model) == "marts"]
    assert [model.name for model in marts if not model.contract.enforced] == []


def test_descriptions_begin_with_the_grain(manifest: Manifest, models: list[ModelNode]) -> None:
    assert [
        node.name
        for node in described(manifest, models)
        if not node.description.startswith("One row per ")
    ] == []


def test_every_column_is_described(manifest: Manifest, models: list[ModelNode]) -> None:
    assert [
        f"{node.name}.{column.name}"
        for node in described(manifest, models)
        for column in node.columns.values()
        if not column.description
    ] == []
    assert [model.name for model in models if not model.columns] == []


def test_every_macro_and_argument_is_described(manifest: Manifest) -> None:
    own = macros(manifest)
    assert any(macro.arguments for macro in own)
    assert [macro.name for macro in own if not macro.description] == []
    assert [
        f"{macro.name}({argument.name})"
        for macro in own
        for argument in macro.arguments
        if not (argument.description and argument.type)
        and argument.name != "supported_languages"  # which dbt adds to each materialization
    ] == []


def test_each_source_is_read_by_one_staging_model(
    manifest: Manifest, models: list[ModelNode]
) -> None:
    readers: dict[str, list[ModelNode]] = {source: [] for source in manifest.sources}
    for model in models:
        for node in model.depends_on.nodes:
            if node in readers:
                readers[node].append(model)
    read = {source: found for source, found in readers.items() if found}
    assert read
    assert {source: found for source, found in read.items() if len(found) > 1} == {}
    assert {found[0].name for found in read.values() if layer(found[0]) != "staging"} == set()


def unread(sql: str) -> set[str]:
    """Names that a template sets at its top and never reads."""
    tree = Environment(extensions=["jinja2.ext.do"]).parse(sql)
    names = list(tree.find_all(nodes.Name))
    read = {name.name for name in names if name.ctx == "load"}
    return {name.name for name in names if name.ctx == "store"} - read


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("{% set days = ref('a') %} select days from {{ ref('b') }}", {"days"}),
        ("{% set days = ref('a') %} select * from {{ days }}", set()),
        ("{% set days = ref('a') %}{% if days %}{% endif %}", set()),
    ],
)
def test_names_that_nothing_reads_are_found(sql: str, names: set[str]) -> None:
    assert unread(sql) == names


def test_models_read_every_name_they_set(manifest: Manifest) -> None:
    written = [
        node for node in manifest.nodes.values() if isinstance(node, get_args(ManifestSQLNode))
    ]
    assert any("{% set " in node.raw_code for node in written)
    found = {node.name: names for node in written if (names := unread(node.raw_code))}
    assert found == {}


def keys(model: ModelNode, tests: list[GenericTestNode]) -> list[set[str]]:
    """Columns of each key of a model that a test finds to be unique."""
    found = []
    for test in tests:
        if test.attached_node == model.unique_id:
            if test.test_metadata.name == "unique":
                found.append({str(test.column_name)})
            elif test.test_metadata.name == "unique_combination_of_columns":
                found.append(set(test.test_metadata.kwargs["combination_of_columns"]))
    return found


def never_null(model: ModelNode, tests: list[GenericTestNode]) -> set[str]:
    """Columns of a model that a test or the contract keeps from being NULL."""
    tested = {
        str(test.column_name)
        for test in tests
        if test.attached_node == model.unique_id and test.test_metadata.name == "not_null"
    }
    return tested | {
        column.name
        for column in model.columns.values()
        if any(each.type == ConstraintType.not_null for each in column.constraints)
    }


def test_every_table_has_a_tested_primary_key(manifest: Manifest, models: list[ModelNode]) -> None:
    tests = [node for node in manifest.nodes.values() if isinstance(node, GenericTestNode)]
    lacking = {
        model.name
        for model in models
        if model.config.materialized != "view"
        and not any(key <= never_null(model, tests) for key in keys(model, tests))
    }
    assert lacking == WITHOUT_A_KEY


VARS = re.compile(r"\b(?:var|checked_var|day_var)\(\"(\w+)\"")


def vars_read(manifest: Manifest, node: ModelNode | Macro, seen: set[str]) -> set[str]:
    """Vars that a model or macro reads, itself or through the macros it calls."""
    found = set(VARS.findall(node.raw_code if isinstance(node, ModelNode) else node.macro_sql))
    for unique_id in node.depends_on.macros:
        macro = manifest.macros[unique_id]
        if unique_id not in seen and macro.package_name == manifest.metadata.project_name:
            seen.add(unique_id)
            found |= vars_read(manifest, macro, seen)
    return found


def test_a_unit_test_says_which_vars_it_relies_on(
    manifest: Manifest, models: list[ModelNode]
) -> None:
    """Else a company that changes a var could not build the project any more."""
    by_name = {model.name: model for model in models}
    relying = {
        test.name: vars_read(manifest, by_name[test.model], set())
        for test in manifest.unit_tests.values()
    }
    assert sum(map(bool, relying.values())) > 20
    assert {
        test.name: missing
        for test in manifest.unit_tests.values()
        if (missing := relying[test.name] - set(test.overrides.vars if test.overrides else {}))
    } == {}
