/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of the capture process. */
#include "capture/sniff.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "capture/backlog.h"

/* Packets in one go, before the pipe has its turn. */
#define SLICE 512
/* How often the counters are fetched and the interface is looked at, ms. */
#define LOOK_MS 250
/* What was sent before the capture ends may still wait in a block of the kernel's ring. */
#define LINGER_MS (NIC_BLOCK_MS + 50)
/* Drops are spoken of once in so many ms. */
#define SAY_MS 60000
/* Failures in a row of an interface that looks well. */
#define FAILURES_MAX 5

struct sniff {
	struct nic *nic;
	const struct sniff_config *config;
	int data, control;
	struct sniff_counts *counts;
	struct spool_file *spool;
	struct packet_ring *packet_ring;
	struct backlog *backlog;
	uint64_t captured, dropped;
	uint64_t ordinal; /* of the last packet that was not dropped, as its document has it */
	uint64_t lost;    /* of those dropped, in the spool */
	uint64_t missing; /* in the archive, as told last */
	uint64_t stop_at; /* ms, UINT64_MAX for never */
	uint64_t next_look;
	uint64_t said_drop, said_spool, said_lost, said_missing; /* ms, 0 for never */
	bool stopping, capturing, closed;
	enum nic_state state;
	uint64_t lost_at;
	unsigned failures;
	char name[64]; /* of the interface, as told last */
};

/* Speaking. */

void
sniff_say(int control, enum sniff_word word, enum outcome outcome,
    const char *text)
{
	struct sniff_message message = { .word = word, .outcome = outcome };
	int flags = MSG_NOSIGNAL | (word == SNIFF_NOTE ? MSG_DONTWAIT : 0);
	ssize_t sent;

	(void)snprintf(message.text, sizeof(message.text), "%s", text);
	do
		sent = send(control, &message, sizeof(message), flags);
	while (sent < 0 && errno == EINTR);
}

static void
note(struct sniff *sniff, const char *text)
{
	sniff_say(sniff->control, SNIFF_NOTE, OUTCOME_OK, text);
}

/* Once a minute, of one thing; *said is when that was last, 0 for never. */
static bool
is_time_to_say(uint64_t *said)
{
	uint64_t now = clock_ms();

	if (*said != 0 && now - *said < SAY_MS)
		return false;
	*said = now;
	return true;
}

static void
say_drop(struct sniff *sniff)
{
	char queue[TEXT_SIZE_LEN], spool[TEXT_SIZE_LEN];
	unsigned long long dropped = sniff->dropped;
	int reason = sniff->spool == NULL ?
	    0 :
	    spool_file_failure(sniff->spool);
	char text[800];

	if (!is_time_to_say(&sniff->said_drop))
		return;
	(void)text_put_size(queue, sniff->config->queue);
	if (sniff->spool == NULL)
		(void)snprintf(text, sizeof(text),
		    "the queue of %s is full: packets are dropped, %llu so far (--queue)", queue, dropped);
	else if (reason == 0)
		(void)snprintf(text, sizeof(text),
		    "the queue of %s and the spool of %s are full: packets are dropped, %llu so far (--spool-size)",
		    queue, text_put_size(spool, spool_file_size(sniff->spool)), dropped);
	else
		(void)snprintf(text, sizeof(text),
		    "the queue of %s is full, and the spool in %.400s cannot "
		    "be written: %s: packets are dropped, %llu so far; espcap keeps "
		    "trying",
		    queue,
		    spool_file_dir(sniff->spool), strerror(reason), dropped);
	note(sniff, text);
}

static void
say_lost(struct sniff *sniff, int reason)
{
	char text[700];

	if (!is_time_to_say(&sniff->said_lost))
		return;
	(void)snprintf(text, sizeof(text),
	    "the spool in %.400s cannot be read: "
	    "%s: packets in it are lost, %llu so far (queue_drop)",
	    spool_file_dir(sniff->spool), strerror(reason),
	    (unsigned long long)sniff->lost);
	note(sniff, text);
}

static void
say_spooling(struct sniff *sniff)
{
	char text[600], queue[TEXT_SIZE_LEN];

	if (sniff->spool == NULL || spool_file_is_empty(sniff->spool) ||
	    !is_time_to_say(&sniff->said_spool))
		return;
	(void)snprintf(text, sizeof(text),
	    "the queue of %s is full: packets wait in the spool in %.400s", text_put_size(queue, sniff->config->queue),
	    spool_file_dir(sniff->spool));
	note(sniff, text);
}

static void
say_missing(struct sniff *sniff)
{
	uint64_t missing = sniff->packet_ring == NULL ?
	    0 :
	    packet_ring_missing(sniff->packet_ring);
	char text[700];

	if (missing == sniff->missing || !is_time_to_say(&sniff->said_missing))
		return;
	sniff->missing = missing;
	(void)snprintf(text, sizeof(text),
	    "the packet ring files in %.400s cannot be written: %s: packets "
	    "are missing there, %llu so far; espcap keeps trying (documents "
	    "are not affected)",
	    sniff->config->packet_ring.dir,
	    strerror(packet_ring_failure(sniff->packet_ring)),
	    (unsigned long long)missing);
	note(sniff, text);
}

/* Stopping. */

static void
stop(struct sniff *sniff, uint64_t linger)
{
	uint64_t at = clock_ms() + linger;

	if (at < sniff->stop_at)
		sniff->stop_at = at;
	sniff->stopping = true;
}

static void
lose(struct sniff *sniff, const char *why)
{
	if (!sniff->stopping)
		sniff_say(sniff->control, SNIFF_LOST, OUTCOME_TSHARK, why);
	/* What came before is still in the kernel's ring. */
	stop(sniff, LINGER_MS);
}

/* Packets. */

/* How many of --count there are. It can be more if several processes capture: each looks before it takes. */
static uint64_t
taken(const struct sniff *sniff)
{
	return sniff->config->taken != NULL ?
	    atomic_load(sniff->config->taken) :
	    sniff->captured;
}

/* How many packets may be read in one go; 0: there are enough. */
static int
slice(const struct sniff *sniff)
{
	uint64_t count = sniff->config->count, now = taken(sniff);

	if (count == 0)
		return SLICE;
	if (now >= count)
		return 0;
	return count - now < SLICE ? (int)(count - now) : SLICE;
}

/* False if the others took the last one: then this is as if it had come after the capture. */
static bool
take_one(const struct sniff *sniff)
{
	return sniff->config->count == 0 || sniff->config->taken == NULL ||
	    atomic_fetch_add(sniff->config->taken, 1) < sniff->config->count;
}

static void
on_packet(void *ctx, const struct nic_packet *packet)
{
	struct sniff *sniff = ctx;

	if (!take_one(sniff))
		return;
	sniff->captured++;
	backlog_put(sniff->backlog, packet);
}

static void
on_resolved(void *ctx, const struct nic_packet *packet, bool taken)
{
	struct sniff *sniff = ctx;

	if (taken)
		sniff->ordinal++;
	else
		sniff->dropped++;
	if (sniff->packet_ring != NULL)
		packet_ring_packet(sniff->packet_ring, packet,
		    taken ? sniff->ordinal : 0);
}

static void
publish(struct sniff *sniff)
{
	/* Who reads them the other way round never sees more dropped than captured. */
	atomic_store(&sniff->counts->captured, sniff->captured);
	atomic_store(&sniff->counts->queue_drop, sniff->dropped);
	atomic_store(&sniff->counts->queued,
	    backlog_queued(sniff->backlog));
	atomic_store(&sniff->counts->spooled,
	    backlog_spooled(sniff->backlog));
	if (sniff->packet_ring != NULL)
		atomic_store(&sniff->counts->ring_missing,
		    packet_ring_missing(sniff->packet_ring));
}

static void
read_packets(struct sniff *sniff)
{
	uint64_t dropped = sniff->dropped;
	int max = slice(sniff);
	int got = max > 0 ? nic_read(sniff->nic, max, on_packet, sniff) : 0;

	backlog_resolve(sniff->backlog);
	if (sniff->packet_ring != NULL)
		packet_ring_flush(sniff->packet_ring);
	/* Before they can be delivered: nobody sees more delivered than read. */
	publish(sniff);
	if (sniff->dropped > dropped)
		say_drop(sniff);
	else
		say_spooling(sniff);
	say_missing(sniff);
	if (slice(sniff) == 0)
		stop(sniff, 0);
	if (got > 0)
		sniff->failures = 0;
	if (got < 0) {
		sniff->next_look = 0;
		/* It is down at most: that shows when it is looked at. */
		if (++sniff->failures > FAILURES_MAX &&
		    sniff->state == NIC_UP)
			lose(sniff, "the interface can no longer be read");
	}
}

static void
write_backlog(struct sniff *sniff)
{
	uint64_t lost;
	int reason;

	if (backlog_write(sniff->backlog, sniff->data, &lost) != 0)
		sniff->closed = true;
	reason = errno;
	if (lost == 0)
		return;
	sniff->dropped += lost;
	/* They were the last. What comes next has their numbers in the documents. */
	sniff->ordinal -= lost;
	publish(sniff);
	sniff->lost += lost;
	say_lost(sniff, reason);
}

/* The interface. */

static void
say_state(struct sniff *sniff, enum nic_state state)
{
	static const char *const words[] = { "is up again", "is down",
		"was removed" };
	unsigned long long s = (clock_ms() - sniff->lost_at + 500) / 1000;
	char text[200];

	if (state == NIC_UP)
		(void)snprintf(text, sizeof(text), "%s %s, after %llu s",
		    sniff->name, words[state], s);
	else
		(void)snprintf(text, sizeof(text), "%s %s%s", sniff->name,
		    words[state], sniff->config->wait ? "; waiting for it" : "");
	if (state == NIC_UP || sniff->config->wait)
		note(sniff, text);
	else
		lose(sniff, text);
}

static void
look_at_name(struct sniff *sniff)
{
	char shown[64], text[200];

	(void)text_visible(shown, sizeof(shown), nic_name(sniff->nic),
	    strlen(nic_name(sniff->nic)));
	if (strcmp(shown, sniff->name) == 0)
		return;
	if (sniff->name[0] != '\0') {
		(void)snprintf(text, sizeof(text), "%s was renamed to %s",
		    sniff->name, shown);
		note(sniff, text);
	}
	memcpy(sniff->name, shown, sizeof(sniff->name));
}

static void
look(struct sniff *sniff)
{
	enum nic_state state = nic_look(sniff->nic);
	uint64_t kernel = atomic_load(&sniff->counts->kernel_drop);
	uint64_t interface = atomic_load(&sniff->counts->interface_drop);

	sniff->next_look = clock_ms() + LOOK_MS;
	/* The others may have taken the last packet while none came here. */
	if (slice(sniff) == 0)
		stop(sniff, 0);
	if (sniff->spool != NULL)
		spool_file_rest(sniff->spool);
	nic_drops(sniff->nic, &kernel, &interface);
	atomic_store(&sniff->counts->kernel_drop, kernel);
	atomic_store(&sniff->counts->interface_drop, interface);
	if (state == NIC_GONE && sniff->config->wait &&
	    nic_return(sniff->nic))
		state = nic_look(sniff->nic);
	look_at_name(sniff);
	if (state == sniff->state)
		return;
	if (sniff->state == NIC_UP)
		sniff->lost_at = clock_ms();
	say_state(sniff, state);
	sniff->failures = 0;
	sniff->state = state;
}

/* Orders. */

static void
obey(struct sniff *sniff)
{
	struct sniff_order order;
	struct error error;
	ssize_t got = recv(sniff->control, &order, sizeof(order),
	    MSG_DONTWAIT);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got != (ssize_t)sizeof(order)) {
		sniff->closed = true;
		return;
	}
	order.exclude[sizeof(order.exclude) - 1] = '\0';
	if (order.stop)
		stop(sniff, LINGER_MS);
	else if (nic_exclude(sniff->nic, order.exclude, &error) == 0)
		sniff_say(sniff->control, SNIFF_DONE, OUTCOME_OK, "");
	else
		sniff_say(sniff->control, SNIFF_REFUSED, error.outcome,
		    error.text);
}

/* All. */

uint64_t
sniff_longest_file(const struct sniff_config *config)
{
	uint64_t spool = config->spool != NULL ? config->spool_size : 0;
	uint64_t packet_ring = config->packet_ring.dir == NULL ?
	    0 :
	    packet_ring_longest_file(config->packet_ring.size);

	return spool > packet_ring ? spool : packet_ring;
}

static int
wait_ms(const struct sniff *sniff)
{
	uint64_t now = clock_ms(), until = sniff->next_look;

	if (!sniff->capturing)
		return -1;
	if (sniff->stop_at < until)
		until = sniff->stop_at;
	return until > now ? (int)(until - now) : 0;
}

static void
step(struct sniff *sniff)
{
	struct pollfd fds[3] = {
		{ .fd = sniff->control, .events = POLLIN },
		{ .fd = sniff->data,
		    .events = backlog_waits(sniff->backlog) ? POLLOUT : 0 },
		{ .fd = sniff->capturing ? nic_fd(sniff->nic) : -1,
		    .events = POLLIN }
	};

	if (poll(fds, 3, wait_ms(sniff)) < 0)
		return;
	if (fds[0].revents != 0)
		obey(sniff);
	if ((fds[1].revents & POLLERR) != 0)
		sniff->closed = true;
	if (sniff->capturing && fds[2].revents != 0)
		read_packets(sniff);
	write_backlog(sniff);
	publish(sniff);
	if (sniff->capturing && clock_ms() >= sniff->next_look)
		look(sniff);
	if (sniff->capturing && clock_ms() >= sniff->stop_at) {
		look(sniff);
		sniff->capturing = false;
	}
}

void
sniff_run(const struct sniff_means *means, const struct sniff_config *config,
    int data, int control, struct sniff_counts *counts)
{
	struct sniff sniff = { .nic = means->nic,
		.config = config,
		.data = data,
		.spool = means->spool,
		.packet_ring = means->packet_ring,
		.control = control,
		.counts = counts,
		.capturing = true,
		.stop_at = config->duration == 0 ?
		    UINT64_MAX :
		    clock_ms() + config->duration };

	sniff.backlog = backlog_new(config->queue, means->spool, on_resolved,
	    &sniff);
	if (sniff.backlog == NULL ||
	    backlog_begin(
		sniff.backlog, nic_header(sniff.nic), NIC_HEADER_LEN) != 0) {
		sniff_say(control, SNIFF_FAILED, OUTCOME_INTERNAL,
		    "not enough memory for the queue (--queue)");
		goto out;
	}
	look_at_name(&sniff);
	sniff_say(control, SNIFF_OPEN, OUTCOME_OK, "");
	while (
	    !sniff.closed && (sniff.capturing || backlog_waits(sniff.backlog)))
		step(&sniff);
	sniff_say(control, SNIFF_END, OUTCOME_OK, "");
out:
	backlog_free(sniff.backlog);
}
