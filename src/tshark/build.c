/* SPDX-License-Identifier: BSD-2-Clause */
/* What a tshark with the plugin is made of. */
#include "tshark/build.h"

#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

/* Which libraries tshark finds depends on it, too: ld.so(8). There may be none. */
#define LINKER_CACHE "/etc/ld.so.cache"

static int64_t
nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static int
add_identity(EVP_MD_CTX *hash, const char *path, const struct stat *st,
    int64_t *changed)
{
	char *text;
	int rv;

	if (!S_ISREG(st->st_mode))
		return -1;
	if (nanoseconds(&st->st_ctim) > *changed)
		*changed = nanoseconds(&st->st_ctim);
	text = xasprintf("%s\n%ju:%ju %jd %" PRId64 " %" PRId64 "\n", path,
	    (uintmax_t)st->st_dev, (uintmax_t)st->st_ino,
	    (intmax_t)st->st_size, nanoseconds(&st->st_mtim),
	    nanoseconds(&st->st_ctim));
	rv = EVP_DigestUpdate(hash, text, strlen(text)) == 1 ? 0 : -1;
	free(text);
	return rv;
}

static int
add_content(EVP_MD_CTX *hash, int fd)
{
	char bytes[65536];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		if (EVP_DigestUpdate(hash, bytes, (size_t)n) != 1)
			return -1;
	return n == 0 ? 0 : -1;
}

static int
add_file(EVP_MD_CTX *hash, const char *path, int64_t *changed)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int rv = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 &&
	    add_identity(hash, path, &st, changed) == 0)
		rv = add_content(hash, fd);
	close(fd);
	return rv;
}

static int
add_object(EVP_MD_CTX *hash, const char *path, int64_t *changed)
{
	struct stat st;

	return stat(path, &st) == 0 ?
	    add_identity(hash, path, &st, changed) :
	    -1;
}

static int
add_objects(EVP_MD_CTX *hash, const char *objects, size_t len,
    int64_t *changed)
{
	const char *end;
	int rv = 0;

	for (; rv == 0 && len > 0; len -= (size_t)(end + 1 - objects),
	     objects = end + 1) {
		char *path;

		end = memchr(objects, '\n', len);
		if (end == NULL)
			return -1;
		path = xstrndup(objects, (size_t)(end - objects));
		rv = add_object(hash, path, changed);
		free(path);
	}
	return rv;
}

int
build_id(const char *const *files, size_t count, const char *objects, size_t len,
    uint8_t id[BUILD_ID_LEN], int64_t *changed)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	int rv = -1;

	*changed = 0;
	if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
		goto out;
	for (size_t i = 0; i < count; i++)
		if (add_file(hash, files[i], changed) != 0)
			goto out;
	if (access(LINKER_CACHE, F_OK) == 0 &&
	    add_object(hash, LINKER_CACHE, changed) != 0)
		goto out;
	if (add_objects(hash, objects, len, changed) == 0 &&
	    EVP_DigestFinal_ex(hash, id, NULL) == 1)
		rv = 0;
out:
	EVP_MD_CTX_free(hash);
	return rv;
}
