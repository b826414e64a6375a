/* SPDX-License-Identifier: BSD-2-Clause */
/* The capture files of the command line. */
#include "transfer/packet_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/files.h"
#include "base/xalloc.h"

static int
open_one(const char *name, struct error *error)
{
	struct error reason;
	struct stat st;
	int fd;

	if (strcmp(name, "-") == 0) {
		fd = descriptor_take(STDIN_FILENO, O_RDONLY, &reason);
		return fd >= 0 ? fd : error_set(error, OUTCOME_INPUT, "standard input: %s", reason.text);
	}
	fd = files_open(name, &reason);
	if (fd < 0)
		return error_set(error, OUTCOME_INPUT, "%s", reason.text);
	if (fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode))
		return fd;
	close(fd);
	return error_set(error, OUTCOME_INPUT, "%s: %s", name, strerror(EISDIR));
}

int
packet_files_open(struct packet_files *files, const struct options_list *names, struct error *error)
{
	files->names = names;
	files->fds = xcalloc(names->count + 1, sizeof(*files->fds));
	for (size_t i = 0; i < names->count; i++)
		files->fds[i] = -1;
	for (size_t i = 0; i < names->count; i++) {
		files->fds[i] = open_one(names->items[i], error);
		if (files->fds[i] < 0)
			return -1;
	}
	return 0;
}

void
packet_files_release(struct packet_files *files)
{
	for (size_t i = files->next; files->names != NULL && i < files->names->count; i++)
		if (files->fds[i] >= 0)
			close(files->fds[i]);
	free(files->fds);
	*files = (struct packet_files){ .names = NULL };
}

int
packet_files_take(struct packet_files *files)
{
	if (files->names == NULL || files->next == files->names->count)
		return -1;
	return files->fds[files->next++];
}

const char *
packet_files_name(const struct packet_files *files)
{
	return files->next > 0 ? files->names->items[files->next - 1] : "the capture";
}
