/* The file of --metrics. */
#include "app/metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/write.h"
#include "base/xalloc.h"

#define TEXT_MAX ((size_t)1 << 20)

struct metrics_file {
	const char *name;
	char *temporary;
	struct metrics last;
	struct buffer text;
	bool failed;
};

/* One that was killed may have left it, and a link there would lead elsewhere: it is always made anew. */
static int
open_temporary(const struct metrics_file *file)
{
	if (unlink(file->temporary) != 0 && errno != ENOENT)
		return -1;
	return open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
	    O_NOFOLLOW, 0644);
}

/* -1 with errno. The reader is another user, whatever the umask. */
static int
replace(struct metrics_file *file)
{
	int fd, rv, reason;

	buffer_clear(&file->text);
	if (metrics_write(&file->last, &file->text) != 0) {
		errno = EFBIG;
		return -1;
	}
	fd = open_temporary(file);
	if (fd < 0)
		return -1;
	rv = write_all(fd, file->text.data, file->text.len) == 0 ?
	    fchmod(fd, 0644) : -1;
	if (rv == 0)
		rv = rename(file->temporary, file->name);
	reason = errno;
	close(fd);
	if (rv != 0)
		(void)unlink(file->temporary);
	errno = reason;
	return rv;
}

/* Only what is one may be replaced: not a device, and not the name of another file. */
static int
check(const char *name, struct error *error)
{
	struct stat st;

	if (lstat(name, &st) == 0 && !S_ISREG(st.st_mode))
		return error_set(error, OUTCOME_USAGE,
		    "--metrics=%.400s: is no regular file", name);
	return 0;
}

struct metrics_file *
metrics_file_new(const char *name, const struct metrics *first,
    struct error *error)
{
	struct metrics_file *file;

	if (check(name, error) != 0)
		return NULL;
	file = xcalloc(1, sizeof(*file));
	file->name = name;
	file->temporary = xasprintf("%s.tmp", name);
	buffer_init(&file->text, TEXT_MAX);
	file->last = *first;
	file->last.version = PACKAGE_VERSION;
	file->last.start = clock_of_day();
	if (replace(file) == 0)
		return file;
	error_set(error, OUTCOME_USAGE, "--metrics=%.400s: %s; its folder must "
	    "be there, and writable by the user that espcap runs as (uid %lu)",
	    name, strerror(errno), (unsigned long)geteuid());
	metrics_file_free(file);
	return NULL;
}

void
metrics_file_free(struct metrics_file *file)
{
	if (file == NULL)
		return;
	buffer_release(&file->text);
	free(file->temporary);
	free(file);
}

static void
put(struct metrics_file *file, struct log *log)
{
	if (replace(file) == 0) {
		file->failed = false;
		return;
	}
	if (!file->failed)
		log_note(log, "--metrics=%s: %s; going on, and trying again",
		    file->name, strerror(errno));
	file->failed = true;
}

void
metrics_file_write(struct metrics_file *file, struct log *log,
    const struct metrics *metrics)
{
	struct metrics first = file->last;

	file->last = *metrics;
	file->last.version = first.version;
	file->last.interface = first.interface;
	file->last.start = first.start;
	put(file, log);
}

/* The processes are gone, or nearly so, and nothing waits any more. */
void
metrics_file_end(struct metrics_file *file, struct log *log,
    const struct totals *totals, int status)
{
	struct metrics *last;

	if (file == NULL)
		return;
	last = &file->last;
	if (totals != NULL)
		last->totals = *totals;
	last->ended = true;
	last->status = status;
	last->in_flight = last->capture_bytes = last->delivery_bytes = 0;
	last->own_memory = last->capture_memory = last->tshark_memory = 0;
	put(file, log);
}
