/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of a request to S3. */
#include "deliver/s3_lines.h"

#include <string.h>

#include "base/buffer.h"

/* AWS counts names (after x-amz-meta-) and values. */
#define META_MAX 2048
/* What sha256, and names of facts that are omitted, take of it. */
#define META_KEPT 512

/* A text as the value of a header line, terminated. */
static void
put_value(struct buffer *out, const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		bool is_kept_space = *at == ' ' && at > text && at[-1] != ' ' && at[1] != '\0' && at[1] != ' ';

		if (is_kept_space || (*at > ' ' && *at < 0x7f && *at != '%'))
			(void)buffer_append(out, at, 1);
		else
			(void)buffer_printf(out, "%%%02X", (unsigned char)*at);
	}
	(void)buffer_append(out, "", 1);
}

/* Names that are lines of their own, or the beginning of one. */
static bool
is_reserved(const char *name)
{
	return strcmp(name, "sha") == 0 || strcmp(name, "omitted") == 0;
}

static void
put_facts(struct argv *lines, const struct parcel *parcel)
{
	size_t left = META_MAX - META_KEPT;
	struct buffer value, omitted;

	buffer_init(&value, 3 * PARCEL_TEXT_MAX + 1);
	buffer_init(&omitted, META_KEPT / 2);
	for (size_t i = 0; i < parcel->fact_count; i++) {
		const struct parcel_fact *fact = &parcel->facts[i];

		buffer_clear(&value);
		put_value(&value, fact->text);
		if (value.len <= 1 || is_reserved(fact->name))
			continue;
		if (strlen(fact->name) + value.len - 1 <= left) {
			argv_pushf(lines, "x-amz-meta-%s: %s", fact->name, value.data);
			left -= strlen(fact->name) + value.len - 1;
		} else
			(void)buffer_printf(&omitted, "%s%s", omitted.len > 0 ? "," : "", fact->name);
	}
	if (omitted.len > 0)
		argv_pushf(lines, "x-amz-meta-omitted: %.*s", (int)omitted.len, omitted.data);
	buffer_release(&value);
	buffer_release(&omitted);
}

static int
put_wishes(struct argv *lines, const struct s3_wishes *wishes, struct error *error)
{
	const char *encryption = wishes->encryption;

	if (wishes->acl != NULL && wishes->acl[0] != '\0') {
		if (strspn(wishes->acl, "abcdefghijklmnopqrstuvwxyz-") != strlen(wishes->acl))
			return error_set(error, OUTCOME_USAGE, "the ACL is not one of S3's names, such as \"private\"");
		argv_pushf(lines, "x-amz-acl: %s", wishes->acl);
	}
	if (encryption == NULL || encryption[0] == '\0' || strcmp(encryption, "none") == 0)
		return 0;
	if (strcmp(encryption, "AES256") != 0 && strcmp(encryption, "aws:kms") != 0)
		return error_set(error, OUTCOME_USAGE, "the encryption is neither \"AES256\" nor \"aws:kms\" nor \"none\"");
	argv_pushf(lines, "x-amz-server-side-encryption: %s", encryption);
	return 0;
}

int
s3_put_lines(struct argv *lines, const struct entry *entry, const struct s3_wishes *wishes, struct error *error)
{
	argv_pushf(lines, "x-amz-content-sha256: %s", entry->sha256);
	argv_push(lines, "If-None-Match: *");
	argv_pushf(lines, S3_META_SHA256 ": %s", entry->sha256);
	put_facts(lines, &entry->parcel);
	return put_wishes(lines, wishes, error);
}

void
s3_token_line(struct argv *lines, const char *session_token)
{
	if (session_token != NULL)
		argv_pushf(lines, "x-amz-security-token: %s", session_token);
}
