/* SPDX-License-Identifier: BSD-2-Clause */
/* What a tshark said of itself, kept in the user's cache folder. */
#include "tshark/cache.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "tshark/build.h"

#define CACHE_MAX ((size_t)256 << 20)
#define OBJECTS_MAX ((size_t)1 << 20)

/* The file: this header, then names_save's bytes, which have a checksum of their own, then the objects. */
struct header {
	char magic[8];
	char identity[256];
	char version[64];
	uint64_t names_len;
	uint64_t objects_len;            /* of the list after the names; 0: no plugin works with it yet */
	uint8_t build[BUILD_ID_LEN];     /* of the plugin, the sample and these objects */
	uint8_t shortcuts[BUILD_ID_LEN]; /* 0 for none */
	struct trials trials;
	uint64_t crc; /* of what stands above */
};

static const char magic[8] = "espcapC5";

static uint64_t
header_crc(const struct header *header)
{
	return crc32_z(0, (const Bytef *)header, offsetof(struct header, crc));
}

static uint64_t
hash(const char *text)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	return h;
}

int
cache_open(const char *cache_dir, const char *path)
{
	char *name = xasprintf("%s/tshark-%016" PRIx64 ".cache", cache_dir,
	    hash(path));
	int fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;

	free(name);
	if (fd >= 0 &&
	    (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
		st.st_uid != geteuid() ||
		(st.st_mode & (S_IWGRP | S_IWOTH)) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Tells one program file from another; 0 if it cannot, or if it is a script. */
static int
identify(const char *path, char identity[256])
{
	char start[2] = "";
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rv = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    read(fd, start, 2) == 2 && memcmp(start, "#!", 2) != 0;

	if (fd >= 0)
		close(fd);
	if (!rv)
		return 0;
	memset(identity, 0, 256);
	(void)snprintf(identity, 256,
	    "%ju:%ju size %jd changed %jd.%09ld "
	    "%jd.%09ld",
	    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
	    (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
	    st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec,
	    st.st_ctim.tv_nsec);
	return 1;
}

static int
read_whole(int fd, void *bytes, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pread(fd, bytes, len, at);

		if (n <= 0)
			return -1;
		bytes = (char *)bytes + n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

static int
write_whole(int fd, const void *bytes, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, bytes, len, at);

		if (n <= 0)
			return -1;
		bytes = (const char *)bytes + n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

struct place {
	int fd;
	off_t at;
};

static int
read_place(void *ctx, void *bytes, size_t len)
{
	struct place *place = ctx;

	if (read_whole(place->fd, bytes, len, place->at) != 0)
		return -1;
	place->at += (off_t)len;
	return 0;
}

static struct names *
read_names(int fd, uint64_t len)
{
	struct place place = { fd, sizeof(struct header) };
	struct names_source from = { .read = read_place, .ctx = &place };

	return len > CACHE_MAX ? NULL : names_restore(&from, len);
}

/* The header, if it is whole and of this program. The file is locked. */
static bool
read_header(int fd, const char *path, struct header *header)
{
	char identity[256];

	return identify(path, identity) &&
	    read_whole(fd, header, sizeof(*header), 0) == 0 &&
	    memcmp(header->magic, magic, sizeof(magic)) == 0 &&
	    memcmp(header->identity, identity, sizeof(identity)) == 0 &&
	    memchr(header->version, '\0', sizeof(header->version)) != NULL &&
	    header->crc == header_crc(header);
}

char *
cache_read(int fd, const char *path, struct names **names)
{
	struct header header;
	char *version = NULL;

	if (flock(fd, LOCK_SH | LOCK_NB) != 0)
		return NULL;
	if (read_header(fd, path, &header) &&
	    (*names = read_names(fd, header.names_len)) != NULL)
		version = xstrdup(header.version);
	(void)flock(fd, LOCK_UN);
	return version;
}

void
cache_write(int fd, const char *path, const char *version,
    const struct names *names)
{
	struct header header;
	struct buffer bytes;

	memset(&header, 0, sizeof(header));
	if (!identify(path, header.identity) ||
	    strlen(version) >= sizeof(header.version) ||
	    flock(fd, LOCK_EX | LOCK_NB) != 0)
		return;
	buffer_init(&bytes, CACHE_MAX);
	if (names_save(names, &bytes) == 0) {
		memcpy(header.magic, magic, sizeof(magic));
		strcpy(header.version, version);
		header.names_len = bytes.len;
		header.crc = header_crc(&header);
		/* The header last: without it there is no cache. */
		if (ftruncate(fd, 0) != 0 ||
		    write_whole(fd, bytes.data, bytes.len, sizeof(header)) !=
			0 ||
		    write_whole(fd, &header, sizeof(header), 0) != 0)
			(void)!ftruncate(fd, 0);
	}
	buffer_release(&bytes);
	(void)flock(fd, LOCK_UN);
}

void
cache_forget(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		(void)!ftruncate(fd, 0);
		(void)flock(fd, LOCK_UN);
	}
}

int64_t
cache_now(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME_COARSE, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Of the build of the program at path, and of its shortcuts.so: 0 for none. changed: the youngest of all. */
static int
identify_build(const char *path, const struct cache_build *build,
    const struct buffer *objects, struct header *header, int64_t *changed)
{
	const char *const files[] = { path, build->plugin, build->sample };
	int64_t other = 0;

	memset(header->shortcuts, 0, sizeof(header->shortcuts));
	if (build_id(files, 3, objects->data, objects->len, header->build,
		changed) != 0 ||
	    (build->shortcuts != NULL &&
		build_id(&build->shortcuts, 1, "", 0, header->shortcuts,
		    &other) != 0))
		return -1;
	*changed = other > *changed ? other : *changed;
	return 0;
}

/* Whether the trials in header are of the same build. */
static bool
is_of_build(int fd, const char *path, const struct header *header,
    const struct cache_build *build, struct header *now)
{
	struct buffer objects;
	int64_t changed;
	bool same = false;

	if (header->objects_len == 0 || header->objects_len > OBJECTS_MAX ||
	    header->names_len > CACHE_MAX)
		return false;
	buffer_init(&objects, OBJECTS_MAX);
	if (buffer_reserve(&objects, header->objects_len) == 0 &&
	    read_whole(fd, objects.data, header->objects_len,
		(off_t)(sizeof(*header) + header->names_len)) == 0) {
		buffer_added(&objects, header->objects_len);
		same = identify_build(path, build, &objects, now,
			   &changed) == 0 &&
		    memcmp(header->build, now->build, BUILD_ID_LEN) == 0;
	}
	buffer_release(&objects);
	return same;
}

/* What may pass is believed for a while, unless the clock was set back. */
static void
take_trial(struct trial *to, const struct trial *from)
{
	int64_t now = cache_now() / 1000000000;

	if (from->outcome != TRIAL_GOOD && from->outcome != TRIAL_BAD)
		return;
	if (from->passing != 0 &&
	    (now >= from->until || now < from->until - TRIAL_PASSES))
		return;
	*to = *from;
	to->reason[sizeof(to->reason) - 1] = '\0';
}

bool
cache_trials(int fd, const char *path, const struct cache_build *build,
    struct trials *trials)
{
	struct header header, now;
	bool known;

	memset(trials, 0, sizeof(*trials));
	if (flock(fd, LOCK_SH | LOCK_NB) != 0)
		return false;
	known = read_header(fd, path, &header) &&
	    is_of_build(fd, path, &header, build, &now);
	if (known)
		take_trial(&trials->projection[0],
		    &header.trials.projection[0]);
	if (known && build->shortcuts != NULL &&
	    memcmp(header.shortcuts, now.shortcuts, BUILD_ID_LEN) == 0) {
		take_trial(&trials->shortcuts, &header.trials.shortcuts);
		take_trial(&trials->projection[1],
		    &header.trials.projection[1]);
	}
	(void)flock(fd, LOCK_UN);
	return known;
}

/* header: what is kept, of the same build as now but for shortcuts.so, which was not tried. */
static void
keep_shortcuts(const struct header *header, struct header *now)
{
	memcpy(now->shortcuts, header->shortcuts, sizeof(now->shortcuts));
	now->trials.shortcuts = header->trials.shortcuts;
	now->trials.projection[1] = header->trials.projection[1];
}

void
cache_remember(int fd, const char *path, const struct cache_build *build,
    const char *objects, size_t len, int64_t begun, const struct trials *trials)
{
	struct buffer list = { .data = (char *)(uintptr_t)objects, .len = len };
	struct header header, now, ignored;
	int64_t changed;

	if (len == 0 || len > OBJECTS_MAX ||
	    identify_build(path, build, &list, &now, &changed) != 0 ||
	    changed >= begun || flock(fd, LOCK_EX | LOCK_NB) != 0)
		return;
	if (read_header(fd, path, &header) && header.names_len <= CACHE_MAX) {
		now.trials = *trials;
		if (build->shortcuts == NULL &&
		    is_of_build(fd, path, &header, build, &ignored) &&
		    memcmp(header.build, now.build, BUILD_ID_LEN) == 0)
			keep_shortcuts(&header, &now);
		memcpy(header.build, now.build, sizeof(header.build));
		memcpy(header.shortcuts, now.shortcuts,
		    sizeof(header.shortcuts));
		header.trials = now.trials;
		header.objects_len = len;
		header.crc = header_crc(&header);
		if (write_whole(fd, objects, len,
			(off_t)(sizeof(header) + header.names_len)) != 0 ||
		    write_whole(fd, &header, sizeof(header), 0) != 0)
			(void)!ftruncate(fd, 0);
	}
	(void)flock(fd, LOCK_UN);
}
