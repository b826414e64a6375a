/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tries the plugin with a sample: whether the packets are the same with shortcuts.so, and if tshark makes only some
 * fields.
 */
#ifndef ESPCAP_TSHARK_SELFTEST_H
#define ESPCAP_TSHARK_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "tshark/cache.h"
#include "tshark/tshark.h"

/* The records of the sample without bytes and with this length on the wire stand for packets of another tshark. */
#define SELFTEST_PLACEHOLDER 20000000

/* All borrowed. The plugin is in tshark's home. */
struct selftest {
	const struct tshark *tshark;
	struct loop *loop;
	const char *sample;  /* path */
	const char *preload; /* with shortcuts.so; NULL: it is not tried */
	bool projection;     /* whether making some fields is tried */
};

/*
 * Fills in those of trials that are asked for and TRIAL_UNKNOWN; of projection[] the one with shortcuts.so if it is
 * good, else the one without. objects: what was loaded, as for cache_remember. -1 with the reason if the plugin fails
 * with the sample and nothing can be compared; it may work with other captures.
 * Takes two runs of tshark, or three; one that hangs with shortcuts.so is ended after several times what it took
 * without.
 */
int selftest_run(const struct selftest *test, struct trials *trials, struct buffer *objects,
    struct error *error);

#endif
