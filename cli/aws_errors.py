"""Explain errors of AWS to the operator: what to set, to start or to ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError

AwsError = BotoCoreError | ClientError

# The first class that an error is an instance of explains it.
_BY_CLASS: Mapping[type[BotoCoreError], str] = {
    aws.ProfileNotFound: "The AWS profile {profile} is not configured here. Set AWS_PROFILE to one that "
    "`aws configure list-profiles` shows, or unset it",
    aws.ConfigParseError: "The AWS configuration file {path} cannot be read. Correct it, or name another with "
    "AWS_CONFIG_FILE",
    aws.NoRegionError: "No AWS region is set. Set AWS_DEFAULT_REGION to the region of the stack, for example eu-west-1",
    aws.InvalidRegionError: "{region_name} is not an AWS region. Set AWS_DEFAULT_REGION, for example eu-west-1",
    aws.NoCredentialsError: "There are no AWS credentials. Run `aws sso login` or `aws configure`, or set AWS_PROFILE",
    aws.PartialCredentialsError: "The AWS credentials are not complete: {cred_var} is missing. Set it too",
    aws.CredentialRetrievalError: "The AWS credentials could not be fetched ({provider}). Log in again, for example "
    "with `aws sso login`",
    aws.SSOError: "The AWS login has ended. Run `aws sso login`",
    aws.TokenRetrievalError: "The AWS login has ended. Run `aws sso login`",
    aws.EndpointConnectionError: "AWS cannot be reached at {endpoint_url}. Check the network, the region and "
    "AWS_ENDPOINT_URL",
    aws.ConnectionError: "AWS cannot be reached. Check the network, the proxy and AWS_ENDPOINT_URL",
    aws.HTTPClientError: "AWS cannot be reached. Check the network, the proxy and AWS_ENDPOINT_URL",
}
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")
_REFUSED = (
    *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "AuthFailure"),
    *("UnrecognizedClientException", "InvalidSignatureException", "SignatureDoesNotMatch", "InvalidAccessKeyId"),
)
_BUSY = ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "ServiceUnavailable")
_ACTION = re.compile(r"not authorized to perform: (\S+)")


def explain_aws(error: AwsError) -> str:
    """Return one sentence with what to do; it holds no credential."""
    return _by_code(error) if isinstance(error, ClientError) else _by_class(error)


def _by_class(error: BotoCoreError) -> str:
    for known, sentence in _BY_CLASS.items():
        if isinstance(error, known):
            return sentence.format(**error.kwargs)
    return f"AWS could not be asked: {error}"


def _by_code(error: ClientError) -> str:
    code, operation = error.response["Error"].get("Code", ""), error.operation_name
    message = error.response["Error"].get("Message", "")
    if code in _DENIED:
        action = _ACTION.search(message)
        return (
            f"AWS does not allow you {action[1] if action else operation}. Ask for this right, or set AWS_PROFILE to a "
            "profile that has it"
        )
    if code in _REFUSED:
        return f"AWS does not accept the credentials ({code}). Log in again, or set AWS_PROFILE to another profile"
    if code in _BUSY:
        return f"AWS asks for fewer requests ({code}). Try again in a minute"
    return f"AWS refuses {operation}: {message or code}"
