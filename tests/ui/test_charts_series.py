"""Joining fetched and live readings, finding gaps, reducing to pixels, alarm runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harit_desktop.domain.analysis import Flag
from harit_desktop.domain.channels import CHANNEL_COUNT, CHANNEL_INDEX
from harit_desktop.ui.charts import series as series_module
from harit_desktop.ui.charts.alarm_runs import alarm_runs, running_onset
from harit_desktop.ui.charts.annotations import since_text
from harit_desktop.ui.charts.envelope import Line, line, trace
from harit_desktop.ui.charts.gaps import breaks
from harit_desktop.ui.charts.series import DeviceSeries, SeriesData, merge, of_points
from tests.ui.chart_samples import HOUR_US, MINUTE_US, NOW_US, SECOND_US, every, points, series

MOISTURE = CHANNEL_INDEX["Moisture"]
NITROGEN = CHANNEL_INDEX["N"]


def a_line(times_us: np.ndarray, values: np.ndarray, starts: tuple[int, ...] = (0,)) -> Line:
    times = times_us.astype(np.float64)
    return Line(times, values, values, values, np.array(starts), False)


class TestSeries:
    def test_rows_come_out_in_the_order_of_time(self) -> None:
        made = SeriesData.from_arrays(
            np.array([30, 10, 20]), np.arange(3.0)[:, None] * np.ones(CHANNEL_COUNT)
        )
        assert made.time_us.tolist() == [10, 20, 30]
        assert made.values[:, 0].tolist() == [1, 2, 0]

    def test_a_wrong_shape_is_refused(self) -> None:
        with pytest.raises(ValueError, match="do not fit"):
            SeriesData.from_arrays(np.array([1, 2]), np.ones((2, CHANNEL_COUNT + 1)))

    def test_equal_rows_are_one_and_equal_times_with_other_values_are_two(self) -> None:
        base = series(np.array([10, 20, 30]), N=1.0)
        same, other = series(np.array([20, 30]), N=1.0), series(np.array([30, 40]), N=2.0)
        assert merge(base, same).time_us.tolist() == [10, 20, 30]
        assert merge(base, other).time_us.tolist() == [10, 20, 30, 30, 40]

    def test_equal_rows_with_absent_values_are_one(self) -> None:
        base = series(np.array([10, 20]), N=np.array([1.0, np.nan]))
        assert merge(base, series(np.array([20]), N=np.nan)).size == 2

    @given(
        st.lists(st.tuples(st.integers(0, 20), st.integers(0, 2)), max_size=30),
        st.lists(st.tuples(st.integers(0, 20), st.integers(0, 2)), max_size=30),
    )
    def test_a_merge_holds_each_distinct_row_once_in_order(
        self, first: list[tuple[int, int]], second: list[tuple[int, int]]
    ) -> None:
        def made(rows: list[tuple[int, int]]) -> SeriesData:
            rows = sorted(set(rows))
            times = np.array([at for at, _ in rows], np.int64)
            return series(times, N=np.array([float(value) for _, value in rows]))

        merged = merge(made(first), made(second))
        rows = list(zip(merged.time_us.tolist(), merged.values[:, 0].tolist(), strict=True))
        assert sorted(rows) == sorted(set(first) | set(second))
        assert merged.time_us.tolist() == sorted(merged.time_us.tolist())


class TestDeviceSeries:
    def test_a_fetched_series_keeps_the_live_points_after_it(self) -> None:
        held = DeviceSeries()
        held.append(of_points(points(np.array([50, 60, 70]), N=5.0)))
        held.replace(series(np.array([10, 20, 50, 60]), N=5.0))
        assert held.data.time_us.tolist() == [10, 20, 50, 60, 70]

    def test_a_late_reading_that_the_fetch_missed_stays(self) -> None:
        held = DeviceSeries()
        held.append(of_points(points(np.array([15]), N=5.0)))
        held.replace(series(np.array([10, 20]), N=5.0))
        assert held.data.time_us.tolist() == [10, 15, 20]

    def test_buckets_take_only_what_is_newer_than_they_are(self) -> None:
        held = DeviceSeries()
        held.append(of_points(points(np.array([15, 30]), N=7.0)))
        means = series(np.array([10, 20]), N=5.0)
        held.replace(
            SeriesData(
                means.time_us,
                means.values,
                means.flags,
                means.index,
                means.values - 1,
                means.values + 1,
                bucket_us=10,
            )
        )
        assert held.data.time_us.tolist() == [10, 20, 30]
        assert held.data.low is not None
        assert held.data.low[:, 0].tolist() == [4, 4, 7]

    def test_readings_out_of_order_are_put_in_their_place(self) -> None:
        held = DeviceSeries()
        for at in (30, 10, 20, 20):
            held.append(of_points(points(np.array([at]))))
        assert held.data.time_us.tolist() == [10, 20, 30]

    def test_memory_is_bounded_and_a_refetch_is_asked_for(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(series_module, "MAX_LIVE_POINTS", 100)
        held = DeviceSeries()
        held.replace(series(np.arange(50)))
        for start in range(50, 1050, 10):
            held.append(of_points(points(np.arange(start, start + 10))))
        assert held.overflowed
        assert held.data.size <= 50 + 200
        assert held.data.time_us[-1] == 1049
        held.replace(series(np.arange(0, 1050, 5)))
        assert not held.overflowed
        assert held.data.time_us[0] == 0

    def test_trimming_keeps_the_row_before_the_start(self) -> None:
        held = DeviceSeries()
        held.replace(series(np.array([10, 20, 30, 40])))
        held.trim(25)
        assert held.data.time_us.tolist() == [20, 30, 40]


class TestGaps:
    def test_steps_up_to_three_intervals_are_joined_and_longer_ones_not(self) -> None:
        times = every(2, 120)
        joined = np.delete(times, [10, 11])  # a step of 6 s
        apart = np.delete(times, [10, 11, 12])  # a step of 8 s
        assert breaks(joined).tolist() == []
        assert breaks(apart).tolist() == [9]

    def test_minute_means_followed_by_readings_every_two_seconds_have_no_gap(self) -> None:
        live = every(2, 600)
        means = live[0] - np.arange(1, 600)[::-1] * MINUTE_US
        assert breaks(np.concatenate([means, live])).tolist() == []

    def test_a_gap_at_the_very_end_is_found(self) -> None:
        times = np.append(every(2, 64 * 2 + 2), NOW_US + HOUR_US)
        assert breaks(times).tolist() == [times.size - 2]

    def test_two_rows_need_the_interval_of_the_device(self) -> None:
        times = np.array([NOW_US, NOW_US + HOUR_US])
        assert breaks(times).tolist() == []
        assert breaks(times, interval_us=2 * SECOND_US).tolist() == [0]

    def test_equal_instants_do_not_make_every_step_a_gap(self) -> None:
        times = np.repeat(every(1, 60), 10)
        assert breaks(times).tolist() == []

    @pytest.mark.parametrize("size", [0, 1])
    def test_nothing_and_one_row_have_no_gap(self, size: int) -> None:
        assert breaks(np.full(size, NOW_US)).size == 0


class TestLine:
    def test_a_gap_splits_the_line(self) -> None:
        times = np.delete(every(60, 86_400), np.s_[700:742])
        made = line(trace(series(times), NITROGEN), NOW_US - 24 * HOUR_US, NOW_US, 640)
        assert made.starts.tolist()[0] == 0
        assert made.starts.size == 2

    def test_dense_readings_become_columns_with_mean_and_extremes(self) -> None:
        times = every(2, 86_400)
        values = np.tile([20.0, 30.0], times.size // 2)
        values[1000] = 90.0
        made = line(trace(series(times, Moisture=values), MOISTURE), times[0], NOW_US, 640)
        assert made.dense
        assert 600 <= made.size <= 642
        assert made.high.max() == 90.0
        assert made.low.min() == 20.0
        assert abs(np.median(made.mean) - 25.0) < 0.5
        assert (np.diff(made.time_us) > 0).all()

    def test_few_readings_stay_as_they_are(self) -> None:
        times = every(60, 3600)
        made = line(trace(series(times), NITROGEN), times[0], NOW_US, 640)
        assert not made.dense
        assert made.size == times.size

    def test_the_row_before_the_view_is_kept(self) -> None:
        times = every(60, 3600)
        made = line(trace(series(times), NITROGEN), NOW_US - 90 * SECOND_US, NOW_US, 640)
        assert made.size == 3

    def test_absent_and_refused_values_are_not_drawn(self) -> None:
        data = series(every(60, 3600), Moisture=50.0)
        data.values[10, MOISTURE] = np.nan
        data.values[20, MOISTURE] = np.inf
        data.values[30:33, MOISTURE] = 140.0
        data.flags[30:33, MOISTURE] = Flag.FAIL
        made = trace(data, MOISTURE)
        assert np.isfinite(made.value).all()
        assert made.value.max() == 50.0
        assert made.failed.tolist() == [140.0, 140.0, 140.0]
        assert made.gap_after.tolist() == [27]  # four minutes between rows 29 and 33

    def test_the_mean_of_a_bucket_counts_although_a_value_in_it_was_refused(self) -> None:
        data = series(every(60, 3600), Moisture=50.0)
        data.flags[5, MOISTURE] = Flag.FAIL
        buckets = SeriesData(
            data.time_us, data.values, data.flags, data.index, data.values, data.values, MINUTE_US
        )
        assert trace(buckets, MOISTURE).value.size == data.size
        assert trace(data, MOISTURE).value.size == data.size - 1
        assert trace(buckets, MOISTURE).failed_us.size == 1


class TestAlarmRuns:
    TIMES = np.arange(6, dtype=np.int64) * MINUTE_US

    def test_a_run_is_cut_where_it_crosses_the_limit(self) -> None:
        runs = alarm_runs(a_line(self.TIMES, np.array([30, 30, 20, 10, 10, 10.0])), 25, 70)
        (onset,) = runs.onsets
        assert onset.time_us == int(1.5 * MINUTE_US)
        assert (onset.side, onset.limit, onset.known) == (-1, 25, True)
        assert runs.ongoing

    def test_a_run_that_ended_is_not_ongoing_and_two_sides_are_two_runs(self) -> None:
        runs = alarm_runs(a_line(self.TIMES, np.array([50, 10, 90, 90, 50, 50.0])), 25, 70)
        assert [onset.side for onset in runs.onsets] == [-1, 1]
        assert not runs.ongoing
        assert runs.sides == {-1, 1}

    def test_a_run_from_the_first_point_on_has_no_known_beginning(self) -> None:
        runs = alarm_runs(a_line(self.TIMES, np.full(6, 10.0)), 25, 70)
        assert [onset.known for onset in runs.onsets] == [False]

    def test_nothing_is_joined_over_a_gap(self) -> None:
        made = a_line(self.TIMES, np.array([10, 10, 10, 10, 10, 10.0]), starts=(0, 3))
        runs = alarm_runs(made, 25, 70)
        assert runs.connect[:6].tolist() == [1, 1, 0, 1, 1, 0]

    def test_where_a_running_alarm_began_does_not_depend_on_the_zoom(self) -> None:
        times = every(2, 24 * 3600)
        moisture = np.full(times.size, 50.0)
        moisture[-1000:] = 20.0
        of = trace(series(times, Moisture=moisture), MOISTURE)
        known = running_onset(of, 30.0, 70.0, NOW_US)
        assert known is not None
        assert times[-1001] < known.time_us < times[-1000]
        assert (known.limit, known.side, known.known, known.about) == (30.0, -1, True, False)
        # A line of 300 pixels is a thinned one, and begins its run elsewhere.
        thin = alarm_runs(line(of, int(times[0]), NOW_US, 300), 30.0, 70.0)
        assert abs(thin.onsets[-1].time_us - known.time_us) > 30 * SECOND_US
        assert running_onset(of, 30.0, 70.0, int(times[-1001])) is None

    def test_of_buckets_a_run_began_at_about_a_time(self) -> None:
        data = series(every(60, 3600), Moisture=np.repeat([50.0, 80.0], 30))
        made = SeriesData.from_arrays(
            data.time_us, data.values, None, None, data.values - 1, data.values + 1, MINUTE_US
        )
        found = running_onset(trace(made, MOISTURE), 30.0, 70.0, NOW_US)
        assert found is not None
        assert found.about
        assert since_text(found, NOW_US).startswith("High since about ")
        assert since_text(found._replace(about=False), NOW_US).startswith("High since ")
        whole = running_onset(trace(made, MOISTURE), 30.0, 40.0, NOW_US)
        assert whole is not None
        assert since_text(whole, NOW_US).startswith("High since before ")

    def test_a_run_after_a_gap_begins_with_its_first_reading(self) -> None:
        times = np.concatenate([every(2, 600, NOW_US - HOUR_US), every(2, 600)])
        of = trace(series(times, Moisture=np.repeat([50.0, 20.0], 300)), MOISTURE)
        found = running_onset(of, 30.0, 70.0, NOW_US)
        assert found is not None
        assert found.time_us == times[300]

    def test_a_line_within_its_limits_has_no_run(self) -> None:
        assert alarm_runs(a_line(self.TIMES, np.full(6, 50.0)), 25, 70).onsets == ()
