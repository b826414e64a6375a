# SPDX-License-Identifier: BSD-2-Clause
"""What is open already, and what may wait: names of descriptors, FIFOs, readers that do not read, signals.

Each as root, who becomes another user, and as a plain user.
"""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time
import tty

import pytest

import conserve
import deliveries
import espcap
import fake_faults
import fake_server
import frames

PACKETS = 30
# Far more than a pipe and what waits for one hold.
MANY = 1500
WHO = ["root", "plain"] if os.geteuid() == 0 else ["plain"]


@pytest.fixture(params=WHO)
def who(request, plain_user):
    """A command prefix: nothing, or what makes it a plain user."""
    return plain_user if request.param == "plain" else []


@pytest.fixture
def folder():
    """An empty folder that every user may read and write."""
    path = tempfile.mkdtemp(prefix="espcap-test-")
    os.chmod(path, 0o777)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def put(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as target:
        target.write(content)
    os.chmod(path, 0o666)
    return path


def packets(count, length=40):
    return frames.pcap([frames.plain(b"packet %d " % number + b"x" * length) for number in range(1, count + 1)])


@pytest.fixture
def good(folder):
    return put(folder, "good.pcap", packets(PACKETS))


@pytest.fixture
def letters(folder):
    """A capture of numbered packets that everybody may read."""
    path = conserve.make_capture(os.path.join(folder, "numbered.pcap"), deliveries.PACKETS)
    os.chmod(path, 0o666)
    return path


@pytest.fixture
def many(folder):
    return put(folder, "many.pcap", packets(MANY))


@contextlib.contextmanager
def start(*arguments, prefix=(), **keywords):
    """A run that is killed if the test did not wait for its end."""
    given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **keywords}
    child = subprocess.Popen([*prefix, *espcap.command(*arguments)], env=espcap.ENVIRONMENT, **given)
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                stream.close()


def shell(script, *arguments, prefix=(), **keywords):
    """Runs espcap as "$@" in a line of bash."""
    return espcap.run(*arguments, prefix=[*prefix, "bash", "-c", script, "bash"], **keywords)


def content(path):
    with open(path, "rb") as source:
        return source.read()


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.02)


def numbers_of(lines):
    return [espcap.parse_line(line)["frame_number"] for line in lines]


# Outputs that are open already.

STDOUT = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/thread-self/fd/1", "link", "private link"]
STDERR = ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"]


def name_in(folder, name, who):
    """A link in the folder for the name "link"; for "private link" one that root cannot follow any more when it is written to."""
    if not name.endswith("link"):
        return name
    place = os.path.join(folder, name)
    os.mkdir(place)
    os.symlink("/dev/stdout", os.path.join(place, "to-stdout"))
    if name == "private link":
        os.chmod(place, 0o700)
        if who:
            os.chown(place, 65534, 65534)
    return os.path.join(place, "to-stdout")


@pytest.mark.parametrize("name", STDOUT)
@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_summary_after_the_documents(name, mode, who, good, folder):
    target = put(folder, "output", b"what was there\n" if mode == "ab" else b"")
    with open(target, mode) as output, start("--file", good, "--summary-json", name_in(folder, name, who), prefix=who,
                                             cwd=folder, stdout=output) as child:
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    lines = content(target).split(b"\n")
    assert lines.pop() == b""
    if mode == "ab":
        assert lines.pop(0) == b"what was there"
    summary = json.loads(lines.pop())
    assert summary["read"] == summary["printed"] == PACKETS and summary["exit"] == 0
    assert numbers_of(lines) == list(range(1, PACKETS + 1))
    assert not os.path.exists(os.path.join(folder, "-"))


@pytest.mark.parametrize("name", STDERR)
def test_summary_after_the_final_line(name, who, good, folder):
    target = put(folder, "errors", b"")
    with open(target, "wb") as errors, start("--file", good, "--summary-json", name, prefix=who,
                                             stderr=errors) as child:
        child.communicate(timeout=60)
    assert child.returncode == 0
    final, summary, rest = content(target).split(b"\n")
    assert espcap.FINAL_LINE.match(final.decode()) and rest == b""
    assert json.loads(summary)["printed"] == PACKETS


def test_summary_in_a_pipe_of_any_number(who, good):
    read_end, write_end = os.pipe()
    with start("--file", good, "--summary-json=/dev/fd/%d" % write_end, prefix=who, pass_fds=[write_end]) as child:
        os.close(write_end)
        child.communicate(timeout=60)
    with os.fdopen(read_end, "rb") as source:
        assert json.loads(source.read())["printed"] == PACKETS
    assert child.returncode == 0


def test_summary_in_a_fifo(who, good, folder):
    """It waits for its reader, says so, and can be interrupted meanwhile."""
    fifo = os.path.join(folder, "fifo")
    os.mkfifo(fifo)
    os.chmod(fifo, 0o666)
    with start("--file", good, "--summary-json", fifo, prefix=who) as child:
        assert b"waiting for its reader" in child.stderr.readline()
        with open(fifo, "rb") as source:
            child.communicate(timeout=60)
            assert json.loads(source.read())["printed"] == PACKETS
    assert child.returncode == 0
    with start("--file", good, "--summary-json", fifo, prefix=who) as child:
        assert b"waiting for its reader" in child.stderr.readline()
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == -signal.SIGINT


@pytest.mark.parametrize("name, says", [("/dev/fd/77", "descriptor 77 is not open"),
                                        ("/dev/fd/3", "descriptor 3 is not open"),
                                        ("/dev/fd/0", "descriptor 0 is not open for writing")])
@pytest.mark.parametrize("option", ["summary-json", "dead-letter"])
def test_output_that_is_not_open(name, says, option, good):
    """Nor are those espcap has itself, as its number 3 is."""
    with open(good, "rb") as source:
        result = espcap.run("--file", good, "--node=localhost:1", "--%s=%s" % (option, name), stdin=source)
    assert result.code == 2 and "--%s=%s: %s" % (option, name, says) in result.errors, result.errors


def test_closed_output_for_the_summary(good):
    result = shell('exec "$@" >&-', "--file", good, "--summary-json=/dev/stdout")
    assert result.code == 2 and "descriptor 1 is not open for writing" in result.errors, result.errors


def test_closed_standard_error(good):
    result = shell('exec "$@" 2>&-', "--file", good)
    assert result.code == 0 and result.errors == ""
    assert numbers_of(result.lines) == list(range(1, PACKETS + 1))


REPLACED = [("--metrics", "must be a file", ()), ("--registry", "must be a file", ("--watch=.",))]


@pytest.mark.parametrize("option, says, more", REPLACED, ids=["metrics", "registry"])
@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/stderr", "/dev/fd/1"])
def test_what_is_written_anew_must_be_a_file(option, says, more, name, good, folder):
    given = more if more else ("--file", good)
    result = espcap.run(*given, "%s=%s" % (option, name), cwd=folder)
    assert result.code == 2 and says in result.errors and "%s=%s: " % (option, name) in result.errors, result.errors
    assert result.output == b"" and os.listdir(folder) == ["good.pcap"]


CLASH = {
    "summary": ["--summary-json"], "metrics": ["--metrics"],
    "dead letter": ["--node=localhost:1", "--dead-letter"], "registry": ["--watch=.", "--registry"]
}


@pytest.mark.parametrize("kind", CLASH)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("link", ["same", "hard", "symbolic"])
def test_output_where_a_stream_goes_already(kind, stream, link, who, good, folder):
    """Refused by what the file is, not by its name, before anything is written to it."""
    target = name = put(folder, "output", b"precious\n")
    if link != "same":
        name = os.path.join(folder, "another")
        (os.link if link == "hard" else os.symlink)(target, name)
    *more, option = CLASH[kind]
    given = [] if kind == "registry" else ["--file", good]
    with open(target, "ab") as output:
        child = subprocess.run([*who, *espcap.command(*given, *more, "%s=%s" % (option, name))], cwd=folder,
                               env=espcap.ENVIRONMENT, check=False, timeout=60,
                               **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: output})
    assert child.returncode == 2
    says = content(target)[len(b"precious\n"):] if stream == "stderr" else child.stderr
    word = "standard output" if stream == "stdout" else "standard error"
    assert b"espcap: %s=%s: %s goes to this file as well" % (
        option.encode(), name.encode(), word.encode()) in says, says
    assert content(target).startswith(b"precious\n")


@pytest.mark.parametrize("options, says", [
    (["--summary-json=one", "--metrics=one"], "--metrics=one: --summary-json names this file as well"),
    (["--summary-json=good.pcap"], "--summary-json=good.pcap: --file reads this file as well"),
    (["--metrics=good.pcap"], "--metrics=good.pcap: --file reads this file as well"),
    (["--node=localhost:1", "--dead-letter=good.pcap"], "--dead-letter=good.pcap: --file reads this file as well")])
def test_one_file_for_two_purposes(options, says, good, folder):
    put(folder, "one", b"precious\n")
    before = content(good)
    result = espcap.run("--file=good.pcap", *options, cwd=folder)
    assert result.code == 2 and says in result.errors, result.errors
    assert content(good) == before and content(os.path.join(folder, "one")) == b"precious\n"


@pytest.mark.parametrize("folder_option", ["--dir", "--watch"])
@pytest.mark.parametrize("option", ["--summary-json", "--metrics"])
def test_an_output_in_the_folder_that_is_read(folder_option, option, good, folder):
    os.mkdir(os.path.join(folder, "in"))
    put(folder, "in/a.pcap", content(good))
    result = espcap.run(folder_option + "=in", option + "=in/a.pcap", cwd=folder)
    assert result.code == 2
    assert "%s=in/a.pcap: %s reads this file as well" % (option, folder_option) in result.errors, result.errors
    assert content(os.path.join(folder, "in", "a.pcap")) == content(good)


def test_documents_into_the_file_they_are_made_of(good):
    """They would be read, and so on."""
    before = content(good)
    with open(good, "ab") as output, start("--file", good, stdout=output) as child:
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 2 and b"standard output goes to this file as well" in errors
    assert content(good) == before


@pytest.mark.parametrize("name", ["/dev/null", "/dev/tty-of-the-test"])
def test_the_same_device_twice_is_no_clash(name, good):
    master, slave = pty.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave) if name != "/dev/null" else name
    with open(path, "wb", buffering=0) as output, start("--file", good, "--count=1", "--quiet",
                                                        "--summary-json", path, stdout=output) as child:
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    os.close(master)
    os.close(slave)


# Dead letters, and what is sent again.

MAPPING = "failed to parse"


def rejection():
    return fake_faults.Items(400, "document_parsing_exception", MAPPING, every=10, times=None)


def rejecting():
    return fake_server.Server(rejection())


def run_to(server, *options, prefix=(), **keywords):
    with start("--node", server.url, *options, prefix=prefix, **keywords) as child:
        output, errors = child.communicate(timeout=60)
    return child.returncode, output or b"", (errors or b"").decode()


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "file"])
def test_dead_letters_on_standard_output(name, who, letters, folder):
    """In a pipe, or in a file that the shell made, behind what is there; and the summary behind them."""
    target = put(folder, "letters", b"there before\n")
    with rejecting() as server, open(target, "ab") as output:
        code, printed, errors = run_to(
            server, "--file", letters, "--dead-letter", name if name != "file" else "-", "--summary-json=-",
            prefix=who, cwd=folder, stdout=output if name == "file" else subprocess.PIPE)
    assert code == 6, errors
    if name == "file":
        printed = content(target)
        assert printed.startswith(b"there before\n")
        printed = printed[len(b"there before\n"):]
    *rejected, summary = printed.split(b"\n")[:-1]
    rejected = [espcap.parse_line(letter) for letter in rejected]
    assert len(rejected) == deliveries.PACKETS // 10
    assert all(letter["reason"] == MAPPING and letter["document"] for letter in rejected)
    assert json.loads(summary)["rejected"] == len(rejected)
    assert "-" not in os.listdir(folder)


def test_dead_letters_into_a_stalled_pipe(who, letters):
    """The second signal ends it; nothing of them counts as written."""
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    with rejecting() as server, start("--file", letters, "--node", server.url, "--dead-letter=-", prefix=who,
                                      stdout=write_end) as child:
        os.write(write_end, bytes(4096))
        wait_for(lambda: len(server.ledger) > 0)
        time.sleep(1)
        child.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert child.poll() is None
        end_by(child, signal.SIGTERM)
        errors = child.stderr.read().decode()
    assert conserve.final_line(errors)["rejected"] == 0, errors
    os.close(read_end)
    os.close(write_end)


@pytest.mark.parametrize("kind", ["number", "fifo"])
def test_replay_of_a_pipe(kind, who, letters, folder):
    """Its writer takes its time; meanwhile questions are answered."""
    fault = rejection()
    with fake_server.Server(fault) as server:
        code, rejected, errors = run_to(server, "--file", letters, "--dead-letter=-", prefix=who)
        assert code == 6, errors
        fault.lift()
        read_end, write_end = os.pipe()
        name = "/dev/fd/%d" % read_end
        if kind == "fifo":
            name = os.path.join(folder, "fifo")
            os.mkfifo(name)
            os.chmod(name, 0o666)
        with start("--node", server.url, "--replay", name, "--dead-letter=-", prefix=who,
                   pass_fds=[read_end]) as child:
            os.close(read_end)
            if kind == "fifo":
                os.close(write_end)
            answered(child)
            if kind == "fifo":
                write_end = writer_of(name)
            middle = len(rejected) // 2
            os.write(write_end, rejected[:middle])
            answered(child)
            os.write(write_end, rejected[middle:])
            os.close(write_end)
            _, rest = child.communicate(timeout=60)
    assert child.returncode == 0, rest
    assert conserve.final_line(rest.decode())["indexed"] == deliveries.PACKETS // 10


# Inputs that are open already.

def feed(descriptor, data):
    """Writes and closes in a thread; whoever does not read it is no failure here."""
    def work():
        with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as target:
            target.write(data)
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("name", ["/dev/fd/%d", "/proc/self/fd/%d", "/proc/thread-self/fd/%d", "link"])
@pytest.mark.parametrize("kind", ["pipe", "socket", "non-blocking"])
def test_capture_by_number(name, kind, who, folder):
    if kind == "socket":
        ends = [end.detach() for end in socket.socketpair()]
    else:
        ends = os.pipe()
    os.set_blocking(ends[0], kind != "non-blocking")
    given = os.path.join(folder, "link") if name == "link" else name % ends[0]
    if name == "link":
        os.symlink("/dev/fd/%d" % ends[0], given)
    with start("--file", given, prefix=who, pass_fds=[ends[0]]) as child:
        feed(ends[1], packets(PACKETS))
        output, errors = child.communicate(timeout=60)
        # Nobody's flags were changed.
        assert os.get_blocking(ends[0]) == (kind != "non-blocking")
    os.close(ends[0])
    result = espcap.Result(child.returncode, output, errors)
    assert result.code == 0, result.errors
    assert numbers_of(result.lines) == list(range(1, PACKETS + 1))


def test_capture_by_the_number_in_another_process(who, good):
    """As the shell's own: $$ is not espcap."""
    script = 'exec 3<%s; "$@" --file=/proc/$$/fd/3; exit $?' % good
    result = shell(script, prefix=who)
    assert result.code == 0, result.errors
    assert numbers_of(result.lines) == list(range(1, PACKETS + 1))


def test_standard_input_by_name(who, good):
    with open(good, "rb") as source:
        result = espcap.run("--file=/dev/stdin", prefix=who, stdin=source)
    assert result.code == 0 and len(result.lines) == PACKETS, result.errors


def test_process_substitutions(who, good, folder):
    """All kinds of files at a time, and several captures."""
    fields = put(folder, "fields", b"frame.number\n")
    put(folder, "protocols", b"eth\nip\nudp\n")
    script = ('exec "$@" --file=<(cat %s) --file=<(cat %s) --fields=@<(cat %s) --protocols=<(cat %s/protocols)'
              % (good, good, fields, folder))
    result = shell(script, prefix=who)
    assert result.code == 0, result.errors
    assert numbers_of(result.lines) == 2 * list(range(1, PACKETS + 1))


def test_secret_through_a_pipe(who, letters, folder):
    put(folder, "secret", b"k1:secret\n")
    with fake_server.Server(api_keys={"k1:secret": "all"}) as server:
        script = 'exec "$@" --api-key-file=<(cat %s/secret)' % folder
        result = shell(script, "--file", letters, "--node", server.url, prefix=who, cwd=folder)
        assert result.code == 0, result.errors
        assert len(server.ledger) == deliveries.PACKETS


def test_one_pipe_for_two_inputs(who):
    read_end, write_end = os.pipe()
    for other in ("/proc/self/fd/%d", "/dev/fd/%d"):
        result = espcap.run("--file=/dev/fd/%d" % read_end, "--file=" + other % read_end, prefix=who,
                            pass_fds=[read_end])
        assert result.code == 2 and "the same pipe" in result.errors, result.errors
    result = espcap.run("--file=-", "--file=/dev/stdin", prefix=who, stdin=read_end)
    assert result.code == 2 and "the same pipe" in result.errors, result.errors
    os.close(read_end)
    os.close(write_end)


def test_one_file_by_number_twice(who, good):
    with open(good, "rb") as source:
        name = "--file=/dev/fd/%d" % source.fileno()
        result = espcap.run(name, name, prefix=who, pass_fds=[source.fileno()])
    assert result.code == 0, result.errors
    assert numbers_of(result.lines) == 2 * list(range(1, PACKETS + 1))


def test_numbers_that_cannot_be_read(who, good, folder):
    """Each is named, and the others go on."""
    target = put(folder, "written", b"")
    master, slave = pty.openpty()
    with open(target, "wb") as written:
        ends = {"/dev/fd/78": "descriptor 78 is not open",
                "/dev/fd/%d" % written.fileno(): "descriptor %d is not open for reading" % written.fileno(),
                "/dev/fd/%d" % slave: "is a terminal"}
        result = espcap.run(*["--file=" + name for name in ends], "--file", good, prefix=who,
                            pass_fds=[written.fileno(), slave])
    os.close(master)
    os.close(slave)
    assert result.code == 3, result.errors
    assert len(result.lines) == PACKETS
    for name, why in ends.items():
        assert "espcap: %s: %s" % (name, why) in result.errors, result.errors


def test_directory_by_number(who, good, folder):
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    result = espcap.run("--dir=/dev/fd/%d" % descriptor, prefix=who, pass_fds=[descriptor])
    os.close(descriptor)
    assert result.code == 0 and len(result.lines) == PACKETS, result.errors


# FIFOs.

def writer_of(fifo):
    """A descriptor to write to it, as soon as somebody has it open to read."""
    end = time.monotonic() + 30
    while True:
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            assert time.monotonic() < end, "nobody opens it"
            time.sleep(0.02)


def is_catching(child, number):
    """Whether it catches the signal by now: before it is ready it does not, and setpriv never does."""
    with open("/proc/%d/status" % child.pid, encoding="ascii", errors="replace") as source:
        caught = next(line for line in source if line.startswith("SigCgt"))
    return int(caught.split()[1], 16) >> (number - 1) & 1


def answered(child):
    """It says how it stands: its loop comes round."""
    wait_for(lambda: is_catching(child, signal.SIGUSR1))
    child.send_signal(signal.SIGUSR1)
    readable, _, _ = select.select([child.stderr], [], [], 20)
    assert readable, "it does not answer"
    line = child.stderr.readline()
    while b"so far" not in line:
        line = child.stderr.readline()
        assert line, "it does not answer"


def make_fifo(folder, name):
    path = os.path.join(folder, name)
    os.mkfifo(path)
    os.chmod(path, 0o666)
    return path


def test_fifo_waits_for_its_writer_in_the_loop(who, good, folder):
    fifo = make_fifo(folder, "fifo")
    with start("--file", good, "--file", fifo, prefix=who, bufsize=0) as child:
        lines = [child.stdout.readline() for _ in range(PACKETS)]
        assert numbers_of(lines) == list(range(1, PACKETS + 1))
        answered(child)
        with open(fifo, "wb") as target:
            target.write(packets(5))
        output, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    assert numbers_of(output.split(b"\n")[:-1]) == [1, 2, 3, 4, 5]


def test_fifo_whose_writer_never_comes(who, folder):
    fifo = make_fifo(folder, "fifo")
    with start("--file", fifo, prefix=who) as child:
        answered(child)
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=20)
    assert child.returncode == -signal.SIGINT, errors
    assert espcap.Result(0, b"", errors).counts["read"] == 0


def test_two_fifos_at_a_time(who, folder):
    """Both are open before either has a writer; the second's comes first."""
    first, second = make_fifo(folder, "first"), make_fifo(folder, "second")
    with start("--file", first, "--file", second, "--jobs=2", prefix=who) as child:
        for fifo, count in ((second, 3), (first, 2)):
            writer = writer_of(fifo)
            os.write(writer, packets(count))
            os.close(writer)
        output, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    assert numbers_of(output.split(b"\n")[:-1]) == [1, 2, 1, 2, 3]


def test_writer_that_says_nothing(who, folder):
    fifo = make_fifo(folder, "fifo")
    with start("--file", fifo, prefix=who) as child:
        with open(fifo, "wb"):
            pass
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 3 and b"the file is empty" in errors, errors


@pytest.mark.parametrize("what", ["fifo", "link to fifo", "link to number", "folder", "socket"])
def test_what_takes_the_place_of_a_file_of_a_directory(what, who, folder):
    """While it waits for its turn: a directory's entries must still be files then."""
    place = os.path.join(folder, "in")
    os.mkdir(place)
    os.chmod(place, 0o777)
    put(place, "a.pcap", packets(MANY))
    last = put(place, "z.pcap", packets(1))
    fifo = make_fifo(folder, "fifo")
    with start("--dir", place, "--jobs=1", prefix=who, bufsize=0) as child:
        child.stdout.readline()
        os.unlink(last)
        if what == "fifo":
            make_fifo(place, "z.pcap")
        elif what == "folder":
            os.mkdir(last)
        elif what == "socket":
            socket.socket(socket.AF_UNIX).bind(last)
        else:
            os.symlink(fifo if what == "link to fifo" else "/proc/self/fd/0", last)
        output, errors = child.communicate(timeout=100)
    assert child.returncode == 3, errors
    assert output.count(b"\n") == MANY - 1
    # As root a link may not leave the directory, and the process that opens files has no descriptor 0.
    is_root = os.geteuid() == 0 and not who
    reason = b"leads out of the directory" if what == "link to fifo" and is_root else b"is a "
    assert (b"z.pcap: " if what == "link to number" else b"z.pcap: " + reason) in errors, errors


@pytest.mark.parametrize("option", ["fields", "protocols"])
def test_configuration_in_a_fifo(option, who, good, folder):
    fifo = make_fifo(folder, "fifo")
    text = b"frame.number\n" if option == "fields" else b"eth\n"
    with start("--file", good, "--%s=%s%s" % (option, "@" if option == "fields" else "", fifo), prefix=who) as child:
        writer = writer_of(fifo)
        time.sleep(0.2)
        os.write(writer, text)
        os.close(writer)
        output, errors = child.communicate(timeout=60)
    assert child.returncode == 0 and output.count(b"\n") == PACKETS, errors


# Readers that do not read, and signals.

def end_by(child, *numbers, seconds=3):
    begin = time.monotonic()
    for number in numbers:
        child.send_signal(number)
    code = child.wait(20)
    assert time.monotonic() - begin < seconds
    # Of two that come together the kernel gives the lower number first.
    assert code in [-number for number in numbers]


def stalled_pair(kind):
    """A reader that does not read yet, and what espcap writes to."""
    if kind == "socket":
        reader, writer = socket.socketpair()
        return reader.detach(), writer.detach()
    if kind == "terminal":
        reader, writer = pty.openpty()
        tty.setraw(writer)
        return reader, writer
    reader, writer = os.pipe()
    if kind == "non-blocking":
        os.set_blocking(writer, False)
    return reader, writer


def wait_until_stalled(reader, writer):
    """Until nothing fits any more: select may call a full terminal writable, but nothing more comes out of it."""
    if os.isatty(writer):
        before = 0
        while before == 0 or waiting_in(reader) != before:
            before = waiting_in(reader)
            time.sleep(1)
        return
    wait_for(lambda: not select.select([], [writer], [], 0)[1])
    time.sleep(0.5)


def waiting_in(reader):
    """Bytes that can be read now."""
    return struct.unpack("i", fcntl.ioctl(reader, termios.FIONREAD, bytes(4)))[0]


def read_slowly(reader, child):
    """All of it until the writer has gone. The test keeps no writing end."""
    data = bytearray()
    while True:
        try:
            piece = os.read(reader, 65536)
        except OSError:  # a terminal that nobody has open any more
            break
        if not piece:
            break
        data += piece
        if len(piece) > 4096:
            time.sleep(0.0005)
    child.wait(20)
    return bytes(data)


def documents_only(kind):
    """A terminal shows text, and the progress between the documents."""
    return ["--quiet", "--output=json"] if kind == "terminal" else []


STALLED = ["pipe", "non-blocking", "socket", "terminal"]


@pytest.mark.parametrize("kind", STALLED)
@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM), ids=lambda s: s.name)
def test_second_signal_with_a_stalled_output(kind, number, who, many):
    reader, writer = stalled_pair(kind)
    blocking = os.get_blocking(writer)
    with start("--file", many, prefix=who, stdout=writer) as child:
        wait_until_stalled(reader, writer)
        child.send_signal(number)
        time.sleep(0.5)
        assert child.poll() is None, "the first waits for the reader"
        assert os.get_blocking(writer) == blocking
        end_by(child, number)
        errors = child.stderr.read()
    counts = espcap.Result(0, b"", errors).counts
    assert counts["unsent"] > 0 and 0 < counts["printed"] < counts["read"] <= MANY
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("kind", STALLED)
@pytest.mark.parametrize("numbers", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)],
                         ids=["same", "different"])
def test_second_signal_with_stalled_messages_too(kind, numbers, who, many):
    reader, writer = stalled_pair(kind)
    with start("--file", many, *documents_only(kind), prefix=who, stdout=writer, stderr=writer) as child:
        wait_until_stalled(reader, writer)
        child.send_signal(numbers[0])
        time.sleep(0.5)
        assert child.poll() is None
        end_by(child, numbers[1])
    os.close(reader)
    os.close(writer)


def test_two_signals_at_once(who, many):
    reader, writer = os.pipe()
    with start("--file", many, prefix=who, stdout=writer, stderr=writer) as child:
        wait_until_stalled(reader, writer)
        end_by(child, signal.SIGTERM, signal.SIGINT)
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("number", (signal.SIGHUP, signal.SIGQUIT), ids=lambda s: s.name)
def test_signals_that_are_not_caught(number, who, many):
    reader, writer = os.pipe()
    with start("--file", many, prefix=who, stdout=writer, stderr=writer) as child:
        wait_until_stalled(reader, writer)
        child.send_signal(number)
        assert child.wait(10) == -number
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("kind", STALLED)
def test_reader_that_comes_back_after_a_signal(kind, who, many):
    """What was read is delivered, then the final line; both in one stream."""
    reader, writer = stalled_pair(kind)
    with start("--file", many, *documents_only(kind), prefix=who, stdout=writer, stderr=writer) as child:
        wait_until_stalled(reader, writer)
        child.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        os.close(writer)
        data = read_slowly(reader, child)
    os.close(reader)
    assert child.returncode == 0
    # It may come in the middle of a document: that is what 2>&1 asks for.
    data, said = re.subn(rb"espcap: Terminated: [^\n]*\n", b"", data)
    assert said == (kind != "terminal")
    *documents, final, rest = data.split(b"\n")
    assert rest == b""
    counts = espcap.Result(0, b"", final + b"\n").counts
    assert counts["printed"] == counts["read"] == len(documents) and counts["unsent"] == 0
    assert numbers_of(documents) == list(range(1, len(documents) + 1))


@pytest.mark.parametrize("kind", STALLED)
@pytest.mark.parametrize("summary", [[], ["--summary-json=/dev/stderr"]], ids=["alone", "summary"])
def test_slow_reader_gets_everything(kind, summary, who, many):
    """Also where another program made the output non-blocking: it stays as it is."""
    reader, writer = stalled_pair(kind)
    blocking = os.get_blocking(writer)
    with start("--file", many, *documents_only(kind), *summary, prefix=who, stdout=writer,
               stderr=writer) as child:
        time.sleep(2)
        assert os.get_blocking(writer) == blocking
        os.close(writer)
        data = read_slowly(reader, child)
    os.close(reader)
    assert child.returncode == 0
    lines = data.split(b"\n")
    assert lines.pop() == b""
    if summary:
        assert json.loads(lines.pop())["printed"] == MANY
    assert espcap.Result(0, b"", lines.pop() + b"\n").counts["printed"] == MANY
    documents = [line for line in lines if not line.startswith(b"espcap: ")]
    assert numbers_of(documents) == list(range(1, MANY + 1))


def fill(writer):
    """Until it takes not even a byte; it is non-blocking then."""
    os.set_blocking(writer, False)
    for size in (4096, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * size)


# The kernel moves on what is in a terminal, so that it is not full for long.
@pytest.mark.parametrize("kind", ["pipe", "non-blocking", "socket"])
def test_final_line_that_nobody_reads(kind, who, good):
    """All is delivered: it waits for the reader of its messages, and one signal is enough to end that."""
    reader, writer = stalled_pair(kind)
    with start("--file", good, prefix=who, stderr=writer) as child:
        fill(writer)
        for _ in range(PACKETS):
            assert child.stdout.readline().endswith(b"\n")
        time.sleep(1)
        assert child.poll() is None
        end_by(child, signal.SIGINT)
    os.close(reader)
    os.close(writer)


def test_final_line_whose_reader_comes_late(who, good):
    reader, writer = os.pipe()
    with start("--file", good, prefix=who, stderr=writer) as child:
        fill(writer)
        os.set_blocking(writer, True)
        for _ in range(PACKETS):
            assert child.stdout.readline().endswith(b"\n")
        time.sleep(1)
        os.close(writer)
        data = read_slowly(reader, child)
    os.close(reader)
    assert child.returncode == 0
    assert espcap.Result(0, b"", data.lstrip(b"x")).counts["printed"] == PACKETS


def test_other_writers_of_the_same_pipe(who, many):
    """They take the room that was just free; no document is torn or lost, and signals are obeyed all the time."""
    reader, writer = os.pipe()
    noise = subprocess.Popen(["sh", "-c", "while :; do echo '#'; done"], stdout=writer)
    try:
        with start("--file", many, prefix=who, stdout=writer) as child:
            os.close(writer)
            got = bytearray()
            while child.poll() is None:
                got += os.read(reader, 4096)
            noise.kill()
            noise.wait()
            while piece := os.read(reader, 65536):
                got += piece
    finally:
        noise.kill()
        noise.wait()
    os.close(reader)
    assert child.returncode == 0
    # What is longer than PIPE_BUF may have a line of the others in it.
    assert bytes(got).replace(b"#\n", b"").count(b"\n") == MANY


@pytest.mark.parametrize("what", ["--help=all", "--print-template=opensearch", "--version"])
def test_texts_on_a_stalled_output(what):
    """Non-blocking, and full."""
    reader, writer = os.pipe()
    fill(writer)
    with start(what, stdout=writer) as child:
        time.sleep(1)
        assert child.poll() is None
        os.close(writer)
        data = read_slowly(reader, child).lstrip(b"x")
        assert child.returncode == 0, child.stderr.read()
    os.close(reader)
    assert data == espcap.run(what).output
