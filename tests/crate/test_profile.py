"""A crate is what it says it is: a Workflow Run RO-Crate, as an independent validator sees it, without a network."""

import io
import json
import socket
from pathlib import Path
from typing import NoReturn

import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from rocrate.rocrate import ROCrate
from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings
from urllib3 import HTTPResponse

from understudy.files import read_json

# The terms that a crate of ours uses of the two contexts it names: RO-Crate 1.1.3 (CC0) and Workflow Run RO-Crate.
# The validator uses what newer versions of its own libraries advise against.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
CONTEXTS = read_json(Path(__file__).parent / "contexts.json")


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The validator's cache with the contexts in it; whoever asks the network fails."""

    def refused(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    with CachedSession(str(tmp_path / "cache"), backend="sqlite") as session:
        session.mount("https://", Shelf())
        for url in CONTEXTS:
            session.get(url, headers={"Accept": "application/ld+json, application/json, */*;q=0.1"})
    return tmp_path / "cache"


class Shelf(HTTPAdapter):
    """Answers requests for the contexts from the file beside this one."""

    def send(self, request: PreparedRequest, *_: object, **__: object) -> Response:
        body = io.BytesIO(json.dumps(CONTEXTS[request.url]).encode())
        kind = {"Content-Type": "application/ld+json"}
        return self.build_response(
            request, HTTPResponse(body, kind, status=200, preload_content=False, request_url=request.url)
        )


def validated(place: Path, cache: Path, severity: Severity) -> list[str]:
    settings = ValidationSettings(
        rocrate_uri=str(place),
        profile_identifier="provenance-run-crate",
        requirement_severity=severity,
        offline=True,
        cache_path=cache,
    )
    return [f"{issue.check.identifier}: {issue.message}" for issue in services.validate(settings).get_issues()]


def test_the_profile_s_requirements_hold(written: Path, offline: Path) -> None:
    assert validated(written, offline, Severity.REQUIRED) == []


def test_the_validator_would_have_seen_a_breach(written: Path, offline: Path, tmp_path: Path) -> None:
    """The proof that the check above checks: without its instrument, a step's control is no longer one."""
    graph = read_json(written / "ro-crate-metadata.json")
    for entity in graph["@graph"]:
        if entity["@type"] == "ControlAction":
            del entity["instrument"]
    (tmp_path / "broken").mkdir()
    for path in written.rglob("*"):
        place = tmp_path / "broken" / path.relative_to(written)
        place.mkdir(parents=True, exist_ok=True) if path.is_dir() else place.write_bytes(path.read_bytes())
    (tmp_path / "broken/ro-crate-metadata.json").write_text(json.dumps(graph))
    assert any("instrument" in issue for issue in validated(tmp_path / "broken", offline, Severity.REQUIRED))


def test_every_term_of_the_graph_has_a_meaning(written: Path) -> None:
    terms = {term for document in CONTEXTS.values() for term in document["@context"]}
    graph = read_json(written / "ro-crate-metadata.json")
    assert graph["@context"] == list(CONTEXTS)
    for entity in graph["@graph"]:
        kinds = entity["@type"] if isinstance(entity["@type"], list) else [entity["@type"]]
        assert {*kinds, *(key for key in entity if not key.startswith("@"))} <= terms, entity["@id"]


def test_every_reference_is_to_an_entity_of_the_graph(written: Path) -> None:
    graph = read_json(written / "ro-crate-metadata.json")["@graph"]
    known = {entity["@id"] for entity in graph}
    assert len(known) == len(graph)
    for entity in graph:
        for value in entity.values():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    assert item["@id"] in known or item["@id"].startswith("https://"), (entity["@id"], item)


def test_another_library_reads_the_same_graph(written: Path) -> None:
    read = ROCrate(str(written))
    assert read.mainEntity.id == "workflow/Snakefile"
    assert read.get("scores.parquet")["sha256"] == read_json(written / "hashes.json")["files"]["scores.parquet"]
