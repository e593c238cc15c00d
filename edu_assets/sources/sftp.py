"""A folder of an SFTP server as a place where files lie.

Belongs here: what asyncssh is told, and what its errors mean. Does not belong here: what every remote place
does (places.py).

asyncssh, through sshfs, and not paramiko: fsspec's own `sftp` goes through paramiko and trusts every host key
it has not seen yet; both libraries are maintained and under a weak copyleft licence.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

import asyncssh
from sshfs import SSHFileSystem

from edu_assets.landing import SftpLanding
from edu_assets.settings import Settings
from edu_assets.sources.places import PlaceUnusable, RemotePlace, secret_of

SSH_PORT = 22
CONNECT_SECONDS = 5
LOGIN_SECONDS = 15
KEEPALIVE_SECONDS = 5


class SftpPlace(RemotePlace):
    """Lists folder by folder: SFTP has no call that goes down, so it is one call a folder."""

    faults = (asyncssh.Error, OSError)

    def __init__(self, settings: Settings, declared: SftpLanding) -> None:
        super().__init__(declared.url)
        self._settings = settings
        self._declared = declared
        parts = declared.parts
        self._host, self._port = str(parts.hostname), parts.port or SSH_PORT
        self._root = parts.path
        self._known_hosts = settings.beside_network_file(declared.known_hosts)

    def connect(self) -> SSHFileSystem:
        if not self._known_hosts.is_file():
            raise PlaceUnusable(f"there is no file {self._known_hosts}, which should hold the key of {self._host}")
        secrets = self._declared.secrets
        connection = SSHFileSystem(
            self._host,
            port=self._port,
            username=unquote(str(self._declared.parts.username)),
            password=secret_of(self._settings, secrets.password),
            client_keys=self._keys() or None,
            known_hosts=str(self._known_hosts),
            # nothing that is not declared: no ~/.ssh/config, no agent
            config=None,
            agent_path=None,
            connect_timeout=CONNECT_SECONDS,
            login_timeout=LOGIN_SECONDS,
            keepalive_interval=KEEPALIVE_SECONDS,
            skip_instance_cache=True,
        )
        connection.loop.set_exception_handler(_told_already)
        return connection

    def _keys(self) -> list[asyncssh.SSHKey]:
        passphrase = secret_of(self._settings, self._declared.secrets.passphrase)
        paths = [self._settings.beside_network_file(path) for path in self._declared.client_keys]
        try:
            return [asyncssh.read_private_key(path, passphrase) for path in paths]
        except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
            unreadable = PlaceUnusable(
                f"a key of {self.address} cannot be read ({', '.join(map(str, paths))}): it must be a private key "
                "in OpenSSH's format, and its `passphrase` declared where it has one"
            )
        raise unreadable

    def listed(self, connection: SSHFileSystem) -> dict[str, dict[str, Any]]:
        found = {}
        folders = [(self._root or "/", self.address)]
        while folders:
            folder, address = folders.pop()
            for info in connection.ls(folder, detail=True):
                name = info["name"].rsplit("/", 1)[-1]
                if info["type"] == "directory" and not name.startswith("."):
                    folders.append((info["name"], f"{address}/{name}"))
                elif info["type"] == "link":
                    info = _target(connection, info["name"])
                if info["type"] == "file":
                    found[f"{address}/{name}"] = info
        return found

    def path_of(self, address: str) -> str:
        return self._root + address.removeprefix(self.address)

    def explain(self, error: Exception) -> PlaceUnusable:
        where, kind = self.address, type(error).__name__
        if isinstance(error, asyncssh.HostKeyNotVerifiable) or (
            isinstance(error, asyncssh.KeyExchangeFailed) and "host key" in str(error)
        ):
            return self._untrusted()
        if isinstance(error, (asyncssh.PermissionDenied, PermissionError)):
            return PlaceUnusable(f"{where} refuses the log-in: {self._credentials()}")
        if isinstance(error, asyncssh.SFTPPermissionDenied):
            return PlaceUnusable(f"{where} refuses to be read: ask its operator for the right to list and read it")
        if isinstance(error, (FileNotFoundError, asyncssh.SFTPNoSuchPath)):
            return PlaceUnusable(f"no such folder: {where}; correct `landing` in the network file, or have it made")
        if isinstance(error, (asyncssh.ProtocolNotSupported, asyncssh.KeyExchangeFailed)):
            return PlaceUnusable(f"{where} and this machine have no common way to encrypt ({kind}): ask its operator")
        return PlaceUnusable(
            f"{where} does not answer ({kind}): check the network, the host and the port; it is asked again",
            transient=True,
        )

    def _untrusted(self) -> PlaceUnusable:
        known = any(asyncssh.match_known_hosts(str(self._known_hosts), self._host, "", self._port)[:2])
        told = (
            f"the host key of {self.address} is not the one in {self._known_hosts}: it may be another machine that "
            "answers. Ask its operator whether the key was changed, and replace the line only then"
            if known
            else f"the host key of {self.address} is not known: ask its operator for the fingerprint, compare it with "
            f"`ssh-keyscan -p {self._port} {self._host} | ssh-keygen -lf -`, and add the scanned line to "
            f"{self._known_hosts}"
        )
        return PlaceUnusable(told)

    def _credentials(self) -> str:
        password = self._declared.secrets.password
        ways = [f"what the environment variable {password} holds"] if password else []
        ways += [f"that the server knows the key {path}" for path in self._declared.client_keys]
        return f"check the user name, and {' or '.join(ways)}"


def _told_already(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """asyncssh reads ahead: when a connection goes, one read raises, and the others would be printed with traces."""
    if not isinstance(context.get("exception"), asyncssh.Error):
        loop.default_exception_handler(context)


def _target(connection: SSHFileSystem, path: str) -> dict[str, Any]:
    """What a link leads to; one that leads nowhere is no file."""
    try:
        return connection.info(path)
    except FileNotFoundError:
        return {"type": "nothing"}
