/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The captures of espcapd without its messages: takes orders from standard input, prints what daemon/captures.h tells,
 * one line each, and writes the files. For test_espcapd_capture.py.
 *
 *	captures_driver [-b BPF] [-g BPF]... [-c MAXCAPTURES] [-m MAXMEMORY] [-p PACKETS] [-B BYTES] [-t MS] [-d MS]
 *	    [-s SNAPLEN] [-k BUFFER] [-H] FOLDER INTERFACE[:LOOKBACK]...
 *
 * With -H it asks the broker of the first interface for what it must refuse, says what the answers were, and ends.
 * -b is for all, each -g is a grant; -p, -B, -t, -d and -s are the maxima. Orders, each a line of words in which %20
 * stands for a space:
 *
 *	capture ID INTERFACE [filter=BPF] [grant=N] [snaplen=N] [packets=N] [bytes=N] [timeout=MS] [duration=MS]
 *	    [before=MS] [pcapng=1]
 *	cancel ID | stop | state | exclude ADDRESS PORT | counts | quit
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "daemon/captures.h"
#include "process/fd_message.h"
#include "sandbox/privilege.h"
#include "orders.h"

#define ITEMS_MAX 64

struct driver {
	struct loop *loop;
	struct captures *captures;
	struct event *input;
	const char *folder;
	int folder_fd;
	struct orders orders;
};

static void
on_started(void *ctx, uint64_t number)
{
	(void)ctx;
	printf("started %" PRIu64 "\n", number);
}

static void
copy_file(struct driver *driver, int memfd, const char *name)
{
	char block[65536];
	ssize_t got;
	int fd = openat(driver->folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		abort();
	while ((got = read(memfd, block, sizeof(block))) > 0)
		if (write(fd, block, (size_t)got) != got)
			abort();
	close(fd);
}

static void
on_end(void *ctx, const struct captures_end *end)
{
	struct driver *driver = ctx;
	char name[32] = "-";
	int seals = end->memfd >= 0 ? fcntl(end->memfd, F_GET_SEALS) : -1;

	if (end->memfd >= 0) {
		(void)snprintf(name, sizeof(name), "%" PRIu64 ".pcap", end->number);
		copy_file(driver, end->memfd, name);
	}
	if (end->failed != NULL)
		printf("failed %" PRIu64 " id=%s refused=%d %s\n", end->number, end->id, end->refused, end->failed);
	else
		printf("end %" PRIu64 " id=%s interface=%s stop=%s packets=%" PRIu64 " bytes=%" PRIu64 " kernel_drop=%" PRIu64
		       " interface_drop=%" PRIu64 " first=%" PRId64 " last=%" PRId64 " linktype=%u snaplen=%u seals=%d file=%s\n",
		    end->number, end->id, end->interface, take_stop_name(end->result.stop), end->result.packets,
		    end->result.bytes, end->result.kernel_drop, end->result.interface_drop, end->result.first_ns,
		    end->result.last_ns, end->result.linktype, end->result.snaplen, seals, name);
}

static void
on_lost(void *ctx, const char *text)
{
	(void)ctx;
	printf("lost %s\n", text);
}

static void
decode(char *text)
{
	char *to = text;
	unsigned value;

	for (; *text != '\0'; text++)
		if (text[0] == '%' && sscanf(text + 1, "%2x", &value) == 1) {
			*to++ = (char)value;
			text += 2;
		} else
			*to++ = *text;
	*to = '\0';
}

static bool
read_number(const char *word, const char *name, uint64_t *value)
{
	size_t len = strlen(name);

	if (strncmp(word, name, len) != 0 || word[len] != '=')
		return false;
	*value = strtoull(word + len + 1, NULL, 10);
	return true;
}

static void
read_word(char *word, struct captures_order *order)
{
	uint64_t value;

	if (strncmp(word, "filter=", 7) == 0) {
		decode(word + 7);
		order->filter = word + 7;
	} else if (read_number(word, "grant", &value))
		order->grant = (uint32_t)value;
	else if (read_number(word, "snaplen", &value))
		order->snaplen = (uint32_t)value;
	else if (read_number(word, "pcapng", &value))
		order->pcapng = value != 0;
	else if (!read_number(word, "packets", &order->limits.packets) && !read_number(word, "bytes", &order->limits.bytes) &&
	    !read_number(word, "timeout", &order->limits.timeout_ms) &&
	    !read_number(word, "duration", &order->limits.duration_ms) && !read_number(word, "before", &order->before_ms))
		printf("unknown %s\n", word);
}

static void
capture(struct driver *driver, char **rest)
{
	struct captures_order order = { .grant = CAPTURE_NO_GRANT, .ctx = driver };
	uint64_t number = 0;
	char text[300], *word;

	order.id = strtok_r(NULL, " ", rest);
	order.interface = strtok_r(NULL, " ", rest);
	while ((word = strtok_r(NULL, " ", rest)) != NULL)
		read_word(word, &order);
	if (captures_start(driver->captures, &order, &number, text, sizeof(text)) == CAPTURES_ACCEPTED)
		printf("accepted %" PRIu64 " id=%s memory=%" PRIu64 "\n", number, order.id, captures_memory_of(driver->captures, &order));
	else
		printf("busy id=%s %s\n", order.id, text);
}

static void
on_state(void *ctx, const struct captures_state *state)
{
	(void)ctx;
	printf("state %" PRIu64 " id=%s interface=%s filter=%s started=%d packets=%" PRIu64 " bytes=%" PRIu64 " age=%" PRIu64 "\n",
	    state->number, state->id, state->interface, state->filter, state->started, state->packets, state->bytes,
	    state->age_ms);
}

static void
say_counts(const struct driver *driver)
{
	struct captures_counts counts;

	captures_counts(driver->captures, &counts);
	printf("counts running=%zu memory=%" PRIu64 " started=%" PRIu64 " ended=%" PRIu64 " failed=%" PRIu64 " busy=%" PRIu64
	       " packets=%" PRIu64 " bytes=%" PRIu64 "\n",
	    counts.running, counts.memory, counts.started, counts.ended, counts.failed, counts.busy, counts.packets,
	    counts.bytes);
}

static void
exclude(struct driver *driver, const char *host, const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };

	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		abort();
	captures_exclude(driver->captures, (const struct sockaddr *)&address);
}

static void
obey(void *ctx, char *line)
{
	struct driver *driver = ctx;
	char *rest, *word = strtok_r(line, " ", &rest), *host;

	if (word == NULL)
		return;
	if (strcmp(word, "capture") == 0)
		capture(driver, &rest);
	else if (strcmp(word, "cancel") == 0)
		printf("cancelled %zu\n", captures_cancel(driver->captures, strtok_r(NULL, " ", &rest)));
	else if (strcmp(word, "stop") == 0)
		captures_stop(driver->captures);
	else if (strcmp(word, "state") == 0)
		captures_each(driver->captures, on_state, driver);
	else if (strcmp(word, "exclude") == 0) {
		host = strtok_r(NULL, " ", &rest);
		exclude(driver, host, strtok_r(NULL, " ", &rest));
	} else if (strcmp(word, "counts") == 0)
		say_counts(driver);
	else
		loop_stop(driver->loop);
	printf("done %s\n", word);
}

static void
on_input(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *driver = ctx;

	(void)what;
	if (!orders_read(&driver->orders, fd, obey, driver))
		loop_stop(driver->loop);
}

/* What a program that was taken over could ask the broker for, past daemon/captures.c. */

static void
say_answer(struct capture_broker *broker, const char *name)
{
	struct capture_answer answer = { .number = 0, .fd = -1, .text = "" };
	struct pollfd fd = { .fd = capture_broker_fd(broker), .events = POLLIN };
	struct capture_saying saying = { .text = "" };
	int heard = poll(&fd, 1, 1000) == 1 ? capture_broker_receive(broker, &answer) : 0, none;

	if (heard == 1 && answer.fd >= 0) {
		(void)fd_message_receive(answer.fd, &saying, sizeof(saying), &none, 0);
		close(answer.fd);
	}
	printf("hostile %s: %s number=%" PRIu64 " %s%s\n", name,
	    heard != 1        ? "nothing" :
		answer.fd < 0 ? "refused" :
				"process",
	    answer.number, answer.text, saying.text);
}

static struct capture_request *
harmless(struct capture_request *request)
{
	memset(request, 0, sizeof(*request));
	request->kind = CAPTURE_TAKE;
	request->number = 7;
	request->grant = CAPTURE_NO_GRANT;
	request->snaplen = 100;
	request->limits = (struct take_limits){ .packets = 1, .bytes = 100, .timeout_ms = 1, .duration_ms = 1 };
	return request;
}

static void
ask(struct capture_broker *broker, const char *name, const struct capture_request *request, size_t len)
{
	if (send(capture_broker_fd(broker), request, len, 0) != (ssize_t)len)
		printf("hostile %s: not sent: %s\n", name, strerror(errno));
	else
		say_answer(broker, name);
}

static void
ask_for(struct capture_broker *broker, const char *name, const struct capture_request *request)
{
	ask(broker, name, request, capture_request_len(request));
}

static void
ask_with(struct capture_broker *broker, const char *name, struct capture_request *request, const struct bpf_insn *insns,
    uint32_t count)
{
	harmless(request);
	memcpy(request->payload.insns, insns, count * sizeof(*insns));
	request->count = count;
	ask_for(broker, name, request);
}

static void
be_hostile_with_programs(struct capture_broker *broker, struct capture_request *request)
{
	const struct bpf_insn loop[] = { BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX), BPF_STMT(BPF_RET | BPF_K, 1) };
	const struct bpf_insn endless[] = { BPF_STMT(BPF_LD | BPF_IMM, 1) };
	const struct bpf_insn computed[] = { BPF_STMT(BPF_LD | BPF_IMM, 1), BPF_STMT(BPF_RET | BPF_A, 0) };
	const struct bpf_insn memory[] = { BPF_STMT(BPF_LD | BPF_MEM, 1), BPF_STMT(BPF_RET | BPF_K, 1) };

	ask_with(broker, "loop", request, loop, 2);
	ask_with(broker, "endless", request, endless, 1);
	ask_with(broker, "computed", request, computed, 2);
	ask_with(broker, "memory", request, memory, 2);
	harmless(request)->count = UINT32_MAX;
	ask(broker, "count", request, sizeof(*request));
	harmless(request)->rewound = 5;
	ask(broker, "rewound", request, offsetof(struct capture_request, payload));
}

static void
be_hostile_with_limits(struct capture_broker *broker, struct capture_request *request)
{
	harmless(request)->limits.packets = 1001;
	ask_for(broker, "packets", request);
	harmless(request)->limits.packets = 0;
	ask_for(broker, "no packets", request);
	harmless(request)->limits.bytes = UINT64_MAX;
	ask_for(broker, "bytes", request);
	harmless(request)->limits.timeout_ms = 0;
	ask_for(broker, "timeout", request);
	harmless(request)->limits.duration_ms = 2001;
	ask_for(broker, "duration", request);
	harmless(request)->snaplen = 501;
	ask_for(broker, "snaplen", request);
}

static void
be_hostile(struct capture_broker *broker)
{
	struct capture_request *request = xcalloc(2, sizeof(*request));

	ask_for(broker, "none", harmless(request));
	be_hostile_with_limits(broker, request);
	be_hostile_with_programs(broker, request);
	harmless(request)->interface = 1;
	ask_for(broker, "interface", request);
	harmless(request)->grant = 1;
	ask_for(broker, "grant", request);
	harmless(request)->before_ms = 1000;
	ask_for(broker, "before", request);
	harmless(request)->kind = 99;
	ask_for(broker, "kind", request);
	harmless(request)->kind = CAPTURE_COMPILE;
	request->text_len = CAPTURE_FILTER_MAX + 1;
	ask_for(broker, "text", request);
	ask(broker, "short", harmless(request), 3);
	ask(broker, "long", harmless(request), sizeof(*request) + 1);
	ask_for(broker, "none again", harmless(request));
	free(request);
}

static void
read_options(int argc, char **argv, struct capture_broker_config *broker, struct captures_config *captures,
    const char **grants, bool *is_hostile)
{
	int letter;

	while ((letter = getopt(argc, argv, "b:g:c:m:p:B:t:d:s:k:H")) != -1)
		switch (letter) {
		case 'H':
			*is_hostile = true;
			break;
		case 'b':
			broker->bpf = optarg;
			break;
		case 'g':
			grants[broker->grant_count++] = optarg;
			break;
		case 'c':
			captures->maxcaptures = strtoul(optarg, NULL, 10);
			break;
		case 'm':
			captures->maxmemory = strtoull(optarg, NULL, 10);
			break;
		case 'p':
			broker->maxima.packets = strtoull(optarg, NULL, 10);
			break;
		case 'B':
			broker->maxima.bytes = strtoull(optarg, NULL, 10);
			break;
		case 't':
			broker->maxima.timeout_ms = strtoull(optarg, NULL, 10);
			break;
		case 'd':
			broker->maxima.duration_ms = strtoull(optarg, NULL, 10);
			break;
		case 's':
			broker->snaplen = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'k':
			broker->buffer = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		default:
			exit(2);
		}
}

static void
read_interfaces(char **words, struct capture_interface *interfaces, struct capture_broker_config *broker,
    struct captures_config *captures)
{
	char *colon;

	for (; *words != NULL && broker->interface_count < ITEMS_MAX; words++) {
		struct capture_interface *interface = &interfaces[broker->interface_count++];

		interface->name = *words;
		colon = strchr(*words, ':');
		if (colon == NULL)
			continue;
		*colon = '\0';
		interface->lookback = strtoull(colon + 1, NULL, 10);
		captures->lookback += interface->lookback;
	}
}

int
main(int argc, char **argv)
{
	struct capture_interface interfaces[ITEMS_MAX] = { { NULL, 0, 0 } };
	const char *grants[ITEMS_MAX] = { NULL };
	struct capture_broker_config config = { .interfaces = interfaces, .grants = grants };
	struct captures_config bounds = { .maxcaptures = 50, .maxmemory = 1U << 30 };
	struct captures_handler handler = { on_started, on_end, on_lost, NULL };
	struct driver driver = { .loop = NULL };
	struct capture_broker *broker;
	struct error error;
	bool is_hostile = false;
	const char *user;
	uid_t uid;
	gid_t gid;

	read_options(argc, argv, &config, &bounds, grants, &is_hostile);
	if (argc - optind < 1)
		return 2;
	driver.folder = argv[optind];
	driver.folder_fd = open(driver.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	read_interfaces(argv + optind + 1, interfaces, &config, &bounds);
	config.maxcaptures = bounds.maxcaptures;
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	broker = capture_broker_start(&config, &error);
	if (broker == NULL || privilege_target(&uid, &gid, &error) != 0 || fchown(driver.folder_fd, uid, gid) != 0 ||
	    privilege_renounce(&user, &error) != 0) {
		printf("error %d %s\n", error.outcome, error.text);
		return 1;
	}
	if (is_hostile) {
		be_hostile(broker);
		capture_broker_free(broker);
		return 0;
	}
	driver.loop = loop_new(&error);
	driver.captures = captures_new(driver.loop, broker, &bounds, &handler);
	driver.input = event_new(loop_base(driver.loop), 0, EV_READ | EV_PERSIST, on_input, &driver);
	if (driver.input == NULL || event_add(driver.input, NULL) != 0)
		abort();
	printf("ready\n");
	(void)loop_run(driver.loop, &error);
	captures_free(driver.captures);
	capture_broker_free(broker);
	event_free(driver.input);
	loop_free(driver.loop);
	return 0;
}
