/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deliveries without the daemon around them: puts parcels on command, and prints what deliver/deliver.h tells, one line
 * each. For test_espcapd_deliver.py.
 *
 *	deliver_driver KEY=VALUE...
 *
 * Orders come from standard input, one a line, fields with tabs between: "put" and KEY=VALUE (file, capture, name, to,
 * tags, comments, bucket, key, region, endpoint, acl, encryption, fact.NAME), "record" with the same, "holds CAPTURE",
 * "hurry", "metrics", "drain" (ends when nothing waits), "end".
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/files.h"
#include "base/xalloc.h"
#include "deliver/deliver.h"
#include "orders.h"

struct driver {
	struct orders orders;
	struct deliver_config config;
	struct argv options;
	struct log log;
	struct loop *loop;
	struct deliver *deliver;
	struct event *input, *tick;
	bool is_draining, is_unnoted;
	struct buffer ca;
};

static unsigned
destinations(char *list)
{
	unsigned set = 0;

	for (char *name = strtok(list, ","); name != NULL; name = strtok(NULL, ","))
		for (unsigned i = 0; i < DESTINATIONS; i++)
			if (strcmp(name, destination_name(i)) == 0)
				set |= 1U << i;
	return set;
}

static void
on_spooled(void *ctx, const struct parcel *parcel, const char *sha256, const char *text)
{
	(void)ctx;
	printf("spooled\t%s\t%s\t%s\n", parcel->capture, sha256 != NULL ? sha256 : "", text != NULL ? text : "");
}

static bool
is_noted(void *ctx)
{
	const struct driver *driver = ctx;

	if (driver->is_unnoted)
		fprintf(stderr, "not noted\n");
	return !driver->is_unnoted;
}

static void
on_outcome(void *ctx, const struct deliver_outcome *outcome)
{
	static const char *const ends[] = { "delivered", "unknown", "failed" };

	(void)ctx;
	printf("outcome\t%s\t%s\t%s\t%u\t%s\t%s\t%s\t%" PRIu64 "\t%s\n", outcome->parcel->capture,
	    destination_name(outcome->destination), ends[outcome->end], outcome->attempts,
	    outcome->is_repeat ? "again" : "", outcome->url != NULL ? outcome->url : "",
	    outcome->id != NULL ? outcome->id : "", outcome->documents, outcome->text);
}

/* The file as the daemon has it: in memory. */
static int
in_memory(const char *path)
{
	int from = open(path, O_RDONLY | O_CLOEXEC), to = memfd_create("capture", MFD_CLOEXEC);
	char piece[65536];
	ssize_t len;

	if (from < 0 || to < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
	while ((len = read(from, piece, sizeof(piece))) > 0)
		if (write(to, piece, (size_t)len) != len)
			abort();
	close(from);
	return to;
}

static void
set_member(struct parcel *parcel, const char **file, char *key, char *value)
{
	const struct {
		const char *key;
		char **to;
	} texts[] = {
		{ "capture", &parcel->capture },
		{ "name", &parcel->name },
		{ "tags", &parcel->tags },
		{ "comments", &parcel->comments },
		{ "bucket", &parcel->s3.bucket },
		{ "key", &parcel->s3.key },
		{ "region", &parcel->s3.region },
		{ "endpoint", &parcel->s3.endpoint },
		{ "acl", &parcel->s3.acl },
		{ "encryption", &parcel->s3.encryption }
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(key, texts[i].key) == 0)
			*texts[i].to = value;
	if (strcmp(key, "file") == 0)
		*file = value;
	else if (strcmp(key, "to") == 0)
		parcel->destinations = destinations(value);
	else if (strncmp(key, "fact.", 5) == 0 && parcel->fact_count < PARCEL_FACTS_MAX)
		parcel->facts[parcel->fact_count++] = (struct parcel_fact){ key + 5, value };
}

static void
take_parcel(struct driver *driver, char *fields, bool is_record)
{
	struct parcel parcel = { 0 };
	const char *file = NULL;
	struct error error;
	char *field;

	while ((field = strsep(&fields, "\t")) != NULL) {
		char *value = strchr(field, '=');

		if (value == NULL)
			continue;
		*value = '\0';
		set_member(&parcel, &file, field, value + 1);
	}
	if (!is_record)
		deliver_put(driver->deliver, in_memory(file), &parcel);
	else if (deliver_record(driver->deliver, &parcel, "interrupted", &error) != 0)
		printf("record\t%s\n", error.text);
	else
		printf("record\t\n");
}

static void
print_metrics(struct driver *driver)
{
	struct buffer out;
	struct exposition exposition = { .out = &out };

	buffer_init(&out, 1 << 20);
	deliver_metrics(driver->deliver, &exposition);
	for (char *line = out.data, *end = out.data + out.len; line < end; line++) {
		char *stop = memchr(line, '\n', (size_t)(end - line));

		printf("metric\t%.*s\n", (int)(stop - line), line);
		line = stop;
	}
	buffer_release(&out);
	printf("metrics\n");
}

static void
obey(void *ctx, char *line)
{
	struct driver *driver = ctx;
	char *order = strsep(&line, "\t");

	if (strcmp(order, "put") == 0)
		take_parcel(driver, line, false);
	else if (strcmp(order, "record") == 0)
		take_parcel(driver, line, true);
	else if (strcmp(order, "holds") == 0)
		printf("holds\t%s\t%d\n", line, deliver_holds(driver->deliver, line));
	else if (strcmp(order, "hurry") == 0)
		deliver_hurry(driver->deliver);
	else if (strcmp(order, "noted") == 0)
		driver->is_unnoted = false;
	else if (strcmp(order, "metrics") == 0)
		print_metrics(driver);
	else if (strcmp(order, "drain") == 0)
		driver->is_draining = true;
	else if (strcmp(order, "end") == 0)
		loop_stop(driver->loop);
}

static void
on_input(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *driver = ctx;

	(void)what;
	if (!orders_read(&driver->orders, fd, obey, driver))
		event_del(driver->input);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *driver = ctx;

	(void)fd;
	(void)what;
	if (driver->is_draining && deliver_unspooled(driver->deliver) == 0 && deliver_waiting(driver->deliver) == 0)
		loop_stop(driver->loop);
	loop_start_timer(driver->tick, 20);
}

/* A certificate authority, kept until the end. */
static void
read_ca(struct driver *driver, const char *path)
{
	struct error error;
	struct http_blob blob;

	if (files_read(path, &driver->ca, &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		exit(2);
	}
	blob = (struct http_blob){ driver->ca.data, driver->ca.len };
	driver->config.s3.ca = driver->config.cloudshark.ca = blob;
}

static void
configure(struct driver *driver, char *word)
{
	struct deliver_config *config = &driver->config;
	const struct {
		const char *key;
		const char **to;
	} texts[] = {
		{ "folder", &config->folder },
		{ "local", &config->local.folder },
		{ "cs.scheme", &config->cloudshark.scheme },
		{ "cs.host", &config->cloudshark.host },
		{ "cs.token", &config->cloudshark.token },
		{ "s3.endpoint", &config->s3.endpoint },
		{ "s3.region", &config->s3.region },
		{ "s3.bucket", &config->s3.bucket },
		{ "s3.folder", &config->s3.folder },
		{ "s3.acl", &config->s3.acl },
		{ "s3.encryption", &config->s3.encryption },
		{ "s3.id", &config->s3.credentials.id },
		{ "s3.key", &config->s3.credentials.key },
		{ "s3.session", &config->s3.credentials.session_token },
		{ "s3.relative", &config->s3.credentials.relative_uri },
		{ "s3.full", &config->s3.credentials.full_uri },
		{ "s3.token", &config->s3.credentials.token },
		{ "s3.tokenfile", &config->s3.credentials.token_file },
		{ "s3.container", &config->s3.credentials.container_host },
		{ "s3.metadata", &config->s3.credentials.metadata_host },
		{ "index.program", &config->index.program },
		{ "index.home", &config->index.home }
	};
	char *value = strchr(word, '=');

	if (value == NULL)
		exit(2);
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(word, texts[i].key) == 0)
			*texts[i].to = value;
	if (strcmp(word, "destinations") == 0)
		config->destinations = destinations(value);
	else if (strcmp(word, "retries") == 0)
		config->max_retries = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(word, "first") == 0)
		config->retry_first = strtoull(value, NULL, 10);
	else if (strcmp(word, "noted") == 0)
		driver->is_unnoted = strcmp(value, "0") == 0;
	else if (strcmp(word, "max") == 0)
		config->spool_max = strtoull(value, NULL, 10);
	else if (strcmp(word, "cs.port") == 0)
		config->cloudshark.port = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(word, "cs.timeout") == 0)
		config->cloudshark.timeout = strtoull(value, NULL, 10);
	else if (strcmp(word, "s3.style") == 0)
		config->s3.style = strcmp(value, "virtual") == 0 ? S3_STYLE_VIRTUAL : S3_STYLE_PATH;
	else if (strcmp(word, "ca") == 0)
		read_ca(driver, value);
	else if (strcmp(word, "index.option") == 0)
		argv_push(&driver->options, value);
}

int
main(int argc, char **argv)
{
	struct driver driver = { .config = { .retry_first = 100, .max_retries = 1000, .cloudshark.scheme = "http" },
		.log = { .program = "deliver_driver", .level = LOG_LEVEL_VERBOSE } };
	const struct deliver_handler handler = { .on_spooled = on_spooled, .on_outcome = on_outcome, .ctx = &driver, .is_noted = is_noted };
	struct error error;
	int rv = 2;

	setvbuf(stdout, NULL, _IOLBF, 0);
	buffer_init(&driver.ca, 1 << 20);
	driver.config.log = &driver.log;
	for (int i = 1; i < argc; i++)
		configure(&driver, argv[i]);
	driver.config.index.options = &driver.options;
	driver.loop = loop_new(&error);
	if (driver.loop == NULL)
		return 1;
	driver.deliver = deliver_new(&driver.config, driver.loop, &handler, &error);
	if (driver.deliver == NULL) {
		fprintf(stderr, "deliver_driver: %s\n", error.text);
		goto out;
	}
	printf("ready\n");
	driver.input = event_new(loop_base(driver.loop), 0, EV_READ | EV_PERSIST, on_input, &driver);
	driver.tick = evtimer_new(loop_base(driver.loop), on_tick, &driver);
	if (driver.input == NULL || driver.tick == NULL || event_add(driver.input, NULL) != 0)
		abort();
	loop_start_timer(driver.tick, 20);
	rv = loop_run(driver.loop, &error) == 0 ? 0 : 1;
	deliver_free(driver.deliver);
	event_free(driver.input);
	event_free(driver.tick);
out:
	argv_release(&driver.options);
	buffer_release(&driver.ca);
	loop_free(driver.loop);
	log_end(&driver.log, NULL, NULL);
	return rv;
}
