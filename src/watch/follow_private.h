/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of following share: follow.c, follow_begin.c, follow_end.c and follow_after.c; for no others. */
#ifndef ESPCAP_WATCH_FOLLOW_PRIVATE_H
#define ESPCAP_WATCH_FOLLOW_PRIVATE_H

#include <event2/event.h>
#include <sys/queue.h>

#include "base/ack.h"
#include "packet/capture_id.h"
#include "source/source.h"
#include "watch/examine.h"
#include "watch/follow.h"

/* The beginning of a file, which changes if it is written anew in its place. */
#define HEAD_LEN 1024

/* What the registry knows of a file that is read again. */
struct known {
	uint64_t packets;        /* at its beginning that have reached their final place */
	struct ranges failed;    /* but for these */
	uint64_t rejected;       /* of them */
	struct digest_mark mark; /* what it has to begin with; its length is 0 for not known */
};

/* The first bytes of a file. */
struct reading_head {
	char bytes[HEAD_LEN];
	size_t len;
};

/* Whether a file was read before is found out by its content. */
struct reading_examination {
	struct examine *examine; /* NULL if it is known */
	bool waits;              /* it needs more of the file */
	uint64_t size;           /* of the file when that was found */
	bool is_done;
};

/* What has become of a file when it has been read. */
struct reading_result {
	struct dissection_counts counts;
	struct digest_mark mark;
	struct ranges failed; /* not dissected, or --bpf has no meaning for them */
	bool is_whole, is_good;
	bool is_surprising; /* it did not begin with known.mark */
	bool is_certain;    /* a change since the last read shows in its status */
	bool may_succeed;   /* what failed, in another run */
};

/* One file that is looked at or read, or whose documents are on their way. */
struct reading {
	struct follow *follow;
	uint64_t serial;         /* in the order of beginning */
	struct watch_file *file; /* NULL when it has been read */
	char *name, *shown;
	struct folder_entry entry; /* of the file when it was begun; when it has been read: after the last read */
	int fd;                    /* to look at it */
	char id[CAPTURE_ID_LEN];   /* "" if it is not known yet */
	struct reading_examination examination;
	struct reading_head head;
	struct dissection *dissection; /* NULL when it has been read */
	struct source *source;         /* what it reads, and owns; the same */
	bool finishing;                /* nothing more is waited for */
	bool is_stopped;               /* it may have more */
	bool is_rewritten;
	bool ended;
	bool is_sure;    /* nobody could write to it at the last read */
	uint64_t closes; /* of the file by then */
	int64_t changed; /* its time of change when it was begun */
	int64_t asked;   /* when its writers were looked for last, ms */
	struct known known;
	uint64_t omitted;
	struct ack ack;
	struct reading_result result;
	TAILQ_ENTRY(reading) next;
};

TAILQ_HEAD(readings, reading);

/* A file that was delivered and is to be deleted or moved. */
struct completion {
	uint64_t serial; /* of the reading */
	char *name, *shown;
	struct folder_entry entry; /* after the last read */
	struct digest_mark mark;   /* of what was delivered; its length is 0 for not known */
	bool is_sure;              /* entry tells of every change since that read */
	bool waits;                /* it may not be finished yet */
	bool told;
	uint64_t closes;
	int64_t next_ms;         /* not to be tried before */
	struct examine *examine; /* its content is compared */
	TAILQ_ENTRY(completion) next;
};

TAILQ_HEAD(completions, completion);

/* Of files that have been read. */
struct follow_done {
	struct dissection_counts counts;
	uint64_t duplicate; /* of them: packets that an earlier run delivered */
	uint64_t bytes, files;
};

struct follow {
	struct follow_config config;
	struct dissection_config dissection;
	struct log *log;
	struct watch *watch;
	struct event *tick, *end;
	unsigned ticks;
	struct readings examining, open, delivering;
	size_t examining_count, open_count;
	struct completions completions;
	size_t comparing; /* of them */
	struct follow_done done;
	uint64_t serial; /* given last */
	enum outcome outcome;
	bool paused, stopping, ended;
	bool start_deferred, work_deferred;
	bool warned; /* that it is unknown who writes */
};

static inline bool
follow_has_count(const struct follow *follow)
{
	return follow->config.count > 0 &&
	    follow->done.counts.read >= follow->config.count;
}

void follow_reading_free(struct reading *reading);
/* Something went wrong, and was reported. */
void follow_blame(struct follow *follow, enum outcome outcome);

/* Gives the file to a dissection, which takes the descriptor over. */
void follow_start(struct reading *reading, int fd);
/* Nothing more of the file is waited for. */
void follow_finish(struct reading *reading);
/* Begins the files whose turn it is. */
void follow_begin(struct follow *follow);
/*
 * Files whose content is being compared: those that have grown or are finished; and some megabytes of each of the
 * others.
 */
void follow_look_at_examined(struct follow *follow);
void follow_work(struct follow *follow);
void follow_drop_examined(struct follow *follow);
/* Remembers the beginning of the file; false if it is not what it was. */
bool follow_has_same_head(struct reading *reading);
/* How the file is now. */
void follow_update(struct reading *reading);
/* With --after: whether somebody has the file open for writing. */
bool follow_has_writer(struct reading *reading);

/* Takes from a dissection that has ended what it knows, and frees it: its documents are still on their way. */
void follow_harvest(struct reading *reading);
/* The readings whose documents have all reached their final place go into the registry, and are freed. */
void follow_conclude(struct follow *follow);

/*
 * What is copied, unless a later reading has one of the same file: a file that was delivered, and how it was after the
 * last read. waits: it may not be finished.
 */
void follow_after_add(struct follow *follow, const struct completion *completion);
/* The file is read again. */
void follow_after_forget(struct follow *follow, const struct folder_entry *entry);
/* Deletes or moves what may be. */
void follow_after_tick(struct follow *follow);
/* True if more is to be done at once. */
bool follow_after_work(struct follow *follow);
void follow_after_free(struct follow *follow);

#endif
