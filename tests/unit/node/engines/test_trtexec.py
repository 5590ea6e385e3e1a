"""The real adapter, against a stand-in that takes the same options and fails in the same ways."""

import os
import threading
import time

import numpy as np
import pytest

from slipway import contract
from slipway.errors import NodeError
from slipway.node.engines.builder import BuildRequest, Cancelled
from slipway.node.engines.inspection import inspect
from slipway.node.engines.trtexec import Trtexec
from slipway.node.engines.version import TensorRTVersion
from tests.engines import spec, trtexec, write_quantised, write_typed


def request(folder, what=None, onnx=None):
    out = folder / "out"
    out.mkdir(exist_ok=True)
    path = onnx or write_typed(folder / "typed/fp16.onnx")
    return BuildRequest(path, what or spec(), out, folder / "timing.cache")


def build(builder, asked):
    return builder.build(asked, threading.Event())


@pytest.mark.parametrize("version", ["100000", "101303", "110000", "110301"])
def test_an_engine_is_built_with_either_version_and_its_layers_are_told(tmp_path, version):
    asked = request(tmp_path)
    built = build(trtexec(TRTEXEC_VERSION=version), asked)
    assert built.milliseconds == 0.25
    assert built.plan.stat().st_size > 0
    assert asked.timing_cache.is_file()
    size = built.plan.stat().st_size
    assert inspect(built.layers, asked.spec, size, size) == {"fp16": 1}


@pytest.mark.parametrize("version", ["101303", "110000"])
def test_a_quantised_network_has_layers_in_int8(tmp_path, version):
    asked = request(tmp_path, spec("int8"), write_quantised(tmp_path / "int8.onnx"))
    built = build(trtexec(TRTEXEC_VERSION=version), asked)
    size = built.plan.stat().st_size
    assert inspect(built.layers, asked.spec, size, size) == {"int8": 1}


@pytest.mark.parametrize("version", ["101303", "110000"])
def test_fp32_is_told_from_fp16(tmp_path, version):
    wide = write_typed(tmp_path / "wide.onnx", elements=np.float32)
    built = build(trtexec(TRTEXEC_VERSION=version), request(tmp_path, onnx=wide))
    with pytest.raises(NodeError, match=r"silently built in another precision.*1 in fp32"):
        inspect(built.layers, spec(), 100, 100)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        ("operator", "cannot build the operator GridSample3D"),
        ("parser", "cannot read the ONNX file"),
        ("memory", "too little memory"),
        ("kernel", r"no kernel for a part of the network: of \{ForeignNode\[/q/MatMul"),
        ("killed", "was killed.*by signal 9"),
        ("crash", "did not build the engine: Something that nobody has seen before"),
        ("no plan", "left no engine"),
        ("no layers", "is not known"),
        ("no summary", "does not say how fast"),
    ],
)
def test_every_way_to_fail_has_a_line_of_its_own(tmp_path, failure, said):
    with pytest.raises(NodeError, match=said) as caught:
        build(trtexec(TRTEXEC_FAILURE=failure), request(tmp_path))
    assert "\n" not in str(caught.value)


def test_memory_that_was_short_for_one_tactic_is_no_reason_where_another_thing_failed(tmp_path):
    with pytest.raises(NodeError, match="no kernel"):
        build(trtexec(TRTEXEC_FAILURE="kernel"), request(tmp_path))


def test_a_build_that_takes_too_long_is_ended(tmp_path):
    started = time.monotonic()
    with pytest.raises(NodeError, match="in time"):
        build(trtexec(timeout=1.0, TRTEXEC_FAILURE="hangs"), request(tmp_path))
    assert time.monotonic() - started < 30


def test_a_node_that_stops_ends_the_build(tmp_path):
    cancelled = threading.Event()
    threading.Timer(0.5, cancelled.set).start()
    with pytest.raises(Cancelled):
        trtexec(TRTEXEC_FAILURE="hangs").build(request(tmp_path), cancelled)


def test_an_option_of_another_version_is_named(tmp_path):
    class Old(Trtexec):
        @property
        def _version(self):
            return TensorRTVersion(10, 0, 0)

    taken = trtexec(TRTEXEC_VERSION="110000")
    builder = Old((*taken.command, "--fp16"), taken.environ)
    with pytest.raises(NodeError, match="does not know the option --fp16"):
        build(builder, request(tmp_path))


def test_shapes_that_the_network_does_not_take_are_refused_by_name(tmp_path):
    static = write_typed(tmp_path / "static.onnx", batch=1)
    with pytest.raises(NodeError, match="Static model does not take explicit shapes"):
        build(trtexec(), request(tmp_path, onnx=static))


def test_where_there_is_none_it_is_said_and_how_to_name_it(tmp_path):
    builder = Trtexec((str(tmp_path / "trtexec"),), {})
    with pytest.raises(NodeError, match=contract.ENV_TRTEXEC):
        builder.version()


def test_it_is_found_by_its_variable_or_on_path_and_sees_no_credentials(tmp_path):
    on_path = tmp_path / "bin/trtexec"
    on_path.parent.mkdir()
    on_path.write_text("#!/bin/sh\n")
    on_path.chmod(0o755)
    secrets = {"AWS_SECRET_ACCESS_KEY": "x", "SLIPWAY_STORE": "y", "PYTHONHOME": "z"}
    found = Trtexec.find({"PATH": str(on_path.parent), **secrets})
    assert found.command == (str(on_path),)
    assert found.environ == {"PATH": str(on_path.parent)}
    named = Trtexec.find({"PATH": str(on_path.parent), contract.ENV_TRTEXEC: "/elsewhere"})
    assert named.command == ("/elsewhere",)


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ("&&&& RUNNING TensorRT.trtexec [TensorRT v101303] [b9] # trtexec", "10.13.3.9"),
        ("&&&& RUNNING TensorRT.trtexec [TensorRT v100300] # trtexec", "10.3.0.0"),
        ("&&&& RUNNING TensorRT.trtexec [TensorRT v110301] [b12] # trtexec", "11.3.1.12"),
    ],
)
def test_the_version_is_read_from_the_first_line(banner, version):
    assert str(TensorRTVersion.of_banner(banner)) == version


@pytest.mark.parametrize(
    ("text", "said"),
    [("[TensorRT v8601]", "8.6.1.0 is too old"), ("bash: trtexec", "does not say its version")],
)
def test_a_version_that_cannot_do_it_is_refused(text, said):
    with pytest.raises(NodeError, match=said):
        TensorRTVersion.of_banner(text)


def test_the_version_is_asked_once(tmp_path):
    seen = tmp_path / "asked"
    script = tmp_path / "trtexec"
    script.write_text(f"#!/bin/sh\necho x >> {seen}\necho '[TensorRT v101303]'\n")
    script.chmod(0o755)
    builder = Trtexec((str(script),), dict(os.environ))
    assert builder.version() == builder.version()
    assert seen.read_text() == "x\n"
