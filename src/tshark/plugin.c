/* SPDX-License-Identifier: BSD-2-Clause */
/* The plugin for tshark: whether it is used, and how tshark comes to find it. */
#include "tshark/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "config/paths.h"
#include "tshark/cache.h"
#include "tshark/refusal.h"
#include "tshark/selftest.h"

/*
 * Where a tshark of this version looks for a person's plugins, from its home on.
 * WIRESHARK_PLUGIN_DIR would be shorter, but it replaces the folder of the
 * plugins that are installed, and these dissect.
 */
#define FOLDER ".local/lib/wireshark/plugins/%u.%u/epan"
#define LINK "/espcap.so"

static char *
link_path(const struct tshark *tshark)
{
	return xasprintf("%s/" FOLDER LINK, tshark->home, tshark->major,
	    tshark->minor);
}

/* Makes the folders between home and the file. tshark may be another user, and espcap's umask may say what it likes. */
static int
make_folders(const char *home, char *path)
{
	for (char *slash = path + strlen(home) + 1;
	     (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
		*slash = '\0';
		if (mkdir(path, 0700) == 0 ?
			chmod(path, 0755) != 0 :
			errno != EEXIST)
			return -1;
	}
	return 0;
}

static int
install(const struct tshark *tshark, const char *plugin, struct error *error)
{
	char *path = link_path(tshark);
	int rv = 0;

	if (make_folders(tshark->home, path) != 0 ||
	    symlink(plugin, path) != 0)
		rv = error_set(error, OUTCOME_INTERNAL, "%s: %s", path,
		    strerror(errno));
	free(path);
	return rv;
}

void
plugin_remove(const struct tshark *tshark)
{
	size_t home;
	char *path, *slash;

	if (tshark->home == NULL || tshark->version == NULL)
		return;
	home = strlen(tshark->home);
	path = link_path(tshark);
	(void)unlink(path);
	while ((slash = strrchr(path, '/')) != path + home) {
		*slash = '\0';
		(void)rmdir(path);
	}
	free(path);
}

#define WITHOUT "tshark runs without shortcuts.so, which takes longer: %s"
#define MAKES_ALL "tshark makes all fields, not only those of --fields: %s"
/* Beside the plugin: what the self-test dissects. */
#define SAMPLE "selftest.pcapng"

/* What is tried, and what came of it. */
struct choice {
	struct tshark *tshark;
	struct loop *loop;
	const struct tshark_config *config;
	struct log *log;
	char *plugin, *sample, *shortcuts;    /* paths, NULL if not there; owned */
	struct error no_sample, no_shortcuts; /* why they are not there */
	struct trials trials;
	bool cached; /* these were */
};

/*
 * The path of shortcuts.so, which makes tshark skip work that does not affect any document (plugin/shortcut.h); NULL if
 * it cannot be used.
 */
static char *
find_shortcuts(const char *version, const struct error *no_sample,
    struct error *reason)
{
	char *shortcuts;

	if (!ESPCAP_SHORTCUTS) {
		error_set(reason, OUTCOME_USAGE,
		    "espcap was configured with "
		    "--disable-shortcuts");
		return NULL;
	}
	shortcuts = paths_plugin(version, "shortcuts.so", reason);
	if (shortcuts == NULL)
		return NULL;
	if (!paths_is_preloadable(shortcuts))
		error_set(reason, OUTCOME_USAGE,
		    "a path with \" \", \":\" or "
		    "\"$\" cannot be preloaded");
	else if (no_sample->outcome != OUTCOME_OK)
		error_set(reason, OUTCOME_USAGE,
		    "no " SAMPLE
		    " to test it "
		    "with: %.500s",
		    no_sample->text);
	else
		return shortcuts;
	free(shortcuts);
	return NULL;
}

static void
preload(struct tshark *tshark, const char *shortcuts)
{
	free(tshark->plugin_preload);
	tshark->plugin_preload = shortcuts == NULL ?
	    NULL :
	    xasprintf("%s%s%s", tshark->preload != NULL ? tshark->preload : "",
		tshark->preload != NULL ? ":" : "", shortcuts);
}

static bool
has_rules(const struct tshark_config *config)
{
	return config->display_filter != NULL || config->decode_as_count > 0 ||
	    config->keys_fd >= 0;
}

static bool
wants_projection(const struct choice *choice)
{
	return choice->config->only != NULL && tshark_projects(choice->tshark);
}

/* Whether all that is asked for is known from before: that the plugin works, and what came of the trials. */
static bool
recall(struct choice *choice)
{
	const struct tshark *tshark = choice->tshark;
	const struct cache_build build = { choice->plugin, choice->sample,
		choice->shortcuts };
	struct trials *trials = &choice->trials;
	bool with;

	if (tshark->cache_fd < 0 || choice->sample == NULL ||
	    !cache_trials(tshark->cache_fd, tshark->path, &build, trials))
		return false;
	if (choice->shortcuts != NULL &&
	    trials->shortcuts.outcome == TRIAL_UNKNOWN)
		return false;
	with = choice->shortcuts != NULL &&
	    trials->shortcuts.outcome == TRIAL_GOOD;
	choice->cached = true;
	return !wants_projection(choice) ||
	    trials->projection[with].outcome != TRIAL_UNKNOWN;
}

/* Packets that cannot be compared: nothing that they would show is used. */
static void
distrust(struct trials *trials, const struct error *error)
{
	struct trial *all[] = { &trials->shortcuts, &trials->projection[0] };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		all[i]->outcome = TRIAL_BAD;
		(void)snprintf(all[i]->reason, sizeof(all[i]->reason), "%.239s",
		    error->text);
	}
}

/* Tries what is not known yet, and keeps it. Whether it was shown that the plugin works; else that is open. */
static bool
test(struct choice *choice)
{
	struct tshark *tshark = choice->tshark;
	const struct cache_build build = { choice->plugin, choice->sample,
		choice->shortcuts };
	const struct selftest selftest = { .tshark = tshark,
		.loop = choice->loop,
		.sample = choice->sample,
		.preload = choice->shortcuts != NULL ?
		    tshark->plugin_preload :
		    NULL,
		.projection = wants_projection(choice) };
	int64_t begun = cache_now();
	struct buffer objects;
	struct error error;
	bool works;

	if (choice->sample == NULL) {
		distrust(&choice->trials, &choice->no_sample);
		return false;
	}
	choice->cached = false;
	buffer_init(&objects, (size_t)1 << 20);
	works = selftest_run(&selftest, &choice->trials, &objects,
		    &error) == 0;
	if (!works)
		distrust(&choice->trials, &error);
	else if (tshark->cache_fd >= 0)
		cache_remember(tshark->cache_fd, tshark->path, &build,
		    objects.data, objects.len, begun, &choice->trials);
	buffer_release(&objects);
	return works;
}

/* What is used from here on. */
static void
judge(struct choice *choice)
{
	const struct trials *trials = &choice->trials;
	bool with = choice->shortcuts != NULL &&
	    trials->shortcuts.outcome == TRIAL_GOOD;
	const char *cached = choice->cached ? " (from the cache)" : "";

	if (choice->shortcuts == NULL)
		log_verbose(choice->log, WITHOUT, choice->no_shortcuts.text);
	else if (!with)
		log_verbose(choice->log, WITHOUT "%s",
		    trials->shortcuts.reason, cached);
	else
		log_verbose(choice->log,
		    "tshark runs with %s: the self-test gives the same packets%s",
		    choice->shortcuts, cached);
	preload(choice->tshark, with ? choice->shortcuts : NULL);
	choice->tshark->makes_all = wants_projection(choice) &&
	    trials->projection[with].outcome != TRIAL_GOOD;
	if (choice->tshark->makes_all)
		log_verbose(choice->log, MAKES_ALL "%s",
		    trials->projection[with].reason, cached);
}

/* Under the rules of this run: with shortcuts.so, or at least without. */
static int
try_config(struct choice *choice, struct error *error)
{
	struct error reason;

	if (tshark_try_plugin(choice->tshark, choice->loop, choice->config,
		error) == 0)
		return 0;
	if (choice->tshark->plugin_preload == NULL)
		return -1;
	reason = *error;
	preload(choice->tshark, NULL);
	choice->tshark->makes_all = true; /* without was not tried */
	if (tshark_try_plugin(choice->tshark, choice->loop, choice->config,
		error) != 0)
		return -1;
	log_verbose(choice->log, WITHOUT, reason.text);
	return 0;
}

/* must: what worked before is not believed. */
static int
try(struct choice *choice, bool must, struct error *error)
{
	bool shown;

	if (install(choice->tshark, choice->plugin, error) != 0)
		return -1;
	preload(choice->tshark, choice->shortcuts);
	shown = recall(choice) ? !must : test(choice);
	judge(choice);
	return shown && !has_rules(choice->config) ?
	    0 :
	    try_config(choice, error);
}

static void
find(struct choice *choice, bool no_shortcuts, struct error *error)
{
	char version[32];

	(void)snprintf(version, sizeof(version), "%u.%u",
	    choice->tshark->major, choice->tshark->minor);
	choice->plugin = paths_plugin(version, "espcap.so", error);
	if (choice->plugin == NULL)
		return;
	choice->sample = paths_plugin(version, SAMPLE, &choice->no_sample);
	if (no_shortcuts)
		error_set(&choice->no_shortcuts, OUTCOME_USAGE,
		    "--no-shortcuts");
	else
		choice->shortcuts = find_shortcuts(version, &choice->no_sample,
		    &choice->no_shortcuts);
}

static void
release(struct choice *choice)
{
	free(choice->plugin);
	free(choice->sample);
	free(choice->shortcuts);
}

int
plugin_choose(struct tshark *tshark, struct loop *loop,
    const struct tshark_config *config, const char *wanted, bool no_shortcuts,
    struct log *log, struct error *error)
{
	struct choice choice = {
		.tshark = tshark, .loop = loop, .config = config, .log = log
	};
	bool must = strcmp(wanted, "plugin") == 0;
	struct error reason;
	int rv = 0;

	if (strcmp(wanted, "ek") == 0 || strcmp(wanted, "pdml") == 0)
		return 0;
	find(&choice, no_shortcuts, &reason);
	if (choice.plugin != NULL && try(&choice, must, &reason) == 0) {
		tshark->has_plugin = true;
		log_verbose(log, "tshark runs with the plugin %s",
		    choice.plugin);
		goto out;
	}
	plugin_remove(tshark);
	rv = must ? -1 : 0;
	/* If it is the rules that are wrong, that is the message. */
	if (must && choice.plugin != NULL && has_rules(config) &&
	    refusal_check(tshark, loop, config, log, error) != 0)
		goto out;
	if (must)
		error_set(error, OUTCOME_USAGE, "--dissection=plugin: %s%s%s",
		    choice.plugin != NULL ? choice.plugin : "",
		    choice.plugin != NULL ? ": " : "", reason.text);
	else
		log_verbose(log, "tshark runs without the plugin: %s",
		    reason.text);
out:
	release(&choice);
	return rv;
}
