/* The packets of a capture as pcapng files in a directory. */
#include "config.h"

#include "capture/archive.h"

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

struct archive {
	const struct archive_config *config;
	int dir, fd;		/* -1 for none */
	struct rotation *rotation;
	struct pcapng_write_interface interface;
	uint64_t file_max;	/* what a file may have, but for a long packet */
	uint64_t file_len, limit;	/* of the file that is open: bytes in it, and for which there is room */
	struct buffer blocks;	/* for it, not written yet */
	uint64_t packets;	/* in these */
	uint64_t missing;
	int failure;
	uint64_t ready_at;	/* ms, 0 for now */
};

static uint64_t
file_max(uint64_t size)
{
	return size / FILES > FILE_MIN ? size / FILES : FILE_MIN;
}

uint64_t
archive_longest_file(uint64_t size)
{
	uint64_t one = HEADER_MAX + PACKET_MAX;

	return file_max(size) > one ? file_max(size) : one;
}

/* Opening. */

static int
refuse(const struct archive_config *config, struct error *error)
{
	return error_set(error, OUTCOME_USAGE, "--ring=%.400s: %s; name a "
	    "directory for the packets, or one that espcap can make",
	    config->dir, strerror(errno));
}

/* Raised: descriptors below 3 are written to by those who mean standard error. */
static int
open_dir(const char *dir, int flags)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	int raised, reason;

	if (fd < 0)
		return -1;
	raised = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	reason = errno;
	close(fd);
	errno = reason;
	return raised;
}

static int
make_dir(const char *dir, uid_t uid, gid_t gid)
{
	bool made = mkdir(dir, 0700) == 0;
	int fd, reason;

	if (!made && errno != EEXIST)
		return -1;
	/* Who may put another thing in its place must not be given that. */
	fd = open_dir(dir, made ? O_NOFOLLOW : 0);
	if (!made || fd < 0 || uid == geteuid() || fchown(fd, uid, gid) == 0)
		return fd;
	reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

static int
check_limit(uint64_t size, struct error *error)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
	    limit.rlim_max >= archive_longest_file(size))
		return 0;
	return error_set(error, OUTCOME_USAGE, "--ring-size: files may not be "
	    "longer than %llu bytes here, and those of the ring get as long as "
	    "%llu (ulimit -f); give less, or raise that limit",
	    (unsigned long long)limit.rlim_max,
	    (unsigned long long)archive_longest_file(size));
}

struct archive *
archive_open(const struct archive_config *config, uid_t uid, gid_t gid,
    struct error *error)
{
	struct archive *archive;
	int dir;

	if (check_limit(config->size, error) != 0)
		return NULL;
	dir = open_dir(config->dir, 0);
	if (dir < 0 && errno == ENOENT)
		dir = make_dir(config->dir, uid, gid);
	if (dir < 0) {
		refuse(config, error);
		return NULL;
	}
	archive = xcalloc(1, sizeof(*archive));
	archive->config = config;
	archive->dir = dir;
	archive->fd = -1;
	archive->file_max = file_max(config->size);
	archive->rotation = rotation_new(config->interface, config->size);
	buffer_init(&archive->blocks, FLUSH_LEN + HEADER_MAX + PACKET_MAX);
	return archive;
}

void
archive_free(struct archive *archive)
{
	if (archive == NULL)
		return;
	if (archive->fd >= 0)
		close(archive->fd);
	close(archive->dir);
	rotation_free(archive->rotation);
	buffer_release(&archive->blocks);
	free(archive);
}

uint64_t
archive_missing(const struct archive *archive)
{
	return archive->missing;
}

int
archive_failure(const struct archive *archive)
{
	return archive->failure;
}

/* Files. */

static void
fail(struct archive *archive, int reason)
{
	archive->failure = reason;
	archive->ready_at = clock_ms() + RETRY_MS;
}

static int
find_files(struct archive *archive)
{
	/* The descriptor was opened when more was permitted than may be now. */
	int fd = fcntl(archive->dir, F_DUPFD_CLOEXEC, 3);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat found;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((entry = readdir(dir)) != NULL)
		if (fstatat(archive->dir, entry->d_name, &found,
		    AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(found.st_mode))
			(void)rotation_found(archive->rotation, entry->d_name,
			    (uint64_t)found.st_size);
	closedir(dir);
	rotation_begin(archive->rotation);
	return 0;
}

/* Deletes the oldest files until need bytes more are within the bound. -1 with errno. */
static int
make_room(struct archive *archive, uint64_t need)
{
	char name[ROTATION_NAME_LEN];
	size_t index = 0;
	int reason = EDQUOT;

	while (!rotation_fits(archive->rotation, need)) {
		if (!rotation_name(archive->rotation, index, name)) {
			errno = reason;
			return -1;
		}
		if (unlinkat(archive->dir, name, 0) == 0 || errno == ENOENT)
			rotation_remove(archive->rotation, index);
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
open_next(struct archive *archive, size_t packet_len)
{
	char name[ROTATION_NAME_LEN];
	uint64_t need = HEADER_MAX + packet_len;
	int reason;

	if (archive->fd >= 0)
		close(archive->fd);
	archive->fd = -1;
	archive->file_len = 0;
	archive->limit = need > archive->file_max ? need : archive->file_max;
	if (make_room(archive, archive->limit) != 0)
		return -1;
	rotation_next(archive->rotation, (int64_t)time(NULL), name);
	archive->fd = openat(archive->dir, name, O_WRONLY | O_CREAT | O_EXCL |
	    O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (archive->fd >= 0)
		return 0;
	reason = errno;
	rotation_withdraw(archive->rotation);
	errno = reason;
	return -1;
}

static void
put_header(struct archive *archive)
{
	char comment[100];

	(void)snprintf(comment, sizeof(comment), "espcap.capture: %s",
	    archive->config->capture);
	(void)pcapng_write_section(&archive->blocks, comment, PACKAGE_STRING);
	(void)pcapng_write_interface(&archive->blocks, &archive->interface);
}

static int
refuse_user(const struct archive *archive, const char *user,
    struct error *error)
{
	const char *dir = archive->config->dir;
	int reason = errno;

	if (user == NULL)
		return error_set(error, OUTCOME_USAGE, "--ring=%.300s: no file "
		    "can be made there: %s; name a directory in which espcap "
		    "may make and delete files", dir, strerror(reason));
	return error_set(error, OUTCOME_USAGE, "--ring=%.300s: the user %s, as "
	    "whom espcap goes on, can make no file there: %s; the directory "
	    "must belong to that user (chown %s %.300s), or name one that is "
	    "not there yet", dir, user, strerror(reason), user, dir);
}

int
archive_begin(struct archive *archive, const uint8_t *header, const char *user,
    struct error *error)
{
	const struct archive_config *config = archive->config;
	uint32_t magic, linktype;

	memcpy(&magic, header, sizeof(magic));
	memcpy(&linktype, header + LINKTYPE_AT, sizeof(linktype));
	archive->interface = (struct pcapng_write_interface){
		.name = config->interface, .snaplen = config->snaplen,
		.linktype = (uint16_t)linktype, .nano = magic == MAGIC_NANO };
	if (find_files(archive) != 0)
		return error_set(error, OUTCOME_USAGE, "--ring=%.400s: %s",
		    config->dir, strerror(errno));
	if (open_next(archive, 0) != 0) {
		if (errno == EACCES || errno == EPERM || errno == EROFS)
			return refuse_user(archive, user, error);
		fail(archive, errno);
		return 0;
	}
	put_header(archive);
	archive_flush(archive);
	return 0;
}

/* Packets. */

/* What was written of the blocks: cuts off a part of one, and counts what is not there. */
static void
keep_whole(struct archive *archive, size_t done)
{
	uint64_t packets;
	size_t whole = pcapng_write_whole(archive->blocks.data, done, &packets);

	archive->missing += archive->packets - packets;
	archive->file_len += whole;
	rotation_grow(archive->rotation, whole);
	if (whole == done ||
	    ftruncate(archive->fd, (off_t)archive->file_len) == 0)
		return;
	/* It cannot be gone on with, but is there. */
	rotation_grow(archive->rotation, done - whole);
	close(archive->fd);
	archive->fd = -1;
}

void
archive_flush(struct archive *archive)
{
	struct buffer *blocks = &archive->blocks;
	size_t done = 0;

	if (blocks->len == 0)
		return;
	while (done < blocks->len) {
		ssize_t n = write(archive->fd, blocks->data + done,
		    blocks->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fail(archive, n == 0 ? ENOSPC : errno);
			break;
		}
		done += (size_t)n;
	}
	if (done == blocks->len) {
		archive->file_len += done;
		rotation_grow(archive->rotation, done);
	} else
		keep_whole(archive, done);
	archive->packets = 0;
	buffer_clear(blocks);
}

static bool
is_waiting(const struct archive *archive)
{
	return archive->ready_at != 0 && clock_ms() < archive->ready_at;
}

/* A file in which a block of len bytes has its place; -1 if there is none now. */
static int
find_place(struct archive *archive, size_t len)
{
	uint64_t used = archive->file_len + archive->blocks.len;

	if (is_waiting(archive))
		return -1;
	if (archive->fd >= 0 && (used == 0 ? HEADER_MAX : used) + len <=
	    archive->limit)
		return 0;
	archive_flush(archive);
	if (is_waiting(archive))
		return -1;
	if (open_next(archive, len) == 0)
		return 0;
	fail(archive, errno);
	return -1;
}

void
archive_packet(struct archive *archive, const struct nic_packet *packet,
    uint64_t ordinal)
{
	const struct pcapng_write_packet block = { .sec = packet->sec,
		.fraction = packet->fraction, .caplen = packet->caplen,
		.wirelen = packet->wirelen, .bytes = packet->bytes,
		.id = ordinal };
	size_t len = pcapng_write_packet_len(&block);

	if (len > PACKET_MAX || find_place(archive, len) != 0) {
		archive->missing++;
		return;
	}
	archive->ready_at = 0;
	if (archive->file_len + archive->blocks.len == 0)
		put_header(archive);
	(void)pcapng_write_packet(&archive->blocks, archive->interface.nano,
	    &block);
	archive->packets++;
	if (archive->blocks.len >= FLUSH_LEN)
		archive_flush(archive);
}
