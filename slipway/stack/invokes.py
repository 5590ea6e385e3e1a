"""What AWS would answer to the questions a program asks while it runs, made up and repeatable."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.errors import StackError

ACCOUNT = "123456789012"
"""The account number that AWS's own documentation uses."""

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Invokes:
    """Answers for one region. Raises `StackError` for a question that has none."""

    region: str = "eu-central-1"

    def knows(self, token: str) -> bool:
        return token in self._answers

    @property
    def _answers(self) -> Mapping[str, Callable[[Arguments], dict[str, Any]]]:
        return {
            "aws:index/getAvailabilityZones:getAvailabilityZones": self._zones,
            "aws:index/getCallerIdentity:getCallerIdentity": self._identity,
            "aws:index/getPartition:getPartition": self._partition,
            "aws:index/getRegion:getRegion": self._region,
            "aws:ssm/getParameter:getParameter": self._parameter,
            "aws:ecr/getImage:getImage": self._image,
        }

    def answer(self, token: str, arguments: Arguments) -> dict[str, Any]:
        if not self.knows(token):
            raise StackError(
                f"The program asks for {token}",
                why="there is no offline answer to it",
                mend="Add one to slipway/stack/invokes.py.",
            )
        return {"id": token, **arguments, **self._answers[token](arguments)}

    def _zones(self, _arguments: Arguments) -> dict[str, Any]:
        names = [f"{self.region}{letter}" for letter in "abc"]
        ids = [f"zone-az{number}" for number in (1, 2, 3)]
        return {"names": names, "zoneIds": ids, "groupNames": [self.region]}

    def _identity(self, _arguments: Arguments) -> dict[str, Any]:
        arn = f"arn:aws:iam::{ACCOUNT}:user/somebody"
        return {"accountId": ACCOUNT, "arn": arn, "userId": "AIDAEXAMPLE"}

    def _partition(self, _arguments: Arguments) -> dict[str, Any]:
        suffix = "amazonaws.com"
        return {"partition": "aws", "dnsSuffix": suffix, "reverseDnsPrefix": "com.amazonaws"}

    def _region(self, _arguments: Arguments) -> dict[str, Any]:
        return {
            "name": self.region,
            "region": self.region,
            "description": self.region,
            "endpoint": f"ec2.{self.region}.amazonaws.com",
        }

    def _parameter(self, arguments: Arguments) -> dict[str, Any]:
        value = f"ami-{_digits(arguments['name'], 17)}"
        arn = f"arn:aws:ssm:{self.region}::parameter{arguments['name']}"
        return {
            "arn": arn,
            "type": "String",
            "value": value,
            "insecureValue": value,
            "version": 1,
            "withDecryption": True,
        }

    def _image(self, arguments: Arguments) -> dict[str, Any]:
        digest = f"sha256:{_digits(str(arguments.get('imageTag')), 64)}"
        name = arguments["repositoryName"]
        host = f"{ACCOUNT}.dkr.ecr.{self.region}.amazonaws.com"
        return {
            "imageDigest": digest,
            "imageUri": f"{host}/{name}@{digest}",
            "imagePushedAt": 0,
            "imageSizeInBytes": 0,
            "imageTags": [arguments.get("imageTag")],
            "registryId": ACCOUNT,
        }


def _digits(text: str, count: int) -> str:
    """Hexadecimal digits, always the same for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:count]
