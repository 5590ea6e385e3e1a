"""The fault predictor's folder: its machines, windows and network, what it is compared with."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.build.export import export
from slipway.build.network import build_network, call, predict
from slipway.build.session import OnnxModel
from slipway.dataset import Data, Sources, Split
from slipway.duplicates import ARRAYS_ALIKE, arrays, closest
from slipway.errors import DataError
from slipway.exhibits import Bars, Lines, View, from_json, to_json
from slipway.folder import open_model
from slipway.metrics.detection import DUE, FALSE_ALARMS, HOUR, LEFT, MACHINE, recall
from slipway.tensors import max_difference

FOLDER = open_model("fault_predictor", Path(__file__).parents[3] / "model_repo")
SIGNALS, TRACES, MACHINES = (FOLDER.module(name) for name in ("signals", "traces", "machines"))
SENSORS, MODES, HORIZON, WINDOW = (
    getattr(SIGNALS, name) for name in ("SENSORS", "MODES", "HORIZON", "WINDOW")
)
MODE = TRACES.MODE


@pytest.fixture(scope="module")
def shipped() -> Data:
    return FOLDER.module("data").load(Sources())


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_network(FOLDER).eval()


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory) -> OnnxModel:
    path = tmp_path_factory.mktemp("fault_predictor") / "model.onnx"
    export(network, FOLDER.recipe, path)
    return OnnxModel(path)


def trace(hours, failure="none", machine="A", seed=0):
    rng = np.random.default_rng(seed)
    readings = rng.uniform(1, 9, size=(hours, len(SENSORS))).astype(np.float32)
    return TRACES.Trace(machine, readings, np.ones(readings.shape, np.bool_), failure)


def request(rows, steps, seed=0):
    """Machines seen for `steps` hours, the last three unobserved by every other one."""
    rng = np.random.default_rng(seed)
    readings = rng.uniform(0, 90, size=(rows, steps, len(SENSORS))).astype(np.float32)
    observed = rng.random(readings.shape) < 0.8
    observed[::2, max(1, steps - 3) :] = False
    return {"readings": readings, "observed": observed}


# Generated machines


def test_a_machine_is_the_same_whichever_others_are_generated(shipped):
    alone, again = (MACHINES.simulate(7, "imbalance", 0) for _ in range(2))
    other = MACHINES.simulate(8, "imbalance", 0)
    assert np.array_equal(alone.readings, again.readings)
    assert np.array_equal(alone.observed, again.observed)
    assert not np.array_equal(alone.readings[:50], other.readings[:50])


def test_the_affinity_laws_hold_in_a_healthy_machine():
    pump = MACHINES.simulate(3, "none", 1)
    seen = pump.observed.all(axis=1)
    logs = dict(zip(SENSORS, np.log(pump.readings[seen].T), strict=True))
    for sensor, power in (("flow", 1), ("pressure", 2)):
        slope = np.polyfit(logs["speed"], logs[sensor], 1)[0]
        assert slope == pytest.approx(power, abs=0.1)


def test_the_load_moves_normal_levels_further_than_a_fault_has_a_day_before_the_failure():
    rng = np.random.default_rng(0)
    a_day_before = np.median(
        [MACHINES._severity(100, failing, rng)[-HORIZON] for failing in range(60, 160)]
    )
    for sensor in ("temperature", "pressure", "vibration"):
        column = SENSORS.index(sensor)
        pumps = [MACHINES.simulate(k, "none", 5) for k in range(20)]
        healthy = np.concatenate([p.readings[p.observed[:, column], column] for p in pumps])
        low, high = np.quantile(healthy, [0.05, 0.95])
        for fault in MACHINES.FAULTS.values():
            size = fault[sensor].size * a_day_before if sensor in fault else 0
            moved = size if sensor == "temperature" else size * (low if size > 0 else high)
            assert abs(moved) < high - low


@pytest.mark.parametrize("failure", MODES[1:])
def test_a_fault_shows_in_its_sensors_at_the_end_and_not_before(failure):
    """Against the same pump without it: all its random numbers are the same until the fault's."""
    speed = np.full(200, 0.9)
    rng = np.random.default_rng(0)
    levels = MACHINES._normal(speed, rng)
    severity = np.clip((np.arange(200) - 100) / 100, 0, 1)
    changed = MACHINES._with_fault(levels, MACHINES.FAULTS[failure], severity, rng)
    for sensor in SENSORS:
        assert np.allclose(changed[sensor][:100], levels[sensor][:100])
        moved = not np.allclose(changed[sensor][-1], levels[sensor][-1])
        assert moved is (sensor in MACHINES.FAULTS[failure])


def test_sensors_drop_out_singly_for_hours_and_together():
    observed = [MACHINES.simulate(k, "none", 2).observed for k in range(60)]
    every = np.concatenate(observed)
    assert 0.85 < every.mean() < 0.96
    assert any((~pump.any(axis=1)).any() for pump in observed)
    assert 1 <= sum((~pump.any(axis=0)).any() for pump in observed) <= 15


# Windows


def test_a_window_ends_in_its_hour_and_is_padded_at_the_end():
    machine = trace(100, "seal leak")
    split = TRACES.windows([machine], every=1)
    for row, (_, hour, *_rest) in enumerate(split.targets):
        start, end = max(0, int(hour) - WINDOW), int(hour)
        assert np.array_equal(
            split.inputs["readings"][row, : end - start], machine.readings[start:end]
        )
        assert split.inputs["observed"][row, : end - start].all()
        assert not split.inputs["observed"][row, end - start :].any()


def test_a_failing_machines_last_windows_are_due_and_name_the_mode():
    targets = TRACES.windows([trace(100, "seal leak")], every=1).targets
    assert targets[-1, LEFT] == 1
    assert targets[:, HOUR].tolist() == list(range(TRACES.SHORTEST, 101))
    assert np.array_equal(targets[:, DUE] == 1, targets[:, LEFT] <= HORIZON)
    assert targets[:, DUE].sum() == HORIZON
    assert set(targets[targets[:, DUE] == 1, MODE]) == {MODES.index("seal leak")}
    assert set(targets[targets[:, DUE] == 0, MODE]) == {0}


def test_what_came_after_a_machine_was_taken_out_is_not_judged():
    targets = TRACES.windows([trace(100)], every=1).targets
    assert targets[:, HOUR].max() == 100 - HORIZON
    assert not targets[:, DUE].any()
    assert np.isinf(targets[:, LEFT]).all()


# The split


def test_no_machine_is_on_both_sides_and_each_failure_has_its_share():
    data = FOLDER.module("data")
    train, held = data.split(data.plant())
    assert not {t.machine for t in train} & {t.machine for t in held}
    assert Counter(t.failure for t in held) == {"none": 40, **dict.fromkeys(MODES[1:], 20)}
    assert len(train) + len(held) == data.MACHINES


def test_a_failure_seen_twice_is_learned_from_and_held_out_and_one_seen_once_is_learned_from():
    modes = ["none", *["seal leak"] * 2, "imbalance"]
    traces = [trace(60, mode, f"machine {k}") for k, mode in enumerate(modes)]
    train, held = FOLDER.module("data").split([*traces, trace(30, "none", "short")])
    assert sorted(t.failure for t in train) == ["imbalance", "none", "seal leak"]
    assert [t.failure for t in held] == ["seal leak"]


def test_the_split_does_not_depend_on_the_order_of_the_machines():
    data = FOLDER.module("data")
    traces = [trace(60, MODES[k % 5], f"machine {k}") for k in range(40)]
    held = {t.machine for t in data.split(traces)[1]}
    assert {t.machine for t in data.split(traces[::-1])[1]} == held


def whole_windows(inputs):
    """Without what all short or gappy ones have in common: padding, and 0 for what is missing."""
    whole = inputs["observed"][:, -1].any(axis=1)
    readings, observed = inputs["readings"][whole], inputs["observed"][whole]
    usual = [np.median(readings[..., k][observed[..., k]]) for k in range(len(SENSORS))]
    return np.where(observed, readings, np.float32(usual))


def test_no_window_is_a_near_duplicate_of_a_held_out_one():
    data = FOLDER.module("data")
    train, held = (
        whole_windows(TRACES.windows(part, every).inputs)
        for part, every in zip(data.split(data.plant()), (WINDOW // 8, data.EVERY), strict=True)
    )
    assert closest(arrays(held, train)).likeness < ARRAYS_ALIKE


def test_no_hour_of_a_held_out_machine_was_read_in_training():
    data = FOLDER.module("data")
    train, held = (
        {row.tobytes() for t in part for row in t.readings[t.observed.all(axis=1)]}
        for part in data.split(data.plant())
    )
    assert len(held) > 10_000
    assert not train & held


def test_the_shipped_data_has_the_form_of_the_recipe(shipped):
    for part in (shipped.train, shipped.holdout):
        assert set(part.inputs) == {spec.name for spec in FOLDER.recipe.inputs}
        for spec in FOLDER.recipe.inputs:
            assert spec.accepts(part.inputs[spec.name].shape)
            assert part.inputs[spec.name].dtype == spec.dtype
        assert not part.inputs["readings"][~part.inputs["observed"]].any()
        assert np.isfinite(part.inputs["readings"]).all()
    failures = np.unique(shipped.holdout.targets[shipped.holdout.targets[:, DUE] == 1, MACHINE])
    assert len(failures) == 80


# A user's own


@pytest.fixture
def table(tmp_path):
    """Writes a CSV file with one row an hour of several machines, and gives its sources."""

    def write(machines, change=lambda rows: rows):
        rows = []
        for machine in machines:
            for hour, values in enumerate(machine.readings):
                last = hour == len(machine.readings) - 1
                failed = machine.failure if machine.fails and last else "no"
                time = np.datetime64("2026-03-01T00") + np.timedelta64(hour, "h")
                rows.append([machine.machine, str(time), *map(str, values), failed])
        header = ",".join(["machine", "time", *SENSORS, "failed"])
        path = tmp_path / "logs.csv"
        path.write_text("\n".join([header, *(",".join(row) for row in change(rows))]) + "\n")
        return Sources(data=path)

    return write


def fleet():
    return [trace(60, MODES[k % 3], f"machine {k}", seed=k) for k in range(12)]


def read(sources):
    return FOLDER.module("logs").read_traces(sources.data)


def refusal(sources) -> str:
    with pytest.raises(DataError) as caught:
        FOLDER.module("data").load(sources)
    return str(caught.value)


def changed(row, column, value):
    def change(rows):
        rows[row][column] = value
        return rows

    return change


def test_a_users_table_is_read_as_it_was_written(table):
    for given_trace, got in zip(fleet(), read(table(fleet())), strict=True):
        assert (got.machine, got.failure) == (given_trace.machine, given_trace.failure)
        assert np.array_equal(got.readings, given_trace.readings)
        assert got.observed.all()


def test_a_users_machines_become_both_parts(table):
    data = FOLDER.module("data").load(table(fleet()))
    assert data.train.targets[:, DUE].any()
    assert data.holdout.targets[:, DUE].any()
    assert not {*data.train.inputs["readings"][:, 0, 0]} & {
        *data.holdout.inputs["readings"][:, 0, 0]
    }


def test_the_rows_may_come_in_any_order(table):
    def shuffled(rows):
        return [rows[k] for k in np.random.default_rng(0).permutation(len(rows))]

    got = {t.machine: t for t in read(table(fleet(), shuffled))}
    for given_trace in fleet():
        assert np.array_equal(got[given_trace.machine].readings, given_trace.readings)


def test_readings_and_hours_that_are_missing_were_not_observed(table):
    def gappy(rows):
        rows[4][2] = "nan"
        return rows[:7] + rows[9:]

    got = read(table([trace(20)], gappy))[0]
    missing = {(4, 0), *((hour, sensor) for hour in (7, 8) for sensor in range(len(SENSORS)))}
    assert {(int(h), int(s)) for h, s in np.argwhere(~got.observed)} == missing
    assert not got.readings[~got.observed].any()
    assert len(got.readings) == 20


def test_times_with_a_zone_are_taken_in_one(table):
    got = read(table([trace(20)], changed(3, 1, "2026-03-01T05:10+02:00")))[0]
    assert got.observed.all()


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (5, 2, "warm", "Machine machine 0 has a temperature of 'warm': it is no number"),
        (5, 3, "inf", "has a pressure of 'inf': it is no number"),
        (5, 1, "yesterday", "has a row of the time 'yesterday'"),
        (5, 1, "2026-03-01T04:30", "has two rows in the hour of 2026-03-01T04:00"),
        (5, 1, "0026-03-01T05", "more than 100000 hours"),
        (5, -1, "imbalance", "failed by 'imbalance' and has rows after that"),
        (59, -1, "rust", "failed by 'rust': the failures known are bearing wear, seal leak"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_machine(table, row, column, value, said):
    assert said in refusal(table(fleet(), changed(row, column, value)))


def test_a_machine_brought_twice_is_refused(table):
    copy = trace(60, "seal leak", "copy", seed=1)
    copy.readings[:20] += 1
    said = refusal(table([*fleet(), copy]))
    assert "The machines machine 1 and copy read the same for 12 hours" in said


def test_a_fleet_without_a_sensor_and_with_one_that_never_changes_can_be_used(table):
    def poor(rows):
        for row in rows:
            row[2], row[3] = "nan", "5"
        return rows

    sources = table(fleet(), poor)
    data = FOLDER.module("data").load(sources)
    network = build_network(FOLDER, sources)
    answers = predict(network, data.holdout.inputs, FOLDER.recipe)
    for outputs in (answers, FOLDER.function("baseline", "answer")(data)):
        assert all(np.isfinite(array).all() for array in outputs.values())


def test_machines_that_stand_still_alike_are_not_taken_for_one(table):
    machines = fleet()
    for each in machines:
        each.readings[10:40] = 5
    assert len(read(table(machines))) == len(machines)


def test_a_table_without_failures_to_share_is_refused(table):
    healthy = [trace(60, "none", f"machine {k}", seed=k) for k in range(6)]
    assert "none that failed" in refusal(table(healthy))
    assert "none that failed" in refusal(table([*healthy, trace(60, MODES[1], "X", seed=9)]))


def test_a_table_that_lacks_a_sensor_is_refused(tmp_path):
    (tmp_path / "logs.csv").write_text("machine,time,failed\nA,2026-03-01T00,no\n")
    assert "lacks the column temperature" in refusal(Sources(data=tmp_path / "logs.csv"))


# The network


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 9), steps=st.integers(1, 70), more=st.integers(1, 40))
def test_padding_and_company_change_no_answer(network, exported, rows, steps, more):
    inputs = request(rows, steps, seed=rows * steps)
    padded = {
        name: np.concatenate([a, np.zeros((rows, more, len(SENSORS)), a.dtype)], axis=1)
        for name, a in inputs.items()
    }
    wanted = predict(network, inputs, FOLDER.recipe)
    for answer in (exported(inputs), exported(padded)):
        assert max_difference(wanted, answer) < FOLDER.recipe.parity
    alone = exported({name: array[:1] for name, array in inputs.items()})
    assert max_difference({n: a[:1] for n, a in wanted.items()}, alone) < FOLDER.recipe.parity


def test_what_was_not_observed_changes_no_answer(network, exported):
    inputs = request(4, 30)
    wild = np.where(inputs["observed"], inputs["readings"], np.float32(-1e30))
    want = predict(network, inputs, FOLDER.recipe)
    assert max_difference(want, exported({**inputs, "readings": wild})) < FOLDER.recipe.parity


def test_what_was_observed_changes_the_answer(network):
    inputs = request(4, 30)
    other = {**inputs, "readings": inputs["readings"] * np.float32(1.5)}
    first, second = (predict(network, each, FOLDER.recipe)["risk"] for each in (inputs, other))
    assert (first != second).all()


def test_a_machine_nothing_was_heard_of_gets_an_answer(exported):
    inputs = {
        "readings": np.zeros((2, 5, len(SENSORS)), np.float32),
        "observed": np.zeros((2, 5, len(SENSORS)), np.bool_),
    }
    answer = exported(inputs)
    assert np.isfinite(answer["risk"]).all()
    assert np.isfinite(answer["mode"]).all()


def test_the_risk_is_all_that_is_not_none(exported):
    answer = exported(request(8, 20))
    assert np.allclose(answer["mode"].sum(axis=1), 1, atol=1e-6)
    assert np.allclose(answer["risk"][:, 0], 1 - answer["mode"][:, 0], atol=1e-6)


def test_the_scales_are_those_of_training(shipped):
    network = build_network(FOLDER)
    observed = shipped.train.inputs["observed"]
    for sensor in range(len(SENSORS)):
        readings = shipped.train.inputs["readings"][..., sensor][observed[..., sensor]]
        logs = np.log(np.maximum(readings, 0.01))
        assert float(network.centre[sensor]) == pytest.approx(logs.mean(), abs=1e-3)
        assert float(network.spread[sensor]) == pytest.approx(logs.std(), rel=1e-2)


def test_every_weight_learns_from_a_batch_and_the_loss_falls(shipped):
    torch.manual_seed(0)
    network = build_network(FOLDER).train()
    due = shipped.train.targets[:, DUE] == 1
    rows = np.concatenate([np.flatnonzero(due)[:64], np.flatnonzero(~due)[:64]])
    batch = shipped.train.take(rows)
    inputs = {name: torch.from_numpy(array) for name, array in batch.inputs.items()}
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(12):
        outputs = call(network, inputs, FOLDER.recipe)
        loss = FOLDER.function("network", "loss")(outputs, torch.from_numpy(batch.targets))
        optimiser.zero_grad()
        loss.backward()
        assert all(p.grad is not None and p.grad.any() for p in network.parameters())
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.2


def test_augmentation_hides_sensors_and_begins_later_and_keeps_the_rest(shipped):
    augment = FOLDER.function("data", "augment")
    batch = shipped.train.take(slice(200, 264)).inputs
    lengths = set()
    for seed in range(12):
        got = augment(batch, np.random.default_rng(seed))
        steps = got["observed"].shape[1]
        lengths.add(steps)
        kept = got["observed"]
        assert got["readings"].dtype == np.float32
        assert np.array_equal(got["readings"][kept], batch["readings"][:, -steps:][kept])
        assert not got["readings"][~kept].any()
        assert not (kept & ~batch["observed"][:, -steps:]).any()
        assert (batch["observed"][:, -steps:].any(axis=1) & ~kept.any(axis=1)).any()
    assert WINDOW in lengths
    assert min(lengths) >= TRACES.SHORTEST
    assert len(lengths) > 3


# What it is compared with, and what is shown


def test_the_baseline_keeps_its_false_alarms_and_learns_nothing_from_held_out_targets(shipped):
    answer = FOLDER.function("baseline", "answer")
    outputs = answer(shipped)
    for spec in FOLDER.recipe.outputs:
        assert spec.accepts(outputs[spec.name].shape)
        assert outputs[spec.name].dtype == spec.dtype
    scores = recall(outputs, shipped.holdout.targets)
    assert 0.3 < scores.value < 0.75
    assert scores.figures["false-alarm rate"] <= FALSE_ALARMS
    blind = Data(
        shipped.train, Split(shipped.holdout.inputs, np.zeros_like(shipped.holdout.targets))
    )
    assert np.array_equal(answer(blind)["risk"], outputs["risk"])


def test_the_baseline_looks_at_the_last_hours_alone():
    levels = FOLDER.function("baseline", "recent_levels")
    readings = np.arange(20, dtype=np.float32)[None, :, None] * np.ones(6, np.float32)
    observed = np.ones((1, 20, 6), np.bool_)
    observed[0, 15:] = False
    observed[0, 10, 1] = observed[0, :, 2] = False
    got = levels(Split({"readings": readings, "observed": observed}, np.zeros((1, 5))))
    assert got[0, 0] == np.arange(9, 15).mean()
    assert got[0, 1] == np.mean([9, 11, 12, 13, 14])
    assert np.isnan(got[0, 2])


@pytest.fixture(scope="module")
def made(shipped):
    """Exhibits of a model that is sure of the last eight hours, by vibration alone."""
    targets = shipped.holdout.targets
    told = (targets[:, LEFT] <= 8).astype(np.float32)[:, None]

    def answer(inputs):
        heard = inputs["observed"][:, :, SENSORS.index("vibration")].any(axis=1)
        return {"risk": heard[:, None].astype(np.float32) * told[targets[:, LEFT] <= 8][0]}

    mode = np.zeros((len(targets), len(MODES)), np.float32)
    view = View(shipped, {"risk": told, "mode": mode}, {"risk": told * 0, "mode": mode}, answer)
    return list(FOLDER.function("exhibits", "exhibits")(view))


def test_the_exhibits_show_alarms_over_time_with_their_lead(made):
    alarms = [each for each in made if each.title.startswith("Alarms before a failure")]
    assert len(alarms) == len(MODES) - 1
    for each in alarms:
        assert dict(each.marks) == {"alarm": pytest.approx(-6, abs=1), "failure": 0}
        assert max(each.series[0].x) == -1
    assert any(each.title == "Alarms of a healthy pump" for each in made)


def test_the_exhibits_show_lead_times_and_the_operating_point(made):
    (leads,) = [each for each in made if each.title == "Lead times"]
    model = dict(zip(leads.series[0].x, leads.series[0].y, strict=True))
    assert (model[-96], model[-12], model[-1], model[0]) == (0, 0, 1, 1)
    assert set(leads.series[1].y) == {0}
    (curve,) = [each for each in made if each.title == "Recall against false alarms"]
    used = next(series for series in curve.series if series.name.endswith("in use"))
    assert (used.x, used.y) == ((0.0,), (1.0,))


def test_the_exhibits_show_that_alarms_gather_before_a_failure(made):
    (distance,) = [each for each in made if each.title == "Alarms on the way to a failure"]
    share = dict(zip(distance.series[0].x, distance.series[0].y, strict=True))
    assert [value for hours, value in share.items() if hours < -8] == [0] * 22
    assert [value for hours, value in share.items() if hours > -4] == [1]
    assert "did not fail: LSTM 0.0%, Threshold per sensor 0.0%" in distance.note


def test_the_exhibits_find_the_sensor_that_tells(made):
    attributions = [each for each in made if each.title.startswith("What tells of")]
    assert len(attributions) == len(MODES) - 1
    for each in attributions:
        assert isinstance(each, Bars)
        falls = dict(each.rows)
        assert next(iter(falls)) == "vibration"
        assert set(falls) == set(SENSORS)


def test_the_exhibits_can_be_kept(made):
    assert all(isinstance(each, Bars | Lines) for each in made)
    for each in made:
        assert from_json(json.loads(json.dumps(to_json(each)))) == each


# The client


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_client_sends_what_was_heard_and_names_the_likeliest_failure(triton, order):
    client = FOLDER.module("client")
    entries = ["0.7:1:bearing wear", "0.2:0:none"]
    triton.outputs = {
        "risk": ("FP32", np.array([[0.75]], np.float32)),
        "mode": ("BYTES", np.array([[entries[k] for k in order]], dtype=object)),
    }
    hours = [[30.0, None, 2.0, 100.0, 40.0, 2000.0]] * 3
    assert client.ask(triton.address, hours) == (0.75, "bearing wear")
    sent = dict(
        zip(
            [each.name for each in triton.request.inputs],
            triton.request.raw_input_contents,
            strict=True,
        )
    )
    assert [list(each.shape) for each in triton.request.inputs] == [[1, 3, 6]] * 2
    readings = np.frombuffer(sent["readings"], np.float32).reshape(3, 6)
    observed = np.frombuffer(sent["observed"], np.bool_).reshape(3, 6)
    assert readings[0].tolist() == [30.0, 0.0, 2.0, 100.0, 40.0, 2000.0]
    assert observed[0].tolist() == [True, False, True, True, True, True]


def test_the_client_names_the_sensors_in_the_order_of_the_recipe():
    assert FOLDER.module("client").SENSORS == SENSORS


def test_the_clients_example_is_of_a_held_out_pump():
    data, example = FOLDER.module("data"), FOLDER.module("client").EXAMPLE
    hours = np.array([[np.nan if v is None else v for v in row] for row in example])
    for pump in data.split(data.plant())[1]:
        if pump.failure == "bearing wear":
            known = np.where(pump.observed, pump.readings, np.nan)[-6 - len(hours) : -6]
            if np.allclose(known, hours, rtol=0.01, atol=0.06, equal_nan=True):
                return
    pytest.fail("no held-out pump reads so")


def test_the_client_reads_a_table_with_empty_cells(tmp_path):
    path = tmp_path / "hours.csv"
    path.write_text(f"{','.join(SENSORS)}\n30,,2,100,40,2000\n31,5,2,,40,2000\n")
    hours = FOLDER.module("client").read_hours(path)
    assert hours == [[30, None, 2, 100, 40, 2000], [31, 5, 2, None, 40, 2000]]


def test_the_client_says_what_is_wrong_with_an_answer():
    client = FOLDER.module("client")
    assert client.check(client.Forecast(0.9, "bearing wear")) == ""
    assert "0.20" in client.check(client.Forecast(0.2, "none"))
    assert "seal leak" in client.check(client.Forecast(0.9, "seal leak"))


def test_engines_take_the_hours_of_a_window_and_of_the_client():
    (steps,) = FOLDER.recipe.serving.ranges
    assert (steps.name, steps.likeliest) == ("steps", WINDOW)
    assert steps.least < TRACES.SHORTEST < len(FOLDER.module("client").EXAMPLE) < steps.most
    assert steps.most == 2 * WINDOW
