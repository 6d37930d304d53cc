"""The names that the graph of a crate takes from elsewhere: profiles, licences, media types, homes of programs."""

_RUN_CRATE = "https://w3id.org/ro/wfrun"
PROFILES = {
    f"{_RUN_CRATE}/process/0.5": "Process Run Crate",
    f"{_RUN_CRATE}/workflow/0.5": "Workflow Run Crate",
    f"{_RUN_CRATE}/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
APACHE = "https://www.apache.org/licenses/LICENSE-2.0"
LICENCES = {
    "CC0 1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC BY-SA 4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC BY-NC 4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "CC BY-NC-SA 4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
}
TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".mp4": "video/mp4",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".py": "text/x-python",
    ".txt": "text/plain",
    ".wav": "audio/wav",
    ".yaml": "application/yaml",
}
BASES = ("https://w3id.org/ro/crate/1.1", "https://w3id.org/workflowhub/workflow-ro-crate/1.0")
_HOMES = {"python": "https://www.python.org/", "ffmpeg": "https://ffmpeg.org/", "understudy": ""}


def home(program: str, version: str) -> tuple[str, str]:
    """The id of a version of a program, a URI where there is one, and the program's address; "" for one without."""
    if program not in _HOMES:  # a package: its release, without the part that names a build
        return (
            f"https://pypi.org/project/{program}/{version.partition('+')[0]}/",
            f"https://pypi.org/project/{program}/",
        )
    return (f"{_HOMES[program]}#{version}" if _HOMES[program] else f"#{program}-{version}"), _HOMES[program]
