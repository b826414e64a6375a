/* What a tshark said of itself, kept in the user's cache folder. */
#include "dissect/cache.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buffer.h"
#include "base/xalloc.h"

#define CACHE_MAX ((size_t)256 << 20)

/* The file: this header, then names_save's bytes, which have a checksum of their own. */
struct header {
	char magic[8];
	char identity[256];
	char version[64];
	char plugin[256];	/* identity of the plugin that works with it, "" if none did yet */
	char shortcuts[256];	/* and of what was preloaded with it, "" for nothing */
	uint64_t names_len;
	uint64_t crc;		/* of what stands above */
};

static const char magic[8] = "espcapC4";

static uint64_t
header_crc(const struct header *header)
{
	return crc32_z(0, (const Bytef *)header, offsetof(struct header, crc));
}

static uint64_t
hash(const char *text)
{
	uint64_t h = 14695981039346656037u;	/* FNV-1a */

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
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid())) {
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
	(void)snprintf(identity, 256, "%ju:%ju size %jd changed %jd.%09ld "
	    "%jd.%09ld", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
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
		if (ftruncate(fd, 0) != 0 || write_whole(fd, bytes.data,
		    bytes.len, sizeof(header)) != 0 ||
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

/* shortcuts: NULL for none. */
static bool
identify_plugin(struct header *header, const char *plugin, const char *shortcuts)
{
	memset(header->shortcuts, 0, sizeof(header->shortcuts));
	return identify(plugin, header->plugin) &&
	    (shortcuts == NULL || identify(shortcuts, header->shortcuts));
}

bool
cache_knows(int fd, const char *path, const char *plugin, const char *shortcuts)
{
	struct header header, now;
	bool known;

	if (!identify_plugin(&now, plugin, shortcuts) ||
	    flock(fd, LOCK_SH | LOCK_NB) != 0)
		return false;
	known = read_header(fd, path, &header) &&
	    memcmp(header.plugin, now.plugin, sizeof(now.plugin)) == 0 &&
	    memcmp(header.shortcuts, now.shortcuts, sizeof(now.shortcuts)) == 0;
	(void)flock(fd, LOCK_UN);
	return known;
}

void
cache_remember(int fd, const char *path, const char *plugin, const char *shortcuts)
{
	struct header header, now;

	if (!identify_plugin(&now, plugin, shortcuts) ||
	    flock(fd, LOCK_EX | LOCK_NB) != 0)
		return;
	if (read_header(fd, path, &header)) {
		memcpy(header.plugin, now.plugin, sizeof(now.plugin));
		memcpy(header.shortcuts, now.shortcuts, sizeof(now.shortcuts));
		header.crc = header_crc(&header);
		if (write_whole(fd, &header, sizeof(header), 0) != 0)
			(void)!ftruncate(fd, 0);
	}
	(void)flock(fd, LOCK_UN);
}
