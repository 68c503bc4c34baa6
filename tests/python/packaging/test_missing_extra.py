"""`fleet` without its extras: what needs one says in one sentence what to install."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fleet.cli import COMMANDS, EXTRAS

PROJECT = Path(__file__).parents[3]
ALONE = {
    "init": ("--help",),
    "registry": ("check",),
    "sigma": ("--help",),
    "vector": ("render", "prod"),
}


def modules_of_the_extras() -> set[str]:
    """Top-level modules of the packages that only extras bring."""
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    packages = {
        re.split(r"[^\w-]", requirement)[0].lower()
        for extra in ("warehouse", "import")
        for requirement in extras[extra]
    }
    assert "duckdb" in packages
    return {
        module
        for module, distributions in importlib.metadata.packages_distributions().items()
        if packages & {name.lower() for name in distributions}
    }


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """`fleet` in a process that cannot import the packages of the extra."""
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({sorted(modules_of_the_extras())!r}))\n"
        "from fleet.cli import main\n"
        f"main({list(words)!r}, prog_name='fleet')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", ALONE)
def test_some_commands_do_not_need_it(command: str) -> None:
    done = run(command, *ALONE[command])
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ALONE])
def test_the_others_say_what_to_install(command: str) -> None:
    done = run(command, "--help")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        rf"Error: `fleet {command}` needs the package \w+: install it with "
        rf"pip install 'fleet-analytics\[{EXTRAS.get(command, 'warehouse')}\]'\.\n",
        done.stderr,
    ), done.stderr


def test_the_help_lists_every_command() -> None:
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for name in COMMANDS:
        assert re.search(rf"^  {name}  ", done.stdout, re.MULTILINE)
