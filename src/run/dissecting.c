/* SPDX-License-Identifier: BSD-2-Clause */
/* What dissecting needs from the options. */
#include "run/dissecting.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"
#include "document/projection.h"
#include "run/question.h"
#include "tshark/plugin.h"
#include "tshark/refusal.h"
#include "tshark/tls_keys.h"

void
dissecting_init(struct dissecting *dissecting, const struct options *options,
    struct log *log)
{
	*dissecting = (struct dissecting){ .options = options,
		.log = log,
		.tshark = { .cache_fd = -1 },
		.tshark_config = { .display_filter = options->display_filter,
		    .decode_as = options->decode_as.items,
		    .decode_as_count = options->decode_as.count,
		    .absolute = options->kafka != NULL,
		    .pdml = strcmp(options->dissection, "pdml") == 0,
		    .keys_fd = -1 } };
}

/* Someone looks at a terminal, and a program reads anything else. */
static void
choose_output(struct dissecting *dissecting)
{
	const struct options *options = dissecting->options;

	if (options->output != NULL || (options->node != NULL && !question_is_asked(options)) ||
	    options->pretty || !isatty(STDOUT_FILENO)) {
		dissecting->is_text = options->output != NULL &&
		    strcmp(options->output, "text") == 0;
		return;
	}
	dissecting->is_text = dissecting->is_text_chosen = true;
}

/* The documents of a replay and of an index are made; a display filter is read with the list of fields. */
bool
dissecting_has_tshark(const struct options *options)
{
	return options->replay == NULL && (!question_is_asked(options) || options->query != NULL);
}

int
dissecting_open(struct dissecting *dissecting, const char *cache,
    struct error *error)
{
	const struct options *options = dissecting->options;

	dissecting->is_filter_wrong = options->nics.count > 0 && options->bpf != NULL && !filter_parses(options->bpf);
	choose_output(dissecting);
	(void)gethostname(dissecting->host, sizeof(dissecting->host) - 1);
	if (dissecting_has_tshark(options) &&
	    tshark_find(&dissecting->tshark, options->tshark, cache, error) != 0)
		return -1;
	if (question_is_asked(options))
		return 0;
	if (field_lists_read(&dissecting->lists, options, error) != 0)
		return -1;
	if (options->tls_keys == NULL)
		return 0;
	dissecting->tshark_config.keys_fd = tls_keys_copy(options->tls_keys,
	    error);
	return dissecting->tshark_config.keys_fd < 0 ? -1 : 0;
}

/* -1 with what libpcap says of --bpf in *reason. That of a live capture is in the kernel already. */
static int
make_filter(struct dissecting *dissecting, struct error *reason)
{
	const char *bpf = dissecting->options->bpf;

	if (bpf == NULL || (dissecting->options->nics.count > 0 && !dissecting->is_filter_wrong))
		return 0;
	*reason = (struct error){ .outcome = OUTCOME_USAGE, .text = "syntax error" };
	dissecting->filter = filter_new(bpf, reason);
	return dissecting->filter != NULL && !dissecting->is_filter_wrong ? 0 : -1;
}

/* -1 with why --bpf is refused, and whether it is a display filter; loop: NULL if tshark cannot be asked that. */
static int
refuse_filter(struct dissecting *dissecting, struct loop *loop, const struct error *reason, struct error *error)
{
	const char *bpf = dissecting->options->bpf;
	const struct tshark_config config = { .display_filter = bpf, .keys_fd = -1 };
	char *words = NULL;
	bool is_display_filter = loop != NULL &&
	    tshark_try_config(&dissecting->tshark, loop, &config, &words, NULL) == 0;

	free(words);
	if (!is_display_filter)
		return error_set(error, reason->outcome, "--bpf=%.400s: %.400s", bpf, reason->text);
	return error_set(error, reason->outcome,
	    "--bpf=%.200s: %.400s; it is a display filter: write "
	    "--display-filter=\"%.200s\"",
	    bpf, reason->text, bpf);
}

static int
choose_fields(struct dissecting *dissecting, struct error *error)
{
	const struct buffer *text = &dissecting->lists.fields;
	const struct names *names = dissecting->tshark.names;

	if (dissecting->options->fields == NULL)
		return 0;
	dissecting->fields = fields_new(text->data, text->len, names, error);
	if (dissecting->fields == NULL)
		return -1;
	dissecting->projection = projection_list(names, dissecting->fields,
	    &dissecting->lists.typed, dissecting->is_text);
	dissecting->tshark_config.only = dissecting->projection;
	return 0;
}

/* Whether tshark takes what it is given: the plugin is tried with all of it, and without the plugin tshark alone. */
static int
try_config(struct dissecting *dissecting, struct loop *loop,
    struct error *error)
{
	const struct options *options = dissecting->options;
	struct tshark *tshark = &dissecting->tshark;

	if (plugin_choose(tshark, loop, &dissecting->tshark_config,
		options->dissection, options->no_shortcuts, dissecting->log,
		error) != 0)
		return -1;
	if (tshark->has_plugin ||
	    (options->display_filter == NULL && options->decode_as.count == 0 &&
		options->tls_keys == NULL))
		return 0;
	return refusal_check(tshark, loop, &dissecting->tshark_config, dissecting->log, error);
}

static size_t
output_columns(void)
{
	return terminal_columns(STDOUT_FILENO);
}

static int
make_document(struct dissecting *dissecting, struct error *error)
{
	const struct tshark *tshark = &dissecting->tshark;
	const struct document_config config = { .names = tshark->names,
		.protocols = dissecting->lists.protocols,
		.typed = &dissecting->lists.typed,
		.fields = dissecting->fields,
		.max_doc = dissecting->options->max_doc,
		.terms = dissecting->options->node != NULL && dissecting->options->index_terms,
		.pretty = dissecting->options->pretty,
		.text = dissecting->is_text,
		.color = dissecting->is_text &&
		    terminal_has_color(STDOUT_FILENO),
		.columns = dissecting->is_text && isatty(STDOUT_FILENO) ? output_columns : NULL,
		.interfaces = dissecting->options->nics.count > 1,
		.sort = tshark_is_unordered(tshark),
		.tshark_version = tshark->version,
		.host = dissecting->host[0] != '\0' ? dissecting->host : NULL,
		.tags = { dissecting->options->tags.items, dissecting->options->tags.count },
		.labels = { dissecting->options->labels.items, dissecting->options->labels.count },
		.databases = dissecting->lists.mmdbs,
		.database_count = dissecting->lists.database_count };

	dissecting->document = document_new(&config, error);
	return dissecting->document != NULL ? 0 : -1;
}

int
dissecting_prepare_names(struct dissecting *dissecting,
    struct confinement *confinement, struct loop *loop, struct error *error)
{
	const struct options *options = dissecting->options;
	struct tshark *tshark = &dissecting->tshark;

	return confinement_finish(confinement, tshark, options->tshark_memory, dissecting->log, error) != 0 ?
	    -1 :
	    tshark_ask(tshark, loop, options->tshark_timeout, error);
}

int
dissecting_prepare(struct dissecting *dissecting,
    struct confinement *confinement, struct loop *loop, struct error *error)
{
	const struct options *options = dissecting->options;
	struct tshark *tshark = &dissecting->tshark;
	struct error reason;
	bool is_filter_wrong = make_filter(dissecting, &reason) != 0, is_ready;

	is_ready = confinement_finish(confinement, tshark, options->tshark_memory, dissecting->log, error) == 0 &&
	    tshark_ask(tshark, loop, options->tshark_timeout, error) == 0;
	if (is_filter_wrong)
		return refuse_filter(dissecting, is_ready ? loop : NULL, &reason, error);
	if (!is_ready)
		return -1;
	log_verbose(dissecting->log, "tshark %s at %s, %zu fields%s",
	    tshark->version, tshark->path, names_count(tshark->names),
	    tshark->from_cache ? " (from the cache)" : "");
	return choose_fields(dissecting, error) != 0 ||
		try_config(dissecting, loop, error) != 0 ?
	    -1 :
	    make_document(dissecting, error);
}

void
dissecting_release(struct dissecting *dissecting)
{
	struct tshark *tshark = &dissecting->tshark;

	if (dissecting->options == NULL)
		return;
	/* Its list of fields is not complete. */
	if (tshark->names != NULL && tshark->from_cache &&
	    names_met(tshark->names) > 0)
		tshark_forget(tshark);
	plugin_remove(tshark);
	document_free(dissecting->document);
	fields_free(dissecting->fields);
	free(dissecting->projection);
	filter_free(dissecting->filter);
	field_lists_release(&dissecting->lists);
	tshark_release(tshark);
	if (dissecting->tshark_config.keys_fd >= 0)
		close(dissecting->tshark_config.keys_fd);
}
