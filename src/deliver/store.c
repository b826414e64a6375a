/* SPDX-License-Identifier: BSD-2-Clause */
/* The spool and the dead letter folder on disk. */
#include "deliver/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/write.h"
#include "base/xalloc.h"
#include "deliver/entry_text.h"

#define FOLDER_MODE 0700
#define FILE_MODE 0600

/* A name of an entry with an ending, and the end. */
#define PATH_LEN (STORE_NAME_LEN + 16)

struct store {
	char *folder; /* absolute */
	int spool, dead, index, lock;
	struct log *log;
	struct store_counts counts;
};

/* Opening. */

/* Makes the folder if it is not there, and opens it. */
static int
open_folder(int at, const char *path, const char *shown, struct error *error)
{
	struct stat st;
	int fd;

	if (mkdirat(at, path, FOLDER_MODE) != 0 && errno != EEXIST)
		return error_set(error, OUTCOME_USAGE, "%s: cannot make the folder: %s", shown, strerror(errno));
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, OUTCOME_USAGE, "%s: %s", shown, strerror(errno));
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return fd;
	close(fd);
	return error_set(error, OUTCOME_USAGE,
	    "%s: the folder of captures must belong to the user that runs this, and others may not write to it", shown);
}

static int
open_below(const struct store *store, int top, const char *name, struct error *error)
{
	char *shown = xasprintf("%s/%s", store->folder, name);
	int fd = open_folder(top, name, shown, error);

	if (fd >= 0 && fchmod(fd, FOLDER_MODE) != 0) {
		(void)error_set(error, OUTCOME_USAGE, "%s: %s", shown, strerror(errno));
		close(fd);
		fd = -1;
	}
	free(shown);
	return fd;
}

/* A lock of the process: its children do not have it. */
static int
take_lock(struct store *store, struct error *error)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	store->lock = openat(store->spool, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (store->lock < 0)
		return error_set(error, OUTCOME_USAGE, "%s/spool/lock: %s", store->folder, strerror(errno));
	if (fcntl(store->lock, F_SETLK, &whole) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return error_set(error, OUTCOME_USAGE, "%s: another process has locked the spool", store->folder);
	return error_set(error, OUTCOME_USAGE, "%s/spool/lock: %s", store->folder, strerror(errno));
}

/* What was lent to a program that nobody waits for any more. */
static void
empty_index(struct store *store)
{
	int fd = openat(store->index, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *found;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((found = readdir(dir)) != NULL)
		if (found->d_name[0] != '.')
			(void)unlinkat(store->index, found->d_name, 0);
	closedir(dir);
}

struct store *
store_open(const char *folder, struct log *log, struct error *error)
{
	struct store *store = xcalloc(1, sizeof(*store));
	int top = open_folder(AT_FDCWD, folder, folder, error);

	store->spool = store->dead = store->index = store->lock = -1;
	store->log = log;
	if (top < 0)
		goto fail;
	store->folder = realpath(folder, NULL);
	if (store->folder == NULL) {
		(void)error_set(error, OUTCOME_USAGE, "%s: %s", folder, strerror(errno));
		goto fail;
	}
	if ((store->spool = open_below(store, top, "spool", error)) < 0 || take_lock(store, error) != 0 ||
	    (store->dead = open_below(store, top, "dead", error)) < 0 ||
	    (store->index = open_below(store, top, "index", error)) < 0)
		goto fail;
	close(top);
	replacement_sweep(store->spool, "x");
	replacement_sweep(store->dead, "x");
	empty_index(store);
	return store;
fail:
	if (top >= 0)
		close(top);
	store_close(store);
	return NULL;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	if (store->dead >= 0)
		close(store->dead);
	if (store->index >= 0)
		close(store->index);
	if (store->lock >= 0)
		close(store->lock);
	if (store->spool >= 0)
		close(store->spool);
	free(store->folder);
	free(store);
}

const char *
store_folder(const struct store *store)
{
	return store->folder;
}

const struct store_counts *
store_counts(const struct store *store)
{
	return &store->counts;
}

/* Files of an entry. */

static void
path_of(char path[PATH_LEN], const char *name, const char *ending)
{
	(void)snprintf(path, PATH_LEN, "%s%s", name, ending);
}

/* The length of a regular file; -1 if there is none. */
static int64_t
length_of(int folder, const char *name, const char *ending)
{
	char path[PATH_LEN];
	struct stat st;

	path_of(path, name, ending);
	if (fstatat(folder, path, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
		return -1;
	return (int64_t)st.st_size;
}

static int
write_durably(int fd, const struct entry *entry)
{
	struct buffer text;
	int rv;

	buffer_init(&text, ENTRY_LEN_MAX);
	rv = entry_write(entry, &text);
	if (rv != 0)
		errno = EFBIG;
	else
		rv = write_all(fd, text.data, text.len);
	buffer_release(&text);
	return rv == 0 ? fsync(fd) : rv;
}

static int
put_json(int folder, const char *name, const struct entry *entry)
{
	struct replacement new;
	char path[PATH_LEN];

	path_of(path, name, ".json");
	if (replacement_begin(&new, folder, path, 0, FILE_MODE) != 0)
		return -1;
	if (write_durably(new.fd, entry) != 0) {
		replacement_abandon(&new);
		return -1;
	}
	if (replacement_finish(&new, path) != 0)
		return -1;
	close(new.fd);
	return fsync(folder);
}

/* Reading what is there. */

static int
read_entry(int folder, const char *name, struct entry *entry, struct error *error)
{
	char path[PATH_LEN];
	struct buffer text;
	struct stat st;
	int fd, rv = -1;

	path_of(path, name, ".json");
	fd = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, OUTCOME_INPUT, "%s", strerror(errno));
	buffer_init(&text, ENTRY_LEN_MAX);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		(void)error_set(error, OUTCOME_INPUT, "not a file");
	else if (files_read_fd(fd, path, &text, error) == 0)
		rv = entry_read(text.data, text.len, entry, error);
	buffer_release(&text);
	close(fd);
	return rv;
}

static void
set_aside(const struct store *store, const char *name, const char *ending)
{
	char from[PATH_LEN], to[PATH_LEN];

	path_of(from, name, ending);
	(void)snprintf(to, sizeof(to), "%s%s.bad", name, ending);
	(void)renameat(store->spool, from, store->spool, to);
}

static void
spoil(struct store *store, const char *name)
{
	set_aside(store, name, ".json");
	set_aside(store, name, ".pcap");
	(void)fsync(store->spool);
	store->counts.bad++;
}

/* An entry that was delivered loses its file first; one that is moved to the dead letter folder may. */
static bool
has_its_file(const struct store *store, const char *name, const struct entry *entry)
{
	bool failed;

	if (entry->len == 0 || length_of(store->spool, name, ".pcap") == (int64_t)entry->len)
		return true;
	return entry_has_ended(entry, &failed) && length_of(store->spool, name, ".pcap") < 0 &&
	    (!failed || length_of(store->dead, name, ".pcap") == (int64_t)entry->len);
}

static void
read_one(struct store *store, const char *name,
    void (*on_entry)(void *ctx, const char *name, struct entry *entry, const char *damage), void *ctx)
{
	struct entry *entry = xcalloc(1, sizeof(*entry));
	struct error error;

	if (read_entry(store->spool, name, entry, &error) == 0) {
		store->counts.spooled++;
		store->counts.bytes += entry->len;
		on_entry(ctx, name, entry,
		    has_its_file(store, name, entry) ? NULL : "the file is missing from the spool, or of another length");
		return;
	}
	free(entry);
	spoil(store, name);
	log_error(store->log, "%s/spool/%s: damaged, set aside as *.bad: %s", store->folder, name, error.text);
}

/* A capture without an entry: one that was buried, or was never acknowledged as spooled. */
static void
read_orphan(struct store *store, const char *name)
{
	char path[PATH_LEN];

	path_of(path, name, ".pcap");
	if (length_of(store->spool, name, ".json") >= 0)
		return;
	if (length_of(store->dead, name, ".json") >= 0) {
		(void)unlinkat(store->spool, path, 0);
		return;
	}
	set_aside(store, name, ".pcap");
	store->counts.bad++;
	log_error(store->log, "%s/spool/%s: a capture of which nothing is known, set aside as *.bad", store->folder,
	    path);
}

/* The name of an entry if this file is one with that ending. */
static bool
is_named(const char *file, const char *ending, char name[STORE_NAME_LEN])
{
	size_t len = strlen(file), end = strlen(ending);

	if (file[0] == '.' || len <= end || len - end >= STORE_NAME_LEN || strcmp(file + len - end, ending) != 0)
		return false;
	memcpy(name, file, len - end);
	name[len - end] = '\0';
	return true;
}

/* Names of all entries with a file of that ending in the folder, in order. NULL if there are none; freed one by one. */
static struct dirent **
list(int folder, int *count)
{
	struct dirent **found = NULL;

	*count = scandirat(folder, ".", &found, NULL, alphasort);
	return *count < 0 ? NULL : found;
}

static void
read_folder(struct store *store, int folder, const char *ending, void (*on_name)(struct store *store, void *to, const char *name),
    void *to)
{
	int count;
	struct dirent **found = list(folder, &count);
	char name[STORE_NAME_LEN];

	for (int i = 0; i < count; i++) {
		if (is_named(found[i]->d_name, ending, name))
			on_name(store, to, name);
		free(found[i]);
	}
	free(found);
}

struct readers {
	void (*on_entry)(void *ctx, const char *name, struct entry *entry, const char *damage);
	void (*on_dead)(void *ctx, const char *capture);
	void *ctx;
};

static void
on_spool_json(struct store *store, void *to, const char *name)
{
	const struct readers *readers = to;

	read_one(store, name, readers->on_entry, readers->ctx);
}

static void
on_spool_pcap(struct store *store, void *to, const char *name)
{
	(void)to;
	read_orphan(store, name);
}

static void
on_dead_json(struct store *store, void *to, const char *name)
{
	const struct readers *readers = to;
	struct entry entry;
	struct error error;

	store->counts.dead++;
	if (read_entry(store->dead, name, &entry, &error) != 0) {
		log_error(store->log, "%s/dead/%s.json: %s", store->folder, name, error.text);
		return;
	}
	readers->on_dead(readers->ctx, entry.parcel.capture);
	entry_release(&entry);
}

static void
on_dead_pcap(struct store *store, void *to, const char *name)
{
	int64_t len = length_of(store->dead, name, ".pcap");

	(void)to;
	/* One that is being moved counts as one of the spool. */
	if (length_of(store->spool, name, ".json") >= 0)
		return;
	store->counts.bytes += len > 0 ? (uint64_t)len : 0;
}

void
store_read(struct store *store,
    void (*on_entry)(void *ctx, const char *name, struct entry *entry, const char *damage), void (*on_dead)(void *ctx, const char *capture), void *ctx)
{
	struct readers readers = { on_entry, on_dead, ctx };

	read_folder(store, store->spool, ".pcap", on_spool_pcap, NULL);
	read_folder(store, store->dead, ".json", on_dead_json, &readers);
	read_folder(store, store->dead, ".pcap", on_dead_pcap, NULL);
	read_folder(store, store->spool, ".json", on_spool_json, &readers);
}

/* Changes. */

static void
make_name(char name[STORE_NAME_LEN])
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		abort(); /* only before the system has booted */
	(void)snprintf(name, STORE_NAME_LEN, "%013" PRIu64 "-%08" PRIx32, clock_of_day(), random);
}

int
store_begin(struct store *store, uint64_t len, struct replacement *file, char name[STORE_NAME_LEN])
{
	char path[PATH_LEN];
	int rv;

	make_name(name);
	path_of(path, name, ".pcap");
	if (replacement_begin(file, store->spool, path, 0, FILE_MODE) != 0)
		return -1;
	/* Says at once that the disk is full. Not every file system can. */
	rv = fallocate(file->fd, 0, 0, (off_t)len);
	if (rv == 0 || errno == EOPNOTSUPP || errno == ENOSYS)
		return 0;
	replacement_abandon(file);
	return -1;
}

/* Whatever is there of an entry after a failure: nobody was told of it. errno stays. */
static void
take_back(int folder, const char *name)
{
	char path[PATH_LEN];
	int reason = errno;

	path_of(path, name, ".json");
	(void)unlinkat(folder, path, 0);
	path_of(path, name, ".pcap");
	(void)unlinkat(folder, path, 0);
	errno = reason;
}

int
store_commit(struct store *store, struct replacement *file, const char *name, const struct entry *entry)
{
	char path[PATH_LEN];

	path_of(path, name, ".pcap");
	/* After an fsync that failed nothing is known of the file: it is never tried again. */
	if (fsync(file->fd) != 0) {
		replacement_abandon(file);
		return -1;
	}
	if (replacement_finish(file, path) != 0)
		return -1;
	close(file->fd);
	if (fsync(store->spool) == 0 && put_json(store->spool, name, entry) == 0) {
		store->counts.spooled++;
		store->counts.bytes += entry->len;
		return 0;
	}
	take_back(store->spool, name);
	return -1;
}

int
store_save(struct store *store, const char *name, const struct entry *entry)
{
	return put_json(store->spool, name, entry);
}

int
store_file(const struct store *store, const char *name)
{
	char path[PATH_LEN];

	path_of(path, name, ".pcap");
	return openat(store->spool, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

char *
store_lend(struct store *store, const char *name, const char *as)
{
	char path[PATH_LEN];

	path_of(path, name, ".pcap");
	(void)unlinkat(store->index, as, 0);
	if (linkat(store->spool, path, store->index, as, 0) == 0)
		return xasprintf("%s/index/%s", store->folder, as);
	/* Where files have one name only. */
	return errno == EPERM || errno == EOPNOTSUPP ? xasprintf("%s/spool/%s", store->folder, path) : NULL;
}

void
store_unlend(struct store *store, const char *as)
{
	(void)unlinkat(store->index, as, 0);
}

int
store_spoil(struct store *store, const char *name, struct entry *entry)
{
	struct entry record = *entry;

	record.is_dead = true;
	record.len = 0;
	record.sha256[0] = '\0';
	if (put_json(store->dead, name, &record) != 0)
		return -1;
	spoil(store, name);
	store->counts.spooled--;
	store->counts.bytes -= entry->len;
	store->counts.dead++;
	return 0;
}

static void
unlink_both(const struct store *store, const char *name)
{
	char path[PATH_LEN];

	path_of(path, name, ".pcap");
	(void)unlinkat(store->spool, path, 0);
	/* An entry that has ended may lack its file, but not the other way round: see read_orphan. */
	(void)fsync(store->spool);
	path_of(path, name, ".json");
	(void)unlinkat(store->spool, path, 0);
}

void
store_remove(struct store *store, const char *name, const struct entry *entry)
{
	unlink_both(store, name);
	store->counts.spooled--;
	store->counts.bytes -= entry->len;
}

/* In both folders, or only in the new one. */
static int
move_file(const struct store *store, const char *name, const struct entry *entry)
{
	char path[PATH_LEN];

	path_of(path, name, ".pcap");
	if (entry->len == 0 || linkat(store->spool, path, store->dead, path, 0) == 0)
		return 0;
	if (length_of(store->dead, name, ".pcap") == (int64_t)entry->len)
		return 0;
	return renameat(store->spool, path, store->dead, path);
}

int
store_bury(struct store *store, const char *name, struct entry *entry)
{
	entry->is_dead = true;
	if (move_file(store, name, entry) != 0 || put_json(store->dead, name, entry) != 0) {
		entry->is_dead = false;
		return -1;
	}
	unlink_both(store, name);
	store->counts.spooled--;
	store->counts.dead++;
	return 0;
}

int
store_record(struct store *store, struct entry *entry)
{
	char name[STORE_NAME_LEN];

	make_name(name);
	entry->is_dead = true;
	if (put_json(store->dead, name, entry) != 0) {
		take_back(store->dead, name);
		return -1;
	}
	store->counts.dead++;
	return 0;
}
