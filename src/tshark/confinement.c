/* SPDX-License-Identifier: BSD-2-Clause */
/* What surrounds every tshark: some of it is made as root, the rest afterwards. */
#include "tshark/confinement.h"

#include <stdlib.h>

#include "config/paths.h"
#include "process/namespace_maker.h"

int
confinement_begin(struct confinement *confinement, bool no_sandbox,
    struct log *log, struct error *error)
{
	struct namespaces *namespaces;

	if (no_sandbox) {
		log_error(log,
		    "--no-sandbox: sandbox disabled: a compromised "
		    "tshark is not contained");
		return 0;
	}
	namespaces = namespace_maker_for_tshark(error);
	if (namespaces == NULL)
		return -1;
	confinement->sandbox = sandbox_new(namespaces);
	return 0;
}

int
confinement_make_home(struct confinement *confinement, struct error *error)
{
	confinement->home = home_new(confinement->sandbox != NULL &&
		sandbox_has_user(confinement->sandbox),
	    error);
	return confinement->home != NULL ? 0 : -1;
}

static void
log_restriction(void *ctx, const char *line)
{
	log_verbose(ctx, "sandbox: %s", line);
}

int
confinement_finish(struct confinement *confinement, struct tshark *tshark,
    uint64_t memory, struct log *log, struct error *error)
{
	char *plugins = paths_plugins();
	const char *reads[] = { home_path(confinement->home), plugins, NULL, NULL };
	const struct sandbox_spec spec = { .program = tshark->path,
		.reads = reads,
		.memory = memory };
	int rv;

	confinement->preload = paths_object("wide_stdout.so");
	reads[2] = confinement->preload;
	tshark->home = home_path(confinement->home);
	tshark->preload = confinement->preload;
	rv = confinement->sandbox == NULL ?
	    0 :
	    sandbox_finish(confinement->sandbox, &spec, error);
	free(plugins);
	if (confinement->sandbox == NULL || rv != 0)
		return rv;
	sandbox_describe(confinement->sandbox, log_restriction, log);
	tshark->sandbox = confinement->sandbox;
	return 0;
}

void
confinement_release(struct confinement *confinement)
{
	sandbox_free(confinement->sandbox);
	home_free(confinement->home);
	free(confinement->preload);
}
