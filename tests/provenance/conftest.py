"""A fake's lineage, moving pictures of nothing, and chains of certificates in every state of disrepair."""

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from understudy import media, provenance
from understudy.provenance import Credentials, containers

IRI = "http://cv.iptc.org/newscodes/digitalsourcetype/"
HEAD = "5eed" * 16


@pytest.fixture(scope="session")
def lineage() -> provenance.Lineage:
    return provenance.Lineage(
        study="first",
        version="1",
        method="original",
        family="swap",
        source="ada",
        driver="börje",
        clip="börje/answer-1",
        seed=3,
        run="run-7",
        consents=("ada-2026", "börje-2026"),
        log_head=HEAD,
        inputs={"driver clip": "d0" * 32, "weights": "ee" * 32},
        digital_source_type=IRI + "compositeWithTrainedAlgorithmicMedia",
    )


@pytest.fixture
def keys_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, in which nothing was made yet."""
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    """Makes bare files, as an encoder writes them: two dozen moving frames with sound, a still, a sound."""

    def make(suffix: str) -> Path:
        path = tmp_path / f"bare{suffix}"
        random = np.random.default_rng(7)
        sound_NC = (0.3 * random.standard_normal((48_000, 1))).astype(np.float32)
        containers.write_wav(tmp_path / "noise.wav", sound_NC, 48_000)
        frames = list(scene(24, 128, 96))
        if suffix == ".mp4":
            media.write(path, frames, fps=25, sound=tmp_path / "noise.wav", metadata={"comment": "né"}, preset="fast")
        elif suffix == ".png":
            containers.write_png(path, frames[0], {"comment": "né"})
        else:
            containers.write_wav(path, sound_NC, 48_000, {"comment": "né"})
        return path

    return make


def scene(count: int, width: int, height: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Textured frames that move."""
    texture = np.random.default_rng(seed).integers(0, 256, (height // 8 + 2, width // 8 + 2, 3), dtype=np.uint8)
    large = cv2.resize(texture, (width + 64, height), interpolation=cv2.INTER_CUBIC)
    for number in range(count):
        yield np.ascontiguousarray(large[:, 2 * number % 64 :][:, :width])


def private_key(kind: str):
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ps256":
        return rsa.generate_private_key(65537, 2048)
    curves = {"es256": ec.SECP256R1(), "es384": ec.SECP384R1(), "es512": ec.SECP521R1(), "brainpool": ec.SECP256K1()}
    return ec.generate_private_key(curves[kind])


def pem(key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture
def chain(tmp_path: Path) -> Callable[..., Credentials]:
    """Makes the files of a chain: a root and a leaf, each of the given kind, valid between two days from today."""

    def make(kind: str = "es256", begins: float = -1, ends: float = 30, use: str = "1.3.6.1.5.5.7.3.4", **extra):
        folder = tmp_path / "own"
        folder.mkdir(exist_ok=True)
        keys = {name: private_key(kind) for name in ("root", "leaf")}
        algorithm = {"ed25519": None, "es384": hashes.SHA384(), "es512": hashes.SHA512()}.get(kind, hashes.SHA256())
        names = {name: subject(f"{name} of a laboratory") for name in keys}
        certificates = {}
        for name in keys:
            authority = name == "root" or extra.get("authority", False)
            public = keys[name].public_key()
            builder = (
                x509.CertificateBuilder()
                .subject_name(names[name])
                .issuer_name(names["root"])
                .public_key(public)
                .serial_number(x509.random_serial_number())
                .not_valid_before(day(-400) if name == "root" else day(begins))
                .not_valid_after(day(400) if name == "root" else day(ends))
                .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
                .add_extension(usage(authority), critical=True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            )
            if name == "leaf":
                issuer = keys["root"].public_key()
                builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False)
                builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(use)]), critical=False)
                if url := extra.get("ocsp"):
                    place = x509.UniformResourceIdentifier(url)
                    access = [x509.AccessDescription(x509.AuthorityInformationAccessOID.OCSP, place)]
                    builder = builder.add_extension(x509.AuthorityInformationAccess(access), critical=False)
            certificates[name] = builder.sign(keys["root"], algorithm).public_bytes(serialization.Encoding.PEM)
        (folder / "chain.pem").write_bytes(certificates["leaf"] + certificates["root"])
        (folder / "root.pem").write_bytes(certificates["root"])
        (folder / "leaf.key").write_bytes(pem(keys["leaf"]))
        (folder / "leaf.key").chmod(0o600)
        return Credentials(certificate=folder / "chain.pem", key=folder / "leaf.key")

    return make


def day(number: float) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=number)


def subject(name: str) -> x509.Name:
    fields = ((NameOID.ORGANIZATION_NAME, "A laboratory"), (NameOID.COMMON_NAME, name))
    return x509.Name([x509.NameAttribute(field, value) for field, value in fields])


def usage(authority: bool) -> x509.KeyUsage:
    names = [
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "encipher_only",
        "decipher_only",
    ]
    signs = {"digital_signature": not authority, "key_cert_sign": authority, "crl_sign": authority}
    return x509.KeyUsage(**dict.fromkeys(names, False), **signs)
