"""The seal: one signature over everything in a crate, by way of its table of hashes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from understudy.people.keys import Key, key_id, verify


@dataclass(frozen=True, kw_only=True)
class Seal:
    """Who vouches for a crate.

    hashes: sha256 of hashes.json. head: of the consent log when the study was closed. time: ISO 8601. public: the key,
    Ed25519, hexadecimal; key: its short name. signature: over all of these but the key.
    """

    hashes: str
    head: str
    time: str
    public: str
    key: str
    signature: str

    def text(self) -> str:
        """The seal as its file holds it, to the byte: a seal has one spelling."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"

    def flaw(self, hashes: str) -> str | None:
        """What is wrong with the seal of a crate whose hashes.json has the sha256 `hashes`; None when it holds."""
        if self.hashes != hashes:
            return f"seals another hashes.json, of sha256 {self.hashes[:12]}…"
        if not verify(self.public, _message(self.hashes, self.head, self.time), self.signature):
            return "its signature is not that of its key over what it says"
        return None if self.key == key_id(self.public) else f"names the key '{self.key}', and holds another"


def seal(hashes: str, head: str, time: str, key: Key) -> Seal:
    """The seal of `key` over a table of hashes (its sha256), the consent log's head and the time."""
    signature = key.sign(_message(hashes, head, time))
    return Seal(hashes=hashes, head=head, time=time, public=key.public, key=key.id, signature=signature)


def read_seal(text: str) -> Seal:
    """The seal in a file's text. Raises ValueError, which says what is wrong with it."""
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("is no sound JSON") from error
    names = tuple(Seal.__dataclass_fields__)
    if not isinstance(value, Mapping) or set(value) != set(names):
        raise ValueError(f"has other keys than {', '.join(names)}")
    if not all(isinstance(value[name], str) for name in names):
        raise ValueError("holds what is no text")
    found = Seal(**value)
    if found.text() != text:
        raise ValueError("is not written as a seal is")
    return found


def _message(hashes: str, head: str, time: str) -> bytes:
    """What is signed: these three, and that they are a crate's, so that no other signature of the key fits here."""
    said = {"head": head, "hashes": hashes, "of": "understudy crate", "time": time}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
