"""A certificate that this machine signs for itself, for https in one's own network."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.errors import OutputError
from edgekit.extras import require
from edgekit.files import atomic_write, cache_directory, output_error
from edgekit.web.network import own_names

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

_DAYS = 90
"""Safari and iOS refuse those that are valid for more than 825 days."""

_RENEW_DAYS = 7
"""Before the end of the old one."""

_CERTIFICATE, _KEY = "certificate.pem", "key.pem"


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key.

    Attributes:
        context: for a server.
        fingerprint: SHA-256 of the certificate as browsers show it: pairs of hexadecimal digits with colons.
        until: when it ends, in UTC.
    """

    context: ssl.SSLContext
    fingerprint: str
    until: datetime.datetime


def own_certificate(addresses: Sequence[str], folder: Path | None = None) -> Certificate:
    """The certificate of this machine: the one of last time where it still holds, so that browsers know it again.

    Args:
        addresses: IPv4 addresses that it is to hold for, beside this machine's names.
        folder: where it is kept; by default ``https`` in EdgeKit's cache. The key is readable by its owner only.

    Raises:
        MissingExtraError: the package that makes it is not installed.
        OutputError: it cannot be kept.
    """
    require("A certificate for https", "cryptography", "browser")
    try:
        folder = cache_directory() / "https" if folder is None else folder
        wanted = _names(addresses)
        found = _kept(folder, wanted)
        if found is None:
            _make(folder, wanted)
            found = _kept(folder, wanted)
    except OSError as error:
        raise output_error(folder or Path("the cache"), error) from error
    if found is None:
        raise OutputError(f"The certificate in {folder} cannot be read back. Remove that folder and try again.")
    return found


def _names(addresses: Sequence[str]) -> frozenset[str]:
    return frozenset({"localhost", "127.0.0.1", *addresses, *filter(_may_be_in_one, own_names())})


def _may_be_in_one(name: str) -> bool:
    return name.isascii() and name.replace("-", "").replace(".", "").isalnum()


def _kept(folder: Path, wanted: frozenset[str]) -> Certificate | None:
    """The one of last time; ``None`` where there is none, or it is damaged, too old, or for other addresses."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        certificate = x509.load_pem_x509_certificate((folder / _CERTIFICATE).read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(folder / _CERTIFICATE, folder / _KEY)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return None
    ends = certificate.not_valid_after_utc
    if ends < _now() + datetime.timedelta(days=_RENEW_DAYS) or not wanted <= {str(name.value) for name in names}:
        return None
    return Certificate(context, certificate.fingerprint(SHA256()).hex(":").upper(), ends)


def _make(folder: Path, wanted: frozenset[str]) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "EdgeKit on this machine")])
    # A day back, since the clocks of phones differ.
    begins = _now() - datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(list(map(_general_name, sorted(wanted)))), critical=False)
        # It vouches for this server, and for no other certificate.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with atomic_write(folder / _KEY) as temporary:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # before anything is in it
        temporary.write_bytes(secret)
    with atomic_write(folder / _CERTIFICATE) as temporary:
        temporary.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _general_name(name: str) -> GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
