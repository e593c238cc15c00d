"""Landing places that are not folders, as the network file declares them: S3 buckets and SFTP servers.

Belongs here: what can be said of a remote place, and what is refused at once: a secret in the file, a
connection that is not encrypted or whose host is not known. Does not belong here: talking to it
(sources/s3.py, sources/sftp.py).

The names are fsspec's own. A secret is never written here, but the name of the environment variable that
holds it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from edu_assets.hosts import is_loopback

SCHEME = "://"

# The underscore keeps a pasted access key from passing for the name of a variable.
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$")]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _RemoteLanding(_Declared):
    """A place with an address. A bare URL in the file is its short form."""

    protocol: ClassVar[str]
    url: str

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, declared: Any) -> Any:
        return {"url": declared} if isinstance(declared, str) else declared

    @field_validator("url")
    @classmethod
    def _is_an_address_without_a_secret(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.password is not None:
            raise ValueError("a password does not belong in the URL: name its environment variable under `secrets`")
        if parts.query or parts.fragment or not parts.hostname:
            raise ValueError(f"write the URL as {cls.protocol}://<host or bucket>/<folder>")
        return url.rstrip("/")

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.url)


class S3Secrets(_Declared):
    """The environment variables that hold an access key, its secret and, if there is one, a session token."""

    key: VariableName
    secret: VariableName
    token: VariableName | None = None


class S3Landing(_RemoteLanding):
    """A bucket or a prefix of one, `s3://bucket/prefix`.

    Without `secrets` the machine's own AWS identity is used (instance or task role, profile); `anon`: a
    public bucket. `endpoint_url`: another S3 than AWS; https, unless it is on this machine.
    """

    protocol: ClassVar[str] = "s3"
    endpoint_url: str | None = None
    region_name: str | None = None
    anon: bool = False
    secrets: S3Secrets | None = None

    @field_validator("url")
    @classmethod
    def _names_a_bucket_alone(cls, url: str) -> str:
        if "@" in urlsplit(url).netloc or ":" in urlsplit(url).netloc:
            raise ValueError(
                "write the URL as s3://<bucket>/<prefix>; keys belong under `secrets`, a host under `endpoint_url`"
            )
        return url

    @field_validator("endpoint_url")
    @classmethod
    def _is_encrypted(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError("write the endpoint as https://<host>, without user or password")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("an endpoint on another machine must be https: files hold personal data")
        return url


class SftpSecrets(_Declared):
    """The environment variables that hold the user's password, or the passphrase of `client_keys`."""

    password: VariableName | None = None
    passphrase: VariableName | None = None


class SftpLanding(_RemoteLanding):
    """A folder of an SFTP server, `sftp://user@host/folder`; the folder counts from the server's root.

    `known_hosts`: a file in OpenSSH's format with the host's key; no other host is talked to. `client_keys`:
    private keys to log in with. Paths are relative to the network file.
    """

    protocol: ClassVar[str] = "sftp"
    known_hosts: Path
    client_keys: tuple[Path, ...] = ()
    secrets: SftpSecrets = SftpSecrets()

    @model_validator(mode="after")
    def _can_log_in(self) -> SftpLanding:
        if not self.parts.username:
            raise ValueError("name the user in the URL: sftp://user@host/folder")
        if not self.client_keys and self.secrets.password is None:
            raise ValueError("say how to log in: `client_keys`, or a `password` under `secrets`")
        return self


def is_url(landing: str) -> bool:
    return SCHEME in landing


def _kind(declared: Any) -> str | None:
    """Which of the three a declaration is, by the scheme of its URL."""
    if isinstance(declared, _RemoteLanding):
        return declared.protocol
    url = declared.get("url") if isinstance(declared, dict) else declared
    if not isinstance(url, str):
        return None
    scheme = url.split(SCHEME, 1)[0] if is_url(url) else None
    if isinstance(declared, str) and scheme is None:
        return "folder"
    return scheme if scheme in (S3Landing.protocol, SftpLanding.protocol) else None


Landing = Annotated[
    Annotated[str, Tag("folder")] | Annotated[S3Landing, Tag("s3")] | Annotated[SftpLanding, Tag("sftp")],
    Discriminator(
        _kind,
        custom_error_type="landing",
        custom_error_message="is a folder, or an address that starts with s3:// or sftp://",
    ),
]
