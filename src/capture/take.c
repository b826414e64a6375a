/* SPDX-License-Identifier: BSD-2-Clause */
/* One capture in memory: its limits, and the bytes of its file. */
#include "capture/take.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "packet/pcap_write.h"
#include "packet/pcapng_write.h"

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL
#define NS_PER_US 1000U

#define PCAP_HEADER 24U
#define PCAP_PACKET 16U
/* Upper bounds: both blocks in front with a name as long as they get; the frame of a packet with its padding. */
#define PCAPNG_HEADER 400U
#define PCAPNG_PACKET (32U + 3U)

/* Bytes that wait to be written to the file, and the largest packet beside these. */
#define WAIT_MAX (64U << 10)
#define PENDING_MAX (WAIT_MAX + TAKE_SNAPLEN_MAX + 64)

#define APPLICATION PACKAGE_NAME "d " PACKAGE_VERSION

struct take {
	struct take_config config;
	enum take_stop stop;
	int fd;
	uint64_t begun_ns, last_arrival_ns; /* monotonic clock */
	uint64_t begun_at;                  /* ns since 1970 */
	uint64_t packets, len;              /* in the file, and in pending */
	uint64_t written_packets, written;  /* in the file */
	struct buffer pending;
	bool is_torn; /* the file has bytes that could not be taken back */
	int64_t first_ns, last_ns;
};

static const char *const names[] = { "", "packets", "bytes", "timeout", "duration", "cancelled", "shutdown",
	"interface_down", "interface_gone", "memory" };

const char *
take_stop_name(enum take_stop stop)
{
	return names[stop];
}

/* The bound of the file. */

static uint64_t
add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t
times(uint64_t a, uint64_t b)
{
	return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

uint64_t
take_reserve(const struct take_limits *limits, uint32_t snaplen, bool pcapng)
{
	uint64_t header = pcapng ? PCAPNG_HEADER : PCAP_HEADER;
	uint64_t packet = (pcapng ? PCAPNG_PACKET : PCAP_PACKET) + (uint64_t)snaplen;
	uint64_t end = pcapng ? pcapng_write_statistics_len() : 0;
	uint64_t most = UINT64_MAX;

	if (limits->packets != 0)
		most = add(header, times(limits->packets, packet));
	if (limits->bytes != 0 && limits->bytes < most)
		most = limits->bytes > header ? limits->bytes : header;
	return add(most, packet + end);
}

/* The file. */

static void
forget_pending(struct take *take)
{
	take->packets = take->written_packets;
	take->len = take->written;
	buffer_clear(&take->pending);
	if (ftruncate(take->fd, (off_t)take->written) != 0)
		take->is_torn = true;
	take->stop = TAKE_MEMORY;
}

/* Whole packets only: what could not be written is taken back. */
static void
flush(struct take *take)
{
	size_t done = 0;

	while (done < take->pending.len) {
		ssize_t got = pwrite(take->fd, take->pending.data + done, take->pending.len - done,
		    (off_t)(take->written + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			forget_pending(take);
			return;
		}
		done += (size_t)got;
	}
	take->written += done;
	take->written_packets = take->packets;
	buffer_clear(&take->pending);
}

static int
write_head(struct take *take)
{
	const struct take_config *config = &take->config;
	const struct pcapng_write_interface interface = { .name = config->interface,
		.linktype = config->linktype,
		.snaplen = config->snaplen,
		.nano = true };

	if (!config->pcapng)
		return pcap_write_header(&take->pending, false, config->linktype, config->snaplen);
	return pcapng_write_section(&take->pending, NULL, APPLICATION) == 0 ?
	    pcapng_write_interface(&take->pending, &interface) :
	    -1;
}

static uint64_t
time_of_day(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

struct take *
take_new(const struct take_config *config, uint64_t now_ns, struct error *error)
{
	struct take *take = xcalloc(1, sizeof(*take));

	take->config = *config;
	take->begun_ns = take->last_arrival_ns = now_ns;
	take->begun_at = time_of_day();
	take->first_ns = take->last_ns = -1;
	buffer_init(&take->pending, PENDING_MAX);
	take->fd = memfd_create("capture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (take->fd < 0 || write_head(take) != 0) {
		error_set(error, OUTCOME_INTERNAL, "no memory for the capture");
		take_free(take);
		return NULL;
	}
	take->config.interface = NULL;
	take->len = take->pending.len;
	return take;
}

void
take_free(struct take *take)
{
	if (take == NULL)
		return;
	if (take->fd >= 0)
		close(take->fd);
	buffer_release(&take->pending);
	free(take);
}

/* Limits. */

static uint64_t
after(uint64_t start_ns, uint64_t ms)
{
	return ms == 0 ? UINT64_MAX : add(start_ns, times(ms, NS_PER_MS));
}

static uint64_t
idle_end(const struct take *take)
{
	return after(take->last_arrival_ns, take->config.limits.timeout_ms);
}

static uint64_t
duration_end(const struct take *take)
{
	return after(take->begun_ns, take->config.limits.duration_ms);
}

uint64_t
take_deadline(const struct take *take)
{
	uint64_t idle = idle_end(take), duration = duration_end(take);

	return idle < duration ? idle : duration;
}

void
take_expire(struct take *take, uint64_t now_ns)
{
	if (take->stop == TAKE_RUNS && now_ns > take_deadline(take))
		take->stop = idle_end(take) < duration_end(take) ? TAKE_TIMEOUT : TAKE_DURATION;
}

void
take_end(struct take *take, enum take_stop stop)
{
	if (take->stop == TAKE_RUNS)
		take->stop = stop;
}

enum take_stop
take_stopped(const struct take *take)
{
	return take->stop;
}

/* Packets. */

/* The bytes that it takes in the file. */
static size_t
append(struct take *take, const struct nic_packet *packet, uint32_t caplen)
{
	size_t before = take->pending.len;
	const struct pcap_write_packet classic = { packet->sec, packet->fraction / NS_PER_US, caplen, packet->wirelen,
		packet->bytes };
	const struct pcapng_write_packet block = { .sec = packet->sec,
		.fraction = packet->fraction,
		.caplen = caplen,
		.wirelen = packet->wirelen,
		.bytes = packet->bytes };

	/* There is room: pending is written before that ends. */
	(void)(take->config.pcapng ?
		pcapng_write_packet(&take->pending, true, &block) :
		pcap_write_packet(&take->pending, &classic));
	return take->pending.len - before;
}

static uint64_t
room(const struct take *take)
{
	uint64_t end = take->config.pcapng ? pcapng_write_statistics_len() : 0;

	return take->config.reserve > take->len + end ? take->config.reserve - take->len - end : 0;
}

static void
note_time(struct take *take, const struct nic_packet *packet)
{
	int64_t at = (int64_t)packet->sec * (int64_t)NS_PER_S + packet->fraction;

	if (take->packets == 1)
		take->first_ns = at;
	take->last_ns = at;
}

void
take_packet(struct take *take, const struct nic_packet *packet, uint64_t arrived_ns)
{
	const struct take_limits *limits = &take->config.limits;
	uint32_t caplen = packet->caplen < take->config.snaplen ? packet->caplen : take->config.snaplen;

	take_expire(take, arrived_ns);
	if (take->stop != TAKE_RUNS)
		return;
	if (room(take) < (take->config.pcapng ? PCAPNG_PACKET : PCAP_PACKET) + (uint64_t)caplen) {
		take->stop = TAKE_MEMORY;
		return;
	}
	take->len += append(take, packet, caplen);
	take->packets++;
	note_time(take, packet);
	if (arrived_ns > take->last_arrival_ns)
		take->last_arrival_ns = arrived_ns;
	if (limits->packets != 0 && take->packets >= limits->packets)
		take->stop = TAKE_PACKETS;
	else if (limits->bytes != 0 && take->len >= limits->bytes)
		take->stop = TAKE_BYTES;
	if (take->pending.len >= WAIT_MAX)
		flush(take);
}

/* The end. */

void
take_look(const struct take *take, struct take_result *result)
{
	*result = (struct take_result){ .stop = take->stop,
		.packets = take->packets,
		.bytes = take->len,
		.first_ns = take->first_ns,
		.last_ns = take->last_ns,
		.linktype = take->config.linktype,
		.snaplen = take->config.snaplen };
}

int
take_finish(struct take *take, uint64_t kernel_drop, uint64_t interface_drop, struct take_result *result)
{
	const struct pcapng_write_statistics statistics = { .start_ns = take->begun_at,
		.end_ns = time_of_day(),
		.kept = take->packets,
		.kernel_drop = kernel_drop,
		.interface_drop = interface_drop };
	int fd = take->fd;

	flush(take);
	if (take->config.pcapng && pcapng_write_statistics(&take->pending, true, &statistics) == 0) {
		take->len += take->pending.len;
		flush(take);
	}
	take_look(take, result);
	result->kernel_drop = kernel_drop;
	result->interface_drop = interface_drop;
	if (fd < 0 || take->is_torn ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0 ||
	    lseek(fd, 0, SEEK_SET) != 0)
		return -1;
	take->fd = -1;
	return fd;
}
