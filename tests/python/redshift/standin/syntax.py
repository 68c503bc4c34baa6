"""The syntax tree of one statement, and its parts as one walk finds them."""

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

from sqlglot import exp

from tests.python.redshift.standin.grammar import RefusedError, Tree

# Tables of the leader node, and views of the system that read the other nodes.
CATALOG_PREFIXES = ("pg_", "svv_", "svl_", "svcs_", "stl_", "stv_", "sys_")
CATALOG_SCHEMAS = ("information_schema", "pg_catalog")
STATEMENTS = (exp.Delete, exp.Insert, exp.Merge, exp.Update)
SCOPES = (exp.Select, *STATEMENTS)


class Parts:
    """The nodes of a statement from one walk, those above before those below.

    tree   the statement
    nodes  all of its nodes
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.nodes = list(tree.walk())
        self._by_type: dict[type[Tree], list[Tree]] = {}
        for node in self.nodes:
            self._by_type.setdefault(type(node), []).append(node)
        self._relations: dict[int, frozenset[str]] = {}
        self._sources: dict[int, frozenset[str]] = {}

    def of(self, *types: type[Tree]) -> Iterator[Tree]:
        """The nodes of these types."""
        for type_, nodes in self._by_type.items():
            if issubclass(type_, types):
                yield from nodes

    @cached_property
    def calls(self) -> dict[str, list[Tree]]:
        """Calls of functions by lower-case name, without the few that the grammar itself knows."""
        found: dict[str, list[Tree]] = {}
        for call in self._by_type.get(exp.Anonymous, []):
            found.setdefault(name_of(call), []).append(call)
        return found

    def calls_of(self, names: Collection[str]) -> Iterator[Tree]:
        """Calls of functions of these names."""
        return (call for name, calls in self.calls.items() if name in names for call in calls)

    @cached_property
    def tables(self) -> list[exp.Table]:
        """What is read or written, other than what a WITH of the statement names."""
        named = {cte.alias_or_name.lower() for cte in self.of(exp.CTE)}
        return [
            table
            for table in self._by_type.get(exp.Table, [])
            if isinstance(table, exp.Table) and (table.db or table.name.lower() not in named)
        ]

    @property
    def reads_catalog_alone(self) -> bool:
        """Whether there are tables and all are the catalog's: the leader node's PostgreSQL."""
        return bool(self.tables) and all(map(is_of_catalog, self.tables))

    def relations(self, node: Tree) -> frozenset[str]:
        """Names of the relations that a column may be of: its own query's and those around it."""
        around = node.parent
        while around is not None and not isinstance(around, SCOPES):
            around = around.parent
        if around is None:
            return frozenset()
        if id(around) not in self._relations:
            if isinstance(around, exp.Select):
                own = self.sources(around)
            else:
                own = frozenset(table.alias_or_name.lower() for table in self.of(exp.Table))
            self._relations[id(around)] = own | self.relations(around)
        return self._relations[id(around)]

    def sources(self, select: exp.Select) -> frozenset[str]:
        """Names of the tables and sub-queries that a select itself reads."""
        if id(select) not in self._sources:
            names = frozenset(source.alias_or_name.lower() for source in sources(select))
            self._sources[id(select)] = names
        return self._sources[id(select)]

    def split_path(self, node: Tree) -> tuple[list[Tree], list[Tree]]:
        """The parts of a name: those of a column, and those of a path into it, which is SUPER."""
        names = _names(node)
        if len(names) == 1:
            return names, []
        known = self.relations(node)
        # As much of database.schema.table.column as names a relation of the statement.
        for place in range(min(len(names) - 1, 3)):
            if names[place].name.lower() in known:
                return names[: place + 2], names[place + 2 :]
        return names[:1], names[1:]

    @cached_property
    def columns(self) -> list[exp.Column]:
        """Every name that is one of a column, at least in part."""
        return [column for column in self.of(exp.Column) if isinstance(column, exp.Column)]

    @cached_property
    def paths(self) -> list[Tree]:
        """The whole of each name that is read: a column, or a path that begins with one."""
        return [
            node
            for node in self.of(exp.Dot, exp.Bracket, exp.Column)
            if not (isinstance(node.parent, exp.Dot | exp.Bracket) and node.arg_key == "this")
        ]


def is_of_catalog(table: exp.Table) -> bool:
    """Whether a table is the system's own."""
    name = table.this.name if isinstance(table.this, exp.Anonymous) else table.name
    return table.db.lower() in CATALOG_SCHEMAS or name.lower().startswith(CATALOG_PREFIXES)


def name_of(node: Tree | None) -> str:
    """Lower-case name of a function call; that of `first_value(x) ignore nulls` is first_value."""
    if isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
        return name_of(node.this)
    if isinstance(node, exp.Anonymous):
        return str(node.name).lower()
    return node.sql_name().lower() if isinstance(node, exp.Func) else ""


def sources(select: Tree) -> list[Tree]:
    """Tables and sub-queries that a select reads, in order."""
    first = select.args.get("from_")
    joins = select.args.get("joins") or []
    return ([first.this] if first else []) + [join.this for join in joins]


def whole_query(select: Tree) -> Tree:
    """The query that a select is a part of: itself, or all of a UNION, with its parentheses."""
    while isinstance(select.parent, exp.SetOperation | exp.Subquery):
        select = select.parent
    return select


def is_in_expression(query: Tree) -> bool:
    """Whether a whole query is a value, a list or a condition, and not what another reads from."""
    if isinstance(query, exp.Subquery):
        return not isinstance(
            query.parent, exp.From | exp.Join | exp.CTE | exp.Create | exp.Insert | None
        )
    return isinstance(query.parent, exp.Exists | exp.In | exp.Any | exp.All)


def _names(node: Tree) -> list[Tree]:
    if isinstance(node, exp.Column):
        return list(node.parts)
    if isinstance(node, exp.Dot):
        return [*_names(node.this), node.expression]
    if isinstance(node, exp.Bracket):
        return [*_names(node.this), *node.expressions]
    raise RefusedError(f"stand-in: path of {node.key} is not emulated")


def call(name: str, *arguments: Tree) -> exp.Anonymous:
    """A call of a function of this name."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def first(nodes: Iterable[Tree]) -> Tree | None:
    """The first of some nodes, if there is one."""
    return next(iter(nodes), None)
