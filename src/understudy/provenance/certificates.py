"""The certificates that sign fakes: what is in a PEM file, and whether it can sign.

The profile is that of the C2PA specification 2.2, section 14.5.1: X.509 v3, a leaf that is no authority, with
digitalSignature and an extended key usage for signing media, documents or mail.
"""

import dataclasses
import datetime
import itertools
import re
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

from understudy.errors import ConfigError
from understudy.people.keys import require_private

PEM = serialization.Encoding.PEM

# What a leaf may be for: C2PA signing, mail, documents, Microsoft's C2PA signing.
USES = ("1.3.6.1.4.1.62558.2.1", "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.311.76.59.1.9")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Credentials:
    """Which chain signs. certificate: a PEM file, the leaf first. key: the PEM file of the leaf's private key; the
    same file will do."""

    certificate: Path
    key: Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Signature:
    """A checked chain, ready to sign. chain, key: PEM. algorithm: as C2PA names it. name: whom the leaf names.
    fingerprint: sha256 of the leaf. until: when the leaf ends."""

    chain: bytes
    key: bytes = dataclasses.field(repr=False)
    algorithm: str
    name: str
    fingerprint: str
    until: datetime.datetime


def load(credentials: Credentials) -> Signature:
    """The chain, checked before anything is encoded.

    Raises ConfigError when a file is missing, not PEM, locked by a passphrase, when the key is not the leaf's, when a
    certificate has ended or has not begun, when the chain does not hold or is not fit for signing media; ConsentError
    when others may read the key.
    """
    path = credentials.certificate
    chain = read_certificates(path)
    key = read_key(credentials.key)
    _require_pair(path, chain[0], credentials.key, key)
    for certificate in chain:
        _require_now(path, certificate)
    _require_chain(path, chain)
    _require_fit(path, chain[0])
    return Signature(
        chain=b"".join(each.public_bytes(PEM) for each in chain),
        key=pem_of(key),
        algorithm=_algorithm(credentials.key, key),
        name=_name(chain[0]),
        fingerprint=chain[0].fingerprint(hashes.SHA256()).hex(),
        until=chain[0].not_valid_after_utc,
    )


def clock() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def pem_of(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def read_certificates(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file, in its order; at least one."""
    remedy = "Give a PEM file that begins with the signer's certificate and goes on with those that issued it."
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise ConfigError(path, f"cannot be read ({error.strerror})", "Check `certificate` and the file.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(path, "holds no certificate that can be read", remedy) from error
    return list(found)


def read_key(path: Path) -> PrivateKeyTypes:
    """The private key of a PEM file that others cannot open."""
    try:
        text = path.read_bytes()
        require_private(path)
    except OSError as error:
        raise ConfigError(path, f"cannot be read ({error.strerror})", "Check `key` and the file.") from error
    # Certificates may stand in the same file.
    block = re.search(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----\s*", text, re.DOTALL)
    try:
        return serialization.load_pem_private_key(block[0] if block else text, password=None)
    except TypeError as error:
        remedy = "Nobody is there to type it: give a key without one, closed to others (chmod 600)."
        raise ConfigError(path, "its private key is locked by a passphrase", remedy) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(path, "holds no private key that can be read", "Give the PEM file of the key.") from error


def _require_pair(path: Path, leaf: x509.Certificate, key_path: Path, key: PrivateKeyTypes) -> None:
    try:
        same = leaf.public_key() == key.public_key()
    except (ValueError, UnsupportedAlgorithm):
        same = False
    if not same:
        fact = f"it is not the private key of the first certificate in {path}"
        raise ConfigError(key_path, fact, "Give the key that belongs to it, and put the signer's certificate first.")


def _require_now(path: Path, certificate: x509.Certificate) -> None:
    name, now = _name(certificate), clock()
    if certificate.not_valid_after_utc <= now:
        fact = f"the certificate of '{name}' has expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
        raise ConfigError(path, fact, "Renew it, or leave `certificate` and `key` out: a self-made one signs then.")
    if certificate.not_valid_before_utc > now:
        fact = f"the certificate of '{name}' is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        raise ConfigError(path, fact, f"Wait, or set this machine's clock: it says {now:%Y-%m-%d %H:%M} UTC.")


def _require_chain(path: Path, chain: list[x509.Certificate]) -> None:
    for issued, issuer in itertools.pairwise(chain):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature) as error:
            fact = f"the certificate of '{_name(issued)}' was not issued by the one after it, '{_name(issuer)}'"
            raise ConfigError(path, fact, "Order them from the signer's to the root's.") from error
    if len(chain) == 1 and chain[0].subject == chain[0].issuer:
        fact = "its only certificate is signed by itself, which no validator of credentials accepts"
        raise ConfigError(path, fact, "Give a certificate that an authority issued, with that authority's.")


def _require_fit(path: Path, leaf: x509.Certificate) -> None:
    """Raises ConfigError when the leaf lacks what the profile asks: the fake would be signed Invalid."""
    remedy = "Ask its issuer for one that fits the C2PA certificate profile."
    try:
        constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
        authority = constraints.ca
    except x509.ExtensionNotFound:
        authority = False
    if authority:
        raise ConfigError(path, f"the certificate of '{_name(leaf)}' is an authority's, not a signer's", remedy)
    try:
        uses = {use.dotted_string for use in leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value}
        signs = leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        uses, signs = set(), False
    if not signs or not uses & set(USES):
        fact = f"the certificate of '{_name(leaf)}' is not made for signing documents, mail or media"
        raise ConfigError(path, fact, remedy)


def _algorithm(path: Path, key: PrivateKeyTypes) -> str:
    """The signature algorithm that goes with a key, by C2PA's names (specification 2.2, section 13.2)."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, ec.EllipticCurvePrivateKey):
        name = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}.get(key.curve.name)
        if name:
            return name
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    fact = "credentials cannot be signed with a key of this kind"
    raise ConfigError(path, fact, "Use Ed25519, NIST's P-256, P-384 or P-521, or RSA of at least 2048 bits.")


def _name(certificate: x509.Certificate) -> str:
    """Whom a certificate names: the common name, else the organisation, else all of the subject."""
    for field in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(field):
            return str(attribute.value)
    return certificate.subject.rfc4514_string()
