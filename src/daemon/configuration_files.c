/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets and certificates from files. */
#include "daemon/configuration_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/xalloc.h"

#define SECRET_MAX 4096
#define PEM_MAX ((size_t)4 << 20)

static int
check_mode(int fd, const char *path, struct error *error)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_set(error, OUTCOME_USAGE, "%.400s: %s", path, strerror(errno));
	if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return error_set(error, OUTCOME_USAGE, "%.400s: others may read this secret (mode %04o): chmod 600 it", path,
		    (unsigned)st.st_mode & 07777);
	return 0;
}

/* Whether the bytes are one line; takes its end away. */
static int
check_line(struct buffer *buffer, const char *path, struct error *error)
{
	if (buffer->len > 0 && buffer->data[buffer->len - 1] == '\n')
		buffer->len--;
	if (buffer->len > 0 && buffer->data[buffer->len - 1] == '\r')
		buffer->len--;
	if (buffer->len == 0)
		return error_set(error, OUTCOME_USAGE, "%.400s: empty", path);
	for (size_t i = 0; i < buffer->len; i++)
		if (buffer->data[i] == '\n' || buffer->data[i] == '\0')
			return error_set(error, OUTCOME_USAGE, "%.400s: holds more than one line of text", path);
	return 0;
}

static int
read_path(const char *path, bool is_secret, struct buffer *buffer, struct error *error)
{
	int fd = files_open(path, error), rv;

	if (fd < 0)
		return -1;
	rv = is_secret && check_mode(fd, path, error) != 0 ? -1 : files_read_fd(fd, path, buffer, error);
	close(fd);
	return rv;
}

char *
configuration_file_secret(const char *path, struct error *error)
{
	struct buffer buffer;
	char *text = NULL;

	buffer_init(&buffer, SECRET_MAX + 2);
	if (read_path(path, true, &buffer, error) == 0 && check_line(&buffer, path, error) == 0)
		text = xstrndup(buffer.data, buffer.len);
	if (buffer.base != NULL)
		explicit_bzero(buffer.base, buffer.size);
	buffer_release(&buffer);
	return text;
}

int
configuration_file_pem(const char *path, struct configuration_blob *blob, struct error *error)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	struct buffer buffer;
	int rv = -1;

	buffer_init(&buffer, PEM_MAX);
	if (read_path(path, false, &buffer, error) != 0)
		goto out;
	if (buffer.len == 0 || memmem(buffer.data, buffer.len, begin, sizeof(begin) - 1) == NULL) {
		(void)error_set(error, OUTCOME_USAGE, "%.400s: no certificate (PEM) is in it", path);
		goto out;
	}
	free(blob->data);
	blob->data = xstrndup(buffer.data, buffer.len);
	blob->len = strlen(blob->data);
	rv = 0;
out:
	buffer_release(&buffer);
	return rv;
}
