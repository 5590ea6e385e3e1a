"""From a causal language model of transformers to an ONNX file that is proved to be the same."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transformers import PreTrainedModel

from slipway.artefact import ParityResult
from slipway.build.decoder import builder, fallback, parity
from slipway.build.decoder.graph import DecoderGraph
from slipway.build.decoder.session import DecoderModel
from slipway.errors import ExportError, ParityError
from slipway.files import staged_folder

Write = Callable[..., DecoderGraph]

EXPORTERS: tuple[tuple[str, Write], ...] = (
    (builder.NAME, builder.write),
    (fallback.NAME, fallback.write),
)
"""Tried in this order."""

TOLERANCE = 1e-3
"""Of a logit. Right graphs differ by some 1e-4 at long contexts and large logits, from the order in
which FP32 is added up; the nearest of those seen to be wrong, Phi's, by 1e-2."""


@dataclass(frozen=True)
class Exported:
    """`how` names the exporter; `report` says how near its file is to transformers.

    `refused` says in a line each why exporters before it were not used.
    """

    how: str
    graph: DecoderGraph
    report: tuple[ParityResult, ...]
    refused: tuple[str, ...]


def export_decoder(
    model: PreTrainedModel,
    folder: Path,
    *,
    context: int,
    tolerance: float = TOLERANCE,
    exporters: tuple[tuple[str, Write], ...] = EXPORTERS,
) -> Exported:
    """Write model.onnx and decoder.json into `folder`, which is not there yet.

    The first exporter is used whose file answers as transformers does, within `tolerance` in any
    logit. Raises `ExportError` where the model has a shorter context, and `ParityError` where no
    exporter is right.
    """
    most = getattr(model.config, "max_position_embeddings", None)
    if most is not None and context > most:
        raise ExportError(
            f"{type(model).__name__} cannot have a context of {context} tokens",
            why=f"it was made for {most}",
            mend="Lower context in the recipe's Generation.",
        )
    model.train(mode=False)
    refused: list[str] = []
    for how, write in exporters:
        try:
            with staged_folder(folder) as staged:
                graph = write(model, staged, context=context, eos=end_tokens(model))
                graph.save(staged)
                report = parity.prove(model, DecoderModel(staged), how, tolerance)
        except (ExportError, ParityError) as error:
            refused.append(str(error))
        else:
            return Exported(how, graph, report, tuple(refused))
    raise ParityError(
        f"{type(model).__name__} cannot be written as a decoder", why="; ".join(refused)
    )


def end_tokens(model: PreTrainedModel) -> tuple[int, ...]:
    """The tokens after which a text is over, as the model's settings say."""
    settings = model.generation_config or model.config
    found = settings.eos_token_id
    if found is None:
        found = model.config.eos_token_id
    if found is None:
        return ()
    return tuple(found) if isinstance(found, list | tuple) else (int(found),)
