/* SPDX-License-Identifier: BSD-2-Clause */
/* The properties of a Kafka client. */
#include "kafka/properties.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/xalloc.h"

/* Certificates are the longest. */
#define VALUE_MAX ((size_t)1 << 20)
#define SHOWN_MAX 200

/* What the programs decide by themselves, and why. */
static const struct {
	const char *name, *value;        /* value: NULL for any */
	const char *why, *why_of_worker; /* NULL: not refused */
} refused[] = {
	{ "acks", "0", "nobody would know of lost packets", NULL },
	{ "request.required.acks", "0", "nobody would know of lost packets", NULL },
	{ "enable.auto.commit", NULL, "the offset of a packet is committed when it is written, with -o stored",
	    "the offset of a packet is committed when its document is delivered" },
	{ "enable.auto.offset.store", NULL, "the offset of a packet is committed when it is written, with -o stored",
	    "the offset of a packet is committed when its document is delivered" },
	{ "auto.offset.reset", NULL, "use --kafka-offset", "use --from" },
	{ "transactional.id", NULL, "packets are sent without transactions", "packets are only read" },
	{ "log.queue", NULL, "the program reads the messages of the client", "the program reads the messages of the client" },
	{ "enable.partition.eof", NULL, "use --exit-at-end", "use --exit-at-end" },
	{ "bootstrap.servers", NULL, NULL, "use --kafka" },
	{ "metadata.broker.list", NULL, NULL, "use --kafka" },
	{ "group.id", NULL, NULL, "use --group" },
	{ "group.instance.id", NULL, NULL, "use --instance" },
	{ "partition.assignment.strategy", NULL, NULL, "all members of the group use cooperative-sticky" },
	{ "group.protocol", NULL, NULL, "all members of the group use cooperative-sticky" }
};

bool
property_is_secret(const char *name)
{
	static const char *const parts[] = { "password", "secret", "ssl.key.pem", "ssl_key", "oauthbearer.config", "token" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcasestr(name, parts[i]) != NULL)
			return true;
	return false;
}

bool
properties_expose(const struct properties *properties, const char **name)
{
	for (size_t i = 0; i < properties->count; i++) {
		*name = properties->items[i].name;
		if (properties->items[i].is_argument && property_is_secret(*name))
			return true;
	}
	return false;
}

static struct property *
find(const struct properties *properties, const char *name)
{
	for (size_t i = 0; i < properties->count; i++)
		if (strcmp(properties->items[i].name, name) == 0)
			return &properties->items[i];
	return NULL;
}

/* Takes the value over. */
static void
put(struct properties *properties, const char *name, const struct property *new)
{
	struct property *property = find(properties, name);
	char *own;

	if (property == NULL) {
		properties->items = xreallocarray(properties->items, properties->count + 1, sizeof(*properties->items));
		property = &properties->items[properties->count++];
		*property = (struct property){ .name = xstrdup(name) };
	}
	own = property->name;
	free(property->value);
	*property = *new;
	property->name = own;
}

/* is_private: nobody else may read it. */
static int
read_file(const char *file, bool is_private, struct buffer *content, struct error *error)
{
	int fd = files_open(file, error), rv;
	struct stat st;

	if (fd < 0)
		return -1;
	if (is_private && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		rv = error_set(error, OUTCOME_USAGE, "%.200s: others may read this secret: chmod 600 it", file);
	else
		rv = files_read_fd(fd, file, content, error);
	close(fd);
	return rv;
}

static int
read_value(const char *name, const char *file, bool is_private, char **value, struct error *error)
{
	struct buffer content;
	struct error reason;
	size_t len;
	int rv = 0;

	buffer_init(&content, VALUE_MAX);
	if (read_file(file, is_private, &content, &reason) != 0) {
		rv = error_set(error, OUTCOME_USAGE, "-X %.100s=@FILE: %s", name, reason.text);
		goto out;
	}
	len = content.len;
	len -= len > 0 && content.data[len - 1] == '\n';
	len -= len > 0 && content.data[len - 1] == '\r';
	if (len > 0 && memchr(content.data, '\0', len) != NULL)
		rv = error_set(error, OUTCOME_USAGE, "-X %.100s=@FILE: %.200s holds a zero byte", name, file);
	else
		*value = xstrndup(len > 0 ? content.data : "", len);
out:
	buffer_release(&content);
	return rv;
}

static int
check(const struct properties *properties, const char *name, const char *value, struct error *error)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const char *why = properties->of_worker ? refused[i].why_of_worker : refused[i].why;

		if (why != NULL && strcmp(refused[i].name, name) == 0 &&
		    (refused[i].value == NULL || strcmp(refused[i].value, value) == 0))
			return error_set(error, OUTCOME_USAGE, "-X %s%s%s is refused: %s", name,
			    refused[i].value != NULL ? "=" : "", refused[i].value != NULL ? refused[i].value : "", why);
	}
	return 0;
}

static int
add(struct properties *properties, const char *text, bool is_configured, struct error *error)
{
	const char *equals = strchr(text, '=');
	char *name = NULL, *value = NULL;
	int rv = -1;

	/* What stands there in place of a property may be a secret. */
	if (equals == NULL || equals == text)
		return error_set(error, OUTCOME_USAGE, "-X takes KEY=VALUE, a property of the Kafka client");
	name = xstrndup(text, (size_t)(equals - text));
	if (equals[1] == '@') {
		if (read_value(name, equals + 2, properties->of_worker && property_is_secret(name), &value, error) != 0)
			goto out;
	} else
		value = xstrdup(equals + 1);
	if (check(properties, name, value, error) != 0)
		goto out;
	put(properties, name,
	    &(struct property){ .value = value,
		.is_from_file = equals[1] == '@',
		.is_argument = equals[1] != '@' && !is_configured });
	value = NULL;
	rv = 0;
out:
	free(name);
	free(value);
	return rv;
}

int
properties_add(struct properties *properties, const char *text, struct error *error)
{
	return add(properties, text, false, error);
}

int
properties_add_configured(struct properties *properties, const char *text, struct error *error)
{
	return add(properties, text, true, error);
}

int
properties_take(struct properties *properties, const char *brokers, const char *const *texts, size_t count,
    struct error *error)
{
	properties_set(properties, "bootstrap.servers", brokers);
	for (size_t i = 0; i < count; i++)
		if (properties_add(properties, texts[i], error) != 0)
			return -1;
	return 0;
}

void
properties_set(struct properties *properties, const char *name, const char *value)
{
	put(properties, name, &(struct property){ .value = xstrdup(value) });
}

const char *
properties_get(const struct properties *properties, const char *name)
{
	const struct property *property = find(properties, name);

	return property != NULL ? property->value : NULL;
}

void
properties_copy(struct properties *to, const struct properties *from)
{
	for (size_t i = 0; i < from->count; i++) {
		struct property copy = from->items[i];

		copy.value = xstrdup(copy.value);
		put(to, copy.name, &copy);
	}
}

void
properties_release(struct properties *properties)
{
	for (size_t i = 0; i < properties->count; i++) {
		/* No secret stays in memory that is used for something else. */
		explicit_bzero(properties->items[i].value, strlen(properties->items[i].value));
		free(properties->items[i].name);
		free(properties->items[i].value);
	}
	free(properties->items);
	*properties = (struct properties){ .items = NULL };
}

static int
put_quoted(struct buffer *out, const char *text)
{
	int bad = buffer_puts(out, "'");
	size_t len = strlen(text);

	for (size_t i = 0; i < len && i < SHOWN_MAX; i++) {
		if (text[i] == '\'' || text[i] == '\\')
			bad |= buffer_puts(out, "\\");
		bad |= text[i] == '\n' ? buffer_puts(out, "\\n") : buffer_append(out, text + i, 1);
	}
	return bad | buffer_puts(out, len > SHOWN_MAX ? "...'" : "'");
}

int
properties_write(const struct properties *properties, struct buffer *out)
{
	int bad = buffer_puts(out, "{");

	for (size_t i = 0; i < properties->count; i++) {
		const struct property *property = &properties->items[i];

		bad |= buffer_puts(out, i > 0 ? ", " : "");
		bad |= put_quoted(out, property->name);
		bad |= buffer_puts(out, ": ");
		bad |= put_quoted(out, property->is_from_file || property_is_secret(property->name) ? "***" : property->value);
	}
	return bad | buffer_puts(out, "}");
}
