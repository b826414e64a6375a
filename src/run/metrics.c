/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text format: https://prometheus.io/docs/instrumenting/exposition_formats/. Names follow
 * https://prometheus.io/docs/practices/naming/.
 */
#include "run/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

struct writer {
	struct buffer *out;
	const char *interface; /* NULL for none */
	const char *name;      /* of the metric that is being written */
	int rv;
};

static void
begin(struct writer *w, const char *name, const char *type, const char *help)
{
	w->name = name;
	w->rv |= buffer_printf(w->out, "# HELP %s %s\n# TYPE %s %s\n", name,
	    help, name, type);
}

/* The value of a label: what is not UTF-8 is made visible, and three characters are escaped. */
static void
put_label(struct writer *w, bool first, const char *name, const char *value)
{
	char safe[400];
	size_t len = text_visible(safe, sizeof(safe), value, strlen(value));

	w->rv |= buffer_printf(w->out, "%s%s=\"", first ? "{" : ",", name);
	for (size_t i = 0; i < len; i++) {
		if (safe[i] == '\\' || safe[i] == '"')
			w->rv |= buffer_puts(w->out, "\\");
		w->rv |= buffer_append(w->out, &safe[i], 1);
	}
	w->rv |= buffer_puts(w->out, "\"");
}

/* The name, and the labels: that of the interface, and one more if name is not NULL. */
static void
put_series(struct writer *w, const char *name, const char *value)
{
	w->rv |= buffer_puts(w->out, w->name);
	if (w->interface != NULL)
		put_label(w, true, "interface", w->interface);
	if (name != NULL)
		put_label(w, w->interface == NULL, name, value);
	if (w->interface != NULL || name != NULL)
		w->rv |= buffer_puts(w->out, "}");
}

static void
put(struct writer *w, const char *label, const char *value, uint64_t number)
{
	put_series(w, label, value);
	w->rv |= buffer_printf(w->out, " %" PRIu64 "\n", number);
}

static void
put_single(struct writer *w, const char *name, const char *type,
    const char *help, uint64_t number)
{
	begin(w, name, type, help);
	put(w, NULL, NULL, number);
}

static void
put_time(struct writer *w, const char *name, const char *help, uint64_t ms)
{
	begin(w, name, "gauge", help);
	put_series(w, NULL, NULL);
	w->rv |= buffer_printf(w->out, " %" PRIu64 ".%03u\n", ms / 1000,
	    (unsigned)(ms % 1000));
}

static void
put_build(struct writer *w, const struct metrics *m)
{
	begin(w, "espcap_build_info", "gauge",
	    "Versions of espcap and tshark, and how packets come from tshark.");
	w->rv |= buffer_puts(w->out, w->name);
	if (w->interface != NULL)
		put_label(w, true, "interface", w->interface);
	put_label(w, w->interface == NULL, "version", m->version);
	if (m->tshark != NULL) {
		put_label(w, false, "tshark", m->tshark);
		put_label(w, false, "dissection", m->dissection);
	}
	w->rv |= buffer_puts(w->out, "} 1\n");
}

static void
put_run(struct writer *w, const struct metrics *m)
{
	put_single(w, "espcap_running", "gauge",
	    "Whether espcap runs: 0 when it has ended.", !m->ended);
	if (m->ended)
		put_single(w, "espcap_exit_status", "gauge",
		    "The exit status, when espcap has ended.",
		    (uint64_t)m->status);
	put_time(w, "espcap_start_time_seconds",
	    "When espcap was started, in seconds since 1970.", m->start);
	if (m->resolved > 0)
		put_time(w, "espcap_last_delivery_timestamp_seconds",
		    "When a document was last printed, or answered for by the "
		    "server, in seconds since 1970.",
		    m->resolved);
}

/* "fate" is the former name of the label. */
static void
put_outcome(struct writer *w, const char *outcome, uint64_t number)
{
	w->rv |= buffer_puts(w->out, w->name);
	if (w->interface != NULL)
		put_label(w, true, "interface", w->interface);
	put_label(w, w->interface == NULL, "outcome", outcome);
	put_label(w, false, "fate", outcome);
	w->rv |= buffer_printf(w->out, "} %" PRIu64 "\n", number);
}

static void
put_packets(struct writer *w, const struct totals *totals)
{
	put_single(w, "espcap_packets_read_total", "counter",
	    "Packets read: the sum of all outcomes, and of those pending.",
	    totals->read);
	begin(w, "espcap_packets_total", "counter",
	    "Packets by what has become of them.");
	put_outcome(w, totals->has_server ? "indexed" : "printed",
	    totals->delivered);
	if (totals->has_server) {
		put_outcome(w, "duplicate", totals->duplicate);
		put_outcome(w, "rejected", totals->rejected);
		put_outcome(w, "discarded", totals->discarded);
	}
	put_outcome(w, "filtered", totals->filtered);
	put_outcome(w, "undissected", totals->undissected);
	put_outcome(w, "dropped", totals->dropped);
	put_single(w, "espcap_packets_pending", "gauge",
	    "Packets read that have no outcome yet; at the end, unsent ones.",
	    totals->unsent);
	put_single(w, "espcap_packets_skipped_total", "counter",
	    "Packets that the capture filter did not want; they count as not "
	    "read.",
	    totals->skipped);
	if (!totals->has_drops)
		return;
	begin(w, "espcap_capture_drops_total", "counter",
	    "Packets lost while capturing: no room in the queue (those have "
	    "the outcome dropped), or never read.");
	put(w, "cause", "queue", totals->dropped);
	put(w, "cause", "kernel", totals->kernel_drop);
	put(w, "cause", "interface", totals->interface_drop);
}

static void
put_delivery(struct writer *w, const struct metrics *m)
{
	if (!m->totals.has_server)
		return;
	put_single(w, "espcap_requests_retried_total", "counter",
	    "Requests sent again, in whole or in part.", m->totals.retries);
	put_single(w, "espcap_documents_in_flight", "gauge",
	    "Documents that wait for an answer of the server.", m->in_flight);
	if (m->totals.has_auto_id)
		put_single(w, "espcap_documents_maybe_duplicate_total",
		    "counter",
		    "Documents sent again without knowing whether "
		    "the server had taken them.",
		    m->totals.maybe_duplicate);
}

static void
put_queues(struct writer *w, const struct metrics *m)
{
	begin(w, "espcap_queue_bytes", "gauge",
	    "Bytes that wait for tshark (capture, spool), or to be "
	    "delivered.");
	if (m->totals.has_drops)
		put(w, "queue", "capture", m->capture_reader_bytes);
	if (m->spool_room > 0)
		put(w, "queue", "spool", m->spool_bytes);
	put(w, "queue", "delivery", m->delivery_bytes);
	if (!m->totals.has_drops && m->delivery_room == 0)
		return;
	begin(w, "espcap_queue_limit_bytes", "gauge",
	    "Bytes that may wait there.");
	if (m->totals.has_drops)
		put(w, "queue", "capture", m->capture_reader_room);
	if (m->spool_room > 0)
		put(w, "queue", "spool", m->spool_room);
	if (m->delivery_room > 0)
		put(w, "queue", "delivery", m->delivery_room);
}

static void
put_ring(struct writer *w, const struct metrics *m)
{
	if (m->has_ring)
		put_single(w, "espcap_ring_missing_packets_total", "counter",
		    "Packets captured that are not in the files of --ring.",
		    m->totals.ring_missing);
}

static void
put_processes(struct writer *w, const struct metrics *m)
{
	const struct {
		const char *name;
		uint64_t bytes;
	} list[] = {
		{ "espcap", m->own_memory }, { "capture", m->capture_reader_memory },
		{ "tshark", m->tshark_memory }
	};
	bool begun = false;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (list[i].bytes == 0)
			continue;
		if (!begun)
			begin(w, "espcap_resident_memory_bytes", "gauge",
			    "Memory of the processes; of all tsharks "
			    "together.");
		begun = true;
		put(w, "process", list[i].name, list[i].bytes);
	}
	put_single(w, "espcap_tsharks_started_total", "counter",
	    "Times that a tshark was started to dissect.", m->totals.tsharks);
	put_single(w, "espcap_plugin_fallbacks_total", "counter",
	    "Times that tshark failed with the plugin and was run without.",
	    m->totals.fallbacks);
}

int
metrics_write(const struct metrics *metrics, struct buffer *out)
{
	struct writer w = { out, metrics->interface, NULL, 0 };

	put_build(&w, metrics);
	put_run(&w, metrics);
	put_packets(&w, &metrics->totals);
	put_delivery(&w, metrics);
	put_queues(&w, metrics);
	put_ring(&w, metrics);
	put_processes(&w, metrics);
	return w.rv == 0 ? 0 : -1;
}
