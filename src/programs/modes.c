/* SPDX-License-Identifier: BSD-2-Clause */
/* What espcap prints in place of a run. */
#include "programs/modes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/write.h"
#include "capture/devices.h"
#include "run/delivery.h"
#include "run/field_lists.h"
#include "tshark/version.h"

/* More than any of them is long. */
#define TEXT_MAX ((size_t)16 << 20)

static int
append_template(const struct options *options, struct buffer *out,
    struct error *error)
{
	struct template_config config = { .has_wildcard = true };
	struct field_lists lists = { .protocols = NULL };
	int rv = -1;

	if (field_lists_read_typed(&lists, options, error) != 0 ||
	    node_check_prefix(options->index, error) != 0)
		goto out;
	delivery_template(options, &lists.typed, &config);
	if (strcmp(options->print_template, "opensearch") == 0)
		config.engine = TEMPLATE_OPENSEARCH;
	rv = template_write(&config, out) | buffer_puts(out, "\n");
out:
	field_lists_release(&lists);
	return rv;
}

/* -1 with error; its outcome stays OUTCOME_INTERNAL, without a text, if out is full. */
static int
append(const struct options *options, struct loop *loop, struct log *log,
    struct buffer *out, struct error *error)
{
	switch (options->action) {
	case OPTIONS_HELP:
		options_help(out, options->help);
		return 0;
	case OPTIONS_LIST:
		return devices_list(out, options->json, error);
	case OPTIONS_VERSION:
		return version_write(options, loop, log, out);
	case OPTIONS_PRINT_TEMPLATE:
		return append_template(options, out, error);
	case OPTIONS_RUN:
		break;
	}
	abort();
}

int
modes_print(const struct options *options, struct loop *loop, struct log *log)
{
	struct error error = { .outcome = OUTCOME_INTERNAL, .text = "" };
	struct buffer text;
	int rv = 0;

	buffer_init(&text, TEXT_MAX);
	if (append(options, loop, log, &text, &error) != 0) {
		if (error.text[0] != '\0')
			log_error(log, "%s", error.text);
		rv = (int)error.outcome;
	} else if (write_wait(STDOUT_FILENO, text.data, text.len, NULL, NULL) !=
	    0) {
		log_error(log, "standard output: %s", strerror(errno));
		rv = OUTCOME_OUTPUT;
	}
	buffer_release(&text);
	return rv;
}
