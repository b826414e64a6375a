/* SPDX-License-Identifier: BSD-2-Clause */
/* The tshark in use: which it is, and the argument vectors it is started with. */
#include "tshark/tshark.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "process/command.h"
#include "readers/frames_wire.h"
#include "tshark/cache.h"

#define VERSION_TIMEOUT 15000

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(path, X_OK) == 0;
}

/* The absolute path of a program along PATH, NULL if there is none. */
static char *
along_path(const char *name)
{
	const char *path = getenv("PATH"), *end;

	if (path == NULL || path[0] == '\0')
		path = "/usr/local/bin:/usr/bin:/bin";
	for (;; path = end + 1) {
		char *candidate;

		end = strchrnul(path, ':');
		/* An empty or relative place would be the current folder. */
		if (path[0] == '/') {
			candidate = xasprintf("%.*s/%s", (int)(end - path),
			    path, name);
			if (is_program(candidate))
				return candidate;
			free(candidate);
		}
		if (*end == '\0')
			return NULL;
	}
}

static char *
absolute(const char *path)
{
	char cwd[PATH_MAX];

	if (path[0] == '/' || getcwd(cwd, sizeof(cwd)) == NULL)
		return xstrdup(path);
	return xasprintf("%s/%s", cwd, path);
}

int
tshark_find(struct tshark *tshark, const char *given, const char *cache_dir,
    struct error *error)
{
	memset(tshark, 0, sizeof(*tshark));
	tshark->cache_fd = -1;
	if (given == NULL)
		given = ESPCAP_TSHARK;
	if (strchr(given, '/') == NULL)
		tshark->path = along_path(given);
	else
		tshark->path = absolute(given);
	if (tshark->path == NULL)
		return error_set(error, OUTCOME_USAGE,
		    "%s not found in PATH: install it (Debian package tshark), or give "
		    "--tshark=PATH",
		    given);
	if (cache_dir != NULL)
		tshark->cache_fd = cache_open(cache_dir, tshark->path);
	return 0;
}

void
tshark_forget(struct tshark *tshark)
{
	if (tshark->cache_fd >= 0)
		cache_forget(tshark->cache_fd);
}

void
tshark_release(struct tshark *tshark)
{
	free(tshark->path);
	free(tshark->version);
	free(tshark->plugin_preload);
	names_free(tshark->names);
	if (tshark->cache_fd >= 0)
		close(tshark->cache_fd);
	memset(tshark, 0, sizeof(*tshark));
	tshark->cache_fd = -1;
}

bool
tshark_is_unordered(const struct tshark *tshark)
{
	return tshark->major > 4 || (tshark->major == 4 && tshark->minor > 0);
}

bool
tshark_is_decimal(const struct tshark *tshark)
{
	return tshark->major > 4 || (tshark->major == 4 && tshark->minor > 4);
}

bool
tshark_projects(const struct tshark *tshark)
{
	return tshark->major == 4 && tshark->minor == 0;
}

bool
tshark_lacks_memory(const struct tshark *tshark, const char *errors)
{
	/* Of GLib, tshark itself, C++, the dynamic linker, Lua and Python, and strerror(ENOMEM). */
	static const char *const words[] = {
		"failed to allocate ", "ut of memory", "Out Of Memory",
		"std::bad_alloc", "failed to map segment",
		"not enough memory", "MemoryError", "Cannot allocate memory",
		"cannot allocate memory"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(errors, words[i]) != NULL)
			return tshark->sandbox != NULL;
	return false;
}

/* One that cannot even tell about itself. */
static bool
blame_memory(const struct tshark *tshark, const struct command_result *result,
    struct error *error)
{
	if (result->exit_status == 0 ||
	    !tshark_lacks_memory(tshark, result->errors))
		return false;
	error_set(error, OUTCOME_TSHARK, TSHARK_LACKS_MEMORY ": %.500s",
	    result->errors);
	return true;
}

/* It makes threads, which the system may refuse its user. */
static bool
blame_system(const struct command_result *result, struct error *error)
{
	if (result->exit_status == 0 ||
	    strstr(result->errors, strerror(EAGAIN)) == NULL)
		return false;
	error_set(error, OUTCOME_INTERNAL, "tshark does not start (%s): %.500s",
	    result->status, result->errors);
	return true;
}

/* A script that starts other programs, in the words of dash, bash and strerror(EPERM). */
static bool
blame_sandbox(const struct tshark *tshark, const struct command_result *result,
    struct error *error)
{
	if (result->exit_status == 0 || tshark->sandbox == NULL ||
	    (strstr(result->errors, "Cannot fork") == NULL &&
		strstr(result->errors, strerror(EPERM)) == NULL))
		return false;
	error_set(error, OUTCOME_USAGE,
	    "%s does not run in the sandbox, in "
	    "which it can exec but not start other programs (--no-sandbox "
	    "disables it): %.500s",
	    tshark->path, result->errors);
	return true;
}

static void
keep_first_line(void *ctx, const char *line, size_t len)
{
	char **first = ctx;

	if (*first == NULL && len > 0)
		*first = xstrndup(line, len);
}

static int
run_it(const struct tshark *tshark, struct loop *loop, const char *word,
    const char *more, void (*on_line)(void *, const char *, size_t), void *ctx,
    struct command_result *result, struct error *error)
{
	struct argv argv = { NULL, 0 };
	struct command_spec spec = { .argv = &argv,
		.home = tshark->home,
		.preload = tshark->preload,
		.sandbox = tshark->sandbox,
		.extra_fd = -1,
		.timeout = tshark->timeout > VERSION_TIMEOUT ?
		    tshark->timeout :
		    VERSION_TIMEOUT,
		.on_line = on_line,
		.ctx = ctx };
	int rv;

	argv_push(&argv, tshark->path);
	argv_push(&argv, word);
	if (more != NULL)
		argv_push(&argv, more);
	rv = command_run(loop, &spec, result, error);
	argv_release(&argv);
	return rv;
}

char *
tshark_banner(const struct tshark *tshark, struct loop *loop,
    struct error *error)
{
	struct command_result result;
	char *first = NULL, shown[200];

	if (run_it(tshark, loop, "--version", NULL, keep_first_line, &first,
		&result, error) != 0) {
		free(first);
		return NULL;
	}
	if (first != NULL && strncmp(first, "TShark ", 7) == 0)
		return first;
	if (blame_memory(tshark, &result, error) ||
	    blame_system(&result, error) ||
	    blame_sandbox(tshark, &result, error)) {
		free(first);
		return NULL;
	}
	text_visible(shown, sizeof(shown), first != NULL ? first : "",
	    first != NULL ? strnlen(first, 100) : 0);
	error_set(error, OUTCOME_USAGE,
	    "%s is not a tshark: --version printed "
	    "\"%s\" (%s)",
	    tshark->path, shown, result.status);
	free(first);
	return NULL;
}

/* "TShark (Wireshark) 4.0.17 (Git v4.0.17 packaged as ...)." */
static int
parse_version(struct tshark *tshark, const char *banner, struct error *error)
{
	const char *at = banner + strcspn(banner, "0123456789");
	char shown[200];
	size_t len = strspn(at, "0123456789.");

	if (sscanf(at, "%u.%u", &tshark->major, &tshark->minor) != 2) {
		text_visible(shown, sizeof(shown), banner,
		    strnlen(banner, 100));
		return error_set(error, OUTCOME_USAGE,
		    "%s: no version in \"%s\"", tshark->path, shown);
	}
	while (len > 0 && at[len - 1] == '.')
		len--;
	tshark->version = xstrndup(at, len < 32 ? len : 32);
	if (tshark->major < TSHARK_MAJOR_MIN ||
	    (tshark->major == TSHARK_MAJOR_MIN &&
		tshark->minor < TSHARK_MINOR_MIN))
		return error_set(error, OUTCOME_USAGE,
		    "%s is tshark %s; espcap needs %d.%d or later",
		    tshark->path, tshark->version, TSHARK_MAJOR_MIN,
		    TSHARK_MINOR_MIN);
	return 0;
}

static void
add_name(void *ctx, const char *line, size_t len)
{
	names_add(ctx, line, len);
}

static int
ask_names(struct tshark *tshark, struct loop *loop, struct error *error)
{
	struct command_result result;

	tshark->names = names_new();
	if (run_it(tshark, loop, "-G", "fields", add_name, tshark->names,
		&result, error) != 0)
		return -1;
	if (blame_memory(tshark, &result, error))
		return -1;
	if (result.exit_status != 0)
		return error_set(error, OUTCOME_TSHARK,
		    "%s -G fields failed (%s): %s", tshark->path,
		    result.status, result.errors);
	return names_finish(tshark->names, error);
}

int
tshark_values(const struct tshark *tshark, struct loop *loop, void (*on_line)(void *ctx, const char *line, size_t len),
    void *ctx, struct error *error)
{
	struct command_result result;

	if (run_it(tshark, loop, "-G", "values", on_line, ctx, &result, error) != 0)
		return -1;
	if (blame_memory(tshark, &result, error))
		return -1;
	return result.exit_status == 0 ?
	    0 :
	    error_set(error, OUTCOME_TSHARK, "%s -G values failed (%s): %s", tshark->path, result.status, result.errors);
}

static int
ask_both(struct tshark *tshark, struct loop *loop, struct error *error)
{
	char *banner = tshark_banner(tshark, loop, error);
	int rv = -1;

	if (banner != NULL && parse_version(tshark, banner, error) == 0)
		rv = ask_names(tshark, loop, error);
	free(banner);
	return rv;
}

int
tshark_ask(struct tshark *tshark, struct loop *loop, uint64_t timeout,
    struct error *error)
{
	char *version;

	tshark->timeout = timeout;
	if (tshark->cache_fd >= 0) {
		version = cache_read(tshark->cache_fd, tshark->path,
		    &tshark->names);
		if (version != NULL) {
			tshark->from_cache = true;
			if (parse_version(tshark, version, NULL) == 0) {
				free(version);
				return 0;
			}
			free(version);
			names_free(tshark->names);
			free(tshark->version);
			tshark->names = NULL;
			tshark->version = NULL;
			tshark->from_cache = false;
		}
	}
	if (ask_both(tshark, loop, error) != 0)
		return -1;
	if (tshark->cache_fd >= 0)
		cache_write(tshark->cache_fd, tshark->path, tshark->version,
		    tshark->names);
	return 0;
}

/* The filter on what is printed; the caller owns it. NULL for none. */
static char *
filter_of(const struct tshark_config *config, const struct tshark_run *run)
{
	const char *filter = run->filter ? config->display_filter : NULL;

	if (run->warm == 0)
		return filter != NULL ? xstrdup(filter) : NULL;
	if (filter == NULL)
		return xasprintf("frame.number > %zu", run->warm);
	return xasprintf("frame.number > %zu && (%s)", run->warm, filter);
}

/* Its words, and what -z is given. The caller owns it. */
static char *
tap_of(const struct tshark_run *run, const char *only, const char *filter)
{
	char mark[32] = "", *words, *tap;

	if (run->placeholder != 0)
		(void)snprintf(mark, sizeof(mark), ":mark=%" PRIu32,
		    run->placeholder);
	words = xasprintf("%s%s%s%s%s", run->flush ? ":flush" : "",
	    run->objects ? ":objects" : "", mark,
	    only != NULL ? ":only=" : "", only != NULL ? only : "");
	tap = xasprintf("espcap,%s%s%s", words[0] == ':' ? words + 1 : words,
	    filter != NULL ? "," : "", filter != NULL ? filter : "");
	free(words);
	return tap;
}

/* The plugin writes. A tap is given all packets: it applies the display filter itself. only, filter: NULL for none. */
static void
push_plugin(const struct tshark *tshark, const struct tshark_run *run,
    const char *only, const char *filter, struct argv *argv)
{
	char *tap;

	if (tshark->makes_all || !tshark_projects(tshark))
		only = NULL;
	tap = tap_of(run, only, filter);
	if (tshark->major >= 4)
		argv_push(argv, "-q");
	else {
		/* 3.4 makes all fields only if it prints: the plugin throws away what. */
		argv_push(argv, "-T");
		argv_push(argv, "ek");
		argv_push(argv, "-e");
		argv_push(argv, "frame.number");
	}
	argv_push(argv, "-z");
	argv_push(argv, tap);
	free(tap);
}

/* The form of what is printed, and when. */
static void
push_form(const struct tshark_config *config, const struct tshark_run *run,
    struct argv *argv)
{
	argv_push(argv, "-T");
	argv_push(argv, config->pdml ? "pdml" : "ek");
	/* The columns, for the Info text, beside the tree. PDML has no place for them. */
	if (!config->pdml) {
		argv_push(argv, "-P");
		argv_push(argv, "-V");
	}
	if (run->flush)
		argv_push(argv, "-l");
}

/*
 * To 4.0 GeoIP is no part of what -n turns off: tshark asks a process that it starts (mmdbresolve) for each address, if
 * the system has a database. Documents would depend on that, and with a damaged one tshark waits forever. Newer ones
 * end at a preference that is not theirs any more.
 */
static void
push_no_lookup(const struct tshark *tshark, struct argv *argv)
{
	argv_push(argv, "-n");
	if (tshark->major > 4 || (tshark->major == 4 && tshark->minor > 0))
		return;
	argv_push(argv, "-o");
	argv_push(argv, "ip.use_geoip:FALSE");
	argv_push(argv, "-o");
	argv_push(argv, "ipv6.use_geoip:FALSE");
}

void
tshark_argv(const struct tshark *tshark, const struct tshark_config *config,
    const struct tshark_run *run, struct argv *argv)
{
	char *filter = filter_of(config, run);

	argv_push(argv, tshark->path);
	argv_push(argv, "-r");
	argv_push(argv, "-");
	push_no_lookup(tshark, argv);
	if (run->plugin)
		push_plugin(tshark, run, config->only, filter, argv);
	else
		push_form(config, run, argv);
	if (config->absolute) {
		argv_push(argv, "-o");
		argv_push(argv, "tcp.relative_sequence_numbers:FALSE");
	}
	if (config->keys_fd >= 0) {
		argv_push(argv, "-o");
		argv_push(argv, "tls.keylog_file:/dev/fd/3");
	}
	for (size_t i = 0; i < config->decode_as_count; i++) {
		argv_push(argv, "-d");
		argv_push(argv, config->decode_as[i]);
	}
	/* With the plugin too: times since the packet shown before depend on it. */
	if (filter != NULL) {
		argv_push(argv, "-Y");
		argv_push(argv, filter);
	}
	free(filter);
}

const char *
tshark_preload(const struct tshark *tshark, bool plugin)
{
	return plugin && tshark->plugin_preload != NULL ?
	    tshark->plugin_preload :
	    tshark->preload;
}

/* Runs it over an empty capture. */
static int
try_empty(const struct tshark *tshark, struct loop *loop,
    const struct tshark_config *config, bool plugin, char **first,
    struct command_result *result, struct error *error)
{
	/* A pcap header of link type 1 (Ethernet), and no packet. */
	static const unsigned char header[24] = { 0xd4, 0xc3, 0xb2, 0xa1, 2, 0,
		4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0 };
	struct tshark_run run = { .plugin = plugin, .filter = true };
	struct argv argv = { NULL, 0 };
	struct command_spec spec = { .argv = &argv,
		.home = tshark->home,
		.preload = tshark_preload(tshark, plugin),
		.sandbox = tshark->sandbox,
		.extra_fd = config->keys_fd,
		.input = header,
		.input_len = sizeof(header),
		.timeout = tshark->timeout,
		.on_line = keep_first_line,
		.ctx = first };
	int rv;

	tshark_argv(tshark, config, &run, &argv);
	rv = command_run(loop, &spec, result, error);
	argv_release(&argv);
	return rv;
}

/* Makes one line of it. */
static const char *
join_lines(char *text)
{
	for (char *s = text; *s != '\0'; s++)
		if (*s == '\n')
			*s = ' ';
	return text;
}

int
tshark_try_config(const struct tshark *tshark, struct loop *loop,
    const struct tshark_config *config, char **words, struct error *error)
{
	struct command_result result;
	char *first = NULL;
	int rv = try_empty(tshark, loop, config, false, &first, &result, error);

	*words = NULL;
	free(first);
	if (rv != 0 || result.exit_status == 0)
		return rv;
	if (blame_memory(tshark, &result, error))
		return -1;
	if (result.exit_status > 0)
		*words = xstrdup(result.errors);
	return error_set(error,
	    result.exit_status > 0 ? OUTCOME_USAGE : OUTCOME_TSHARK,
	    "tshark refuses --display-filter, --decode-as or "
	    "--tls-keys (%s): %s",
	    result.status, join_lines(result.errors));
}

int
tshark_try_plugin(const struct tshark *tshark, struct loop *loop,
    const struct tshark_config *config, struct error *error)
{
	struct command_result result;
	char *first = NULL;
	int rv = try_empty(tshark, loop, config, true, &first, &result, error);

	if (rv == 0 && result.exit_status != 0)
		rv = error_set(error, OUTCOME_USAGE,
		    "tshark does not run with "
		    "it (%s): %s",
		    result.status, join_lines(result.errors));
	else if (rv == 0 &&
	    (first == NULL ||
		strncmp(first, FRAMES_MAGIC, FRAMES_MAGIC_LEN - 1) != 0 ||
		first[FRAMES_MAGIC_LEN - 1] != '\0'))
		rv = error_set(error, OUTCOME_USAGE, "tshark does not know it");
	free(first);
	return rv;
}
