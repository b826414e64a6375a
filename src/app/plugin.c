/* The plugin for tshark: whether it is used, and how tshark comes to find it. */
#include "app/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "config/paths.h"

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

/* Makes the folders between home and the file. */
static int
make_folders(const char *home, char *path)
{
	for (char *slash = path + strlen(home) + 1;
	    (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
		*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
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

#define WITHOUT "tshark goes without shortcuts.so, which takes longer: %s"

/* The path of shortcuts.so, which spares tshark what nobody gets to see (plugin/shortcut.h); NULL if it cannot be used. */
static char *
find_shortcuts(const char *version, struct log *log)
{
	struct error reason;
	char *shortcuts = paths_plugin(version, "shortcuts.so", &reason);

	if (shortcuts == NULL)
		log_verbose(log, WITHOUT, reason.text);
	if (shortcuts == NULL || paths_is_preloadable(shortcuts))
		return shortcuts;
	log_verbose(log, WITHOUT, "a path with \" \", \":\" or \"$\" cannot "
	    "be preloaded");
	free(shortcuts);
	return NULL;
}

static void
preload(struct tshark *tshark, const char *shortcuts)
{
	free(tshark->plugin_preload);
	tshark->plugin_preload = shortcuts == NULL ? NULL : xasprintf("%s%s%s",
	    tshark->preload != NULL ? tshark->preload : "",
	    tshark->preload != NULL ? ":" : "", shortcuts);
}

static bool
has_rules(const struct tshark_rules *rules)
{
	return rules->display_filter != NULL || rules->decode_as_count > 0 ||
	    rules->keys_fd >= 0;
}

/* Whether it works. What worked before is believed; rules must be tried in any case. */
static int
try_with(struct tshark *tshark, struct loop *loop,
    const struct tshark_rules *rules, const char *plugin, const char *shortcuts,
    bool believe, struct error *error)
{
	preload(tshark, shortcuts);
	if (believe && !has_rules(rules) &&
	    tshark_knows(tshark, plugin, shortcuts))
		return 0;
	if (tshark_try_plugin(tshark, loop, rules, error) != 0)
		return -1;
	tshark_remember(tshark, plugin, shortcuts);
	return 0;
}

/* With shortcuts.so, or at least without. */
static int
try(struct tshark *tshark, struct loop *loop, const struct tshark_rules *rules,
    const char *version, const char *plugin, bool believe, struct log *log,
    struct error *error)
{
	char *shortcuts = find_shortcuts(version, log);
	struct error reason;
	int rv = -1;

	if (install(tshark, plugin, error) != 0)
		goto out;
	rv = try_with(tshark, loop, rules, plugin, shortcuts, believe, error);
	if (rv == 0 || shortcuts == NULL)
		goto out;
	reason = *error;
	rv = try_with(tshark, loop, rules, plugin, NULL, believe, error);
	if (rv == 0)
		log_verbose(log, WITHOUT, reason.text);
out:
	free(shortcuts);
	return rv;
}

int
plugin_choose(struct tshark *tshark, struct loop *loop,
    const struct tshark_rules *rules, const char *wanted,
    struct log *log, struct error *error)
{
	bool must = strcmp(wanted, "plugin") == 0;
	char version[32], *plugin;
	struct error reason;

	if (strcmp(wanted, "ek") == 0 || strcmp(wanted, "pdml") == 0)
		return 0;
	(void)snprintf(version, sizeof(version), "%u.%u", tshark->major,
	    tshark->minor);
	plugin = paths_plugin(version, "espcap.so", &reason);
	if (plugin != NULL && try(tshark, loop, rules, version, plugin, !must,
	    log, &reason) == 0) {
		tshark->has_plugin = true;
		log_verbose(log, "tshark is run with the plugin %s", plugin);
		free(plugin);
		return 0;
	}
	plugin_remove(tshark);
	/* If it is the rules that are wrong, that is the message. */
	if (must && plugin != NULL && has_rules(rules) &&
	    tshark_try_rules(tshark, loop, rules, error) != 0) {
		free(plugin);
		return -1;
	}
	if (must)
		error_set(error, OUTCOME_USAGE, "--dissection=plugin: %s%s%s",
		    plugin != NULL ? plugin : "", plugin != NULL ? ": " : "",
		    reason.text);
	else
		log_verbose(log, "tshark is run without the plugin: %s",
		    reason.text);
	free(plugin);
	return must ? -1 : 0;
}
