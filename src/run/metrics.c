/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text format: https://prometheus.io/docs/instrumenting/exposition_formats/. Names follow
 * https://prometheus.io/docs/practices/naming/.
 */
#include "run/metrics.h"

#include <inttypes.h>
#include <stdio.h>
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
	    "1 while espcap runs, 0 after its end.", !m->ended);
	if (m->ended)
		put_single(w, "espcap_exit_status", "gauge",
		    "The exit status, after the end of espcap.",
		    (uint64_t)m->status);
	put_time(w, "espcap_start_time_seconds",
	    "When espcap was started, in seconds since 1970.", m->start);
	if (m->resolved > 0)
		put_time(w, "espcap_last_delivery_timestamp_seconds",
		    "When a document was last printed, or acknowledged by the server, "
		    "in seconds since 1970.",
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

/*
 * Calls put for the sums of each interface, whose name is the label; of one interface, or none, for those of the run.
 */
static void
put_each(struct writer *w, const struct metrics *m,
    void (*put_totals)(struct writer *w, const struct totals *totals))
{
	const char *all = w->interface;

	if (m->totals.part_count == 0)
		put_totals(w, &m->totals);
	for (size_t i = 0; i < m->totals.part_count; i++) {
		w->interface = m->totals.parts[i].interface;
		put_totals(w, &m->totals.parts[i].totals);
	}
	w->interface = all;
}

static void
put_read(struct writer *w, const struct totals *totals)
{
	put(w, NULL, NULL, totals->read);
}

static void
put_skipped(struct writer *w, const struct totals *totals)
{
	put(w, NULL, NULL, totals->skipped);
}

static void
put_outcomes(struct writer *w, const struct totals *totals)
{
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
	if (totals->is_kafka)
		put_outcome(w, "released", totals->released);
}

static void
put_drops(struct writer *w, const struct totals *totals)
{
	put(w, "cause", "queue", totals->dropped);
	put(w, "cause", "kernel", totals->kernel_drop);
	put(w, "cause", "interface", totals->interface_drop);
}

static void
put_packets(struct writer *w, const struct metrics *m)
{
	begin(w, "espcap_packets_read_total", "counter",
	    "Packets read: the sum of all outcomes, and of those pending.");
	put_each(w, m, put_read);
	begin(w, "espcap_packets_total", "counter",
	    "Packets read, by outcome.");
	put_each(w, m, put_outcomes);
	put_single(w, "espcap_packets_pending", "gauge",
	    "Packets read that have no outcome yet; at the end, unsent ones.",
	    m->totals.unsent);
	begin(w, "espcap_packets_skipped_total", "counter",
	    "Packets filtered out by --bpf; they do not count as read.");
	put_each(w, m, put_skipped);
	if (!m->totals.has_drops)
		return;
	begin(w, "espcap_capture_drops_total", "counter",
	    "Packets lost while capturing: no room in the queue (those have "
	    "the outcome dropped), or never read.");
	put_each(w, m, put_drops);
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

/*
 * What of an interface is no count. At the end there are no queues and no processes, as metrics_file_end says of the
 * run.
 */
struct station {
	const char *interface;
	uint64_t bytes, room, spool_bytes, spool_room;
	uint64_t capture_memory, tshark_memory;
};

/*
 * Fills the station of an interface; false if there are not so many. Without several interfaces there is that of the
 * run.
 */
static bool
get_station(const struct metrics *m, size_t index, struct station *station)
{
	const struct totals_part *part;

	if (m->totals.part_count == 0 && index == 0) {
		*station = (struct station){ m->interface,
			m->capture_reader_bytes, m->capture_reader_room,
			m->spool_bytes, m->spool_room,
			m->capture_reader_memory, m->tshark_memory };
		return true;
	}
	if (index >= m->totals.part_count)
		return false;
	part = &m->totals.parts[index];
	*station = (struct station){ part->interface,
		part->capture_reader_bytes, part->capture_reader_room,
		part->spool_bytes, part->spool_room,
		part->capture_reader_memory, part->tshark_memory };
	if (m->ended)
		station->bytes = station->capture_memory = station->tshark_memory = 0;
	return true;
}

static void
put_capture_queue(struct writer *w, const struct station *station, uint64_t capture, uint64_t spool)
{
	const char *all = w->interface;

	w->interface = station->interface;
	put(w, "queue", "capture", capture);
	if (station->spool_room > 0)
		put(w, "queue", "spool", spool);
	w->interface = all;
}

static void
put_queues(struct writer *w, const struct metrics *m)
{
	struct station station;

	begin(w, "espcap_queue_bytes", "gauge",
	    "Bytes that wait for tshark (capture, spool), or to be "
	    "delivered.");
	for (size_t i = 0; m->totals.has_drops && get_station(m, i, &station); i++)
		put_capture_queue(w, &station, station.bytes, station.spool_bytes);
	put(w, "queue", "delivery", m->delivery_bytes);
	if (!m->totals.has_drops && m->delivery_room == 0)
		return;
	begin(w, "espcap_queue_limit_bytes", "gauge",
	    "Bytes that may wait there.");
	for (size_t i = 0; m->totals.has_drops && get_station(m, i, &station); i++)
		put_capture_queue(w, &station, station.room, station.spool_room);
	if (m->delivery_room > 0)
		put(w, "queue", "delivery", m->delivery_room);
}

static void
put_ring_missing(struct writer *w, const struct totals *totals)
{
	put(w, NULL, NULL, totals->ring_missing);
}

static void
put_ring(struct writer *w, const struct metrics *m)
{
	if (!m->has_ring)
		return;
	begin(w, "espcap_ring_missing_packets_total", "counter",
	    "Packets captured that are not in the files of --ring.");
	put_each(w, m, put_ring_missing);
}

/* Of topics there is no interface. */
static void
put_lag(struct writer *w, const struct input_partition *partition)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%" PRId32, partition->partition);
	w->rv |= buffer_puts(w->out, w->name);
	put_label(w, true, "topic", partition->topic);
	put_label(w, false, "partition", number);
	w->rv |= buffer_printf(w->out, "} %" PRIu64 "\n", partition->lag);
}

static void
put_kafka_counts(struct writer *w, const struct totals *totals)
{
	put_single(w, "espcap_kafka_warmed_packets_total", "counter",
	    "Packets read as context only, without documents; they do not count as read.", totals->warmed);
	put_single(w, "espcap_kafka_missed_messages_total", "counter",
	    "Messages deleted by the retention of the topic before they were read.", totals->missed);
	put_single(w, "espcap_kafka_mixed_packets_total", "counter",
	    "Packets dissected by a tshark that several captures share.", totals->mixed);
	put_single(w, "espcap_kafka_malformed_messages_total", "counter",
	    "Messages that are no packets; they do not count as read.", totals->malformed);
}

static void
put_kafka(struct writer *w, const struct metrics *m)
{
	const struct input_kafka *kafka = &m->kafka;

	if (!m->totals.is_kafka)
		return;
	put_kafka_counts(w, &m->totals);
	if (kafka->partition_count > 0)
		begin(w, "espcap_kafka_lag", "gauge",
		    "Messages of an assigned partition whose packets have no outcome yet.");
	for (size_t i = 0; i < kafka->partition_count; i++)
		put_lag(w, &kafka->partitions[i]);
	put_single(w, "espcap_kafka_assigned_partitions", "gauge",
	    "Partitions that this worker has.", kafka->partition_count);
	put_single(w, "espcap_kafka_sessions", "gauge",
	    "Tsharks that run, each for a capture of a partition.", kafka->sessions);
	put_single(w, "espcap_kafka_cut_off", "gauge",
	    "1 while a broker does not answer.", kafka->is_cut_off);
	put_single(w, "espcap_kafka_commits_total", "counter",
	    "Commits of offsets that the cluster confirmed.", kafka->commits);
	put_single(w, "espcap_kafka_rebalances_total", "counter",
	    "Times that the group shared out its partitions anew.", kafka->rebalances);
}

static void
put_memory(struct writer *w, const char *process, uint64_t bytes)
{
	if (bytes > 0)
		put(w, "process", process, bytes);
}

static void
put_processes(struct writer *w, const struct metrics *m)
{
	const char *all = w->interface;
	struct station station;

	if (m->own_memory + m->capture_reader_memory + m->tshark_memory + m->kafka.memory > 0)
		begin(w, "espcap_resident_memory_bytes", "gauge",
		    "Memory of the processes; of all tsharks together.");
	put_memory(w, "espcap", m->own_memory);
	for (size_t i = 0; get_station(m, i, &station); i++) {
		w->interface = station.interface;
		put_memory(w, "capture", station.capture_memory);
		put_memory(w, "tshark", station.tshark_memory);
	}
	w->interface = all;
	put_memory(w, "kafka", m->kafka.memory);
}

static void
put_tsharks(struct writer *w, const struct totals *totals)
{
	put(w, NULL, NULL, totals->tsharks);
}

static void
put_fallbacks(struct writer *w, const struct totals *totals)
{
	put(w, NULL, NULL, totals->fallbacks);
}

static void
put_starts(struct writer *w, const struct metrics *m)
{
	begin(w, "espcap_tsharks_started_total", "counter",
	    "Times that a tshark was started to dissect.");
	put_each(w, m, put_tsharks);
	begin(w, "espcap_plugin_fallbacks_total", "counter",
	    "Times that tshark failed with the plugin and was run without.");
	put_each(w, m, put_fallbacks);
}

int
metrics_write(const struct metrics *metrics, struct buffer *out)
{
	struct writer w = { out, metrics->interface, NULL, 0 };

	put_build(&w, metrics);
	put_run(&w, metrics);
	put_packets(&w, metrics);
	put_delivery(&w, metrics);
	put_queues(&w, metrics);
	put_ring(&w, metrics);
	put_kafka(&w, metrics);
	put_processes(&w, metrics);
	put_starts(&w, metrics);
	return w.rv == 0 ? 0 : -1;
}
