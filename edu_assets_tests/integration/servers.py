"""Real servers on loopback for tests of remote landing places: S3 over HTTP (moto), SFTP over SSH (asyncssh).

Belongs here: servers that count what they are asked, and that fail on purpose. Does not belong here: what the
platform makes of it. Both speak the protocol as a stranger does: the S3 server verifies signatures, the SSH
server has a host key and checks passwords and keys.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

import asyncssh
import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

BUCKET = "exports"
USER = "district"
HALF_BYTES = 30


class Place(Protocol):
    """A landing place with its server. asked: how often what was asked; sent_bytes: of files.

    before_reading is called once, when the next file begins to be read. `breaks` is how many more reads the
    server ends in the middle; `refusals` how many more listings it answers with a fault that passes.
    """

    asked: Counter[str]
    sent_bytes: int
    before_reading: Callable[[], None] | None
    breaks: int
    refusals: int

    @property
    def declaration(self) -> dict[str, Any]: ...

    @property
    def secrets(self) -> dict[str, str]: ...

    def put(self, name: str, content: str) -> None: ...

    def contents(self) -> dict[str, str]: ...

    def close(self) -> None: ...


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Requests are counted, not logged."""


class S3Server:
    """moto behind a socket. Whoever asks must sign with the key of its one user."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.sent_bytes = 0
        self.before_reading: Callable[[], None] | None = None
        self.breaks = 0
        self.refusals = 0
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self._post("/moto-api/reset")
        self._post("/moto-api/reset-auth", b"inf")
        anybody = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
        iam = boto3.client("iam", endpoint_url=self.endpoint, region_name="us-east-1", **anybody)
        iam.create_user(UserName=USER)
        may = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
        iam.put_user_policy(UserName=USER, PolicyName="may", PolicyDocument=may)
        key = iam.create_access_key(UserName=USER)["AccessKey"]
        self.secrets = {"NORTH_S3_KEY": key["AccessKeyId"], "NORTH_S3_SECRET": key["SecretAccessKey"]}
        self._post("/moto-api/reset-auth", b"0")  # from now on every request must be signed
        self._s3 = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )
        self._s3.create_bucket(Bucket=BUCKET)
        self.asked.clear()

    @property
    def declaration(self) -> dict[str, Any]:
        return {
            "url": f"s3://{BUCKET}/north",
            "endpoint_url": self.endpoint,
            "region_name": "us-east-1",
            "secrets": {"key": "NORTH_S3_KEY", "secret": "NORTH_S3_SECRET"},
        }

    def put(self, name: str, content: str) -> None:
        self._s3.put_object(Bucket=BUCKET, Key=f"north/{name}", Body=content.encode())

    def contents(self) -> dict[str, str]:
        listed = self._s3.list_objects_v2(Bucket=BUCKET, Prefix="north/").get("Contents", [])
        return {
            each["Key"].removeprefix("north/"): self._s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"]
            .read()
            .decode()
            for each in listed
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _post(self, path: str, body: bytes = b"") -> None:
        request = Request(self.endpoint + path, data=body, headers={"Content-Type": "text/plain"}, method="POST")
        urlopen(request).close()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "aiobotocore" not in environ.get("HTTP_USER_AGENT", "").lower():
            return self._moto(environ, start_response)
        kind = self._kind(environ)
        self.asked[kind] += 1
        if kind == "list" and self.refusals:
            self.refusals -= 1
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b""]
        if kind != "read":
            return self._moto(environ, start_response)
        return self._read(environ, start_response)

    def _read(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        if self.before_reading:
            self.before_reading, now = None, self.before_reading
            now()
        content = b"".join(self._moto(environ, start_response))
        if self.breaks:
            self.breaks -= 1
            yield content[:HALF_BYTES]
            raise ConnectionAbortedError("on purpose")
        self.sent_bytes += len(content)
        yield content

    @staticmethod
    def _kind(environ: dict[str, Any]) -> str:
        if environ["REQUEST_METHOD"] == "HEAD":
            return "look"
        return "list" if "list-type" in parse_qs(environ.get("QUERY_STRING", "")) else "read"


class SftpServer:
    """asyncssh in a thread of its own: an SSH server with a host key, a user with a password and with a key."""

    def __init__(self, folder: Path) -> None:
        self.asked: Counter[str] = Counter()
        self.sent_bytes = 0
        self.before_reading: Callable[[], None] | None = None
        self.breaks = 0
        self.refusals = 0
        self.secrets = {"SOUTH_SFTP_PASSWORD": "correct-horse-battery"}
        self.root = folder / "root"
        (self.root / "outgoing").mkdir(parents=True)
        self.known_hosts = folder / "known_hosts"
        self.client_key = folder / "id_ed25519"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.authorized: asyncssh.SSHKey | None = None
        self._open()
        self.trust(self._host_key)

    def _open(self) -> None:
        async def listen() -> asyncssh.SSHAcceptor:
            return await asyncssh.listen(
                "127.0.0.1",
                0,
                server_host_keys=[self._host_key],
                server_factory=lambda: _Door(self),
                sftp_factory=lambda channel: _Files(self, channel),
                allow_scp=False,
            )

        self._acceptor = asyncio.run_coroutine_threadsafe(listen(), self._loop).result()
        self.port = self._acceptor.get_port()

    def close(self) -> None:
        async def stop() -> None:
            self._acceptor.close()
            for connection in self.connections:
                connection.abort()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def trust(self, *keys: asyncssh.SSHKey) -> None:
        """Write known_hosts."""
        lines = [f"[127.0.0.1]:{self.port} {key.export_public_key().decode()}" for key in keys]
        self.known_hosts.write_text("".join(lines), encoding="utf-8")

    def let_in_by_key(self, passphrase: str) -> None:
        """Write a key with which the user may log in."""
        self.authorized = asyncssh.generate_private_key("ssh-ed25519")
        self.authorized.write_private_key(self.client_key, passphrase=passphrase)

    @property
    def declaration(self) -> dict[str, Any]:
        return {
            "url": f"sftp://{USER}@127.0.0.1:{self.port}/outgoing",
            "known_hosts": str(self.known_hosts),
            "secrets": {"password": "SOUTH_SFTP_PASSWORD"},
        }

    def put(self, name: str, content: str) -> None:
        path = self.root / "outgoing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def contents(self) -> dict[str, str]:
        folder = self.root / "outgoing"
        return {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in folder.rglob("*")
            if path.is_file()
        }


class _Door(asyncssh.SSHServer):
    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server.connections.append(conn)

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        self._server.asked["login"] += 1
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, self._server.secrets["SOUTH_SFTP_PASSWORD"])

    def public_key_auth_supported(self) -> bool:
        return self._server.authorized is not None

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = self._server.authorized
        return known is not None and (username, key.public_data) == (USER, known.public_data)


class _Files(asyncssh.SFTPServer):
    def __init__(self, server: SftpServer, channel: asyncssh.SSHServerChannel) -> None:
        super().__init__(channel, chroot=str(server.root).encode())
        self._server = server
        self._connection = channel.get_connection()

    def scandir(self, path: bytes) -> Any:
        self._server.asked["list"] += 1
        if self._server.refusals:
            self._server.refusals -= 1
            self._connection.abort()
        return super().scandir(path)

    def stat(self, path: bytes) -> Any:
        self._server.asked["look"] += 1
        return super().stat(path)

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        self._server.asked["read"] += 1
        if self._server.before_reading:
            self._server.before_reading, now = None, self._server.before_reading
            now()
        return super().open(path, pflags, attrs)

    def read(self, file_obj: Any, offset: int, size: int) -> bytes:
        if self._server.breaks:
            self._server.breaks -= 1
            self._connection.abort()
            return super().read(file_obj, offset, HALF_BYTES)
        content = super().read(file_obj, offset, size)
        self._server.sent_bytes += len(content)
        return content
