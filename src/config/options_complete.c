/* SPDX-License-Identifier: BSD-2-Clause */
/* The completions of shells, made from the table of options. */
#include "config/options_complete.h"

#include <string.h>

#include "config/options_table.h"

enum value_kind {
	VALUE_NONE, /* the option takes none */
	VALUE_OTHER,
	VALUE_FILE,
	VALUE_DIR,
	VALUE_INTERFACE
};

static enum value_kind
value_kind(const struct options_row *row)
{
	if (row->value == NULL)
		return VALUE_NONE;
	if (strcmp(row->value, "FILE") == 0 || strcmp(row->value, "PATH") == 0)
		return VALUE_FILE;
	if (strcmp(row->value, "DIR") == 0)
		return VALUE_DIR;
	return strcmp(row->value, "IFACE") == 0 ? VALUE_INTERFACE : VALUE_OTHER;
}

/* Appends text for what stands between single quotes; each of escaped gets a backslash. */
static void
put_quoted(struct buffer *out, const char *text, const char *escaped, const char *quote)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'') {
			(void)buffer_puts(out, quote);
			continue;
		}
		if (strchr(escaped, *text) != NULL)
			(void)buffer_puts(out, "\\");
		(void)buffer_append(out, text, 1);
	}
}

/* The pattern of a case: "--file|-r|...", all options with a value of the kind. */
static void
bash_case(struct buffer *out, enum value_kind kind, const char *action)
{
	const char *between = "\t";

	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		if (value_kind(&options_rows[i]) != kind || options_rows[i].kind == OPTIONS_KIND_HELP)
			continue;
		(void)buffer_printf(out, "%s--%s", between, options_rows[i].name);
		between = "|";
		if (options_rows[i].letter != 0)
			(void)buffer_printf(out, "|-%c", options_rows[i].letter);
	}
	(void)buffer_printf(out, ") %s; return ;;\n", action);
}

static void
bash(struct buffer *out)
{
	(void)buffer_puts(out,
	    "_espcap() {\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} name=${COMP_WORDS[COMP_CWORD-1]}\n"
	    "\tCOMPREPLY=()\n"
	    "\t# = is a word of its own.\n"
	    "\tif [[ $cur == = ]]; then cur=\n"
	    "\telif [[ $name == = ]]; then name=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	    "\tcase $name in\n");
	bash_case(out, VALUE_FILE, "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
	bash_case(out, VALUE_DIR, "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")");
	bash_case(out, VALUE_INTERFACE, "mapfile -t COMPREPLY < <(compgen -W \"$(command ls /sys/class/net) any\" -- \"$cur\")");
	bash_case(out, VALUE_OTHER, ":");
	(void)buffer_puts(out,
	    "\tesac\n"
	    "\tif [[ $cur != -* ]]; then\n"
	    "\t\tcompopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return\n"
	    "\tfi\n"
	    "\tmapfile -t COMPREPLY < <(compgen -W \"");
	for (size_t i = 0; i < OPTIONS_ROWS; i++)
		(void)buffer_printf(out, "%s--%s%s", i > 0 ? " " : "", options_rows[i].name,
		    options_rows[i].value != NULL && options_rows[i].kind != OPTIONS_KIND_HELP ? "=" : "");
	(void)buffer_puts(out,
	    "\" -- \"$cur\")\n"
	    "\tif [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi\n"
	    "}\n"
	    "complete -F _espcap espcap\n");
}

static void
zsh(struct buffer *out)
{
	static const char *const actions[] = {
		[VALUE_OTHER] = " ",
		[VALUE_FILE] = "_files",
		[VALUE_DIR] = "_files -/",
		[VALUE_INTERFACE] = "_net_interfaces"
	};

	(void)buffer_puts(out, "#compdef espcap\n_arguments -s -S");
	for (size_t i = 0; i < OPTIONS_ROWS; i++)
		for (int form = 0; form < 2; form++) {
			const struct options_row *row = &options_rows[i];
			const char *many = row->kind == OPTIONS_KIND_LIST ? "*" : "";
			bool takes = row->value != NULL && row->kind != OPTIONS_KIND_HELP;

			if (form == 1 && row->letter == 0)
				continue;
			if (form == 0)
				(void)buffer_printf(out, " \\\n\t'%s--%s%s[", many, row->name, takes ? "=" : "");
			else
				(void)buffer_printf(out, " \\\n\t'%s-%c%s[", many, row->letter, takes ? "+" : "");
			put_quoted(out, row->help, "[]\\", "'\\''");
			(void)buffer_puts(out, "]");
			if (takes)
				(void)buffer_printf(out, ":%s:%s", row->value, actions[value_kind(row)]);
			(void)buffer_puts(out, "'");
		}
	(void)buffer_puts(out, " \\\n\t'*:capture:_files'\n");
}

static void
fish(struct buffer *out)
{
	static const char *const actions[] = {
		[VALUE_NONE] = "",
		[VALUE_OTHER] = " -x",
		[VALUE_FILE] = " -r -F",
		[VALUE_DIR] = " -x -a '(__fish_complete_directories)'",
		[VALUE_INTERFACE] = " -x -a '(command ls /sys/class/net) any'"
	};

	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		const struct options_row *row = &options_rows[i];

		(void)buffer_printf(out, "complete -c espcap -l %s", row->name);
		if (row->letter != 0)
			(void)buffer_printf(out, " -s %c", row->letter);
		(void)buffer_puts(out, row->kind == OPTIONS_KIND_HELP ? "" : actions[value_kind(row)]);
		(void)buffer_puts(out, " -d '");
		put_quoted(out, row->help, "\\", "\\'");
		(void)buffer_puts(out, "'\n");
	}
}

bool
options_complete(struct buffer *out, const char *shell)
{
	static const struct {
		const char *name;
		void (*write)(struct buffer *out);
	} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shells[i].name, shell) == 0) {
			if (out != NULL)
				shells[i].write(out);
			return true;
		}
	return false;
}
