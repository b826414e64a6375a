/* SPDX-License-Identifier: BSD-2-Clause */
/* The packets of a capture as pcapng files in a directory. */
#include "config.h"

#include "capture/packet_ring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/place.h"
#include "base/xalloc.h"
#include "capture/rotation.h"
#include "packet/bytes.h"
#include "packet/pcapng_write.h"

/* Of the bound in one file; less would make too many of them. */
#define FILES 16
#define FILE_MIN ((uint64_t)64 << 10)
/* More than the blocks before the first packet, and than one packet (the largest snaplen) with its block. */
#define HEADER_MAX ((size_t)4 << 10)
#define PACKET_MAX ((size_t)257 << 10)
/* Bytes that are written in one go if packets do not end before. */
#define FLUSH_LEN ((size_t)1 << 20)
/* After a failure it is tried again, ms. */
#define RETRY_MS 1000

/* Of the header of a pcap file, in the byte order of this machine. */
#define MAGIC_NANO 0xa1b23c4d
#define LINKTYPE_AT 20

struct packet_ring {
	const struct packet_ring_config *config;
	int dir, fd; /* -1 for none */
	struct rotation *rotation;
	struct pcapng_write_interface interface;
	uint64_t file_max;        /* what a file may have, but for a long packet */
	uint64_t file_len, limit; /* of the file that is open: bytes in it, and for which there is room */
	struct buffer blocks;     /* for it, not written yet */
	uint64_t packets;         /* in these */
	uint64_t missing;
	int failure;
	uint64_t ready_at; /* ms, 0 for now */
};

static uint64_t
file_max(uint64_t size)
{
	return size / FILES > FILE_MIN ? size / FILES : FILE_MIN;
}

uint64_t
packet_ring_longest_file(uint64_t size)
{
	uint64_t one = HEADER_MAX + PACKET_MAX;

	return file_max(size) > one ? file_max(size) : one;
}

/* Opening. */

static int
check_limit(uint64_t size, struct error *error)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
	    limit.rlim_max >= packet_ring_longest_file(size))
		return 0;
	return error_set(error, OUTCOME_USAGE,
	    "--ring-size: files may not be "
	    "longer than %llu bytes here, and those of the ring get as long as "
	    "%llu (ulimit -f); give less, or raise that limit",
	    (unsigned long long)limit.rlim_max,
	    (unsigned long long)packet_ring_longest_file(size));
}

struct packet_ring *
packet_ring_open(const struct packet_ring_config *config, uid_t uid, gid_t gid,
    struct error *error)
{
	struct packet_ring *packet_ring;
	int dir;

	if (check_limit(config->size, error) != 0)
		return NULL;
	dir = place_folder("--ring=", config->dir, uid, gid, error);
	if (dir < 0)
		return NULL;
	packet_ring = xcalloc(1, sizeof(*packet_ring));
	packet_ring->config = config;
	packet_ring->dir = dir;
	packet_ring->fd = -1;
	packet_ring->file_max = file_max(config->size);
	packet_ring->rotation = rotation_new(config->interface, config->size);
	buffer_init(&packet_ring->blocks, FLUSH_LEN + HEADER_MAX + PACKET_MAX);
	return packet_ring;
}

void
packet_ring_free(struct packet_ring *packet_ring)
{
	if (packet_ring == NULL)
		return;
	if (packet_ring->fd >= 0)
		close(packet_ring->fd);
	close(packet_ring->dir);
	rotation_free(packet_ring->rotation);
	buffer_release(&packet_ring->blocks);
	free(packet_ring);
}

uint64_t
packet_ring_missing(const struct packet_ring *packet_ring)
{
	return packet_ring->missing;
}

int
packet_ring_failure(const struct packet_ring *packet_ring)
{
	return packet_ring->failure;
}

/* Files. */

static void
fail(struct packet_ring *packet_ring, int reason)
{
	packet_ring->failure = reason;
	packet_ring->ready_at = clock_ms() + RETRY_MS;
}

static int
find_files(struct packet_ring *packet_ring)
{
	/* The descriptor was opened when more was permitted than may be now. */
	int fd = fcntl(packet_ring->dir, F_DUPFD_CLOEXEC, 3);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat found;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((entry = readdir(dir)) != NULL)
		if (fstatat(packet_ring->dir, entry->d_name, &found,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(found.st_mode))
			(void)rotation_found(packet_ring->rotation, entry->d_name,
			    (uint64_t)found.st_size);
	closedir(dir);
	rotation_begin(packet_ring->rotation);
	return 0;
}

/* Deletes the oldest files until need bytes more are within the bound. -1 with errno. */
static int
make_room(struct packet_ring *packet_ring, uint64_t need)
{
	char name[ROTATION_NAME_LEN];
	size_t index = 0;
	int reason = EDQUOT;

	while (!rotation_fits(packet_ring->rotation, need)) {
		if (!rotation_name(packet_ring->rotation, index, name)) {
			errno = reason;
			return -1;
		}
		if (unlinkat(packet_ring->dir, name, 0) == 0 || errno == ENOENT)
			rotation_remove(packet_ring->rotation, index);
		else {
			/* Perhaps the next one can be deleted. */
			reason = errno;
			index++;
		}
	}
	return 0;
}

/* Only when what was for the last one is written. -1 with errno. */
static int
open_next(struct packet_ring *packet_ring, size_t packet_len)
{
	char name[ROTATION_NAME_LEN];
	uint64_t need = HEADER_MAX + packet_len;
	int reason;

	if (packet_ring->fd >= 0)
		close(packet_ring->fd);
	packet_ring->fd = -1;
	packet_ring->file_len = 0;
	packet_ring->limit = need > packet_ring->file_max ? need : packet_ring->file_max;
	if (make_room(packet_ring, packet_ring->limit) != 0)
		return -1;
	rotation_next(packet_ring->rotation, (int64_t)time(NULL), name);
	packet_ring->fd = openat(packet_ring->dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (packet_ring->fd >= 0)
		return 0;
	reason = errno;
	rotation_withdraw(packet_ring->rotation);
	errno = reason;
	return -1;
}

static void
put_header(struct packet_ring *packet_ring)
{
	char comment[100];

	(void)snprintf(comment, sizeof(comment), "espcap.capture: %s",
	    packet_ring->config->capture);
	(void)pcapng_write_section(&packet_ring->blocks, comment, PACKAGE_STRING);
	(void)pcapng_write_interface(&packet_ring->blocks, &packet_ring->interface);
}

static int
refuse_user(const struct packet_ring *packet_ring, const char *user,
    struct error *error)
{
	const char *dir = packet_ring->config->dir;
	int reason = errno;

	if (user == NULL)
		return error_set(error, OUTCOME_USAGE,
		    "--ring=%.300s: cannot make a file there: %s; name a directory in "
		    "which espcap may make and delete files",
		    dir, strerror(reason));
	return error_set(error, OUTCOME_USAGE,
	    "--ring=%.300s: user %s, as which espcap continues, cannot make a "
	    "file there: %s; the directory must belong to that user (chown %s "
	    "%.300s), or name one that does not exist yet",
	    dir, user, strerror(reason), user, dir);
}

int
packet_ring_begin(struct packet_ring *packet_ring, const uint8_t *header, const char *user,
    struct error *error)
{
	const struct packet_ring_config *config = packet_ring->config;
	uint32_t magic, linktype;

	memcpy(&magic, header, sizeof(magic));
	memcpy(&linktype, header + LINKTYPE_AT, sizeof(linktype));
	packet_ring->interface =
	    (struct pcapng_write_interface){ .name = config->interface,
		    .snaplen = config->snaplen,
		    .linktype = (uint16_t)linktype,
		    .nano = magic == MAGIC_NANO };
	if (find_files(packet_ring) != 0)
		return error_set(error, OUTCOME_USAGE, "--ring=%.400s: %s",
		    config->dir, strerror(errno));
	if (open_next(packet_ring, 0) != 0) {
		if (errno == EACCES || errno == EPERM || errno == EROFS)
			return refuse_user(packet_ring, user, error);
		fail(packet_ring, errno);
		return 0;
	}
	put_header(packet_ring);
	packet_ring_flush(packet_ring);
	return 0;
}

/* Packets. */

/* What was written of the blocks: cuts off a part of one, and counts what is not there. */
static void
keep_whole(struct packet_ring *packet_ring, size_t done)
{
	uint64_t packets;
	size_t whole = pcapng_write_whole(packet_ring->blocks.data, done, &packets);

	packet_ring->missing += packet_ring->packets - packets;
	packet_ring->file_len += whole;
	rotation_grow(packet_ring->rotation, whole);
	if (whole == done ||
	    ftruncate(packet_ring->fd, (off_t)packet_ring->file_len) == 0)
		return;
	/* It cannot be gone on with, but is there. */
	rotation_grow(packet_ring->rotation, done - whole);
	close(packet_ring->fd);
	packet_ring->fd = -1;
}

void
packet_ring_flush(struct packet_ring *packet_ring)
{
	struct buffer *blocks = &packet_ring->blocks;
	size_t done = 0;

	if (blocks->len == 0)
		return;
	while (done < blocks->len) {
		ssize_t n = write(packet_ring->fd, blocks->data + done,
		    blocks->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fail(packet_ring, n == 0 ? ENOSPC : errno);
			break;
		}
		done += (size_t)n;
	}
	if (done == blocks->len) {
		packet_ring->file_len += done;
		rotation_grow(packet_ring->rotation, done);
	} else
		keep_whole(packet_ring, done);
	packet_ring->packets = 0;
	buffer_clear(blocks);
}

static bool
is_waiting(const struct packet_ring *packet_ring)
{
	return packet_ring->ready_at != 0 && clock_ms() < packet_ring->ready_at;
}

/* A file in which a block of len bytes has its place; -1 if there is none now. */
static int
find_place(struct packet_ring *packet_ring, size_t len)
{
	uint64_t used = packet_ring->file_len + packet_ring->blocks.len;

	if (is_waiting(packet_ring))
		return -1;
	if (packet_ring->fd >= 0 &&
	    (used == 0 ? HEADER_MAX : used) + len <= packet_ring->limit)
		return 0;
	packet_ring_flush(packet_ring);
	if (is_waiting(packet_ring))
		return -1;
	if (open_next(packet_ring, len) == 0)
		return 0;
	fail(packet_ring, errno);
	return -1;
}

void
packet_ring_packet(struct packet_ring *packet_ring, const struct nic_packet *packet,
    uint64_t ordinal)
{
	const struct pcapng_write_packet block = { .sec = packet->sec,
		.fraction = packet->fraction,
		.caplen = packet->caplen,
		.wirelen = packet->wirelen,
		.bytes = packet->bytes,
		.id = ordinal };
	size_t len = pcapng_write_packet_len(&block);

	if (len > PACKET_MAX || find_place(packet_ring, len) != 0) {
		packet_ring->missing++;
		return;
	}
	packet_ring->ready_at = 0;
	if (packet_ring->file_len + packet_ring->blocks.len == 0)
		put_header(packet_ring);
	(void)pcapng_write_packet(&packet_ring->blocks, packet_ring->interface.nano,
	    &block);
	packet_ring->packets++;
	if (packet_ring->blocks.len >= FLUSH_LEN)
		packet_ring_flush(packet_ring);
}
