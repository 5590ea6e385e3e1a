"""The image repository: encrypted, scanned, tags never move, and servers pull by digest."""

import json
import re

import pytest

from infra.images import ImageRepository, ImageRepositoryArgs
from infra.names import Names
from slipway.stack.graph import Graph
from slipway.stack.program import record

KEY = "arn:aws:kms:eu-central-1:123456789012:key/k"
URL = "@prod-images-repository.repositoryUrl@"


def images(*, protect: bool = True, image: str = "1.0") -> tuple[Graph, str]:
    uris: list[str] = []

    def program() -> None:
        args = ImageRepositoryArgs(Names("prod", "", ""), KEY, 20, protect)
        ImageRepository("prod-images", args).uri(image).apply(uris.append)

    return record(program, stack="prod"), uris[0]


@pytest.fixture(scope="module")
def repository():
    return images()[0].named("prod-images-repository")


def test_images_are_encrypted_scanned_and_their_tags_never_move(repository):
    assert repository.properties["name"] == "slipway-prod"
    assert repository.properties["encryptionConfigurations"] == [
        {"encryptionType": "KMS", "kmsKey": KEY}
    ]
    assert repository.properties["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository.properties["imageTagMutability"] == "IMMUTABLE"


@pytest.mark.parametrize("protect", [True, False])
def test_a_protected_repository_is_neither_destroyed_nor_emptied(protect):
    repository = images(protect=protect)[0].named("prod-images-repository")
    assert repository.protect is protect
    assert repository.properties["forceDelete"] is not protect


def test_the_newest_images_are_kept():
    (policy,) = images()[0].of("LifecyclePolicy")
    (rule,) = json.loads(policy.properties["policy"])["rules"]
    assert rule["selection"] == {
        "tagStatus": "any",
        "countType": "imageCountMoreThan",
        "countNumber": 20,
    }
    assert rule["action"] == {"type": "expire"}


def test_a_tag_becomes_the_digest_that_it_stands_for():
    _, uri = images(image="1.0")
    assert re.fullmatch(re.escape(URL) + "@sha256:[0-9a-f]{64}", uri)
    assert uri != images(image="1.1")[1]


def test_a_digest_is_taken_as_it_is():
    digest = "sha256:" + "0" * 64
    assert images(image=digest)[1] == f"{URL}@{digest}"
