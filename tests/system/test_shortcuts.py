# SPDX-License-Identifier: BSD-2-Clause
"""What shortcuts.so spares tshark (plugin/texts.c, marked.c, lists.c, enterprises.c, heap.c, ending.c): documents are the same without it."""

import collections
import os
import re
import shutil
import struct
import subprocess
import tempfile

import pytest

import conserve
import espcap
import frames
import tshark
from test_dissection import PLUGIN, VERSION, WITH, folder, good, needs_plugin, tree  # noqa: F401 (fixtures)
from test_tsharks import batches

SHORTCUTS = os.path.join(os.path.dirname(PLUGIN), "shortcuts.so")
WITHOUT = "tshark runs without shortcuts.so, which takes longer: "
SAME = "shortcuts.so: the self-test gives the same packets"
DIFFER = "the self-test gives different packets"
CACHED = " (from the cache)\n"
MAKES_ALL = "tshark makes all fields, not only those of --fields: "

pytestmark = needs_plugin


@pytest.fixture
def copied(tree):  # noqa: F811
    tree.copy()
    tree.shortcuts = os.path.join(os.path.dirname(tree.plugin), "shortcuts.so")
    shutil.copy(SHORTCUTS, tree.shortcuts)
    os.chmod(tree.shortcuts, 0o644)
    return tree


def loaded(made, *options):
    """What LD_PRELOAD names for a tshark at work, and which of our objects it has in its memory."""
    packets = frames.pcap([frames.plain(b"packet %d" % number) for number in range(3)])
    child = subprocess.Popen([made.program, "--file=-", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env={**espcap.ENVIRONMENT, "TMPDIR": made.temporary})
    try:
        child.stdin.write(packets)
        child.stdin.flush()
        assert child.stdout.readline().startswith(b"{")
        working = conserve.tsharks_at_work(child, 1)[0]
        with open("/proc/%d/environ" % working, "rb") as source:
            variables = dict(entry.split(b"=", 1) for entry in source.read().split(b"\0") if entry)
        with open("/proc/%d/maps" % working, encoding="utf-8", errors="replace") as source:
            objects = {line.split(maxsplit=5)[5].strip() for line in source if made.folder in line}
        child.communicate(timeout=60)
    finally:
        child.kill()
        child.wait()
    return os.fsdecode(variables.get(b"LD_PRELOAD", b"")).split(":"), objects


def test_tshark_has_them_preloaded(copied):
    names, objects = loaded(copied)
    assert copied.shortcuts in names and objects == {copied.plugin, copied.shortcuts}
    for how in ("ek", "pdml"):
        names, objects = loaded(copied, "--dissection=" + how)
        assert copied.shortcuts not in names and objects == set()


def test_documents_are_the_same(copied):
    """Those of rows without a field among them."""
    texts = 0
    for options, captures in batches().items():
        words = ["--dissection=plugin", *options, *(word for capture in captures for word in ("--file", capture))]
        found = [copied.run(*words)]
        os.rename(copied.shortcuts, copied.shortcuts + ".kept")
        found.append(copied.run(*words))
        os.rename(copied.shortcuts + ".kept", copied.shortcuts)
        assert [WITHOUT in result.errors for result in found] == [False, True]
        assert found[0].code == found[1].code == 0, found[0].errors
        assert found[0].output == found[1].output
        texts += found[0].output.count(b'"text":')
    assert texts > 0


def test_texts_that_dissectors_read(copied, folder):  # noqa: F811
    """That of IAX2 makes the text of a row without a field of the text of the row below it."""
    elements = [(0x08, struct.pack(">I", 0x0e)), (0x0b, b"\0\2"), (0x7f, b"\1"), (0x7e, b"what is this"), (0x06, b"guest")]
    iax2 = struct.pack(">HHIBBBB", 0x8001, 0, 3, 0, 0, 6, 1) + b"".join(
        bytes([kind, len(value)]) + value for kind, value in elements)
    capture = os.path.join(folder, "iax2.pcap")
    with open(capture, "wb") as target:
        target.write(frames.pcap([frames.udp(iax2, 4569, 4569)]))
    found = [copied.run("--file", capture, "--dissection=plugin")]
    os.unlink(copied.shortcuts)
    found.append(copied.run("--file", capture, "--dissection=plugin"))
    assert found[0].output == found[1].output
    rows = found[0].documents[0]["layers"]["application"]["text"]
    assert any("GSM" in row for row in rows) and any("Unknown: what is this" in row for row in rows), rows


def assert_goes_without(made, capture, why):
    result = made.run("--file", capture)
    assert result.code == 0 and WITH in result.errors and WITHOUT in result.errors and why in result.errors, result.errors
    assert result.counts["printed"] > 0


def test_missing(copied, good):  # noqa: F811
    os.unlink(copied.shortcuts)
    assert_goes_without(copied, good, "none for Wireshark %s" % VERSION)


def test_others_could_change_them(copied, good):  # noqa: F811
    os.chmod(copied.shortcuts, 0o646)
    assert_goes_without(copied, good, "others could change %s" % copied.shortcuts)


def test_a_path_that_cannot_be_preloaded(copied, good):  # noqa: F811
    moved = copied.folder + " and more"
    os.rename(copied.folder, moved)
    copied.program = os.path.join(moved, "espcap")
    copied.temporary = os.path.join(moved, "tmp")
    try:
        result = copied.run("--file", good)
    finally:
        os.rename(moved, copied.folder)
    assert result.code == 0 and WITH in result.errors, result.errors
    assert WITHOUT + 'a path with " ", ":" or "$" cannot be preloaded' in result.errors, result.errors
    assert result.counts["printed"] > 0


@pytest.mark.parametrize("damage", ["empty", "cut", "rubbish"])
def test_damaged(damage, copied, good):  # noqa: F811
    """ld.so goes without what it cannot load, or tshark does not start: it is tried anew, and used without."""
    assert WITHOUT not in copied.run("--file", good).errors
    with open(SHORTCUTS, "rb") as source:
        content = source.read()
    with open(copied.shortcuts, "wb") as target:
        target.write({"empty": b"", "cut": content[:3000], "rubbish": os.urandom(5000)}[damage])
    result = copied.run("--file", good)
    assert result.code == 0 and WITH in result.errors and "failed" not in result.errors, result.errors
    assert result.counts["printed"] == result.counts["read"] > 0


def test_tshark_does_not_start_with_them(copied, good):  # noqa: F811
    """It is found out also of a shortcuts.so that comes after one that worked; and the plugin is used without."""
    assert WITHOUT not in copied.run("--file", good).errors
    source = os.path.join(copied.folder, "bad.c")
    with open(source, "w", encoding="utf-8") as target:
        target.write("#include <unistd.h>\n"
                     "static void __attribute__((constructor)) end(void) { _exit(77); }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", copied.shortcuts, source], check=True)
    os.chmod(copied.shortcuts, 0o644)
    for _ in range(2):
        assert_goes_without(copied, good, "tshark does not run with it (exit status 77)")
    assert copied.run("--file", good, "--dissection=plugin").code == 0


def test_in_another_program():
    """tshark may be a script: what interprets it has none of Wireshark's functions."""
    done = subprocess.run(["/bin/sh", "-c", "echo fine"], capture_output=True, check=False,
                          env={"LD_PRELOAD": SHORTCUTS, "LD_BIND_NOW": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, b"fine\n", b"")


# --- The self-test ---------------------------------------------------------------


def install(made, source):
    """Puts another shortcuts.so in its place, compiled from this source."""
    path = os.path.join(made.folder, "other.c")
    with open(path, "w", encoding="utf-8") as target:
        target.write("#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n"
                     "#include <string.h>\n#include <unistd.h>\n" + source)
    if os.path.exists(made.shortcuts):
        os.unlink(made.shortcuts)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", made.shortcuts, path], check=True)
    os.chmod(made.shortcuts, 0o644)


def run_with(made, cache, *words):
    """With a cache of its own."""
    done = subprocess.run([made.program, "--verbose", *words], capture_output=True, check=False, stdin=subprocess.DEVNULL,
                          timeout=120, env={**espcap.ENVIRONMENT, "TMPDIR": made.temporary, "XDG_CACHE_HOME": cache})
    result = espcap.Result(done.returncode, done.stdout, done.stderr)
    assert not espcap.SANITIZER.search(result.errors), result.errors
    return result


@pytest.fixture
def cache(copied):
    path = os.path.join(copied.folder, "cache")
    os.mkdir(path, 0o700)
    return path


def cache_file(cache):
    names = [name for name in os.listdir(os.path.join(cache, "espcap")) if name.endswith(".cache")]
    assert len(names) == 1
    return os.path.join(cache, "espcap", names[0])


# The call of the dissector of all packets, at the hundredth.
AT_PACKET = """
int
call_dissector_with_data(void *handle, void *bytes, void *packet, void *tree, void *data)
{
	static int calls;

	if (++calls == 100)
		%s;
	return ((int (*)(void *, void *, void *, void *, void *))dlsym(RTLD_NEXT, "call_dissector_with_data"))(handle, bytes, packet,
	    tree, data);
}
"""

# What is written, changed on the way.
WRITE = """
ssize_t
write(int fd, const void *bytes, size_t len)
{
	static int calls;
	char *copy = memcpy(malloc(len + 1), bytes, len);
	ssize_t n;

	if (fd == 1 && ++calls == 4)
		%s;
	n = ((ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write"))(fd, copy, len);
	free(copy);
	return n;
}
"""

END = "static void __attribute__((destructor)) end(void) { %s; }\n"

# What it does, and what is said of it.
BROKEN = {
    "drops a text": ("void proto_item_set_text(void *item, const char *format, ...) { (void)item; (void)format; }\n"
                     "void proto_item_append_text(void *item, const char *format, ...) { (void)item; (void)format; }\n", DIFFER),
    "changes a byte": (WRITE % "copy[len / 2] ^= 1", DIFFER),
    "adds bytes": (END % 'if (write(1, "x", 1) != 1) abort()', DIFFER),
    "writes nothing": (WRITE.replace("++calls == 4", "++calls > 0") % "return (ssize_t)len", "tshark does not know it"),
    "crashes": (AT_PACKET % "raise(SIGSEGV)", "tshark does not run with it (killed by signal 11"),
    "hangs": (AT_PACKET % "pause()", "did not end within 3000 ms"),
    "prints a message": (AT_PACKET % 'fputs("something is wrong\\n", stderr)', "tshark prints other messages: something is wrong"),
    "ends early": (AT_PACKET % "exit(0)", DIFFER),
    "exits otherwise": (END % "_exit(3)", "tshark does not run with it (exit status 3)"),
    "prints without end": (AT_PACKET % 'for (;;) if (write(1, copy, sizeof(copy)) < 0) abort()', "did not end within 3000 ms"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_self_test_catches(how, copied, cache, good):  # noqa: F811
    """It is found out before any packet, remembered, and documents are those without it."""
    source, why = BROKEN[how]
    install(copied, "static char copy[65536];\n" + source)
    words = ("--file", good, "--tshark-timeout=3s")
    for end in ("\n", CACHED):
        result = run_with(copied, cache, *words)
        assert result.code == 0 and WITH in result.errors and "failed" not in result.errors, result.errors
        said = next(line for line in result.errors.splitlines(keepends=True) if WITHOUT in line)
        assert why in said and said.endswith(end) and said.endswith(CACHED) == (end == CACHED), result.errors
        assert result.counts["printed"] > 0
    assert result.output == run_with(copied, cache, *words, "--no-shortcuts").output


# Says in a file how often it was loaded into a tshark.
COUNTS = """
#include <fcntl.h>

#pragma weak epan_init
extern void epan_init(void);

static void __attribute__((constructor))
begin(void)
{
	int fd = epan_init == NULL ? -1 : open("%s", O_WRONLY | O_APPEND);

	if (fd >= 0 && write(fd, "x", 1) != 1)
		abort();
	close(fd);
}
"""


def test_result_is_kept(copied, cache, good):  # noqa: F811
    """The self-test is run once."""
    count = os.path.join(copied.folder, "count")
    with open(count, "w", encoding="utf-8"):
        pass
    os.chmod(count, 0o666)
    install(copied, COUNTS % count)
    started = []
    for _ in range(3):
        result = run_with(copied, cache, "--file", good, "--no-sandbox")
        assert result.code == 0 and SAME in result.errors, result.errors
        started.append((os.path.getsize(count), SAME + CACHED in result.errors))
    assert started == [(2, False), (3, True), (4, True)]
    # tshark's libraries are a part of what was tested.
    with open(cache_file(cache), "rb") as source:
        content = source.read()
    assert re.search(rb"/libwireshark\.so[^\n]*\n/", content)
    assert copied.temporary.encode() not in content


@pytest.mark.parametrize("what", ["plugin", "shortcuts", "sample"])
def test_another_build_is_tested_again(what, copied, cache, good):  # noqa: F811
    assert SAME + "\n" in run_with(copied, cache, "--file", good).errors
    assert SAME + CACHED in run_with(copied, cache, "--file", good).errors
    path = getattr(copied, what)
    # The same bytes and times, but another file.
    shutil.copy2(path, path + ".new")
    os.rename(path + ".new", path)
    assert SAME + "\n" in run_with(copied, cache, "--file", good).errors
    assert SAME + CACHED in run_with(copied, cache, "--file", good).errors


def test_mended_shortcuts_are_used_again(copied, cache, good):  # noqa: F811
    kept = copied.shortcuts + ".kept"
    os.rename(copied.shortcuts, kept)
    install(copied, BROKEN["changes a byte"][0])
    assert DIFFER in run_with(copied, cache, "--file", good).errors
    os.rename(kept, copied.shortcuts)
    result = run_with(copied, cache, "--file", good)
    assert SAME + "\n" in result.errors and WITHOUT not in result.errors


def test_without_a_cache_each_run_tests(copied, cache, good):  # noqa: F811
    os.rmdir(cache)
    with open(cache, "w", encoding="utf-8"):
        pass
    for _ in range(2):
        result = run_with(copied, cache, "--file", good)
        assert result.code == 0 and SAME + "\n" in result.errors, result.errors


def test_damaged_result_is_not_believed(copied, cache, good):  # noqa: F811
    """A file in which a failure was made a success: the checksum does not fit."""
    install(copied, BROKEN["changes a byte"][0])
    assert DIFFER in run_with(copied, cache, "--file", good).errors
    with open(cache_file(cache), "r+b") as target:
        content = target.read()
        at = content.index(DIFFER.encode()) - 16
        assert content[at:at + 4] == b"\2\0\0\0"
        target.seek(at)
        target.write(b"\1")
    result = run_with(copied, cache, "--file", good)
    assert result.code == 0 and DIFFER in result.errors and CACHED not in result.errors.partition(WITHOUT)[2], result.errors


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a file to another user")
@pytest.mark.parametrize("plant", ["owner of the file", "owner of the folder", "mode of the file", "mode of the folder", "link"])
def test_planted_result_is_not_believed(plant, copied, cache, good):  # noqa: F811
    assert SAME + "\n" in run_with(copied, cache, "--file", good).errors
    assert SAME + CACHED in run_with(copied, cache, "--file", good).errors
    path = cache_file(cache) if "folder" not in plant else os.path.dirname(cache_file(cache))
    if plant.startswith("owner"):
        os.chown(path, 65534, 65534)
    elif plant.startswith("mode"):
        os.chmod(path, 0o770)
    else:
        os.rename(path, path + ".planted")
        os.symlink(path + ".planted", path)
    result = run_with(copied, cache, "--file", good)
    assert result.code == 0 and SAME + "\n" in result.errors, result.errors


def test_no_sample_to_test_with(copied, good):  # noqa: F811
    os.unlink(copied.sample)
    assert_goes_without(copied, good, "no selftest.pcapng to test it with: none for Wireshark")


def test_others_could_change_the_sample(copied, good):  # noqa: F811
    os.chmod(copied.sample, 0o666)
    assert_goes_without(copied, good, "others could change")


def test_sample_that_tshark_does_not_read(copied, cache, good):  # noqa: F811
    """Then the plugin is used, and nothing that was not tested."""
    with open(copied.sample, "r+b") as target:
        target.truncate(1000)
    for _ in range(2):
        result = run_with(copied, cache, "--file", good, "--fields=ip.src")
        assert result.code == 0 and WITH in result.errors and WITHOUT in result.errors, result.errors
        assert (MAKES_ALL in result.errors) == (VERSION == "4.0") and result.counts["printed"] > 0


def test_no_shortcuts(copied, cache, good):  # noqa: F811
    names, objects = loaded(copied, "--no-shortcuts")
    assert copied.shortcuts not in names and objects == {copied.plugin}
    result = run_with(copied, cache, "--file", good, "--no-shortcuts")
    assert result.code == 0 and WITHOUT + "--no-shortcuts\n" in result.errors, result.errors
    assert result.output == run_with(copied, cache, "--file", good).output


# Another field is marked than the one that is wanted.
MARKS_ANOTHER = """
void *
proto_registrar_get_byname(const char *name)
{
	return ((void *(*)(const char *))dlsym(RTLD_NEXT, "proto_registrar_get_byname"))(strcmp(name, "ip.src") == 0 ? "ip.dst" : name);
}
"""


@pytest.mark.skipif(VERSION != "4.0", reason="other tsharks make all fields")
def test_projection_that_fails_is_not_used(copied, cache):
    capture = next(name for name in espcap.captures() if os.path.basename(name) == "dns.pcap")
    words = ("--file", capture, "--fields=dns.qry.name,ip.src,udp.srcport")
    right = run_with(copied, cache, *words)
    assert right.code == 0 and MAKES_ALL not in right.errors, right.errors
    install(copied, MARKS_ANOTHER)
    for end in ("\n", CACHED):
        result = run_with(copied, cache, *words)
        # The packets with all fields are the same with it.
        assert result.code == 0 and SAME + end in result.errors and MAKES_ALL + DIFFER + end in result.errors, result.errors
        assert result.documents == right.documents
    # What fails with shortcuts.so is right without.
    assert MAKES_ALL not in run_with(copied, cache, *words, "--no-shortcuts").errors
    assert MAKES_ALL + DIFFER + CACHED in run_with(copied, cache, *words).errors


def test_projection_is_tested_once_it_is_asked_for(copied, cache, good):  # noqa: F811
    assert SAME + "\n" in run_with(copied, cache, "--file", good).errors
    results = [run_with(copied, cache, "--file", good, "--fields=frame.number").errors for _ in range(2)]
    assert SAME + CACHED in results[1] and MAKES_ALL not in results[0]
    assert (SAME + CACHED in results[0]) == (VERSION != "4.0")


def test_sample_is_what_the_script_makes(tmp_path):
    path = os.path.join(tmp_path, "sample")
    subprocess.run([os.path.join(espcap.ROOT, "scripts", "make-selftest-pcap"), path], check=True)
    with open(path, "rb") as made, open(os.path.join(espcap.ROOT, "plugin", "selftest.pcapng"), "rb") as kept:
        assert made.read() == kept.read()


def test_sample_has_many_protocols():
    capture = os.path.join(espcap.ROOT, "plugin", "selftest.pcapng")
    lines = tshark.run(["-n", "-r", capture, "-T", "fields", "-e", "frame.protocols", "-e", "frame.len", "-e", "frame.cap_len"])
    rows = [line.split("\t") for line in lines.decode().splitlines()]
    assert len({name for row in rows for name in row[0].split(":")}) >= 40
    # And packets of another tshark.
    assert sum(row[1:] == ["20000000", "0"] for row in rows) == 3


@pytest.fixture
def reachable():
    """A folder that the program's user reaches, too."""
    path = tempfile.mkdtemp(prefix="espcap-test-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


def test_configured_without(reachable):
    """It is neither built, nor installed, nor looked for."""
    there = os.path.join(reachable, "there")
    made = subprocess.run(
        [os.path.join(espcap.ROOT, "configure") + " -q --disable-shortcuts --disable-hardening CFLAGS=-O0 && "
         "make -s -j2 espcap wide_stdout.so all-local && make -s install DESTDIR=" + there],
        shell=True, cwd=reachable, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
    assert made.returncode == 0, made.stdout.decode("utf-8", "replace")
    installed = [name for _, _, names in os.walk(there) for name in names]
    assert "espcap.so" in installed and "selftest.pcapng" in installed and "shortcuts.so" not in installed
    shutil.copy(SHORTCUTS, os.path.join(reachable, "plugin", VERSION, "shortcuts.so"))
    program = os.path.join(reachable, "espcap")
    capture = next(name for name in espcap.captures() if os.path.basename(name) == "dns.pcap")
    done = subprocess.run([program, "--verbose", "--file", capture], capture_output=True, check=False, env=espcap.ENVIRONMENT, timeout=120)
    assert done.returncode == 0 and WITH.encode() in done.stderr
    assert (WITHOUT + "espcap was configured with --disable-shortcuts\n").encode() in done.stderr
    versions = [subprocess.run([path, "--version"], capture_output=True, check=True, env=espcap.ENVIRONMENT).stdout
                for path in (program, espcap.PROGRAM)]
    assert b"\nshortcuts.so is not used (configured with --disable-shortcuts)\n" in versions[0]
    assert b"shortcuts" not in versions[1]


# --- Each by itself, in a tshark that espcap does not start ----------------------


SPY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

void
epan_free(void *session)
{
	fprintf(stderr, "epan_free\n");
	((void (*)(void *))dlsym(RTLD_NEXT, "epan_free"))(session);
}

void
epan_cleanup(void)
{
	fprintf(stderr, "epan_cleanup\n");
	((void (*)(void))dlsym(RTLD_NEXT, "epan_cleanup"))();
}

FILE *
fopen(const char *path, const char *mode)
{
	const char *name = strrchr(path, '/');

	if (name != NULL && (strcmp(name, "/manuf") == 0 || strcmp(name, "/services") == 0 ||
	    strcmp(name, "/enterprises.tsv") == 0))
		fprintf(stderr, "fopen %s\n", path);
	return ((FILE *(*)(const char *, const char *))dlsym(RTLD_NEXT, "fopen"))(path, mode);
}
"""

# A Wireshark that opens the list of makers once.
ONCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

FILE *
fopen(const char *path, const char *mode)
{
	static int opened;
	const char *name = strrchr(path, '/');

	if (name != NULL && strcmp(name, "/manuf") == 0 && opened++ > 0)
		return NULL;
	return ((FILE *(*)(const char *, const char *))dlsym(RTLD_NEXT, "fopen"))(path, mode);
}
"""


# Says when the list of enterprises is read, not only opened.
READ = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

char *
fgets(char *line, int room, FILE *file)
{
	char *found = ((char *(*)(char *, int, FILE *))dlsym(RTLD_NEXT, "fgets"))(line, room, file);

	if (found != NULL && strncmp(found, "9\tcisco", 7) == 0)
		fprintf(stderr, "read enterprises\n");
	return found;
}
"""

# Says which memory is asked for at once.
MEMORY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/mman.h>

int
madvise(void *start, size_t len, int how)
{
	if (how == 23)	/* MADV_POPULATE_WRITE, which old headers do not have */
		fprintf(stderr, "populate %zu\n", len);
	return ((int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "madvise"))(start, len, how);
}
"""


CONTENT = frames.pcap([frames.dns_query(number=number) for number in range(20)])


class Bench:
    """tshark with the plugin in a home of its own, and with what is to be preloaded."""

    def __init__(self, made):
        self.made = made
        self.home = os.path.join(made.folder, "home")
        plugins = os.path.join(self.home, ".local/lib/wireshark/plugins", VERSION, "epan")
        os.makedirs(plugins)
        os.symlink(made.plugin, os.path.join(plugins, "espcap.so"))

    def compile(self, name, source):
        path = os.path.join(self.made.folder, name)
        with open(path + ".c", "w", encoding="utf-8") as target:
            target.write(source)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", path, path + ".c"], check=True)
        return path

    def capture(self, content):
        path = os.path.join(self.made.folder, "capture.pcap")
        with open(path, "wb") as target:
            target.write(content)
        return path

    def run(self, capture, *words, preload=(), code=0, data=None):
        # As root tshark loads no plugins of a home.
        other = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run([tshark.program(), "-n", "-q", "-r", capture, *words], capture_output=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=120,
                              env={**tshark.ENVIRONMENT, "HOME": self.home, "LD_PRELOAD": ":".join(preload),
                                   **({} if data is None else {"WIRESHARK_DATA_DIR": data})}, **other)
        assert done.returncode == code, done.stderr
        return done


@pytest.fixture
def bench(copied):
    return Bench(copied)


def test_packets_of_others_are_not_dissected(bench):
    """They count, nothing is written of them, and no tap is told of them; others without bytes are packets like any."""
    mark = 20_000_000
    packets = [(b"", mark), (frames.plain(b"one"), None), (b"", mark), (b"", mark - 1), (b"", mark),
               (frames.plain(b"x" * 50), mark), (b"", mark)]
    capture = bench.capture(frames.pcap_header() + b"".join(
        frames.pcap_record(data, frames.START + second, wire=wire) for second, (data, wire) in enumerate(packets)))
    found = {}
    for preload in ((), (bench.made.shortcuts,)):
        said = bench.run(capture, "-z", "espcap,mark=%d" % mark, "-z", "io,stat,0", preload=preload).stdout
        table = re.search(rb"\n=+\n.*\n=+\n", said, re.DOTALL)
        found[preload] = (said.replace(table.group(0), b""), int(re.search(rb"<>[^|]*\| *(\d+) \|", table.group(0)).group(1)))
    assert [count for _, count in found.values()] == [7, 3]
    (with_all, _), (with_some, _) = found.values()
    assert with_all == with_some and b"frame.number" in with_all


def given_back(done):
    return done.stderr.count(b"epan_free\n"), done.stderr.count(b"epan_cleanup\n")


def test_what_was_kept_is_not_given_back(bench):
    """Only in a run of the plugin, and with the same exit status."""
    spy = bench.compile("spy.so", SPY)
    for content, code in ((CONTENT, 0), (CONTENT[:-3], 2)):
        capture = bench.capture(content)
        whole = bench.run(capture, "-z", "espcap", preload=[spy], code=code)
        spared = bench.run(capture, "-z", "espcap", preload=[bench.made.shortcuts, spy], code=code)
        assert whole.stdout == spared.stdout and len(whole.stdout) > 1000
        # tshark calls epan_free when it opens a capture, too.
        assert [given_back(done) for done in (whole, spared)] == [(2, 1), (1, 0)]
    other = bench.run(capture, "-z", "io,stat,0", preload=[bench.made.shortcuts, spy], code=2)
    assert given_back(other) == (2, 1)


def opened(done):
    """Of Wireshark's own lists, which it opened, and how often."""
    return collections.Counter(os.path.basename(line.split()[1]) for line in done.stderr.splitlines()
                               if line.startswith(b"fopen /usr"))


def test_lists_are_read_once(bench):
    """Wireshark 4.0 reads them twice, and that of enterprises for nothing: others have none, or need none of this."""
    spy = bench.compile("spy.so", SPY)
    whole, spared = (opened(bench.run(bench.capture(CONTENT), "-z", "espcap", preload=[*preload, spy]))
                     for preload in ((), (bench.made.shortcuts,)))
    if VERSION == "4.0":
        assert whole == {b"manuf": 2, b"services": 2, b"enterprises.tsv": 2}
        # It is opened when Wireshark would have.
        assert spared == {b"manuf": 1, b"services": 1, b"enterprises.tsv": 1}
    else:
        assert whole == spared and set(spared.values()) <= {1}


def custom_blocks(numbers):
    """A pcapng file of blocks that enterprises have for themselves: the Info column names these."""
    blocks = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28) + struct.pack("<IIHHII", 1, 20, 1, 0, 0, 20)
    return blocks + b"".join(struct.pack("<IIIII", 0xBAD, 20, number, 0, 20) for number in numbers)


def names_in(done):
    return {int(number): name for name, number in re.findall(rb"Custom Block: PEN = (.*?) \((-?\d+)\), will be copied", done.stdout)}


@pytest.mark.parametrize("own", [None, b"9\tOurs\n"])
def test_enterprises_are_read_when_one_is_looked_up(own, bench):
    """Those of the list that is shipped, and those that people name themselves."""
    if own is not None:
        folder = os.path.join(bench.home, ".config/wireshark")  # noqa: F811
        os.makedirs(folder)
        with open(os.path.join(folder, "enterprises.tsv"), "wb") as target:
            target.write(own)
    capture = bench.capture(custom_blocks((9, 0, 9, 3561, 65535, 1, 2, 62000, 0x7FFFFFFF)))
    whole, spared = (bench.run(capture, "-z", "espcap", preload=preload) for preload in ((), (bench.made.shortcuts,)))
    assert whole.stdout == spared.stdout
    names = names_in(spared)
    assert names[9] == (b"ciscoSystems" if own is None else b"Ours") and names[0x7FFFFFFF] == b"Unknown"


# Twice the same, comments, blanks, a line longer than Wireshark reads at once, and what is no number of 32 bits.
LIST = (b"# comment\n9\tFirst\n9\tSecond # comment\n  7 \t Seven \n65535\tLast\r\n4294967305\tWrapped\n+5\tPlus\n-1\tMinus\n0x6\tHex\n"
        b"3\t" + b"x" * 1019 + b" 4\tRest\n2#x\n1 one word\n\n#\n8\n10\t\n0\tZero\n11\tNo end")


def test_any_list_of_enterprises(bench):
    """Wherever Wireshark's own has it, and whatever it holds."""
    data = os.path.join(bench.home, "share/wireshark")
    os.makedirs(data)
    with open(os.path.join(data, "enterprises.tsv"), "wb") as target:
        target.write(LIST)
    capture = bench.capture(custom_blocks((*range(12), 65535, 9)))
    whole, spared = (bench.run(capture, "-z", "espcap", preload=preload, data=data) for preload in ((), (bench.made.shortcuts,)))
    assert whole.stdout == spared.stdout
    names = names_in(spared)
    assert len(names) == 13 and (VERSION != "4.0" or (names[9], names[11], names[5]) == (b"Second", b"No end", b"Unknown"))


def test_enterprises_that_are_not_asked_for_here(bench):
    """A Wireshark that looks them up by itself, as one whose functions nobody may take the place of would."""
    itself = bench.compile("itself.so", "const char *enterprises_lookup(unsigned n, const char *otherwise) "
                           "{ (void)n; return otherwise; }")
    spy = bench.compile("read.so", READ)
    done = [bench.run(bench.capture(CONTENT), "-z", "espcap", preload=[*preload, bench.made.shortcuts, spy])
            for preload in ((), (itself,))]
    assert done[0].stdout == done[1].stdout
    if VERSION == "4.0":
        assert [b"read enterprises" in each.stderr for each in done] == [False, True]


def test_memory_for_the_start_comes_at_once(bench):
    """Once, in tshark, and nowhere else."""
    memory = bench.compile("memory.so", MEMORY)
    done = bench.run(bench.capture(CONTENT), "-z", "espcap", preload=[bench.made.shortcuts, memory])
    sizes = [int(line.split()[1]) for line in done.stderr.splitlines() if line.startswith(b"populate ")]
    assert len(sizes) == 1 and sizes[0] > 10 << 20
    other = subprocess.run(["/bin/sh", "-c", "echo fine"], capture_output=True, check=True,
                           env={"LD_PRELOAD": bench.made.shortcuts + ":" + memory})
    assert (other.stdout, other.stderr) == (b"fine\n", b"")


@pytest.mark.parametrize("missing", [False, True])
def test_lists_that_are_read_once_anyhow(missing, bench):
    """Then a shortcut that keeps tshark from reading it must not be used: the plugin says so, and is tried without."""
    once = bench.compile("once.so", ONCE)
    preload = [once] if missing else [once, bench.made.shortcuts]
    fails = VERSION == "4.0" and not missing
    done = bench.run(bench.capture(CONTENT), "-z", "espcap", preload=preload, code=1 if fails else 0)
    assert (b"shortcuts.so is not for this Wireshark" in done.stderr) == fails
