# SPDX-License-Identifier: BSD-2-Clause
"""The raw packets of a live capture beside the index: all of them, found from a document, within a bound."""

import os
import random
import re
import struct
import subprocess
import threading

import pytest

import conserve
import frames
from sensing import Capture, line, needs_namespaces, numbered, send, status  # noqa: F401 (line is a fixture)
from test_spool import TMPFS, big

pytestmark = needs_namespaces

NAME = re.compile(r"espcap-v0-\d{8}T\d{6}Z-\d{6}\.pcapng")


def blocks_of(data):
    """Type and body of each whole block."""
    while len(data) >= 12:
        kind, total = struct.unpack_from("<II", data)
        if total > len(data):
            return
        assert total % 4 == 0 and struct.unpack_from("<I", data, total - 4)[0] == total
        yield kind, data[8:total - 4]
        data = data[total:]


def options_of(data):
    found = {}
    while data:
        code, size = struct.unpack_from("<HH", data)
        if code == 0:
            break
        found[code] = data[4:4 + size]
        data = data[4 + (size + 3) // 4 * 4:]
    return found


def packets_of(path):
    """(id or None, time in ns, bytes) of each packet; and what the file says of itself."""
    found, about = [], None
    for number, (kind, body) in enumerate(blocks_of(path.read_bytes())):
        if number == 0:
            assert kind == 0x0A0D0D0A
            about = options_of(body[16:])[1].decode()
        elif number == 1:
            assert kind == 1
            options = options_of(body[8:])
            assert options[2] == b"v0" and options[9] == b"\x09"
        else:
            assert kind == 6
            interface, high, low, size, wire = struct.unpack_from("<IIIII", body)
            options = options_of(body[20 + (size + 3) // 4 * 4:])
            assert interface == 0 and wire >= size
            found.append((struct.unpack("<Q", options[5])[0] if options else None, high << 32 | low, body[20:20 + size]))
    return found, about


def files_of(folder):
    return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))


def ring_of(folder):
    return [packet for path in files_of(folder) for packet in packets_of(path)[0]]


def nanoseconds(document):
    seconds, fraction = document["layers"]["frame"]["frame.time_epoch"].split(".")
    return int(seconds) * 10 ** 9 + int(fraction)


def give(folder, user=65534):
    """A directory for the user that espcap becomes, which need not be able to reach it by its path."""
    folder.mkdir(0o700)
    os.chown(folder, user, user)
    return folder


def test_all_packets(tmp_path):
    """Each packet with the bytes, the time and the number of its document; and the way from one to the other."""
    packets, folder = numbered(300), tmp_path / "made"
    capture = Capture("--ring", str(folder))
    send(packets)
    capture.printed(300)
    # While it is written: what was captured can be read.
    assert len(ring_of(folder)) == 300
    capture.interrupt()
    capture.wait()
    assert folder.stat().st_mode & 0o777 == 0o700 and folder.stat().st_uid == 65534
    (path,) = files_of(folder)
    assert path.stat().st_mode & 0o777 == 0o600
    found, about = packets_of(path)
    assert [data for _, _, data in found] == packets
    assert about == "espcap.capture: " + capture.documents[0]["espcap"]["capture"]
    assert [(number, time) for number, time, _ in found] == \
        [(document["espcap"]["ordinal"], nanoseconds(document)) for document in capture.documents]
    document = capture.documents[122]
    shown = subprocess.run(
        ["tshark", "-r", str(path), "-Y", "frame.packet_id == %d" % document["espcap"]["ordinal"],
         "-T", "fields", "-e", "frame.time_epoch", "-e", "udp.payload"],
        capture_output=True, text=True, check=True).stdout.split()
    assert shown == [document["layers"]["frame"]["frame.time_epoch"], packets[122][42:].hex()]


def test_dropped_packets_too(tmp_path):
    """What found no room in the queue is in the ring, without a number, for it has no document; the numbers go on."""
    total = 9000
    packets = big(total)
    capture = Capture("--queue=1M", "--spool", str(tmp_path), "--spool-size=1M", "--ring", str(tmp_path / "ring"),
                      read=False)
    send(packets)
    capture.says("packets are dropped")
    capture.threads[1].start()
    capture.printed(1000)
    send(packets[:10])
    capture.interrupt()
    capture.wait()
    counts = capture.counts
    assert counts["queue_drop"] > 0 == counts["kernel_drop"] and counts["read"] == total + 10
    found = ring_of(tmp_path / "ring")
    assert [data for _, _, data in found] == packets + packets[:10]
    assert sum(number is None for number, _, _ in found) == counts["queue_drop"]
    documents = {document["espcap"]["ordinal"]: document for document in capture.documents}
    assert [number for number, _, _ in found if number] == sorted(documents)
    for number, time, data in found:
        if number:
            assert nanoseconds(documents[number]) == time and conserve.payload_of(documents[number]) == data[42:]


def test_bound_and_foreign_files(tmp_path):
    """Over many small files never more than told; files of an earlier run count and go, all others stay."""
    folder = give(tmp_path / "ring")
    foreign = {name: os.urandom(100) for name in (
        "other.pcapng", "espcap-v1-20200101T000000Z-000001.pcapng", "espcap-v0-20200101T000000Z-000001.pcapng.gz",
        "espcap-v0-20200101T000000Z-1.pcapng")}
    for name, text in foreign.items():
        (folder / name).write_bytes(text)
    os.symlink("other.pcapng", folder / "espcap-v0-20200101T000000Z-000002.pcapng")
    for number in range(20):
        (folder / ("espcap-v0-20200101T000000Z-%06d.pcapng" % (1000 + number))).write_bytes(bytes(64 << 10))
    capture = Capture("--ring", str(folder), "--ring-size=1M")
    most, over = 0, threading.Event()

    def watch():
        nonlocal most
        while not over.wait(0.005):
            sizes = []
            for path in files_of(folder):
                try:
                    sizes.append(os.lstat(path).st_size)
                except FileNotFoundError:
                    pass
            most = max(most, sum(sizes))

    watcher = threading.Thread(target=watch)
    watcher.start()
    generator = random.Random(1)
    packets = [frames.udp(b"%08d" % number + b"." * generator.randrange(1400)) for number in range(6000)]
    for at in range(0, len(packets), 100):
        send(packets[at:at + 100])
        capture.printed(at + 100)
    over.set()
    watcher.join()
    capture.interrupt()
    capture.wait()
    paths = [path for path in files_of(folder) if not path.is_symlink()]
    assert (1 << 20) * 14 // 16 < sum(path.stat().st_size for path in paths) <= 1 << 20
    assert most <= (1 << 20) + len("other.pcapng") and 14 <= len(paths) <= 18
    found = [packet for path in paths for packet in packets_of(path)[0]]
    assert [data for _, _, data in found] == packets[-len(found):]
    assert [number for number, _, _ in found] == list(range(6001 - len(found), 6001))
    assert {name: (folder / name).read_bytes() for name in foreign} == foreign
    assert (folder / "espcap-v0-20200101T000000Z-000002.pcapng").is_symlink()
    assert "missing in the packet ring files" not in capture.messages


def test_full_disk(tmp_path):
    """The capture goes on: documents are not concerned; what the ring has not is said, and counted at the end."""
    packets = [frames.udp(b"%08d" % number + b"." * 1000) for number in range(2000)]
    folder = tmp_path / "disk"
    folder.mkdir()
    capture = Capture("--ring", str(folder / "ring"), prefix=[*TMPFS, str(folder), "1m"])
    send(packets)
    capture.says(r"the packet ring files in \S+ cannot be written: No space left on device: packets are missing there, \d+ so far")
    capture.printed(2000)
    inside = "/proc/%d/root%s/ring" % (capture.process.pid, folder)
    (name,) = os.listdir(inside)
    with open(os.path.join(inside, name), "rb") as source:
        kept = source.read()
    capture.interrupt()
    capture.wait()
    assert capture.counts["delivered"] == 2000 and capture.counts["queue_drop"] == 0
    copy = tmp_path / "copy"
    copy.write_bytes(kept)
    found, _ = packets_of(copy)
    assert [data for _, _, data in found] == packets[:len(found)] and 500 < len(found) < 1000
    # To the last byte of a whole block.
    assert sum(12 + len(body) for _, body in blocks_of(kept)) == len(kept)
    assert "espcap: %d packets are missing in the packet ring files in %s/ring" % (2000 - len(found), folder) in capture.messages


@pytest.mark.parametrize("kind, text", [
    ("file", r"--ring=\S+: Not a directory; name a directory"),
    ("no parent", r"--ring=\S+: No such file or directory; make the directory above it first"),
    ("of root", r"--ring=\S+: user nobody, as which espcap continues, cannot make a file there: Permission denied; the "
                r"directory must belong to that user \(chown nobody "),
    ("not mine", r"--ring=\S+: cannot make a file there: Permission denied; name a directory in which")])
def test_refused(tmp_path, kind, text):
    folder, prefix = tmp_path / "ring", ()
    if kind == "file":
        folder.write_text("kept")
    elif kind == "no parent":
        folder = folder / "below"
    else:
        folder.mkdir(0o755)
    if kind == "not mine":
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+net_raw",
                  "--ambient-caps=+net_raw"]
        for above in (tmp_path, *tmp_path.parents[:2]):
            above.chmod(0o755)
    done = Capture("--ring", str(folder), start=False, prefix=prefix).wait(2)
    assert re.search(text, done.messages), done.messages
    assert done.output == [] and not (folder.is_dir() and list(folder.iterdir()))


def test_usage():
    assert "--ring-size goes with --ring only" in Capture("--ring-size=2M", start=False).wait(2).messages


def test_rights(tmp_path):
    """The process that writes the files is not root, and writes no longer file than it must."""
    capture = Capture("--ring", str(tmp_path / "ring"), "--ring-size=64M")
    pid = capture.find("capture")
    assert status(pid)["Uid"].split() == ["65534"] * 4 and int(status(pid)["CapEff"], 16) == 0
    with open("/proc/%d/limits" % pid, encoding="ascii") as source:
        limits = {entry[:26].strip(): entry[26:].split()[:2] for entry in source}
    assert limits["Max file size"] == [str(4 << 20)] * 2
    capture.interrupt()
    capture.wait()
