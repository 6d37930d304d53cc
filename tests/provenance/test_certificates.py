"""Which chains sign: the self-made one, anybody's own that fits, and none that does not."""

import datetime
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from understudy.errors import ConfigError, ConsentError
from understudy.provenance import Credentials, certificates, selfmade
from understudy.provenance.certificates import load


def leaf(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(path.read_bytes())[0]


def test_the_self_made_chain_names_no_person_and_only_its_owner_reads_its_keys(keys_home):
    made = selfmade.own()
    folder = keys_home / "certificates"
    for certificate in x509.load_pem_x509_certificates(made.certificate.read_bytes()):
        values = {attribute.value for attribute in certificate.subject}
        assert values <= {"Understudy (self-made)", "Understudy (self-made) root"}
    for path in folder.iterdir():
        if b"PRIVATE KEY" in path.read_bytes():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"PRIVATE" not in selfmade.root().read_bytes()
    leaf(made.certificate).verify_directly_issued_by(leaf(selfmade.root()))


def test_it_is_made_once(keys_home):
    first = load(selfmade.own())
    assert load(selfmade.own()) == first
    assert first.until > datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3000)


def test_jobs_side_by_side_make_one_chain(keys_home):
    code = (
        "from understudy.provenance import selfmade, certificates; print(certificates.load(selfmade.own()).fingerprint)"
    )
    jobs = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({job.communicate()[0] for job in jobs}) == 1
    assert all(job.returncode == 0 for job in jobs)


def test_a_self_made_leaf_that_has_ended_is_renewed_under_the_same_root(keys_home, monkeypatch):
    old, root = load(selfmade.own()), selfmade.root().read_bytes()
    later = old.until + datetime.timedelta(days=1)
    for module in (certificates, selfmade):
        monkeypatch.setattr(module, "clock", lambda: later)
    new = load(selfmade.own())
    assert new.fingerprint != old.fingerprint
    assert new.until > later
    assert selfmade.root().read_bytes() == root
    aside = list((keys_home / "certificates").glob("signer.until-*.pem"))
    assert [leaf(path).not_valid_after_utc for path in aside] == [old.until]


def test_a_self_made_key_that_others_can_read_signs_nothing(keys_home):
    made = selfmade.own()
    made.key.chmod(0o644)
    with pytest.raises(ConsentError, match=r"0644.*chmod 600"):
        load(selfmade.own())


@pytest.mark.parametrize("kind", ["ed25519", "es256", "es384", "es512", "ps256"])
def test_ones_own_chain_is_taken(chain, kind):
    found = load(chain(kind))
    assert found.algorithm == kind
    assert found.name == "leaf of a laboratory"


def test_key_and_chain_may_be_one_file(chain):
    own = chain()
    both = own.key.with_name("both.pem")
    both.write_bytes(own.certificate.read_bytes() + own.key.read_bytes())
    both.chmod(0o600)
    assert load(Credentials(certificate=both, key=both)) == load(own)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"begins": -30, "ends": -2}, r"chain\.pem: .*'leaf of a laboratory' has expired on .*Renew it"),
        ({"begins": 2}, r"chain\.pem: .*not valid before .*clock"),
        ({"authority": True}, "an authority's, not a signer's"),
        ({"use": "1.3.6.1.5.5.7.3.1"}, "not made for signing"),
        ({"kind": "brainpool"}, r"leaf\.key: .*key of this kind.*P-256"),
    ],
)
def test_a_chain_that_cannot_sign_is_named(chain, given, says):
    with pytest.raises(ConfigError, match=says):
        load(chain(**given))


def test_another_s_key_is_noticed(chain, tmp_path):
    own = chain()
    other = own.key.rename(tmp_path / "other.key")
    own = chain()
    with pytest.raises(ConfigError, match=r"other\.key: it is not the private key of the first certificate in .*chain"):
        load(Credentials(certificate=own.certificate, key=other))


def test_a_chain_in_the_wrong_order_or_of_strangers_is_noticed(chain):
    own = chain()
    good = own.certificate.read_bytes()
    mine, root = (each.public_bytes(serialization.Encoding.PEM) for each in x509.load_pem_x509_certificates(good))
    own.certificate.write_bytes(root + mine)
    with pytest.raises(ConfigError, match="not the private key"):
        load(own)
    stranger = chain().certificate.read_bytes()
    key = own.key.read_bytes()
    stranger_root = x509.load_pem_x509_certificates(stranger)[1].public_bytes(serialization.Encoding.PEM)
    fresh = chain()
    assert key != fresh.key.read_bytes()
    fresh_leaf = leaf(fresh.certificate).public_bytes(serialization.Encoding.PEM)
    fresh.certificate.write_bytes(fresh_leaf + stranger_root)
    with pytest.raises(ConfigError, match="was not issued by the one after it"):
        load(fresh)


@pytest.mark.parametrize("what", ["certificate", "key"])
def test_files_that_cannot_be_read_are_named(chain, what):
    own = chain()
    path = getattr(own, what)
    path.write_bytes(b"-----BEGIN NONSENSE-----\n")
    with pytest.raises(ConfigError, match=f"{path.name}: holds no"):
        load(own)
    path.unlink()
    with pytest.raises(ConfigError, match=f"{path.name}: cannot be read .*No such file"):
        load(own)


def test_a_loose_or_locked_key_is_refused(chain):
    own = chain()
    own.key.chmod(0o640)
    with pytest.raises(ConsentError, match=r"leaf\.key: .*0640.*chmod 600"):
        load(own)
    own.key.chmod(0o600)
    key = serialization.load_pem_private_key(own.key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"word")
    own.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    with pytest.raises(ConfigError, match="locked by a passphrase"):
        load(own)
