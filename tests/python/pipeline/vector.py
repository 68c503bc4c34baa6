"""Vector's part in the tests: components run in order, VRL by the engine that Vector has in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from vrl_python import VRLResult, VRLRuntime

Component = dict[str, Any]
Record = dict[str, Any]


class Flow(NamedTuple):
    """A record on its way: what entered, and the programs it has met since.

    The programs run as one. A record that left the engine in between would come back without its
    types, timestamps as text; and so each program is compiled against the types that the ones
    before it leave, as Vector does.
    """

    entered: Record
    programs: tuple[str, ...] = ()

    def then(self, program: str) -> Flow:
        """The record after one more program."""
        # Braces, because the variables of a program end with it.
        return self._replace(programs=(*self.programs, f"{{\n{program}\n}}"))

    def ask(self, condition: str) -> Any:
        """The value of an expression about the record."""
        return _run((*self.programs, condition), self.entered).runtime_result

    def record(self) -> Record:
        """The record as it is now; timestamps become text."""
        processed: Record = _run(self.programs, self.entered).processed_event
        return processed


@cache
def _runtime(source: str) -> VRLRuntime:
    # One for each source, because a runtime keeps no more than the program it compiled last.
    return VRLRuntime()


def _run(programs: tuple[str, ...], record: Record) -> VRLResult:
    source = "\n".join(programs) or "."
    return _runtime(source).execute(source, record)


class Vector:
    """A configuration, run without Vector: remap and route, but no source, buffer or sink.

    `components` has sources, transforms and sinks by name; outputs are named as in `inputs`.
    """

    def __init__(self, config: dict[str, dict[str, Component]]) -> None:
        self.sources = config["sources"]
        self.transforms = config["transforms"]
        self.sinks = config["sinks"]
        self.components = self.sources | self.transforms | self.sinks

    def outputs(self, name: str) -> list[str]:
        """What others may take as input from a component."""
        component = self.components[name]
        if name in self.sinks:
            return []
        if component["type"] == "route":
            unmatched = ["_unmatched"] if component.get("reroute_unmatched", True) else []
            return [f"{name}.{route}" for route in [*component["route"], *unmatched]]
        return [name]

    def consumers(self, output: str) -> list[str]:
        """The components that take an output as input."""
        return [
            name
            for name, component in self.components.items()
            if output in component.get("inputs", [])
        ]

    def run(self, start: str, record: Record) -> dict[str, list[Flow]]:
        """Put a record into a transform, or where a source's records go.

        Returns what came out of each output, and what went into each sink, by name.
        """
        passed: dict[str, list[Flow]] = defaultdict(list)
        todo: list[tuple[str, Flow]] = []

        def pass_on(output: str, flow: Flow) -> None:
            passed[output].append(flow)
            todo.extend((name, flow) for name in self.consumers(output))

        if start in self.sources:
            pass_on(start, Flow(record))
        else:
            todo.append((start, Flow(record)))
        while todo:
            name, flow = todo.pop()
            if name in self.sinks:
                passed[name].append(flow)
                continue
            for output, result in self._transform(name, flow):
                pass_on(output, result)
        return passed

    def _transform(self, name: str, flow: Flow) -> Iterator[tuple[str, Flow]]:
        transform = self.transforms[name]
        match transform["type"]:
            case "remap":
                done = flow.then(transform["source"])
                # An array becomes a record each.
                if "\n  . = lines\n" not in transform["source"] or not done.ask("is_array(.)"):
                    yield name, done
                    return
                for place in range(done.ask("length(array(.) ?? [])")):
                    yield (
                        name,
                        done.then(f". = object(get(array(.) ?? [], [{place}]) ?? {{}}) ?? {{}}"),
                    )
            case "route":
                routes = [
                    route
                    for route, condition in transform["route"].items()
                    if flow.ask(condition) is True
                ]
                for route in routes or ["_unmatched"]:
                    if f"{name}.{route}" in self.outputs(name):
                        yield f"{name}.{route}", flow
            case kind:
                raise NotImplementedError(f"{name} is of the type {kind}")
