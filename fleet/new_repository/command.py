"""Makes a repository of one's own: what runs of this project, without what only its makers need."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path, PurePosixPath

import click

from fleet.errors import FleetError
from fleet.project import find_project_dir
from fleet.yaml_files import read_yaml

TEMPLATE = Path(__file__).parent / "template"

OF_THE_MAKERS = (
    ".ci",
    ".github",
    ".pre-commit-config.yaml",
    "CONTRIBUTING.md",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "benchmarks",
    "clients/typescript/test",
    "requirements-dev.lock",
    "tests/golden",
    "tests/python",
)
"""Files and folders that a repository of one's own does not have, or has its own of."""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a repository of your own in DIR, which must not exist yet or be empty.

    It has the registry, the models, the pipeline and the `fleet` command, a README and a CI of its
    own, and nothing that only the makers of this project need.
    """
    project_dir = find_project_dir()
    folder = folder.resolve()
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise FleetError(f"{folder} is there already: name a folder that is not, or an empty one.")
    if folder.is_relative_to(project_dir):
        raise FleetError(f"{folder} is within this project: name a folder outside of it.")
    names = _files_of(project_dir)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
        try:
            _fill(half, project_dir, names, folder.name)
            _git(half, "init", "--quiet", "--initial-branch=main")
            _git(half, "add", "--all")
            half.chmod(0o755)
            half.replace(folder)
        except BaseException:
            shutil.rmtree(half, ignore_errors=True)
            raise
    except OSError as error:
        raise FleetError(
            f"{error.filename or folder} cannot be written ({error.strerror or error}): "
            "choose another folder."
        ) from error
    click.echo(f"Made {folder} with {len(names):,} files of this project. What next:")
    click.echo(f"  cd {folder}")
    click.echo('  git commit -m "Delivery Sessions as it came" && git branch upstream')
    click.echo("  make demo")
    click.echo("Then docs/adopting.md.")


def _files_of(project_dir: Path) -> list[str]:
    """What git keeps of the project and a repository of one's own has too, as paths with /."""
    listed = _git(project_dir, "ls-files", "-z").split("\0")
    left_out = {PurePosixPath(name) for name in OF_THE_MAKERS}
    return [
        name
        for name in listed
        if name
        and not left_out & {PurePosixPath(name), *PurePosixPath(name).parents}
        and (project_dir / name).is_file()
    ]


def _git(folder: Path, *words: str) -> str:
    try:
        return subprocess.run(
            ["git", *words], cwd=folder, check=True, capture_output=True, text=True
        ).stdout
    except FileNotFoundError:
        raise FleetError("`fleet init` needs git: install it and run this again.") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().removeprefix("fatal: ")
        raise FleetError(
            f"git {words[0]} in {folder} failed ({said}): run this in a clone of the project."
        ) from None


def _fill(target: Path, project_dir: Path, names: list[str], name: str) -> None:
    for path in names:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project_dir / path, target / path)
    version = str(read_yaml(project_dir / "dbt_project.yml")["version"])
    readme = (TEMPLATE / "README.txt").read_text("utf-8")
    readme = readme.replace("<name>", name).replace("<version>", version)
    (target / "README.md").write_text(readme, "utf-8")
    shutil.copyfile(TEMPLATE / "Makefile", target / "Makefile")
    workflows = target / ".github/workflows"
    workflows.mkdir(parents=True)
    shutil.copyfile(TEMPLATE / "ci.yml", workflows / "ci.yml")
