"""From a model of transformers to a proved ONNX file. The models are random and small."""

from collections import Counter
from pathlib import Path

import onnx
import pytest
from transformers import MambaConfig, MambaForCausalLM

from slipway.build.decoder import builder, fallback
from slipway.build.decoder.export import end_tokens, export_decoder
from slipway.build.decoder.graph import DECODER_FILE, MODEL_FILE, DecoderGraph
from slipway.errors import BuildError, ExportError, ParityError
from tests.decoders import exported, gpt2, llama


def copied(kind):
    """An exporter that writes what another model's export gave, whatever it is asked for."""
    _, result, folder = exported(kind)

    def write(model, target, *, context, eos):
        (target / MODEL_FILE).write_bytes((folder / MODEL_FILE).read_bytes())
        return result.graph

    return write


def refusing(model, target, *, context, eos):
    raise ExportError("This one takes nothing", why="it is a test")


@pytest.mark.parametrize(("kind", "shared"), [("builder", True), ("fallback", False)])
def test_every_way_to_fill_the_cache_gives_the_logits_of_transformers(kind, shared):
    _, result, folder = exported(kind)
    assert result.graph.shared_cache is shared
    assert DecoderGraph.load(folder) == result.graph
    forms = Counter(each.form.split(",")[0] for each in result.report)
    assert forms == {"uncached": 5, "cached in chunks and one by one": 2, "cached": 1}
    assert max(each.difference for each in result.report) < 1e-3
    assert min(each.difference for each in result.report) > 0  # something was compared


@pytest.mark.parametrize("kind", ["builder", "fallback"])
def test_the_folder_holds_one_onnx_file_and_its_description(kind):
    _, _, folder = exported(kind)
    names = {path.name for path in folder.iterdir()}
    assert names == {MODEL_FILE, DECODER_FILE, "tokenizer.json"}
    assert [path.name for path in folder.parent.iterdir()] == ["1"]  # and nothing lies beside it


def test_the_fallback_is_standard_onnx_with_dimensions_that_say_what_they_are():
    _, _, folder = exported("fallback")
    model = onnx.load(folder / MODEL_FILE)
    onnx.checker.check_model(model, full_check=True)
    assert {each.domain for each in model.opset_import} == {""}
    (cache,) = [each for each in model.graph.input if each.name == "past_key_values.1.value"]
    dims = cache.type.tensor_type.shape.dim
    assert [each.dim_param or each.dim_value for each in dims] == ["rows", 2, "past", 16]


def test_what_the_builder_does_not_take_is_written_by_the_fallback(tmp_path):
    exporters = (("the first", refusing), (fallback.NAME, copied("fallback")))
    model, _, _ = exported("fallback")
    result = export_decoder(model, tmp_path / "made", context=128, exporters=exporters)
    assert result.how == fallback.NAME
    assert result.refused == ("This one takes nothing: it is a test",)


def test_a_graph_that_answers_otherwise_is_refused_by_exporter_and_architecture(tmp_path):
    exporters = ((builder.NAME, copied("builder")),)
    with pytest.raises(ParityError, match="LlamaForCausalLM") as caught:
        export_decoder(llama(seed=1), tmp_path / "made", context=2048, exporters=exporters)
    assert builder.NAME in str(caught.value)
    assert "uncached, 1 tokens" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_cannot_run_is_refused(tmp_path):
    def broken(model, target, *, context, eos):
        (target / MODEL_FILE).write_bytes(b"no model")
        return exported("builder")[1].graph

    with pytest.raises(ParityError, match="cannot be run"):
        export_decoder(llama(), tmp_path / "made", context=64, exporters=(("one", broken),))


def test_a_longer_context_than_the_model_was_made_for_is_refused(tmp_path):
    with pytest.raises(ExportError, match="it was made for 128"):
        export_decoder(gpt2(), tmp_path / "made", context=129)


def test_a_context_too_short_to_be_proved_is_refused(tmp_path):
    model, _, _ = exported("fallback")
    write = copied("fallback")

    def short(*arguments, **options):
        graph = write(*arguments, **options)
        return DecoderGraph(**{**vars(graph), "context": 16})

    with pytest.raises(ParityError, match="16 tokens cannot be proved"):
        export_decoder(model, tmp_path / "made", context=16, exporters=(("one", short),))


def test_the_builder_says_what_it_does_not_take_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "made"
    folder.mkdir()
    with pytest.raises(ExportError, match="does not take GPT2LMHeadModel: NotImplementedError"):
        builder.write(gpt2(), folder, context=64, eos=(1,))
    assert [path.name for path in tmp_path.rglob("*")] == ["made"]


def test_a_missing_builder_is_an_error_and_no_reason_to_write_something_slower(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(builder, "PACKAGE", "no_such_package")
    with pytest.raises(BuildError, match="is not installed"):
        export_decoder(gpt2(), tmp_path / "made", context=64)
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_keys_and_values_is_refused(tmp_path):
    sizes = {"vocab_size": 64, "hidden_size": 16, "num_hidden_layers": 1, "state_size": 4}
    model = MambaForCausalLM(MambaConfig(**sizes, bos_token_id=0, eos_token_id=1))
    with pytest.raises(ExportError, match="does not take MambaForCausalLM: it keeps something"):
        fallback.write(model, tmp_path, context=64, eos=(1,))


@pytest.mark.parametrize(("given", "tokens"), [(None, ()), (7, (7,)), ([3, 5], (3, 5))])
def test_end_tokens_come_one_many_or_not_at_all(given, tokens):
    model = llama()
    model.generation_config.eos_token_id = model.config.eos_token_id = given
    assert end_tokens(model) == tokens


def test_what_a_graph_says_of_itself_is_checked():
    good = {"layers": 1, "kv_heads": 1, "head_size": 2, "vocabulary": 9, "context": 8}
    good |= {"eos": (1,), "shared_cache": True, "positions": False}
    assert DecoderGraph(**good).past == ("past_key_values.0.key", "past_key_values.0.value")
    with pytest.raises(ExportError, match="layers=0"):
        DecoderGraph(**{**good, "layers": 0})
    with pytest.raises(ExportError, match="its vocabulary has 9"):
        DecoderGraph(**{**good, "eos": (9,)})


def test_another_format_is_not_read(tmp_path):
    _, result, _ = exported("fallback")
    result.graph.save(tmp_path)
    path = Path(tmp_path, DECODER_FILE)
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(ExportError, match="not known here"):
        DecoderGraph.load(tmp_path)
