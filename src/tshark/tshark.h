/* SPDX-License-Identifier: BSD-2-Clause */
/* The tshark in use: which it is, and the argument vectors it is started with. */
#ifndef ESPCAP_TSHARK_TSHARK_H
#define ESPCAP_TSHARK_TSHARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/argv.h"
#include "base/error.h"
#include "fields/names.h"
#include "loop/loop.h"
#include "sandbox/sandbox.h"

struct tshark {
	char *path;    /* absolute */
	char *version; /* "4.0.17" */
	unsigned major, minor;
	struct names *names;           /* its field list */
	const char *home;              /* for its runs, as all that is borrowed set by the caller; borrowed */
	const char *preload;           /* loaded into it (struct child_spec), NULL for none; borrowed */
	char *plugin_preload;          /* the same for runs with the plugin, NULL if it is no other; owned */
	const struct sandbox *sandbox; /* around it, NULL for none; borrowed */
	bool has_plugin;               /* it finds our plugin in its home, and that works: tshark_try_plugin */
	uint64_t timeout;              /* ms */
	bool makes_all;                /* although rules name fields: what few fields it makes was not found to be right */
	bool from_cache;               /* version and names */
	int cache_fd;                  /* -1 for none */
};

/* The oldest that works; design.md: 3.4 to 4.6. */
#define TSHARK_MAJOR_MIN 3
#define TSHARK_MINOR_MIN 4

/*
 * Before privileges are dropped: finds the program (`given`, else "tshark"
 * along PATH) and opens its place in the cache folder (NULL for none). -1 with
 * OUTCOME_USAGE if there is no such program. Release with tshark_release in either case.
 */
int tshark_find(struct tshark *tshark, const char *given, const char *cache_dir,
    struct error *error);

/*
 * After: asks it for its version and its field list, or reads both from the
 * cache if that is of this very file. -1 with OUTCOME_USAGE if it cannot be
 * executed, is not tshark or is too old; OUTCOME_TSHARK if it fails.
 */
int tshark_ask(struct tshark *tshark, struct loop *loop, uint64_t timeout, struct error *error);

/*
 * Hands the lines of its list of the names of values (-G values) to on_line, without newline: 9 MB, in about 0.5 s. -1
 * with OUTCOME_TSHARK if it fails.
 */
int tshark_values(const struct tshark *tshark, struct loop *loop, void (*on_line)(void *ctx, const char *line, size_t len),
    void *ctx, struct error *error);

/* Forgets the cache: it lacks fields that this tshark printed. */
void tshark_forget(struct tshark *tshark);
void tshark_release(struct tshark *tshark);

/* True if it prints fields in random order (4.2 and later). */
bool tshark_is_unordered(const struct tshark *tshark);
/* True if its EK lines have whole numbers in decimal where PDML shows other digits (4.6 and later). */
bool tshark_is_decimal(const struct tshark *tshark);

/* How packets are dissected; texts borrowed, NULL for none. */
struct tshark_config {
	const char *display_filter;
	const char *const *decode_as;
	size_t decode_as_count;
	const char *only; /* with the plugin: names of the fields that are made, with a plus between them; NULL for all */
	bool pdml;        /* without the plugin packets are printed as PDML, not as EK lines */
	bool absolute;    /* TCP sequence numbers as they stand in the packet: where a stream begins is not known */
	int keys_fd;      /* TLS key log, -1 for none; the child finds it as descriptor 3 */
};

/* How it is run. */
struct tshark_run {
	bool plugin;          /* our plugin writes frames; else packets are printed */
	bool objects;         /* with the plugin: what is loaded is written first, see frames_wire.h */
	bool flush;           /* each packet is written out at once */
	bool filter;          /* with the display filter */
	size_t warm;          /* the first so many packets are dissected, but nothing is printed of them */
	uint32_t placeholder; /* with the plugin, if not 0: of empty records with this length on the wire nothing is printed */
};

/* What is loaded into it for a run, with the plugin or without; NULL for nothing. */
const char *tshark_preload(const struct tshark *tshark, bool plugin);

/* Pushes the words of a run that reads a capture from stdin. */
void tshark_argv(const struct tshark *tshark, const struct tshark_config *config,
    const struct tshark_run *run, struct argv *argv);

/*
 * Lets it read an empty capture with the plugin that is in its home, under these rules. 0 if that works; -1 with the
 * reason, which may be that it refuses the rules.
 */
int tshark_try_plugin(const struct tshark *tshark, struct loop *loop,
    const struct tshark_config *config, struct error *error);

/*
 * Whether it can make few fields: rules->only. How Wireshark comes to that is within it, and was tried with 4.0 alone.
 */
bool tshark_projects(const struct tshark *tshark);

/*
 * Lets it look at the rules with an empty capture. -1 with OUTCOME_USAGE if it refuses them; *words is then the end of
 * what it said, which the caller frees, and else NULL.
 */
int tshark_try_config(const struct tshark *tshark, struct loop *loop,
    const struct tshark_config *config, char **words, struct error *error);

/* Whether a tshark that failed with this on its stderr lacked the memory that its sandbox allows. */
bool tshark_lacks_memory(const struct tshark *tshark, const char *errors);
#define TSHARK_LACKS_MEMORY "tshark ran out of the memory allowed (--tshark-memory)"

/*
 * The first lines of --version, for espcap's own: "TShark (Wireshark) 4.0.17 (...)"; the caller owns it. NULL as
 * tshark_ask.
 */
char *tshark_banner(const struct tshark *tshark, struct loop *loop, struct error *error);

#endif
