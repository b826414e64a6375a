/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys that a person has for AWS. */
#include "ask/aws_keys.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/xalloc.h"

#define FILE_MAX_LEN ((size_t)1 << 20)

/* A piece of a line, without blanks at its ends. */
struct piece {
	const char *at;
	size_t len;
};

static struct piece
trim(const char *at, size_t len)
{
	while (len > 0 && strchr(" \t\r", *at) != NULL) {
		at++;
		len--;
	}
	while (len > 0 && strchr(" \t\r", at[len - 1]) != NULL)
		len--;
	return (struct piece){ at, len };
}

static bool
is_text(struct piece piece, const char *text)
{
	return piece.len == strlen(text) && memcmp(piece.at, text, piece.len) == 0;
}

static void
set(char **to, struct piece value)
{
	if (*to == NULL && value.len > 0)
		*to = xstrndup(value.at, value.len);
}

static void
take_line(struct piece line, struct aws_user_keys *keys)
{
	const char *sign = memchr(line.at, '=', line.len);
	struct piece name, value;

	if (sign == NULL)
		return;
	name = trim(line.at, (size_t)(sign - line.at));
	value = trim(sign + 1, line.len - (size_t)(sign + 1 - line.at));
	if (is_text(name, "aws_access_key_id"))
		set(&keys->id, value);
	else if (is_text(name, "aws_secret_access_key"))
		set(&keys->key, value);
	else if (is_text(name, "aws_session_token"))
		set(&keys->session_token, value);
}

void
aws_user_keys_parse(const char *text, size_t len, const char *section, struct aws_user_keys *keys)
{
	bool is_inside = false;

	while (len > 0) {
		const char *newline = memchr(text, '\n', len);
		size_t whole = newline != NULL ? (size_t)(newline - text) : len;
		struct piece line = trim(text, whole);

		if (line.len > 1 && line.at[0] == '[' && line.at[line.len - 1] == ']')
			is_inside = is_text(trim(line.at + 1, line.len - 2), section);
		else if (is_inside && line.len > 0 && line.at[0] != '#' && line.at[0] != ';')
			take_line(line, keys);
		whole += newline != NULL;
		text += whole;
		len -= whole;
	}
}

/* The value of the environment, NULL if there is none or an empty one. */
static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static int
read_file(const char *file, struct aws_user_keys *keys, struct error *error)
{
	const char *section = variable("AWS_PROFILE") != NULL ? variable("AWS_PROFILE") : "default";
	struct buffer text;
	int rv = -1;

	buffer_init(&text, FILE_MAX_LEN);
	if (files_read(file, &text, error) != 0)
		goto out;
	aws_user_keys_parse(text.len > 0 ? text.data : "", text.len, section, keys);
	if (keys->id == NULL || keys->key == NULL)
		(void)error_set(error, OUTCOME_USAGE,
		    "%.400s: section [%.100s] has no aws_access_key_id and aws_secret_access_key", file, section);
	else
		rv = 0;
out:
	if (text.base != NULL)
		explicit_bzero(text.base, text.size);
	buffer_release(&text);
	return rv;
}

static int
read_home(struct aws_user_keys *keys, struct error *error)
{
	const char *home = variable("HOME");
	char *path;
	int rv;

	if (home == NULL)
		return error_set(error, OUTCOME_USAGE,
		    "no keys for AWS: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --credentialsfile=FILE");
	path = xasprintf("%s/.aws/credentials", home);
	rv = read_file(path, keys, error);
	free(path);
	return rv;
}

int
aws_user_keys_read(const char *file, struct aws_user_keys *keys, struct error *error)
{
	memset(keys, 0, sizeof(*keys));
	if (file != NULL)
		return read_file(file, keys, error);
	if (variable("AWS_ACCESS_KEY_ID") != NULL && variable("AWS_SECRET_ACCESS_KEY") != NULL) {
		keys->id = xstrdup(variable("AWS_ACCESS_KEY_ID"));
		keys->key = xstrdup(variable("AWS_SECRET_ACCESS_KEY"));
		if (variable("AWS_SESSION_TOKEN") != NULL)
			keys->session_token = xstrdup(variable("AWS_SESSION_TOKEN"));
		return 0;
	}
	if (variable("AWS_SHARED_CREDENTIALS_FILE") != NULL)
		return read_file(variable("AWS_SHARED_CREDENTIALS_FILE"), keys, error);
	return read_home(keys, error);
}

void
aws_user_keys_release(struct aws_user_keys *keys)
{
	char *texts[] = { keys->id, keys->key, keys->session_token };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i] != NULL)
			explicit_bzero(texts[i], strlen(texts[i]));
		free(texts[i]);
	}
	memset(keys, 0, sizeof(*keys));
}
