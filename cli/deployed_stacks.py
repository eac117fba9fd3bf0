"""Find the stack that a command works on where nobody names one.

| samconfig.toml here              | stacks of this product in the region | it is                              |
|----------------------------------|--------------------------------------|------------------------------------|
| names one that is deployed       | any                                  | that one, as for `sam deploy`      |
| names none, or one that is not   | exactly one                          | that one                           |
|                                  | several                              | refused, with their names          |
|                                  | none, or they may not be listed      | refused, with what to do           |
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cli.errors import StackNotFound, UsageError

MARK = "RefreshTokensFunctionName"  # an output that only stacks of this product have
SAMCONFIG = Path("samconfig.toml")
NAME_IT = "Name it with --stack or PLEO_EXPORT_STACK"


def stack_name(cloudformation: Any) -> str:
    """Return the name of the stack. Raises StackNotFound where it cannot be told, and botocore's errors."""
    configured = _configured()
    if configured and is_ours(cloudformation, configured):
        return configured
    region = cloudformation.meta.region_name
    try:
        names = deployed(cloudformation)
    except ClientError as error:
        raise StackNotFound(
            f"which stack? The stacks in {region} cannot be listed ({error.response['Error'].get('Code')}). {NAME_IT}"
        ) from None
    if len(names) == 1:
        return names[0]
    if names:
        raise StackNotFound(f"which stack? There are several in {region}. {NAME_IT}: {', '.join(names)}")
    raise StackNotFound(f"there is no pleo-export stack{nothing_deployed(region)}")


def outputs_of(stack: Any) -> dict[str, str]:
    """Return the outputs of a stack that CloudFormation describes, by name."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def deployed(cloudformation: Any) -> list[str]:
    """Return the names of this product's stacks in the region. Raises botocore's errors."""
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    return sorted(stack["StackName"] for page in pages for stack in page["Stacks"] if MARK in outputs_of(stack))


def is_ours(cloudformation: Any, name: str) -> bool:
    """Return whether there is a stack of this product with that name."""
    try:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"].get("Code") != "ValidationError":
            raise
        return False
    return MARK in outputs_of(stack)


def others(cloudformation: Any) -> str:
    """Return what to do instead: name one of our stacks, where the caller may list them, else deploy one."""
    region = cloudformation.meta.region_name
    try:
        names = deployed(cloudformation)
    except ClientError:
        names = []
    if names:
        return f" in {region}. Name one of these with --stack or PLEO_EXPORT_STACK: {', '.join(names)}"
    return nothing_deployed(region)


def nothing_deployed(region: str) -> str:
    """Return what to do where the region holds no stack of ours."""
    return f" in {region}. Deploy it with `sam deploy`, name another with --stack, or set AWS_DEFAULT_REGION"


def _configured() -> str | None:
    """Return the stack that a plain `sam deploy` would deploy from here. Raises UsageError for a broken file."""
    try:
        settings = tomllib.loads(SAMCONFIG.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{SAMCONFIG} cannot be read: {error.strerror}. {NAME_IT}") from None
    except ValueError as error:  # of the encoding, or of TOML
        raise UsageError(f"{SAMCONFIG} cannot be read: {error}. {NAME_IT}") from None
    default = settings.get("default", {})
    for command in ("deploy", "global"):
        if name := default.get(command, {}).get("parameters", {}).get("stack_name"):
            return str(name)
    return None
