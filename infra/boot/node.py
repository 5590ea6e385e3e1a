"""What a node is told by its environment, wherever its container runs."""

from typing import TypeVar

from slipway import contract

Text = TypeVar("Text")


def node_environment(
    *, store_url: Text, environment: str, region: str, exit_timeout: int
) -> dict[str, str | Text]:
    """What every node is told. `store_url` may be text that is known only later."""
    return {
        contract.ENV_STORE: store_url,
        contract.ENV_ENVIRONMENT: environment,
        contract.ENV_REGION: region,
        contract.ENV_METRICS: contract.METRICS_CLOUDWATCH,
        contract.ENV_EXIT_TIMEOUT: str(exit_timeout),
        contract.ENV_FOLDER: contract.NODE_FOLDER,
    }
