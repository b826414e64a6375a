/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials from files and from the environment. */
#include "run/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/xalloc.h"

#define SECRET_MAX 4096
#define PEM_MAX ((size_t)4 << 20)

void
secrets_init(struct secrets *secrets)
{
	memset(secrets, 0, sizeof(*secrets));
	buffer_init(&secrets->authorization, (size_t)4 * SECRET_MAX);
	buffer_init(&secrets->ca, PEM_MAX);
	buffer_init(&secrets->cert, PEM_MAX);
	buffer_init(&secrets->key, PEM_MAX);
	buffer_init(&secrets->from_environment, SECRET_MAX);
}

static void
wipe(struct buffer *buffer)
{
	if (buffer->base != NULL)
		explicit_bzero(buffer->base, buffer->size);
	buffer_release(buffer);
}

void
secrets_release(struct secrets *secrets)
{
	wipe(&secrets->authorization);
	wipe(&secrets->ca);
	wipe(&secrets->cert);
	wipe(&secrets->key);
	wipe(&secrets->from_environment);
	free(secrets->user);
	secrets->user = NULL;
}

const char *
secrets_file(const struct options *options)
{
	return options->api_key_file != NULL ?
	    options->api_key_file :
	    options->password_file;
}

const char *
secrets_option(const struct options *options)
{
	return options->api_key_file != NULL ? "--api-key-file" : "--password-file";
}

/* What getenv gives is what others see in /proc/PID/environ. */
static void
take_variable(const char *name, struct buffer *out)
{
	char *value = getenv(name);

	if (value == NULL)
		return;
	if (out != NULL)
		(void)buffer_append(out, value, strlen(value));
	explicit_bzero(value, strlen(value));
	(void)unsetenv(name);
}

void
secrets_from_environment(struct secrets *secrets, const struct options *options,
    struct log *log)
{
	const char *user = getenv("ESPCAP_USER");
	bool wanted = options->node != NULL && secrets_file(options) == NULL;

	if (options->user != NULL)
		secrets->user = xstrdup(options->user);
	else if (user != NULL && user[0] != '\0' && options->node != NULL &&
	    options->api_key_file == NULL)
		secrets->user = xstrdup(user);
	if (wanted && getenv("ESPCAP_API_KEY") != NULL &&
	    options->user == NULL) {
		secrets->is_key = true;
		take_variable("ESPCAP_API_KEY", &secrets->from_environment);
	}
	take_variable("ESPCAP_PASSWORD",
	    wanted && !secrets->is_key ? &secrets->from_environment : NULL);
	take_variable("ESPCAP_API_KEY", NULL);
	if (secrets->from_environment.len > 0)
		log_note(log,
		    "the %s comes from the environment, which other "
		    "programs of this user could read: a file is safer",
		    secrets->is_key ? "API key" : "password");
}

static int
read_all(int fd, const char *name, bool is_secret, struct buffer *out,
    struct error *error)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_set(error, OUTCOME_USAGE, "%s: %s", name,
		    strerror(errno));
	if (is_secret && (st.st_mode & 077) != 0 && S_ISREG(st.st_mode))
		return error_set(error, OUTCOME_USAGE,
		    "%s: others may read "
		    "this secret: chmod 600 it",
		    name);
	return files_read_fd(fd, name, out, error);
}

static int
read_pem(const char *name, bool is_secret, struct buffer *out,
    struct error *error)
{
	int fd, rv;

	if (name == NULL)
		return 0;
	fd = files_open(name, error);
	if (fd < 0)
		return -1;
	rv = read_all(fd, name, is_secret, out, error);
	close(fd);
	if (rv == 0 && memmem(out->data, out->len, "-----BEGIN ", 11) == NULL)
		return error_set(error, OUTCOME_USAGE,
		    "%s: not a PEM file (no -----BEGIN in it)", name);
	return rv;
}

int
secrets_read_tls(struct secrets *secrets, const struct options *options,
    struct error *error)
{
	if (read_pem(options->ca_file, false, &secrets->ca, error) != 0 ||
	    read_pem(options->cert, false, &secrets->cert, error) != 0)
		return -1;
	return read_pem(options->key, true, &secrets->key, error);
}

/* One line, without its newline. */
static int
check_secret(struct buffer *secret, const char *name, struct error *error)
{
	while (secret->len > 0 &&
	    (secret->data[secret->len - 1] == '\n' ||
		secret->data[secret->len - 1] == '\r'))
		secret->len--;
	if (secret->len == 0)
		return error_set(error, OUTCOME_USAGE, "%s: is empty", name);
	for (size_t i = 0; i < secret->len; i++)
		if ((unsigned char)secret->data[i] < ' ')
			return error_set(error, OUTCOME_USAGE,
			    "%s: holds more than one line of text", name);
	return 0;
}

/* RFC 7617: Basic and the base64 of user:password. */
static int
put_basic(const char *user, const struct buffer *password, struct buffer *out)
{
	size_t user_len = strlen(user), len = user_len + 1 + password->len;
	char *plain = xmalloc(len);
	int rv = buffer_puts(out, "Basic ") |
	    buffer_reserve(out, 4 * (len / 3 + 1) + 1);

	memcpy(plain, user, user_len);
	plain[user_len] = ':';
	memcpy(plain + user_len + 1, password->data, password->len);
	if (rv == 0)
		buffer_added(out,
		    (size_t)EVP_EncodeBlock(
			(unsigned char *)out->data + out->len,
			(unsigned char *)plain, (int)len));
	explicit_bzero(plain, len);
	free(plain);
	return rv;
}

int
secrets_authorize(struct secrets *secrets, const struct options *options,
    int fd, struct error *error)
{
	const char *name = fd >= 0 ?
	    secrets_option(options) :
	    secrets->is_key ?
	    "$ESPCAP_API_KEY" :
	    "$ESPCAP_PASSWORD";
	bool is_key = fd >= 0 ? options->api_key_file != NULL : secrets->is_key;
	struct buffer secret, *out = &secrets->authorization;
	int rv = -1;

	buffer_init(&secret, SECRET_MAX);
	if (fd >= 0 ?
		read_all(fd, name, true, &secret, error) != 0 :
		buffer_append(&secret, secrets->from_environment.data,
		    secrets->from_environment.len) != 0)
		goto out;
	if (fd < 0 && secret.len == 0) {
		if (secrets->user != NULL) {
			error_set(error, OUTCOME_USAGE,
			    "user %.100s has no "
			    "password: give --password-file",
			    secrets->user);
			goto out;
		}
		rv = 0;
		goto out;
	}
	if (check_secret(&secret, name, error) != 0)
		goto out;
	if (!is_key &&
	    (secrets->user == NULL || strchr(secrets->user, ':') != NULL)) {
		error_set(error, OUTCOME_USAGE,
		    secrets->user == NULL ?
			"there is a password, but no --user" :
			"--user: a name cannot have a colon");
		goto out;
	}
	wipe(out);
	rv = is_key ? buffer_puts(out, "ApiKey ") |
		buffer_append(out, secret.data, secret.len) :
		      put_basic(secrets->user, &secret, out);
	rv |= buffer_append(out, "", 1);
	if (rv != 0)
		error_set(error, OUTCOME_USAGE, "%s: is too long", name);
out:
	wipe(&secret);
	return rv;
}

void
secrets_protect(void)
{
	/* One byte, not none: a limit of 1 also keeps the kernel from piping the core to a program, core(5). */
	const struct rlimit least = { 1, 1 };

	(void)setrlimit(RLIMIT_CORE, &least);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
