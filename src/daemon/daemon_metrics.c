/* SPDX-License-Identifier: BSD-2-Clause */
/* The values of espcapd for Prometheus. */
#include "daemon/daemon_metrics.h"

#include "config.h"

static void
write_state(const struct metrics_out_state *state, struct exposition *exposition)
{
	exposition_begin(exposition, "espcapd_version", "gauge", "1, with the version of espcapd.");
	exposition_put(exposition, "version", PACKAGE_VERSION, 1);
	exposition_single(exposition, "espcapd_running", "gauge", "1 while espcapd runs, 0 after its end.",
	    !state->has_ended);
	if (state->has_ended)
		exposition_single(exposition, "espcapd_exit_status", "gauge", "The exit status, after the end of espcapd.",
		    (uint64_t)state->status);
	exposition_time(exposition, "espcapd_start_time_seconds", "When espcapd was started, in seconds since 1970.",
	    state->start);
}

static void
write_requests(const struct hub_counts *counts, struct exposition *exposition)
{
	exposition_begin(exposition, "espcapd_requests_total", "counter", "Requests by what was decided.");
	exposition_put(exposition, "decision", "accepted", counts->accepted);
	exposition_put(exposition, "decision", "refused", counts->refused);
	exposition_put(exposition, "decision", "busy", counts->busy);
	exposition_put(exposition, "decision", "already", counts->already);
	exposition_put(exposition, "decision", "not_ours", counts->not_ours);
	exposition_put(exposition, "decision", "cancel", counts->cancelled);
	exposition_put(exposition, "decision", "status", counts->status);
}

static void
write_captures(const struct captures *captures, struct exposition *exposition)
{
	struct captures_counts counts;

	captures_counts(captures, &counts);
	exposition_single(exposition, "espcapd_captures_running", "gauge", "Captures that run.", counts.running);
	exposition_single(exposition, "espcapd_capture_memory_bytes", "gauge",
	    "Memory reserved for captures and look-back.", counts.memory);
	exposition_begin(exposition, "espcapd_captures_total", "counter", "Captures by what became of them.");
	exposition_put(exposition, "state", "started", counts.started);
	exposition_put(exposition, "state", "ended", counts.ended);
	exposition_put(exposition, "state", "failed", counts.failed);
	exposition_single(exposition, "espcapd_captured_packets_total", "counter", "Packets in captures that have ended.",
	    counts.packets);
	exposition_single(exposition, "espcapd_captured_bytes_total", "counter", "Bytes of capture files that have ended.",
	    counts.bytes);
	exposition_begin(exposition, "espcapd_dropped_packets_total", "counter",
	    "Packets that captures missed, by where they were dropped.");
	exposition_put(exposition, "by", "kernel", counts.kernel_drop);
	exposition_put(exposition, "by", "interface", counts.interface_drop);
}

/* Those of the other rooms write into the same text. */
static void
write_transports(const struct daemon_values *values, struct exposition *exposition)
{
	exposition->rv |= listener_metrics(values->listeners, values->listener_count, exposition->out);
	if (values->publisher != NULL)
		exposition->rv |= publisher_metrics(values->publisher, exposition->out);
}

void
daemon_metrics_write(const struct daemon_values *values, const struct metrics_out_state *state,
    struct exposition *exposition)
{
	write_state(state, exposition);
	write_requests(&values->hub, exposition);
	write_captures(values->captures, exposition);
	exposition_single(exposition, "espcapd_captures_unrecorded", "gauge",
	    "Failed captures whose record could not be written yet.", values->unrecorded);
	deliver_metrics(values->deliver, exposition);
	write_transports(values, exposition);
}
