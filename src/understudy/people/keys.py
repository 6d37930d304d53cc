"""Keys: the Ed25519 pairs that sign the consent log, kept outside of every repository.

A private key is a PEM file (PKCS #8) that its owner alone may read, in `home()/keys`, named by the key's id. The public
half travels in the log itself. Signatures are Ed25519 (RFC 8032) over the bytes that are given.
"""

import dataclasses
import functools
import hashlib
import os
import re
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from understudy.errors import ConsentError

_HEX = re.compile(r"[0-9a-f]+")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Key:
    """A key pair of this machine. public: its public half, 64 hexadecimal digits. path: of its private half."""

    public: str
    path: Path
    _private: Ed25519PrivateKey = dataclasses.field(repr=False, compare=False)

    @property
    def id(self) -> str:
        """The key's short name."""
        return key_id(self.public)

    def sign(self, message: bytes) -> str:
        """The signature over a message: 128 hexadecimal digits."""
        return self._private.sign(message).hex()


def home() -> Path:
    """Where keys and certificates of this machine's user lie: $UNDERSTUDY_HOME, or the user's settings folder."""
    if place := os.environ.get("UNDERSTUDY_HOME"):
        return Path(place)
    settings = os.environ.get("XDG_CONFIG_HOME")
    return (Path(settings) if settings else Path.home() / ".config") / "understudy"


def key_id(public: str) -> str:
    """The short name of a public key: 16 hexadecimal digits of its sha256."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]


@functools.lru_cache(maxsize=1 << 16)
def verify(public: str, message: bytes, signature: str) -> bool:
    """Whether the signature over the message was made with the private half of `public`; False for malformed ones."""
    if len(public) != 64 or len(signature) != 128 or not _HEX.fullmatch(public) or not _HEX.fullmatch(signature):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def make_key() -> Key:
    """A new key, its private half written where this user alone can read it. Raises ConsentError where it cannot be."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = _public(private)
    path = _place(key_id(public))
    try:
        write_private(path, pem)
    except OSError as error:
        raise _no_home(error) from error
    return Key(public=public, path=path, _private=private)


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that this user alone can read, whole; its folder is made closed to others as well."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def require_private(path: Path) -> None:
    """Raises ConsentError when others than its owner may read or write a key's file."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        fact = f"others can open this private key: its permissions are {mode:04o}"
        raise ConsentError(path, fact, f"Run `chmod 600 {path}`, and ask yourself who may have copied it.")


def load_key(id: str) -> Key | None:
    """The key of that id, if its private half is on this machine.

    Raises ConsentError when others may read it, or when the file is not that key.
    """
    path = _place(id)
    if not path.is_file():
        return None
    require_private(path)
    remedy = "Bring the key's own file back from its backup."
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ConsentError(
            path, f"cannot be read ({error.strerror})", "Make it yours, and readable for you."
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConsentError(path, "is not a private key", remedy) from error
    if not isinstance(private, Ed25519PrivateKey) or key_id(_public(private)) != id:
        raise ConsentError(path, f"is not the key '{id}'", remedy)
    return Key(public=_public(private), path=path, _private=private)


def own_key() -> Key:
    """This machine's own key, made when it is first asked for. It signs what the keeper's key is not there to sign."""
    pointer = home() / "own-key"
    if name := _pointed(pointer):
        if (key := load_key(name)) is not None:
            return key
        raise ConsentError(pointer, f"names the key '{name}', which is not here", "Bring it back, or remove this file.")
    key = make_key()
    part = pointer.with_name(f".own-key.{key.id}.part")
    try:
        part.write_text(key.id, encoding="ascii")
        # The first of several processes wins: all of them go on with its key.
        os.link(part, pointer)
    except FileExistsError:
        key.path.unlink()
        return own_key()
    except OSError as error:
        key.path.unlink()
        raise _no_home(error) from error
    finally:
        part.unlink(missing_ok=True)
    return key


def _pointed(pointer: Path) -> str:
    """The id that the file names, or nothing where there is none."""
    try:
        name = pointer.read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError):
        name = ""
    if not re.fullmatch(r"[0-9a-f]{16}", name):
        raise ConsentError(pointer, "does not name a key", "Mend it, or remove this file.")
    return name


def _no_home(error: OSError) -> ConsentError:
    fact = f"no key can be kept there ({error.strerror})"
    return ConsentError(home(), fact, "Make it writable, or name another folder with UNDERSTUDY_HOME.")


def _public(private: Ed25519PrivateKey) -> str:
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _place(id: str) -> Path:
    return home() / "keys" / f"{id}.pem"
