"""House rules of template.yaml that no linter knows, read from the file and from what the functions really do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from pleo_export.accounting import http as books
from pleo_export.accounting.errors import Rejected
from pleo_export.accounting.lists import LedgerList
from pleo_export.authorisation.refresh_tokens import ENDED_LINE
from pleo_export.bookkeeping.documents import Party
from pleo_export.function_time import TIME_RESERVE
from pleo_export.oauth import token_endpoint
from pleo_export.pleo import transport as pleo
from pleo_export.store.secret_locks import HOLD
from pleo_export.sync.progress import LAST_CALL, LONGEST_RUN
from pleo_export.workflow.sync_times import SLOT
from pleo_simulator.expenses import Expense, Line, export_item
from pleo_simulator.fault_queue import Fault
from pleo_simulator.sample import HAVN, LUMBRE, NORTHGATE
from tests.system.aws import ROOT, poll_schedule, template
from tests.system.browser import Browser
from tests.system.expenses import FIRST_DAY, purchase, purchases
from tests.system.in_process_system import (
    FUNCTIONS,
    STATES,
    InProcessServices,
    InProcessSystem,
    load_handler,
    oauth_client_id,
)
from tests.system.lambda_context import InvocationContext
from tests.system.oauth_ledger import BY_A_PERSON, ledger_with
from tests.system.rights import KEYED, on_aws
from tests.unit.workflow.test_webhook import created, deliver, headers

Json = dict[str, Any]
RESOURCES: Json = template()["Resources"]
PARAMETERS: Json = template()["Parameters"]


def of_type(kind: str) -> dict[str, Json]:
    return {name: each for name, each in RESOURCES.items() if each["Type"] == kind}


LAMBDAS = of_type("AWS::Serverless::Function")
BY_FUNCTION = {each["Properties"]["CodeUri"].removeprefix("functions/").strip("/"): each for each in LAMBDAS.values()}
WRITES_SECRETS = {"RefreshTokensFunction", "OAuthCallbackFunction"}
WRITES_TOKENS = {"refresh_tokens", "oauth_callback"}  # the same by their folders
MISSING = {"PollMissing", "ReconcileDraftsMissing", "ScheduleSyncsMissing", "CheckMappingMissing"}
OPENS_THE_BOOKS = {"validate_job", "record_items"}
OTHER = "44444444-4444-4444-8444-444444444444"  # another company
WITH_POLICIES = LAMBDAS | of_type("AWS::Serverless::StateMachine")


def statements(resource: Json) -> list[Json]:
    """As on AWS."""
    return [on_aws(each) for policy in resource["Properties"]["Policies"] for each in policy["Statement"]]


def actions(statement: Json) -> list[str]:
    given = statement["Action"]
    return given if isinstance(given, list) else [given]


def variables(function: str) -> set[str]:
    """The environment variables of a function, without those that Powertools reads or that have no value on AWS."""
    common = template()["Globals"]["Function"]["Environment"]["Variables"]
    own = BY_FUNCTION[function]["Properties"].get("Environment", {"Variables": {}})["Variables"]
    given = {name for name, value in {**common, **own}.items() if value != {"Ref": "AWS::NoValue"}}
    return {name for name in given if not name.startswith("POWERTOOLS_")}


def timeout(function: str) -> int:
    common = template()["Globals"]["Function"]["Timeout"]
    return int(BY_FUNCTION[function]["Properties"].get("Timeout", common))


def test_every_folder_of_functions_is_one_function_with_a_handler(system: InProcessSystem) -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert folders == set(BY_FUNCTION) == set(FUNCTIONS)
    assert template()["Globals"]["Function"]["Handler"] == "app.handler"
    assert all(callable(load_handler(name)) for name in folders)


@pytest.mark.parametrize("name", LAMBDAS)
def test_functions_have_no_dependencies_of_their_own(name: str) -> None:
    """So that `sam build` needs no Python of the Lambda runtime's version."""
    assert LAMBDAS[name]["Metadata"]["SkipBuild"] is True
    folder = ROOT / LAMBDAS[name]["Properties"]["CodeUri"]
    assert {path.name for path in folder.iterdir()} - {"__pycache__"} == {"app.py"}


@pytest.mark.parametrize("name", WITH_POLICIES)
def test_every_role_is_a_list_of_actions_on_named_resources(name: str) -> None:
    for statement in statements(WITH_POLICIES[name]):
        assert statement["Effect"] == "Allow"
        assert [each for each in actions(statement) if "*" in each] == []
        only_log_delivery = all(each.startswith("logs:") for each in actions(statement))
        assert statement["Resource"] != "*" or only_log_delivery


@pytest.mark.parametrize("name", WITH_POLICIES)
def test_every_role_is_written_in_iam_s_current_language(name: str) -> None:
    assert {policy["Version"] for policy in WITH_POLICIES[name]["Properties"]["Policies"]} == {"2012-10-17"}


@pytest.mark.parametrize("name", WITH_POLICIES)
def test_a_right_on_records_of_one_kind_is_none_on_a_request_that_names_no_record(name: str) -> None:
    """`ForAllValues` is true of a request without keys. The local AWS shows its policies no keys, so not there."""
    for policy in WITH_POLICIES[name]["Properties"]["Policies"]:
        for condition in (each["Condition"] for each in policy["Statement"] if "Condition" in each):
            assert condition["Null"] == {"Fn::If": ["OnAws", KEYED, {"Ref": "AWS::NoValue"}]}


@pytest.mark.parametrize("name", LAMBDAS)
def test_no_function_may_delete_a_secret_or_write_outside_of_its_own_table_and_bucket(name: str) -> None:
    allowed = {action for statement in statements(LAMBDAS[name]) for action in actions(statement)}
    services = {"dynamodb", "s3", "secretsmanager", "sns", "sqs", "states", "lambda"}
    assert {action.split(":")[0] for action in allowed} <= services
    secrets = {"secretsmanager:GetSecretValue"}
    if name in WRITES_SECRETS:
        secrets.add("secretsmanager:PutSecretValue")
    assert {action for action in allowed if action.startswith("secretsmanager:")} <= secrets


@pytest.mark.parametrize("name", LAMBDAS)
def test_only_who_writes_tokens_may_read_our_oauth_client(name: str) -> None:
    readable = [str(each["Resource"]) for each in statements(LAMBDAS[name]) if "GetSecretValue" in str(each)]
    assert any("/oauth/" in each for each in readable) == (name in WRITES_SECRETS)


@pytest.mark.parametrize("name", LAMBDAS)
def test_whoever_may_meet_an_ended_token_may_invoke_the_refresh_and_no_other_function(name: str) -> None:
    invoked = [each["Resource"] for each in statements(LAMBDAS[name]) if actions(each) == ["lambda:InvokeFunction"]]
    reads = "REFRESH_TOKENS_FUNCTION" in LAMBDAS[name]["Properties"].get("Environment", {}).get("Variables", {})
    assert invoked == ([{"Fn::GetAtt": ["RefreshTokensFunction", "Arn"]}] if reads else [])


def test_the_lock_of_a_secret_outlives_whoever_holds_it() -> None:
    limits = [LAMBDAS[name]["Properties"]["Timeout"] for name in WRITES_SECRETS]
    assert timedelta(seconds=2 * max(limits)) < HOLD


def test_the_alarm_listens_for_the_line_that_is_logged() -> None:
    (lines,) = of_type("AWS::Logs::MetricFilter").values()
    alarm = RESOURCES["ReconnectNeeded"]["Properties"]
    (metric,) = lines["Properties"]["MetricTransformations"]
    assert lines["Properties"]["FilterPattern"] == f'{{ $.message = "{ENDED_LINE}" }}'
    assert (alarm["Namespace"], alarm["MetricName"]) == (metric["MetricNamespace"], metric["MetricName"])


def test_every_function_has_the_variables_it_reads_and_no_others(system: InProcessSystem) -> None:
    read: dict[str, set[str]] = {name: set() for name in FUNCTIONS}
    for name in FUNCTIONS:
        _with_its_own_variables(system, name, read[name])

    everything_happens(system)
    a_person_posts_drafts_and_the_night_comes(system)
    a_night_finds_what_exports_would_fail_for(system)
    lists_are_synced(system)

    read["dispatch"].add("STATE_MACHINE_ARN")  # the in-process system has no Step Functions
    assert read == {name: variables(name) for name in FUNCTIONS}


def everything_happens(system: InProcessSystem) -> None:
    """A webhook and a poll. A job with a receipt whose link has expired, an item that the books refuse and one whose
    report Pleo refuses; a job that breaks off between the books and our records. Tokens that end, and then for
    good, and a person who authorises again."""
    system.connect(NORTHGATE, [purchase("receipt", receipts=("pret-18.45.pdf",)), *purchases(3)])
    body = created()
    assert deliver(system, body, headers(system, body)) == 202
    first = system.export(NORTHGATE)
    system.effects.on("before books record", Rejected("The account is blocked."))
    system.service.faults.order(Fault(effect="item_errors", method="PUT"))
    system.service.faults.order(Fault(effect="status", status=403, path="/files/"))
    system.poll()
    system.deliver()
    system.run_executions()
    assert system.statuses(first) == {"successful": 3, "failed": 1}

    second = system.export(NORTHGATE)
    system.effects.on("before dynamodb TransactWriteItems", ValueError(), nth=2)  # after its intent
    system.run(NORTHGATE)
    ((kind, _),) = system.failures(second).values()
    assert kind == "accounting_system_timeout"

    system.authorise(NORTHGATE)
    system.sleep(3600)
    assert system.wake(NORTHGATE) == "no_job"
    system.service.oauth.revoke(oauth_client_id())
    system.sleep(3600)
    assert system.wake(NORTHGATE) == "reconnect"
    browser = Browser(system)
    assert "<h1>Connected</h1>" in browser.follow(browser.invited(NORTHGATE))


def a_person_posts_drafts_and_the_night_comes(system: InProcessSystem) -> None:
    """Of a company whose tokens for its books end before every call."""
    item = purchase(company=HAVN, supplier="WeWork", method="accounts_payable")
    with ledger_with(BY_A_PERSON):
        books = system.connect(HAVN, [item], posting="draft")
        books.ledger.suppliers["V-1008"] = Party("8", "WeWork", "2101")
        system.authorise(HAVN, "accounting_system", "tryton")
        system.export(HAVN, vendor_based_bookkeeping=True)
        system.run(HAVN)
        for document in books.documents:
            books.post_by_hand(document.entry.reference)
        assert system.night()["done"] == 1
    assert len(books.settled) == 2


def a_night_finds_what_exports_would_fail_for(system: InProcessSystem) -> None:
    """At the company's hour, when its tokens have ended: Pleo has no subscription to us."""
    system.connect(OTHER)
    system.authorise(OTHER)
    system.sleep(timedelta(days=1, hours=5, minutes=30, seconds=-_of_day(system)).total_seconds())
    assert system.check_mapping()["findings"] >= 1


def _of_day(system: InProcessSystem) -> float:
    """The seconds since midnight."""
    now = system.clock.now()
    return (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()


def lists_are_synced(system: InProcessSystem) -> None:
    """A company's lists, asked for by the schedule, by a vendor that is made in Pleo, and by a job whose items fail; a
    job that fails as a whole; a run that its function has no time to end."""
    books = system.connect(LUMBRE, [unknown_tag()], sync={"dimensions": ["cost_centre"], "vendors": True})
    books.ledger.lists.close_value("cost_centre", "LON")
    system.authorise(LUMBRE)
    for _ in range(24):  # each run makes up for an hour; the tokens end in between
        system.sleep(3600)
        system.schedule_syncs()
        system.deliver_syncs()
    assert system.services.syncs.get(LUMBRE, LedgerList.VENDORS) is not None
    vendor = system.service.vendors.make(LUMBRE, "Blue Bottle Coffee")
    body = created(LUMBRE, eventType="v1.vendor.created", data={"id": vendor["id"], "companyId": LUMBRE})
    assert deliver(system, body, headers(system, body, message_id="msg_vendor"), {"companyId": LUMBRE}) == 202
    system.export(LUMBRE)
    system.run(LUMBRE)
    system.sleep(600)
    system.export(LUMBRE)
    system.effects.on("before pleo POST /v3/export-job-events", ValueError(), nth=2)
    system.run(LUMBRE)
    hurried = InvocationContext(lambda: 60_000)
    (_, request), *_ = system.queued_syncs()
    system.handlers["sync"]({"Records": [{"body": json.dumps(request)}]}, hurried)


def unknown_tag() -> Json:
    """An expense with a tag."""
    line = Line(1845, "6300", "GB20", ("LON",))
    return export_item(LUMBRE, Expense("tagged", "card_purchase", (line,), supplier="Pret A Manger"), FIRST_DAY)


def test_the_state_machine_is_given_every_name_it_uses_and_no_other() -> None:
    machine = RESOURCES["ExportJob"]["Properties"]
    used = set(re.findall(r"\$\{(\w+)\}", (ROOT / machine["DefinitionUri"]).read_text()))
    assert set(machine["DefinitionSubstitutions"]) == used
    assert set(STATES) <= used


def test_the_state_machine_may_invoke_exactly_its_functions() -> None:
    given = RESOURCES["ExportJob"]["Properties"]["DefinitionSubstitutions"]
    wanted = [value for name, value in given.items() if name.endswith("FunctionArn")]
    (invoke,) = (each for each in statements(RESOURCES["ExportJob"]) if actions(each) == ["lambda:InvokeFunction"])
    assert sorted(map(json.dumps, invoke["Resource"])) == sorted(map(json.dumps, wanted))


def test_every_state_of_the_machine_that_calls_a_function_retries_the_same_errors_in_the_same_way() -> None:
    definition = json.loads((ROOT / "statemachine/export_job.asl.json").read_text())
    first, *others = list(_tasks(definition["States"]))
    assert len(others) == len(STATES) - 1
    assert [state["Retry"] for state in others] == [first["Retry"]] * len(others)
    passing, throttled, died = first["Retry"]
    assert passing["ErrorEquals"] == [
        "TryAgain",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.ClientExecutionTimeoutException",
    ]
    assert throttled["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
    assert died["ErrorEquals"] == ["Sandbox.Timedout", "Runtime.ExitError", "Runtime.OutOfMemory", "Lambda.Unknown"]


def test_what_passes_is_tried_again_for_two_minutes_and_no_jitter_takes_them_away() -> None:
    """docs/operate.md says so."""
    passing = _retriers()["TryAgain"]
    assert "JitterStrategy" not in passing
    assert 120 <= sum(_pauses(passing)) <= 130


def test_throttled_functions_are_retried_long_enough_and_at_different_moments() -> None:
    """RecordItems may hold the account's concurrency for its whole time limit, in other companies' exports."""
    throttled = _retriers()["Lambda.TooManyRequestsException"]
    assert throttled["JitterStrategy"] == "FULL"
    on_average = sum(_pauses(throttled)) / 2
    assert 4 * timeout("record_items") < on_average < 3000  # the job's deadline comes after 50 minutes


def test_the_release_of_the_lease_retries_what_dynamodb_calls_a_fault_of_its_own() -> None:
    definition = json.loads((ROOT / "statemachine/export_job.asl.json").read_text())
    (retrier,) = definition["States"]["ReleaseLease"]["Retry"]
    assert "DynamoDB.AmazonDynamoDBException" in retrier["ErrorEquals"]


def test_the_run_outlives_the_job_at_pleo_and_the_calls_of_its_states() -> None:
    """A job expires after an hour; a run that hangs must end by itself, so that its lease can be taken over."""
    definition = json.loads((ROOT / "statemachine/export_job.asl.json").read_text())
    assert 3600 < definition["TimeoutSeconds"] < 2 * 3600


def test_a_wake_up_stays_invisible_for_six_times_what_dispatch_may_take() -> None:
    assert RESOURCES["WakeUps"]["Properties"]["VisibilityTimeout"] >= 6 * timeout("dispatch")
    (source,) = BY_FUNCTION["dispatch"]["Properties"]["Events"].values()
    assert source["Properties"]["BatchSize"] == 1


def test_a_flood_of_webhooks_hides_no_other_company_and_keeps_dead_letters() -> None:
    """SQS looks for message groups in the first 120,000 messages only."""
    queue = RESOURCES["WakeUps"]["Properties"]
    flood = RESOURCES["ApiStage"]["Properties"]["DefaultRouteSettings"]["ThrottlingRateLimit"]
    kept = queue["MessageRetentionPeriod"]
    assert flood * kept < 120_000
    assert kept >= 2 * queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]


def test_wake_ups_are_in_order_encrypted_and_kept_when_they_fail() -> None:
    for name in ("WakeUps", "WakeUpsFailed"):
        queue = RESOURCES[name]["Properties"]
        assert queue["FifoQueue"] is True
        assert queue["SqsManagedSseEnabled"] is True
    assert RESOURCES["WakeUps"]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"] == [
        "WakeUpsFailed",
        "Arn",
    ]


def test_a_request_for_a_sync_stays_invisible_while_its_function_runs_and_comes_again_within_the_hour() -> None:
    queue = RESOURCES["Syncs"]["Properties"]
    assert timeout("sync") < queue["VisibilityTimeout"] < 3600
    (source,) = BY_FUNCTION["sync"]["Properties"]["Events"].values()
    assert source["Properties"]["BatchSize"] == 1
    kept = queue["MessageRetentionPeriod"]
    assert kept >= 2 * queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"] == ["SyncsFailed", "Arn"]
    for name in ("Syncs", "SyncsFailed"):
        assert RESOURCES[name]["Properties"]["FifoQueue"] is True
        assert RESOURCES[name]["Properties"]["SqsManagedSseEnabled"] is True


def test_syncs_leave_most_of_lambda_s_concurrency_to_exports() -> None:
    (syncs,) = BY_FUNCTION["sync"]["Properties"]["Events"].values()
    (wake_ups,) = BY_FUNCTION["dispatch"]["Properties"]["Events"].values()
    most = [each["Properties"]["ScalingConfig"]["MaximumConcurrency"] for each in (syncs, wake_ups)]
    assert most[0] <= most[1] / 2


def test_a_sync_ends_before_its_function() -> None:
    longest_call = timedelta(seconds=pleo.CONNECT_SECONDS + pleo.READ_SECONDS)
    assert longest_call < LAST_CALL
    assert timedelta(seconds=timeout("sync")) > LONGEST_RUN + LAST_CALL


def test_the_schedule_of_syncs_runs_in_each_of_its_slots() -> None:
    (event,) = BY_FUNCTION["schedule_syncs"]["Properties"]["Events"].values()
    assert event["Properties"]["ScheduleExpression"] == f"rate({SLOT // timedelta(minutes=1)} minutes)"


def test_an_outcome_is_in_doubt_for_longer_than_a_function_that_records_can_live() -> None:
    assert PARAMETERS["InDoubtSeconds"]["Default"] > timeout("record_items")


@pytest.mark.parametrize(("given", "accepted"), [("", True), ("300", True), ("0", False), ("-5", False)])
def test_the_former_name_of_that_time_takes_what_the_new_one_takes(given: str, accepted: bool) -> None:
    pattern = PARAMETERS["SettleSeconds"]["AllowedPattern"]
    assert (re.fullmatch(pattern, given) is not None) is accepted


@pytest.mark.parametrize("name", of_type("AWS::S3::Bucket"))
def test_payloads_are_encrypted_private_and_gone_after_a_week(name: str) -> None:
    bucket = RESOURCES[name]["Properties"]
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    rules = {each["Prefix"]: each for each in bucket["LifecycleConfiguration"]["Rules"]}
    assert {each["Status"] for each in rules.values()} == {"Enabled"}
    assert rules["jobs/"]["ExpirationInDays"] == {"Ref": "PayloadDays"}
    assert PARAMETERS["PayloadDays"]["Default"] == 7


def test_all_that_is_written_into_the_bucket_lies_where_it_expires() -> None:
    prefixes = {each["Prefix"] for each in RESOURCES["Payloads"]["Properties"]["LifecycleConfiguration"]["Rules"]}
    written = {
        each["Resource"]["Fn::Sub"].removeprefix("${Payloads.Arn}/").removesuffix("*")
        for name in LAMBDAS
        for each in statements(LAMBDAS[name])
        if "s3:PutObject" in actions(each)
    }
    assert written == prefixes == {"jobs/", "syncs/"}


def test_the_bucket_and_all_queues_are_reached_over_tls_only() -> None:
    """Also by who has every right in the account. The other services answer on TLS only."""
    bucket, pairs = RESOURCES["PayloadsTlsOnly"], (("WakeUps", "WakeUpsFailed"), ("Syncs", "SyncsFailed"))
    assert bucket["Properties"]["Bucket"] == {"Ref": "Payloads"}
    assert set(of_type("AWS::S3::Bucket")) == {"Payloads"}
    assert set(of_type("AWS::SQS::Queue")) == {name for pair in pairs for name in pair}
    of_queues = [(RESOURCES[f"{pair[0]}TlsOnly"], pair) for pair in pairs]
    for queues, pair in of_queues:
        assert queues["Properties"]["Queues"] == [{"Ref": name} for name in pair]
    for policy, action, resource in (
        (bucket, "s3:*", [{"Fn::GetAtt": ["Payloads", "Arn"]}, {"Fn::Sub": "${Payloads.Arn}/*"}]),
        *((queues, "sqs:*", [{"Fn::GetAtt": [name, "Arn"]} for name in pair]) for queues, pair in of_queues),
    ):
        (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", action)
        assert statement["Resource"] == resource
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert policy["Condition"] == "OnAws"


def test_logs_that_aws_delivers_need_no_entry_each_in_the_account_s_one_resource_policy() -> None:
    for name, service in (("ExecutionLogs", "states"), ("AccessLogs", "apigateway")):
        given = RESOURCES[name]["Properties"]["LogGroupName"]["Fn::Sub"]
        assert given == f"/aws/vendedlogs/{service}/${{AWS::StackName}}"


@pytest.mark.parametrize("name", of_type("AWS::Logs::LogGroup"))
def test_no_log_is_kept_for_ever(name: str) -> None:
    assert RESOURCES[name]["Properties"]["RetentionInDays"]


def test_executions_log_no_data() -> None:
    assert RESOURCES["ExportJob"]["Properties"]["Logging"]["IncludeExecutionData"] is False


def test_every_way_in_which_a_run_can_break_off_raises_an_alarm() -> None:
    alarms = [each["Properties"] for each in of_type("AWS::CloudWatch::Alarm").values()]
    of_runs = {each["MetricName"]: each for each in alarms if each.get("Namespace") == "AWS/States"}
    assert set(of_runs) == {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"}
    for alarm in of_runs.values():
        assert alarm["Dimensions"] == [{"Name": "StateMachineArn", "Value": {"Ref": "ExportJob"}}]
        assert (alarm["Statistic"], alarm["Threshold"], alarm["ComparisonOperator"]) == (
            "Sum",
            1,
            "GreaterThanOrEqualToThreshold",
        )


def test_alarms_are_quiet_without_data_unless_missing_data_is_the_fault() -> None:
    for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
        told = alarm["Properties"]["AlarmActions"]["Fn::If"]
        assert told == ["Alarms", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]
        missing = "breaching" if name in MISSING else "notBreaching"
        assert alarm["Properties"]["TreatMissingData"] == missing


def test_the_logs_that_metrics_and_alarms_are_read_from_are_of_the_class_that_has_them() -> None:
    """Infrequent Access knows neither metric filters nor the embedded metric format."""
    of_class = {name for name, each in of_type("AWS::Logs::LogGroup").items() if "LogGroupClass" in each["Properties"]}
    filters = of_type("AWS::Logs::MetricFilter").values()
    assert of_class == {"ExecutionLogs", "AccessLogs"}
    assert {each["Properties"]["LogGroupName"]["Ref"] for each in filters} == {"FunctionLogs"}
    assert template()["Globals"]["Function"]["LoggingConfig"]["LogGroup"] == {"Ref": "FunctionLogs"}


def test_a_notification_is_told_over_tls_and_kept_encrypted() -> None:
    topic, policy = RESOURCES["Notifications"]["Properties"], RESOURCES["NotificationsTlsOnly"]
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert topic["KmsMasterKeyId"] == "alias/aws/sns"
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sns:Publish")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert policy["Condition"] == "OnAws"
    assert re.fullmatch(PARAMETERS["NotificationWebhookUrl"]["AllowedPattern"], "http://receiver.test") is None


@pytest.mark.parametrize("function", ["PollFunction", "WebhookFunction"])
def test_a_trigger_that_fails_raises_an_alarm_since_no_execution_would(function: str) -> None:
    alarms = [each["Properties"] for each in of_type("AWS::CloudWatch::Alarm").values()]
    of_it = [
        each for each in alarms if each.get("Dimensions") == [{"Name": "FunctionName", "Value": {"Ref": function}}]
    ]
    (errors,) = [each for each in of_it if each["MetricName"] == "Errors"]
    assert (errors["Namespace"], errors["Statistic"], errors["Threshold"]) == ("AWS/Lambda", "Sum", 1)
    assert errors["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_a_poll_that_does_not_run_raises_an_alarm_within_fifteen_of_its_periods() -> None:
    alarm = RESOURCES["PollMissing"]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "Invocations", "Sum")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "PollFunction"}}]
    assert (alarm["ComparisonOperator"], alarm["Threshold"], alarm["EvaluationPeriods"]) == ("LessThanThreshold", 1, 1)
    assert PARAMETERS["PollSchedule"]["Default"] == "rate(1 minute)"
    assert alarm["Period"] == 15 * 60


def test_the_poll_s_alarm_goes_off_before_what_it_finds_late_has_expired() -> None:
    """An export expires an hour after its last update (R-1.10)."""
    longest = int(PARAMETERS["LongestLookMinutes"]["Default"])
    assert longest * 60 + RESOURCES["PollBehind"]["Properties"]["Threshold"] <= 3600
    assert PARAMETERS["LongestLookMinutes"]["MaxValue"] <= 60
    assert json.loads(poll_schedule()["Input"]) == {"dueOnly": True}


def test_the_poll_leaves_requests_to_exports() -> None:
    """Pleo takes 500 a minute from the whole client."""
    looks = PARAMETERS["LooksPerMinute"]
    assert looks["Default"] <= looks["MaxValue"] < 500


def test_a_server_error_of_the_api_raises_an_alarm() -> None:
    alarm = RESOURCES["ApiErrors"]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/ApiGateway", "5xx")
    assert alarm["Dimensions"] == [{"Name": "ApiId", "Value": {"Ref": "Api"}}]


@pytest.mark.parametrize("function", BY_FUNCTION)
def test_one_call_that_is_never_answered_ends_before_its_function(function: str) -> None:
    """Else Lambda ends the function, and Pleo's user reads of a fault of ours in place of who did not answer."""
    calls = [0.0]
    if "PLEO_API_URL" in variables(function):
        calls.append(pleo.CONNECT_SECONDS + pleo.READ_SECONDS)
    if function in WRITES_TOKENS:
        calls.append(token_endpoint.CONNECT_SECONDS + token_endpoint.READ_SECONDS)
    if function in OPENS_THE_BOOKS:
        calls.append(books.CONNECT_SECONDS + books.READ_SECONDS)
    assert max(calls) + TIME_RESERVE.total_seconds() < timeout(function)


@pytest.mark.parametrize("function", ["start_job", "update_items", "complete_job", "fail_job", "fetch_items"])
def test_a_state_has_time_for_all_tries_of_a_call_to_pleo(function: str) -> None:
    tries = pleo.TRIES * (pleo.CONNECT_SECONDS + pleo.READ_SECONDS)
    assert tries + TIME_RESERVE.total_seconds() < timeout(function)


def test_names_fit_where_the_stack_s_has_the_length_that_the_readme_allows() -> None:
    allowed = re.search(r"stack name of at most (\d+) characters", (ROOT / "README.md").read_text())
    assert allowed
    name = "n" * int(allowed[1])
    limits = {"FunctionName": 64, "QueueName": 80, "LogGroupName": 512}
    for resource in RESOURCES.values():
        for kind, limit in limits.items():
            text = resource.get("Properties", {}).get(kind)
            if isinstance(text, dict) and "Fn::Sub" in text:
                assert len(text["Fn::Sub"].replace("${AWS::StackName}", name)) <= limit
    for named, limit in {"ExportJob": 80}.items():
        text = RESOURCES[named]["Properties"]["Name"]["Fn::Sub"]
        assert len(text.replace("${AWS::StackName}", name)) <= limit
    schedule = RESOURCES["PollFunction"]["Properties"]["Events"]["Schedule"]["Properties"]["Name"]["Fn::Sub"]
    assert len(schedule.replace("${AWS::StackName}", name)) <= 64


def test_the_table_is_safe_from_loss() -> None:
    table = RESOURCES["Table"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert table["Properties"]["DeletionProtectionEnabled"] is True
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["Properties"]["SSESpecification"]["SSEEnabled"] is True
    assert table["Properties"]["TimeToLiveSpecification"]["AttributeName"] == "expires_at"


def _retriers() -> dict[str, Json]:
    """By the errors that they retry; of a state that calls a function, and so of all."""
    definition = json.loads((ROOT / "statemachine/export_job.asl.json").read_text())
    return {error: each for each in next(_tasks(definition["States"]))["Retry"] for error in each["ErrorEquals"]}


def _pauses(retrier: Json) -> list[float]:
    """Before each further attempt, without jitter."""
    grown = (retrier["IntervalSeconds"] * retrier["BackoffRate"] ** number for number in range(retrier["MaxAttempts"]))
    return [min(pause, retrier["MaxDelaySeconds"]) for pause in grown]


def _tasks(states: Json) -> Iterator[Json]:
    for state in states.values():
        if "FunctionArn" in state.get("Resource", ""):
            yield state
        if "ItemProcessor" in state:
            yield from _tasks(state["ItemProcessor"]["States"])


def _with_its_own_variables(system: InProcessSystem, name: str, read: set[str]) -> None:
    """Put the function there as it is deployed: it sees no variable that the template does not give it."""

    class Deployed(InProcessServices):
        def _variable(self, name: str, default: str | None = None) -> str:
            read.add(name)
            return super()._variable(name, default)

    services = Deployed(system, {key: value for key, value in system.environment.items() if key in variables(name)})
    services.executions = system.executions
    system.install(name, services)
