"""Reading YAML files, each mistake named by its file and line."""

from pathlib import Path
from typing import Any

import yaml

from understudy.errors import ConfigError, Error
from understudy.settings.place import found


class _Loader(yaml.CSafeLoader):
    """Plain YAML, in which a key that stands twice is a mistake and not a choice of the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen and isinstance(key, yaml.ScalarNode):
                problem = f"the key '{key.value}' stands twice in one mapping"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, *, error: type[Error] = ConfigError) -> dict[str, Any]:
    """The mapping that a YAML file holds. Raises `error` when it is missing, no YAML, no mapping, or doubles a key."""
    try:
        value = yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError as problem:
        raise error(path, "there is no such file", "Check the path, or write the file.") from problem
    except (OSError, UnicodeDecodeError) as problem:
        raise error(
            path, f"cannot be read as text ({problem})", "Save it as UTF-8 text that you may read."
        ) from problem
    except yaml.MarkedYAMLError as problem:
        line = f", line {problem.problem_mark.line + 1}" if problem.problem_mark else ""
        raise error(f"{path}{line}", f"not valid YAML: {problem.problem}", "Correct that line.") from problem
    except (yaml.YAMLError, ValueError) as problem:
        raise error(path, f"not valid YAML: {problem}", "Correct it.") from problem
    if not isinstance(value, dict):
        raise error(path, f"holds {found(value)} where a mapping belongs", "Write lines such as 'key: value'.")
    return value
