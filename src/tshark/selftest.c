/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries the plugin with a sample. */
#include "tshark/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/command.h"
#include "readers/frames_subset.h"
#include "readers/frames_wire.h"

#define SAMPLE_MAX ((size_t)16 << 20)
/* Of the sample that is shipped it is a megabyte. */
#define OUTPUT_MAX ((size_t)16 << 20)
#define OBJECTS_MAX ((size_t)1 << 20)
/* With shortcuts.so the same work takes less; a busy machine may take several times as long. */
#define TIMES_LONGER 8
#define LONGER_MS 5000

/*
 * Of protocols of all sections, several of one protocol, and of several types. Those that a tshark lacks are left out.
 */
static const char *const some_fields[] = {
	"frame.protocols", "frame.number", "frame.time_delta", "eth.src", "eth.addr", "vlan.id", "arp.src.proto_ipv4",
	"ip.src", "ip.dst", "ip.ttl", "ip.flags.df", "ip.proto", "ipv6.src", "ipv6.nxt", "icmp.type", "icmpv6.type",
	"gre.key", "vxlan.vni", "tcp.srcport", "tcp.stream", "tcp.flags", "tcp.flags.push", "tcp.options.mss_val",
	"tcp.analysis.retransmission", "tcp.analysis.ack_rtt", "tcp.segment.count", "udp.dstport", "udp.stream",
	"sctp.chunk_type", "dns.qry.name", "dns.flags.rcode", "dns.a", "dns.time", "dhcp.option.hostname", "dhcp.ip.your",
	"http.request.method", "http.request.full_uri", "http.response.code", "http.time", "http2.header.value",
	"websocket.payload.text", "tls.handshake.extensions_server_name", "tls.record.version", "x509sat.uTF8String",
	"x509ce.dNSName", "ssh.protocol", "ssh.kex_algorithms", "ntp.stratum", "quic.packet_number", "smtp.req.command",
	"ftp.request.command", "snmp.name", "snmp.community", "data.len", "iax2.subclass", "_ws.expert.message"
};

/* One run of tshark over the sample. */
struct attempt {
	struct buffer out;
	bool overflowed;
	bool ended;    /* by itself: result is valid */
	uint64_t took; /* ms */
	struct command_result result;
	struct error error; /* if it did not end by itself */
};

static void
take_bytes(void *ctx, const char *data, size_t len)
{
	struct attempt *attempt = ctx;

	if (!attempt->overflowed &&
	    buffer_append(&attempt->out, data, len) != 0)
		attempt->overflowed = true;
}

static int
read_sample(const char *path, struct buffer *sample, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rv = -1;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    buffer_reserve(sample, (size_t)st.st_size) == 0) {
		ssize_t n = read(fd, sample->data, (size_t)st.st_size);

		if (n == st.st_size)
			rv = 0;
		buffer_added(sample, n > 0 ? (size_t)n : 0);
	}
	if (rv != 0)
		error_set(error, OUTCOME_USAGE, "%s cannot be read: %s", path,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	return rv;
}

/* only: fields, NULL for all. timeout: ms. Release attempt->out afterwards. */
static void
attempt_run(const struct selftest *test, const struct buffer *sample,
    const char *preload, const char *only, uint64_t timeout,
    struct attempt *attempt)
{
	const struct tshark *tshark = test->tshark;
	const struct tshark_config config = { .only = only, .keys_fd = -1 };
	const struct tshark_run run = {
		.plugin = true, .objects = true, .placeholder = SELFTEST_PLACEHOLDER
	};
	struct argv argv = { NULL, 0 };
	struct command_spec spec = { .argv = &argv,
		.home = tshark->home,
		.preload = preload,
		.sandbox = tshark->sandbox,
		.extra_fd = -1,
		.input = sample->data,
		.input_len = sample->len,
		.timeout = timeout,
		.on_bytes = take_bytes,
		.ctx = attempt };
	uint64_t begun = clock_ms();

	memset(attempt, 0, sizeof(*attempt));
	buffer_init(&attempt->out, OUTPUT_MAX);
	tshark_argv(tshark, &config, &run, &argv);
	attempt->ended =
	    command_run(test->loop, &spec, &attempt->result,
		&attempt->error) == 0;
	attempt->took = clock_ms() - begun;
	argv_release(&argv);
	for (char *s = attempt->result.errors; *s != '\0'; s++)
		if (*s == '\n')
			*s = ' ';
}

/* Takes the lines that name objects off the front. NULL for objects: they are not wanted. */
static void
take_objects(struct attempt *attempt, struct buffer *objects)
{
	const size_t head = sizeof(FRAMES_OBJECT) - 1;
	struct buffer *out = &attempt->out;

	while (out->len > head && memcmp(out->data, FRAMES_OBJECT, head) == 0) {
		const char *end = memchr(out->data, '\n', out->len);
		size_t len = end == NULL ? 0 : (size_t)(end + 1 - out->data);

		if (len == 0)
			return;
		if (objects != NULL)
			(void)buffer_append(objects, out->data + head,
			    len - head);
		buffer_consume(out, len);
	}
}

/* The plugin is found in tshark's home, which is another each time; it is known otherwise. */
static void
forget_home(struct buffer *objects, const char *home)
{
	struct buffer kept;
	size_t home_len = strlen(home);

	buffer_init(&kept, OBJECTS_MAX);
	while (objects->len > 0) {
		size_t len =
		    (size_t)((char *)memchr(objects->data, '\n', objects->len) +
			1 - objects->data);

		if (len <= home_len ||
		    memcmp(objects->data, home, home_len) != 0 ||
		    objects->data[home_len] != '/')
			(void)buffer_append(&kept, objects->data, len);
		buffer_consume(objects, len);
	}
	buffer_release(objects);
	*objects = kept;
}

static bool
begins_right(const struct attempt *attempt)
{
	return attempt->out.len >= FRAMES_MAGIC_LEN &&
	    memcmp(attempt->out.data, FRAMES_MAGIC, FRAMES_MAGIC_LEN) == 0;
}

static int
fails(const struct attempt *attempt, struct error *error)
{
	if (!attempt->ended) {
		*error = attempt->error;
		return -1;
	}
	if (attempt->result.exit_status != 0)
		return error_set(error, OUTCOME_USAGE,
		    "tshark does not run "
		    "with it (%s): %s",
		    attempt->result.status,
		    attempt->result.errors);
	if (!begins_right(attempt))
		return error_set(error, OUTCOME_USAGE,
		    "tshark does not know "
		    "it");
	if (attempt->overflowed)
		return error_set(error, OUTCOME_USAGE,
		    "tshark prints more "
		    "than %zu bytes of the sample",
		    OUTPUT_MAX);
	return 0;
}

/* A time or a process number in a message is another each time. */
static bool
are_same_messages(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += strspn(a, "0123456789");
		b += strspn(b, "0123456789");
		if (*a != *b)
			return false;
		if (*a == '\0')
			return true;
	}
}

/* Memory, processes, time, or somebody's kill: it may be otherwise next time. */
static bool
may_pass(const struct selftest *test, const struct attempt *attempt)
{
	return !attempt->ended || attempt->result.exit_status < 0 ||
	    tshark_lacks_memory(test->tshark, attempt->result.errors) ||
	    strstr(attempt->result.errors, strerror(EAGAIN)) != NULL;
}

static void
condemn(struct trial *trial, bool passing, const char *why, const char *more)
{
	trial->outcome = TRIAL_BAD;
	trial->passing = passing;
	trial->until = passing ? cache_now() / 1000000000 + TRIAL_PASSES : 0;
	(void)snprintf(trial->reason, sizeof(trial->reason), "%.150s%.89s", why,
	    more);
}

/* What does not even depend on the bytes. False if it is bad. */
static bool
ended_alike(const struct selftest *test, const struct attempt *whole,
    const struct attempt *attempt, struct trial *trial)
{
	struct error error;

	if (fails(attempt, &error) != 0)
		condemn(trial, may_pass(test, attempt), error.text, "");
	else if (!are_same_messages(
		     whole->result.errors, attempt->result.errors))
		condemn(trial, false, "tshark prints other messages: ",
		    attempt->result.errors);
	return trial->outcome == TRIAL_UNKNOWN;
}

static uint64_t
patience(const struct selftest *test, const struct attempt *whole)
{
	uint64_t ms = LONGER_MS + TIMES_LONGER * whole->took;

	return ms < test->tshark->timeout ? ms : test->tshark->timeout;
}

#define DIFFERS "the self-test gives different packets"

static void
try_shortcuts(const struct selftest *test, const struct buffer *sample,
    const struct attempt *whole, struct trial *trial)
{
	struct attempt attempt;

	attempt_run(test, sample, test->preload, NULL, patience(test, whole),
	    &attempt);
	take_objects(&attempt, NULL);
	if (ended_alike(test, whole, &attempt, trial)) {
		if (attempt.out.len != whole->out.len ||
		    memcmp(attempt.out.data, whole->out.data, whole->out.len) !=
			0)
			condemn(trial, false, DIFFERS, "");
		else
			trial->outcome = TRIAL_GOOD;
	}
	buffer_release(&attempt.out);
}

/* Those of some_fields that this tshark has, with a plus between them. */
static int
list_fields(const struct names *names, struct buffer *list)
{
	int rv = 0;

	for (size_t i = 0; i < sizeof(some_fields) / sizeof(some_fields[0]);
	     i++)
		if (names_id(names, some_fields[i], strlen(some_fields[i])) !=
		    NAMES_NONE)
			rv |= buffer_printf(list, "%s%s",
			    list->len > 0 ? "+" : "", some_fields[i]);
	return rv | buffer_append(list, "", 1);
}

static bool
are_same_projections(const struct attempt *whole, const struct attempt *some,
    const char *fields)
{
	struct buffer a, b;
	bool same = false;

	buffer_init(&a, 2 * OUTPUT_MAX);
	buffer_init(&b, 2 * OUTPUT_MAX);
	if (frames_subset_make(whole->out.data, whole->out.len, fields, &a) == 0 &&
	    frames_subset_make(some->out.data, some->out.len, fields, &b) == 0)
		same = a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
	buffer_release(&a);
	buffer_release(&b);
	return same;
}

static void
try_projection(const struct selftest *test, const struct buffer *sample,
    const struct attempt *whole, const char *preload, struct trial *trial)
{
	struct attempt attempt;
	struct buffer fields;

	buffer_init(&fields, 1 << 16);
	if (list_fields(test->tshark->names, &fields) != 0) {
		buffer_release(&fields);
		return;
	}
	attempt_run(test, sample, preload, fields.data, patience(test, whole),
	    &attempt);
	take_objects(&attempt, NULL);
	if (ended_alike(test, whole, &attempt, trial)) {
		if (are_same_projections(whole, &attempt, fields.data))
			trial->outcome = TRIAL_GOOD;
		else
			condemn(trial, false, DIFFERS, "");
	}
	buffer_release(&attempt.out);
	buffer_release(&fields);
}

int
selftest_run(const struct selftest *test, struct trials *trials, struct buffer *objects,
    struct error *error)
{
	struct buffer sample;
	struct attempt whole = { .ended = false };
	bool with;
	int rv = -1;

	buffer_init(&sample, SAMPLE_MAX);
	buffer_init(&whole.out, OUTPUT_MAX);
	if (read_sample(test->sample, &sample, error) != 0)
		goto out;
	attempt_run(test, &sample, test->tshark->preload, NULL,
	    test->tshark->timeout, &whole);
	take_objects(&whole, objects);
	forget_home(objects, test->tshark->home);
	if (fails(&whole, error) != 0)
		goto out;
	if (test->preload != NULL &&
	    trials->shortcuts.outcome == TRIAL_UNKNOWN)
		try_shortcuts(test, &sample, &whole, &trials->shortcuts);
	with = test->preload != NULL &&
	    trials->shortcuts.outcome == TRIAL_GOOD;
	if (test->projection &&
	    trials->projection[with].outcome == TRIAL_UNKNOWN)
		try_projection(test, &sample, &whole,
		    with ? test->preload : test->tshark->preload,
		    &trials->projection[with]);
	rv = 0;
out:
	buffer_release(&whole.out);
	buffer_release(&sample);
	return rv;
}
