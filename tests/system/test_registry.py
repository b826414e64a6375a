# SPDX-License-Identifier: BSD-2-Clause
"""--watch: what the registry knows a capture by, how far it was delivered, and which files --after deletes."""

import collections
import gzip
import mmap
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pytest

import conserve
import espcap
import fake_faults as faults
import fake_server
import fakes
import frames
from conftest import needs_root
from test_watch import (Watch, append, capture, registry_of, payloads, place, records,  # noqa: F401 (place is a fixture)
                        states_of)

QUICK = "--watch-idle=1s"


def write(path, packets, linktype=frames.ETHERNET):
    """A capture of these records."""
    with open(path, "wb") as target:
        target.write(frames.pcap_header(linktype=linktype) + b"".join(packets))


class Counted(Watch):
    """With the counts of a final line that has more of them, such as maybe_duplicate."""

    def end(self, code=0, number=signal.SIGTERM, seconds=60):
        self.process.send_signal(number)
        assert self.process.wait(seconds) == code, self.messages
        for thread in self.threads:
            thread.join(5)
        assert not espcap.SANITIZER.search(self.messages), self.messages
        counts = conserve.final_line(self.messages)
        return {**counts, "delivered": counts["indexed"]}


def run(place, *options, ends=(), code=0, **keywords):
    """A run that goes on until each of these files was read, or known. Returns it and its counts."""
    watch = (Counted if "--id=auto" in options else Watch)(place, QUICK, *options, **keywords)
    for name in ends:
        watch.says(r"in/%s: (finished|skipped: it was read before)" % re.escape(name))
    return watch, watch.end(code=code)


def known(place, name):
    """A run in which this file is known, and nothing of it is read."""
    watch, counts = run(place, ends=[name])
    assert counts["read"] == 0 and watch.documents == []
    assert "in/%s: skipped: it was read before" % name in watch.messages


# What a capture is known by.

@pytest.mark.parametrize("count", [60, 50, 30], ids=["larger", "as-large", "smaller"])
@pytest.mark.parametrize("again", [False, True], ids=["same-run", "next-run"])
def test_another_capture_with_the_same_first_packet(place, count, again):
    first, others = records(50, 1), records(60, 2)
    write(place / "in" / "a", first)
    watch = Watch(place, QUICK)
    watch.finished("a")
    if again:
        watch.end()
        watch = Watch(place, QUICK)
        watch.says("in/a: skipped: it was read before")
    write(place / "in" / "b", first[:1] + others[1:count])
    watch.finished("b")
    counts = watch.end()
    assert counts["duplicate"] == 0 and counts["delivered"] == count + (0 if again else 50)
    assert sum(document["file_name"] == "in/b" for document in watch.documents) == count


def test_another_capture_with_ids_of_the_server(place):
    first, others = records(50, 1), records(50, 2)
    with fake_server.Server() as server:
        write(place / "in" / "a", first)
        write(place / "in" / "b", first[:1] + others[1:])
        run(place, "--id=auto", "--jobs=1", ends=["a", "b"], node=server)
        assert len(server.ledger) == 100
        write(place / "in" / "c", first[:1] + others[30:])
        _, counts = run(place, "--id=auto", ends=["a", "b", "c"], node=server)
        assert counts["delivered"] == 21 and len(server.ledger) == 121


def rename(path):
    os.rename(path, path.with_name("other"))
    return "other"


def compress(path):
    path.with_name("other").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return "other"


def copy(path):
    shutil.copy(path, path.with_name("other"))
    return "other"


def copy_onto_itself(path):
    content = path.read_bytes()
    with open(path, "wb", buffering=0) as target:
        target.write(content[:100])
        time.sleep(0.3)
        target.write(content[100:])
    return path.name


def link(path):
    os.link(path, path.with_name("other"))
    return "other"


def touch(path):
    path.touch()
    return path.name


def change_mode(path):
    path.chmod(0o600 if path.stat().st_mode & 0o777 != 0o600 else 0o640)
    return path.name


@pytest.mark.parametrize("change", [rename, compress, copy, copy_onto_itself, link, touch, change_mode])
def test_the_same_capture_is_never_printed_twice(place, change):
    """While espcap runs, and while it does not."""
    path = place / "in" / "cap"
    capture(path, 20, 1)
    watch = Watch(place, QUICK)
    watch.finished("cap")
    name = change(path)
    if change is not rename:
        watch.says("in/%s: skipped: it was read before" % name)
    else:
        time.sleep(1)
    assert watch.end()["delivered"] == 20
    path = place / "in" / name
    known(place, name)
    name = change(path) if change not in (copy, link, compress) else name
    known(place, name)


@pytest.mark.parametrize("names", ["links", "copies"])
@pytest.mark.parametrize("started", [False, True], ids=["there-before", "arrives-later"])
def test_copies_that_arrive_together_are_printed_once(place, names, started):
    """Only when one of them is in the registry are the others known."""
    watch = Watch(place, QUICK, "--jobs=4") if started else None
    if watch:
        watch.says("watching")
    write(place / "in" / "a", records(20, 1))
    for name in ("b", "c"):
        if names == "links":
            os.link(place / "in" / "a", place / "in" / name)
        else:
            shutil.copy(place / "in" / "a", place / "in" / name)
    if names == "copies":
        (place / "in" / "d").write_bytes(gzip.compress((place / "in" / "a").read_bytes()))
    count = len(list((place / "in").iterdir()))
    watch = watch or Watch(place, QUICK, "--jobs=4")
    watch.says("in/.: skipped: it was read before", times=count - 1)
    counts = watch.end()
    assert counts["read"] == counts["delivered"] == 20


def test_a_link_that_is_removed_while_the_file_is_read(place):
    """Nothing of it is lost."""
    watch = Watch(place, "--jobs=4", "--watch-idle=5s")
    write(place / "in" / "a", records(20, 1))
    watch.printed(20)
    os.link(place / "in" / "a", place / "in" / "b")
    time.sleep(1)
    os.unlink(place / "in" / "b")
    watch.finished("a")
    assert watch.end()["delivered"] == 20


def test_another_capture_with_the_same_first_packet_while_the_first_grows(place):
    """A file that grows all the time does not hold up that of another sensor."""
    watch = Watch(place, "--watch-idle=4s", "--jobs=4")
    first, others, stopped = records(2000, 1), records(20, 2), threading.Event()

    def grow():
        for record in first[1:]:
            if stopped.wait(0.1):
                return
            append(place / "in" / "a", record)

    write(place / "in" / "a", first[:1])
    writer = threading.Thread(target=grow)
    writer.start()
    try:
        watch.printed(1)
        write(place / "in" / "b", first[:1] + others)
        watch.says("in/b: begins", seconds=30)
        assert "in/a: finished" not in watch.messages
    finally:
        stopped.set()
        writer.join()
    watch.finished("a", "b")
    counts = watch.end()
    assert counts["duplicate"] == 0
    assert sum(document["file_name"] == "in/b" for document in watch.documents) == 21


@needs_root
def test_what_is_unchanged_is_not_read(place):
    """Only opened, and its first packet read; root may see how much a process has read."""
    path = place / "in" / "cap"
    write(path, records(20000, 1))
    run(place, ends=["cap"])
    size = os.path.getsize(path)
    assert size > 1 << 21
    read = []
    for change in (lambda: None, path.touch):
        change()
        watch = Watch(place, QUICK)
        watch.says("in/cap: skipped: it was read before")
        with open("/proc/%d/io" % watch.process.pid, encoding="ascii") as source:
            read.append(int(re.search(r"rchar: (\d+)", source.read()).group(1)))
        watch.end()
    assert read[1] - read[0] > size * 0.8


def test_continued_under_another_name(place):
    """As a writer leaves it that copies, goes on and rotates: only what is new is printed."""
    parts = records(9, 1)
    write(place / "in" / "cap", parts[:5])
    run(place, ends=["cap"])
    write(place / "in" / "cap.1", parts)
    os.unlink(place / "in" / "cap")
    watch, counts = run(place, ends=["cap.1"])
    assert counts["duplicate"] == 5 and counts["delivered"] == 4
    assert [document["espcap"]["ordinal"] for document in watch.documents] == [6, 7, 8, 9]


def test_written_anew_while_it_is_read(place):
    """With the same first packet, which is longer than what is remembered of the beginning, and longer than before."""
    first = frames.pcap_record(frames.udp(bytes(1400)))
    path = place / "in" / "cap"
    write(path, [first, *records(4, 1)])
    watch = Watch(place)
    watch.printed(5)
    time.sleep(0.5)
    with open(path, "r+b", buffering=0) as target:
        target.truncate(0)
        target.write(frames.pcap_header() + first + b"".join(records(8, 2)))
    watch.says("in/cap: was truncated and rewritten")
    watch.printed(14)
    counts = watch.end()
    assert counts["delivered"] == counts["read"] == 14
    found = collections.Counter(map(conserve.payload_of, watch.documents))
    assert all(found[payload] == 1 for payload in payloads(conserve.make_packets(8, 2)))


def test_copied_onto_itself_while_it_is_read(place):
    """What was read of it before was printed, and is not printed again."""
    path = place / "in" / "cap"
    write(path, records(5, 1))
    watch = Watch(place)
    watch.printed(5)
    time.sleep(0.5)
    copy_onto_itself(path)
    watch.says("in/cap: begins; its first packets were delivered before|in/cap: skipped: it was read before")
    append(path, b"".join(records(7, 1)[5:]))
    watch.printed(7)
    counts = watch.end()
    assert counts["delivered"] == 7
    assert [document["espcap"]["ordinal"] for document in watch.documents] == [1, 2, 3, 4, 5, 6, 7]


def test_captures_without_packets(place):
    """Equal headers are no beginning of each other that could lose a packet."""
    for name in ("a", "b"):
        write(place / "in" / name, [])
    watch = Watch(place, QUICK)
    watch.finished("a", "b")
    append(place / "in" / "a", b"".join(records(3, 1)))
    append(place / "in" / "b", b"".join(records(4, 2)))
    watch.printed(7)
    watch.says("in/a: finished", times=2)
    watch.says("in/b: finished", times=2)
    assert watch.end()["delivered"] == 7
    # The longer of two files of which one is the beginning of the other.
    write(place / "in" / "c", records(3, 1) + records(5, 3)[3:])
    watch, counts = run(place, ends=["a", "b", "c"])
    assert counts["delivered"] == 2 and counts["duplicate"] == 3


def test_an_opaque_format(place):
    """One that only tshark reads: known by its bytes."""
    source = place / "source"
    capture(source, 12, 1)
    subprocess.run(["editcap", "-F", "snoop", str(source), str(place / "in" / "cap")], check=True)
    _, counts = run(place, ends=["cap"])
    assert counts["delivered"] == 12
    os.rename(place / "in" / "cap", place / "in" / "other")
    known(place, "other")


def test_a_registry_of_version_1(place):
    """Its entries hold while device, inode and size agree."""
    for number, name in enumerate(["a", "b"]):
        capture(place / "in" / name, 10, number + 1)
    run(place, ends=["a", "b"])
    (registry,) = (place / "state" / "espcap").iterdir()
    lines = ["# captures that espcap --watch has read: capture device:inode bytes packets state time name"]
    lines += [" ".join([entry.capture, entry.file, entry.size, entry.packets, entry.state, entry.time, entry.name])
              for entry in registry_of(place)]
    registry.write_text("\n".join(lines) + "\n")
    shutil.copy(place / "in" / "b", place / "in" / "c")
    os.unlink(place / "in" / "b")
    watch, counts = run(place, ends=["a", "c"])
    assert "in/a: skipped: it was read before" in watch.messages
    assert counts["delivered"] == 10 and {document["file_name"] for document in watch.documents} == {"in/c"}
    assert "damaged" not in watch.messages
    watch, counts = run(place, ends=["a", "c"])
    assert counts["read"] == 0


def test_a_registry_of_a_later_version(place):
    capture(place / "in" / "a", 10, 1)
    run(place, ends=["a"])
    (registry,) = (place / "state" / "espcap").iterdir()
    registry.write_text(registry.read_text().replace("\n2 ", "\n3 "))
    watch, counts = run(place, ends=["a"])
    assert counts["delivered"] == 10
    assert "1 lines were written by a newer espcap" in watch.messages
    known(place, "a")


# How far it was delivered.

def usb():
    """A packet of a link type on which --bpf=udp has no meaning: USB with Linux's header of 64 bytes."""
    return frames.pcap_record(bytes(64))


@pytest.mark.parametrize("age", [0, 300], ids=["new", "old"])
def test_a_filter_that_cannot_be_compiled(place, age):
    """What it kept from being read is read in the next run, and that is said; not again and again in the same."""
    write(place / "in" / "cap", [usb() for _ in range(5)], linktype=220)
    os.utime(place / "in" / "cap", (time.time() - age,) * 2)
    watch = Watch(place, QUICK, "--bpf=udp port 9", "--after=delete")
    write(place / "in" / "later", [usb()], linktype=220)
    watch.says("in/cap: finished")
    watch.says("in/cap: .*(--bpf|link type)")
    # The folder is looked through meanwhile.
    time.sleep(6)
    watch.end(code=2)
    assert len(re.findall("in/cap: begins", watch.messages)) == 1 and (place / "in" / "cap").exists()
    os.unlink(place / "in" / "later")
    assert "delivered" not in dict(states_of(place)).values()
    watch, counts = run(place, ends=["cap"])
    assert counts["delivered"] == 5 and "in/cap: reading again" in watch.messages
    known(place, "cap")


def test_a_filter_that_has_no_meaning_for_some_packets(place):
    """They are not delivered: the file stays, and the next run without the filter delivers only them."""
    sections = frames.pcap_header(), frames.pcap_header(linktype=220)
    seen, unseen = records(5, 1), [usb() for _ in range(3)]
    watch = Watch(place, QUICK, "--bpf=udp", "--after=delete")
    watch.says("watching")
    (place / "in" / "cap").write_bytes(
        sections[0] + b"".join(seen[:2]) + sections[1] + b"".join(unseen) + sections[0] + b"".join(seen[2:]))
    watch.says("in/cap: (finished|left)")
    counts = watch.end()
    assert counts["delivered"] == 5 and counts["skipped"] == 3
    assert "in/cap: stays where it is" in watch.messages and (place / "in" / "cap").exists()
    (entry,) = registry_of(place)
    assert (entry.state, entry.packets, entry.failed) == ("failed", "8", "3-5")
    watch, counts = run(place, ends=["cap"])
    assert "in/cap: reading again: an earlier run did not deliver 3 packets of it" in watch.messages
    assert counts["read"] == 8 and counts["delivered"] == 3 and counts["duplicate"] == 5
    known(place, "cap")


def test_packets_that_were_not_dissected_are_tried_again(place, fake):
    capture(place / "in" / "cap", 20, 1)
    fake.behave(fakes.CRASHES_AT % "5, 6, 17")
    options = ("--tshark", fake.path, "--dissection=ek", fakes.FREE)
    watch = Watch(place, QUICK, "--after=delete", *options)
    capture(place / "in" / "later", 1, 2)
    watch.finished("cap")
    watch.says("in/cap: stays where it is")
    # Once in this run, however often it is looked at.
    time.sleep(1.5)
    append(place / "in" / "later", b"")
    counts = watch.end(code=4)
    assert counts["delivered"] == 18 and counts["undissected"] == 3
    assert len(re.findall("in/cap: begins", watch.messages)) == 1
    assert (place / "in" / "cap").exists()
    (entry,) = [entry for entry in registry_of(place) if entry.name == "cap"]
    assert (entry.state, entry.packets, entry.failed) == ("failed", "20", "5-6,17")
    os.unlink(place / "in" / "later")
    # It fails again, and nothing is printed twice.
    watch, counts = run(place, *options, ends=["cap"], code=4)
    assert watch.documents == [] and counts["undissected"] == 3 and counts["duplicate"] == 17
    assert "in/cap: reading again: an earlier run did not deliver 3 packets of it" in watch.messages
    fake.behave(fakes.HONEST)
    watch, counts = run(place, *options, ends=["cap"])
    assert [document["espcap"]["ordinal"] for document in watch.documents] == [5, 6, 17]
    assert counts["duplicate"] == 17
    assert [entry.state for entry in registry_of(place) if entry.name == "cap"][-1] == "delivered"
    known(place, "cap")


def test_a_tshark_that_was_given_up(place, fake):
    capture(place / "in" / "cap", 60, 1)
    fake.behave(fakes.CRASHES_AT % ", ".join(map(str, range(20, 50))))
    options = ("--tshark", fake.path, "--dissection=ek", fakes.FREE)
    _, counts = run(place, *options, ends=["cap"], code=4)
    printed = counts["delivered"]
    assert printed < 31
    fake.behave(fakes.HONEST)
    _, counts = run(place, *options, ends=["cap"])
    assert counts["delivered"] == 60 - printed and counts["duplicate"] == printed


def test_a_server_that_went_away(place):
    """Nothing is entered that the server did not confirm."""
    capture(place / "in" / "a", 40, 1)
    capture(place / "in" / "b", 40, 2)
    with fake_server.Server(faults.Hang(seconds=60, text=b'in/b"', times=None)) as server:
        watch = Watch(place, QUICK, "--jobs=1", node=server)
        watch.finished("a")
        watch.says("in/b: begins")
        time.sleep(1)
        watch.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        watch.end(code=-signal.SIGTERM)
        assert states_of(place) == [("a", "delivered")]
        server.faults.clear()
        _, counts = run(place, ends=["a", "b"], node=server)
        assert counts["delivered"] == 40 and len(server.ledger) == 80


# Which files are deleted.

def waiting(place, change, *options, content=None):
    """A file is read, and while its documents wait for the server it is changed. Returns the run at its end."""
    server = fake_server.Server(faults.Hang(seconds=4, text=b'in/a"'))
    with server:
        capture(place / "in" / "a", 30, 1)
        capture(place / "b", 30, 2)
        watch = Counted(place, QUICK, "--after=delete", "--latency=100ms", *options, node=server)
        watch.until(lambda: len(server.bulks) > 0, "bulk request")
        os.rename(place / "b", place / "in" / "b")
        time.sleep(2)
        assert (place / "in" / "a").exists()
        change(place / "in" / "a")
        watch.until(lambda: not list((place / "in").iterdir()), "empty folder", 30)
        counts = watch.end()
        assert server.violations == []
        found = collections.Counter(conserve.payload_of(entry.document) for entry in server.ledger)
        wanted = payloads(conserve.make_packets(30, 1)) + payloads(conserve.make_packets(30, 2))
        assert found == wanted + payloads(content or [])
    return watch, counts


def test_rewritten_to_the_same_size_while_its_documents_wait(place):
    content = [frames.udp(bytes([number]) * (len(packet) - 42))
               for number, packet in enumerate(conserve.make_packets(30, 1))]

    def change(path):
        size = path.stat().st_size
        with open(path, "r+b") as target:
            target.write(frames.pcap_header() + b"".join(frames.pcap_record(data) for data in content))
        assert path.stat().st_size == size

    watch, _ = waiting(place, change, content=content)
    assert len(re.findall("in/a: begins", watch.messages)) == 2


def test_rewritten_with_its_first_packet_while_its_documents_wait(place):
    content = conserve.make_packets(30, 7)[1:]

    def change(path):
        write(path, records(30, 1)[:1] + records(30, 7)[1:])

    waiting(place, change, content=content)


def test_replaced_while_its_documents_wait(place):
    content = conserve.make_packets(30, 7)

    def change(path):
        write(place / "new", records(30, 7, start=90000))
        os.rename(place / "new", path)

    waiting(place, change, content=content)


def test_grown_while_its_documents_wait(place):
    content = conserve.make_packets(40, 1)[30:]

    def change(path):
        append(path, b"".join(records(40, 1)[30:]))

    waiting(place, change, content=content)


@pytest.mark.parametrize("kept", [0, 1], ids=["all", "but-the-first-packet"])
def test_rewritten_through_a_mapping_while_more_is_waited_for(place, kept):
    """Its device, inode, size and change time stay the same. It is read again once, as a whole."""
    packets = [frames.pcap_record(frames.udp(bytes([number]) * 60)) for number in range(40)]
    write(place / "in" / "a", packets[:20])
    with open(place / "in" / "a", "r+b") as target:
        mapping = mmap.mmap(target.fileno(), 0)
    mapping[:1] = mapping[:1]
    time.sleep(2)
    watch = Watch(place, QUICK, "--after=delete")
    watch.printed(20)
    time.sleep(3)
    mapping[:] = frames.pcap_header() + b"".join(packets[:kept] + packets[20:40 - kept])
    watch.printed(40)
    time.sleep(2)
    mapping.close()
    watch.until(lambda: not list((place / "in").iterdir()), "empty folder", 30)
    counts = watch.end()
    assert len(re.findall("in/a: begins", watch.messages)) == 2
    assert counts["read"] == counts["delivered"] == 40


def move_on(path):
    os.rename(path, path.with_name("a.1"))


def link_outside(path):
    os.link(path, path.parent.parent / "linked")


@pytest.mark.parametrize("change", [touch, change_mode, link_outside, move_on])
@pytest.mark.parametrize("ids", ["packet", "auto"])
def test_touched_while_its_documents_wait(place, change, ids):
    """Only its time of change is another: it is what was delivered, which is compared, and it is delivered once."""
    watch, counts = waiting(place, change, "--id=" + ids)
    assert counts["delivered"] == 60
    # Another time of its content is reason to look at once; the server has its documents already.
    assert counts["duplicate"] == (30 if change is touch and ids == "packet" else 0)
    assert len(re.findall("in/a: begins", watch.messages)) == (2 if counts["duplicate"] else 1)


@pytest.fixture
def everybody():
    """A folder that everybody may enter, with the watched one and one for the registry, of user nobody."""
    made = pathlib.Path(tempfile.mkdtemp())
    made.chmod(0o755)
    for name in ("in", "state"):
        (made / name).mkdir()
        if os.geteuid() == 0:
            os.chown(made / name, 65534, 65534)
    yield made
    while Watch.started:
        process = Watch.started.pop()
        if process.poll() is None:
            process.kill()
        process.wait()
    shutil.rmtree(made)


def give(path, user):
    if os.geteuid() == 0:
        os.chown(path, user, user)


@pytest.mark.parametrize("hold", ["file", "mapping"])
@pytest.mark.parametrize("count", [3, 0], ids=["packets", "header-only"])
@pytest.mark.parametrize("user", [0, 65534], ids=["root", "plain"])
def test_what_somebody_has_open_for_writing_stays(everybody, hold, count, user, plain_user):
    """A quiet interface: others have come, nothing was written for long, and the file is not closed."""
    folder = everybody / "in"
    if user == os.geteuid():
        plain_user = ()

    def add(name, seed):
        capture(everybody / name, 3, seed)
        give(everybody / name, user)
        os.rename(everybody / name, folder / name)

    writer = open(folder / "a", "w+b", buffering=0)
    give(folder / "a", user)
    writer.write(frames.pcap_header() + b"".join(records(count, 1)))
    watch = Watch(everybody, QUICK, "--after=delete", "--jobs=4", prefix=plain_user)
    watch.says("in/a: begins")
    held = writer
    if hold == "mapping":
        held = mmap.mmap(writer.fileno(), 0)
        writer.close()
    add("b", 2)
    add("c", 3)
    watch.until(lambda: not (folder / "b").exists(), "deleted file")
    time.sleep(3)
    assert (folder / "a").exists()
    if hold == "file":
        writer.write(records(count + 1, 1)[count])
        watch.printed(count + 7)
    held.close()
    watch.until(lambda: not (folder / "a").exists(), "deleted file")
    counts = watch.end()
    # It was read on all the time, not again.
    assert counts["read"] == counts["delivered"] == count + 6 + (hold == "file")


@needs_root
def test_a_file_of_which_nobody_can_tell_who_writes(everybody, plain_user):
    """Another user's, for who has no CAP_LEASE: closing must be seen. One warning for all of them."""
    folder = everybody / "in"
    for number, name in enumerate(["a", "b"]):
        capture(folder / name, 3, number + 1)
        os.utime(folder / name, (time.time() - 300,) * 2)
    watch = Watch(everybody, QUICK, "--after=delete", prefix=plain_user)
    watch.says("in/a: begins")
    for number, name in enumerate(["c", "d"]):
        capture(folder / name, 3, number + 3)
        time.sleep(0.5)
    watch.finished("a", "b", "c")
    watch.until(lambda: not (folder / "c").exists(), "deleted file")
    time.sleep(1.5)
    assert (folder / "a").exists() and (folder / "b").exists()
    watch.end()
    assert len(re.findall("it is unknown whether a writer still has it open", watch.messages)) == 1


def test_killed_before_the_registry_knew(place):
    """Whenever espcap is killed: a file that is gone is on the server."""
    rng = iter([0.1, 0.25, 0.4, 0.6, 0.9])
    with fake_server.Server(faults.Slow(0.03, times=None)) as server:
        for number in range(12):
            capture(place / "in" / ("cap%d" % number), 100, number + 1)
            os.utime(place / "in" / ("cap%d" % number), (time.time() - 300,) * 2)
        for pause in rng:
            watch = Watch(place, QUICK, "--after=delete", node=server)
            watch.says("begins|was read before")
            time.sleep(pause)
            watch.process.kill()
            watch.process.wait()
        watch = Watch(place, QUICK, "--after=delete", node=server)
        watch.says(r"finished|was read before")
        watch.until(lambda: len(os.listdir(place / "in")) <= 1, "nearly empty folder", 60)
        watch.end()
        assert server.violations == []
        found = collections.Counter(conserve.payload_of(entry.document) for entry in server.ledger)
        assert found == sum((payloads(conserve.make_packets(100, number + 1)) for number in range(12)),
                            collections.Counter())


def test_a_name_that_a_killed_run_had_hidden(place):
    """It was about to delete the file: it has its name again, and is read."""
    capture(place / "in" / ".espcap-after.cap", 3, 1)
    watch = Watch(place, QUICK, "--after=delete")
    watch.printed(3)
    capture(place / "in" / "later", 3, 2)
    watch.until(lambda: not (place / "in" / "cap").exists(), "deleted file")
    assert watch.end()["delivered"] == 6
