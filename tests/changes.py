"""Changes as people make them to this stack: of settings, and of the program itself."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Change:
    """Of prod. `before` are settings in place of the stack's in the base, `after` in the head;
    `edits` are (file, text, text in its place) of the head's program.
    """

    name: str
    after: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    edits: tuple[tuple[str, str, str], ...] = ()
    shape: str = ""

    def __str__(self):
        return self.name


def edited(change, folder):
    """The program with the edits of a change, in `folder`."""
    for name in ("infra", "slipway"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")):
        shutil.copy(file, folder / file.name)
    for file, old, new in change.edits:
        text = (folder / file).read_text()
        assert old in text, f"{change}: {file} no longer has {old!r}"
        (folder / file).write_text(text.replace(old, new))
    return folder


def edit(name, file, old, new, *more):
    return Change(name, edits=((file, old, new), *more))


_ACCOUNT = "eu-central-1:123456789012"
_CERTIFICATE = f"arn:aws:acm:{_ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555"
_OFFICE = {"slipway:allowedCidrs": '["203.0.113.0/24"]'}
_LOGS = 'Logs(f"{e}-logs", LogsArgs(names, settings.observability.log_days, key), opts)'
_JOURNAL = _LOGS.replace("-logs", "-journal")
_FORMER = 'ResourceOptions.merge(opts, ResourceOptions(aliases=[Alias(name=f"{e}-logs")])))'
_FROM_BALANCER = """                referenced_security_group_id=balancer,
                cidr_ipv4=None if args.traffic else args.vpc_cidr,
"""
_READ = '["s3:GetObject"], [objects(store_arn, f"{p}*") for p in read]'

CHANGES = (
    # --- settings -----------------------------------------------------------------------------
    Change("nothing"),
    Change("image", {"slipway:image": "0.2.0"}),
    Change("ami", {"slipway:ami": "ami-0123456789abcdef0"}),
    Change("instance-types", {"slipway:instanceTypes": '["g6.4xlarge","g5.4xlarge","g6.8xlarge"]'}),
    Change("vpc-cidr", {"slipway:vpcCidr": "10.50.0.0/16"}),
    Change("zone-added", {}, {"slipway:zones": "2"}),
    Change("zone-removed", {"slipway:zones": "2"}),
    Change("one-nat-gateway", {"slipway:nat": "single"}),
    Change("no-interface-endpoints", {"slipway:interfaceEndpoints": "false"}),
    Change("log-retention", {"slipway:logDays": "30"}),
    Change("old-versions", {"slipway:noncurrentDays": "7"}),
    Change("spot-share", {"slipway:spotPercent": "0"}),
    Change(
        "fewer-servers",
        {"slipway:maxServers": "6", "slipway:minServers": "2", "slipway:onDemandBase": "2"},
    ),
    Change("larger-volumes", {"slipway:volumeGib": "400"}),
    Change("domain", {"slipway:domain": "inference.example.com"}),
    Change("listener-certificate", {"slipway:certificateArn": _CERTIFICATE}),
    Change("internal", {"slipway:public": "false"}),
    Change("no-firewall", {"slipway:waf": "false"}),
    Change("clients-limited", _OFFICE),
    Change("clients-opened", {}, _OFFICE),
    Change("publisher", {"slipway:publisherSubjects": '["repo:example/models:*"]'}),
    Change("environment-tag", {"slipway:costCenter": "9999"}),
    Change("alarm-threshold", {"slipway:errorPercent": "10"}),
    Change("budget", {"slipway:budgetUsd": "40000"}),
    Change("shape-container", shape="container"),
    # --- the program --------------------------------------------------------------------------
    edit("rename-without-alias", "infra/foundation.py", _LOGS, _JOURNAL),
    edit(
        "rename-with-alias",
        "infra/foundation.py",
        _LOGS,
        _JOURNAL.replace("opts)", _FORMER),
        (
            "infra/foundation.py",
            "from pulumi import ResourceOptions",
            "from pulumi import Alias, ResourceOptions",
        ),
    ),
    edit(
        "bucket-name",
        "infra/bucket.py",
        "        force_destroy=not args.protect,\n",
        '        force_destroy=not args.protect,\n        bucket=f"example-{name}",\n',
    ),
    edit("key-rotation", "infra/key.py", "enable_key_rotation=True", "enable_key_rotation=False"),
    edit(
        "another-key",
        "infra/foundation.py",
        "ModelStoreArgs(settings.store, key,",
        f'ModelStoreArgs(settings.store, "arn:aws:kms:{_ACCOUNT}:key/other",',
    ),
    edit("health-check", "infra/application.py", "protocol.health,\n", '"/v2/health/live",\n'),
    edit(
        "target-port",
        "infra/application.py",
        "        port=protocol.port,\n",
        "        port=protocol.port + 100,\n",
    ),
    edit(
        "tls-policy",
        "infra/application.py",
        "ssl_policy=TLS_POLICY",
        'ssl_policy="ELBSecurityPolicy-TLS-1-0-2015-04"',
    ),
    edit(
        "iam-statement",
        "infra/permissions.py",
        '"s3:PutObject"],\n            [objects(store_arn, f"{p}*") for p in write]',
        '"s3:PutObject", "s3:DeleteObject"],\n'
        '            [objects(store_arn, f"{p}*") for p in write]',
    ),
    edit(
        "iam-resource",
        "infra/permissions.py",
        _READ,
        '["s3:GetObject"], [objects(store_arn, "*")]',
    ),
    edit(
        "security-group-rule",
        "infra/fleet.py",
        _FROM_BALANCER,
        '                cidr_ipv4="0.0.0.0/0",\n',
    ),
    edit(
        "unprotected",
        "infra/bucket.py",
        "pulumi.ResourceOptions(parent=parent, protect=args.protect)",
        "pulumi.ResourceOptions(parent=parent)",
    ),
    edit("group-name", "infra/fleet.py", "name=args.names.group,", 'name="fleet-blue",'),
)
