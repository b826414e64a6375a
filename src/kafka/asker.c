/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the brokers where the messages of a topic begin and end. */
#include "kafka/asker.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/xalloc.h"

/* How long the answer to each question may take, ms. */
#define ASK_MS 3000

struct asker {
	rd_kafka_t *handle;
	const char *topic;
	void (*on_answer)(void *ctx, const struct asker_answer *answer);
	void *ctx;
	struct event *answered;
	int fd; /* an eventfd: the thread is done */
	pthread_t thread;
	bool is_asking;
	/* Of the thread while it runs: */
	struct asker_question question;
	struct asker_answer answer;
	struct asker_place *places;
};

/* The thread. */

static void
list_places(struct asker *asker, const rd_kafka_metadata_topic_t *topic)
{
	const struct asker_question *question = &asker->question;

	asker->answer.partitions = topic->partition_cnt;
	if (topic->partition_cnt <= question->first)
		return;
	asker->answer.count = question->only ? 1 : (size_t)(topic->partition_cnt - question->first);
	asker->places = xcalloc(asker->answer.count, sizeof(*asker->places));
	asker->answer.places = asker->places;
	for (size_t i = 0; i < asker->answer.count; i++)
		asker->places[i] = (struct asker_place){ .partition = question->first + (int32_t)i,
			.leader = -1,
			.stored = RD_KAFKA_OFFSET_INVALID };
	for (int i = 0; i < topic->partition_cnt; i++) {
		int32_t at = topic->partitions[i].id - question->first;

		if (at >= 0 && (size_t)at < asker->answer.count)
			asker->places[at].leader = topic->partitions[i].leader;
	}
}

static rd_kafka_resp_err_t
ask_partitions(struct asker *asker)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(asker->handle, asker->topic, NULL);
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code;

	code = topic == NULL ? rd_kafka_last_error() : rd_kafka_metadata(asker->handle, 0, topic, &metadata, ASK_MS);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1) {
		code = metadata->topics[0].err;
		if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
			list_places(asker, &metadata->topics[0]);
	}
	if (metadata != NULL)
		rd_kafka_metadata_destroy(metadata);
	if (topic != NULL)
		rd_kafka_topic_destroy(topic);
	return code;
}

static rd_kafka_resp_err_t
ask_stored(struct asker *asker)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)asker->answer.count);
	rd_kafka_resp_err_t code;

	for (size_t i = 0; i < asker->answer.count; i++)
		(void)rd_kafka_topic_partition_list_add(list, asker->topic, asker->places[i].partition);
	code = rd_kafka_committed(asker->handle, list, ASK_MS);
	for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		asker->places[i].stored = list->elems[i].offset;
		code = list->elems[i].err;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return code;
}

static rd_kafka_resp_err_t
ask(struct asker *asker)
{
	rd_kafka_resp_err_t code = ask_partitions(asker);

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR && asker->answer.count > 0 && asker->question.stored)
		code = ask_stored(asker);
	for (size_t i = 0; i < asker->answer.count && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
		code = rd_kafka_query_watermark_offsets(asker->handle, asker->topic, asker->places[i].partition,
		    &asker->places[i].low, &asker->places[i].high, ASK_MS);
	return code;
}

static void *
run(void *ctx)
{
	static const uint64_t one = 1;
	struct asker *asker = ctx;

	asker->answer.code = ask(asker);
	(void)!write(asker->fd, &one, sizeof(one));
	return NULL;
}

/* The loop. */

static void
forget(struct asker *asker)
{
	free(asker->places);
	asker->places = NULL;
	asker->answer = (struct asker_answer){ .count = 0 };
}

static void
on_answered(evutil_socket_t fd, short what, void *ctx)
{
	struct asker *asker = ctx;
	uint64_t ignored;

	(void)what;
	(void)!read(fd, &ignored, sizeof(ignored));
	if (!asker->is_asking)
		return;
	(void)pthread_join(asker->thread, NULL);
	asker->is_asking = false;
	asker->on_answer(asker->ctx, &asker->answer);
	forget(asker);
}

struct asker *
asker_new(struct loop *loop, rd_kafka_t *handle, const char *topic,
    void (*on_answer)(void *ctx, const struct asker_answer *answer), void *ctx)
{
	struct asker *asker = xcalloc(1, sizeof(*asker));

	asker->handle = handle;
	asker->topic = topic;
	asker->on_answer = on_answer;
	asker->ctx = ctx;
	asker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (asker->fd < 0)
		abort(); /* no descriptor is left, right at the start */
	asker->answered = event_new(loop_base(loop), asker->fd, EV_READ | EV_PERSIST, on_answered, asker);
	event_add(asker->answered, NULL);
	return asker;
}

void
asker_free(struct asker *asker)
{
	if (asker == NULL)
		return;
	if (asker->is_asking)
		(void)pthread_join(asker->thread, NULL);
	forget(asker);
	event_free(asker->answered);
	close(asker->fd);
	free(asker);
}

/* Signals are for the thread of the loop. */
void
asker_ask(struct asker *asker, const struct asker_question *question)
{
	sigset_t all, before;

	asker->question = *question;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	/* Where no thread can be made now, one can be later. */
	asker->is_asking = pthread_create(&asker->thread, NULL, run, asker) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool
asker_is_asking(const struct asker *asker)
{
	return asker->is_asking;
}
