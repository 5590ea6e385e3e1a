"""The web application firewall before the application load balancer."""

# wafv2's types take over half a second to load, and most stacks have no firewall.
from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.names import Names

RATE_WINDOW = 300
"""Seconds."""
RATE = "rate"
"""The rule that limits requests, and its metric."""

COUNTED = (
    "SizeRestrictions_BODY",
    "CrossSiteScripting_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "EC2MetaDataSSRF_BODY",
    "NoUserAgent_HEADER",
)
"""Rules that count and do not block. The body of a request is data for a model: longer than 8 KB,
binary, or a text about anything. And not every gRPC or HTTP library names itself.
"""

_GROUPS = (
    ("reputation", "AWSManagedRulesAmazonIpReputationList", ()),
    ("common", "AWSManagedRulesCommonRuleSet", COUNTED),
    ("known-bad", "AWSManagedRulesKnownBadInputsRuleSet", ()),
)


@dataclass(frozen=True)
class FirewallArgs:
    """`rate_limit`: requests of one address in 5 minutes. `log_days` of what was blocked."""

    names: Names
    load_balancer_arn: pulumi.Input[str]
    rate_limit: int
    key_arn: pulumi.Input[str]
    log_days: int


class Firewall(pulumi.ComponentResource):
    """Amazon's managed rules, and a limit on the requests of one address."""

    def __init__(
        self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Firewall", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        acl = aws.wafv2.WebAcl(
            f"{name}-acl",
            scope="REGIONAL",
            description="Managed rules and a rate limit before the load balancer",
            default_action={"allow": {}},
            rules=[_rate(args.rate_limit), *_managed()],
            # A firewall with the same name would count as the same.
            visibility_config=_visible(args.names.prefix),
            opts=inside,
        )
        aws.wafv2.WebAclAssociation(
            f"{name}-lb",
            resource_arn=args.load_balancer_arn,
            web_acl_arn=acl.arn,
            opts=inside,
        )
        group = aws.cloudwatch.LogGroup(
            f"{name}-blocked",
            # The firewall writes to groups of this beginning alone.
            name=f"aws-waf-logs-{args.names.prefix}",
            retention_in_days=args.log_days,
            kms_key_id=args.key_arn,
            opts=inside,
        )
        aws.wafv2.WebAclLoggingConfiguration(
            f"{name}-logging",
            resource_arn=acl.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[{"single_header": {"name": "authorization"}}],
            # What is let through is in the load balancer's own log.
            logging_filter={
                "default_behavior": "DROP",
                "filters": [
                    {
                        "behavior": "KEEP",
                        "requirement": "MEETS_ANY",
                        "conditions": [{"action_condition": {"action": "BLOCK"}}],
                    }
                ],
            },
            opts=inside,
        )
        self.register_outputs({})


def _rate(limit: int) -> aws.wafv2.WebAclRuleArgsDict:
    return {
        "name": RATE,
        "priority": 0,
        "action": {"block": {"custom_response": {"response_code": 429}}},
        "statement": {
            "rate_based_statement": {
                "aggregate_key_type": "IP",
                "limit": limit,
                "evaluation_window_sec": RATE_WINDOW,
            }
        },
        "visibility_config": _visible(RATE),
    }


def _managed() -> list[aws.wafv2.WebAclRuleArgsDict]:
    return [
        {
            "name": label,
            "priority": 10 * number,
            # The group's own actions: to block, unless said otherwise below.
            "override_action": {"none": {}},
            "statement": {
                "managed_rule_group_statement": {
                    "vendor_name": "AWS",
                    "name": group,
                    "rule_action_overrides": [
                        {"name": rule, "action_to_use": {"count": {}}} for rule in counted
                    ],
                }
            },
            "visibility_config": _visible(label),
        }
        for number, (label, group, counted) in enumerate(_GROUPS, start=1)
    ]


def _visible(label: str) -> aws.wafv2.WebAclVisibilityConfigArgsDict:
    return {
        "cloudwatch_metrics_enabled": True,
        "metric_name": label,
        "sampled_requests_enabled": True,
    }
