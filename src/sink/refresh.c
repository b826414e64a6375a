/* SPDX-License-Identifier: BSD-2-Clause */
/* Refreshes the indices that a run wrote to. */
#include "sink/refresh.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "server/bulk_reply.h"

#define REPLY_MAX ((size_t)1 << 20)
#define PATH_MAX_LEN (REFRESH_NAMES_MAX + 200)

struct refresh {
	struct log *log;
	struct cluster *cluster;
	void (*on_end)(void *ctx);
	void *ctx;
	struct event *limit;
	char **names; /* sorted */
	size_t count, room;
	size_t last;  /* of the names, the one noted last */
	size_t asked; /* names that were in a request */
	struct buffer path;
	bool is_running;
};

/* Names. */

/*
 * "." and ".." mean another path, and "-" or "_" at the beginning other indices; neither server has an index of such a
 * name.
 */
static bool
is_index_name(const char *name, size_t len)
{
	return len > 0 && len < REFRESH_NAMES_MAX && strchr("-_+", name[0]) == NULL &&
	    !(name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')));
}

static int
compare(const char *name, size_t len, const char *with)
{
	int order = strncmp(name, with, len);

	/* The beginning of a name comes before it. */
	return order == 0 && with[len] != '\0' ? -1 : order;
}

/* The place of the first name that is not smaller. */
static size_t
place_of(const struct refresh *refresh, const char *name, size_t len)
{
	size_t low = 0, high = refresh->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(name, len, refresh->names[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
has_at(const struct refresh *refresh, size_t at, const char *name, size_t len)
{
	return at < refresh->count && compare(name, len, refresh->names[at]) == 0;
}

static void
insert(struct refresh *refresh, size_t at, const char *name, size_t len)
{
	if (refresh->count == refresh->room) {
		refresh->room = refresh->room > 0 ? refresh->room * 2 : 16;
		refresh->names = xreallocarray(refresh->names, refresh->room,
		    sizeof(*refresh->names));
	}
	memmove(&refresh->names[at + 1], &refresh->names[at],
	    (refresh->count - at) * sizeof(*refresh->names));
	refresh->names[at] = xstrndup(name, len);
	refresh->count++;
}

void
refresh_note(struct refresh *refresh, const char *index, size_t len)
{
	/* Most packets are of the same day as the one before. */
	if (has_at(refresh, refresh->last, index, len) || !is_index_name(index, len))
		return;
	refresh->last = place_of(refresh, index, len);
	if (!has_at(refresh, refresh->last, index, len) && refresh->count < REFRESH_INDICES_MAX)
		insert(refresh, refresh->last, index, len);
}

/* Requests. */

static void ask(struct refresh *refresh);

static void
end(struct refresh *refresh)
{
	refresh->is_running = false;
	event_del(refresh->limit);
	refresh->on_end(refresh->ctx);
}

static void
give_up(struct refresh *refresh, const char *why)
{
	log_verbose(refresh->log,
	    "the indices are not refreshed (%s): searches find the documents after the next refresh of the server",
	    why);
	end(refresh);
}

static void
on_reply(void *ctx, size_t node, const struct http_reply *reply)
{
	struct refresh *refresh = ctx;
	struct bulk_reply_item item;
	char why[600];

	(void)node;
	if (!refresh->is_running)
		return;
	if (reply->fault != HTTP_ANSWERED) {
		give_up(refresh, reply->text);
		return;
	}
	if (reply->status != 200) {
		(void)bulk_reply_error(reply->body, reply->len, &item);
		(void)snprintf(why, sizeof(why), "HTTP status %ld%s%s%s%.400s", reply->status,
		    item.type[0] != '\0' ? " " : "", item.type,
		    item.reason[0] != '\0' ? ": " : "", item.reason);
		give_up(refresh, why);
		return;
	}
	ask(refresh);
}

/* As many names as go into one request. */
static void
write_path(struct refresh *refresh)
{
	struct buffer *path = &refresh->path;
	size_t len;

	buffer_clear(path);
	for (; refresh->asked < refresh->count; refresh->asked++) {
		const char *name = refresh->names[refresh->asked];

		len = path->len;
		if (len > 0 && len + 1 + strlen(name) >= REFRESH_NAMES_MAX)
			break;
		(void)buffer_printf(path, "%c%s", len > 0 ? ',' : '/', name);
	}
	/* An index of which every document was rejected need not be there. */
	(void)buffer_puts(path, "/_refresh?ignore_unavailable=true&filter_path=_shards.failed");
	(void)buffer_append(path, "", 1);
}

static void
ask(struct refresh *refresh)
{
	struct cluster_request request = { .method = "POST",
		.reply_max = REPLY_MAX,
		.is_once = true };

	if (refresh->asked == refresh->count) {
		end(refresh);
		return;
	}
	write_path(refresh);
	request.path = refresh->path.data;
	cluster_send(refresh->cluster, &request, on_reply, refresh);
}

static void
on_limit(evutil_socket_t fd, short what, void *ctx)
{
	struct refresh *refresh = ctx;
	char why[64];

	(void)fd;
	(void)what;
	(void)snprintf(why, sizeof(why), "no answer within %d s", REFRESH_LIMIT / 1000);
	if (refresh->is_running)
		give_up(refresh, why);
}

void
refresh_start(struct refresh *refresh)
{
	refresh->is_running = true;
	loop_start_timer(refresh->limit, REFRESH_LIMIT);
	ask(refresh);
}

bool
refresh_cut(struct refresh *refresh)
{
	if (!refresh->is_running)
		return false;
	end(refresh);
	return true;
}

struct refresh *
refresh_new(struct loop *loop, struct log *log, struct cluster *cluster, void (*on_end)(void *ctx), void *ctx)
{
	struct refresh *refresh = xcalloc(1, sizeof(*refresh));

	refresh->log = log;
	refresh->cluster = cluster;
	refresh->on_end = on_end;
	refresh->ctx = ctx;
	buffer_init(&refresh->path, PATH_MAX_LEN);
	refresh->limit = evtimer_new(loop_base(loop), on_limit, refresh);
	if (refresh->limit == NULL)
		abort(); /* out of memory */
	return refresh;
}

void
refresh_free(struct refresh *refresh)
{
	if (refresh == NULL)
		return;
	for (size_t i = 0; i < refresh->count; i++)
		free(refresh->names[i]);
	free(refresh->names);
	event_free(refresh->limit);
	buffer_release(&refresh->path);
	free(refresh);
}
