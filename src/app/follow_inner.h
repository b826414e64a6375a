/* What the parts of following share: follow.c and follow_end.c; for no others. */
#ifndef ESPCAP_APP_FOLLOW_INNER_H
#define ESPCAP_APP_FOLLOW_INNER_H

#include <event2/event.h>
#include <sys/queue.h>

#include "app/follow.h"
#include "dissect/capture_id.h"
#include "sink/receipt.h"

/* The beginning of a file, which changes if it is written anew in its place. */
#define HEAD_LEN 1024

/* One file that is read, or whose documents are on their way. */
struct reading {
	struct follow *follow;
	struct watch_file *file;	/* NULL when it has been read */
	char *name, *shown;
	struct folder_entry entry;	/* of the file when it was known to be finished */
	int fd;				/* to look at it */
	char head[HEAD_LEN];
	size_t head_len;
	struct dissection *dissection;	/* NULL when it has been read */
	bool finishing;			/* nothing more is waited for */
	bool is_stopped;		/* it may have more */
	bool is_rewritten;
	bool ended;
	uint64_t known;			/* packets at its beginning that were delivered before */
	uint64_t omitted;
	struct receipt receipt;

	/* When it has been read: */
	char id[CAPTURE_ID_LEN];
	struct dissection_counts counts;
	bool is_whole, is_good;
	TAILQ_ENTRY(reading) next;
};

TAILQ_HEAD(readings, reading);

struct follow {
	struct follow_rules rules;
	struct dissection_rules dissection;
	struct log *log;
	struct watch *watch;
	struct event *tick, *end;
	unsigned ticks;
	struct readings open, delivering;
	size_t open_count;
	struct totals totals;	/* of files that have been read */
	uint64_t bytes_done, files_done;
	enum outcome outcome;
	bool full, stopping, ended;
	bool start_deferred;
};

static inline bool
follow_has_count(const struct follow *follow)
{
	return follow->rules.count > 0 &&
	    follow->totals.read >= follow->rules.count;
}

void follow_reading_free(struct reading *reading);
/* Something went wrong, and was told. */
void follow_blame(struct follow *follow, enum outcome outcome);
/* A file that need not be read, or not any more: deletes or moves it if it is clean. */
void follow_after(struct follow *follow, const char *name, const char *shown, const struct folder_entry *entry,
    bool clean);
/* Takes from a dissection that has ended what it knows, and frees it: its documents are still on their way. */
void follow_harvest(struct reading *reading);
/* The readings whose documents have all reached their final place go into the ledger, and are freed. */
void follow_conclude(struct follow *follow);

#endif
