"""What a service gets with `pip install fleet-events`: the logger, its types, and nothing else."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
IDS = '"delivery_id": "D-99", "order_id": "O-12", "robot_id": "R-42", "merchant_id": "M-7"'
HEAD = """\
from fleet_events import Events, get_logger
from fleet_events.events import DeliveryPickupCompleted

logger = get_logger(service="robot-agent")
"""
CALL = "logger.event(Events.DELIVERY_PICKUP_COMPLETED, {{{}, {}}})\n"
PAYLOAD = "payload: DeliveryPickupCompleted = {{{}, {}}}\n"
RIGHT, WRONG = '"wait_s": 84.2', '"wait_z": 84.2'


class Service:
    """A bare environment with the wheel and what it needs; commands run outside of the project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "env/bin/python"

    @property
    def site_packages(self) -> Path:
        (found,) = (self.folder / "env/lib").glob("python*/site-packages")
        return found

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        # The tests' own paths must not reach it.
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PYTHONPATH", "MYPYPATH", "VIRTUAL_ENV")
        }
        return subprocess.run(
            words, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    service = Service(tmp_path_factory.mktemp("service"))
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    built = service.run(
        *(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index"),
        *("--wheel-dir", service.folder / "wheels", PROJECT / "clients/python"),
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = (service.folder / "wheels").glob("*.whl")
    venv.create(service.folder / "env", symlinks=True)
    # All that the wheel may need, copied so that no network is needed; pip finds no other package.
    _copy_installed("msgspec", service.site_packages)
    installed = service.run(
        *(*pip, "--python", service.python, "install", "--no-index", str(wheel))
    )
    assert installed.returncode == 0, installed.stderr
    return service


def _copy_installed(name: str, site_packages: Path) -> None:
    distribution = importlib.metadata.distribution(name)
    for file in distribution.files or ():
        if ".." not in file.parts:
            target = site_packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(distribution.locate_file(file)), target)


def test_it_logs_an_event(service: Service) -> None:
    (service.folder / "log.py").write_text(HEAD + CALL.format(IDS, RIGHT), "utf-8")
    done = service.run(service.python, "log.py")
    assert (done.returncode, done.stderr) == (0, "")
    line = json.loads(done.stdout)
    assert line["evt"] == {"name": "delivery.pickup_completed", "version": 1, "valid": True}
    assert line["data"] == {"wait_s": 84.2}


def test_it_brings_no_command_no_plugin_and_no_other_package(service: Service) -> None:
    assert {path.name for path in service.site_packages.iterdir() if path.suffix == ""} == {
        "fleet_events",
        "msgspec",
    }
    (about,) = service.site_packages.glob("fleet_events-*.dist-info")
    assert not (about / "entry_points.txt").exists()
    commands = {path.name for path in service.python.parent.iterdir()}
    assert not commands & {"fleet", "fleet-events"}


def test_it_says_that_it_has_types(service: Service) -> None:
    assert (service.site_packages / "fleet_events/py.typed").is_file()


CHECKERS = {
    "mypy": ("mypy", "--strict", "--config-file=", "--cache-dir=cache", "--python-executable"),
    "pyright": ("pyright", "--pythonpath"),
}


@pytest.mark.parametrize("checker", CHECKERS.values(), ids=CHECKERS)
def test_a_wrong_call_is_a_type_error_and_a_right_one_is_not(
    service: Service, checker: tuple[str, ...]
) -> None:
    for name, data in (("right", RIGHT), ("wrong", WRONG)):
        code = HEAD + CALL.format(IDS, data) + PAYLOAD.format(IDS, data)
        (service.folder / f"{name}.py").write_text(code, "utf-8")

    def check(name: str) -> subprocess.CompletedProcess[str]:
        return service.run(sys.executable, "-m", *checker, service.python, f"{name}.py")

    right, wrong = check("right"), check("wrong")

    assert right.returncode == 0, right.stdout
    assert wrong.returncode == 1, wrong.stdout + wrong.stderr
    call, payload = HEAD.count("\n") + 1, HEAD.count("\n") + 2
    for line in (call, payload):
        assert f"wrong.py:{line}:" in wrong.stdout
    assert "wait_z" in wrong.stdout
