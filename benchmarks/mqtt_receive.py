"""How fast the MQTT source receives and acknowledges, and at what cost.

    python -m benchmarks.mqtt_receive [--messages N]

A real mosquitto, QoS 1, acknowledgements in the batches that happen to be waiting. The
figures are printed, not judged: they depend on the machine.
"""

import argparse
import time

from harit_desktop.domain.message import RawMessage
from harit_desktop.domain.status import LinkState
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_source import MqttSource
from tests.servers import MosquittoServer, wait_until

TOPIC = "benchmark/data"
PAYLOAD = (
    '{"timestamp":"2025-12-02T17:50:00.123456","publisher_id":"probe","sensor_readings":'
    '{"N":22.5,"P":17.8,"K":152.3,"CO2":498.2,"Temperature":22.1,"Moisture":54.8,"pH":7.18}}'
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=50_000)
    count: int = parser.parse_args().messages
    limits = [f"max_queued_messages {count + 1000}", "max_inflight_messages 1000"]
    for protocol in ("5", "3.1.1"):
        with MosquittoServer(limits) as server:
            _measure(server, protocol, count)


def _measure(server: MosquittoServer, protocol: str, count: int) -> None:
    endpoint = MqttEndpoint(server.host, server.port, client_id="bench", protocol=protocol)  # type: ignore[arg-type]  # a literal
    received: list[RawMessage] = []
    first = MqttSource(endpoint, [TOPIC], received.append, _now_us)
    first.start()
    wait_until(lambda: first.status().state is LinkState.CONNECTED)
    first.stop(3)
    server.publish_lines(TOPIC, "\n".join([PAYLOAD] * count))

    source = MqttSource(endpoint, [TOPIC], received.append, _now_us)
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    source.start()
    done = batches = 0
    while done < count:
        batch = received[done : done + 500]
        if not batch:
            time.sleep(0.001)
            continue
        source.acknowledge([message.receipt for message in batch if message.receipt])
        done += len(batch)
        batches += 1
    wait_until(lambda: source.unacked == 0)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    source.stop(3)
    print(
        f"MQTT {protocol:>5}: {count / took_s:8.0f} messages/s, "
        f"{cpu_s / count * 1e6:5.1f} us CPU a message, {batches} batches"
    )


def _now_us() -> int:
    return time.time_ns() // 1000


if __name__ == "__main__":
    main()
