"""Reads the YAML files of the project."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from fleet.errors import FleetError

Model = TypeVar("Model", bound=BaseModel)


class YamlError(FleetError):
    """A YAML file cannot be used; the message names the file, and the line or the fields."""


class _Loader(yaml.CSafeLoader):
    """Loader that refuses a key given twice: in YAML the last one would win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            # A list or mapping as a key is refused by the loader itself.
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key {key.value!r} is given twice", key.start_mark
                    )
                seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def read_yaml(path: Path, name: str | None = None) -> dict[str, Any]:
    """The keys and values of a YAML file.

    `name` is what messages call the file: its path unless given.

    Raises:
        YamlError: it is missing, not UTF-8, not YAML, no mapping, or gives a key twice.
    """
    name = name or str(path)
    try:
        content = yaml.load(path.read_text("utf-8"), _Loader)
    except OSError as error:
        raise YamlError(f"{name}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise YamlError(f"{name}: is not UTF-8 text.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "is not YAML"
        raise YamlError(f"{name}{line}: {problem}.") from None
    except (ValueError, RecursionError) as error:
        # Such as 2027-13-01, which looks like a date but is none.
        raise YamlError(f"{name}: is not YAML ({error}).") from None
    if not isinstance(content, dict):
        raise YamlError(f"{name}: must be a mapping, a key with its value on each line.")
    return content


def read_model(kind: type[Model], path: Path, name: str | None = None) -> Model:
    """The content of a YAML file, checked by a model of pydantic; `name` as for `read_yaml`.

    Raises:
        YamlError: it cannot be read, or some of its fields are wrong, all of which it names.
    """
    content = read_yaml(path, name)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()
        )
        raise YamlError(f"{name or path}: correct {problems}.") from None
