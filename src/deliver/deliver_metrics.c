/* SPDX-License-Identifier: BSD-2-Clause */
/* What deliveries count, as metrics. */
#include "deliver/deliver_metrics.h"

/* One value for each destination. */
static void
put_each(struct exposition *exposition, const uint64_t values[DESTINATIONS])
{
	for (unsigned i = 0; i < DESTINATIONS; i++)
		exposition_put(exposition, "destination", destination_name(i), values[i]);
}

static void
put_ends(const struct deliver_sums *sums, struct exposition *exposition)
{
	static const struct {
		const char *name, *help;
	} ends[DELIVER_ENDS] = {
		{ "espcapd_delivered_total", "Captures that were delivered, once for each destination." },
		{ "espcapd_delivery_unknown_total",
		    "Captures of which it is not known whether they were delivered: dead letter folder." },
		{ "espcapd_delivery_failed_total", "Captures that could not be delivered: dead letter folder." }
	};
	uint64_t values[DESTINATIONS];

	for (unsigned end = 0; end < DELIVER_ENDS; end++) {
		for (unsigned i = 0; i < DESTINATIONS; i++)
			values[i] = sums->ended[i][end];
		exposition_begin(exposition, ends[end].name, "counter", ends[end].help);
		put_each(exposition, values);
	}
}

static void
put_spool(const struct deliver_sums *sums, const struct store_counts *counts, struct exposition *exposition)
{
	exposition_single(exposition, "espcapd_spooled_total", "counter", "Captures that became durable in the spool.",
	    sums->spooled);
	exposition_single(exposition, "espcapd_spool_refused_total", "counter",
	    "Captures that could not be spooled, and are lost.", sums->refused);
	exposition_single(exposition, "espcapd_spool_entries", "gauge",
	    "Captures in the spool that wait for one of their destinations.", counts->spooled);
	exposition_single(exposition, "espcapd_dead_letter_entries", "gauge", "Entries in the dead letter folder.",
	    counts->dead);
	exposition_single(exposition, "espcapd_spool_bytes", "gauge",
	    "Bytes of captures in the spool and the dead letter folder.", counts->bytes);
	exposition_single(exposition, "espcapd_spool_bad_total", "counter",
	    "Entries of the spool that were found damaged, and set aside.", counts->bad);
}

void
deliver_metrics_write(const struct deliver_sums *sums, const struct store_counts *counts, struct exposition *exposition)
{
	put_spool(sums, counts, exposition);
	put_ends(sums, exposition);
	exposition_begin(exposition, "espcapd_delivery_attempts_total", "counter", "Attempts that were begun.");
	put_each(exposition, sums->attempts);
	exposition_begin(exposition, "espcapd_delivered_bytes_total", "counter", "Bytes of captures that were delivered.");
	put_each(exposition, sums->bytes);
	exposition_begin(exposition, "espcapd_delivery_waiting", "gauge", "Captures that wait for this destination.");
	put_each(exposition, sums->waiting);
}
