"""What the functions ask of AWS, call by call, and what template.yaml lets them ask: both in IAM's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from itertools import product
from typing import Any, Self

from tests.system.aws import ACCOUNT, REGION, STACK, client, resource

Json = dict[str, Any]
WATCHED = ("s3", "secretsmanager", "sns", "sqs", "stepfunctions")
LEADING_KEYS = {"ForAllValues:StringLike": "dynamodb:LeadingKeys"}
KEYED = {"dynamodb:LeadingKeys": "false"}  # of `Null`: there are keys
# Where IAM's action is not named like the call, and those that a transaction stands for.
ACTIONS = {"SendMessageBatch": "SendMessage"}
TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "ConditionCheck": "ConditionCheckItem",
}


@dataclass(frozen=True, order=True)
class AwsCall:
    """`key` is the partition key of the record, "" where there is none."""

    action: str
    resource: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.action} on {self.resource} {self.key}".strip()


@dataclass(frozen=True, order=True)
class Right:
    """One action on one resource, for records whose partition key begins as `key` says."""

    action: str
    resource: str
    key: str = "*"

    def allows(self, call: AwsCall) -> bool:
        pairs = (call.action, self.action), (call.resource, self.resource), (call.key, self.key)
        return all(fnmatchcase(asked, given) for asked, given in pairs)

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}" + (f" for {self.key}" if self.key != "*" else "")


def on_aws(value: Any) -> Any:
    """Return a part of the template as AWS gets it: where a condition is asked for, it is OnAws."""
    match value:
        case {"Fn::If": ["OnAws", here, _]}:
            return on_aws(here)
        case dict():
            return {name: on_aws(each) for name, each in value.items()}
        case list():
            return [kept for kept in map(on_aws, value) if kept != {"Ref": "AWS::NoValue"}]
    return value


def rights(statements: Iterable[Json], names: Mapping[str, str]) -> set[Right]:
    """Return what statements of the template allow; `names` are the values of its references ("Table.Arn",
    "ExportJob")."""
    found: set[Right] = set()
    for statement in statements:
        assert statement["Effect"] == "Allow"
        found.update(
            Right(action, _resolved(arn, names), key)
            for action in _listed(statement["Action"])
            for arn in _listed(statement["Resource"])
            for key in _keys(statement.get("Condition"))
        )
    return found


class Watch:
    """The calls of each of the functions, while `of_aws` holds."""

    def __init__(self, functions: Iterable[str]) -> None:
        self.calls: dict[str, set[AwsCall]] = {name: set() for name in functions}
        self._function: str | None = None

    @contextmanager
    def function(self, name: str) -> Iterator[None]:
        """Run as that function; if another one was running, that has invoked it."""
        outer, self._function = self._function, name
        if outer:
            arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-{name.replace('_', '-')}"
            self.calls[outer].add(AwsCall("lambda:InvokeFunction", arn))
        try:
            yield
        finally:
            self._function = outer

    @contextmanager
    def of_aws(self) -> Iterator[Self]:
        clients = [*map(client, WATCHED), resource("dynamodb").meta.client]
        for each in clients:
            each.meta.events.register("before-parameter-build", self._asked, unique_id="rights")
        try:
            yield self
        finally:
            for each in clients:
                each.meta.events.unregister("before-parameter-build", unique_id="rights")

    def _asked(self, params: Json, model: Any, **_: Any) -> None:
        if self._function:
            self.calls[self._function].update(_calls(model.service_model.signing_name, model.name, params))


def _calls(service: str, operation: str, params: Json) -> Iterator[AwsCall]:
    action = partial("{}:{}".format, service)
    if service != "dynamodb":
        yield AwsCall(action(ACTIONS.get(operation, operation)), _resource(service, params))
    elif "TransactItems" in params:
        # Whether IAM shows each action of a transaction its own key or all of them is not documented: all, to be safe.
        parts = [part for each in params["TransactItems"] for part in each.items()]
        for (kind, _), (_, part) in product(parts, parts):
            yield AwsCall(action(TRANSACTED[kind]), _table(part), _key(part))
    elif "RequestItems" in params:
        for table, wanted in params["RequestItems"].items():
            for record in _batch(wanted):
                yield AwsCall(action(operation), _table({"TableName": table}), _pk(record))
    else:
        yield AwsCall(action(operation), _table(params), _key(params))


def _batch(wanted: Any) -> list[Json]:
    """Return the records that a batch reads, puts or deletes."""
    if isinstance(wanted, dict):
        return list(wanted["Keys"])
    parts = [next(iter(each.values())) for each in wanted]
    return [part.get("Item") or part["Key"] for part in parts]


def _table(params: Json) -> str:
    index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{params['TableName']}{index}"


def _key(params: Json) -> str:
    """Return the key of a call for one record, or of a query for those of one partition; an index has keys of its
    own."""
    if record := params.get("Key") or params.get("Item"):
        return _pk(record)
    if "IndexName" in params:
        return ""
    asked = re.match(r"(#?\w+) = (:\w+)", params["KeyConditionExpression"].strip("()"))
    assert asked and params.get("ExpressionAttributeNames", {}).get(asked[1], asked[1]) == "pk", params
    return _value(params["ExpressionAttributeValues"][asked[2]])


def _pk(record: Json) -> str:
    return _value(record["pk"])


def _value(value: Any) -> str:
    return str(value["S"] if isinstance(value, dict) else value)


def _resource(service: str, params: Json) -> str:
    match service:
        case "s3":
            return f"arn:aws:s3:::{params['Bucket']}/{params['Key']}"
        case "secretsmanager":
            secret = str(params.get("SecretId") or params["Name"])
            path = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
            return secret if secret.startswith("arn:") else path + secret
        case "sqs":
            return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{params['QueueUrl'].rsplit('/', 1)[1]}"
        case "sns":
            return str(params["TopicArn"])
        case _:
            return str(params.get("stateMachineArn") or params["executionArn"])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _keys(condition: Json | None) -> list[str]:
    if condition is None:
        return ["*"]
    (operator, wanted), *others = condition.items()
    if "kms:ViaService" in wanted:  # which knows no records
        return ["*"]
    assert others == [("Null", KEYED)], "ForAllValues is true of a request without keys as well"
    return list(wanted[LEADING_KEYS[operator]])


def _resolved(value: Any, names: Mapping[str, str]) -> str:
    match value:
        case {"Ref": name}:
            return names[name]
        case {"Fn::GetAtt": [name, attribute]}:
            return names[f"{name}.{attribute}"]
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([\w.:]+)\}", lambda found: names[found[1]], text)
    assert isinstance(value, str), value
    return value
