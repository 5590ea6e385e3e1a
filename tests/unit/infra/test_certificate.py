import pulumi_aws as aws

from infra.certificate import Certificate, CertificateArgs
from slipway.stack.program import record


def certificate():
    args = CertificateArgs("models.example.com", "Z1")
    return record(lambda: Certificate("dev-cert", args) and None)


def test_it_is_proven_by_the_record_that_amazon_asks_for():
    graph = certificate()
    asked = graph.named("dev-cert-acm")
    proof = graph.named("dev-cert-proof").properties
    assert asked.properties["domainName"] == "models.example.com"
    assert asked.properties["validationMethod"] == "DNS"
    assert proof["zoneId"] == "Z1"
    told = {
        field: [(r.urn, r.property.rpartition(".")[2]) for r in graph.referred(proof[field])]
        for field in ("name", "type", "records")
    }
    assert told == {
        "name": [(asked.urn, "resourceRecordName")],
        "type": [(asked.urn, "resourceRecordType")],
        "records": [(asked.urn, "resourceRecordValue")],
    }


def test_a_second_certificate_of_the_name_finds_its_record_there_and_goes_on():
    (record_,) = certificate().of("Record")
    assert record_.properties["allowOverwrite"] is True


def test_it_is_handed_on_only_when_it_is_valid():
    def program():
        made = Certificate("dev-cert", CertificateArgs("models.example.com", "Z1"))
        aws.ssm.Parameter("user", type="String", value=made.arn)

    graph = record(program)
    valid = graph.named("dev-cert-valid")
    assert graph.target(valid.properties["certificateArn"]).name == "dev-cert-acm"
    (fqdn,) = valid.properties["validationRecordFqdns"]
    assert graph.target(fqdn).name == "dev-cert-proof"
    assert valid.urn in graph.named("user").property_dependencies["value"]
