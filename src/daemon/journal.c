/* SPDX-License-Identifier: BSD-2-Clause */
/* The ledger of requests and the nonces of signed ones on disk. */
#include "daemon/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/replace.h"
#include "base/text.h"
#include "base/write.h"
#include "base/xalloc.h"

#define NAME "journal"
#define FILE_MAX ((size_t)256 << 20)
/* It is written anew when it has grown by so much. */
#define GROWN_MAX ((size_t)8 << 20)
#define NONCE_WORD "nonce "

struct journal {
	char *folder_name;
	int folder, fd;
	size_t grown;         /* bytes appended since it was written as a whole */
	struct buffer behind; /* lines of the ledger that could not be appended */
	bool is_torn;         /* the end of the file is half a line */
	struct ledger *ledger;
	struct nonces *nonces;
	struct log *log;
};

/* Of the file. */
struct reading {
	struct journal *journal;
	int64_t now;
};

static int
fail(const struct journal *journal, enum outcome outcome, const char *what, struct error *error)
{
	return error_set(error, outcome, "%.500s/" NAME ": %s: %s", journal->folder_name, what, strerror(errno));
}

/* A nonce is a line of its own: its record, which has its own checksum, in hexadecimal. */

static int
put_nonce_line(struct buffer *out, const struct buffer *record)
{
	int rv = buffer_puts(out, NONCE_WORD);

	for (size_t i = 0; i < record->len; i++)
		rv |= buffer_printf(out, "%02x", (unsigned char)record->data[i]);
	return rv | buffer_puts(out, "\n");
}

static bool
read_nonces(struct journal *journal, const char *hex, size_t len, int64_t now)
{
	char *record = xmalloc(len / 2 + 1);
	size_t count = 0;
	bool is_whole;

	for (; count < len / 2; count++) {
		int high = text_hex_digit(hex[2 * count]), low = text_hex_digit(hex[2 * count + 1]);

		if (high < 0 || low < 0)
			break;
		record[count] = (char)(high * 16 + low);
	}
	is_whole = len > 0 && 2 * count == len && nonces_load(journal->nonces, record, count, now) == count;
	free(record);
	return is_whole;
}

/* A line without its newline. */
static bool
read_line(void *ctx, const char *line, size_t len)
{
	struct reading *reading = ctx;
	size_t word = strlen(NONCE_WORD);

	if (len > word && memcmp(line, NONCE_WORD, word) == 0)
		return read_nonces(reading->journal, line + word, len - word, reading->now);
	/* The newline after it is there. */
	return ledger_read(reading->journal->ledger, line, len + 1) == 0;
}

static int
load(struct journal *journal, int64_t now, struct error *error)
{
	struct reading reading = { journal, now };
	char name[600], path[600];
	struct buffer text;
	size_t damaged = 0;
	int rv = 0, fd;

	(void)snprintf(path, sizeof(path), "%.500s/" NAME, journal->folder_name);
	fd = openat(journal->folder, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? 0 : fail(journal, OUTCOME_USAGE, "cannot be read", error);
	buffer_init(&text, FILE_MAX);
	(void)text_visible(name, sizeof(name), journal->folder_name, strlen(journal->folder_name));
	rv = files_read_fd(fd, path, &text, error);
	if (rv == 0)
		damaged = text_lines(text.data, text.len, read_line, &reading);
	if (damaged > 0)
		log_note(journal->log,
		    "%s/" NAME ": %zu damaged lines skipped: a request that they name may be captured again", name,
		    damaged);
	buffer_release(&text);
	close(fd);
	return rv;
}

static int
write_lines(const struct journal *journal, struct buffer *out, int64_t now)
{
	struct buffer records;
	int rv;

	buffer_init(&records, FILE_MAX);
	rv = nonces_save(journal->nonces, &records, now);
	if (rv == 0 && records.len > 0)
		rv = put_nonce_line(out, &records);
	buffer_release(&records);
	return rv == 0 ? ledger_write(journal->ledger, out) : -1;
}

/* As a whole, in place of the old file. -1 with errno: the old one stays. */
static int
rewrite(struct journal *journal, int64_t now)
{
	struct replacement new;
	struct buffer text;
	int rv = -1;

	buffer_init(&text, FILE_MAX);
	if (replacement_begin(&new, journal->folder, NAME, O_APPEND, 0600) != 0)
		goto out;
	errno = EFBIG;
	if (write_lines(journal, &text, now) != 0 || write_all(new.fd, text.data, text.len) != 0 || fsync(new.fd) != 0) {
		replacement_abandon(&new);
		goto out;
	}
	if (replacement_finish(&new, NAME) != 0)
		goto out;
	(void)fsync(journal->folder);
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = new.fd;
	journal->grown = 0;
	buffer_clear(&journal->behind);
	journal->is_torn = false;
	rv = 0;
out:
	buffer_release(&text);
	return rv;
}

struct journal *
journal_open(const char *folder, int64_t now, struct log *log, struct error *error)
{
	struct journal *journal = xcalloc(1, sizeof(*journal));

	journal->fd = -1;
	buffer_init(&journal->behind, FILE_MAX);
	journal->log = log;
	journal->folder_name = xstrdup(folder);
	journal->ledger = ledger_new(JOURNAL_KEEP_MS, JOURNAL_IDS_MAX);
	journal->nonces = nonces_new(NONCES_MAX);
	journal->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (journal->folder < 0) {
		(void)fail(journal, OUTCOME_USAGE, "cannot be opened", error);
		goto fail;
	}
	replacement_sweep(journal->folder, NAME);
	if (load(journal, now, error) != 0)
		goto fail;
	(void)ledger_expire(journal->ledger, now);
	if (rewrite(journal, now) != 0) {
		(void)fail(journal, OUTCOME_USAGE, "cannot be written", error);
		goto fail;
	}
	return journal;
fail:
	journal_free(journal);
	return NULL;
}

void
journal_free(struct journal *journal)
{
	if (journal == NULL)
		return;
	if (journal->fd >= 0)
		close(journal->fd);
	if (journal->folder >= 0)
		close(journal->folder);
	ledger_free(journal->ledger);
	nonces_free(journal->nonces);
	buffer_release(&journal->behind);
	free(journal->folder_name);
	free(journal);
}

const struct ledger *
journal_ledger(const struct journal *journal)
{
	return journal->ledger;
}

/*
 * On disk when it returns. What was written in part is taken back, so that the next line does not continue it. -1 with
 * errno.
 */
static int
put_lines(struct journal *journal, const struct buffer *lines)
{
	off_t end = lseek(journal->fd, 0, SEEK_END);
	int reason;

	if (end >= 0 && write_all(journal->fd, lines->data, lines->len) == 0 && fdatasync(journal->fd) == 0) {
		journal->grown += lines->len;
		return 0;
	}
	reason = errno;
	journal->is_torn = end < 0 || ftruncate(journal->fd, end) != 0;
	errno = reason;
	return -1;
}

/* What could not be written before. -1 with errno: it still cannot. */
static int
catch_up(struct journal *journal)
{
	if (journal->is_torn)
		return rewrite(journal, 0);
	if (journal->behind.len == 0)
		return 0;
	if (put_lines(journal, &journal->behind) != 0)
		return -1;
	buffer_clear(&journal->behind);
	return 0;
}

static int
append(struct journal *journal, const struct buffer *lines)
{
	return catch_up(journal) == 0 ? put_lines(journal, lines) : -1;
}

static int
put_nonce(struct buffer *out, const char *signer, const char *nonce, int64_t expires)
{
	struct buffer record;
	int rv;

	buffer_init(&record, 4096);
	rv = nonces_write(&record, signer, nonce, expires);
	if (rv == 0)
		rv = put_nonce_line(out, &record);
	buffer_release(&record);
	return rv;
}

/* The nonce comes first: whatever of the lines a crash leaves, a message that was captured is not captured again. */
static enum journal_answer
accept_in(struct journal *journal, const struct ledger_entry *entry, const char *nonce, int64_t expires,
    struct buffer *lines, struct error *error)
{
	if (nonce != NULL && put_nonce(lines, entry->signer, nonce, expires) != 0)
		return JOURNAL_FULL;
	if (ledger_accept(journal->ledger, entry, lines) != 0) {
		(void)error_set(error, OUTCOME_INTERNAL, "the request is too long for the journal");
		return JOURNAL_FAILED;
	}
	if (append(journal, lines) != 0) {
		(void)fail(journal, OUTCOME_INTERNAL, "cannot be written", error);
		/* Nothing is captured of it: it may come again. */
		ledger_withdraw(journal->ledger, entry->id);
		return JOURNAL_FAILED;
	}
	return JOURNAL_WRITTEN;
}

enum journal_answer
journal_accept(struct journal *journal, const struct ledger_entry *entry, const char *nonce, int64_t expires,
    struct error *error)
{
	enum journal_answer answer;
	struct buffer lines;

	if (ledger_find(journal->ledger, entry->id) != NULL)
		return JOURNAL_KNOWN;
	if (!ledger_expire(journal->ledger, entry->time))
		return JOURNAL_FULL;
	if (nonce != NULL)
		switch (nonces_add(journal->nonces, entry->signer, nonce, expires, entry->time)) {
		case NONCES_NEW:
			break;
		case NONCES_KNOWN:
			return JOURNAL_REPLAYED;
		case NONCES_FULL:
			return JOURNAL_FULL;
		}
	buffer_init(&lines, FILE_MAX);
	answer = accept_in(journal, entry, nonce, expires, &lines, error);
	if (answer != JOURNAL_WRITTEN && nonce != NULL)
		nonces_remove(journal->nonces, entry->signer, nonce);
	if (answer == JOURNAL_WRITTEN && journal->grown >= GROWN_MAX)
		(void)rewrite(journal, entry->time);
	buffer_release(&lines);
	return answer;
}

enum journal_answer
journal_note(struct journal *journal, const char *signer, const char *nonce, int64_t expires, int64_t now,
    struct error *error)
{
	enum nonces_answer added = nonces_add(journal->nonces, signer, nonce, expires, now);
	enum journal_answer answer = JOURNAL_WRITTEN;
	struct buffer line;

	if (added != NONCES_NEW)
		return added == NONCES_KNOWN ? JOURNAL_REPLAYED : JOURNAL_FULL;
	buffer_init(&line, FILE_MAX);
	if (put_nonce(&line, signer, nonce, expires) != 0)
		answer = JOURNAL_FULL;
	else if (append(journal, &line) != 0) {
		(void)fail(journal, OUTCOME_INTERNAL, "cannot be written", error);
		answer = JOURNAL_FAILED;
	}
	if (answer != JOURNAL_WRITTEN)
		nonces_remove(journal->nonces, signer, nonce);
	buffer_release(&line);
	return answer;
}

int
journal_settle(struct journal *journal, const char *id, size_t capture, enum ledger_state state, struct error *error)
{
	struct buffer line;
	int rv = 0;

	buffer_init(&line, 4096);
	if (ledger_settle(journal->ledger, id, capture, state, &line) != 0)
		rv = error_set(error, OUTCOME_INTERNAL, "the journal does not know capture %zu of %.200s", capture, id);
	else if (append(journal, &line) != 0) {
		rv = fail(journal, OUTCOME_INTERNAL, "cannot be written", error);
		/* In its order, and before all that comes later. */
		if (buffer_append(&journal->behind, line.data, line.len) != 0)
			journal->is_torn = true;
	}
	buffer_release(&line);
	return rv;
}

int
journal_catch_up(struct journal *journal, struct error *error)
{
	return catch_up(journal) == 0 ? 0 : fail(journal, OUTCOME_INTERNAL, "cannot be written", error);
}
