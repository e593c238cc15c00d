"""Everything that edu_assets reads from the environment, read once.

Belongs here: names, defaults and meaning of environment variables, the folders derived from them, and setting others
for a library that reads its own. Does not belong here: what a network is (network.py), how a server is started
(warehouse/).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from edu_assets.network import Network, load_network
from edu_assets.school_calendar import DeclarationError

PROJECT = Path(__file__).resolve().parent.parent

BROKER = "EDU_BROKER"


@contextmanager
def environment_with(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables of this process for a while, or unset them (None); afterwards they are what they were."""

    def put(values: Mapping[str, str | None]) -> None:
        for name, value in values.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    before = {name: os.environ.get(name) for name in variables}
    put(variables)
    try:
        yield
    finally:
        put(before)


class Settings(BaseSettings):
    """The environment. libpq's own names select a PostgreSQL server; without PGHOST the embedded one runs."""

    model_config = SettingsConfigDict(env_prefix="", extra="ignore", frozen=True)

    network_file: Path = Field(default=PROJECT / "networks/sample.yaml", validation_alias="EDU_NETWORK")
    home: Path = Field(default=PROJECT / ".edu", validation_alias="EDU_HOME")
    pghost: str | None = None
    pgport: int = 5432
    pgdatabase: str | None = None
    pguser: str | None = None
    pgpassword: SecretStr | None = None
    pgsslmode: str | None = None
    pg_fsync: bool = Field(default=True, validation_alias="EDU_PG_FSYNC")
    broker: SecretStr | None = Field(default=None, validation_alias=BROKER)
    """Redis, through which steps of runs go to workers (`edu worker`); without it a run executes its own."""

    alert_addresses: SecretStr | None = Field(default=None, validation_alias="EDU_ALERTS")
    """Whom incidents are told: addresses as Apprise writes them, with blanks between."""

    @property
    def alerts(self) -> list[SecretStr]:
        said = self.alert_addresses.get_secret_value() if self.alert_addresses else ""
        return [SecretStr(address) for address in said.split()]

    @cached_property
    def network(self) -> Network:
        return load_network(self.network_file)

    @property
    def network_home(self) -> Path:
        """What this network keeps outside PostgreSQL: landing zone, archive, Dagster home, dbt target."""
        return self.home / self.network.name

    @property
    def landing(self) -> Path:
        return self.network_home / "landing"

    @property
    def archive(self) -> Path:
        return self.network_home / "archive"

    @property
    def dagster_home(self) -> Path:
        return self.network_home / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.network_home / "dbt_target"

    def landing_of(self, feed: str) -> Path:
        """The folder in which a feed's files arrive. Raises DeclarationError where they arrive elsewhere."""
        declared = self.network.feeds[feed].folder
        if declared is None:
            raise DeclarationError(f"files of feed {feed} arrive at a remote place, not in a folder")
        base = PROJECT if declared.startswith(".") else self.landing
        return (base / declared).resolve()

    def secret(self, variable: str) -> SecretStr | None:
        """A secret whose variable the network file names; None where it is not set."""
        value = os.environ.get(variable)
        return SecretStr(value) if value else None

    def beside_network_file(self, path: Path) -> Path:
        """A path of the network file: relative to that file, `~` is the home folder."""
        return (self.network_file.parent / path.expanduser()).resolve()
