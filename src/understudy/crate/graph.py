"""The graph of ro-crate-metadata.json: what was run, by which steps and jobs, on what, and what came of it.

Profile: Provenance Run Crate 0.5 (https://w3id.org/ro/wfrun/provenance/0.5) on RO-Crate 1.1. What is not in the crate
(footage, clips, facesets) is a contextual entity that bears its hash where it is known.
"""

import datetime
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from rocrate.model import ContextEntity, File
from rocrate.rocrate import ROCrate

from understudy.crate.contents import HASHES, MANIFEST, SEAL, SNAKEFILE, STUDY, WORKFLOW, Contents, Job
from understudy.crate.terms import APACHE, BASES, CONTEXT, LICENCES, PROFILES, TYPES, home

Ref = dict[str, str]

_RUN = "#run"


class Graph:
    """The graph under construction. files: path in the crate -> (sha256, bytes). known: path elsewhere -> sha256."""

    def __init__(
        self, contents: Contents, files: Mapping[str, tuple[str, int]], known: Mapping[str, str], agent: str
    ) -> None:
        self.contents, self.files, self.known = contents, files, known
        self.ids: dict[str, str] = {}  # path in the crate -> its id, which is a URI
        self.there: set[str] = set()  # the ids of the contextual entities
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_contexts.append(CONTEXT)
        self.clips = {clip.id for clip in contents.manifest.clips}
        self.agent = self.entity(
            f"#key-{agent}", "Person", name=f"The holder of the key {agent}", description="Who closed the study."
        )

    def plain(self) -> dict[str, Any]:
        """The whole document."""
        jobs = [job for job in self.contents.jobs if f"{WORKFLOW}/scripts/{job.rule}.py" in self.files]
        rules = list(dict.fromkeys(job.rule for job in jobs))
        self._files(rules)
        self._clips()
        self._workflow(rules)
        self._run(jobs, [self._job(number, job) for number, job in enumerate(jobs)])
        self._root(len(jobs))
        return _slim(self.crate.metadata.generate())

    def entity(self, id: str, kind: str | list[str], **properties: Any) -> Ref:
        """Adds a contextual entity and returns the reference to it; a property that is None is left out."""
        if id not in self.there:  # asked of the crate itself, each id that is new costs a look at all entities
            self.there.add(id)
            known = {name: value for name, value in properties.items() if value is not None}
            self.crate.add(ContextEntity(self.crate, id, properties={"@type": kind, **known}))
        return {"@id": id}

    def _files(self, rules: Iterable[str]) -> None:
        """The files of the crate; the workflow and the scripts of its steps are more than files."""
        tools = {f"{WORKFLOW}/scripts/{rule}.py" for rule in rules}
        for path, (digest, size) in sorted(self.files.items()):
            kind: str | list[str] = "File"
            if path == SNAKEFILE:
                kind = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
            elif path in tools:
                kind = ["File", "SoftwareSourceCode"]
            self._file(path, kind, sha256=digest, contentSize=str(size))
        for path, about in ((HASHES, "The sha256 of every file"), (SEAL, "The signature over these hashes")):
            self._file(path, "File", description=about)

    def _file(self, path: str, kind: str | list[str], **properties: str) -> None:
        given = {"@type": kind, "name": PurePosixPath(path).name, **properties}
        if form := TYPES.get(PurePosixPath(path).suffix):
            given["encodingFormat"] = form
        self.ids[path] = self.crate.add(File(self.crate, dest_path=path, properties=given)).id

    def _ref(self, path: str) -> Ref:
        return {"@id": self.ids[path]}

    def _clips(self) -> None:
        """The clips of the manifest, which are never in the crate."""
        for clip in self.contents.manifest.clips:
            self.entity(
                f"#clip-{clip.id}",
                "CreativeWork",
                name=f"clip {clip.id}",
                description="A rendered performance of a synthetic actor" if clip.synthetic else "Footage, kept back",
                identifier=f"sha256:{clip.sha256}",
                license=self._licence(clip.licence),
            )

    def _workflow(self, rules: Iterable[str]) -> None:
        """The Snakefile with its steps, one a rule, in the order in which they ran."""
        language = self.entity(
            "https://w3id.org/workflowhub/workflow-ro-crate#snakemake",
            "ComputerLanguage",
            name="Snakemake",
            alternateName="Snakemake",
            identifier={"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
            url={"@id": "https://snakemake.readthedocs.io"},
        )
        workflow = self.crate.get(SNAKEFILE)
        self.crate.mainEntity = workflow
        workflow["name"] = f"Understudy: the study {self.contents.study}"
        workflow["version"] = self.contents.version
        workflow["programmingLanguage"] = language
        workflow["license"] = self.entity(APACHE, "CreativeWork", name="Apache License 2.0", identifier="Apache-2.0")
        workflow["softwareRequirements"] = [self._software(name) for name in sorted(self.contents.software)]
        workflow["hasPart"] = [self._ref(f"{WORKFLOW}/scripts/{rule}.py") for rule in rules]
        workflow["step"] = [
            self.entity(
                f"#step-{rule}",
                "HowToStep",
                name=rule,
                position=str(number),
                workExample=self._ref(f"{WORKFLOW}/scripts/{rule}.py"),
            )
            for number, rule in enumerate(rules)
        ]
        workflow["input"] = [self._parameter(path) for path in (STUDY, MANIFEST)]
        workflow["output"] = [self._parameter(path) for path in self.contents.tables if path in self.files]

    def _software(self, name: str) -> Ref:
        version = self.contents.software[name]
        id, url = home(name, version)
        return self.entity(
            id,
            "SoftwareApplication",
            name=f"{name} {version}",
            softwareVersion=version,
            url={"@id": url} if url else None,
        )

    def _parameter(self, path: str) -> Ref:
        """The formal parameter whose value is a file of the crate."""
        id = f"#parameter-{path.replace('/', '-')}"
        self.crate.get(self.ids[path])["exampleOfWork"] = {"@id": id}
        return self.entity(
            id, "FormalParameter", name=PurePosixPath(path).stem, additionalType="File", workExample=self._ref(path)
        )

    def _job(self, number: int, job: Job) -> Ref:
        """The action of one job, and the control of its step; the reference is to the latter."""
        begin = job.end - datetime.timedelta(seconds=job.seconds) if job.end and job.seconds is not None else None
        action = self.entity(
            f"#job-{number}",
            "CreateAction",
            name=job.name,
            description=f"One job of the rule {job.rule}",
            instrument=self._ref(f"{WORKFLOW}/scripts/{job.rule}.py"),
            agent=self.agent,
            object=[self._thing(path) for path in job.inputs],
            result=[self._thing(path) for path in job.outputs],
            startTime=_iso(begin),
            endTime=_iso(job.end),
        )
        return self.entity(
            f"#control-{number}",
            "ControlAction",
            name=f"step {job.rule}: {job.name}",
            instrument={"@id": f"#step-{job.rule}"},
            object=action,
        )

    def _thing(self, path: str) -> Ref:
        """What a job reads or writes: a file of the crate, a clip of the manifest, or something that is not here."""
        if path in self.files:
            return self._ref(path)
        if path in self.clips:
            return {"@id": f"#clip-{path}"}
        digest = self.known.get(path)
        return self.entity(f"#{path}", "CreativeWork", name=path, identifier=f"sha256:{digest}" if digest else None)

    def _run(self, jobs: Iterable[Job], controls: list[Ref]) -> None:
        """The run of the workflow, and that of its engine."""
        ends = [job.end for job in jobs if job.end]
        begins = [job.end - datetime.timedelta(seconds=job.seconds or 0) for job in jobs if job.end]
        made = [*self.contents.tables, *self.contents.report, *(fake.place for fake in self.contents.fakes)]
        times = {"startTime": _iso(min(begins, default=None)), "endTime": _iso(max(ends, default=None))}
        run = self.entity(
            _RUN,
            "CreateAction",
            name=f"The run of study {self.contents.study}, version {self.contents.version}",
            description="Every clip through every method, measured and gathered into one table",
            instrument=self._ref(SNAKEFILE),
            agent=self.agent,
            object=[self._ref(STUDY), self._ref(MANIFEST), *({"@id": f"#clip-{id}"} for id in sorted(self.clips))],
            result=[self._ref(path) for path in made if path in self.files],
            **times,
        )
        if controls and "snakemake" in self.contents.software:
            self.entity(
                "#engine",
                "OrganizeAction",
                name="The run of Snakemake",
                description="It ran each job whose outcome was missing or out of date",
                instrument=self._software("snakemake"),
                agent=self.agent,
                object=controls,
                result=run,
                **times,
            )

    def _root(self, jobs: int) -> None:
        contents, root = self.contents, self.crate.root_dataset
        for id, name in PROFILES.items():
            self.entity(id, "CreativeWork", name=name, version=id.rsplit("/", 1)[1])
        self.crate.metadata["conformsTo"] = [{"@id": id} for id in BASES]
        root["conformsTo"] = [{"@id": id} for id in PROFILES]
        root["name"] = f"{contents.study}, version {contents.version}"
        root["description"] = contents.about or f"The study {contents.study}."
        root["datePublished"] = contents.made.isoformat(timespec="seconds")
        root["license"] = self._terms()
        root["identifier"] = f"sha256:{contents.digest}"
        root["author"] = self.agent
        root["mentions"] = [{"@id": _RUN}, *({"@id": f"#job-{number}"} for number in range(jobs))]

    def _licence(self, name: str) -> Ref:
        id = LICENCES.get(name, f"#licence-{'-'.join(name.split())}")
        return self.entity(id, "CreativeWork", name=name)

    def _terms(self) -> Ref:
        """The licence of the whole: what consent and the clips' licences leave."""
        names = sorted({clip.licence for clip in self.contents.manifest.clips})
        return self.entity(
            "#terms",
            "CreativeWork",
            name="Terms of use",
            description="Research use within the consent of those it was made of, as the records in consent/proof.json "
            f"and ETHICS.md say; clips under {', '.join(names)}; the workflow under Apache-2.0.",
        )


def _iso(time: datetime.datetime | None) -> str | None:
    return time.astimezone(datetime.UTC).isoformat(timespec="seconds") if time else None


def _slim(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with lists of one as the one, as RO-Crate 1.1 recommends; the same graph."""
    graph = [
        {key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in entity.items()}
        for entity in document["@graph"]
    ]
    return {"@context": document["@context"], "@graph": graph}
