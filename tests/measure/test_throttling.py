"""The rules on recorded readings of Raspberry Pis."""

from edgekit.measure.throttling import Reading, Readings, find_throttling, parse_reading, sum_up

CPU = "/sys/devices/system/cpu/cpu0/cpufreq/"
PI_5 = {
    "/sys/class/thermal/thermal_zone0/temp": "61500\n",
    CPU + "scaling_cur_freq": "2400000\n",
    "/sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "1500000\n",
    CPU + "scaling_governor": "ondemand\n",
    CPU + "cpuinfo_max_freq": "2400000\n",
}


def test_parse() -> None:
    reading = parse_reading(PI_5, {"vcgencmd get_throttled": "throttled=0x50005"})
    assert reading == Reading(61.5, 2400.0, 2400.0, "ondemand", 0x50005)


def test_a_device_that_tells_nothing() -> None:
    reading = parse_reading(
        {"/sys/class/thermal/thermal_zone0/temp": "none"}, {"vcgencmd get_throttled": "VCHI failed"}
    )
    assert reading == Reading()
    readings = sum_up(reading, [], reading)
    assert readings == Readings()
    assert find_throttling(readings) == ()


def test_a_cool_device_at_full_clock_is_trusted() -> None:
    look = Reading(55.0, 2400.0, 2400.0, "ondemand", 0)
    assert find_throttling(sum_up(Reading(50.0, 1500.0, 2400.0, "ondemand", 0), [look, look], look)) == ()


def test_throttled_while_it_ran() -> None:
    calm, hot = Reading(60.0, 1800.0, 1800.0, "ondemand", 0), Reading(82.5, 1800.0, 1800.0, "ondemand", 0xE0006)
    readings = sum_up(calm, [calm, hot], calm)
    assert readings.throttling == ("the clock is capped", "it is throttled", "the soft temperature limit is active")
    assert readings.temperature_max == 82.5
    (doubt,) = find_throttling(readings)
    assert "it is throttled" in doubt
    assert "82 °C" in doubt


def test_a_flag_between_two_looks_is_seen_by_its_memory() -> None:
    before, after = Reading(flags=0), Reading(flags=0x10000)
    assert sum_up(before, [before], after).throttling == ("the voltage is too low",)


def test_what_happened_before_the_run_is_not_the_run_s() -> None:
    look = Reading(flags=0x50000)
    assert sum_up(look, [look], look).throttling == ()


def test_a_governor_that_keeps_the_clock_low() -> None:
    look = Reading(45.0, 600.0, 1800.0, "powersave", 0)
    (doubt,) = find_throttling(sum_up(look, [look], look))
    assert "at 600 of 1800 MHz under the governor powersave" in doubt
    assert "scaling_governor" in doubt


def test_a_clock_that_fell_on_the_way() -> None:
    fast, slow = Reading(70.0, 2400.0, 2400.0, "schedutil", 0), Reading(84.0, 1500.0, 2400.0, "schedutil", 0)
    doubts = find_throttling(sum_up(fast, [fast, slow], fast))
    assert len(doubts) == 2
    assert "84 °C" in doubts[0]
    assert "1500 of 2400 MHz" in doubts[1]


def test_the_clock_before_and_after_the_run_may_rest() -> None:
    rest, work = Reading(40.0, 600.0, 1800.0, "ondemand", 0), Reading(48.0, 1800.0, 1800.0, "ondemand", 0)
    assert find_throttling(sum_up(rest, [work], rest)) == ()


def test_an_edge_tpu_that_gets_hot() -> None:
    def look(first: int, second: int) -> Reading:
        folder = "/sys/class/apex/apex_{}/{}"
        files = {folder.format(0, "temp"): f"{first}\n", folder.format(1, "temp"): f"{second}\n"}
        return parse_reading({**files, folder.format(0, "trip_point0_temp"): "84800\n"}, {})

    warm = sum_up(look(40_000, 45_300), [look(60_000, 51_000)], look(50_000, 50_000))
    assert (warm.chip_temperature_before, warm.chip_temperature_max, warm.chip_throttles_at) == (45.3, 60.0, 84.8)
    assert find_throttling(warm) == ()
    hot = sum_up(look(40_000, 45_300), [look(60_000, 86_100)], look(50_000, 50_000))
    (sentence,) = find_throttling(warm.joined(hot))
    assert sentence.startswith("The Edge TPU reached 86 °C (from 84.8 °C on its driver lowers its clock).")
    assert Readings.from_dict(hot.to_dict()) == hot
