"""An environment as a whole: the foundation, and once an image is named, what serves."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.errors import Problem, SettingError
from infra.foundation import Foundation
from infra.names import Names
from infra.parameters import Parameters, ParametersArgs
from infra.place import Place
from infra.serving import Serving
from infra.settings import Settings

Outputs = Mapping[str, pulumi.Input[str]]


def deploy(settings: Settings) -> Outputs:
    """Declare an environment; returns the stack's outputs, which docs/operations.md explains."""
    names = Names(settings.environment, settings.owner, settings.cost_center)
    provider = aws.Provider(
        "aws",
        region=settings.region,
        profile=settings.profile or None,
        allowed_account_ids=settings.allowed_accounts or None,
        default_tags={"tags": names.tags},
    )
    opts = ResourceOptions(providers=[provider])
    place = _place(settings, pulumi.InvokeOptions(provider=provider))
    base = Foundation(settings, names, place, opts)
    outputs: dict[str, pulumi.Input[str]] = {
        "store": base.store.url,
        "bucket": base.store.bucket,
        "imageRepository": base.images.url,
        "alertsTopic": base.alerts.topic_arn,
    }
    if base.publisher:
        outputs["publisherRole"] = base.publisher.role_arn
    if not settings.image:
        pulumi.log.warn(
            "slipway:image is not set: no servers. Push an image to the output imageRepository, "
            "then: pulumi config set slipway:image <tag or sha256:digest> and pulumi up"
        )
        return outputs
    serving = Serving(settings, names, place, base, opts)
    outputs["endpoint"] = serving.ingress.url if serving.ingress else serving.discovery.url
    outputs["dashboard"] = serving.dashboard.url
    outputs["group"] = serving.fleet.group_name
    Parameters(
        f"{settings.environment}-parameters",
        ParametersArgs(names, {k: outputs[k] for k in ("endpoint", "bucket", "store")}),
        opts,
    )
    return outputs


def _place(settings: Settings, opts: pulumi.InvokeOptions) -> Place:
    # Whatever their state: a zone in trouble would take the subnets of all after it along.
    there = aws.get_availability_zones(
        # Local and wavelength zones have no GPU servers, and some no load balancers.
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=opts,
    ).names
    return Place(
        region=settings.region,
        account=aws.get_caller_identity(opts=opts).account_id,
        partition=aws.get_partition(opts=opts).partition,
        zones=_zones(settings, there),
    )


def _zones(settings: Settings, there: Sequence[str]) -> tuple[str, ...]:
    """Raises `SettingError` for zones that the region has not."""
    count, named, region = settings.network.zones, settings.network.zone_names, settings.region
    unknown = [name for name in named if name not in there]
    problems = []
    if len(there) < count:
        why = f"{region} has {len(there)} zones"
        problems.append(Problem("slipway:zones", count, why, "Lower it, or take another region"))
    if unknown:
        why = f"there is no {', '.join(unknown)}"
        problems.append(Problem("slipway:zoneNames", named, why, f"Choose from {', '.join(there)}"))
    if problems:
        raise SettingError(problems)
    return named or tuple(there[:count])
