/* SPDX-License-Identifier: BSD-2-Clause */
/* The completions of shells, made from a table of options. */
#include "config/options_complete.h"

#include <string.h>

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

/* The pattern of a case: "--file|-r|...", all options with a value of the kind; there may be none. */
static void
bash_case(struct buffer *out, const struct options_program *program, enum value_kind kind, const char *action)
{
	const char *between = "\t";

	for (size_t i = 0; i < program->count; i++) {
		const struct options_row *row = &program->rows[i];

		if (value_kind(row) != kind || row->kind == OPTIONS_KIND_HELP)
			continue;
		(void)buffer_printf(out, "%s--%s", between, row->name);
		between = "|";
		if (row->letter != 0)
			(void)buffer_printf(out, "|-%c", row->letter);
	}
	if (between[0] == '|')
		(void)buffer_printf(out, ") %s; return ;;\n", action);
}

/* The name of the function: _espcap. */
static void
bash_name(struct buffer *out, const char *program)
{
	(void)buffer_puts(out, "_");
	for (; *program != '\0'; program++)
		(void)buffer_append(out, *program == '-' ? "_" : program, 1);
}

static void
bash(struct buffer *out, const struct options_program *program)
{
	bash_name(out, program->name);
	(void)buffer_puts(out,
	    "() {\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} name=${COMP_WORDS[COMP_CWORD-1]}\n"
	    "\tCOMPREPLY=()\n"
	    "\t# = is a word of its own.\n"
	    "\tif [[ $cur == = ]]; then cur=\n"
	    "\telif [[ $name == = ]]; then name=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	    "\tcase $name in\n");
	bash_case(out, program, VALUE_FILE, "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
	bash_case(out, program, VALUE_DIR, "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")");
	bash_case(out, program, VALUE_INTERFACE, "mapfile -t COMPREPLY < <(compgen -W \"$(command ls /sys/class/net) any\" -- \"$cur\")");
	bash_case(out, program, VALUE_OTHER, ":");
	(void)buffer_puts(out, "\tesac\n");
	if (program->operands != NULL)
		(void)buffer_puts(out,
		    "\tif [[ $cur != -* ]]; then\n"
		    "\t\tcompopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return\n"
		    "\tfi\n");
	(void)buffer_puts(out, "\tmapfile -t COMPREPLY < <(compgen -W \"");
	for (size_t i = 0; i < program->count; i++)
		(void)buffer_printf(out, "%s--%s%s", i > 0 ? " " : "", program->rows[i].name,
		    program->rows[i].value != NULL && program->rows[i].kind != OPTIONS_KIND_HELP ? "=" : "");
	(void)buffer_puts(out,
	    "\" -- \"$cur\")\n"
	    "\tif [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi\n"
	    "}\n"
	    "complete -F ");
	bash_name(out, program->name);
	(void)buffer_printf(out, " %s\n", program->name);
}

static void
zsh(struct buffer *out, const struct options_program *program)
{
	static const char *const actions[] = {
		[VALUE_OTHER] = " ",
		[VALUE_FILE] = "_files",
		[VALUE_DIR] = "_files -/",
		[VALUE_INTERFACE] = "_net_interfaces"
	};

	(void)buffer_printf(out, "#compdef %s\n_arguments -s -S", program->name);
	for (size_t i = 0; i < program->count; i++)
		for (int form = 0; form < 2; form++) {
			const struct options_row *row = &program->rows[i];
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
	if (program->operands != NULL)
		(void)buffer_printf(out, " \\\n\t'*:%s:_files'", program->operands);
	(void)buffer_puts(out, "\n");
}

static void
fish(struct buffer *out, const struct options_program *program)
{
	static const char *const actions[] = {
		[VALUE_NONE] = "",
		[VALUE_OTHER] = " -x",
		[VALUE_FILE] = " -r -F",
		[VALUE_DIR] = " -x -a '(__fish_complete_directories)'",
		[VALUE_INTERFACE] = " -x -a '(command ls /sys/class/net) any'"
	};

	/* Names of files are offered unless it takes none. */
	if (program->operands == NULL)
		(void)buffer_printf(out, "complete -c %s -f\n", program->name);
	for (size_t i = 0; i < program->count; i++) {
		const struct options_row *row = &program->rows[i];

		(void)buffer_printf(out, "complete -c %s -l %s", program->name, row->name);
		if (row->letter != 0)
			(void)buffer_printf(out, " -s %c", row->letter);
		(void)buffer_puts(out, row->kind == OPTIONS_KIND_HELP ? "" : actions[value_kind(row)]);
		(void)buffer_puts(out, " -d '");
		put_quoted(out, row->help, "\\", "\\'");
		(void)buffer_puts(out, "'\n");
	}
}

static const struct {
	const char *name;
	void (*write)(struct buffer *out, const struct options_program *program);
} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

bool
options_is_shell(const char *name)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shells[i].name, name) == 0)
			return true;
	return false;
}

bool
options_complete(struct buffer *out, const struct options_program *program, const char *shell)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].write(out, program);
			return true;
		}
	return false;
}
