"""The `fleet` command. It only finds its subcommands; each lives beside the code it runs."""

from __future__ import annotations

import importlib

import click

# Imported when asked for, so that one command does not pay for the libraries of another.
COMMANDS = {
    "pipeline": "fleet_events.pipeline:pipeline",
    "registry": "fleet_events.registry.command:registry",
    "score": "fleet_events.scoring:score",
    "session": "fleet_events.session:session",
    "sigma": "fleet_events.sigma.command:sigma",
    "simulate": "fleet_events.simulator.command:simulate",
}


class LazyGroup(click.Group):
    """Group that imports a subcommand when it is called or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        try:
            command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            if error.name and module.startswith(error.name):
                return None
            raise click.ClickException(
                f"`fleet {cmd_name}` needs the package {error.name}: install the project's "
                "requirements again."
            ) from error
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup)
@click.version_option(package_name="fleet-events", message="%(version)s")
def main() -> None:
    """Typed delivery events: the registry, a simulated fleet, single sessions and the Sigma kit."""


if __name__ == "__main__":
    main()
