"""The model store and the image repository."""

from dataclasses import dataclass

from infra.settings.checks import Checks

_TEN_YEARS = 3653


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

    def __post_init__(self) -> None:
        check = Checks(self)
        check.within("noncurrent_days", 1, _TEN_YEARS, "or nothing deleted could be restored")
        check.within("report_days", 1, _TEN_YEARS, "or reports of running nodes would go as well")
        check.within("engine_days", 1, _TEN_YEARS, "or no engine would be there to be reused")
        check.within("access_log_days", 1, _TEN_YEARS)
        check.within("images_kept", 2, 1000, "for a rollback needs the image before")
        check.done()
