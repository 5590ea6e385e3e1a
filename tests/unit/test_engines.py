import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.artefact import Artefact
from slipway.engines import EngineSpec, Profile
from slipway.errors import IntegrityError, RecipeError
from slipway.files import canonical_json, sha256_of_bytes
from slipway.profiles import profiles_of
from slipway.recipe import Metric, Recipe, Serving, Tokenizer, Training
from slipway.tensors import TensorSpec
from tests.engines import profile, spec
from tests.factories import packaged_model

FILES = {"model/1/model.onnx": b"weights", "typed/fp16.onnx": b"typed"}


def recipe(inputs, tokenizer=None, most=8):
    buckets = (1,) if most == 1 else (1, most)
    return Recipe("Title", inputs, (TensorSpec("y", "FP32", (2,)),), Training(1, 2, 0.1),
                  Metric("accuracy", 0.5), tokenizer=tokenizer,
                  serving=Serving(max_batch_size=most, batch_buckets=buckets))  # fmt: skip


sizes = st.lists(st.integers(1, 512), min_size=1, max_size=4)


@given(sizes, st.sampled_from(["fp16", "int8"]), st.floats(1e-6, 1.0))
def test_an_engine_reads_back_from_json_as_it_was(shape, precision, share):
    shapes = {"x": tuple(shape)}
    made = EngineSpec(precision, "typed/x.onnx", (Profile(shapes, shapes, shapes),), share)
    assert EngineSpec.from_json(json.loads(json.dumps(asdict(made)))) == made


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"precision": "fp64"}, "it is one of"),
        ({"profiles": ()}, "no profile"),
        ({"share": 0.0}, "its share"),
        ({"profiles": (profile(1, 1, 1), profile(1, 1, 1, name="other"))}, "the same inputs"),
    ],
)
def test_an_engine_that_cannot_be_is_refused(change, said):
    with pytest.raises(IntegrityError, match=said):
        spec(**change)


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (({}, {}, {}), "same inputs"),
        (({"x": (1,)}, {"x": (1,)}, {"z": (1,)}), "same inputs"),
        (({"x": (2,)}, {"x": (1,)}, {"x": (4,)}), "must rise"),
        (({"x": (0,)}, {"x": (1,)}, {"x": (4,)}), "must rise"),
        (({"x": (1,)}, {"x": (1, 2)}, {"x": (4,)}), "must rise"),
        (({"a:b": (1,)}, {"a:b": (1,)}, {"a:b": (1,)}), "cannot be told"),
    ],
)
def test_a_profile_that_trtexec_would_refuse_is_refused(shapes, said):
    with pytest.raises(IntegrityError, match=said):
        Profile(*shapes)


def test_an_artefact_offers_its_engines_and_older_ones_offer_none(tmp_path):
    plain = packaged_model(tmp_path, files=FILES)
    old = {k: v for k, v in plain.to_json().items() if k != "engines"}
    assert Artefact.from_json(json.loads(json.dumps(old))) == plain
    offering = replace(plain, engines=(spec(),))
    assert Artefact.from_json(json.loads(json.dumps(offering.to_json()))) == offering


def test_another_offer_makes_another_version_and_none_leaves_the_fingerprint_as_it_was(tmp_path):
    plain = packaged_model(tmp_path, files=FILES)
    offers = ((), (spec(),), (spec(share=0.9),), (spec(), spec(share=0.9)))
    prints = [replace(plain, engines=each).fingerprint for each in offers]
    assert len(set(prints)) == 4
    # As it was published before engines were part of it.
    files = sorted((entry.path, entry.sha256) for entry in plain.files)
    assert prints[0] == sha256_of_bytes(canonical_json([plain.model, files]))


def test_an_engine_is_built_from_a_file_of_its_version(tmp_path):
    plain = packaged_model(tmp_path, files=FILES)
    with pytest.raises(IntegrityError, match="which the version lacks"):
        replace(plain, engines=(spec(source="typed/other.onnx"),))


def test_an_image_has_a_profile_for_one_and_one_for_all_batches():
    (alone, all_batches) = profiles_of(recipe((TensorSpec("image", "FP32", (1, 32, 32)),)))
    assert alone.maximum == {"image": (1, 1, 32, 32)}
    assert all_batches == Profile(
        {"image": (1, 1, 32, 32)}, {"image": (8, 1, 32, 32)}, {"image": (8, 1, 32, 32)}
    )


def test_where_nothing_is_batched_there_is_one_profile():
    assert len(profiles_of(recipe((TensorSpec("image", "FP32", (3,)),), most=1))) == 1


def test_text_has_profiles_for_each_length_that_the_tokenizer_pads_to():
    tokens = tuple(TensorSpec(n, "INT64", ("tokens",)) for n in ("input_ids", "attention_mask"))
    made = profiles_of(recipe(tokens, Tokenizer(TensorSpec("text", "BYTES", (1,)), (32, 64))))
    assert [p.maximum["input_ids"] for p in made] == [(1, 32), (8, 32), (1, 64), (8, 64)]
    assert all(p.minimum["attention_mask"][1] == p.maximum["input_ids"][1] for p in made)


def test_a_dimension_that_varies_needs_its_range():
    series = recipe((TensorSpec("readings", "FP32", ("steps", 3)),))
    with pytest.raises(RecipeError, match="'steps' varies without a bound"):
        profiles_of(series)
    alone, _ = profiles_of(series, {"steps": (8, 24, 96)})
    assert (alone.minimum, alone.optimum, alone.maximum) == (
        {"readings": (1, 8, 3)}, {"readings": (1, 24, 3)}, {"readings": (1, 96, 3)}
    )  # fmt: skip
