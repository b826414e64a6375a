/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of a member share: member.c and the other member_*.c; for no others. */
#ifndef ESPCAP_KAFKA_MEMBER_PRIVATE_H
#define ESPCAP_KAFKA_MEMBER_PRIVATE_H

#include <librdkafka/rdkafka.h>

#include "kafka/client.h"
#include "kafka/intake.h"
#include "kafka/member.h"
#include "kafka/trouble.h"

/* Messages taken out of librdkafka's queue at once. */
#define MEMBER_BATCH 512

#define UNKNOWN (-2)

enum lane_state {
	LANE_NEW,      /* where to begin has to be asked */
	LANE_PROBED,   /* the message before the start is on its way: it tells the time that the warm-up counts from */
	LANE_ANCHORED, /* that is known, and where the warm-up begins has to be asked */
	LANE_READ,
	LANE_HELD /* taken away, and espcap has not released it */
};

/* One partition that the group has given to this member. */
struct lane {
	uint32_t assignment, topic;
	int32_t partition;
	enum lane_state state;
	bool is_assigned; /* librdkafka fetches it */
	bool is_told;     /* espcap knows of it */
	bool is_released;
	bool is_again; /* of LANE_HELD: the group has not taken it away; its offsets start anew */
	bool is_anew;  /* they have: all there is is read */
	uint64_t ask_at;
	unsigned failures;             /* of asking, since it last went well */
	int64_t low, start, end, next; /* low, end: -1 before they are known */
	int64_t warm;                  /* where the warm-up begins by time; UNKNOWN before that is known, -1 for nowhere */
	int64_t anchor;                /* ms since 1970, -1 if it is not known */
	uint64_t missed;
	int64_t high;     /* told last */
	uint64_t high_at; /* when that was, or it was asked for, ms */
	/* Offsets: confirmed, under way (-1 for none), and what espcap wants. */
	int64_t committed, committing, wanted;
	uint64_t commit_at; /* not before */
};

/* Where this run began to read a partition. */
struct seen {
	uint32_t topic;
	int32_t partition;
	int64_t start;
};

/* A partition that there was when this run began: it is to be read to the end that it had then. */
struct goal {
	uint32_t topic;
	int32_t partition;
	int64_t first, end;        /* where reading it begins at the earliest, and ends; -1 before that is known */
	int64_t low, high, stored; /* now, as far as the brokers say: its bounds, where the group is; negative for unknown */
};

/* What there was when this run began, for MEMBER_LATEST and member_config.to_the_end. */
struct rest {
	/* Of MEMBER_LATEST: the partitions of each topic, NULL before that is known. */
	int32_t *partitions;
	struct goal *goals;
	size_t count;
	bool is_listed, is_known; /* which there are, and all about them */
	bool is_refused;          /* where the group is is not for us to know */
	bool is_told;             /* that it does not get on */
	uint32_t token;           /* of the question that espcap waits for the answer to, 0 for none */
	int64_t sum;              /* of the offsets of the group, which has been that since */
	uint64_t since, ask_at;
};

/* What comes of librdkafka: one queue for all partitions, whose bound holds for all together. */
struct taken {
	rd_kafka_queue_t *queue;
	rd_kafka_message_t *batch[MEMBER_BATCH];
	size_t count, at;
};

/* What goes to espcap and comes from it. */
struct channel {
	struct member_pipes pipes;
	struct buffer messages, words, orders;
	struct event *messages_writable, *words_writable, *ordered;
};

/* The end. */
struct leaving {
	bool is_stopped; /* no more messages */
	bool is_ordered, is_under_way;
	uint64_t wait_until; /* for commits */
	uint64_t end_at;     /* whether or not a broker has answered */
};

struct member {
	const struct member_config *config;
	struct loop *loop;
	struct root_log log;
	struct client *client;
	struct trouble trouble;
	struct taken taken;
	struct channel channel;
	struct event *tick;
	struct lane *lanes;
	size_t count, last; /* last: the lane of the message before */
	struct seen *seen;
	size_t seen_count;
	uint32_t assignments; /* so far */
	uint64_t release_by;  /* when commits of released lanes are not waited for any more */
	uint64_t high_at, look_at;
	struct leaving leaving;
	struct rest rest;
	bool is_deferred, is_revoking, is_assigned_once, is_settled, knows_cluster, is_cut_off;
};

/* member.c */

/* Tells espcap; with the messages, or beside them. */
void member_tell(struct member *member, const struct intake_event *event);
void member_tell_flag(struct member *member, enum intake_kind kind, uint32_t assignment, bool flag);
/* Writes what the pipe of messages takes now. True if nothing is left. */
bool member_flush(struct member *member);
/* Reads messages soon, from the loop. */
void member_read_soon(struct member *member);
/* Tells of trouble, or of the end of it. */
void member_note_code(struct member *member, rd_kafka_resp_err_t code);
void member_recover(struct member *member);
void member_note(struct member *member, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline const char *
member_topic(const struct member *member, const struct lane *lane)
{
	return member->config->topics[lane->topic];
}

/* member_group.c */

/* The lane of a partition, or of an assignment; NULL if there is none. */
struct lane *member_lane(struct member *member, const char *topic, int32_t partition);
struct lane *member_lane_of(struct member *member, uint32_t assignment);
/* Forgets messages of a partition that were taken out of the queue. */
void member_forget(struct member *member, const struct lane *lane);
/* A partition that the group has not taken away starts anew: espcap has to release it, then it begins again. */
void member_restart(struct member *member, struct lane *lane);
void member_begin_again(struct member *member, struct lane *lane);
void member_on_rebalance(struct member *member, rd_kafka_event_t *event);
/* Gives partitions back that were taken away, when espcap has nothing to do with them any more. */
void member_give_back(struct member *member);

/* member_begin.c: finds out where lanes begin, and begins them. It may take 2 s. */
void member_begin(struct member *member);
/* The number of partitions of a topic, asked for at most wait ms; -1 if that is not found out. */
int32_t member_partitions(struct member *member, const char *topic, int wait);

/* member_rest.c */

/* Learns which partitions there are, and where they end, before this member reads any. It may take 2 s. */
bool member_wants_goals(const struct member *member);
void member_set_goals(struct member *member);
/* Answers INTAKE_ASK_REST, if it was asked and an answer is known. It may take 2 s. */
void member_tell_rest(struct member *member);

/* member_high.c: tells where partitions end. It may take 500 ms. */
void member_tell_high(struct member *member);

/* member_read.c: messages into the pipe, until there are none or it is full. */
void member_read(struct member *member);

/* member_commit.c */
void member_commit(struct member *member);
void member_on_commit(struct member *member, rd_kafka_event_t *event);
/* Something that espcap wants committed is not. */
bool member_commits(const struct lane *lane);

#endif
