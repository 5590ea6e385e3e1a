"""Network exposure, permissions and tags."""

import json

from policy.rules.model import UNKNOWN
from tests.unit.policy.examples import a, bad, good

BALANCER_GROUP = a("SecurityGroup", name="balancer")
SERVER_GROUP = a("SecurityGroup", name="servers")
BALANCER = a("LoadBalancer", refers={"securityGroups": BALANCER_GROUP})
INGRESS = "SecurityGroupIngressRule"
VPC = a("Vpc")


def opened(group, first, last, source="0.0.0.0/0"):
    kind = "cidrIpv6" if ":" in source else "cidrIpv4"
    ports = {"fromPort": first, "toPort": last, "ipProtocol": "tcp"}
    return a(INGRESS, refers={"securityGroupId": group}, **ports, **{kind: source})


def statement(**written):
    return {"Sid": "It", "Effect": "Allow", **written}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role_policy(**written):
    return a("RolePolicy", policy=policy(statement(**written)))


READ = {"Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::slipway-store/blobs/*"]}
TAGS = {"Project": "slipway", "Environment": "prod", "ManagedBy": "pulumi"}
UNTAGGED = {"Project": "slipway", "Environment": "prod"}


def inherited(tags, reach=True):
    return [{"key": k, "value": v, "propagateAtLaunch": reach} for k, v in tags.items()]


EXAMPLES = (
    good("no-open-port", BALANCER, BALANCER_GROUP, opened(BALANCER_GROUP, 443, 443)),
    good("no-open-port", BALANCER, BALANCER_GROUP, opened(BALANCER_GROUP, 80.0, 80.0, "::/0")),
    good("no-open-port", SERVER_GROUP, opened(SERVER_GROUP, 8000, 8000, "10.0.0.0/16")),
    good("no-open-port", a(INGRESS, cidrIpv4=UNKNOWN, fromPort=22, toPort=22)),
    good("no-open-port", a("SecurityGroupRule", type="egress", cidrBlocks=["0.0.0.0/0"])),
    bad("no-open-port", "8000-8000", BALANCER, opened(BALANCER_GROUP, 8000, 8000)),
    bad("no-open-port", "443-443", BALANCER, opened(SERVER_GROUP, 443, 443)),
    bad("no-open-port", "80-443", BALANCER, opened(BALANCER_GROUP, 80, 443)),
    bad("no-open-port", "22-22", opened(SERVER_GROUP, 22, 22, "::/0")),
    bad(
        "no-open-port",
        "0-0",
        a("SecurityGroup", ingress=[{"fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}]),
    ),
    bad(
        "no-open-port",
        "22-22",
        a("SecurityGroupRule", type="ingress", fromPort=22, toPort=22, ipv6CidrBlocks=["::/0"]),
    ),
    good("no-public-address", a("LaunchTemplate"), a("Subnet", mapPublicIpOnLaunch=False)),
    good(
        "no-public-address",
        a("LaunchTemplate", networkInterfaces=[{"associatePublicIpAddress": "false"}]),
    ),
    bad(
        "no-public-address",
        "public address",
        a("LaunchTemplate", networkInterfaces=[{"associatePublicIpAddress": "true"}]),
    ),
    bad("no-public-address", "public address", a("Instance", associatePublicIpAddress=True)),
    bad("no-public-address", "mapPublicIpOnLaunch", a("Subnet", mapPublicIpOnLaunch=True)),
    good("default-security-group-empty", VPC, a("DefaultSecurityGroup", refers={"vpcId": VPC})),
    bad("default-security-group-empty", "AWS's default", VPC),
    bad(
        "default-security-group-empty",
        "without rules",
        VPC,
        a("DefaultSecurityGroup", refers={"vpcId": VPC}, ingress=[{"protocol": "-1"}]),
    ),
    good("invalid-headers-dropped", a("LoadBalancer", dropInvalidHeaderFields=True)),
    good("invalid-headers-dropped", a("LoadBalancer", loadBalancerType="network")),
    bad("invalid-headers-dropped", "dropInvalidHeaderFields", a("LoadBalancer")),
    good("no-wildcard-action", role_policy(**READ)),
    good("no-wildcard-action", a("RolePolicy", policy=UNKNOWN)),
    good(
        "no-wildcard-action",
        a(
            "BucketPolicy",
            policy=policy({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}),
        ),
    ),
    bad("no-wildcard-action", "allows s3:*", role_policy(Action="s3:*", Resource="arn:aws:s3:::b")),
    bad("no-wildcard-action", "allows s3:Get*", role_policy(Action=["s3:Get*"], Resource="b")),
    bad("no-wildcard-action", "all but", role_policy(NotAction="iam:CreateUser", Resource="b")),
    bad(
        "no-wildcard-action",
        "allows kms:*",
        a("Key", policy=policy(statement(Principal={"AWS": "1"}, Action="kms:*", Resource="*"))),
    ),
    bad(
        "no-wildcard-action",
        "allows *",
        a(
            "Role",
            assumeRolePolicy=policy(statement(Action="sts:AssumeRole")),
            inlinePolicies=[{"policy": policy(statement(Action="*", Resource="b"))}],
        ),
    ),
    good("no-wildcard-resource", role_policy(**READ)),
    good("no-wildcard-resource", role_policy(Action="cloudwatch:PutMetricData", Resource="*")),
    good(
        "no-wildcard-resource",
        a("Policy", policy=policy({"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"})),
    ),
    bad(
        "no-wildcard-resource",
        "allows s3:GetObject on any",
        role_policy(Action=["s3:GetObject", "ecr:GetAuthorizationToken"], Resource=["*"]),
    ),
    bad(
        "no-wildcard-resource",
        "on any resource",
        role_policy(Action="logs:PutLogEvents", Resource="arn:aws:logs:*:*:*"),
    ),
    bad(
        "no-wildcard-resource",
        "on any resource",
        a("Role", inlinePolicies=[{"policy": policy(statement(Action="s3:A", Resource="*"))}]),
    ),
    good(
        "no-anonymous-access",
        a(
            "Role",
            assumeRolePolicy=policy(
                statement(Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole")
            ),
        ),
    ),
    good(
        "no-anonymous-access",
        a(
            "VpcEndpoint",
            policy=policy(
                statement(
                    Principal="*",
                    Action="s3:GetObject",
                    Resource="*",
                    Condition={"StringEquals": {"aws:PrincipalAccount": "1"}},
                )
            ),
        ),
    ),
    good(
        "no-anonymous-access",
        a("VpcEndpoint", policy=policy(statement(Principal={"AWS": "*"}, **READ))),
    ),
    bad(
        "no-anonymous-access",
        "lets anybody in",
        a("VpcEndpoint", policy=policy(statement(Principal="*", Action="s3:A", Resource="*"))),
    ),
    bad(
        "no-anonymous-access",
        "lets anybody in",
        a("BucketPolicy", policy=policy(statement(Principal="*", **READ))),
    ),
    bad(
        "no-anonymous-access",
        "lets anybody in",
        a("RepositoryPolicy", policy=policy(statement(Principal={"AWS": ["*"]}, Action="e:P"))),
    ),
    good(
        "no-administrator-policy",
        a("RolePolicyAttachment", policyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"),
    ),
    bad(
        "no-administrator-policy",
        "AdministratorAccess",
        a("RolePolicyAttachment", policyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
    ),
    bad(
        "no-administrator-policy",
        "AmazonS3FullAccess",
        a("Role", managedPolicyArns=["arn:aws:iam::aws:policy/AmazonS3FullAccess"]),
    ),
    bad(
        "no-administrator-policy",
        "SystemAdministrator",
        a("Role", managedPolicyArns=["arn:aws:iam::aws:policy/job-function/SystemAdministrator"]),
    ),
    good("no-long-lived-credential", a("Role")),
    bad("no-long-lived-credential", "through OIDC", a("User")),
    bad("no-long-lived-credential", "through OIDC", a("AccessKey")),
    good("provider-tags", a("aws", defaultTags=json.dumps({"tags": TAGS}))),
    good("provider-tags", a("aws", defaultTags={"tags": TAGS})),
    good("provider-tags", a("aws", defaultTags=UNKNOWN)),
    bad("provider-tags", "no tag Project, Environment, ManagedBy", a("aws", region="eu-west-1")),
    bad("provider-tags", "no tag ManagedBy", a("aws", defaultTags={"tags": UNTAGGED})),
    bad(
        "provider-tags",
        "tags the environment dev as prod",
        a("aws", environment="dev", defaultTags={"tags": TAGS}),
    ),
    good("resource-tags", a("Bucket", tagsAll=TAGS), a("RolePolicy", policy="")),
    good("resource-tags", a("Bucket", tagsAll=UNKNOWN)),
    bad("resource-tags", "no tag ManagedBy", a("Queue", tagsAll=UNTAGGED)),
    bad("resource-tags", "no tag Project", a("Queue", tagsAll={})),
    good(
        "template-tags",
        a(
            "LaunchTemplate",
            tagSpecifications=[
                {"resourceType": "instance", "tags": TAGS},
                {"resourceType": "volume", "tags": TAGS},
            ],
        ),
    ),
    good("template-tags", a("LaunchTemplate", tagSpecifications=UNKNOWN)),
    bad(
        "template-tags",
        "ManagedBy to each volume",
        a("LaunchTemplate", tagSpecifications=[{"resourceType": "instance", "tags": TAGS}]),
    ),
    bad(
        "template-tags",
        "no tag ManagedBy to each instance",
        a(
            "LaunchTemplate",
            tagSpecifications=[
                {"resourceType": "instance", "tags": UNTAGGED},
                {"resourceType": "volume", "tags": TAGS},
            ],
        ),
    ),
    good("group-tags", a("Group", tags=inherited(TAGS))),
    good("group-tags", a("Group", tags=UNKNOWN)),
    bad("group-tags", "no tag ManagedBy", a("Group", tags=inherited(UNTAGGED))),
    bad("group-tags", "no tag Project", a("Group", tags=inherited(TAGS, reach=False))),
)
