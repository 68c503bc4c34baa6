"""The CloudFormation template: clean, and each role may do what it needs and no more.

moto deploys the bucket, the key and the roles, and enforces IAM on S3 requests. It deploys nothing
else of the template, evaluates no condition, and takes every resource outside S3 for `*`; what that
leaves open is compared with a table of all rights. What only AWS can show is in
pipeline/cloudformation/README.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import cfnlint
import pytest
import requests
from botocore.exceptions import ClientError
from cfnlint.decode import cfn_yaml
from moto.iam.models import iam_backends

from fleet.vector.command import render_vector
from tests.python.conftest import ROOT

TEMPLATE = ROOT / "pipeline/cloudformation/event-lake.yml"
STACK = "delivery-sessions-test"
ACCOUNT = "123456789012"
PARAMETERS = {
    "SubnetIds": "subnet-1,subnet-2,subnet-3",
    "SecurityGroupIds": "sg-1",
    "DbtPrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler",
}
UNKNOWN = f"arn:aws:unknown:us-east-1:{ACCOUNT}:"
UNKNOWN_TO_MOTO = {"Namespace", "Workgroup", "EventIntegration", "LakePolicy", "VectorSecret"}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json.dumps(cfn_yaml.load(str(TEMPLATE))))
    return loaded


def test_cfn_lint_finds_nothing() -> None:
    found = cfnlint.lint_file(TEMPLATE)
    assert [str(match) for match in found] == []


def test_cfn_lint_would_find_a_mistake() -> None:
    text = TEMPLATE.read_text("utf-8").replace("EnableKeyRotation", "EnableKeyRotations")
    found = cfnlint.lint(text, None, None, None)
    assert "E3002" in {match.rule.id for match in found}


# ---------------------------------------------------------------- deployed


class Stack:
    """The stack as moto deployed it."""

    def __init__(self, endpoint: str, outputs: dict[str, str]) -> None:
        self.endpoint = endpoint
        self.outputs = outputs
        self.bucket = outputs["Bucket"]

    def client(self, service: str, **credentials: str) -> Any:
        return boto3.client(
            service, region_name="us-east-1", endpoint_url=self.endpoint, **credentials
        )

    def as_role(self, role: str) -> Any:
        """S3 for somebody who has assumed the role; from now on moto enforces IAM."""
        credentials = self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{STACK}-{role}", RoleSessionName="test"
        )["Credentials"]
        requests.post(f"{self.endpoint}/moto-api/reset-auth", data="0", timeout=10)
        return self.client(
            "s3",
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    def rights(self, role: str) -> set[tuple[str, str]]:
        """Every action that the role's policies allow, with its resource."""
        iam = self.client("iam")
        name = f"{STACK}-{role}"
        assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
        allowed = set()
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for statement in document["Statement"]:
                assert statement["Effect"] == "Allow"
                allowed |= {
                    (action, resource)
                    for action in listed(statement["Action"])
                    for resource in listed(statement["Resource"])
                }
        return allowed


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def deployable(template: dict[str, Any]) -> dict[str, Any]:
    """The template without what moto does not know; what refers to it becomes plain text."""

    def known(node: Any) -> Any:
        if isinstance(node, list):
            return [known(item) for item in node]
        if not isinstance(node, dict):
            return node
        target: list[str] = listed(node.get("Fn::GetAtt") or node.get("Ref") or [])
        if target and target[0] in UNKNOWN_TO_MOTO:
            return f"{UNKNOWN}{target[-1]}"
        return {key: known(value) for key, value in node.items() if key not in UNKNOWN_TO_MOTO}

    deployed: dict[str, Any] = known(template)
    return deployed


@pytest.fixture
def stack(
    aws_endpoint: str, bucket: Any, template: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stack]:
    """The template in moto. The fixture `bucket` points boto3 there."""
    requests.post(f"{aws_endpoint}/moto-api/reset", timeout=10)
    cloudformation = boto3.client("cloudformation", region_name="us-east-1")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(deployable(template)),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    (described,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    assert described["StackStatus"] == "CREATE_COMPLETE"
    # moto keeps a template's policies as objects, and its own enforcement reads text only.
    iam = boto3.client("iam", region_name="us-east-1")
    for role in iam_backends[ACCOUNT]["aws"].roles.values():
        for name, document in role.policies.items():
            iam.put_role_policy(
                RoleName=role.name, PolicyName=name, PolicyDocument=json.dumps(document)
            )
    yield Stack(
        aws_endpoint,
        {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]},
    )
    requests.post(f"{aws_endpoint}/moto-api/reset-auth", data="inf", timeout=10)


def test_the_bucket_encrypts_with_the_key_of_the_lake(stack: Stack) -> None:
    answer = stack.client("s3").get_bucket_encryption(Bucket=stack.bucket)
    (rule,) = answer["ServerSideEncryptionConfiguration"]["Rules"]
    key = stack.outputs["KmsKeyArn"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": key,
    }
    assert stack.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


def test_the_bucket_is_versioned_and_private_and_nothing_in_it_expires(
    template: dict[str, Any],
) -> None:
    lake = template["Resources"]["Lake"]
    properties = lake["Properties"]
    assert lake["DeletionPolicy"] == lake["UpdateReplacePolicy"] == "Retain"
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert list(properties["PublicAccessBlockConfiguration"].values()) == [True] * 4
    rules = properties["LifecycleConfiguration"]["Rules"]
    assert not any(key.startswith("Expiration") for rule in rules for key in rule)


def test_the_bucket_refuses_what_comes_without_tls(template: dict[str, Any]) -> None:
    policy = template["Resources"]["LakePolicy"]["Properties"]
    assert policy["Bucket"] == {"Ref": "Lake"}
    tls_only, integration = policy["PolicyDocument"]["Statement"]
    assert tls_only == {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": ["Lake", "Arn"]}, {"Fn::Sub": "${Lake.Arn}/*"}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    # Nobody else is let in by the bucket itself, and to no object.
    assert integration["Principal"] == {"Service": "redshift.amazonaws.com"}
    assert integration["Resource"] == {"Fn::GetAtt": ["Lake", "Arn"]}
    assert set(integration["Condition"]) == {"StringEquals", "ArnLike"}


def test_the_roles_have_these_rights_and_no_others(stack: Stack) -> None:
    lake = f"arn:aws:s3:::{stack.bucket}"
    key = stack.outputs["KmsKeyArn"]
    assert stack.rights("vector") == {
        ("s3:PutObject", f"{lake}/events/*"),
        ("s3:PutObject", f"{lake}/rejects/*"),
        ("kms:GenerateDataKey", key),
        ("secretsmanager:GetSecretValue", f"{UNKNOWN}VectorSecret"),
    }
    assert stack.rights("copy") == {
        ("s3:GetObject", f"{lake}/events/*"),
        ("s3:GetObject", f"{lake}/rejects/*"),
        ("s3:GetObject", f"{lake}/backfills/*"),
        ("s3:ListBucket", lake),
        ("s3:GetBucketLocation", lake),
        ("kms:Decrypt", key),
    }
    assert stack.rights("dbt") == {
        ("redshift-serverless:GetCredentials", f"{UNKNOWN}Workgroup.WorkgroupArn"),
        ("redshift-serverless:GetWorkgroup", f"{UNKNOWN}Workgroup.WorkgroupArn"),
    }


def test_redshift_of_another_account_may_not_use_the_copy_role(template: dict[str, Any]) -> None:
    role = template["Resources"]["CopyRole"]["Properties"]["AssumeRolePolicyDocument"]
    (statement,) = role["Statement"]
    assert statement["Condition"] == {
        "StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_only_the_prefixes_of_the_lake_may_be_listed(template: dict[str, Any]) -> None:
    (policy,) = template["Resources"]["CopyRole"]["Properties"]["Policies"]
    (listing,) = [
        statement
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "s3:ListBucket"
    ]
    prefixes = listing["Condition"]["StringLike"]["s3:prefix"]
    assert prefixes == ["events/*", "rejects/*", "backfills/*"]


def test_the_secret_has_what_vector_asks_for(template: dict[str, Any]) -> None:
    secret = template["Resources"]["VectorSecret"]["Properties"]
    generated = secret["GenerateSecretString"]
    keys = {*json.loads(generated["SecretStringTemplate"]), generated["GenerateStringKey"]}
    asked = set(re.findall(r"SECRET\[vector\.(\w+)\]", render_vector(ROOT, "prod")))
    assert keys == asked
    name = {"Fn::Sub": "${AWS::StackName}/vector"}
    assert secret["Name"] == template["Outputs"]["SecretId"]["Value"] == name


# ---------------------------------------------------------------- what each role may do in S3

EVENT = "events/v1/date=2026-11-02/hour=20/1.ndjson.gz"
REJECT = "rejects/v1/date=2026-11-02/hour=20/1.ndjson.gz"
OTHER = "elsewhere/1.ndjson.gz"
REQUESTS: dict[str, Callable[[Any, dict[str, str], str], Any]] = {
    "put": lambda client, bucket, key: client.put_object(**bucket, Key=key, Body=b"x"),
    "get": lambda client, bucket, key: client.get_object(**bucket, Key=key)["Body"].close(),
    "delete": lambda client, bucket, key: client.delete_object(**bucket, Key=key),
}
MAY = {
    "vector": {("put", EVENT), ("put", REJECT)},
    "copy": {("get", EVENT), ("get", REJECT)},
    "dbt": set(),
}


@pytest.mark.parametrize("role", MAY)
def test_what_a_role_may_do_with_objects(stack: Stack, role: str) -> None:
    for key in (EVENT, REJECT, OTHER):
        stack.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=b"x")
    client = stack.as_role(role)

    done, refused = set(), set()
    for request, send in REQUESTS.items():
        for key in (EVENT, REJECT, OTHER):
            try:
                send(client, {"Bucket": stack.bucket}, key)
            except ClientError as error:
                refused.add(error.response["Error"]["Code"])
            else:
                done.add((request, key))
    assert done == MAY[role]
    assert refused == {"AccessDenied"}
    asks = [client.delete_bucket, client.delete_bucket_policy, client.get_bucket_policy]
    if role == "copy":
        # Of its prefixes, which moto does not look at.
        client.list_objects_v2(Bucket=stack.bucket)
    else:
        asks.append(client.list_objects_v2)
    for ask in asks:
        with pytest.raises(ClientError, match="AccessDenied"):
            ask(Bucket=stack.bucket)
