"""What a credential says can be read back, whatever was changed is noticed, and nothing is fetched from anywhere."""

import dataclasses
import json
import shutil
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import av
import c2pa
import numpy as np
import pytest

from understudy import media, provenance
from understudy.errors import ConfigError, DiskError
from understudy.provenance import certificates, credential, selfmade
from understudy.provenance.certificates import load

KINDS = [".mp4", ".png", ".wav"]


@pytest.fixture
def signature(keys_home):
    return load(selfmade.own())


@pytest.fixture
def signed(film, lineage, signature, tmp_path):
    def make(suffix: str, **change) -> Path:
        out = tmp_path / f"signed{suffix}"
        said = dataclasses.replace(lineage, **change)
        credential.sign(film(suffix), out, said, signature, title="a fake", sound_only=suffix == ".wav")
        return out

    return make


@pytest.mark.parametrize("suffix", KINDS)
def test_it_says_where_the_fake_comes_from(signed, suffix, lineage):
    found = provenance.read(signed(suffix))
    assert (found.state, found.failures, found.trusted, found.intact) == ("Valid", (), False, True)
    assert found.signer == "Understudy (self-made)"
    assert found.study == {
        "study": "first",
        "version": "1",
        "run": "run-7",
        "method": "original",
        "family": "swap",
        "seed": 3,
        "consents": ["ada-2026", "börje-2026"],
        "log_head": lineage.log_head,
        "inputs": lineage.inputs,
    }
    assert found.training
    assert found.made.endswith("Z")


@pytest.mark.parametrize("suffix", KINDS)
def test_another_program_reads_the_same(signed, suffix):
    """The SDK with its own settings, as any validator is built on it, finds it valid and from nobody it knows."""
    with signed(suffix).open("rb") as file, c2pa.Reader(None, file) as reader:
        assert reader.get_validation_state() == "Valid"
        codes = {each["code"] for each in json.loads(reader.json())["validation_status"]}
    assert codes == {"signingCredential.untrusted"}


def test_an_edit_opens_the_clip_that_it_edits_and_a_still_that_moves_is_created(signed, lineage):
    edit = provenance.read(signed(".mp4"))
    assert edit.actions == ("c2pa.opened", "c2pa.edited", "c2pa.watermarked.unbound", "c2pa.addedText")
    assert edit.ingredients == (("börje/answer-1", f"sha256:{lineage.inputs['driver clip']}"),)
    new = provenance.read(signed(".mp4", family="animate"))
    assert new.actions == ("c2pa.created", "c2pa.watermarked.unbound", "c2pa.addedText")
    assert new.ingredients == ()


@pytest.mark.parametrize("term", ["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "composite"])
@pytest.mark.parametrize("family", ["swap", "animate"])
def test_the_manifest_carries_the_digital_source_type(signed, term, family):
    iri = f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"
    with signed(".png", digital_source_type=iri, family=family).open("rb") as file, c2pa.Reader(None, file) as reader:
        manifest = reader.get_active_manifest()
    actions = next(each["data"]["actions"] for each in manifest["assertions"] if "c2pa.actions" in each["label"])
    assert [action["digitalSourceType"] for action in actions if "digitalSourceType" in action] == [iri]


@pytest.mark.parametrize("suffix", KINDS)
def test_it_holds_no_picture_and_is_small(signed, film, suffix):
    """No thumbnail of a person and no footage: the manifest has no resources but assertions, in a few kilobytes."""
    path = signed(suffix)
    with path.open("rb") as file, c2pa.Reader(None, file) as reader:
        text = reader.json()
    assert "thumbnail" not in text
    assert path.stat().st_size - film(suffix).stat().st_size < 8192


def test_with_the_root_as_an_anchor_it_is_trusted(signed):
    path = signed(".png")
    assert provenance.read(path, anchors=selfmade.root().read_text()).state == "Trusted"


@pytest.mark.parametrize("kind", ["ed25519", "es256", "es384", "es512", "ps256"])
def test_ones_own_chain_signs(film, lineage, chain, tmp_path, kind):
    own = chain(kind)
    credential.sign(film(".wav"), tmp_path / "own.wav", lineage, load(own), title="t", sound_only=True)
    assert provenance.read(tmp_path / "own.wav").state == "Valid"
    anchors = own.certificate.with_name("root.pem").read_text()
    found = provenance.read(tmp_path / "own.wav", anchors=anchors)
    assert (found.state, found.signer) == ("Trusted", "leaf of a laboratory")


@pytest.mark.parametrize("use", ["1.3.6.1.4.1.62558.2.1", "1.3.6.1.5.5.7.3.36"])
def test_chains_made_for_media_or_documents_sign(film, lineage, chain, tmp_path, use):
    credential.sign(film(".png"), tmp_path / "own.png", lineage, load(chain(use=use)), title="t")
    assert provenance.read(tmp_path / "own.png").state == "Valid"


@pytest.mark.parametrize("suffix", KINDS)
def test_every_changed_byte_is_noticed(signed, suffix):
    """Bytes drawn from all over the file. Outside of the credential, the file is named as altered; inside, it breaks,
    or the byte was filling and everything that was said stands."""
    path = signed(suffix)
    whole, said = path.read_bytes(), provenance.read(path)
    begin = whole.index(b"jumb") - 4
    end = begin + int.from_bytes(whole[begin : begin + 4])
    # Of a container, the declared kind and what fills gaps is outside of the hash (specification 2.2, A.5.2).
    skipped = 32 if suffix == ".mp4" else 8
    for place in np.random.default_rng(1).integers(skipped, len(whole), 60):
        data = bytearray(whole)
        data[place] ^= 1
        path.write_bytes(data)
        found = provenance.read(path)
        if begin - 64 < place < end + 8:
            assert found is None or not found.intact or found == said, f"byte {place} of {len(whole)}"
        else:
            assert found is None or not found.intact, f"byte {place} of {len(whole)}"
            if found is not None and found.manifest:
                assert any("changed after it was signed" in failure for failure in found.failures), place


def test_a_changed_pixel_is_named(signed):
    path = signed(".png")
    data = bytearray(path.read_bytes())
    data[-2000] ^= 1
    path.write_bytes(data)
    found = provenance.read(path)
    assert found.state == "Invalid"
    assert found.failures == ("the file was changed after it was signed (assertion.dataHash.mismatch)",)


def test_a_changed_statement_is_named(signed):
    path = signed(".mp4")
    data = path.read_bytes()
    assert data.count(b"frun-7") + data.count(b"erun-7") == 1
    path.write_bytes(data.replace(b"erun-7", b"erun-8"))
    found = provenance.read(path)
    assert found.state == "Invalid"
    assert any("a statement of the credential was changed" in failure for failure in found.failures)


def test_files_without_a_credential_have_none(film, tmp_path):
    for suffix in KINDS:
        assert provenance.read(film(suffix)) is None
    for name, content in {"empty.mp4": b"", "text.txt": b"hello", "cut.wav": b"RIFF\xff\0\0\0WAVE"}.items():
        (tmp_path / name).write_bytes(content)
        assert provenance.read(tmp_path / name) is None
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    assert provenance.read(tmp_path / "a.mkv") is None


def test_a_file_that_was_cut_off_is_not_taken_for_intact(signed):
    path = signed(".mp4")
    data = path.read_bytes()
    for share in (0.2, 0.5, 0.9, 0.99):
        path.write_bytes(data[: int(share * len(data))])
        found = provenance.read(path)
        assert found is not None
        assert not found.intact
        assert found.failures


def test_players_find_the_index_first_and_the_same_film(signed, film):
    """The credential comes before the index, and the index before the media: playing starts before all is loaded."""
    path, bare = signed(".mp4"), film(".mp4")
    data = path.read_bytes()
    assert data.index(b"ftyp") < data.index(b"moov") < data.index(b"mdat")
    was, now = media.probe(bare), media.probe(path)
    assert dataclasses.replace(now, path=bare) == was
    for before, after in zip(media.frames(bare), media.frames(path), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(media.sound(bare)[0], media.sound(path)[0])
    assert media.metadata(path)["comment"] == "né"


@pytest.mark.parametrize("suffix", KINDS)
def test_content_stays_when_the_credential_comes(signed, film, suffix):
    assert provenance.content(signed(suffix)) == provenance.content(film(suffix))


class Listener:
    """A server on this machine that counts who knocks."""

    def __init__(self) -> None:
        knocks = self.knocks = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                knocks.append(self.path)
                self.send_error(404)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_nothing_is_fetched(listener, film, lineage, chain, tmp_path):
    """Neither a manifest that lies elsewhere, nor a list of revoked certificates, nor an authority's time."""
    own = load(chain(ocsp=listener.url))
    credential.sign(film(".png"), tmp_path / "ocsp.png", lineage, own, title="t")
    assert provenance.read(tmp_path / "ocsp.png").intact
    info = c2pa.C2paSignerInfo(own.algorithm, own.chain, own.key, None)
    created = {"action": "c2pa.created", "digitalSourceType": lineage.digital_source_type}
    manifest = {
        "claim_generator_info": [{"name": "somebody", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}],
    }
    remote = tmp_path / "remote.png"
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder(manifest) as builder:
        builder.set_no_embed()
        builder.set_remote_url(listener.url + "manifest.c2pa")
        builder.sign_file(film(".png"), remote, signer)
    assert listener.url.encode() in remote.read_bytes()
    assert provenance.read(remote) is None
    assert listener.knocks == []
    with pytest.raises(c2pa.C2paError):
        c2pa.Reader(remote)
    assert listener.knocks, "with the SDK's own settings, it would have been fetched"


def test_a_clock_that_goes_back_is_told(keys_home, monkeypatch):
    signature = load(selfmade.own())
    before = signature.until.replace(year=2020)
    for module in (certificates, selfmade):
        monkeypatch.setattr(module, "clock", lambda: before)
    with pytest.raises(ConfigError, match=r"not valid before .*clock: it says 2020"):
        load(selfmade.own())


def test_a_certificate_that_has_ended_since_is_told(film, lineage, chain, tmp_path):
    """Without an authority's time stamp a credential lasts as long as its certificate: a reader says so."""
    bare = film(".png")
    own = load(chain(ends=5 / 86_400))
    credential.sign(bare, tmp_path / "old.png", lineage, own, title="t")
    assert provenance.read(tmp_path / "old.png").intact
    time.sleep(max(0.0, (own.until - certificates.clock()).total_seconds()) + 1.5)
    found = provenance.read(tmp_path / "old.png")
    assert not found.intact
    assert any("has expired" in failure for failure in found.failures), found.failures


def test_a_disk_too_full_for_the_signed_copy_is_told(film, lineage, signature, tmp_path, monkeypatch):
    bare = film(".wav")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=bare.stat().st_size))
    with pytest.raises(DiskError, match="Free some room"):
        credential.sign(bare, tmp_path / "signed.wav", lineage, signature, title="t", sound_only=True)
    assert not (tmp_path / "signed.wav").exists()
