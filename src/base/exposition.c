/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes values for Prometheus. */
#include "base/exposition.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/* The value of a label: three characters are escaped; the newline among them is visible by then. */
static void
put_label(struct exposition *exposition, bool first, const char *label, const char *text)
{
	char safe[400];
	size_t len = text_visible(safe, sizeof(safe), text, strlen(text));

	exposition->rv |= buffer_printf(exposition->out, "%s%s=\"", first ? "{" : ",", label);
	for (size_t i = 0; i < len; i++) {
		if (safe[i] == '\\' || safe[i] == '"')
			exposition->rv |= buffer_puts(exposition->out, "\\");
		exposition->rv |= buffer_append(exposition->out, &safe[i], 1);
	}
	exposition->rv |= buffer_puts(exposition->out, "\"");
}

static void
put_name(struct exposition *exposition, const char *label, const char *text)
{
	exposition->rv |= buffer_puts(exposition->out, exposition->name);
	if (exposition->interface != NULL)
		put_label(exposition, true, "interface", exposition->interface);
	if (label != NULL)
		put_label(exposition, exposition->interface == NULL, label, text);
	if (exposition->interface != NULL || label != NULL)
		exposition->rv |= buffer_puts(exposition->out, "}");
}

void
exposition_begin(struct exposition *exposition, const char *name, const char *type, const char *help)
{
	exposition->name = name;
	exposition->rv |= buffer_printf(exposition->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void
exposition_put(struct exposition *exposition, const char *label, const char *text, uint64_t number)
{
	put_name(exposition, label, text);
	exposition->rv |= buffer_printf(exposition->out, " %" PRIu64 "\n", number);
}

void
exposition_single(struct exposition *exposition, const char *name, const char *type, const char *help, uint64_t number)
{
	exposition_begin(exposition, name, type, help);
	exposition_put(exposition, NULL, NULL, number);
}

void
exposition_time(struct exposition *exposition, const char *name, const char *help, uint64_t ms)
{
	exposition_begin(exposition, name, "gauge", help);
	put_name(exposition, NULL, NULL);
	exposition->rv |= buffer_printf(exposition->out, " %" PRIu64 ".%03u\n", ms / 1000, (unsigned)(ms % 1000));
}
