"""The `fleet` command. It only finds its subcommands; each lives beside the code it runs."""

from __future__ import annotations

import importlib
import io
import sys

import click

from fleet.errors import FleetError

# Imported when asked for, so that one command does not pay for the libraries of another.
COMMANDS = {
    "audit": "fleet.warehouse.audit:audit",
    "check": "fleet.mapping.command:check_lines",
    "erase": "fleet.warehouse.erase:erase",
    "follow": "fleet.warehouse.follow:follow",
    "import": "fleet.mapping.command:import_logs",
    "init": "fleet.new_repository.command:init",
    "mapping": "fleet.mapping.command:mapping",
    "registry": "fleet.registry.command:registry",
    "retention": "fleet.warehouse.retention:retention",
    "score": "fleet.simulator.score:score",
    "session": "fleet.session:session",
    "sigma": "fleet.sigma.command:sigma",
    "simulate": "fleet.simulator.command:simulate",
    "vector": "fleet.vector.command:vector",
    "why": "fleet.session:why",
}

# What pip installs for a command, where it is not the extra `warehouse`.
EXTRAS = {"check": "import", "import": "import", "mapping": "import"}


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
            package = (error.name or "").partition(".")[0]
            raise FleetError(
                f"`fleet {cmd_name}` needs the package {package}: install it with "
                f"pip install 'fleet-analytics[{EXTRAS.get(cmd_name, 'warehouse')}]'."
            ) from error
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List each subcommand, also those whose libraries are not installed."""
        rows = []
        for name in self.list_commands(ctx):
            try:
                command = self.get_command(ctx, name)
                rows.append((name, command.get_short_help_str(80) if command else ""))
            except FleetError as error:
                rows.append((name, error.message))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=LazyGroup)
@click.version_option(package_name="fleet-analytics", message="%(version)s")
def main() -> None:
    """Typed delivery events: registry, other logs, a simulated fleet, sessions, the Sigma kit."""
    # A terminal that has no → shows ? there; the command goes on.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")


if __name__ == "__main__":
    main()
