"""A stack that Terraform applies to an emulator, and what its declarations come to there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from slipway.stack.graph import Graph
from slipway.stack.terraform.command import Terraform
from slipway.stack.terraform.names import Catalogue
from slipway.stack.terraform.synthesis import Synthesis, synthesise
from tests.emulator import Emulator, override

QUIET = ("-input=false", "-no-color", "-parallelism=30")


@dataclass(frozen=True)
class EmulatedStack:
    """`folder` is Terraform's, with its state. A new value knows what became of it since."""

    folder: Path
    emulated: Emulator
    terraform: Terraform
    catalogue: Catalogue
    graph: Graph

    @cached_property
    def synthesis(self) -> Synthesis:
        return synthesise(self.graph, self.catalogue, self.terraform.requirement)

    def lay_out(self) -> "EmulatedStack":
        """Write what Terraform needs to bring the emulator to what is declared."""
        self.terraform.equip(self.folder)
        document = self.synthesis.document
        self._write("main.tf.json", document)
        provider = self.catalogue.provider.block
        self._write("emulator_override.tf.json", override(document, provider, self.emulated))
        self._write("secrets.auto.tfvars.json", self.synthesis.variables)
        for name, text in self.synthesis.files.items():
            (self.folder / name).write_text(text)
        return self

    def run(self, command: str, *options: str, codes: tuple[int, ...] = (0,)) -> CompletedProcess:
        return self.terraform.run(
            self.folder, command, *options, *QUIET, offline=False, codes=codes
        )

    def declaring(self, graph: Graph) -> "EmulatedStack":
        """The same stack with another declaration, laid out and not applied."""
        return replace(self, graph=graph).lay_out()

    def unprotect(self) -> None:
        """Allow what is protected to be destroyed, at Terraform and at AWS."""
        document = json.loads(json.dumps(self.synthesis.document))
        for bodies in document["resource"].values():
            for body in bodies.values():
                for lifecycle in body.get("lifecycle", []):
                    lifecycle.pop("prevent_destroy", None)
        self._write("main.tf.json", document)
        elbv2 = self.client("elbv2")
        for balancer in elbv2.describe_load_balancers()["LoadBalancers"]:
            elbv2.modify_load_balancer_attributes(
                LoadBalancerArn=balancer["LoadBalancerArn"],
                Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
            )

    def empty_buckets(self) -> None:
        """Delete every version of every object, access logs that moto wrote among them.

        Requests to a bucket with access logs make more of them, so that ends first. And the
        policies let nobody in without TLS, which moto's server does not speak.
        """
        s3 = self.client("s3")
        for name in self.buckets():
            s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={})
            s3.delete_bucket_policy(Bucket=name)
        for name in self.buckets():
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
                for found in page.get("Versions", []):
                    s3.delete_object(Bucket=name, Key=found["Key"], VersionId=found["VersionId"])

    def client(self, service: str) -> Any:
        return self.emulated.client(service)

    def buckets(self) -> set[str]:
        return {bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]}

    @cached_property
    def state(self) -> Mapping[str, Any]:
        """Terraform's state (version 4), from its file: to ask Terraform takes seconds."""
        return json.loads((self.folder / "terraform.tfstate").read_text())

    @cached_property
    def known(self) -> Mapping[str, Mapping[str, Any]]:
        """What Terraform knows of each resource, by its address."""
        return {
            f"{found['type']}.{found['name']}": found["instances"][0]["attributes"]
            for found in self.state["resources"]
        }

    def declared(self, name: str, type_: str = "") -> Mapping[str, Any]:
        """The properties of a resource, with what AWS gave in the place of references."""
        return self.real(self.graph.named(name, type_).properties)

    def all_declared(self, type_: str) -> list[Mapping[str, Any]]:
        return [self.real(resource.properties) for resource in self.graph.of(type_)]

    def real(self, value: Any) -> Any:
        """A declared value with what AWS gave in the place of every reference, however deep."""
        if isinstance(value, Mapping):
            return {key: self.real(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.real(inner) for inner in value]
        if isinstance(value, str):
            inside = [token for token in self.graph.references if token in value]
            for token in sorted(inside, key=len, reverse=True):
                value = value.replace(token, self._given(token))
        return value

    def _given(self, token: str) -> str:
        reference = self.graph.references[token]
        address = self.synthesis.addresses[reference.urn]
        names = self.catalogue.resource(address.split(".")[0]).of
        return str(self.known[address][names[reference.property]])

    def _write(self, name: str, content: Any) -> None:
        # On many lines: Terraform quotes the line that an error is in.
        (self.folder / name).write_text(json.dumps(content, indent=1))
