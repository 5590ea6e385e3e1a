"""What is still there after a destroy, and what others than the stack lose."""

from collections.abc import Iterator
from typing import Any

from slipway.stack.exposure.view import View, items, on
from slipway.stack.graph import Resource
from slipway.stack.teardown.obstacle import Effect, Obstacle

_KEY_DAYS = _SECRET_DAYS = 30
"""How long AWS keeps a key, or a secret, that is given no window."""
_ACCOUNT_WIDE = (
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "aws:iam/accountPasswordPolicy:AccountPasswordPolicy",
    "aws:iam/accountAlias:AccountAlias",
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
    "aws:ebs/encryptionByDefault:EncryptionByDefault",
    "aws:ebs/defaultKmsKey:DefaultKmsKey",
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
    "aws:ecr/registryPolicy:RegistryPolicy",
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
    "aws:ecs/accountSettingDefault:AccountSettingDefault",
    "aws:apigateway/account:Account",
)
"""Of each, an account or one of its regions has one (of the provider: one for each issuer)."""


def leftovers(view: View) -> Iterator[Obstacle]:
    """Keys, snapshots, logs and what is retained; and what an account has once."""
    for check in (_pending, _kept, _snapshots, _made_by_aws, _shared):
        yield from check(view)


def _pending(view: View) -> Iterator[Obstacle]:
    for key in view.graph.of("aws:kms/key:Key"):
        days = key.properties.get("deletionWindowInDays", _KEY_DAYS)
        why = (
            f"The key waits {days} days for its deletion, at no cost; it decrypts nothing meanwhile"
        )
        mend = "Until then aws kms cancel-key-deletion takes it back; copies of data need it"
        yield Obstacle(Effect.SURVIVES, key.urn, why, mend)
    for secret in view.graph.of("aws:secretsmanager/secret:Secret"):
        if days := secret.properties.get("recoveryWindowInDays", _SECRET_DAYS):
            why = f"The secret can be recovered for {days} days, in which its name stays taken"
            mend = "Set recoveryWindowInDays to 0 and update, if it shall be gone at once"
            yield Obstacle(Effect.SURVIVES, secret.urn, why, mend)


def _kept(view: View) -> Iterator[Obstacle]:
    for resource in view.graph.resources:
        kept = "skipDestroy is true" if on(resource.properties.get("skipDestroy")) else ""
        if resource.retain_on_delete or kept:
            why = f"It stays at AWS ({kept or 'retainOnDelete'}): only Pulumi forgets it"
            yield Obstacle(Effect.SURVIVES, resource.urn, why, "Delete it by hand if it shall go")


def _snapshots(view: View) -> Iterator[Obstacle]:
    for resource in view.graph.of("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"):
        if on(resource.properties.get("skipFinalSnapshot")):
            continue
        if name := resource.properties.get("finalSnapshotIdentifier"):
            why, mend = f"Its last snapshot {name} stays, and costs", "Delete that by hand"
            yield Obstacle(Effect.SURVIVES, resource.urn, why, mend)
        else:
            why = "A last snapshot is asked for, and has no name"
            mend = "Set finalSnapshotIdentifier, or skipFinalSnapshot to true, and update"
            yield Obstacle(Effect.BLOCKS, resource.urn, why, mend)
    for template in view.graph.of("aws:ec2/launchTemplate:LaunchTemplate"):
        for mapping in items(template.properties.get("blockDeviceMappings")):
            if str((mapping.get("ebs") or {}).get("deleteOnTermination")).lower() == "false":
                why = f"The volumes {mapping.get('deviceName')} of its servers stay, and cost"
                yield Obstacle(Effect.SURVIVES, template.urn, why, "Delete them by hand")


def _made_by_aws(view: View) -> Iterator[Obstacle]:
    """Log groups that services make for themselves, unless the stack has them."""
    own = {group.properties.get("name") for group in view.graph.of("LogGroup")}
    for cluster in view.graph.of("aws:ecs/cluster:Cluster"):
        for setting in items(cluster.properties.get("settings")):
            insights = setting.get("name") == "containerInsights"
            if insights and setting.get("value") != "disabled":
                name = cluster.properties.get("name", "<cluster>")
                yield from _log_group(
                    cluster, f"/aws/ecs/containerinsights/{name}/performance", own
                )
    for function in view.graph.of("aws:lambda/function:Function"):
        logging = function.properties.get("loggingConfig") or {}
        name = function.properties.get("name", "<function>")
        if not logging.get("logGroup"):
            yield from _log_group(function, f"/aws/lambda/{name}", own)


def _log_group(resource: Resource, name: str, own: set[Any]) -> Iterator[Obstacle]:
    if name not in own:
        why = f"AWS writes to a log group {name} of its own, which stays without an end"
        mend = f"Run aws logs delete-log-group --log-group-name {name} afterwards"
        yield Obstacle(Effect.SURVIVES, resource.urn, why, mend)


def _shared(view: View) -> Iterator[Obstacle]:
    for resource in view.graph.of(*_ACCOUNT_WIDE):
        why = "The account has one of it: other stacks of the account lose it too"
        mend = "Keep it with pulumi state delete where others use it, and give it to one of them"
        yield Obstacle(Effect.AFFECTS_OTHERS, resource.urn, why, mend)
    for role in view.graph.of("aws:iam/serviceLinkedRole:ServiceLinkedRole"):
        service = role.properties.get("awsServiceName")
        if role.properties.get("customSuffix"):
            why = f"IAM refuses to delete it as long as anything of {service} uses it"
            mend = "If it fails, wait for the last server to end and run the destroy again"
            yield Obstacle(Effect.MAY_BLOCK, role.urn, why, mend)
        else:
            why = f"The account has one role for {service}: others of the account lose it too"
            mend = "Keep it with pulumi state delete"
            yield Obstacle(Effect.AFFECTS_OTHERS, role.urn, why, mend)
