"""What moto answers otherwise than AWS, put right: one thing a function, until `patch` ends.

They are for the real AWS provider, which compares every answer with what it asked for. With each
goes a test (test_moto_corrections.py) that fails once moto no longer needs it.
"""

import copy
import json
from types import SimpleNamespace

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.autoscaling import models as autoscaling
from moto.autoscaling.responses import AutoScalingResponse
from moto.budgets.models import BudgetsBackend
from moto.budgets.responses import BudgetsResponse
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ecs.models import EC2ContainerServiceBackend, Service
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.models import FakeLoadBalancer
from moto.route53 import models as route53
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response
from moto.sns.responses import SNSResponse


def _after(patch, owner, name, then):
    """Call `then(self)` after a method of `owner`."""
    plain = getattr(owner, name)

    def method(self, *arguments, **named):
        result = plain(self, *arguments, **named)
        then(self)
        return result

    patch.setattr(owner, name, method)


def _listed(value):
    return value if isinstance(value, list) else [value]


def hooks_notify_nobody(patch):
    """A lifecycle hook that was given no queue and no role has none."""

    def without(hook):
        del hook.role_arn, hook.notification_target_arn

    _after(patch, autoscaling.LifecycleHook, "__init__", without)


def scaling_policies_are_enabled(patch):
    """A policy is enabled, and predicts nothing where it was not told to."""

    def enabled(policy):
        policy.enabled = True
        policy.predictive_scaling_configuration = policy.predictive_scaling_configuration or None

    _after(patch, autoscaling.FakeScalingPolicy, "__init__", enabled)


def groups_keep_their_mixed_instances(patch):
    """An update of a group that names no launch template leaves the group's own."""
    plain = autoscaling.FakeAutoScalingGroup.update

    def update(self, **named):
        given = ("launch_template", "launch_config_name", "mixed_instances_policy")
        if self.mixed_instances_policy and not any(named[name] for name in given):
            policy = named["mixed_instances_policy"] = copy.deepcopy(self.mixed_instances_policy)
            # moto describes a template by both of its names and takes one.
            del policy["LaunchTemplate"]["LaunchTemplateSpecification"]["LaunchTemplateName"]
        plain(self, **named)

    patch.setattr(autoscaling.FakeAutoScalingGroup, "update", update)


def groups_keep_what_they_are_given(patch):
    """Of an auto scaling group, what moto drops: its warm-up, maintenance policy and role."""

    def keeping(name):
        plain = getattr(AutoScalingResponse, name)

        def method(self):
            result = plain(self)
            group = self.autoscaling_backend.autoscaling_groups[
                self._get_param("AutoScalingGroupName")
            ]
            if (warmup := self._get_int_param("DefaultInstanceWarmup")) is not None:
                group.default_instance_warmup = warmup
            if policy := self._get_param("InstanceMaintenancePolicy"):
                group.instance_maintenance_policy = policy
            if role := self._get_param("ServiceLinkedRoleARN"):
                group.service_linked_role_arn = role
            return result

        patch.setattr(AutoScalingResponse, name, method)

    keeping("create_auto_scaling_group")
    keeping("update_auto_scaling_group")


def template_tags_are_no_template_data(patch):
    """The tags of a launch template are not tags of what is launched from it."""

    def without(version):
        specifications = version.data.get("TagSpecifications", [])
        specifications[:] = [s for s in specifications if s["ResourceType"] != "launch-template"]

    _after(patch, LaunchTemplateVersion, "__init__", without)


def load_balancers_are_active_at_once(patch):
    """One round of the provider's waiting, of half a minute, less."""

    def active(balancer):
        balancer.state = "active"

    _after(patch, FakeLoadBalancer, "__init__", active)


def zones_begin_with_z(patch):
    """The identifiers of Route 53's hosted zones do."""
    plain = route53.create_route53_zone_id
    patch.setattr(route53, "create_route53_zone_id", lambda **named: f"Z{plain(**named)}")


def access_logs_read_every_policy(patch):
    """A bucket policy may speak of everybody (`"Principal": "*"`) and list its resources."""
    plain = FakeBucket._log_permissions_enabled_policy

    def allowed(target_bucket, target_prefix):
        policy = json.loads(target_bucket.policy or b'{"Statement": []}')
        single = [
            {**statement, "Resource": resource}
            for statement in policy["Statement"]
            if isinstance(statement.get("Principal"), dict)
            for resource in _listed(statement["Resource"])
        ]
        bucket = SimpleNamespace(
            policy=json.dumps({**policy, "Statement": single}).encode(),
            name=target_bucket.name,
            partition=target_bucket.partition,
        )
        return plain(bucket, target_prefix)

    patch.setattr(FakeBucket, "_log_permissions_enabled_policy", staticmethod(allowed))


def access_logs_keep_their_key_format(patch):
    """A bucket that was given a format for the keys of its access logs says it."""
    plain = S3Response.get_bucket_logging

    def get(self):
        logging = self.backend.get_bucket_logging(self.bucket_name)
        if "TargetObjectKeyFormat" not in logging:
            return plain(self)
        self.data["Action"] = "GetBucketLogging"
        names = ("TargetBucket", "TargetPrefix", "TargetObjectKeyFormat")
        return self.serialized(
            ActionResult({"LoggingEnabled": {name: logging[name] for name in names}})
        )

    patch.setattr(S3Response, "get_bucket_logging", get)


def budgets_have_tags(patch):
    """`ListTagsForResource`, which moto's budgets lack, with what `CreateBudget` was given."""
    plain = BudgetsResponse.create_budget

    def create(self):
        result = plain(self)
        self.backend.tags[self._get_param("Budget")["BudgetName"]] = self._get_param("ResourceTags")
        return result

    def listed(self):
        name = self._get_param("ResourceARN").partition(":budget/")[2]
        return ActionResult({"ResourceTags": self.backend.tags.get(name) or []})

    patch.setattr(BudgetsBackend, "tags", {}, raising=False)
    patch.setattr(BudgetsResponse, "create_budget", create)
    patch.setattr(BudgetsResponse, "list_tags_for_resource", listed, raising=False)


def scalable_targets_have_tags(patch):
    """`ListTagsForResource`, which moto's application auto scaling lacks."""
    plain = ApplicationAutoScalingResponse.register_scalable_target

    def register(self):
        result = plain(self)
        self.applicationautoscaling_backend.tags[json.loads(result)["ScalableTargetARN"]] = (
            self._get_param("Tags")
        )
        return result

    def listed(self):
        tags = self.applicationautoscaling_backend.tags.get(self._get_param("ResourceARN"))
        return ActionResult({"Tags": tags or {}})

    patch.setattr(ApplicationAutoscalingBackend, "tags", {}, raising=False)
    patch.setattr(ApplicationAutoScalingResponse, "register_scalable_target", register)
    patch.setattr(ApplicationAutoScalingResponse, "list_tags_for_resource", listed, raising=False)


def budgets_say_whom_they_tell(patch):
    """`DescribeSubscribersForNotification`, which moto lacks."""

    def describe(self):
        budget = self.backend.budgets[self._get_param("AccountId")][self._get_param("BudgetName")]
        asked = self._get_param("Notification")
        found = [n for n in budget.notifications if asked.items() <= n.details.items()]
        return ActionResult({"Subscribers": found[0].subscribers})

    name = "describe_subscribers_for_notification"
    patch.setattr(BudgetsResponse, name, describe, raising=False)


def topics_say_their_signature_version(patch):
    """A topic that was given a `SignatureVersion` says it."""
    plain = SNSResponse.get_topic_attributes

    def get(self):
        result = plain(self)
        topic = self.backend.get_topic(self._get_param("TopicArn"))
        if version := getattr(topic, "signature_version", None):
            result.result["Attributes"]["SignatureVersion"] = version
        return result

    patch.setattr(SNSResponse, "get_topic_attributes", get)


def rules_for_groups_keep_their_description(patch):
    """A security group's rule for another group has the description that it was given."""

    def description(rule):
        return {**rule.ip_range, **rule.source_group}.get("Description")

    patch.setattr(SecurityGroupRule, "description", property(description))


def tasks_may_reserve_memory(patch):
    """A container that reserves memory needs no limit, on EC2 as elsewhere."""
    plain = EC2ContainerServiceBackend._validate_container_defs

    def validate(memory, container_definitions, requires_compatibilities):
        plain(memory, container_definitions, None)

    patch.setattr(EC2ContainerServiceBackend, "_validate_container_defs", staticmethod(validate))


def services_keep_what_they_are_given(patch):
    """Of an ECS service, what moto drops: capacity providers, placement, alarms and more.

    Its launch type is EC2 only where it was given no capacity provider, and it has a network
    configuration only where it was given one.
    """
    plain = EC2ContainerServiceResponse.create_service

    def create(self):
        result = plain(self)
        service = result.result["service"]
        for name, value in self._get_params().items():
            attribute = camelcase_to_underscores(name)
            if attribute not in vars(service):
                setattr(service, attribute, value)
        if self._get_param("capacityProviderStrategy"):
            service.launch_type = None
        return result

    def without(service):
        service.network_configuration = service.network_configuration or None

    patch.setattr(EC2ContainerServiceResponse, "create_service", create)
    _after(patch, Service, "__init__", without)


CORRECTIONS = (
    hooks_notify_nobody,
    scaling_policies_are_enabled,
    template_tags_are_no_template_data,
    load_balancers_are_active_at_once,
    zones_begin_with_z,
    access_logs_read_every_policy,
    access_logs_keep_their_key_format,
    budgets_have_tags,
    scalable_targets_have_tags,
    budgets_say_whom_they_tell,
    services_keep_what_they_are_given,
    groups_keep_their_mixed_instances,
    groups_keep_what_they_are_given,
    topics_say_their_signature_version,
    rules_for_groups_keep_their_description,
    tasks_may_reserve_memory,
)
