# SPDX-License-Identifier: BSD-2-Clause
"""Words, files and limits that come from an enemy, or from bad luck: see docs/threats.md."""

import json
import os
import re
import resource
import signal
import subprocess
import threading
import time

import pytest

import espcap
import fakes
import frames

PACKETS = 20

HOSTILE = ("-w/tmp/espcap-threat", "-X lua_script:/tmp/x.lua", "--export-objects", "$(touch /tmp/espcap-threat)",
           "`id`", "; id", "| id", "& id", "a\nb", "a\tb", "' or ''", '"', "\\", "%n%s", "*", "~", "--", "-",
           "tcp.port==1 -w /tmp/x", "@/etc/passwd", "\x1b[31m", "\u202e", "a" * 4000)

TELLS_WORDS = """
import json
with open(os.path.join(HERE, "flags", "words"), "w") as target:
    json.dump(words, target)
for line in real():
    out.write(line)
"""
# The words under test would keep the real one from working.
TELLS_WORDS_AND_GOES_ON = TELLS_WORDS.replace("for line", "words[:] = ['-r', '-', '-T', 'ek', '-V', '-P']\nfor line")

WITHOUT_LEAKS = (os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0").lstrip(":")


def write_capture(path, count=PACKETS):
    with open(path, "wb") as target:
        target.write(frames.pcap([frames.plain(b"packet %d" % number) for number in range(count)]))
    return path


@pytest.fixture
def good(folder):
    return write_capture(os.path.join(folder, "good.pcap"))


def words_of(fake, *arguments):
    """What tshark was given, as the list it got."""
    fake.behave(TELLS_WORDS_AND_GOES_ON)
    result = espcap.run(*arguments, "--dissection=ek", "--tshark", fake.path, fakes.FREE)
    told = fake.flag("words")
    return result, None if told is None else json.loads(told)


def test_hostile_words_stay_words(good, fake):
    """Each is one argument behind its own letter, whatever stands in it, and adds none."""
    _, plain = words_of(fake, "--file", good)
    given = [part for word in HOSTILE for part in ("--decode-as", word)]
    result, words = words_of(fake, "--file", good, *given)
    assert words is not None, result.errors
    first = words.index("-d")
    assert words[first:first + 2 * len(HOSTILE)] == [part for word in HOSTILE for part in ("-d", word)]
    assert words[:first] + words[first + 2 * len(HOSTILE):] == plain
    assert not os.path.exists("/tmp/espcap-threat")


@pytest.mark.parametrize("word", ("-w/tmp/espcap-threat", "-X lua_script:/tmp/x.lua", "a\nb"), ids=range(3))
def test_a_hostile_display_filter_stays_one_word(word, good, fake):
    _, plain = words_of(fake, "--file", good, "--display-filter", "eth")
    result, words = words_of(fake, "--file", good, "--display-filter", word)
    assert words is not None, result.errors
    assert words == [word if known == "eth" else known for known in plain]
    assert not os.path.exists("/tmp/espcap-threat")


def test_hostile_file_names_are_no_words_at_all(folder, fake):
    """tshark reads what espcap feeds it, and never learns the names."""
    names = [word + ".pcap" for word in HOSTILE[2::2] if "/" not in word and len(word) < 200]
    inputs = os.path.join(folder, "inputs")
    os.makedirs(inputs)
    for name in names:
        write_capture(os.path.join(inputs, name))
    _, plain = words_of(fake, "--file", write_capture(os.path.join(folder, "plain.pcap")))
    result, words = words_of(fake, "--dir", inputs, "--jobs=1")
    assert result.code == 0 and len(result.documents) == PACKETS * len(names), result.errors
    assert words == plain


PLANTED_LUA = """
local target = io.open(%r, "w")
target:write("planted")
target:close()
"""


def plant(home, trace):
    """All that a tshark looks for in a home and where it is started, each of it made to show."""
    for place in (".config/wireshark", ".wireshark", ".local/lib/wireshark/plugins", "."):
        os.makedirs(os.path.join(home, place), exist_ok=True)
        for name, text in (("preferences", "tcp.relative_sequence_numbers: FALSE\nframe.force_docsis_encap: TRUE\n"),
                           ("init.lua", PLANTED_LUA % trace), ("planted.lua", PLANTED_LUA % trace),
                           ("hosts", "10.0.0.1 planted.example\n"), ("decode_as_entries", "decode_as_entry: udp.port,9,dns,(none)\n"),
                           ("disabled_protos", "udp\n"), ("ethers", "02:00:00:00:00:01 planted\n")):
            with open(os.path.join(home, place, name), "w", encoding="ascii") as target:
                target.write(text)


def documents_of(path, cwd, environment=None):
    result = espcap.run("--file", path, cwd=cwd, environment=environment)
    assert result.code == 0, result.errors
    return result.output


def test_planted_configuration_does_nothing(folder):
    """Neither preferences, plugins and scripts of the user's nor of the directory, nor variables, reach tshark."""
    path = os.path.join(folder, "flow.pcap")
    with open(path, "wb") as target:
        target.write(frames.pcap([frames.tcp(b"hello", sequence=5000), frames.udp(b"\0" * 12), frames.tcp(b"you", sequence=5005)]))
    home, clean, trace = (os.path.join(folder, name) for name in ("home", "clean", "trace"))
    os.makedirs(home)
    os.makedirs(clean)
    plant(home, trace)
    before = documents_of(path, clean, {"HOME": clean})
    variables = {"HOME": home, "XDG_CONFIG_HOME": os.path.join(home, ".config"), "WIRESHARK_CONFIG_DIR": home,
                 "WIRESHARK_DATA_DIR": home, "WIRESHARK_PLUGIN_DIR": home, "WIRESHARK_RUN_FROM_BUILD_DIRECTORY": "1",
                 "LUA_INIT": "@" + os.path.join(home, "init.lua"), "LUA_PATH": home + "/?.lua", "LC_ALL": "tr_TR.UTF-8",
                 "XDG_CACHE_HOME": os.path.join(folder, "cache")}
    assert documents_of(path, home, variables) == before
    assert not os.path.exists(trace)
    assert b"planted" not in before
    # What was planted does work, where it is let in.
    seen = subprocess.run(["tshark", "-r", path, "-T", "ek", "-V", "-P"], capture_output=True, check=True, cwd=home,
                          env={"PATH": os.environ["PATH"], "HOME": home, "WIRESHARK_CONFIG_DIR": home}).stdout
    assert os.path.exists(trace) or b"planted" in seen


def worked_or_says_why(result, why):
    """As if nothing was, or an exit status for a fault of the system, with a text that names it."""
    if result.code == 0:
        assert len(result.documents) == PACKETS
    else:
        assert result.code == 1 and why in result.errors, (result.code, result.errors)


@pytest.mark.parametrize("limit", (8, 9, 10, 11, 12, 14, 16, 18, 20, 22, 24, 64))
def test_few_descriptors(limit, good):
    """With so few descriptors it works or says why not; it never hangs, dies or ends as if all was well."""
    result = espcap.run("--file", good, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    worked_or_says_why(result, "Too many open files")
    # Enough for sure: the limits below are a matter of what the libraries open.
    assert result.code == 0 or limit < 64, result.errors


@pytest.mark.parametrize("count", (0, 1, 2, 3, 5))
def test_few_processes(count, good, unprivileged):
    """The system lets its user start no more processes."""
    if not unprivileged:
        pytest.skip("needs root, to be somebody else")
    script = 'ulimit -u "$0"; exec "$@"'
    # The search for leaks is a process, too.
    result = espcap.run("--file", good, prefix=[*unprivileged, "bash", "-c", script, str(count)],
                        environment={"ASAN_OPTIONS": WITHOUT_LEAKS})
    worked_or_says_why(result, "Resource temporarily unavailable")


def test_a_storm_of_signals(folder):
    """Signals that mean nothing, or ask for a line, a few thousand times: every packet has its document."""
    path = write_capture(os.path.join(folder, "many.pcap"), 6000)
    # LeakSanitizer stops the process with SIGSTOP, which the next SIGCONT takes back: it would wait for ever.
    environment = {**espcap.ENVIRONMENT, "ASAN_OPTIONS": WITHOUT_LEAKS}
    with open(os.path.join(folder, "out"), "wb") as output:
        child = subprocess.Popen(espcap.command("--file", path), stdout=output, stderr=subprocess.PIPE,
                                 env=environment)
        over = threading.Event()

        def storm():
            # SIGPIPE and SIGUSR1 are set up by the time the first document is out.
            while not over.is_set() and child.poll() is None:
                output.seek(0, os.SEEK_END)
                numbers = (signal.SIGCHLD, signal.SIGCONT)
                if output.tell() > 0:
                    numbers += (signal.SIGPIPE, signal.SIGUSR1)
                for number in numbers:
                    child.send_signal(number)
                time.sleep(0.0005)

        thread = threading.Thread(target=storm)
        thread.start()
        errors = child.stderr.read().decode()
        child.wait(60)
        over.set()
        thread.join()
    assert child.returncode == 0, errors
    with open(os.path.join(folder, "out"), "rb") as source:
        assert source.read().count(b"\n") == 6000
    assert not espcap.SANITIZER.search(errors), errors
    assert "so far: read=" in errors


def test_a_large_filter_is_no_attack(good):
    """Ten thousand alternatives: compiled once, or refused with libpcap's words."""
    expression = " or ".join("port %d" % (1 + number) for number in range(10000))
    begin = time.process_time()
    result = espcap.run("--file", good, "--bpf", expression, timeout=60)
    assert result.code in (0, 2), result.errors
    assert time.process_time() - begin < 60
    if result.code == 2:
        assert "--bpf" in result.errors


def test_core_dumps_hold_no_packets(good, fake):
    """Neither espcap nor tshark leaves its memory behind."""
    fake.behave("""
import resource
with open(os.path.join(HERE, "flags", "core"), "w") as target:
    target.write("%d" % resource.getrlimit(resource.RLIMIT_CORE)[0])
for line in real():
    out.write(line)
""")
    result = espcap.run("--file", good, "--dissection=ek", "--tshark", fake.path, fakes.FREE, preexec_fn=lambda:
                        resource.setrlimit(resource.RLIMIT_CORE, resource.getrlimit(resource.RLIMIT_CORE)))
    assert result.code == 0, result.errors
    # One byte, so that the kernel does not hand it to a program either: core(5).
    assert fake.flag("core") in ("0", "1")


def test_names_in_a_filter_are_asked_for_by_espcap_alone(good):
    """A name in --bpf is looked up as tcpdump does; one that does not exist ends in libpcap's words, exit 2."""
    result = espcap.run("--file", good, "--bpf", "host no-such-name.invalid")
    assert result.code == 2 and "no-such-name.invalid" in result.errors and "--bpf" in result.errors


def test_the_tests_that_the_table_names_exist():
    with open(os.path.join(espcap.ROOT, "docs", "threats.md"), encoding="utf-8") as source:
        names = set(re.findall(r"(?<!/)\b(test_\w+)\b(?!\.[cp])", source.read()))
    defined = set()
    for name in os.listdir(os.path.join(espcap.ROOT, "tests", "system")):
        if name.startswith("test_") and name.endswith(".py"):
            with open(os.path.join(espcap.ROOT, "tests", "system", name), encoding="utf-8") as source:
                defined |= set(re.findall(r"^def (test_\w+)", source.read(), re.M))
    assert names and names <= defined, names - defined
