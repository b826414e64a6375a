#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What captures at once cost: the processor's time for a packet and capture, of espcapd's and of as many tcpdumps.

	ESPCAP=build/plain/espcap tests/system/captures_bench.py [CAPTURES [PACKETS [A_SECOND]]]

In network namespaces, as root. Both write into memory (tcpdump: /dev/shm) and have the same filter, snaplen and kernel
buffer. Three runs of each in turn, the best one counts.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

import frames
import sensing
from sensing import PEER, SENSOR
from test_espcapd_capture import BUILD, DRIVER, Driver

FILTER, SNAPLEN, BUFFER = "udp", 2000, 2 << 20
RUNS = 3


def seconds(pids):
    """The processor's time of these, with that of the system calls; ticks would miss what runs for less than one."""
    total = 0
    for pid in pids:
        with open("/proc/%d/schedstat" % pid, encoding="ascii") as source:
            total += int(source.read().split()[0]) / 1e9
    return total


def send_steadily(count, rate):
    packet = frames.udp(bytes(300))
    with sensing.Inside(PEER), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("v1", 0))
        begun = time.monotonic()
        for number in range(count):
            raw.send(packet)
            if number % 20 == 0:
                time.sleep(max(0, begun + number / rate - time.monotonic()))


def run_espcapd(count, packets, rate, folder):
    options = ["-c", str(count), "-m", str(1 << 36), "-k", str(BUFFER)]
    with Driver(folder, options=options) as driver:
        numbers = [driver.start("c%d" % number, packets=packets, snaplen=SNAPLEN, timeout=5000, filter=FILTER)
                   for number in range(count)]
        time.sleep(0.5)
        processes = [driver.process.pid, driver.broker, *driver.workers()]
        before = seconds(processes)
        send_steadily(packets - 1, rate)
        time.sleep(1)
        cost = seconds(processes) - before
        send_steadily(1, rate)
        ends = [driver.end(number) for number in numbers]
        return cost, sum(end.packets for end in ends), sum(end.kernel_drop for end in ends)


def run_tcpdump(count, packets, rate, folder):
    command = ["tcpdump", "-Z", "root", "-n", "-i", "v0", "-s", str(SNAPLEN), "-B", str(BUFFER >> 10)]
    processes = [subprocess.Popen(["ip", "netns", "exec", SENSOR, *command, "-w", os.path.join(folder, "%d.pcap" % number), FILTER],
                                  stderr=subprocess.PIPE) for number in range(count)]
    for process in processes:
        while b"listening on" not in process.stderr.readline():
            pass
    time.sleep(0.5)
    before = seconds([process.pid for process in processes])
    send_steadily(packets, rate)
    time.sleep(1)
    cost = seconds([process.pid for process in processes]) - before
    captured = dropped = 0
    for process in processes:
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1].decode()
        captured += int(re.search(r"(\d+) packets? captured", said)[1])
        dropped += int(re.search(r"(\d+) packets? dropped by kernel", said)[1])
    return cost, captured, dropped


def main():
    given = [int(word) for word in sys.argv[1:]]
    count, packets, rate = (given + [50, 20000, 4000][len(given):])
    subprocess.run(["make", "-s", DRIVER], cwd=BUILD, check=True)
    best = {}
    with sensing.namespaces():
        for _ in range(RUNS):
            for name, run in (("espcapd", run_espcapd), ("tcpdump -w", run_tcpdump)):
                with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
                    cost, captured, dropped = run(count, packets, rate, folder)
                print("%-11s %d captures: %.2f s for %d packets kept, %d dropped: %.2f us for each" % (
                    name, count, cost, captured, dropped, 1e6 * cost / captured), flush=True)
                best[name] = min(best.get(name, 1e9), 1e6 * cost / captured)
    print("best: " + ", ".join("%s %.2f us" % item for item in best.items()))


if __name__ == "__main__":
    main()
