from slipway.hardware import Hardware, this_machine

CPUINFO = """processor\t: 0
model name\t: Some  Processor @ 2GHz
flags\t\t: fpu avx2 avx512f {} sse

processor\t: 1
model name\t: Some  Processor @ 2GHz
flags\t\t: fpu avx2 avx512f {} sse
"""


def machine(tmp_path, flag):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(CPUINFO.format(flag, flag))
    return this_machine(cpuinfo)


def test_the_processor_is_named_as_the_system_names_it(tmp_path):
    found = machine(tmp_path, "amx_bf16")
    assert found.processor == "Some Processor @ 2GHz"
    assert found.features == ("avx2", "avx512f", "amx_bf16")
    assert "Some Processor @ 2GHz (avx2, avx512f, amx_bf16)" in str(found)


def test_each_instruction_set_that_sums_8_bit_products_in_32_bits_counts(tmp_path):
    for flag in ("avx_vnni", "avx512_vnni", "amx_int8"):
        assert machine(tmp_path, flag).vnni
    assert not machine(tmp_path, "amx_bf16").vnni


def test_a_machine_that_tells_nothing_still_has_a_name_and_cores(tmp_path):
    found = this_machine(tmp_path / "absent")
    assert found.processor
    assert found.cores >= 1
    assert found.features == ()


def test_another_gpu_is_other_hardware():
    assert Hardware("p", 2) != Hardware("p", 2, gpu="NVIDIA H100")
    assert str(Hardware("p", 2, gpu="NVIDIA H100")) == "2 x p, NVIDIA H100"
