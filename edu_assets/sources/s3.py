"""An S3 bucket, or a prefix of one, as a place where files lie.

Belongs here: what s3fs is told, and what its errors mean. Does not belong here: what every remote place does
(places.py).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import aiohttp
from botocore import exceptions as boto
from s3fs import S3FileSystem
from s3fs.utils import FileExpired

from edu_assets.landing import S3Landing
from edu_assets.settings import Settings
from edu_assets.sources.places import PlaceUnusable, RemotePlace, secret_of

REFUSED = frozenset(
    (
        "403",
        "AccessDenied",
        "ExpiredToken",
        "Forbidden",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    )
)
PASSING = frozenset(
    ("500", "502", "503", "504", "InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown", "Throttling")
)
PASSING_FAULTS = (boto.ConnectionError, boto.HTTPClientError, aiohttp.ClientError, TimeoutError, FileExpired)
ATTEMPTS = 2
"""Of s3fs, for one call; places.py repeats the whole question."""


class S3Place(RemotePlace):
    """Lists by prefix: one call for a thousand files, whatever their folders."""

    # OSError: what s3fs makes of an answer that is an error
    faults = (boto.BotoCoreError, boto.ClientError, aiohttp.ClientError, OSError)
    reading = MappingProxyType({"cache_type": "readahead", "block_size": 8 << 20})

    def __init__(self, settings: Settings, declared: S3Landing) -> None:
        super().__init__(declared.url)
        self._settings = settings
        self._declared = declared
        self._where = f"{declared.url} at {declared.endpoint_url}" if declared.endpoint_url else declared.url

    def connect(self) -> S3FileSystem:
        declared, secrets = self._declared, self._declared.secrets
        connection = S3FileSystem(
            anon=declared.anon,
            endpoint_url=declared.endpoint_url,
            key=secret_of(self._settings, secrets.key) if secrets else None,
            secret=secret_of(self._settings, secrets.secret) if secrets else None,
            token=secret_of(self._settings, secrets.token) if secrets else None,
            client_kwargs={"region_name": declared.region_name} if declared.region_name else {},
            # what the environment names would go round the network file, and round its demand for TLS
            config_kwargs={"ignore_configured_endpoint_urls": True, "retries": {"total_max_attempts": 1}},
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        connection.retries = ATTEMPTS
        return connection

    def listed(self, connection: S3FileSystem) -> dict[str, dict[str, Any]]:
        found = connection.find(self.path_of(self.address), detail=True)
        return {f"s3://{name}": info for name, info in found.items() if info["type"] == "file" and name[-1] != "/"}

    def path_of(self, address: str) -> str:
        return address.removeprefix("s3://")

    def explain(self, error: Exception) -> PlaceUnusable:
        cause = error.__cause__ if isinstance(error.__cause__, boto.ClientError) else error
        code = cause.response.get("Error", {}).get("Code", "") if isinstance(cause, boto.ClientError) else ""
        kind = code or type(error).__name__
        if code == "NoSuchBucket" or isinstance(error, FileNotFoundError):
            return PlaceUnusable(
                f"no such bucket: {self._where}; correct `landing` in the network file, or have the bucket made"
            )
        if code in REFUSED or isinstance(error, PermissionError):
            return PlaceUnusable(
                f"{self._where} refuses access ({kind}): {self._credentials()}, and that they may list the bucket "
                "and read its files"
            )
        if isinstance(error, (boto.NoCredentialsError, boto.PartialCredentialsError)):
            return PlaceUnusable(f"there are no credentials for {self._where}: {self._credentials()}")
        if isinstance(error, boto.SSLError):
            return PlaceUnusable(
                f"the certificate of {self._where} is not trusted: have it renewed, or name its authority's "
                "file in AWS_CA_BUNDLE"
            )
        if code in PASSING or isinstance(error, PASSING_FAULTS):
            return PlaceUnusable(
                f"{self._where} does not answer ({kind}): check the network and `endpoint_url`; it is asked again",
                transient=True,
            )
        return PlaceUnusable(f"{self._where} cannot be read ({kind}): check `landing` in the network file")

    def _credentials(self) -> str:
        secrets = self._declared.secrets
        if secrets is None:
            return "check the machine's AWS identity, or name variables with a key and its secret under `secrets`"
        return f"check what the environment variables {secrets.key} and {secrets.secret} hold"
