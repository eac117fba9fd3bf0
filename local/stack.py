"""Everything on one machine: AWS with our stack deployed, Pleo with sample companies, and a ledger: Tryton, or the
simulator of another.

python -m local.stack up        start it and leave it running (`make up`)
python -m local.stack down      stop it (`make down`)
python -m local.stack serve     the same in the foreground, until Ctrl-C

`--ledger xero` takes the simulator of Xero in place of Tryton. With `--host ADDRESS` everything listens there instead
of on loopback, so that containers reach it (docs/local.md).
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from types import TracebackType
from typing import Any, Self

import requests

from cli.commands import connect as connecting
from cli.commands import oauth_client as authorising
from cli.invitations import callback_url
from cli.stack import Stack
from local import interruption
from local.aws import STATE, LocalAws
from local.ledgers.books import Books
from local.ledgers.choice import CHOICES, TRYTON, books
from local.processes import LOOPBACK, ChildFailed, Interrupted, stopping
from local.tryton import web_client
from local.tryton.server import TrytonServer
from pleo_export.settings import parse_settings
from pleo_simulator.oauth import Client
from pleo_simulator.sample import API_KEYS, NORTHGATE, REGISTRATION_NUMBERS
from pleo_simulator.server import Simulator

NAME = "pleo-export"
RUNNING = STATE / "up.json"
LOG = STATE / "log" / "up.log"
TIME_LIMIT = 30  # seconds
STOPPED_WITHIN = 20
JOB_SECONDS = 120  # that an export may take


class LocalStack:
    """`aws`, `pleo` and `ledger` run, and the project is deployed, until the `with` block ends.

    `ledger` names one of CHOICES.
    `wait_scale` 0 takes waits and retry pauses out of the state machine. `parameters` are the template's.
    All three listen on `host`; on another than loopback only so that containers reach them. Pleo listens on loopback
    all the same: from elsewhere the functions take no receipts over plain HTTP. `started` is told each part that runs,
    and after how many seconds.
    """

    def __init__(
        self,
        name: str = NAME,
        *,
        wait_scale: float = 1,
        parameters: Mapping[str, str] | None = None,
        account: type[LocalAws] = LocalAws,
        host: str = LOOPBACK,
        ledger: str = TRYTON,
        started: Callable[[str, float], None] = lambda part, seconds: None,
    ) -> None:
        self._started = started
        self._chosen = ledger
        self.name = name
        self._account = account
        self._host = host
        self._wait_scale = wait_scale
        self._parameters = dict(parameters or {})
        self._stack = ExitStack()
        self.seconds: dict[str, float] = {}

    def __enter__(self) -> Self:
        with self._stack:
            self.pleo = self._stack.enter_context(
                # lost webhooks come back in seconds
                Simulator("sample", also=self._host, seed=secrets.randbits(64), retry_scale=0.01)
            )
            with ThreadPoolExecutor() as pool:
                deployed = pool.submit(self._timed, "local AWS and sam deploy", self._deploy)
                opened = pool.submit(self._timed, self._chosen, self._open_ledger)
                deployed.result()
                opened.result()
            self._stack.enter_context(_environment(self.aws.credentials))
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._keep_logs()
        finally:
            self._stack.close()

    @property
    def books(self) -> TrytonServer:
        """Tryton, with what only it can do. Raises TypeError where another ledger was chosen."""
        if not isinstance(self.ledger, TrytonServer):
            raise TypeError(f"this stack runs with {self._chosen}")
        return self.ledger

    @property
    def webhook_url(self) -> str:
        """Where Pleo sends webhooks; the company's id follows."""
        return self.aws.http_api_url(self.outputs["ApiId"]) + "/webhooks/pleo/"

    @property
    def deployed(self) -> Stack:
        return Stack(self.name)

    def job(self, job_id: str) -> dict[str, Any]:
        """Return the export job as Pleo holds it."""
        found: dict[str, Any] = next(each for each in self.pleo.state.all_jobs() if each["id"] == job_id)
        return found

    def is_over(self, job_id: str) -> bool:
        """Return whether nothing more happens to the job."""
        return self.job(job_id)["status"] not in ("pending", "in_progress")

    def wait_for(self, job_id: str) -> dict[str, Any]:
        """Wait until the job is over, and return it. Raises ChildFailed when that takes too long."""
        deadline = time.monotonic() + JOB_SECONDS
        while not self.is_over(job_id):
            if time.monotonic() > deadline:
                raise ChildFailed(f"job {job_id} is not over after {JOB_SECONDS} s; see .local/log/")
            if stopping.wait(0.2):
                raise Interrupted
        return self.job(job_id)

    def connect(self, company_id: str = NORTHGATE, ledger: Books | None = None, **changes: Any) -> list[str]:
        """Connect a sample company to the books, by the steps of `pleo-export connect`; the lines it prints."""
        ledger = ledger or self.ledger
        settings = parse_settings(settings_of(company_id, ledger) | changes)
        key = {"api_key": API_KEYS[company_id]}
        return list(map(str, connecting.connect(self.deployed, settings, key, ledger.secret, self.webhook_url)))

    def connect_by_oauth(self, company_id: str, ledger: Books | None = None) -> None:
        """The same, by the steps of `connect --oauth`, and with a person who follows the link at once."""
        back = callback_url(self.webhook_url)
        client = Client(f"{self.name}-client", "only-for-this-machine", (back,), company_id)
        self.pleo.service.oauth.register(client)
        authorising.store_client(self.deployed, "pleo", client.id, client.secret)
        lines = authorising.authorise(self.deployed, company_id, self.webhook_url)
        self.follow(next(lines).split()[-1])
        list(lines)
        ledger = ledger or self.ledger
        settings = parse_settings(settings_of(company_id, ledger))
        stored = self.deployed.secrets(company_id)
        grant = stored.pleo if stored else {}
        list(connecting.connect(self.deployed, settings, grant, ledger.secret, self.webhook_url))

    def follow(self, link: str) -> str:
        """As a browser does, which keeps cookies on this machine's plain HTTP too; the text of the last page."""
        to_pleo = requests.get(link, allow_redirects=False, timeout=TIME_LIMIT)
        cookie = to_pleo.headers["Set-Cookie"].partition(";")[0]
        back = requests.get(to_pleo.headers["Location"], allow_redirects=False, timeout=TIME_LIMIT)
        return requests.get(back.headers["Location"], headers={"Cookie": cookie}, timeout=TIME_LIMIT).text

    def _deploy(self) -> None:
        self.aws = self._stack.enter_context(self._account(self.name, wait_scale=self._wait_scale, host=self._host))
        self.outputs = self.aws.deploy(
            PleoApiUrl=self.pleo.url, PleoAuthUrl=self.pleo.url, ReceiptHosts=self.pleo.url, **self._parameters
        )

    def _open_ledger(self) -> None:
        self.ledger = self._stack.enter_context(books(self._chosen, self._host))

    def _keep_logs(self) -> None:
        """What the functions said, to be read later; it ends with the local AWS."""
        lines = self.aws.lambda_logs("WebhookFunction")  # all functions share one log group
        (STATE / "log" / f"{self.name}-functions.log").write_text("".join(line.rstrip() + "\n" for line in lines))

    def _timed(self, what: str, work: Callable[[], None]) -> None:
        begun = time.monotonic()
        work()
        self.seconds[what] = time.monotonic() - begun
        self._started(what, self.seconds[what])


def settings_of(company_id: str, ledger: Books) -> dict[str, Any]:
    """A sample company's settings, as a person would write them to YAML. All ledgers here are Northgate's, so that for
    the others the number of the ledger's company has to be confirmed."""
    confirmed = {} if company_id == NORTHGATE else {"registration_number": REGISTRATION_NUMBERS[NORTHGATE]}
    return {
        **confirmed,
        "company_id": company_id,
        "posting": "posted",
        "dimensions": {"cost_centre": "cost_centre", "project": "project"},
        **ledger.connection(),
    }


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """For boto3 in this process, as a shell would export them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def serve(host: str = LOOPBACK, ledger: str = TRYTON) -> int:
    """Run until told to stop; what others need to know is in `.local/up.json` meanwhile."""
    with LocalStack(host=host, ledger=ledger) as stack:
        stack.connect()
        facts = {
            "pid": os.getpid(),
            "environment": stack.aws.credentials,
            "pleo": stack.pleo.url,
            "ledger": stack.ledger.title,
            "ledger_page": stack.ledger.page,
            "webhook": stack.webhook_url,
            "company": NORTHGATE,
            "host": host,
        }
        RUNNING.write_text(json.dumps(facts, indent=2))
        try:
            stopping.wait()
        finally:
            RUNNING.unlink()
    return 0


def up(host: str = LOOPBACK, ledger: str = TRYTON) -> int:
    """Start `serve` in the background and say how to use it."""
    if (facts := running()) is None:
        LOG.parent.mkdir(parents=True, exist_ok=True)
        with LOG.open("wb") as log:
            command = [sys.executable, "-m", "local.stack", "serve", "--host", host, "--ledger", ledger]
            server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        while (facts := running()) is None:
            if server.poll() is not None:
                raise ChildFailed(f"the local stack did not start; see {LOG}\n{LOG.read_text()[-2000:]}")
            if stopping.wait(0.1):
                server.terminate()
                server.wait(STOPPED_WITHIN)
                raise Interrupted
    variables = facts["environment"] | {"PLEO_EXPORT_WEBHOOK_URL": facts["webhook"]}
    exports = " ".join(f"{name}='{value}'" for name, value in variables.items())
    print(f"""The local stack is up: company {facts["company"]} is connected.

  Pleo simulator  {facts["pleo"]}/_sim/  (a page; API keys of its companies: pleo_simulator/sample.py)
  {facts["ledger"]:<15} {facts["ledger_page"]}{_web_client(facts["ledger"])}
  AWS             {facts["environment"]["AWS_ENDPOINT_URL"]}

Click Export on the page of the simulator and watch the job there, or (with a list of ids to export some once more):
  curl -X POST {facts["pleo"]}/_sim/companies/{facts["company"]}/export -H 'content-type: application/json' -d '{{}}'
See what became of it, or whether all is well:
  export {exports}
  .venv/bin/pleo-export job JOB_ID
  .venv/bin/pleo-export doctor
Stop it:
  make down""")
    return 0


def _web_client(ledger: str) -> str:
    if ledger != TrytonServer.title:
        return ""
    if web_client.directory().is_dir():
        told = "its web client opens the links that Pleo shows"
    else:
        told = "`make down`, `make up WEB_CLIENT=1` adds its web client, which opens the links that Pleo shows"
    return f"\n{'':18}{told}"


def running() -> dict[str, Any] | None:
    """What `serve` wrote, if it is alive."""
    try:
        facts: dict[str, Any] = json.loads(RUNNING.read_text())
        os.kill(facts["pid"], 0)
    except (OSError, ValueError):
        return None
    return facts


def down() -> None:
    facts = running()
    if facts is None:
        print("The local stack is not running.")
        return
    os.kill(facts["pid"], signal.SIGTERM)
    deadline = time.monotonic() + STOPPED_WITHIN
    while _alive(facts["pid"]):
        if time.monotonic() > deadline:
            os.kill(facts["pid"], signal.SIGKILL)  # its children go all the same
        time.sleep(0.1)
    RUNNING.unlink(missing_ok=True)
    print("The local stack is down.")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _address(text: str) -> str:
    """One address: it is listened on, and it is how the parts find each other."""
    if ipaddress.ip_address(text).is_unspecified:
        raise argparse.ArgumentTypeError("name one address; all of them would open the stack to the network")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m local.stack", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("up", "down", "serve"))
    parser.add_argument("--host", type=_address, default=LOOPBACK)
    parser.add_argument("--ledger", choices=CHOICES, default=TRYTON)
    chosen = parser.parse_args()
    match chosen.command:
        case "up":
            sys.exit(interruption.run(partial(up, chosen.host, chosen.ledger), STOPPED_WITHIN))
        case "serve":
            sys.exit(interruption.run(partial(serve, chosen.host, chosen.ledger)))
        case "down":
            down()


if __name__ == "__main__":
    main()
