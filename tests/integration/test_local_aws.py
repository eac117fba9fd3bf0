"""The local AWS keeps what it promises, shown on a project of one function."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local.aws import STATE, LocalAws, prepare
from local.processes import answers

pytestmark = pytest.mark.enable_socket

HANDLER = """
import importlib, os, time
import boto3
import pydantic
import pleo_export

class TooLate(Exception): pass

def handler(event, context):
    print("asked to", event.get("do"))
    match event.get("do"):
        case "fail":
            raise TooLate("the lease has run out")
        case "import":
            importlib.import_module(event["module"])
        case "scan":
            boto3.client("dynamodb").scan(TableName=os.environ["TABLE_NAME"])
    return {"greeting": os.environ["GREETING"], "layer": pleo_export.FROM, "zone": time.tzname[0],
            "developer": [name for name in ("AWS_PROFILE", "PYTEST_CURRENT_TEST") if name in os.environ]}
"""
STATE_MACHINE = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "${AskArn}",
            "Catch": [{"ErrorEquals": ["TooLate"], "Next": "WaitLong"}],
            "End": True,
        },
        "WaitLong": {"Type": "Wait", "Seconds": 3600, "Next": "Late"},
        "Late": {"Type": "Pass", "Result": "late", "End": True},
    },
}
TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  PythonRuntime: {Type: String, Default: python3.13}
  Architecture: {Type: String, Default: arm64}
  Greeting: {Type: String, Default: hello}
Globals:
  Function:
    Runtime: !Ref PythonRuntime
    Architectures: [!Ref Architecture]
    Handler: app.handler
    Timeout: 10
    Layers: [!Ref Layer]
Resources:
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layers/pleo_export/, CompatibleRuntimes: [!Ref PythonRuntime]}
  Ask:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/ask/
      Environment: {Variables: {GREETING: !Ref Greeting, TABLE_NAME: !Ref Table}}
  AskLogs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub "/aws/lambda/${Ask}", RetentionInDays: 7}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: statemachine/machine.asl.json
      DefinitionSubstitutions: {AskArn: !GetAtt Ask.Arn}
      Policies: [{LambdaInvokePolicy: {FunctionName: !Ref Ask}}]
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: toy, ProtocolType: HTTP}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: $default, AutoDeploy: true}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt Ask.Arn
      PayloadFormatVersion: "2.0"
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: POST /ask, Target: !Sub "integrations/${Integration}"}
  MayCall:
    Type: AWS::Lambda::Permission
    Properties: {Action: lambda:InvokeFunction, FunctionName: !Ref Ask, Principal: apigateway.amazonaws.com}
Outputs:
  ApiId: {Value: !Ref Api}
  MachineArn: {Value: !Ref Machine}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the same shape as ours."""
    root = tmp_path_factory.mktemp("project")
    for path, text in {
        "template.yaml": TEMPLATE,
        "functions/ask/app.py": HANDLER,
        "layers/pleo_export/python/pleo_export/__init__.py": 'FROM = "the layer"',
        "statemachine/machine.asl.json": json.dumps(STATE_MACHINE),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture(scope="module")
def aws(project: Path) -> Iterator[LocalAws]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_PROFILE", "the-developers-own")
        patch.setenv("TZ", "Asia/Tokyo")
        with LocalAws("toy", project=project, wait_scale=0) as aws:
            yield aws


@pytest.fixture(scope="module")
def outputs(aws: LocalAws) -> dict[str, str]:
    return aws.deploy(Greeting="good morning")


def ask(aws: LocalAws, **event: str) -> Any:
    reply = aws.client("lambda").invoke(FunctionName=aws.physical_id("Ask"), Payload=json.dumps(event))
    return json.loads(reply["Payload"].read())


@pytest.mark.usefixtures("outputs")
def test_a_function_runs_on_its_code_its_layer_and_parameters_and_nothing_of_the_developers(aws: LocalAws) -> None:
    assert ask(aws) == {"greeting": "good morning", "layer": "the layer", "zone": "UTC", "developer": []}


@pytest.mark.usefixtures("outputs")
@pytest.mark.parametrize("module", ["moto", "pytest", "local", "cli"])
def test_a_function_cannot_import_what_lambda_would_not_have(aws: LocalAws, module: str) -> None:
    assert ask(aws, do="import", module=module)["errorType"] in {"ModuleNotFoundError", "Runtime.ImportModuleError"}


@pytest.mark.usefixtures("outputs")
def test_a_function_may_do_only_what_its_role_allows(aws: LocalAws) -> None:
    assert "not authorized to perform: dynamodb:Scan" in ask(aws, do="scan")["errorMessage"]


@pytest.mark.usefixtures("outputs")
def test_given_a_function_that_has_run_then_its_log_lines_can_be_read(aws: LocalAws) -> None:
    ask(aws, do="be heard")
    assert "asked to be heard" in aws.lambda_logs("Ask")


def test_given_a_task_that_raises_our_error_then_the_machine_catches_it_by_name_at_once(
    aws: LocalAws, outputs: dict[str, str]
) -> None:
    machines = aws.client("stepfunctions")
    started = machines.start_execution(stateMachineArn=outputs["MachineArn"], input='{"do": "fail"}')
    deadline = time.monotonic() + 20
    while (run := machines.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
        assert time.monotonic() < deadline
    assert (run["status"], run["output"]) == ("SUCCEEDED", '"late"')


def test_given_an_http_api_then_it_answers_at_its_url(aws: LocalAws, outputs: dict[str, str]) -> None:
    reply = requests.post(f"{aws.http_api_url(outputs['ApiId'])}/ask", json={}, timeout=20)
    assert reply.json()["layer"] == "the layer"


@pytest.mark.usefixtures("outputs")
def test_given_a_deployed_project_when_it_is_deployed_again_then_the_new_parameters_and_code_hold(
    aws: LocalAws, project: Path
) -> None:
    (project / "layers/pleo_export/python/pleo_export/__init__.py").write_text('FROM = "the new layer"')
    aws.deploy(Greeting="good night")
    assert ask(aws) == {"greeting": "good night", "layer": "the new layer", "zone": "UTC", "developer": []}


@pytest.mark.usefixtures("outputs")
def test_given_two_accounts_side_by_side_then_neither_sees_the_other_and_nothing_of_them_stays(aws: LocalAws) -> None:
    before = list((STATE / "run").glob("toy-2-*"))
    with LocalAws("toy-2") as other:
        assert other.url != aws.url
        assert other.client("lambda").list_functions()["Functions"] == []
        assert len(aws.client("lambda").list_functions()["Functions"]) == 1
    assert not answers(other.url)()
    assert list((STATE / "run").glob("toy-2-*")) == before


def test_given_no_linux_then_the_stand_in_for_the_runtime_client_does_the_same(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[tuple[str, ...]] = []

    def base_image_without_its_compiled_module(name: str, _requirements: Path, *platform: str) -> Path:
        installed.append(platform)
        folder = tmp_path / name
        if not folder.exists():
            shutil.copytree(on_linux[name], folder, ignore=shutil.ignore_patterns("runtime_client.*.so"))
        return folder

    on_linux = dict(zip(("layer-deps", "base-image"), prepare(), strict=True))
    monkeypatch.setattr("local.aws._installed", base_image_without_its_compiled_module)
    monkeypatch.setattr("local.aws.sys.platform", "darwin")
    with LocalAws("toy-3", project=project) as aws:
        aws.deploy()
        assert ask(aws)["greeting"] == "hello"
        assert ask(aws, do="fail")["errorType"] == "TooLate"
        assert ask(aws)["greeting"] == "hello"
    assert installed == [(), ("--platform", "manylinux2014_x86_64")]
