"""The engines of this machine, where it has a GPU."""

from pathlib import Path

from slipway.node.engines.acceleration import Engines
from slipway.node.engines.cache import EngineCache
from slipway.node.engines.gpu import NvidiaSmi
from slipway.node.engines.trtexec import Trtexec
from slipway.registry.store import Store


def engines_here(store: Store, folder: Path, node: str) -> Engines | None:
    """None without a GPU, or with GPUs of several kinds: then models are served as they are."""
    smi = NvidiaSmi.find()
    gpu = smi.kind() if smi else None
    if gpu is None:
        return None
    return Engines(EngineCache(store, folder / "engines", node, gpu, Trtexec.find()))
