"""What the operator reads when AWS cannot be asked, or refuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError

from cli.aws_errors import explain_aws

URL = "https://dynamodb.eu-west-1.amazonaws.com"


def refused(code: str, message: str = "", operation: str = "Query") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(response, operation)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (aws.ProfileNotFound(profile="nonesuch"), "AWS profile nonesuch is not configured here. Set AWS_PROFILE"),
        (aws.ConfigParseError(path="~/.aws/config"), "configuration file ~/.aws/config cannot be read. Correct it"),
        (aws.NoRegionError(), "Set AWS_DEFAULT_REGION"),
        (aws.InvalidRegionError(region_name="eu west"), "eu west is not an AWS region"),
        (aws.NoCredentialsError(), "There are no AWS credentials. Run `aws sso login`"),
        (
            aws.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            "AWS_SECRET_ACCESS_KEY is miss",
        ),
        (aws.CredentialRetrievalError(provider="sso", error_msg="x"), "could not be fetched (sso). Log in again"),
        (aws.UnauthorizedSSOTokenError(), "The AWS login has ended. Run `aws sso login`"),
        (aws.TokenRetrievalError(provider="sso", error_msg="x"), "The AWS login has ended. Run `aws sso login`"),
        (
            aws.EndpointConnectionError(endpoint_url=URL, error="x"),
            f"AWS cannot be reached at {URL}. Check the network",
        ),
        (aws.ConnectTimeoutError(endpoint_url=URL, error="x"), "AWS cannot be reached. Check the network"),
        (aws.ReadTimeoutError(endpoint_url=URL, error="x"), "AWS cannot be reached. Check the network"),
        (aws.ProxyConnectionError(proxy_url="http://proxy", error="x"), "Check the network, the proxy"),
        (aws.SSLError(endpoint_url=URL, error=OSError()), "AWS cannot be reached. Check the network"),
        (aws.UnknownServiceError(service_name="x", known_service_names="y"), "AWS could not be asked: Unknown service"),
        (
            refused(
                "AccessDeniedException",
                "User: arn:aws:iam::1:user/op is not authorized to perform: dynamodb:Query on resource: arn:x because",
            ),
            "AWS does not allow you dynamodb:Query. Ask for this right",
        ),
        (refused("AccessDenied"), "AWS does not allow you Query. Ask for this right"),
        (refused("ExpiredTokenException"), "AWS does not accept the credentials (ExpiredTokenException). Log in again"),
        (refused("UnrecognizedClientException"), "AWS does not accept the credentials"),
        (refused("ThrottlingException"), "AWS asks for fewer requests (ThrottlingException). Try again"),
        (refused("ResourceNotFoundException", "no such table"), "AWS refuses Query: no such table"),
        (refused("Strange"), "AWS refuses Query: Strange"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_each_error_is_one_sentence_with_what_to_do(error: BotoCoreError | ClientError, said: str) -> None:
    told = explain_aws(error)

    assert said in told
    assert "\n" not in told
