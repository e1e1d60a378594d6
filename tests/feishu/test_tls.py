"""A server without a valid certificate receives nothing."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
import ssl
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
import pytest
from yarl import URL

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import NotReachableError
from custom_components.feishu_freebusy.feishu.session import session_options
from simulator import Simulator, Tenant

from .hostile import BOT, ORION, failure_of, nothing_left, ok, serving
from .test_stream import listener_of, until

pytestmark = pytest.mark.usefixtures("quick_retries", "socket_enabled")


@dataclass(frozen=True)
class Certificates:
    """A certificate authority for tests, and TLS contexts with its certificates."""

    folder: Path
    name: x509.Name = field(default_factory=lambda: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made up")]))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def server(self, address: str = "127.0.0.1", *, days: int = 1, signed_by_itself: bool = False) -> ssl.SSLContext:
        """Return the context of a server at `address`; its certificate expires in `days`."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(key, key if signed_by_itself else self.key, address, days, ca=False)
        path = self.folder / f"{address}{days}{signed_by_itself}.pem"
        encoding = serialization.Encoding.PEM
        private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(private + certificate.public_bytes(encoding))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def client(self) -> ssl.SSLContext:
        """Return the context of a client that trusts the authority."""
        authority = self._signed(self.key, self.key, "127.0.0.1", 1, ca=True)
        return ssl.create_default_context(cadata=authority.public_bytes(serialization.Encoding.PEM).decode())

    def _signed(
        self,
        key: ec.EllipticCurvePrivateKey,
        by: ec.EllipticCurvePrivateKey,
        address: str,
        days: int,
        *,
        ca: bool,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(self.name if ca else x509.Name([]))
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=9))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=True)
            .add_extension(_usage(ca=ca), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
            .sign(by, hashes.SHA256())
        )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


async def test_a_server_with_a_valid_certificate_is_called(certificates: Certificates) -> None:
    connector = aiohttp.TCPConnector(ssl=certificates.client())
    async with (
        serving(tls=certificates.server()) as server,
        aiohttp.ClientSession(connector=connector, **session_options()) as session,
    ):
        client = FeishuClient(session, "cli_a", "secret-0815", base_url=server.address)

        assert await client.bot() == ORION


@pytest.mark.parametrize(
    "proof",
    [{"days": -1}, {"address": "192.0.2.1"}, {"signed_by_itself": True}],
    ids=["expired", "another address", "self-signed"],
)
async def test_a_server_with_an_invalid_certificate_receives_nothing(
    caplog: pytest.LogCaptureFixture, certificates: Certificates, proof: dict[str, Any]
) -> None:
    connector = aiohttp.TCPConnector(ssl=certificates.client())
    async with (
        serving(tls=certificates.server(**proof)) as server,
        nothing_left(server, caplog, complaints_of_tls=True),
        aiohttp.ClientSession(connector=connector, **session_options()) as session,
    ):
        client = FeishuClient(session, "cli_a", "secret-0815", base_url=server.address)

        failure = await failure_of(client)
        assert type(failure) is NotReachableError
        assert "Certificate" in str(failure)
        assert server.requests == []


async def test_a_server_without_tls_receives_no_secret() -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(65536))
        writer.write(ok(BOT))
        writer.close()

    listening = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with listening, aiohttp.ClientSession(**session_options()) as session:
        address = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        client = FeishuClient(session, "cli_a", "secret-0815", base_url=address)

        assert type(await failure_of(client)) is NotReachableError
    assert heard
    assert b"secret" not in heard
    assert b"cli_a" not in heard


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
    writer.close()


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Pass everything on to a port of this machine."""
    there, back = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def test_calls_and_live_updates_go_through_a_proxy_with_tls(
    certificates: Certificates, simulator: Simulator, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server exists only behind the proxy, which opens a tunnel and cannot read what passes."""
    asked: list[bytes] = []
    port = URL(simulator.base_url).port or 0

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).partition(b" HTTP")[0])
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join(reader, writer, server.sockets[0].getsockname()[1])

    server = await asyncio.start_server(
        lambda reader, writer: _join(reader, writer, port), "127.0.0.1", 0, ssl=certificates.server("10.255.255.1")
    )
    proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    for name in ("no_proxy", "NO_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
    tenant.push.address = "wss://10.255.255.1"
    connector = aiohttp.TCPConnector(ssl=certificates.client())
    async with server, proxy, aiohttp.ClientSession(connector=connector, **session_options()) as session:
        client = FeishuClient(session, tenant.app_id, tenant.app_secret, base_url="https://10.255.255.1")
        assert (await client.bot()).app_name == tenant.app_name

        listener = listener_of(session, tenant, "https://10.255.255.1")
        listener.stream.start()
        await until(lambda: listener.is_connected)
        await listener.stream.stop_and_wait()
    assert set(asked) == {b"CONNECT 10.255.255.1:443"}


@pytest.mark.parametrize("length", [0, 5, 40])
async def test_a_hang_up_during_the_tls_handshake_is_not_reachable(length: int) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write((b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + bytes(64))[:length])
        writer.close()

    listening = await asyncio.start_server(leave, "127.0.0.1", 0)
    async with listening, aiohttp.ClientSession(**session_options()) as session:
        address = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"

        assert (
            type(await failure_of(FeishuClient(session, "cli_a", "secret-0815", base_url=address))) is NotReachableError
        )
