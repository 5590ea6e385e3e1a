"""Who may publish model versions from a CI, without keys (OpenID Connect)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PublisherSettings:
    """No publisher where `publisher_issuer` is empty.

    `publisher_issuer` is a host (`token.actions.githubusercontent.com`); `publisher_subjects` are
    the `sub` claims that are let in (`repo:acme/models:ref:refs/heads/main`).
    """

    publisher_issuer: str
    publisher_audience: str
    publisher_subjects: tuple[str, ...]
