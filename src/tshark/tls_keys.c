/* SPDX-License-Identifier: BSD-2-Clause */
/* The TLS key log: a sealed copy in memory. */
#include "tshark/tls_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/files.h"
#include "base/write.h"

#define KEYS_MAX ((size_t)64 << 20)

/*
 * tshark opens the key log by itself and as another user: it gets a copy in
 * memory, which needs no name and leaves nothing behind. All that run share it, so
 * none of them, taken over, may change what the others read: it is sealed.
 */
static int
seal(const struct buffer *text)
{
	const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
	    F_SEAL_SEAL;
	int fd = memfd_create("tls-keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (write_all(fd, text->data, text->len) != 0 ||
	    fchmod(fd, 0444) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0) {
		int reason = errno;

		close(fd);
		errno = reason;
		return -1;
	}
	return fd;
}

int
tls_keys_copy(const char *name, struct error *error)
{
	struct buffer text;
	int fd = -1;

	buffer_init(&text, KEYS_MAX);
	if (files_read(name, &text, error) == 0) {
		fd = seal(&text);
		if (fd < 0)
			error_set(error, OUTCOME_INTERNAL,
			    "%s: cannot copy it to memory: %s", name, strerror(errno));
	}
	/* The copy is with the kernel; ours does not stay in the heap. */
	if (text.base != NULL)
		explicit_bzero(text.base, text.size);
	buffer_release(&text);
	return fd;
}
