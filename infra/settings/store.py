"""The model store and the image repository."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StoreSettings:
    """Days until things expire: old versions of objects, reports of nodes that are gone, TensorRT
    engines, access logs. `images_kept` counts images in the repository.
    """

    noncurrent_days: int
    report_days: int
    engine_days: int
    access_log_days: int
    images_kept: int
