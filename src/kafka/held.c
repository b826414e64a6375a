/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that will be sent again. */
#include "kafka/held.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
held_add(struct held *held, const struct held_message *message, const char *header, const uint8_t *value)
{
	struct held_message *copy = xmalloc(sizeof(*copy) + message->header_len + message->value_len);

	*copy = *message;
	copy->next = NULL;
	if (message->header_len > 0)
		memcpy(copy->bytes, header, message->header_len);
	if (message->value_len > 0)
		memcpy(copy->bytes + message->header_len, value, message->value_len);
	if (held->last != NULL)
		held->last->next = copy;
	else
		held->first = copy;
	held->last = copy;
	held->count++;
}

void
held_put_before(struct held *held, struct held *other)
{
	if (other->count == 0)
		return;
	other->last->next = held->first;
	held->first = other->first;
	if (held->last == NULL)
		held->last = other->last;
	held->count += other->count;
	*other = (struct held){ .count = 0 };
}

void
held_drop(struct held *held)
{
	struct held_message *first = held->first;

	held->first = first->next;
	if (held->first == NULL)
		held->last = NULL;
	held->count--;
	free(first);
}

void
held_clear(struct held *held)
{
	while (held->count > 0)
		held_drop(held);
}
