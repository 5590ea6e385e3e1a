"""Both load balancers, through the component that chooses one."""

import dataclasses

import pulumi
import pytest

from infra.ingress import Ingress, IngressArgs
from infra.names import Names
from infra.routes import ROUTES
from infra.settings import IngressSettings
from infra.timings import Timings
from slipway.stack.program import record

CERTIFICATE = (
    "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
)
SETTINGS = IngressSettings(
    load_balancer="application",
    public=True,
    allowed_cidrs=(),
    domain="models.example.com",
    zone_id="Z0123456789ABCDEFGHIJ",
    certificate_arn="",
    auth="mtls",
    trust_store="s3://acme-trust/clients/ca.pem",
    jwt_issuer="",
    jwt_keys="",
    jwt_audience="",
    jwt_audience_format="single-string",
    waf=True,
    waf_rate_limit=3000,
    longest_request_seconds=60,
)
NETWORK = dataclasses.replace(
    SETTINGS, load_balancer="network", public=False, auth="none", trust_store="", waf=False
)
JWT = dataclasses.replace(
    SETTINGS,
    auth="jwt",
    trust_store="",
    jwt_issuer="https://issuer.example.com",
    jwt_keys="https://issuer.example.com/keys.json",
    jwt_audience="https://models.example.com",
)


def build(settings=SETTINGS, *, name="dev-ingress", **changes):
    """The graph, and the component as the rest of the stack sees it."""
    args = IngressArgs(
        settings=settings,
        names=Names("dev", "", ""),
        network_mode="host",
        timings=Timings(
            drain=90, model_gib=2, longest_request=settings.longest_request_seconds, spot=False
        ),
        vpc_id="vpc-1",
        vpc_cidr="10.20.0.0/16",
        public_subnet_ids=("subnet-public-a", "subnet-public-b"),
        private_subnet_ids=("subnet-private-a", "subnet-private-b"),
        log_bucket="acme-logs",
        key_arn="arn:aws:kms:eu-central-1:123456789012:key/1",
        log_days=30,
        protect=True,
    )
    made = []

    def program():
        made.append(Ingress(name, dataclasses.replace(args, **changes)))
        pulumi.export("url", made[0].url)

    return record(program), made[0]


@pytest.fixture(scope="module")
def application():
    return build()[0]


@pytest.fixture(scope="module")
def network():
    return build(NETWORK)[0]


@pytest.fixture(scope="module", params=["application", "network"])
def either(request):
    return request.getfixturevalue(request.param)


def the(graph, type_, **properties):
    (found,) = (
        r for r in graph.of(type_) if all(r.properties.get(k) == v for k, v in properties.items())
    )
    return found


# --- either load balancer -----------------------------------------------------------------------


def test_what_becomes_public_is_another_one_with_target_groups_of_its_own():
    """AWS turns none into the other, and a target group belongs to one load balancer."""
    public, internal = (
        {r.name for r in graph.of("LoadBalancer", "TargetGroup", "Listener", "SecurityGroup")}
        for graph, _ in (build(dataclasses.replace(JWT, public=p)) for p in (True, False))
    )
    assert not public & internal


def test_one_that_leaves_a_zone_goes_before_its_successor_takes_the_target_group(network):
    assert the(network, "LoadBalancer").delete_before_replace is True


def test_it_speaks_tls_1_3_and_nothing_below_1_2(either):
    listener = the(either, "Listener", port=443)
    assert listener.properties["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    assert listener.properties["protocol"] in {"HTTPS", "TLS"}


def test_its_certificate_is_asked_for_and_valid_before_it_listens(either):
    listener = the(either, "Listener", port=443)
    arn = listener.properties["certificateArn"]
    validation = the(either, "CertificateValidation")
    assert arn == validation.properties["certificateArn"]
    assert validation.urn in listener.property_dependencies["certificateArn"]


def test_its_logs_go_to_the_log_bucket(either):
    balancer = the(either, "LoadBalancer")
    assert balancer.properties["accessLogs"]["bucket"] == "acme-logs"
    assert balancer.properties["accessLogs"]["enabled"] is True
    assert "AWSLogs" not in balancer.properties["accessLogs"]["prefix"]


def test_it_is_protected_from_deletion_where_the_environment_is(either):
    assert the(either, "LoadBalancer").properties["enableDeletionProtection"] is True


def test_an_unprotected_environment_can_be_taken_down():
    graph, _ = build(protect=False)
    assert the(graph, "LoadBalancer").properties["enableDeletionProtection"] is False


def test_servers_that_leave_get_the_time_to_finish(either):
    assert {g.properties["deregistrationDelay"] for g in either.of("TargetGroup")} == {90}


def test_a_server_that_is_not_ready_is_out_after_half_a_minute(either):
    for group in either.of("TargetGroup"):
        health = group.properties["healthCheck"]
        assert health["interval"] * health["unhealthyThreshold"] == 30
        assert health["timeout"] < health["interval"]


def test_readiness_is_seen_by_http(either):
    paths = [g.properties["healthCheck"].get("path") for g in either.of("TargetGroup")]
    assert "/v2/health/ready" in paths


def test_the_domain_leads_to_it(either):
    alias = the(either, "Record", type="A")
    balancer = the(either, "LoadBalancer")
    assert alias.properties["name"] == "models.example.com"
    assert alias.properties["zoneId"] == SETTINGS.zone_id
    (target,) = alias.properties["aliases"]
    assert either.target(target["name"]).urn == balancer.urn
    assert target["evaluateTargetHealth"] is True


@pytest.mark.parametrize("settings", [SETTINGS, NETWORK], ids=["application", "network"])
def test_names_that_aws_cuts_at_32_characters_stay_below(settings):
    graph, _ = build(settings, name="staging-ingress")
    suffix = len("-1234567")
    for resource in graph.of("LoadBalancer", "TargetGroup", "TrustStore"):
        assert len(resource.name) + suffix <= 32, resource.name


def test_a_certificate_of_ones_own_is_used_and_none_asked_for():
    graph, _ = build(dataclasses.replace(SETTINGS, certificate_arn=CERTIFICATE))
    assert the(graph, "Listener", port=443).properties["certificateArn"] == CERTIFICATE
    assert not graph.of("CertificateValidation")
    assert graph.of("Record"), "the zone still gets the name"


def test_without_a_zone_no_record_is_made():
    settings = dataclasses.replace(SETTINGS, certificate_arn=CERTIFICATE, zone_id="")
    assert not build(settings)[0].of("Record")


def test_the_url_is_that_of_the_domain(either):
    assert either.outputs["url"] == "https://models.example.com"


@pytest.mark.parametrize("settings", [SETTINGS, NETWORK], ids=["application", "network"])
def test_every_resource_belongs_to_the_component(settings):
    graph, _ = build(settings)
    for resource in graph.resources:
        if resource.custom:
            assert "slipway:infra:Ingress$" in resource.urn


# --- the application load balancer --------------------------------------------------------------


def test_a_public_one_stands_in_the_public_subnets(application):
    balancer = the(application, "LoadBalancer")
    assert balancer.properties["internal"] is False
    assert balancer.properties["subnets"] == ["subnet-public-a", "subnet-public-b"]


def test_an_internal_one_stands_in_the_private_subnets():
    graph, _ = build(dataclasses.replace(SETTINGS, public=False))
    balancer = the(graph, "LoadBalancer")
    assert balancer.properties["internal"] is True
    assert balancer.properties["subnets"] == ["subnet-private-a", "subnet-private-b"]
    sources = {r.properties["cidrIpv4"] for r in graph.of("SecurityGroupIngressRule")}
    assert sources == {"10.20.0.0/16"}


def test_requests_that_parsers_may_read_differently_are_refused(application):
    balancer = the(application, "LoadBalancer")
    assert balancer.properties["dropInvalidHeaderFields"] is True
    assert balancer.properties["desyncMitigationMode"] == "strictest"


def test_the_longest_answer_is_waited_for(application):
    assert the(application, "LoadBalancer").properties["idleTimeout"] == 90


def test_failed_handshakes_are_logged_apart_from_requests(application):
    balancer = the(application, "LoadBalancer")
    connections = balancer.properties["connectionLogs"]
    assert connections["enabled"] is True
    assert connections["prefix"] != balancer.properties["accessLogs"]["prefix"]


def test_plain_http_is_sent_to_https(application):
    (action,) = the(application, "Listener", port=80).properties["defaultActions"]
    assert action["type"] == "redirect"
    assert action["redirect"] == {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}


def test_what_no_rule_names_is_not_found(application):
    (action,) = the(application, "Listener", port=443).properties["defaultActions"]
    assert action["type"] == "fixed-response"
    assert action["fixedResponse"]["statusCode"] == "404"


def test_its_rules_are_the_routes(application):
    rules = {r.properties["priority"]: r.properties for r in application.of("ListenerRule")}
    assert len(rules) == len(ROUTES)
    for route in ROUTES:
        conditions = {k: v for c in rules[route.priority]["conditions"] for k, v in c.items()}
        assert conditions == {
            "pathPattern": {"values": list(route.paths)},
            "httpRequestMethod": {"values": list(route.methods)},
        }


def test_a_route_leads_to_its_group_or_nowhere(application):
    rules = {r.properties["priority"]: r.properties for r in application.of("ListenerRule")}
    for route in ROUTES:
        (action,) = rules[route.priority]["actions"]
        if route.to:
            group = application.target(action["targetGroupArn"])
            assert (action["type"], group.name) == ("forward", f"dev-public-alb-{route.to}")
        else:
            assert action["fixedResponse"]["statusCode"] == "404"


def test_requests_arrive_as_they_were_sent_or_not_at_all(application):
    balancer = the(application, "LoadBalancer").properties
    assert balancer["preserveHostHeader"] is True
    assert balancer["xffHeaderProcessingMode"] == "append"
    assert balancer["desyncMitigationMode"] == "strictest"
    assert balancer["dropInvalidHeaderFields"] is True


def test_a_zone_in_trouble_can_be_left_by_either(either):
    assert the(either, "LoadBalancer").properties["enableZonalShift"] is True


def test_clients_with_several_certificates_learn_which_is_asked_for(application):
    handshake = the(application, "Listener", port=443).properties["mutualAuthentication"]
    assert handshake["advertiseTrustStoreCaNames"] == "on"


def test_http_and_grpc_have_groups_of_their_own(application):
    groups = {
        g.properties["protocolVersion"]: (
            g.properties["port"],
            g.properties["healthCheck"]["path"],
            g.properties["healthCheck"]["matcher"],
        )
        for g in application.of("TargetGroup")
    }
    assert groups == {
        "HTTP1": (8000, "/v2/health/ready", "200"),
        "GRPC": (8001, "/grpc.health.v1.Health/Check", "0"),
    }


def test_the_server_with_the_least_to_do_is_asked_and_none_starts_slowly(application):
    for group in application.of("TargetGroup"):
        assert group.properties["loadBalancingAlgorithmType"] == "least_outstanding_requests"
        assert "slowStart" not in group.properties, "AWS refuses it with this algorithm"
        assert group.properties["stickiness"]["enabled"] is False
        assert group.properties["targetType"] == "instance"


def test_both_groups_ask_the_node_whether_its_server_is_ready(application):
    checks = [g.properties["healthCheck"] for g in application.of("TargetGroup")]
    assert {(check["port"], check["path"], check["matcher"]) for check in checks} == {
        ("8003", "/v2/health/ready", "200"),
        ("8004", "/grpc.health.v1.Health/Check", "0"),
    }


def test_a_client_proves_itself_by_a_certificate_that_the_bundle_knows(application):
    handshake = the(application, "Listener", port=443).properties["mutualAuthentication"]
    store = application.target(handshake["trustStoreArn"])
    assert handshake["mode"] == "verify"
    assert handshake["ignoreClientCertificateExpiry"] is False
    assert store.properties["caCertificatesBundleS3Bucket"] == "acme-trust"
    assert store.properties["caCertificatesBundleS3Key"] == "clients/ca.pem"


def test_a_token_is_asked_for_before_every_request_that_is_let_through():
    graph, _ = build(JWT)
    forwarding = [
        r.properties["actions"]
        for r in graph.of("ListenerRule")
        if r.properties["actions"][-1]["type"] == "forward"
    ]
    assert len(forwarding) == sum(bool(route.to) for route in ROUTES)
    for first, _forward in forwarding:
        assert first["type"] == "jwt-validation"
        assert first["jwtValidation"] == {
            "issuer": "https://issuer.example.com",
            "jwksEndpoint": "https://issuer.example.com/keys.json",
            "additionalClaims": [
                {
                    "name": "aud",
                    "format": "single-string",
                    "values": ["https://models.example.com"],
                }
            ],
        }
    assert "mutualAuthentication" not in the(graph, "Listener", port=443).properties


def test_an_audience_is_looked_for_where_tokens_have_it():
    graph, _ = build(dataclasses.replace(JWT, jwt_audience_format="string-array"))
    formats = {
        claim["format"]
        for rule in graph.of("ListenerRule")
        for action in rule.properties["actions"]
        for claim in action.get("jwtValidation", {}).get("additionalClaims", [])
    }
    assert formats == {"string-array"}


def test_only_where_tokens_are_asked_for_does_it_reach_their_issuer(application):
    def outside(graph):
        rules = graph.of("SecurityGroupEgressRule")
        return [r.properties["toPort"] for r in rules if r.properties["cidrIpv4"] == "0.0.0.0/0"]

    assert outside(application) == []
    assert outside(build(JWT)[0]) == [443]


def test_within_the_vpc_nobody_need_prove_anything():
    graph, _ = build(dataclasses.replace(SETTINGS, public=False, auth="none", trust_store=""))
    assert not graph.of("TrustStore")
    assert "mutualAuthentication" not in the(graph, "Listener", port=443).properties
    kinds = {a["type"] for r in graph.of("ListenerRule") for a in r.properties["actions"]}
    assert kinds == {"forward", "fixed-response"}


def test_the_firewall_stands_before_it_where_it_is_asked_for(application):
    (association,) = application.of("WebAclAssociation")
    assert application.target(association.properties["resourceArn"]).type.endswith("LoadBalancer")
    assert not build(dataclasses.replace(SETTINGS, waf=False))[0].of("WebAcl", "LogGroup")


def test_it_tells_the_rest_of_the_stack_what_servers_need():
    graph, ingress = build()
    traffic = ingress.traffic
    assert traffic.kind == "application"
    assert [(g.label, g.port) for g in traffic.target_groups] == [("http", 8000), ("grpc", 8001)]
    # A server that registers before its group hangs on a listener is refused by ECS.
    assert len(traffic.ready) == 1 + len(graph.of("ListenerRule"))


# --- the network load balancer ------------------------------------------------------------------


def test_it_passes_on_grpc_and_nothing_else(network):
    listener = the(network, "Listener")
    group = the(network, "TargetGroup")
    assert (listener.properties["port"], listener.properties["protocol"]) == (443, "TLS")
    assert listener.properties["alpnPolicy"] == "HTTP2Only"
    assert (group.properties["port"], group.properties["protocol"]) == (8001, "TCP")
    assert not network.of("ListenerRule")


def test_it_asks_for_readiness_beside_the_traffic(network):
    health = the(network, "TargetGroup").properties["healthCheck"]
    assert (health["protocol"], health["port"], health["path"], health["matcher"]) == (
        "HTTP",
        "8003",
        "/v2/health/ready",
        "200",
    )


def test_long_connections_are_spread_over_zones_and_ended_with_their_server(network):
    group = the(network, "TargetGroup")
    assert the(network, "LoadBalancer").properties["enableCrossZoneLoadBalancing"] is True
    assert group.properties["connectionTermination"] is True


def test_servers_see_its_address_and_let_in_its_group(network):
    group = the(network, "TargetGroup")
    balancer = the(network, "LoadBalancer")
    assert group.properties["preserveClientIp"] == "false"
    (security_group,) = balancer.properties["securityGroups"]
    assert network.target(security_group).name == "dev-nlb-edge-sg"


def test_it_listens_on_443_alone(network):
    ports = {r.properties["fromPort"] for r in network.of("SecurityGroupIngressRule")}
    assert ports == {443}


def test_the_network_one_tells_what_servers_need():
    _, ingress = build(NETWORK)
    assert ingress.traffic.kind == "network"
    assert [(g.label, g.port) for g in ingress.traffic.target_groups] == [("grpc", 8001)]
    assert len(ingress.traffic.ready) == 1
