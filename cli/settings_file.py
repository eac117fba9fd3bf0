"""Read and write the settings file: YAML 1.2, in UTF-8. Each fault is told with its line."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from cli.errors import UsageError
from pleo_export.errors import InvalidSettings, SettingsFault
from pleo_export.settings import Settings, parse_settings

# What the parser says of the commonest mistakes, in the words of a person who writes settings.
_SYNTAX = {
    "found character '\\t'": "indent with spaces, not with tabs",
    "found duplicate key": "this setting is there twice",
    "mapping values are not allowed": "there is one colon too many, or this line is indented too far; text that holds "
    "a colon needs quotes",
    "could not find expected ':'": "a colon is missing after the name of the setting",
    "found unexpected end of stream": "a quote is opened and not closed",
    "expected ',' or": "a bracket is opened and not closed",
    "expected <block end>": "the indentation does not fit the lines above",
    "but found another document": "the file holds more than one document; remove the line `---`",
}


def read(file: Path) -> Settings:
    """Return the settings in the file.

    Raises UsageError for what is not a YAML file, InvalidSettings for settings that do not fit, with their lines.
    """
    data = _parse(file, _text(file))
    try:
        return parse_settings(_plain(data))
    except InvalidSettings as error:
        lines = [f"{_where(file, data, fault)}: {fault}" for fault in error.faults]
        raise InvalidSettings("\n".join(lines), error.faults) from None


def write(file: Path, settings: Settings) -> None:
    """Write the settings so that `read` returns the same. Raises UsageError where the file cannot be written."""
    text = StringIO()
    text.write(f"# Change something, then: pleo-export connect {file}\n")
    _yaml().dump(settings.model_dump(mode="json", exclude_none=True), text)
    try:
        file.write_text(text.getvalue(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = 10_000
    yaml.default_flow_style = False
    return yaml


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not text in UTF-8. Save it with the encoding UTF-8 and try again") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None


def _parse(file: Path, text: str) -> Any:
    try:
        return _yaml().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}, line {mark.line + 1}" if mark else str(file)
        raise UsageError(f"{where}: {_syntax(str(error.problem))}") from None
    except YAMLError as error:
        raise UsageError(f"{file} is not YAML: {str(error).splitlines()[0]}") from None


def _syntax(problem: str) -> str:
    known = (sentence for start, sentence in _SYNTAX.items() if problem.startswith(start))
    return next(known, f"this is not YAML ({problem}); check colons, quotes and indentation")


def _plain(data: Any) -> Any:
    """Return the data in Python's own mappings and lists, without the parser's marks."""
    if isinstance(data, CommentedMap):
        return {name: _plain(value) for name, value in data.items()}
    return [_plain(each) for each in data] if isinstance(data, CommentedSeq) else data


def _where(file: Path, data: Any, fault: SettingsFault) -> str:
    """Return the file and the line of the field, or of what surrounds it where it is missing."""
    line = None
    for part in fault.path:
        name = next((each for each in data if str(each) == part), None) if isinstance(data, CommentedMap) else None
        if name is None or name not in data.lc.data:
            break
        line, data = data.lc.key(name)[0] + 1, data[name]
    return str(file) if line is None else f"{file}, line {line}"
