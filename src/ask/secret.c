/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of the command line with secrets and certificates. */
#include "ask/secret.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

static int
check_mode(int fd, const char *path, struct error *error)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return error_set(error, OUTCOME_USAGE, "%.400s: others may read this secret (mode %04o): chmod 600 it", path,
		    (unsigned)st.st_mode & 07777);
	return 0;
}

int
secret_read(const char *path, struct buffer *out, struct error *error)
{
	int fd = files_open(path, error), rv = -1;

	if (fd < 0)
		return -1;
	if (check_mode(fd, path, error) != 0 || files_read_fd(fd, path, out, error) != 0)
		goto out;
	out->len -= out->len > 0 && out->data[out->len - 1] == '\n';
	out->len -= out->len > 0 && out->data[out->len - 1] == '\r';
	if (out->len == 0)
		(void)error_set(error, OUTCOME_USAGE, "%.400s: is empty", path);
	else if (memchr(out->data, '\n', out->len) != NULL || memchr(out->data, '\0', out->len) != NULL)
		(void)error_set(error, OUTCOME_USAGE, "%.400s: holds more than one line of text", path);
	else
		rv = 0;
out:
	close(fd);
	return rv;
}

int
secret_read_pem(const char *path, struct buffer *out, struct error *error)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";

	if (files_read(path, out, error) != 0)
		return -1;
	if (out->len > 0 && memmem(out->data, out->len, begin, sizeof(begin) - 1) != NULL)
		return 0;
	return error_set(error, OUTCOME_USAGE, "%.400s: no certificate (PEM) is in it", path);
}

void
secret_release(struct buffer *secret)
{
	if (secret->base != NULL)
		explicit_bzero(secret->base, secret->size);
	buffer_release(secret);
}
