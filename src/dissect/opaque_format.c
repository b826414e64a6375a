/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet of a format that only tshark reads: what its fields say of it. */
#include "dissect/opaque_format.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "packet/capture_id.h"

/* The first value of a field in the packet as a terminated text; false if there is none that fits. */
static bool
field_text(const struct tree *tree, const struct names *names, const char *name,
    char *text, size_t size)
{
	const struct tree_leaf *leaf =
	    tree_find(tree, names_id(names, name, strlen(name)));

	if (leaf == NULL || leaf->kind != TREE_TEXT || leaf->len >= size)
		return false;
	memcpy(text, tree_leaf_text(tree, leaf), leaf->len);
	text[leaf->len] = '\0';
	return true;
}

/* Seconds since 1970 with a fraction, or from tshark 4.2 on a date of ISO 8601 in UTC. */
static bool
read_time(const char *text, struct document_packet *packet)
{
	struct tm date = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &date);
	char *end;

	if (rest != NULL)
		packet->sec = timegm(&date);
	else {
		packet->sec = strtoll(text, &end, 10);
		rest = end;
	}
	if (rest == text)
		return false;
	if (*rest == '.')
		packet->nsec = (uint32_t)(strtoul(rest + 1, NULL, 10) %
		    1000000000);
	return *rest == '.' || *rest == '\0' || *rest == 'Z';
}

void
opaque_format_packet(const struct tree *tree, const struct names *names,
    struct document_packet *packet)
{
	char text[64];

	packet->has_time =
	    field_text(tree, names, "frame.time_epoch", text,
		sizeof(text)) &&
	    read_time(text, packet);
	if (field_text(tree, names, "frame.len", text, sizeof(text)))
		packet->wirelen = (uint32_t)strtoul(text, NULL, 10);
}

int
opaque_format_identify(const char *capture, struct document_packet *packet)
{
	const struct capture_record record = { .ordinal = packet->ordinal,
		.has_time = packet->has_time,
		.sec = packet->sec,
		.nsec = packet->nsec,
		.wirelen = packet->wirelen,
		.bytes = packet->id };

	return capture_id_packet(capture, &record, packet->id);
}
