"""`fleet init`: a repository of one's own, in which what the docs say to run runs as it stands."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fleet.cli import main
from fleet.new_repository.command import OF_THE_MAKERS
from tests.python.conftest import ROOT
from tests.python.dbt.test_lifts import DATA
from tests.python.docs.test_links import without_code

IDENTITY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "Ann"), ("EMAIL", "ann@example.org"))
}
# Other tests run the tests of the data and of the SQL; a soak runs them on these small logs too.
FAST = {} if os.environ.get("SOAK") else {"DBT_EXCLUDE_RESOURCE_TYPES": "unit_test test"}
# What `make` installs is what this test runs on.
INSTALLED = f"""\
#!/usr/bin/env bash
set -euo pipefail
if [ ! -e .venv ]; then
    mkdir .venv
    ln -s {sys.prefix}/* .venv/
    cp -r {ROOT}/dbt_packages .
    touch .venv/.installed dbt_packages/.installed
fi
exec {shutil.which("make")} "$@"
"""


SET_UP = 'make setup\nexport PATH="$PWD/.venv/bin:$PATH" DBT_PROFILES_DIR="$PWD"\n'


def shell(
    commands: str, folder: Path, path: Path | None = None, **environment: str
) -> tuple[int, str]:
    """Run commands as a person would type them; gives the exit code and all that was printed."""
    outside = {name: value for name, value in os.environ.items() if name != "FLEET_PROJECT_DIR"}
    code = os.pathsep.join([str(ROOT), str(ROOT / "clients/python/src")])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=outside
        | IDENTITY
        | FAST
        | {"PYTHONPATH": code, "PATH": os.pathsep.join([str(path or folder), os.environ["PATH"]])}
        | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def blocks(page: Path, language: str = "") -> list[str]:
    """The code blocks of a page that are marked with a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def init(folder: Path, project_dir: Path = ROOT) -> str:
    done = CliRunner().invoke(
        main, ["init", str(folder)], env={"FLEET_PROJECT_DIR": str(project_dir)}
    )
    return done.output


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A repository of one's own."""
    folder = tmp_path / "deliveries"
    assert "git commit" in init(folder)
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with a `make` that has installed everything already."""
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "make").write_text(INSTALLED, "utf-8")
    (folder / "make").chmod(0o755)
    return folder


def test_it_has_what_runs_and_not_what_only_the_makers_need(own: Path) -> None:
    tops = {path.name for path in own.iterdir()}
    assert tops >= {"registry", "models", "mappings", "docs", "fleet", "run.mk", ".git", "LICENSE"}
    assert not tops & {"benchmarks", "profiles.yml", "data", ".venv", ".ci"}
    assert {path.name for path in (own / "tests").iterdir()} == {"data_tests"}
    assert (own / "README.md").read_text("utf-8").startswith("# deliveries\n")
    assert "make test" in (own / ".github/workflows/ci.yml").read_text("utf-8")
    # Git keeps all of it.
    assert shell("git ls-files --others", own) == (0, "")
    assert all((ROOT / name).exists() for name in OF_THE_MAKERS)


def test_its_pages_point_to_what_is_there(own: Path) -> None:
    broken = [
        f"{page.relative_to(own)}: {link}"
        for page in own.rglob("*.md")
        for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", without_code(page.read_text("utf-8")))
        if not re.match(r"[a-z]+:", link) and not (page.parent / link).exists()
    ]
    assert broken == []


def test_its_registry_and_mappings_are_sound(own: Path) -> None:
    for words in (["registry", "check"], ["registry", "generate", "--check"], ["mapping", "check"]):
        done = CliRunner().invoke(main, words, env={"FLEET_PROJECT_DIR": str(own)})
        assert done.exit_code == 0, done.output


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine", "utf-8")
    assert init(taken).endswith("name a folder that is not, or an empty one.\n")
    assert init(taken / "mine.txt").endswith("name a folder that is not, or an empty one.\n")
    assert init(ROOT / "within").endswith("name a folder outside of it.\n")
    assert [path.name for path in tmp_path.rglob("*")] == ["taken", "mine.txt"]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert init(empty).startswith(f"Made {empty} with ")


def test_what_git_cannot_list_is_told_in_a_sentence(tmp_path: Path) -> None:
    project = tmp_path / "unpacked"
    (project / "registry").mkdir(parents=True)
    (project / "registry/events.yml").touch()
    said = init(tmp_path / "own", project)
    assert said.count("\n") == 1
    assert said.endswith("run this in a clone of the project.\n")
    assert not (tmp_path / "own").exists()


def test_a_new_version_is_merged_as_its_readme_says(tmp_path: Path, own: Path) -> None:
    code, said = shell("git commit -qm first && git branch upstream", own)
    assert code == 0, said
    (own / "seeds/markets.csv").write_text("ours\n", "utf-8")
    shell("git commit -qam ours", own)
    new = tmp_path / "new"
    init(new)
    (new / "models/new.sql").write_text("select 1\n", "utf-8")
    (new / "analyses/change_of_supply_hours.sql").unlink()
    shell("git add --all && git commit -qm 'new version'", new)
    merge = blocks(own / "README.md")[-1].replace(".venv/bin/fleet registry generate\n", "")
    assert "git merge upstream" in merge
    code, said = shell(merge, own)
    assert code == 0, said
    assert (own / "seeds/markets.csv").read_text("utf-8") == "ours\n"
    assert (own / "models/new.sql").exists()
    assert not (own / "analyses/change_of_supply_hours.sql").exists()
    assert shell("git status --porcelain", own) == (0, "")


def test_the_guide_runs_as_it_stands(tmp_path: Path, tools: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(init_as_clone(tmp_path), clone)
    guide = "\n".join(blocks(ROOT / "docs/adopting.md", "bash"))
    code, said = shell(guide, clone, tools, ROBOTS="5")
    assert code == 0, said[-3000:]
    for sentence in (
        "FAILED by ",  # of the demo
        "5 lines: 5 accepted, 0 refused.",
        "COMPLETED by delivery.dropoff_completed",
        "Lines unaccounted for: 0.",
        "| la",
    ):
        assert sentence in said, sentence


@pytest.mark.soak
def test_the_guide_to_own_words_runs_as_it_stands(own: Path, tools: Path) -> None:
    code, said = shell("git commit -qm first", own)
    assert code == 0, said
    code, said = shell(SET_UP + "\n".join(blocks(own / "docs/own-words.md", "bash")), own, tools)
    assert code == 0, said[-3000:]
    assert "15 lines: 15 accepted, 0 refused." in said
    cells = [re.split(r" *\| *", line.strip("| ")) for line in said.splitlines() if "|" in line]
    for row in (
        ["JOB-1", "failed", "robot", "lid_fault", "shown"],
        ["JOB-2", "failed", "robot", "customer_absent", "reported"],
        ["bot-7", "hatch", "7,800"],
        ["bot-7", "broken", "none", "2,399"],
        ["bot-7", "off_shift", "snow", "3,600"],
        ["bot-7", "in_depot", "none", "1,800"],
        ["1", "180"],
        ["2", "30"],
    ):
        assert row in cells, row
    # The cause is longer than dbt shows.
    assert any(row[:3] == ["JOB-3", "cancelled", "customer"] for row in cells)
    assert any(row[1:4] == ["data", "shelf", "1"] for row in cells)


def init_as_clone(folder: Path) -> Path:
    """The project as git keeps it, with what has changed since; a clone has what is committed."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)
    names = done.stdout.split("\0")
    made = folder / "kept"
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, made / name)
    code, said = shell("git init -q && git add -A", made)
    assert code == 0, said
    return made


EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/README.md"))


# tests/python/mapping/test_examples.py runs the same, with one dbt for all.
@pytest.mark.soak
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_command_of_an_example_runs_as_it_stands(
    name: str, tmp_path: Path, own: Path, tools: Path
) -> None:
    if name == "lifts":
        if not DATA.is_dir():
            pytest.skip("the public test data is not beside the project")
        (tmp_path / "shared/data").mkdir(parents=True)
        (tmp_path / "shared/data/lifts").symlink_to(DATA)
    (command,) = blocks(own / "examples" / name / "README.md")
    code, said = shell(SET_UP + command, own, tools)
    assert code == 0, said[-3000:]
    assert "Lines unaccounted for: 0." in said
    assert "Completed successfully" in said
