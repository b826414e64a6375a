/* SPDX-License-Identifier: BSD-2-Clause */
/* What the Kafka process and espcap say to each other, as bytes. */
#include "kafka/intake.h"

#include <string.h>

/* Of a length of what is not there. */
#define NONE UINT32_MAX

/* Before each body. */
struct head {
	uint32_t len; /* of the body */
	uint32_t kind;
};

/* The bodies. Their members are in an order that leaves no holes. */
struct said {
	uint64_t number;
	uint32_t assignment;
	uint32_t flag;
};

struct assigned {
	int64_t start, warm, end;
	uint64_t missed;
	uint32_t assignment, topic;
	int32_t partition;
	uint32_t zero;
};

/* Its bytes follow: key, header, value. */
struct message {
	int64_t offset;
	uint32_t assignment, key_len, header_len, value_len;
	int64_t sent_ms;
};

/* A text follows. */
struct spoken {
	uint32_t outcome;
};

static bool
is_spoken(enum intake_kind kind)
{
	return kind == INTAKE_CLUSTER || kind == INTAKE_NOTE || kind == INTAKE_FAILED;
}

/* Writing. */

/* Room for a frame with this body, all of which the caller fills; NULL if there is none. */
static char *
begin(struct buffer *out, enum intake_kind kind, size_t len)
{
	const struct head head = { (uint32_t)len, (uint32_t)kind };
	char *at = buffer_extend(out, sizeof(head) + len);

	if (at == NULL)
		return NULL;
	memcpy(at, &head, sizeof(head));
	return at + sizeof(head);
}

static uint32_t
cut(const uint8_t *bytes, uint32_t len, uint32_t max)
{
	if (bytes == NULL)
		return NONE;
	return len < max ? len : max;
}

static char *
put(char *at, const uint8_t *bytes, uint32_t len)
{
	if (len == NONE || len == 0)
		return at;
	memcpy(at, bytes, len);
	return at + len;
}

static size_t
length(uint32_t len)
{
	return len == NONE ? 0 : len;
}

int
intake_write_message(struct buffer *out, const struct intake_message *message)
{
	const struct message fixed = { .offset = message->offset,
		.assignment = message->assignment,
		.key_len = cut(message->key, message->key_len, INTAKE_KEY_MAX),
		.header_len = cut(message->header, message->header_len, INTAKE_HEADER_MAX),
		.value_len = cut(message->value, message->value_len, INTAKE_VALUE_MAX),
		.sent_ms = message->sent_ms };
	char *at = begin(out, INTAKE_MESSAGE,
	    sizeof(fixed) + length(fixed.key_len) + length(fixed.header_len) + length(fixed.value_len));

	if (at == NULL)
		return -1;
	memcpy(at, &fixed, sizeof(fixed));
	at = put(at + sizeof(fixed), message->key, fixed.key_len);
	at = put(at, message->header, fixed.header_len);
	(void)put(at, message->value, fixed.value_len);
	return 0;
}

static int
write_assigned(struct buffer *out, const struct intake_assigned *assigned)
{
	const struct assigned fixed = { .start = assigned->start,
		.warm = assigned->warm,
		.end = assigned->end,
		.missed = assigned->missed,
		.assignment = assigned->assignment,
		.topic = assigned->topic,
		.partition = assigned->partition };
	char *at = begin(out, INTAKE_ASSIGNED, sizeof(fixed));

	if (at == NULL)
		return -1;
	memcpy(at, &fixed, sizeof(fixed));
	return 0;
}

static int
write_spoken(struct buffer *out, const struct intake_event *event)
{
	const struct spoken fixed = { (uint32_t)event->error.outcome };
	size_t len = strnlen(event->error.text, sizeof(event->error.text) - 1);
	char *at = begin(out, event->kind, sizeof(fixed) + len);

	if (at == NULL)
		return -1;
	memcpy(at, &fixed, sizeof(fixed));
	memcpy(at + sizeof(fixed), event->error.text, len);
	return 0;
}

static int
write_said(struct buffer *out, const struct intake_event *event)
{
	const struct said fixed = { event->number, event->assignment, event->flag };
	char *at = begin(out, event->kind, sizeof(fixed));

	if (at == NULL)
		return -1;
	memcpy(at, &fixed, sizeof(fixed));
	return 0;
}

int
intake_write(struct buffer *out, const struct intake_event *event)
{
	if (event->kind == INTAKE_MESSAGE)
		return intake_write_message(out, &event->message);
	if (event->kind == INTAKE_ASSIGNED)
		return write_assigned(out, &event->assigned);
	return is_spoken(event->kind) ? write_spoken(out, event) : write_said(out, event);
}

/* Reading. */

/* Which bytes of *len are the next; false if they are more than are left, or more than max. */
static bool
take(const uint8_t **bytes, size_t *left, uint32_t *len, uint32_t max, const uint8_t **field)
{
	*field = NULL;
	if (*len == NONE) {
		*len = 0;
		return true;
	}
	if (*len > max || *len > *left)
		return false;
	*field = *bytes;
	*bytes += *len;
	*left -= *len;
	return true;
}

static bool
read_message(const uint8_t *bytes, size_t len, struct intake_message *message)
{
	struct message fixed;

	if (len < sizeof(fixed))
		return false;
	memcpy(&fixed, bytes, sizeof(fixed));
	bytes += sizeof(fixed);
	len -= sizeof(fixed);
	message->assignment = fixed.assignment;
	message->offset = fixed.offset;
	message->key_len = fixed.key_len;
	message->header_len = fixed.header_len;
	message->value_len = fixed.value_len;
	message->sent_ms = fixed.sent_ms;
	return fixed.assignment != 0 && fixed.offset >= 0 &&
	    take(&bytes, &len, &message->key_len, INTAKE_KEY_MAX, &message->key) &&
	    take(&bytes, &len, &message->header_len, INTAKE_HEADER_MAX, &message->header) &&
	    take(&bytes, &len, &message->value_len, INTAKE_VALUE_MAX, &message->value) && len == 0;
}

static bool
read_assigned(const uint8_t *bytes, size_t len, struct intake_assigned *assigned)
{
	struct assigned fixed;

	if (len != sizeof(fixed))
		return false;
	memcpy(&fixed, bytes, sizeof(fixed));
	*assigned = (struct intake_assigned){ .assignment = fixed.assignment,
		.topic = fixed.topic,
		.partition = fixed.partition,
		.start = fixed.start,
		.warm = fixed.warm,
		.end = fixed.end,
		.missed = fixed.missed };
	return fixed.zero == 0 && fixed.assignment != 0 && fixed.partition >= 0 && fixed.warm >= 0 &&
	    fixed.warm <= fixed.start && fixed.end >= 0;
}

static bool
read_spoken(const uint8_t *bytes, size_t len, struct error *error)
{
	struct spoken fixed;

	if (len < sizeof(fixed) || len - sizeof(fixed) >= sizeof(error->text))
		return false;
	memcpy(&fixed, bytes, sizeof(fixed));
	bytes += sizeof(fixed);
	len -= sizeof(fixed);
	if (fixed.outcome > OUTCOME_REJECTED || (len > 0 && memchr(bytes, '\0', len) != NULL))
		return false;
	error->outcome = (enum outcome)fixed.outcome;
	if (len > 0)
		memcpy(error->text, bytes, len);
	error->text[len] = '\0';
	return true;
}

static bool
read_said(const uint8_t *bytes, size_t len, struct intake_event *event)
{
	struct said fixed;

	if (len != sizeof(fixed))
		return false;
	memcpy(&fixed, bytes, sizeof(fixed));
	event->number = fixed.number;
	event->assignment = fixed.assignment;
	event->flag = fixed.flag != 0;
	return fixed.flag <= 1 && fixed.number <= INT64_MAX;
}

static bool
read_body(const uint8_t *bytes, size_t len, struct intake_event *event)
{
	if (event->kind == INTAKE_MESSAGE)
		return read_message(bytes, len, &event->message);
	if (event->kind == INTAKE_ASSIGNED)
		return read_assigned(bytes, len, &event->assigned);
	return is_spoken(event->kind) ? read_spoken(bytes, len, &event->error) : read_said(bytes, len, event);
}

ssize_t
intake_read(const void *bytes, size_t len, struct intake_event *event)
{
	struct head head;

	if (len < sizeof(head))
		return 0;
	memcpy(&head, bytes, sizeof(head));
	if (head.kind >= INTAKE_KINDS || head.len > INTAKE_FRAME_MAX - sizeof(head))
		return -1;
	if (head.len > len - sizeof(head))
		return 0;
	event->kind = (enum intake_kind)head.kind;
	if (!read_body((const uint8_t *)bytes + sizeof(head), head.len, event))
		return -1;
	return (ssize_t)(sizeof(head) + head.len);
}

/* Orders. */

struct order {
	uint64_t number;
	uint32_t word, assignment;
};

int
intake_write_order(struct buffer *out, const struct intake_order *order)
{
	const struct order fixed = { order->number, (uint32_t)order->word, order->assignment };

	return buffer_append(out, &fixed, sizeof(fixed));
}

ssize_t
intake_read_order(const void *bytes, size_t len, struct intake_order *order)
{
	struct order fixed;

	if (len < sizeof(fixed))
		return 0;
	memcpy(&fixed, bytes, sizeof(fixed));
	if (fixed.word >= INTAKE_WORDS || fixed.number > INT64_MAX)
		return -1;
	*order = (struct intake_order){ (enum intake_word)fixed.word, fixed.assignment, fixed.number };
	return sizeof(fixed);
}
