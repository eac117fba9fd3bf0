"""An AWS account in one local process: the real template, the real functions; no Docker, no account, no network.

MiniStack plays AWS on loopback. `sam deploy`, the command that AWS gets, deploys the untouched `template.yaml` to it
with `PythonRuntime=provided.al2023`: under that runtime the emulator runs a function by its `bootstrap` file, and ours
is AWS's own Python runtime client. A function sees only its code, the layer, and what Lambda's base image has
(`python -S` hides the rest), and may do only what its IAM role in the template allows.

    python -m local.aws prepare      installs what the functions run on, once; afterwards all of this works offline
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import botocore.session

from local.processes import LOOPBACK, Child, answers, free_port

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".local"
REGION = "eu-west-1"
SAM_SETTINGS = STATE / "sam"
INSTALL = Path(__file__).with_name("install.py")
STAGED = ("functions", "layers", "statemachine")
PLATFORM_LINES = ("START RequestId:", "END RequestId:", "REPORT RequestId:")

# The emulator answers a function's poll in two segments: without TCP_NODELAY each invocation pays two delayed ACKs.
BOOT = """
import socketserver
socketserver.StreamRequestHandler.disable_nagle_algorithm = True
from ministack.app import main
main()
"""


def prepare() -> tuple[Path, Path]:
    """Return the folders that a function runs on: the layer's dependencies, and the base image (with boto3).

    Installs them from their hash-locked files if this interpreter has not done so yet; needs the network only then.
    """
    layer = _installed("layer-deps", ROOT / "layers/pleo_export/requirements.txt")
    base_image = _base_image()
    SAM_SETTINGS.mkdir(exist_ok=True)
    asked_for_a_newer_sam = datetime(3000, 1, 1, tzinfo=UTC)  # so that `sam` does not ask PyPI
    (SAM_SETTINGS / "metadata.json").write_text(json.dumps({"lastVersionCheck": asked_for_a_newer_sam.timestamp()}))
    return layer, base_image


def _base_image() -> Path:
    requirements = ROOT / "requirements/base-image.txt"
    if sys.platform == "linux":
        return _installed("base-image", requirements)
    # awslambdaric has wheels for Linux only; all but one module of it runs elsewhere too.
    folder = _installed("base-image", requirements, "--platform", "manylinux2014_x86_64")
    shutil.copy(Path(__file__).with_name("runtime_client.py"), folder)
    return folder


def _installed(name: str, requirements: Path, *platform: str) -> Path:
    text = f"{sys.implementation.cache_tag} {sysconfig.get_platform()}\n{requirements.read_text()}"
    target = STATE / name / hashlib.sha256(text.encode()).hexdigest()[:16]
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as unfinished:
            folder = Path(unfinished, "packages")
            install = [sys.executable, str(INSTALL), f"what the functions run on ({name})"]
            locked = ["--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(requirements)]
            subprocess.run([*install, *locked, *platform, "--target", str(folder)], check=True)
            folder.rename(target)
    return target


class LocalAws:
    """An AWS account that lives as long as the `with` block, with one deployment of the project in it.

    Several can run side by side; each has its own port, folder and data, and leaves nothing behind but its logs
    (`.local/log/<name>-aws.log`, `<name>-deploy.log`). `wait_scale` shortens the waits and retry intervals of state
    machines (0 takes them out). `host` is the address that it listens on and goes by.
    """

    boot = BOOT
    """What starts the emulator, as Python."""

    def __init__(
        self,
        name: str = "pleo-export",
        *,
        project: Path = ROOT,
        wait_scale: float = 1,
        host: str = LOOPBACK,
    ) -> None:
        self.name = name
        self.url = f"http://{host}:{free_port(host)}"
        self._project = project
        self._wait_scale = wait_scale
        self._host = host
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> Self:
        (STATE / "run").mkdir(parents=True, exist_ok=True)
        self._scratch = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=STATE / "run"))
        self._emulator = Child(
            [sys.executable, "-c", self.boot],
            log=self._log("aws"),
            env=self._emulator_env(),
            cwd=self._scratch,
            ready=answers(f"{self.url}/_ministack/health"),
            scratch=self._scratch,
        )
        self._emulator.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._emulator.stop()

    @property
    def credentials(self) -> dict[str, str]:
        """Return the variables that point any AWS tool at this account."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    @property
    def env(self) -> dict[str, str]:
        """Return the whole environment for a subprocess that works in this account: ours, without the user's own
        AWS."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**ours, **self.credentials}

    def client(self, service: str) -> Any:
        """Return a boto3 client of this account, with every permission."""
        if service not in self._clients:
            blind = botocore.session.Session(session_vars={"profile": (None, None, None, None)})  # to AWS_PROFILE
            session = boto3.Session("test", "test", region_name=REGION, botocore_session=blind)
            self._clients[service] = session.client(service, endpoint_url=self.url)  # type: ignore[call-overload]
        return self._clients[service]

    def deploy(self, **parameters: str) -> dict[str, str]:
        """Deploy the project, or deploy it again, with these template parameters. Returns the stack's outputs.

        Raises `ChildFailed` with the end of SAM's output.
        """
        stage = self._stage()
        chosen = {**parameters, "PythonRuntime": "provided.al2023"}
        # A file, since SAM cuts a value on the command line at its first space; YAML, of which JSON is a part.
        (stage / "parameters.yaml").write_text(json.dumps(chosen))
        command = [
            *(sys.executable, "-m", "samcli", "deploy", "--stack-name", self.name, "--resolve-s3"),
            *("--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"),
            *("--no-fail-on-empty-changeset", "--no-progressbar", "--parameter-overrides", "file://parameters.yaml"),
        ]
        with Child(command, log=self._log("deploy"), env=self._sam_env(), cwd=stage) as sam:
            sam.wait(within=300)
        self._bind_roles()
        [stack] = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def physical_id(self, logical_id: str) -> str:
        """Return the name (queue: URL, state machine: ARN) of the deployed resource that the template calls
        `logical_id`."""
        found = self.client("cloudformation").describe_stack_resource(StackName=self.name, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def http_api_url(self, api_id: str) -> str:
        """Return where the emulator serves an HTTP API's $default stage."""
        return f"{self.url}/_aws/execute-api/{api_id}/$default"

    def lambda_logs(self, function: str) -> list[str]:
        """Return what the function of that logical id has printed so far, oldest line first, without the platform's
        lines.

        The emulator collects them when an invocation ends. Functions that share a log group share its lines."""
        name = self.physical_id(function)
        group = self.client("lambda").get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        messages = [str(event["message"]) for page in pages for event in page["events"]]
        return [message for message in messages if not message.startswith(PLATFORM_LINES)]

    def _bind_roles(self) -> None:
        """Give the roles the permissions boundaries of the template: the emulator enforces them, but its CloudFormation
        leaves them out."""
        deployed = self.client("cloudformation").get_template(StackName=self.name, TemplateStage="Processed")
        for role, resource in deployed["TemplateBody"]["Resources"].items():
            if boundary := resource.get("Properties", {}).get("PermissionsBoundary"):
                self.client("iam").put_role_permissions_boundary(
                    RoleName=self.physical_id(role), PermissionsBoundary=self.physical_id(boundary["Ref"])
                )

    def _stage(self) -> Path:
        """Make a copy of what is deployed, byte by byte, with a `bootstrap` beside each function's code."""
        layer, base_image = prepare()
        stage = self._scratch / "stage"
        shutil.rmtree(stage, ignore_errors=True)
        for folder in (each for each in STAGED if (self._project / each).is_dir()):
            shutil.copytree(self._project / folder, stage / folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(self._project / "template.yaml", stage)
        path = os.pathsep.join(str(part) for part in (stage / "layers/pleo_export/python", layer, base_image))
        for code in (stage / "functions").glob("*/app.py"):
            bootstrap = code.with_name("bootstrap")
            bootstrap.write_text(f'#!/bin/sh\nexport PYTHONPATH="{path}"\nexec {self._runtime_client()} "$_HANDLER"\n')
            bootstrap.chmod(0o755)
        return stage

    def _runtime_client(self) -> str:
        """Return the command that runs a function, for a shell; the handler's name follows."""
        return f'"{sys.executable}" -S -m awslambdaric'

    def _emulator_env(self) -> dict[str, str]:
        """Return all that the emulator, and the functions in it, see of this machine."""
        temporary = str(self._scratch / "emulator")
        Path(temporary).mkdir()
        return {
            "PATH": os.environ["PATH"],
            "HOME": temporary,
            "TMPDIR": temporary,
            "STATE_DIR": temporary,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "GATEWAY_PORT": self.url.rsplit(":", 1)[1],
            "BIND_HOST": self._host,
            "MINISTACK_HOST": self._host,
            "MINISTACK_REGION": REGION,
            "MINISTACK_WORKER_THREADS": "512",
            "AWS_ENDPOINT_URL": self.url,
            "AUTH": "true",
            "SFN_WAIT_SCALE": str(self._wait_scale),
            "IOT_MTLS_ENABLED": "0",  # would listen on 0.0.0.0:8883
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": f"unix://{temporary}/no-docker",  # else it tidies up in the developer's Docker
        }

    def _sam_env(self) -> dict[str, str]:
        """Return the environment for SAM, without its telemetry, its weekly question to PyPI (see `prepare`), and
        its 5 s between two looks."""
        return {
            **self.env,
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.2",
            "__SAM_CLI_APP_DIR": str(SAM_SETTINGS),
        }

    def _log(self, what: str) -> Path:
        return STATE / "log" / f"{self.name}-{what}.log"


if __name__ == "__main__":
    if sys.argv[1:] != ["prepare"]:
        sys.exit(__doc__)
    prepare()
