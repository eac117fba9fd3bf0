"""Run every command of `pleo-export` on a real local stack, rightly and wrongly, and write docs/commands.md.

python -m local.commands        (`make commands`)

A new command needs one line in EXAMPLES. Its wrong uses follow from its parameters: see `wrong_uses`.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import click
import typer
import yaml

from cli.main import app
from cli.main import main as command_line
from local.aws import ROOT
from local.processes import ChildFailed
from local.stack import LocalStack, settings_of
from pleo_export.accounting.lists import LedgerList
from pleo_simulator.sample import API_KEYS, NORTHGATE

DIMENSION = "cost_centre"
SYNC_SECONDS = 120
PAGE = ROOT / "docs/commands.md"
UNKNOWN, MALFORMED = "99999999-9999-4999-8999-999999999999", "4711"
WIDTH = 100  # columns

INTRODUCTION = """# The commands

<!-- Written by `make commands` from a run on the local stack: do not change it here. -->

What each command of `pleo-export` prints, rightly and wrongly used. Ids, times and ports differ
from run to run; here they are always the same.

- **Which stack**: `--stack`, else `PLEO_EXPORT_STACK`, else the one that `samconfig.toml` in this
  folder names, else the only one that there is in the region.
- **Exit codes**: 0 all is well, 1 something is wrong (the last lines say what to do), 2 the command
  was not written as it should be, 130 it was ended by Ctrl-C.
- **For scripts**: `--json` prints one document on standard output; errors go to standard error.
  `pleo-export schema COMMAND` prints its JSON Schema. Amounts are in minor units beside their
  currency, times in UTC. In a pipe no table is cut off.
- **Before it writes or deletes** a command asks. Without a terminal it refuses, unless `--yes` says
  that nobody has to be asked.
- **Completion** for bash, zsh, fish and PowerShell: `pleo-export --install-completion`.
"""


@dataclass(frozen=True)
class Example:
    """One run that works. `{company}`, `{job}`, `{entry}` and `{file}` stand for what there is in the local stack.

    `before` prepares it, `after` waits for what it has started; `code` is the exit code, 1 where the command has to
    tell of something that is wrong.
    """

    command: str
    arguments: str = ""
    before: Callable[[World], None] | None = None
    after: Callable[[World], None] | None = None
    code: int = 0
    lines: int = 60  # that are shown
    wrong: Sequence[tuple[str, str]] = ()  # wrong uses that its parameters do not tell: what is wrong, the arguments


class World:
    """A local stack, what has happened in it, and the names that examples use."""

    def __init__(self, stack: LocalStack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.unexpected: list[str] = []  # what ended otherwise than its example says
        self.names = {
            "company": NORTHGATE,
            "job": "",
            "entry": "",
            "file": "settings.yaml",
            "folder": "audit-2026",
            "stack": stack.name,
        }
        settings = {**settings_of(NORTHGATE, stack.books), "sync": {"dimensions": [DIMENSION]}}
        (folder / "settings.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
        (folder / "broken.yaml").write_text(
            f"company_id: {NORTHGATE}\nposting: someday\naccounts: {{clearing: 1950}}\n"
        )

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that an operator of the stack has set."""
        return {
            **without_aws(self.folder),
            **self.stack.aws.credentials,
            "PLEO_EXPORT_WEBHOOK_URL": self.stack.webhook_url,
            "PLEO_API_KEY": API_KEYS[NORTHGATE],
            "ACCOUNTING_TOKEN": self.stack.books.token,
            "OAUTH_CLIENT_ID": "our-client",
            "OAUTH_CLIENT_SECRET": "only-for-this-machine",
        }

    def click(self) -> None:
        """Click Export."""
        self.names["job"] = self.stack.pleo.state.click_export(NORTHGATE)["id"]

    def finish(self) -> None:
        """Wait until the newest job is over."""
        newest = max(self.stack.pleo.state.all_jobs(), key=lambda each: str(each["createdAt"]))
        self.stack.wait_for(newest["id"])
        items = self.stack.job(self.names["job"])["items"]
        self.names["entry"] = next(each["accountingEntryId"] for each in items if each["status"] == "successful")


def first_sync(world: World) -> None:
    """Wait until the lists are in step."""
    deadline = time.monotonic() + SYNC_SECONDS
    while world.stack.deployed.syncs.get(NORTHGATE, LedgerList.TAGS) is None:
        if time.monotonic() > deadline:
            raise ChildFailed(f"the first sync is not over after {SYNC_SECONDS} s; see .local/log/")
        time.sleep(0.1)


def change_cost_centres(world: World) -> None:
    """Let an accountant rename, close and open cost centres."""
    maintained = world.stack.books.master_data
    maintained.rename_value(DIMENSION, "LON", "London, Strand")
    maintained.close_value(DIMENSION, "MAD")
    maintained.add_values(DIMENSION, {"OSL": "Oslo"})


def click_export(world: World) -> None:
    """Let a bookkeeper click Export."""
    world.click()


def finish(world: World) -> None:
    """Wait until the newest job is over."""
    world.finish()


def dead_letter(world: World) -> None:
    """Put a wake-up into the dead-letter queue."""
    body = f'{{"companyId": "{NORTHGATE}", "reason": "webhook"}}'
    world.stack.aws.client("sqs").send_message(
        QueueUrl=world.stack.outputs["FailedQueueUrl"],
        MessageBody=body,
        MessageGroupId=NORTHGATE,
        MessageDeduplicationId="example",
    )


PERIOD = "--from 2026-01-01 --to 2026-12-31"

# In the order in which they are run. A command may have several; its section shows them all, and its wrong uses are
# made of the first. They are run after `schema`, while the company is still connected and nothing is reversed.
EXAMPLES: Sequence[Example] = (
    Example("check", "{file}"),
    Example("check", "broken.yaml", code=1),
    Example("connect", "{file} --yes", after=first_sync),
    Example("connections"),
    Example("doctor"),
    Example(
        "sync",
        "{company} --dry-run",
        before=change_cost_centres,
        wrong=(
            ("a list that the settings do not choose", "{company} --list vendors"),
            ("a plan that nobody has seen", "{company} --confirm 0123456789abcdef"),
        ),
    ),
    Example("sync", "{company} --yes"),
    Example("sync-history", "{company} MAD"),
    Example("pause", '{company} --reason "new chart of accounts" --yes'),
    Example("connections"),
    Example(
        "preview",
        "{job}",
        before=click_export,
        code=1,
        lines=120,
        wrong=(("neither a job nor a company", ""),),
    ),
    Example("preview", "--company {company} --failed", code=1),
    Example("resume", "{company} --yes", after=finish),
    Example("watch", "{job}", code=1),
    Example("jobs"),
    Example("jobs", "--json"),
    Example("job", "{job} --failed", code=1),
    Example("job", "{job}", code=1),
    Example("entry", "{company} {entry}"),
    Example(
        "reconcile",
        f"{{company}} {PERIOD}",
        wrong=(
            ("an end before its beginning", "{company} --from 2026-12-31 --to 2026-01-01"),
            ("a day of another form", "{company} --from January --to 2026-01-31"),
            ("a period and a job", f"{{company}} {PERIOD} --job {{job}}"),
        ),
    ),
    Example("reconcile", "--job {job}"),
    Example("report", "{job} -o report.html --yes"),
    Example("logs", "{job}", lines=20),
    Example("poll"),
    Example("retry", "{job} --yes", after=finish),
    Example("redrive", before=dead_letter),
    Example("oauth-client"),
    Example("schema", "poll"),
    Example(
        "reverse",
        "{company} {entry} --yes",
        wrong=(("neither an expense nor a job", ""), ("a day of another form", "{company} {entry} --on tomorrow")),
    ),
    Example("reverse", "{company} {entry} --json"),
    Example("entry", "{company} {entry}", code=1),
    Example(
        "audit",
        f"{{company}} {PERIOD} -o {{folder}}",
        wrong=(("an end before its beginning", "{company} --from 2026-12-31 --to 2026-01-01 -o audit"),),
    ),
    Example(
        "audit verify",
        "{folder} --stack {stack}",
        wrong=(("a folder that does not exist", "missing"), ("a folder that holds no audit export", ".")),
    ),
    Example("audit verify", "{folder}"),
    Example(
        "erase-person",
        "{company} --employee-id E001 --yes",
        wrong=(("nobody in particular", "{company}"), ("a name that fits many", "{company} --name Al")),
    ),
    Example("disconnect", "{company} --yes"),
)


@dataclass(frozen=True)
class WrongUse:
    """One wrong use of a command: the arguments, and what is wrong."""

    what: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str | None]  # changes; None removes


NO_ACCESS: Mapping[str, str | None] = {
    "AWS_DEFAULT_REGION": None,
    "AWS_REGION": None,
    "AWS_ACCESS_KEY_ID": None,
    "AWS_SECRET_ACCESS_KEY": None,
    "AWS_ENDPOINT_URL": None,
}
NO_CREDENTIALS: Mapping[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
IDS = ("company", "job", "entry")
ASK_OF_CHANGES = frozenset({"connect", "sync"})  # and lists that are in step are not changed
WRONG = "Wrongly used:"
DEFAULT = "export"  # of the commands in a group


def commands() -> Mapping[str, click.Command]:
    """Return the commands of the command line by name. A group has that of the command which it runs by default."""
    found: dict[str, click.Command] = {}
    for name, command in _members(typer.main.get_command(app)).items():
        members = _members(command)
        found[name] = members.pop(DEFAULT, command)
        found |= {f"{name} {member}": each for member, each in members.items()}
    return found


def _members(group: Any) -> dict[str, click.Command]:
    return dict(getattr(group, "commands", {}))


def example_of(name: str) -> Example:
    """Return the first example of the command. Raises KeyError for one without."""
    for example in EXAMPLES:
        if example.command == name:
            return example
    raise KeyError(f"{name}: add an Example for it to local/commands.py")


def wrong_uses(name: str, names: Mapping[str, str]) -> list[WrongUse]:
    """Return five wrong uses of the command, by what its parameters are."""
    options = {option for each in commands()[name].params for option in each.opts}
    template = example_of(name).arguments
    right = tuple(shlex.split(template.format(**names)))
    found: list[WrongUse] = []
    if "--stack" in options:
        found += [
            WrongUse("a stack that does not exist", (*right, "--stack", "nonesuch"), {}),
            WrongUse("no AWS region", right, NO_ACCESS),
            WrongUse("no AWS credentials", right, NO_CREDENTIALS),
            WrongUse("an AWS profile that does not exist", right, {"AWS_PROFILE": "nonesuch"}),
        ]
    ids = [each for each in IDS if f"{{{each}}}" in template]
    if ids:
        found += [
            WrongUse("an id that nobody knows", _with(template, names, ids[-1], UNKNOWN), {}),
            WrongUse("what is no id", _with(template, names, ids[-1], MALFORMED), {}),
        ]
    found += [WrongUse(what, tuple(shlex.split(each.format(**names))), {}) for what, each in example_of(name).wrong]
    if "{file}" in template or "schema" in name:
        found += [
            WrongUse("a file or name that does not exist", ("missing.yaml",), {}),
            WrongUse("a folder", (".",), {}),
        ]
    if "--yes" in options and name not in ASK_OF_CHANGES:
        without = tuple(each for each in right if each != "--yes")
        found.append(WrongUse("no terminal to ask at", (*without, *_asking(name)), {}))
    found += [
        WrongUse("an option that does not exist", (*right, "--nonesuch"), {}),
        WrongUse("an argument too many", (*right, "one", "too", "many"), {}),
        WrongUse("an option without its value", (*right, "--json=yes"), {}),
    ]
    return found[: max(5, len(found) - 3)]


def _asking(name: str) -> tuple[str, ...]:
    """Return the option with which the command asks, where it does not always."""
    return ("--discard",) if name == "redrive" else ()


def _with(template: str, names: Mapping[str, str], name: str, value: str) -> tuple[str, ...]:
    return tuple(shlex.split(template.format(**{**names, name: value})))


def without_aws(folder: Path) -> dict[str, str]:
    """Return an environment in which nobody has set AWS up, and of which the output does not depend."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")}
    return {
        **kept,
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "COLUMNS": str(WIDTH),
        "TERMINAL_WIDTH": str(WIDTH),
        "NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8",
        "TZ": "UTC",
    }


@dataclass(frozen=True)
class Run:
    """One run of the command line."""

    line: str
    output: str
    code: int


def run_here(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Run:
    """Run the command as its users do, without a terminal, but in this process, which takes a hundredth of the time.

    For one thread. Raises RuntimeError when it prints a traceback.
    """
    output = io.StringIO()
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "argv", ["pleo-export", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO()),
        mock.patch.object(boto3, "DEFAULT_SESSION", None),
        mock.patch("typer.rich_utils.MAX_WIDTH", WIDTH),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        try:
            command_line()
            code = 0
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    return _without_traceback(Run(shlex.join(["pleo-export", *arguments]), output.getvalue(), code))


def _without_traceback(done: Run) -> Run:
    if "Traceback" in done.output:
        raise RuntimeError(f"{done.line} prints a traceback:\n{done.output}")
    return done


class Names:
    """Makes what differs from run to run the same."""

    FIXED = (
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)", "2026-11-26T12:00:00Z"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "2026-11-26 12:00:00Z"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "2026-11-26 12:00 UTC"),
        (r"(127\.0\.0\.1|localhost):\d+", r"\1:4566"),
        (r"execute-api/\w+/", "execute-api/api/"),
        (r'"age_seconds": \d+', '"age_seconds": 60'),
        (r"│ \d+ (s|min)( +)│", r"│ 1 min│"),
        (r"\w*commands-RefreshTokensFunction-\w+", "RefreshTokensFunction"),
    )

    def __init__(self, world: World) -> None:
        self._world = world
        self._jobs: dict[str, str] = {}

    def stable(self, text: str) -> str:
        """Return the text with fixed ids of jobs, times and ports."""
        for job in self._world.stack.pleo.state.all_jobs():
            self._jobs.setdefault(job["id"], f"{len(self._jobs) + 1:08d}-0000-4000-8000-000000000000")
        for job_id, fixed in self._jobs.items():
            text = text.replace(job_id, fixed)
        text = text.replace(str(self._world.folder), "/home/ada")
        for pattern, replacement in self.FIXED:
            text = re.sub(pattern, replacement, text)
        return "\n".join(line.rstrip() for line in text.splitlines())


def capture() -> tuple[str, list[str]]:
    """Return the page, from a run on a fresh local stack, and what was not as its example says."""
    with LocalStack("commands", wait_scale=0) as stack, tempfile.TemporaryDirectory() as scratch:
        world = World(stack, Path(scratch))
        names = Names(world)
        sections = {name: [_help(name, world)] for name in commands()}
        for example in EXAMPLES:
            sections[example.command].append(_example(example, world, names))
            if example.command == "schema":  # while the company is still connected: wrong uses need that too
                _add_wrong_uses(sections, world, names)
        return _page(sections), world.unexpected


def _help(name: str, world: World) -> str:
    return "\n\n".join(_block([shown.line], help_text(shown)) for shown in helps(name, world.folder))


def helps(name: str, folder: Path) -> list[Run]:
    """Return the help of the command; of a group also that of the command which it runs by default."""
    words = shlex.split(name)
    by_default = [[*words, DEFAULT]] if _members(_members(typer.main.get_command(app)).get(name)) else []
    return [run_here([*each, "--help"], without_aws(folder), folder) for each in (words, *by_default)]


def help_text(shown: Run) -> str:
    """Return the help as the page shows it."""
    return "\n".join(line.rstrip() for line in shown.output.strip("\n").splitlines())


def _example(example: Example, world: World, names: Names) -> str:
    if example.before:
        example.before(world)
    arguments = shlex.split(example.arguments.format(**world.names))
    done = run_here([*shlex.split(example.command), *arguments], world.environment, world.folder)
    print(f"{done.code} {done.line}")
    if done.code != example.code:
        world.unexpected.append(f"{done.line} ended with {done.code} instead of {example.code}:\n{done.output}")
    if example.after:
        example.after(world)
    lines = names.stable(done.output).splitlines()
    if len(lines) > example.lines:
        lines = [*lines[: example.lines], f"... ({len(lines) - example.lines} more lines)"]
    return _block([names.stable(done.line)], "\n".join(lines), done.code)


def _add_wrong_uses(sections: Mapping[str, list[str]], world: World, names: Names) -> None:
    for name, blocks in sections.items():
        blocks.append(_wrong(name, world, names))


def _wrong(name: str, world: World, names: Names) -> str:
    blocks = []
    for use in wrong_uses(name, {**world.names, "folder": "another"} if name == "audit" else world.names):
        changed = {**world.environment, **use.environment}
        environment = {key: value for key, value in changed.items() if value is not None}
        done = run_here([*shlex.split(name), *use.arguments], environment, world.folder)
        if done.code == 0:
            raise RuntimeError(f"{done.line} ({use.what}) ended with 0:\n{done.output}")
        blocks.append(f"# {use.what}\n{_console([names.stable(done.line)], names.stable(done.output), done.code)}")
    return f"{WRONG}\n\n```console\n" + "\n\n".join(blocks) + "\n```"


def _block(lines: Sequence[str], output: str, code: int = 0) -> str:
    return f"```console\n{_console(lines, output, code)}\n```"


def _console(lines: Sequence[str], output: str, code: int) -> str:
    told = [*(f"$ {line}" for line in lines), output.strip("\n")]
    return "\n".join(filter(None, [*told, f"[exit code {code}]" if code else ""]))


def _wrong_last(block: str) -> bool:
    return block.startswith(WRONG)


def _page(sections: Mapping[str, Sequence[str]]) -> str:
    parts: Iterator[str] = (
        f"## `{name}`\n\n" + "\n\n".join(sorted(blocks, key=_wrong_last)) for name, blocks in sections.items()
    )
    return INTRODUCTION + "\n" + "\n\n".join(parts) + "\n"


def main() -> int:
    """Write the page, also where something is not as it should be; then the exit code is 1."""
    page, unexpected = capture()
    PAGE.write_text(page)
    print(f"{PAGE.relative_to(ROOT)} written")
    print("\n".join(unexpected))
    return 1 if unexpected else 0


if __name__ == "__main__":
    from local import interruption

    sys.exit(interruption.run(main))
