"""`fleet vector`: the log pipeline's configuration, made for one environment."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import click
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from fleet.errors import FleetError
from fleet.project import find_project_dir
from fleet.yaml_files import read_model

VECTOR = "pipeline/vector"

# Vector's `address` takes no names.
Address = Annotated[str, StringConstraints(pattern=r"^\d{1,3}(\.\d{1,3}){3}:\d{1,5}$")]

# No quote, blank or $ can get from a setting into the YAML.
Plain = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/][A-Za-z0-9_./:-]*$")]


class Settings(BaseModel):
    """What differs between the environments; one file in pipeline/vector/environments/ each.

    Attributes:
        region: AWS region of bucket, key and secret.
        bucket: bucket of the event lake.
        kms_key_arn: key that its objects are encrypted with.
        secret_id: secret in AWS Secrets Manager, a JSON object with the keys `datadog_api_key` and
            `robot_gateway_password`.
        datadog_site: Datadog site, such as datadoghq.eu.
        services_address: where Agents send, IP address and port. One that other machines reach,
            such as 0.0.0.0:8282, has TLS, but Vector cannot ask an Agent who it is.
        data_dir: folder of Vector's disk buffers.
        tls_certificate: certificate file of the ports that other machines reach.
        tls_key: its private key file.
        batch_mb: size at which an object is written, before compression, in MB.
        batch_seconds: age at which it is written at the latest, in seconds.
        lake_buffer_gb: disk for lines on their way to S3, in GB, for each of the two sinks.
        datadog_buffer_gb: disk for lines on their way to Datadog, in GB.
        mapping: mapping of mappings/ by which lines that are no events become some.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    region: Plain
    bucket: Plain
    kms_key_arn: Plain
    secret_id: Plain
    datadog_site: Plain
    services_address: Address = "127.0.0.1:8282"
    data_dir: Plain = "/var/lib/vector"
    tls_certificate: Plain = "/etc/vector/tls/tls.crt"
    tls_key: Plain = "/etc/vector/tls/tls.key"
    batch_mb: Annotated[int, Field(ge=1, le=256)] = 64
    batch_seconds: Annotated[int, Field(ge=1, le=900)] = 60
    # Vector refuses disk buffers below 256 MiB.
    lake_buffer_gb: Annotated[int, Field(ge=1, le=500)] = 10
    datadog_buffer_gb: Annotated[int, Field(ge=1, le=500)] = 2
    mapping: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] | None = None


def render_vector(project_dir: Path, environment: str) -> str:
    """Vector's configuration for an environment, as YAML, programs included.

    Raises:
        FleetError: there is no such environment, or its settings do not fit.
    """
    settings = load_settings(project_dir, environment)
    folder = project_dir / VECTOR
    jinja = Environment(
        loader=FileSystemLoader(folder),
        # `{{ field }}` and strftime's `%` are Vector's own.
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )

    def program(name: str) -> str:
        try:
            text = (folder / "programs" / name).read_text("utf-8")
        except FileNotFoundError:
            raise FleetError(
                f"There is no {VECTOR}/programs/{name}: correct `mapping` of the environment "
                f"{environment}, or run `fleet registry generate`."
            ) from None
        return textwrap.indent(text, " " * 6).strip()

    return jinja.get_template("vector.yaml.j2").render(
        settings.model_dump(),
        services_are_local=settings.services_address.startswith("127."),
        environment=environment,
        program=program,
    )


def load_settings(project_dir: Path, environment: str) -> Settings:
    """Read `pipeline/vector/environments/<environment>.yml`.

    Raises:
        FleetError: there is no such file, or it does not fit.
    """
    folder = project_dir / VECTOR / "environments"
    known = sorted(path.stem for path in folder.glob("*.yml"))
    if environment not in known:
        raise FleetError(
            f"There is no environment {environment}: choose one of {', '.join(known)}, or add "
            f"{VECTOR}/environments/{environment}.yml."
        )
    file = f"{VECTOR}/environments/{environment}.yml"
    return read_model(Settings, project_dir / file, file)


@click.group()
def vector() -> None:
    """Make the configuration of the log pipeline."""


@vector.command()
@click.argument("environment")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write.  [default: standard output]",
)
def render(environment: str, out: Path | None) -> None:
    """Print Vector's configuration for an environment, one file that needs no others."""
    text = render_vector(find_project_dir(), environment)
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise FleetError(
            f"{out} cannot be written ({error.strerror}): choose another --out."
        ) from None
