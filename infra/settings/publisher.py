"""Who may publish model versions from a CI, without keys (OpenID Connect)."""

import re
from dataclasses import dataclass

from infra.settings.checks import Checks

_NAMED = 2
"""Separators before a wildcard of which a subject names an owner: `repo:example/*`."""

_PROVIDER = "oidc-provider/"
_HOST = r"[a-z0-9.-]+\.[a-z]{2,}(/[\w./-]*\w)?"


@dataclass(frozen=True)
class PublisherSettings:
    """No publisher where `publisher_issuer` is empty.

    `publisher_issuer` is a host (`token.actions.githubusercontent.com`), or the ARN of the provider
    that the account has for it already: an account has one for an issuer. `publisher_subjects` are
    the `sub` claims that are let in (`repo:acme/models:ref:refs/heads/main`).
    """

    publisher_issuer: str
    publisher_audience: str
    publisher_subjects: tuple[str, ...]

    def __post_init__(self) -> None:
        check = Checks(self)
        check.matches(
            "publisher_issuer",
            rf"(arn:aws[\w-]*:iam::\d{{12}}:{_PROVIDER})?{_HOST}",
            "it is neither a host name nor the ARN of an OpenID Connect provider",
            "Write it without https:// and without a slash at the end",
        )
        check.refuse_if(
            self.publisher_issuer and not self.publisher_subjects,
            "publisher_subjects",
            "then everybody who has a token of the issuer could publish",
            "List who may, like repo:example/models:ref:refs/heads/main",
        )
        check.refuse_if(
            self.publisher_subjects and not self.publisher_issuer,
            "publisher_issuer",
            "slipway:publisherSubjects are given, and nobody who issues their tokens",
            "Set it, like token.actions.githubusercontent.com, or remove the subjects",
        )
        check.refuse_if(
            self.publisher_issuer and not self.publisher_audience,
            "publisher_audience",
            "tokens made for other services would be taken as well",
            "Set it to sts.amazonaws.com, which CI systems use for AWS",
        )
        wide = [subject for subject in self.publisher_subjects if _is_wide(subject)]
        check.refuse_if(
            wide,
            "publisher_subjects",
            f"{', '.join(wide) or 'it'} lets strangers in: it names no owner before the wildcard",
            "Begin it with one, like repo:example/*",
        )
        check.no_duplicates("publisher_subjects")
        check.done()

    @property
    def host(self) -> str:
        """The issuer without `https://`, as claims of its tokens are called."""
        return self.publisher_issuer.rpartition(_PROVIDER)[2]

    @property
    def provider_arn(self) -> str:
        """Of the provider that is there already; empty where there is none."""
        return self.publisher_issuer if _PROVIDER in self.publisher_issuer else ""


def _is_wide(subject: str) -> bool:
    named = re.split(r"[*?]", subject, maxsplit=1)[0]
    return (named != subject or not subject) and len(re.findall(r"[:/]", named)) < _NAMED
