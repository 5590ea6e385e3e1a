"""What is between clients and servers, and the alarms."""

from policy.rules.model import UNKNOWN
from tests.unit.policy.examples import a, bad, good

ASKED = {"path": "/v2/health/ready", "port": "8003"}
ASKED_BY_GRPC = {"path": "/grpc.health.v1.Health/Check", "port": "8004", "matcher": "0"}


def asked(**changes):
    return a("TargetGroup", protocol="TCP", healthCheck={**ASKED, **changes})


def asked_by_grpc(**changes):
    check = {**ASKED_BY_GRPC, **changes}
    return a("TargetGroup", protocolVersion="GRPC", healthCheck=check)


LISTENER = a("Listener", name="https", protocol="HTTPS")


def route(priority, *patterns, methods=(), action="forward", **more):
    conditions = [{"pathPattern": {"values": list(patterns)}}] if patterns else []
    if methods:
        conditions.append({"httpRequestMethod": {"values": list(methods)}})
    conditions += [{kind: {"values": values}} for kind, values in more.items()]
    return a(
        "ListenerRule",
        name=f"rule-{priority}",
        priority=priority,
        actions=[{"type": action}],
        conditions=conditions,
        refers={"listenerArn": LISTENER},
    )


BALANCER = a("LoadBalancer", loadBalancerType="application")
NETWORK = a("LoadBalancer", loadBalancerType="network")
TOPIC = a("Topic", arn="arn:aws:sns:eu-west-1:1:alerts")
ALARM = a("MetricAlarm", alarmActions=[UNKNOWN])

EXAMPLES = (
    good("readiness-checked", asked(), asked(protocol="HTTP"), asked(port=8003.0)),
    good("readiness-checked", asked_by_grpc(), asked_by_grpc(protocol="HTTP")),
    good("readiness-checked", a("TargetGroup", healthCheck=UNKNOWN)),
    good("readiness-checked", a("TargetGroup", protocolVersion=UNKNOWN, healthCheck=ASKED)),
    good("readiness-checked", a("TargetGroup", protocolVersion=UNKNOWN, healthCheck=ASKED_BY_GRPC)),
    bad("readiness-checked", "/v2/health/ready at port 8003", a("TargetGroup")),
    bad("readiness-checked", "/v2/health/ready", asked(path="/v2/health/live")),
    bad("readiness-checked", "port 8003", asked(port="8000")),
    bad("readiness-checked", "port 8003", asked(port="traffic-port")),
    bad("readiness-checked", "port 8003", asked(port=None)),
    bad("readiness-checked", "over HTTP", asked(protocol="TCP")),
    bad("readiness-checked", "port 8003", asked(**ASKED_BY_GRPC)),
    bad("readiness-checked", "Health/Check at port 8004", a("TargetGroup", protocolVersion="GRPC")),
    bad("readiness-checked", "Health/Check", asked_by_grpc(path="/v2/health/ready")),
    bad("readiness-checked", "port 8004", asked_by_grpc(port="traffic-port")),
    bad("readiness-checked", "port 8004", asked_by_grpc(port="8003")),
    bad("readiness-checked", "matcher 0", asked_by_grpc(matcher="0-99")),
    bad("readiness-checked", "matcher 0", asked_by_grpc(matcher=None)),
    bad(
        "readiness-checked",
        "port 8003",
        a("TargetGroup", protocolVersion=UNKNOWN, healthCheck={**ASKED, "port": "8000"}),
    ),
    good("broken-servers-replaced", a("Group", targetGroupArns=["t"], healthCheckType="ELB")),
    good("broken-servers-replaced", a("Group", targetGroupArns=["t"], healthCheckType="EBS,ELB")),
    good("broken-servers-replaced", a("Group")),
    bad("broken-servers-replaced", "add ELB", a("Group", targetGroupArns=["t"])),
    bad(
        "broken-servers-replaced",
        "add ELB",
        a("Group", trafficSources=[{"identifier": "t"}], healthCheckType="EC2"),
    ),
    good("management-not-routed", LISTENER, route(1, "/v2/models/*/infer", "/v2/health/*")),
    good("management-not-routed", LISTENER, route(1, "/inference.GRPCInferenceService/ModelInfer")),
    good("management-not-routed", LISTENER, route(1, "/v2/repository/*", action="fixed-response")),
    good(
        "management-not-routed",
        *(LISTENER, route(9, "/v2/models/?*", methods=["GET"])),
        route(5, "/v2/models/*/*", "/v2/models/stats", action="fixed-response"),
    ),
    bad("management-not-routed", "GET /v2/models/stats", LISTENER, route(1, "/v2/*")),
    bad(
        "management-not-routed",
        "GET /v2/models/m/config",
        *(LISTENER, route(5, "/v2/models/*/*")),
        route(9, "/v2/models/*/*", action="fixed-response"),
    ),
    bad(
        "management-not-routed",
        "POST /v2/models/m/trace",
        *(LISTENER, route(9, "/v2/models/*")),
        route(5, "/v2/models/*", methods=["GET"], action="fixed-response"),
    ),
    bad(
        "management-not-routed",
        "/v2/logging",
        *(LISTENER, route(9, "/v2/logging")),
        route(5, "/v2/logging", action="fixed-response", hostHeader=["a.example"]),
    ),
    bad(
        "management-not-routed",
        "RepositoryIndex",
        *(LISTENER, route(1, "/inference.GRPCInferenceService/*")),
    ),
    bad("management-not-routed", "/v2/models/stats", LISTENER, route(1)),
    good(
        "nothing-routed-by-default",
        BALANCER,
        a(
            "Listener",
            refers={"loadBalancerArn": BALANCER},
            defaultActions=[{"type": "fixed-response"}],
        ),
    ),
    good(
        "nothing-routed-by-default",
        NETWORK,
        a("Listener", refers={"loadBalancerArn": NETWORK}, defaultActions=[{"type": "forward"}]),
    ),
    bad(
        "nothing-routed-by-default",
        "fixed 404",
        BALANCER,
        a("Listener", refers={"loadBalancerArn": BALANCER}, defaultActions=[{"type": "forward"}]),
    ),
    good("alarm-acts", ALARM, a("MetricAlarm", environment="dev")),
    bad("alarm-acts", "tells nobody", a("MetricAlarm")),
    bad("alarm-acts", "tells nobody", a("CompositeAlarm", alarmActions=[])),
    bad("alarm-acts", "tells nobody", a("MetricAlarm", alarmActions=["t"], actionsEnabled=False)),
    good("servers-watched", a("Group"), ALARM),
    good("servers-watched", a("Group", environment="staging")),
    bad("servers-watched", "no alarm watches", a("Group")),
    bad("servers-watched", "no alarm watches", a("Group"), a("MetricAlarm")),
    good("alarm-heard", TOPIC, a("TopicSubscription", refers={"topic": TOPIC})),
    good("alarm-heard", a("Topic", environment="dev")),
    bad("alarm-heard", "no subscriber", TOPIC),
)
