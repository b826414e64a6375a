/* SPDX-License-Identifier: BSD-2-Clause */
/* One tshark for the packets of one capture in one partition. */
#include "input/kafka_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/queue.h"
#include "base/xalloc.h"

/* Of so many packets it is known which they are when the document of a later one names them; a power of 2. */
#define HISTORY ((size_t)65536)

/* A packet that has no outcome yet. */
struct open_packet {
	struct kafka_capture *capture; /* held */
	struct span *span;             /* NULL for context */
	uint64_t number;               /* in this session, from 1 */
	uint64_t ordinal;              /* in its capture */
	int64_t offset;
};

/* One that documents may name. */
struct known_packet {
	uint64_t number, ordinal;
	const void *capture; /* only to be compared: it may be gone */
};

struct kafka_session {
	struct kafka_session_config config;
	struct kafka_session_handler handler;
	struct dissection_live live;
	struct dissection_origin origin;
	struct dissection_config dissection_config;
	struct dissection *dissection;
	struct kafka_source *source; /* the dissection's */
	char *name;

	struct queue open;          /* of struct open_packet */
	struct open_packet current; /* whose outcome became known last */
	struct known_packet *history;
	uint64_t put, passed; /* packets, the latter without context */
	uint64_t used;
	struct document_message message;
	bool is_ending;
};

/* Captures. */

static char *
known_text(const char *text)
{
	return text == NULL || text[0] == '\0' ? NULL : xstrdup(text);
}

struct kafka_capture *
kafka_capture_new(const char *id, const char *host, const char *interface)
{
	struct kafka_capture *capture = xcalloc(1, sizeof(*capture));

	capture->holders = 1;
	capture->id = xstrdup(id);
	capture->host = known_text(host);
	capture->interface = known_text(interface);
	/* An id that espcap made is used as it is: the packets have the ids that they have without Kafka. */
	if (strlen(id) < CAPTURE_ID_LEN)
		memcpy(capture->hash, id, strlen(id) + 1);
	else if (capture_id_of_text(id, capture->hash) != 0) {
		kafka_capture_drop(capture);
		return NULL;
	}
	return capture;
}

struct kafka_capture *
kafka_capture_hold(struct kafka_capture *capture)
{
	capture->holders++;
	return capture;
}

void
kafka_capture_drop(struct kafka_capture *capture)
{
	if (capture == NULL || --capture->holders > 0)
		return;
	free(capture->id);
	free(capture->host);
	free(capture->interface);
	free(capture);
}

/* Packets. */

static bool
pop(struct kafka_session *session, struct open_packet *packet)
{
	if (session->open.count == 0)
		return false;
	*packet = *(const struct open_packet *)queue_at(&session->open, 0, sizeof(*packet));
	queue_pop(&session->open);
	return true;
}

const char *
kafka_session_refuses(const struct kafka_session *session, const struct kafka_source_packet *packet)
{
	return kafka_source_refuses(session->source, packet);
}

void
kafka_session_put(struct kafka_session *session, const struct kafka_source_packet *packet, struct kafka_capture *capture,
    int64_t offset, struct span *span)
{
	const struct open_packet open = { .capture = kafka_capture_hold(capture),
		.span = span,
		.number = ++session->put,
		.ordinal = packet->identity.ordinal,
		.offset = offset };
	struct kafka_source_packet own = *packet;

	own.identity.capture = capture->hash;
	own.identity.is_context = span == NULL;
	queue_push(&session->open, &open, sizeof(open));
	session->history[session->put % HISTORY] = (struct known_packet){ session->put, open.ordinal, capture };
	kafka_source_put(session->source, &own);
	session->used = clock_ms();
}

/* What the dissection asks and tells. */

static void
on_resolve(void *ctx, uint64_t number)
{
	struct kafka_session *session = ctx;

	do {
		kafka_capture_drop(session->current.capture);
		session->current.capture = NULL;
		if (!pop(session, &session->current))
			return;
		if (session->current.span != NULL) {
			session->passed++;
			span_pass(session->current.span);
		}
	} while (session->current.number < number);
}

static void
describe(void *ctx, uint64_t number, struct document_capture *capture, struct document_packet *packet)
{
	struct kafka_session *session = ctx;
	const struct open_packet *current = &session->current;

	(void)number;
	session->message.offset = current->offset;
	capture->id = current->capture->id;
	capture->host = current->capture->host;
	capture->interface = current->capture->interface;
	capture->before = 0;
	packet->ordinal = current->ordinal;
	packet->message = &session->message;
}

/* The packet with this number in the session; NULL if it is too long ago. */
static const struct known_packet *
find_known(const struct kafka_session *session, uint64_t number)
{
	const struct known_packet *known = &session->history[number % HISTORY];

	return number != 0 && known->number == number ? known : NULL;
}

static uint64_t
number_of(void *ctx, uint64_t of, uint64_t number)
{
	const struct kafka_session *session = ctx;
	const struct known_packet *self = find_known(session, of), *other = find_known(session, number);

	return self == NULL || other == NULL || self->capture != other->capture ? 0 : other->ordinal;
}

static void
on_document(void *ctx, const struct document_ready *ready)
{
	struct kafka_session *session = ctx;
	struct document_ready own = *ready;

	own.ack = &session->current.span->ack;
	own.ack->given++;
	session->handler.on_document(session->handler.ctx, &own);
}

static void
on_end(void *ctx)
{
	struct kafka_session *session = ctx;

	session->handler.on_end(session->handler.ctx, session);
}

static void
on_taken(void *ctx, size_t len)
{
	const struct kafka_session *session = ctx;

	session->handler.on_taken(session->handler.ctx, len);
}

/* Life. */

static char *
make_name(const struct kafka_session_config *config)
{
	size_t size = strlen(config->topic) + 16;
	char *name = xmalloc(size);

	(void)snprintf(name, size, "%s[%d]", config->topic, (int)config->partition);
	return name;
}

struct kafka_session *
kafka_session_new(const struct kafka_session_config *config, const struct kafka_session_handler *handler)
{
	struct kafka_session *session = xcalloc(1, sizeof(*session));
	const struct kafka_source_handler taken = { on_taken, session };
	const struct dissection_handler documents = { on_document, on_end, session };

	session->config = *config;
	session->handler = *handler;
	session->name = make_name(config);
	session->message = (struct document_message){ .topic = config->topic, .partition = config->partition };
	session->history = xcalloc(HISTORY, sizeof(*session->history));
	session->live = (struct dissection_live){ .id = "",
		.lifetime = config->lifetime,
		.lifetime_ms = config->lifetime_ms };
	session->origin = (struct dissection_origin){ describe, number_of, on_resolve, session };
	session->dissection_config = *config->dissection;
	session->dissection_config.live = &session->live;
	session->dissection_config.origin = &session->origin;
	session->source = kafka_source_new(&taken);
	session->dissection = dissection_new(&session->dissection_config, kafka_source_base(session->source),
	    session->name, NULL, 0, &documents);
	session->used = clock_ms();
	return session;
}

void
kafka_session_free(struct kafka_session *session)
{
	struct open_packet packet;

	if (session == NULL)
		return;
	dissection_free(session->dissection);
	while (pop(session, &packet))
		kafka_capture_drop(packet.capture);
	kafka_capture_drop(session->current.capture);
	queue_release(&session->open);
	free(session->history);
	free(session->name);
	free(session);
}

void
kafka_session_wake(struct kafka_session *session)
{
	kafka_source_wake(session->source);
}

void
kafka_session_end(struct kafka_session *session)
{
	if (session->is_ending)
		return;
	session->is_ending = true;
	kafka_source_end(session->source);
	kafka_source_wake(session->source);
}

void
kafka_session_abandon(struct kafka_session *session)
{
	session->is_ending = true;
	dissection_abandon(session->dissection);
}

void
kafka_session_pause(struct kafka_session *session)
{
	dissection_pause(session->dissection);
}

void
kafka_session_resume(struct kafka_session *session)
{
	dissection_resume(session->dissection);
}

/* What is known of it. */

bool
kafka_session_is_ending(const struct kafka_session *session)
{
	return session->is_ending;
}

size_t
kafka_session_open(const struct kafka_session *session)
{
	return session->open.count;
}

uint64_t
kafka_session_used(const struct kafka_session *session)
{
	return session->used;
}

uint64_t
kafka_session_memory(const struct kafka_session *session)
{
	return dissection_memory(session->dissection);
}

void
kafka_session_counts(const struct kafka_session *session, struct dissection_counts *counts)
{
	*counts = dissection_counts(session->dissection);
	counts->read = counts->printed + counts->filtered + counts->undissected;
	counts->skipped = session->passed > counts->read ? session->passed - counts->read : 0;
}

enum outcome
kafka_session_outcome(const struct kafka_session *session, struct error *error)
{
	return dissection_outcome(session->dissection, error);
}

const char *
kafka_session_name(const struct kafka_session *session)
{
	return session->name;
}
