"""What validation refuses, and that it lets everything else through."""

import pytest
from hypothesis import HealthCheck, find, given, settings

from infra.errors import SettingError
from infra.settings import Settings
from tests.configurations import configuration_of, settings_from, settings_of, valid_settings

COMMITTED = ("dev", "staging", "prod")

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
GROUP = "arn:aws:resource-groups:us-east-1:123456789012:group/slipway"
DEEP = f"{'m' * 58}.example.com"
LONG = "https://login.example.com/" + "x" * 256
RANGES = "[" + ", ".join(f'"198.51.100.{4 * n}/30"' for n in range(26)) + "]"
TASKS = {"shape": "container", "warm_pool": "0"}
OPEN = {"spot_percent": "0", "instance_types": '["g6.xlarge"]'}
"""The environment dev without its spot server."""

WRONG: list[tuple[str, dict[str, str], str, str, str]] = [
    # stack, what is changed, setting that is named, value that is given, what is said
    # --- the environment
    ("qa", {}, "the stack's name", "qa", "dev, staging, prod"),
    ("local", {}, "the stack's name", "local", "dev, staging, prod"),
    ("dev", {"region": "frankfurt"}, "aws:region", "frankfurt", "no name of a region"),
    ("dev", {"allowed_accounts": '["12"]'}, "aws:allowedAccountIds", "[12]", "has 12 digits"),
    ("dev", {"allowed_accounts": "12"}, "aws:allowedAccountIds", "12", "no list"),
    ("dev", {"shape": "kubernetes"}, "slipway:shape", "kubernetes", "cluster, single or container"),
    ("dev", {"owner": ""}, "slipway:owner", "empty", "answer for the servers"),
    ("dev", {"owner": "ml?"}, "slipway:owner", "ml?", "as a tag"),
    ("dev", {"cost_center": "47%"}, "slipway:costCenter", "47%", "as a tag"),
    ("dev", {"image": "latest"}, "slipway:image", "latest", "rollback"),
    ("dev", {"image": "serving:0.1"}, "slipway:image", "serving:0.1", "neither a tag nor a digest"),
    ("dev", {"image": "sha256:12"}, "slipway:image", "sha256:12", "neither a tag nor a digest"),
    ("prod", {"protect": "false"}, "slipway:protect", "false", "delete models"),
    # --- network
    ("dev", {"vpc_cidr": "10.0.0.0"}, "slipway:vpcCidr", "10.0.0.0", "and its prefix"),
    ("dev", {"vpc_cidr": "ten"}, "slipway:vpcCidr", "ten", "no IPv4 address range"),
    ("dev", {"vpc_cidr": "fd00::/16"}, "slipway:vpcCidr", "fd00::/16", "no IPv4 address range"),
    ("dev", {"vpc_cidr": "10.0.0.9/16"}, "slipway:vpcCidr", "10.0.0.9/16", "Write 10.0.0.0/16"),
    ("dev", {"vpc_cidr": "10.0.0.0/12"}, "slipway:vpcCidr", "10.0.0.0/12", "no VPC larger than"),
    ("dev", {"vpc_cidr": "10.0.0.0/24"}, "slipway:vpcCidr", "10.0.0.0/24", "subnets of 2 zones"),
    ("dev", {"vpc_cidr": "52.0.0.0/16"}, "slipway:vpcCidr", "52.0.0.0/16", "not private"),
    ("dev", {"vpc_cidr": "172.17.0.0/16"}, "slipway:vpcCidr", "172.17.0.0/16", "Docker"),
    ("staging", {"zones": "0"}, "slipway:zones", "0", "1 or more"),
    ("staging", {"zones": "4"}, "slipway:zones", "4", "3 or less"),
    ("dev", {"zones": "1"}, "slipway:zones", "1", "spot capacity of one zone"),
    ("staging", {"zones": "1"}, "slipway:zones", "1", "two zones or more"),
    ("prod", {"zones": "1", "nat": "single"}, "slipway:zones", "1", "loss of one"),
    (
        "staging",
        {"zone_names": '["eu-central-1a"]'},
        "slipway:zoneNames",
        "[eu-central-1a]",
        "slipway:zones is 2",
    ),
    (
        "staging",
        {"zone_names": '["eu-central-1a", "eu-central-1a"]'},
        "slipway:zoneNames",
        "[eu-central-1a, eu-central-1a]",
        "twice",
    ),
    (
        "staging",
        {"zone_names": '["eu-central-1a", "eu-west-1b"]'},
        "slipway:zoneNames",
        "[eu-central-1a, eu-west-1b]",
        "eu-west-1b is not in aws:region",
    ),
    ("dev", {"nat": "gateway"}, "slipway:nat", "gateway", "none, single or zone"),
    ("dev", {"nat": "none"}, "slipway:nat", "none", "interfaceEndpoints"),
    ("dev", {"nat": "zone", "zones": "1"}, "slipway:nat", "zone", "same as single"),
    ("dev", {"flow_log_days": "31"}, "slipway:flowLogDays", "31", "30 or 60"),
    ("dev", {"namespace": "Slip_way"}, "slipway:namespace", "Slip_way", "no domain name"),
    ("dev", {"namespace": ""}, "slipway:namespace", "empty", "could not be found"),
    ("dev", {"namespace": "slipway.local"}, "slipway:namespace", "slipway.local", "multicast"),
    # --- model store
    ("dev", {"noncurrent_days": "0"}, "slipway:noncurrentDays", "0", "could be restored"),
    ("dev", {"report_days": "0"}, "slipway:reportDays", "0", "running nodes"),
    ("dev", {"engine_days": "-1"}, "slipway:engineDays", "-1", "engine"),
    ("dev", {"access_log_days": "9999"}, "slipway:accessLogDays", "9999", "3653 or less"),
    ("dev", {"images_kept": "1"}, "slipway:imagesKept", "1", "rollback"),
    # --- publisher
    (
        "prod",
        {"publisher_issuer": "https://ci.example.com"},
        "slipway:publisherIssuer",
        "https://ci.example.com",
        "without https://",
    ),
    ("prod", {"publisher_issuer": ""}, "slipway:publisherIssuer", "empty", "publisherSubjects"),
    ("prod", {"publisher_subjects": "[]"}, "slipway:publisherSubjects", "[]", "everybody"),
    (
        "prod",
        {"publisher_subjects": '["repo:*"]'},
        "slipway:publisherSubjects",
        "[repo:*]",
        "lets strangers in",
    ),
    ("prod", {"publisher_subjects": '["*"]'}, "slipway:publisherSubjects", "[*]", "no owner"),
    (
        "prod",
        {"publisher_subjects": '["repo:a/b", "repo:a/b"]'},
        "slipway:publisherSubjects",
        "[repo:a/b, repo:a/b]",
        "twice",
    ),
    ("prod", {"publisher_audience": ""}, "slipway:publisherAudience", "empty", "other services"),
    # --- servers: types and counts
    ("dev", {"instance_types": "[]"}, "slipway:instanceTypes", "[]", "one at least"),
    (
        "dev",
        {"instance_types": '["g6.xlargo"]'},
        "slipway:instanceTypes",
        '["g6.xlargo"]',
        "g6.xlarge",
    ),
    (
        "dev",
        {"instance_types": '["kubernetes"]'},
        "slipway:instanceTypes",
        '["kubernetes"]',
        "instance types. Take one like g6.xlarge; or",
    ),
    ("dev", {"instance_types": '["g5g.xlarge"]'}, "slipway:instanceTypes", '["g5g.xlarge"]', "ARM"),
    (
        "staging",
        {"instance_types": '["g6.xlarge", "g6.xlarge"]'},
        "slipway:instanceTypes",
        "[g6.xlarge, g6.xlarge]",
        "g6.xlarge is there twice",
    ),
    (
        "staging",
        {"instance_types": '["g6.xlarge", "m7i.8xlarge"]', "volume_gib": "500"},
        "slipway:instanceTypes",
        "[g6.xlarge, m7i.8xlarge]",
        "machine image",
    ),
    (
        "dev",
        {"instance_types": '["g6.xlarge", "g5.xlarge"]'},
        "slipway:instanceTypes",
        "[g6.xlarge, g5.xlarge]",
        "one type alone runs out",
    ),
    ("staging", {"min_servers": "0"}, "slipway:minServers", "0", "no metric"),
    ("staging", {"min_servers": "4"}, "slipway:maxServers", "3", "slipway:minServers is 4"),
    ("staging", {"max_servers": "5000"}, "slipway:maxServers", "5000", "500 or less"),
    ("dev", {"max_servers": "2"}, "slipway:maxServers", "2", "single is one server"),
    ("prod", {"min_servers": "1"}, "slipway:minServers", "1", "loss of one server"),
    ("prod", {"on_demand_base": "13"}, "slipway:onDemandBase", "13", "slipway:maxServers, 12"),
    ("prod", {"on_demand_base": "0"}, "slipway:onDemandBase", "0", "spot servers of prod"),
    ("prod", {"on_demand_base": "12"}, "slipway:spotPercent", "100", "none is left to be spot"),
    ("prod", {"spot_percent": "101"}, "slipway:spotPercent", "101", "100 or less"),
    ("staging", {"warm_pool": "4"}, "slipway:warmPool", "4", "never be needed"),
    ("prod", {"warm_pool": "2"}, "slipway:warmPool", "2", "AWS keeps no warm pool"),
    ("dev", {**OPEN, "warm_pool": "1"}, "slipway:warmPool", "1", "none waits beside it"),
    ("staging", {"shape": "container"}, "slipway:warmPool", "1", "ECS decides"),
    (
        "staging",
        {**TASKS, "instance_types": '["g6.12xlarge", "g6.2xlarge"]'},
        "slipway:instanceTypes",
        "[g6.12xlarge, g6.2xlarge]",
        "and these have 1, 4",
    ),
    ("prod", TASKS, "slipway:refreshMinHealthy", "100", "Lower it to 66"),
    (
        "prod",
        {**TASKS, "refresh_min_healthy": "67"},
        "slipway:refreshMinHealthy",
        "67",
        "spare one of slipway:minServers, 3",
    ),
    # --- servers: reservations
    (
        "staging",
        {"capacity_reservation": "all"},
        "slipway:capacityReservation",
        "all",
        "cr-0123456789abcdef0",
    ),
    ("dev", {"capacity_reservation": "open"}, "slipway:capacityReservation", "open", "never run"),
    (
        "staging",
        {"capacity_reservation": "cr-0123456789abcdef0"},
        "slipway:capacityReservation",
        "cr-0123456789abcdef0",
        "one instance type",
    ),
    (
        "dev",
        {**OPEN, "capacity_reservation": "cr-0123456789abcdef0"},
        "slipway:capacityReservation",
        "cr-0123456789abcdef0",
        "in one zone",
    ),
    (
        "dev",
        {**OPEN, "capacity_reservation": "cr-0123456789abcdef0", "zones": "1"},
        "slipway:zoneNames",
        "[]",
        "the zone that the reservation is in",
    ),
    (
        "staging",
        {"capacity_reservation": GROUP},
        "slipway:capacityReservation",
        GROUP,
        "reservations of that region",
    ),
    # --- servers: image, volume, models
    ("dev", {"ami": "ubuntu"}, "slipway:ami", "ubuntu", "id of a machine image"),
    ("dev", {"ami_generation": "0"}, "slipway:amiGeneration", "0", "goes up"),
    ("dev", {"volume_gib": "20"}, "slipway:volumeGib", "20", "serving image"),
    ("dev", {"volume_iops": "100"}, "slipway:volumeIops", "100", "3000 to 80000"),
    (
        "dev",
        {"volume_iops": "60000", "volume_gib": "100"},
        "slipway:volumeIops",
        "60000",
        "500 for each GiB",
    ),
    ("dev", {"volume_throughput": "100"}, "slipway:volumeThroughput", "100", "125 to 2000"),
    (
        "dev",
        {"volume_throughput": "1000", "volume_iops": "3000"},
        "slipway:volumeThroughput",
        "1000",
        "slipway:volumeIops to 4000",
    ),
    ("dev", {"model_gib": "0"}, "slipway:modelGib", "0", "1 or more"),
    ("dev", {"model_gib": "20"}, "slipway:modelGib", "20", "g4dn.xlarge has 16 GiB of GPU memory"),
    (
        "dev",
        {**OPEN, "instance_types": '["c7i.large"]'},
        "slipway:modelGib",
        "8",
        "c7i.large has 4 GiB of memory",
    ),
    (
        "dev",
        {**OPEN, "instance_types": '["m7i.8xlarge"]', "volume_gib": "110"},
        "slipway:modelGib",
        "8",
        "10 GiB of disk",
    ),
    # --- servers: how one leaves and another comes
    ("dev", {"drain_seconds": "81"}, "slipway:drainSeconds", "81", "Lower it to 80"),
    ("staging", {"drain_seconds": "4000"}, "slipway:drainSeconds", "4000", "3600 or less"),
    ("dev", {"network_mode": "awsvpc"}, "slipway:networkMode", "awsvpc", "host or bridge"),
    (
        "dev",
        {"network_mode": "bridge", "hop_limit": "2"},
        "slipway:networkMode",
        "bridge",
        "network of its server",
    ),
    ("dev", {"hop_limit": "3"}, "slipway:hopLimit", "3", "2 or less"),
    ("dev", {"hop_limit": "2"}, "slipway:hopLimit", "2", "credentials"),
    ("dev", {"network_mode": "bridge"}, "slipway:hopLimit", "1", "two hops"),
    ("dev", {"refresh_min_healthy": "101"}, "slipway:refreshMinHealthy", "101", "100 or less"),
    ("dev", {"refresh_max_healthy": "90"}, "slipway:refreshMaxHealthy", "90", "100 or more"),
    (
        "dev",
        {"refresh_max_healthy": "200", "refresh_min_healthy": "50"},
        "slipway:refreshMaxHealthy",
        "200",
        "Lower it to 150",
    ),
    (
        "dev",
        {"refresh_checkpoints": "[50, 10, 100]"},
        "slipway:refreshCheckpoints",
        "[50, 10, 100]",
        "larger than the one before",
    ),
    (
        "dev",
        {"refresh_checkpoints": "[10, 50]"},
        "slipway:refreshCheckpoints",
        "[10, 50]",
        "Let 100 be the last",
    ),
    ("dev", {"refresh_pause_seconds": "200000"}, "slipway:refreshPauseSeconds", "200000", "days"),
    # --- scaling
    ("staging", {"scale_on": "cpu"}, "slipway:scaleOn", "cpu", "pending, queue, requests or none"),
    ("staging", {"scale_target": "0"}, "slipway:scaleTarget", "0", "1 or more"),
    ("staging", {"max_servers": "2"}, "slipway:scaleOn", "pending", "are both 2"),
    ("staging", {"scale_on": "none"}, "slipway:scaleOn", "none", "slipway:minServers, 2"),
    ("dev", {"scale_on": "queue"}, "slipway:scaleOn", "queue", "whatever the load"),
    (
        "staging",
        {"scale_on": "requests", "load_balancer": "network"},
        "slipway:scaleOn",
        "requests",
        "counts connections",
    ),
    ("dev", {"wake": ""}, "slipway:wake", "empty", "never wake up"),
    ("dev", {"sleep": ""}, "slipway:sleep", "empty", "never sleep"),
    ("dev", {"wake": "0 20 * * *"}, "slipway:wake", "0 20 * * *", "at the same time"),
    ("dev", {"sleep": "20:00"}, "slipway:sleep", "20:00", "1 of the five fields"),
    ("dev", {"sleep": "0 24 * * *"}, "slipway:sleep", "0 24 * * *", "24 is no hour"),
    ("dev", {"wake": "0 7 * * MO"}, "slipway:wake", "0 7 * * MO", "MO is no weekday"),
    ("dev", {"time_zone": "Berlin"}, "slipway:timeZone", "Berlin", "Europe/Berlin"),
    (
        "prod",
        {"sleep": "0 20 * * *", "wake": "0 7 * * *"},
        "slipway:sleep",
        "0 20 * * *",
        "no hours in which nobody calls",
    ),
    # --- ingress
    ("staging", {"load_balancer": "classic"}, "slipway:loadBalancer", "classic", "application, ne"),
    (
        "staging",
        {"load_balancer": "none", "domain": "", "zone_id": ""},
        "slipway:loadBalancer",
        "none",
        "one server of a cluster",
    ),
    (
        "dev",
        {"load_balancer": "network", "domain": "m.example.com", "zone_id": "Z0123456789"},
        "slipway:loadBalancer",
        "network",
        "found by discovery",
    ),
    ("dev", {"public": "true"}, "slipway:public", "true", "no load balancer"),
    ("dev", {"waf": "true"}, "slipway:waf", "true", "no load balancer"),
    ("dev", {"domain": "m.example.com"}, "slipway:domain", "m.example.com", "heed it"),
    ("dev", {"allowed_cidrs": '["10.0.0.0/8"]'}, "slipway:allowedCidrs", "[10.0.0.0/8]", "heed it"),
    ("dev", {"auth": "jwt"}, "slipway:auth", "jwt", "there is none"),
    ("staging", {"domain": ""}, "slipway:domain", "empty", "TLS needs a name"),
    ("staging", {"zone_id": ""}, "slipway:certificateArn", "empty", "TLS needs a certificate"),
    ("dev", {"zone_id": "Z0123456789"}, "slipway:zoneId", "Z0123456789", "slipway:domain"),
    ("staging", {"zone_id": "example.com"}, "slipway:zoneId", "example.com", "list-hosted-zones"),
    ("staging", {"domain": "*.a.com"}, "slipway:domain", "*.a.com", "no domain name"),
    ("staging", {"domain": DEEP}, "slipway:domain", DEEP, "up to 64 characters, and it has 70"),
    (
        "staging",
        {"namespace": "example.com", "domain": "models.staging.example.com"},
        "slipway:domain",
        "models.staging.example.com",
        "private domain of discovery",
    ),
    ("staging", {"certificate_arn": "mine"}, "slipway:certificateArn", "mine", "list-certificates"),
    ("staging", {"certificate_arn": ARN}, "slipway:certificateArn", ARN, "is in eu-central-1"),
    ("prod", {"auth": "password"}, "slipway:auth", "password", "none, mtls or jwt"),
    ("staging", {"public": "true"}, "slipway:auth", "none", "whole internet"),
    ("staging", {"auth": "mtls"}, "slipway:trustStore", "empty", "CA bundle"),
    ("prod", {"trust_store": "s3://b-k/ca"}, "slipway:trustStore", "s3://b-k/ca", "only mtls"),
    (
        "staging",
        {"auth": "mtls", "trust_store": "ca.pem"},
        "slipway:trustStore",
        "ca.pem",
        "no object in S3",
    ),
    ("prod", {"jwt_issuer": ""}, "slipway:jwtIssuer", "empty", "(iss)"),
    ("prod", {"jwt_keys": ""}, "slipway:jwtKeys", "empty", "(JWKS)"),
    (
        "prod",
        {"jwt_keys": "http://a.example.com/k"},
        "slipway:jwtKeys",
        "http://a.example.com/k",
        "no https URL",
    ),
    ("prod", {"jwt_issuer": LONG}, "slipway:jwtIssuer", LONG, "256 characters"),
    ("prod", {"jwt_audience": ""}, "slipway:jwtAudience", "empty", "for other services"),
    ("prod", {"jwt_audience": LONG}, "slipway:jwtAudience", LONG, "256 characters"),
    ("staging", {"jwt_audience": "models"}, "slipway:jwtAudience", "models", "only jwt"),
    (
        "prod",
        {"jwt_audience_format": "list"},
        "slipway:jwtAudienceFormat",
        "list",
        "single-string or string-array",
    ),
    ("prod", {"public": "false", "nat": "none"}, "slipway:auth", "jwt", "the issuer's keys"),
    (
        "staging",
        {"jwt_issuer": "https://a.example.com"},
        "slipway:jwtIssuer",
        "https://a.example.com",
        "only jwt",
    ),
    ("prod", {"load_balancer": "network"}, "slipway:auth", "jwt", "look into requests"),
    ("staging", {"load_balancer": "network", "waf": "true"}, "slipway:waf", "true", "AWS WAF"),
    ("prod", {"waf_rate_limit": "5"}, "slipway:wafRateLimit", "5", "10 or more"),
    (
        "prod",
        {"allowed_cidrs": '["0.0.0.0/0"]'},
        "slipway:allowedCidrs",
        "[0.0.0.0/0]",
        "everybody",
    ),
    (
        "prod",
        {"allowed_cidrs": '["10.0.0.0/8"]'},
        "slipway:allowedCidrs",
        "[10.0.0.0/8]",
        "private",
    ),
    (
        "prod",
        {"allowed_cidrs": '["198.51.100.7/24"]'},
        "slipway:allowedCidrs",
        "[198.51.100.7/24]",
        "198.51.100.0/24",
    ),
    (
        "prod",
        {"allowed_cidrs": '["198.51.100.7"]'},
        "slipway:allowedCidrs",
        "[198.51.100.7]",
        "prefix is missing. Write 198.51.100.7/32 for this address alone",
    ),
    ("prod", {"allowed_cidrs": '["office"]'}, "slipway:allowedCidrs", "[office]", "no IPv4 range"),
    (
        "prod",
        {"allowed_cidrs": RANGES},
        "slipway:allowedCidrs",
        RANGES.replace('"', ""),
        "room for",
    ),
    ("staging", {"longest_request_seconds": "90"}, "slipway:longestRequestSeconds", "90", "cut"),
    (
        "staging",
        {"longest_request_seconds": "4000"},
        "slipway:longestRequestSeconds",
        "4000",
        "3970 or less",
    ),
    # --- observability
    ("dev", {"log_days": "10"}, "slipway:logDays", "10", "7 or 14"),
    ("prod", {"alarm_emails": "[]"}, "slipway:alarmEmails", "[]", "reach somebody"),
    ("dev", {"alarm_emails": '["oncall"]'}, "slipway:alarmEmails", "[oncall]", "no e-mail address"),
    (
        "dev",
        {"alarm_emails": '["a@example.com", "a@example.com"]'},
        "slipway:alarmEmails",
        "[a@example.com, a@example.com]",
        "a@example.com is there twice",
    ),
    ("dev", {"p99_milliseconds": "0"}, "slipway:p99Milliseconds", "0", "1 or more"),
    ("dev", {"queue_milliseconds": "-5"}, "slipway:queueMilliseconds", "-5", "1 or more"),
    ("dev", {"error_percent": "0"}, "slipway:errorPercent", "0", "always or never"),
    ("dev", {"gpu_memory_percent": "100"}, "slipway:gpuMemoryPercent", "100", "always or never"),
    ("dev", {"budget_usd": "-1"}, "slipway:budgetUsd", "-1", "0 is for none"),
    # --- what is no value of its type
    ("dev", {"protect": "yes"}, "slipway:protect", "yes", "neither true nor false"),
    ("dev", {"min_servers": "two"}, "slipway:minServers", "two", "no whole number"),
    ("dev", {"budget_usd": "300 USD"}, "slipway:budgetUsd", "300 USD", "without a unit"),
    ("dev", {"instance_types": "g6.xlarge"}, "slipway:instanceTypes", "g6.xlarge", "no list"),
    ("dev", {"alarm_emails": "[7]"}, "slipway:alarmEmails", "[7]", "Put quotes"),
    (
        "dev",
        {"refresh_checkpoints": '["100"]'},
        "slipway:refreshCheckpoints",
        '["100"]',
        "without quotes",
    ),
    ("dev", {"max_server": "3"}, "slipway:maxServer", "3", "Did you mean slipway:maxServers?"),
    ("dev", {"kubernetes": "true"}, "slipway:kubernetes", "true", "pulumi config rm"),
]


def refused(stack: str, changes: dict[str, str]) -> SettingError:
    configuration = configuration_of(stack if stack in COMMITTED else "dev", **changes)
    with pytest.raises(SettingError) as caught:
        settings_from(configuration, stack)
    return caught.value


@pytest.mark.parametrize(("stack", "changes", "setting", "value", "said"), WRONG)
def test_a_wrong_setting_is_named_with_its_value_and_the_way_out(
    stack, changes, setting, value, said
):
    error = refused(stack, changes)
    lines = str(error).splitlines()
    assert len(lines) == len(error.problems)
    (line,) = [
        text for text in lines if text.startswith(f"{setting} is {value}: ") and said in text
    ]
    assert line.endswith(".")
    assert line.count(". ") >= 1  # what is wrong, and what to do


def test_each_wrong_configuration_has_a_message_of_its_own():
    said = [str(refused(stack, changes)) for stack, changes, *_ in WRONG]
    assert [text for text in said if said.count(text) > 1] == []
    assert len(WRONG) >= 60


def test_all_wrong_settings_are_said_at_once():
    error = refused("dev", {"zones": "9", "nat": "x", "drain_seconds": "0", "log_days": "2"})
    named = {problem.setting.removeprefix("slipway:") for problem in error.problems}
    assert named == {"zones", "nat", "drainSeconds", "logDays"}
    assert len(str(error).splitlines()) == 4


@pytest.mark.parametrize("stack", COMMITTED)
def test_the_committed_environments_are_valid(stack):
    assert settings_of(stack).environment == stack


@pytest.mark.parametrize(
    ("stack", "changes"),
    [
        ("staging", {"shape": "container", "warm_pool": "0"}),
        (
            "staging",
            {"shape": "container", "warm_pool": "0", "network_mode": "bridge", "hop_limit": "2"},
        ),
        ("staging", {"load_balancer": "network"}),
        ("staging", {"nat": "none", "interface_endpoints": "true"}),
        ("staging", {"auth": "mtls", "trust_store": "s3://example-pki/ca.pem", "public": "true"}),
        ("staging", {"drain_seconds": "300", "longest_request_seconds": "300"}),
        ("staging", {"sleep": "0 20 * * *", "wake": "*/15 6-8 1,15 JAN-JUN MON-FRI"}),
        ("staging", {"instance_types": '["g6.xlarge", "g4dn.xlarge"]', "model_gib": "16"}),
        ("staging", {"instance_types": '["m7i.2xlarge", "c7i.4xlarge"]'}),
        ("prod", {**TASKS, "refresh_min_healthy": "66"}),
        ("prod", {"image": ""}),
        ("prod", {"spot_percent": "0", "warm_pool": "3"}),
        ("prod", {"allowed_cidrs": '["198.51.100.0/24"]'}),
        ("prod", {"vpc_cidr": "192.168.4.0/22"}),
        ("prod", {"public": "false", "allowed_cidrs": '["10.0.0.0/8"]'}),
        ("prod", {"nat": "none"}),
        (
            "dev",
            {
                **OPEN,
                "zones": "1",
                "zone_names": '["eu-central-1b"]',
                "capacity_reservation": "cr-0123456789abcdef0",
            },
        ),
        ("prod", {"zone_names": '["eu-central-1c", "eu-central-1a", "eu-central-1b"]'}),
        ("prod", {"domain": DEEP, "certificate_arn": ARN.replace("us-east-1", "eu-central-1")}),
    ],
)
def test_what_aws_can_build_is_let_through(stack, changes):
    assert settings_of(stack, **changes)


@given(valid_settings())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_generated_settings_are_valid_whatever_was_drawn(generated):
    assert generated.servers.min_servers <= generated.servers.max_servers


@pytest.mark.parametrize(
    "wanted",
    [
        lambda s: s.environment == "prod" and s.shape == "container" and s.servers.spot,
        lambda s: s.environment == "prod" and s.shape == "single",
        lambda s: s.servers.warm_pool and not s.servers.gpu,
        lambda s: s.servers.capacity_reservation.startswith("cr-"),
        lambda s: s.ingress.load_balancer == "network" and s.network.zones == 1,
        lambda s: s.ingress.public and s.ingress.auth == "mtls" and s.ingress.waf,
        lambda s: s.scaling.scale_on == "requests" and s.scaling.sleep,
        lambda s: s.servers.hop_limit == 2 and s.network.nat == "none",
        lambda s: s.ingress.auth == "jwt" and s.network.nat == "none",
        lambda s: not s.image and s.publisher.publisher_issuer,
    ],
)
def test_generated_settings_reach_every_corner(wanted):
    found = find(valid_settings(), wanted, settings=settings(max_examples=2000))
    assert isinstance(found, Settings)
