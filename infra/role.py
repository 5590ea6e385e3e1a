"""Who the servers are to AWS."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import permissions
from infra.documents import Statement, render, trust
from infra.names import Names
from infra.place import Place


@dataclass(frozen=True)
class ServerRoleArgs:
    """`namespace` is the private DNS domain of discovery, without the environment."""

    shape: str
    names: Names
    place: Place
    namespace: str
    key_arn: pulumi.Input[str]
    store_arn: pulumi.Input[str]
    images_arn: pulumi.Input[str]
    log_group_arns: tuple[pulumi.Input[str], ...]


class ServerRole(pulumi.ComponentResource):
    """In the shape `container` the node's rights are its task's, and the instance has those of the
    ECS agent alone; else the instance has the node's, and there are no other roles.
    """

    profile_arn: pulumi.Output[str]
    task_role_arn: pulumi.Output[str] | None
    execution_role_arn: pulumi.Output[str] | None

    def __init__(
        self, name: str, args: ServerRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:ServerRole", name, None, opts)
        containers = args.shape == "container"
        host = (
            permissions.publish_metrics(),
            permissions.write_logs(args.log_group_arns),
            *permissions.open_sessions(args.place),
        )
        pull = permissions.pull_images(args.images_arn)
        own = (
            permissions.join_cluster(args.names, args.place)
            if containers
            # ECS drains by a hook that it completes itself: only here is there one for the node.
            else (*_node(args), permissions.complete_lifecycle(args.names, args.place), *pull)
        )
        instance = self._role(
            f"{name}-instance",
            f"Servers of {args.names.prefix}",
            trust("ec2.amazonaws.com"),
            (*own, *host),
        )
        profile = aws.iam.InstanceProfile(
            f"{name}-profile", role=instance.name, opts=pulumi.ResourceOptions(parent=self)
        )
        self.profile_arn = profile.arn
        self.task_role_arn = self.execution_role_arn = None
        if containers:
            tasks = _trust_tasks(args.place)
            self.task_role_arn = self._role(
                f"{name}-task",
                f"Nodes of {args.names.prefix}",
                tasks,
                (*_node(args), permissions.publish_metrics()),
            ).arn
            self.execution_role_arn = self._role(
                f"{name}-execution",
                f"Starts the containers of {args.names.prefix}",
                tasks,
                (*pull, permissions.write_logs(args.log_group_arns)),
            ).arn
        self.register_outputs(
            {
                "profileArn": self.profile_arn,
                "taskRoleArn": self.task_role_arn,
                "executionRoleArn": self.execution_role_arn,
            }
        )

    def _role(
        self,
        name: str,
        description: str,
        trusted: pulumi.Output[str],
        statements: Sequence[Statement],
    ) -> aws.iam.Role:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, description=description, assume_role_policy=trusted, opts=child)
        # In the role itself: nobody can attach these rights to anything else.
        aws.iam.RolePolicy(name, role=role.name, policy=render(*statements), opts=child)
        return role


def _node(args: ServerRoleArgs) -> tuple[Statement, ...]:
    """What the node calls, wherever it runs. Only a server without a load balancer enters itself
    into discovery.
    """
    store = permissions.serve_from_store(args.names.environment, args.store_arn, args.key_arn)
    if args.shape != "single":
        return store
    return *store, *permissions.register(args.names, args.place, args.namespace)


def _trust_tasks(place: Place) -> pulumi.Output[str]:
    return trust(
        "ecs-tasks.amazonaws.com",
        conditions={
            "StringEquals": {"aws:SourceAccount": place.account},
            "ArnLike": {"aws:SourceArn": place.arn("ecs", "*")},
        },
    )
