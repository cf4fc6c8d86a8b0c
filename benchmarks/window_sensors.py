"""Probes for the benchmarks of the window, in a process of their own.

    python benchmarks/window_sensors.py --port PORT [--devices 8] [--rate 80] [--seconds 60]
        [--speed 1 --from-us T]

Publishes at QoS 1 with the times of now, in a day's cycle, one device after the other, at a
rate of messages a second in all. With `--speed` time goes faster, from an instant on that the
receiver shares. Prints how many messages the broker confirmed.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import time
from pathlib import Path

TOPIC = "harit-samarth/sensor/data"
SETTLE_S = 20.0
_IN_FLIGHT = 1000


def start(port: int, *, rate: float, seconds: float, devices: int, **more: float) -> Sensors:
    """Starts the process; `more` are `speed` and `from_us`."""
    options = {"port": port, "rate": rate, "seconds": seconds, "devices": devices, **more}
    command = [sys.executable, str(Path(__file__))]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    return Sensors(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))


class Sensors:
    """The process that publishes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def confirmed(self) -> int:
        """Waits for the end; how many messages the broker has taken."""
        assert self._process.stdout is not None
        text, _ = self._process.communicate()
        return int(text)

    def stop(self) -> None:
        """Ends it early."""
        self._process.terminate()
        self._process.communicate()


def clock_us(from_us: int, speed: float) -> int:
    """The present instant where time goes `speed` times as fast since `from_us`."""
    return round(from_us + (time.clock_gettime_ns(time.CLOCK_REALTIME) // 1000 - from_us) * speed)


def payload(number: int, device: int, at_us: int) -> str:
    """A reading as the probes send it; `number` keeps two of them from being equal."""
    day = math.sin(at_us / 86_400e6 * 2 * math.pi + device)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at_us // 1_000_000))
    return (
        f'{{"timestamp":"{stamp}.{at_us % 1_000_000:06d}Z","publisher_id":"soil-{device + 1:02}",'
        f'"sensor_readings":{{"N":{212 + 6 * day:.3f},"P":{31 + day:.3f},"K":{207 + 7 * day:.3f},'
        f'"CO2":{700 + number % 50},"Temperature":{22 + 4 * day:.3f},'
        f'"Moisture":{36 + 4 * day + number % 7 / 10:.3f},"pH":6.7}}}}'
    )


def publish(options: argparse.Namespace) -> int:
    """Sends them all; returns how many the broker confirmed."""
    import paho.mqtt.client as mqtt

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(_IN_FLIGHT)
    confirmed = 0

    def count(*_: object) -> None:
        nonlocal confirmed
        confirmed += 1

    client.on_publish = count
    client.connect("127.0.0.1", options.port)
    client.loop_start()
    total, began_s = round(options.rate * options.seconds), time.monotonic()
    for number in range(total):
        pause_s = began_s + number / options.rate - time.monotonic()
        if pause_s > 0:
            time.sleep(pause_s)
        at_us = clock_us(options.from_us, options.speed)
        client.publish(TOPIC, payload(number, number % options.devices, at_us), qos=1)
    ends_s = time.monotonic() + SETTLE_S
    while confirmed < total and time.monotonic() < ends_s:
        time.sleep(0.05)
    client.disconnect()
    client.loop_stop()
    return confirmed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--devices", type=int, default=8)
    parser.add_argument("--rate", type=float, default=80)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--speed", type=float, default=1)
    parser.add_argument("--from-us", type=int, default=0)
    print(publish(parser.parse_args()))


if __name__ == "__main__":
    main()
