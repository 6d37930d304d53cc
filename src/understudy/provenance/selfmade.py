"""The self-made chain that signs by default: a root and a leaf, made at first need and renewed, naming no person.

It lies in `home()/certificates`, outside of every repository: `root.pem` may be handed out as an anchor of trust,
`authority.pem` and `signer.pem` hold private keys. To everybody else it is untrusted: whoever reads a fake's credential
sees that nothing was changed since it was signed, not who signed it.
"""

import contextlib
import datetime
import fcntl
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from understudy.errors import ConfigError
from understudy.files import whole
from understudy.people.keys import home, write_private
from understudy.provenance.certificates import PEM, Credentials, clock, pem_of, read_certificates, read_key

NAME = "Understudy (self-made)"
# Without a time-stamping authority a credential is valid as long as its leaf is: it should outlive a study's archive.
_LEAF, _ROOT = datetime.timedelta(days=3650), datetime.timedelta(days=3 * 3650)
_EARLIER = datetime.timedelta(days=1)  # for validators whose clock is behind


def own() -> Credentials:
    """This machine's self-made chain: made at first need, its leaf renewed once it has ended (the old one kept aside).

    Raises ConsentError when others may read its private keys, ConfigError when a file of it is damaged.
    """
    folder = home() / "certificates"
    signer = folder / "signer.pem"
    with _locked(folder):
        if not signer.exists() or _leaf(signer).not_valid_after_utc <= clock():
            _renew(folder, signer)
    return Credentials(certificate=signer, key=signer)


def root() -> Path:
    """The self-made root, for those who want to trust what this machine signs."""
    own()
    return home() / "certificates" / "root.pem"


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Jobs run side by side: one of them makes the chain."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _renew(folder: Path, signer: Path) -> None:
    """Makes a leaf, and a root when there is none that outlives the leaf."""
    if signer.exists():
        ended = f"{_leaf(signer).not_valid_after_utc:%Y-%m-%d}"
        signer.replace(signer.with_name(f"signer.until-{ended}.pem"))
    authority = folder / "authority.pem"
    if not authority.exists() or _leaf(authority).not_valid_after_utc < clock() + _LEAF:
        _make_root(folder, authority)
    issuer, issuing = _leaf(authority), read_key(authority)
    if not isinstance(issuing, ed25519.Ed25519PrivateKey):
        raise ConfigError(authority, "is not the key that was made here", f"Remove {folder}: a new chain is made.")
    key = ed25519.Ed25519PrivateKey.generate()
    leaf = (
        _begun(NAME, key.public_key(), min(clock() + _LEAF, issuer.not_valid_after_utc))
        .issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key()), critical=False)
        .sign(issuing, None)
    )
    write_private(signer, pem_of(key) + leaf.public_bytes(PEM) + issuer.public_bytes(PEM))


def _make_root(folder: Path, authority: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    builder = _begun(f"{NAME} root", key.public_key(), clock() + _ROOT)
    certificate = (
        builder.issuer_name(_subject(f"{NAME} root"))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, None)
    )
    write_private(authority, pem_of(key) + certificate.public_bytes(PEM))
    with whole(folder / "root.pem") as part:
        part.write_bytes(certificate.public_bytes(PEM))


def _begun(name: str, public: ed25519.Ed25519PublicKey, until: datetime.datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock() - _EARLIER)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _subject(name: str) -> x509.Name:
    # Validators show the organisation as the signer, and c2pa-rs refuses a leaf without one.
    fields = ((NameOID.ORGANIZATION_NAME, NAME), (NameOID.COMMON_NAME, name))
    return x509.Name([x509.NameAttribute(field, value) for field, value in fields])


def _usage(**given: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
    )
    return x509.KeyUsage(**dict.fromkeys([*names.split(), "encipher_only", "decipher_only"], False) | given)


def _leaf(path: Path) -> x509.Certificate:
    return read_certificates(path)[0]
