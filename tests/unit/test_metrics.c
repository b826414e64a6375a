/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of run/metrics.c, and of run/metrics_file.c. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/metrics.h"
#include "run/metrics_file.h"

static const struct metrics file_run = { .version = "1.2",
	.tshark = "4.0.17",
	.dissection = "ek",
	.start = 1700000000007,
	.totals = { .read = 10,
	    .delivered = 4,
	    .filtered = 3,
	    .undissected = 1,
	    .unsent = 2,
	    .skipped = 5,
	    .tsharks = 2,
	    .fallbacks = 1 },
	.delivery_bytes = 77,
	.own_memory = 4096,
	.tshark_memory = 8192 };

static const struct metrics live_run = { .version = "1.2",
	.tshark = "4.0.17",
	.dissection = "plugin",
	.interface = "eth0",
	.start = 1700000000000,
	.resolved = 1700000001999,
	.totals = { .read = 44,
	    .delivered = 6,
	    .duplicate = 5,
	    .rejected = 4,
	    .discarded = 23,
	    .filtered = 3,
	    .undissected = 2,
	    .dropped = 1,
	    .retries = 9,
	    .maybe_duplicate = 8,
	    .kernel_drop = 7,
	    .ring_missing = 22,
	    .interface_drop = UINT64_MAX,
	    .has_drops = true,
	    .has_server = true,
	    .has_auto_id = true,
	    .tsharks = 3 },
	.in_flight = 11,
	.capture_reader_bytes = 12,
	.capture_reader_room = 13,
	.spool_bytes = 19,
	.spool_room = 20,
	.has_ring = true,
	.delivery_bytes = 14,
	.delivery_room = 15,
	.own_memory = 16,
	.capture_reader_memory = 17,
	.tshark_memory = 18 };

/* Terminated, to be freed. */
static char *
written(const struct metrics *metrics)
{
	struct buffer out;
	char *text;

	buffer_init(&out, 1 << 20);
	assert_int_equal(metrics_write(metrics, &out), 0);
	text = strndup(out.data, out.len);
	buffer_release(&out);
	return text;
}

/* The lines of values only. */
static void
assert_values(const struct metrics *metrics, const char *wanted)
{
	char *text = written(metrics), *line, *rest = text;
	char values[8192] = "";

	while ((line = strsep(&rest, "\n")) != NULL && rest != NULL)
		if (line[0] != '#') {
			strcat(values, line);
			strcat(values, "\n");
		}
	assert_string_equal(values, wanted);
	free(text);
}

static void
test_files_to_standard_output(void **state)
{
	(void)state;
	assert_values(&file_run,
	    "espcap_build_info{version=\"1.2\",tshark=\"4.0.17\",dissection=\"ek\"} 1\n"
	    "espcap_running 1\n"
	    "espcap_start_time_seconds 1700000000.007\n"
	    "espcap_packets_read_total 10\n"
	    "espcap_packets_total{outcome=\"printed\",fate=\"printed\"} 4\n"
	    "espcap_packets_total{outcome=\"filtered\",fate=\"filtered\"} 3\n"
	    "espcap_packets_total{outcome=\"undissected\",fate=\"undissected\"} 1\n"
	    "espcap_packets_total{outcome=\"dropped\",fate=\"dropped\"} 0\n"
	    "espcap_packets_pending 2\n"
	    "espcap_packets_skipped_total 5\n"
	    "espcap_queue_bytes{queue=\"delivery\"} 77\n"
	    "espcap_resident_memory_bytes{process=\"espcap\"} 4096\n"
	    "espcap_resident_memory_bytes{process=\"tshark\"} 8192\n"
	    "espcap_tsharks_started_total 2\n"
	    "espcap_plugin_fallbacks_total 1\n");
}

static const struct input_partition partitions[] = { { "packets", 0, 17 }, { "a\"b", 11, UINT64_MAX } };

static const struct metrics kafka_run = { .version = "1.2",
	.tshark = "4.0.17",
	.dissection = "plugin",
	.start = 1700000000000,
	.totals = { .read = 20,
	    .delivered = 6,
	    .released = 9,
	    .unsent = 5,
	    .is_kafka = true,
	    .has_server = true,
	    .warmed = 31,
	    .missed = 32,
	    .mixed = 33,
	    .malformed = 34,
	    .tsharks = 3 },
	.kafka = { .partitions = partitions,
	    .partition_count = 2,
	    .commits = 41,
	    .rebalances = 42,
	    .sessions = 43,
	    .is_cut_off = true,
	    .memory = 44 } };

static void
test_kafka(void **state)
{
	struct metrics none = kafka_run;
	char *text;

	(void)state;
	assert_values(&kafka_run,
	    "espcap_build_info{version=\"1.2\",tshark=\"4.0.17\",dissection=\"plugin\"} 1\n"
	    "espcap_running 1\n"
	    "espcap_start_time_seconds 1700000000.000\n"
	    "espcap_packets_read_total 20\n"
	    "espcap_packets_total{outcome=\"indexed\",fate=\"indexed\"} 6\n"
	    "espcap_packets_total{outcome=\"duplicate\",fate=\"duplicate\"} 0\n"
	    "espcap_packets_total{outcome=\"rejected\",fate=\"rejected\"} 0\n"
	    "espcap_packets_total{outcome=\"discarded\",fate=\"discarded\"} 0\n"
	    "espcap_packets_total{outcome=\"filtered\",fate=\"filtered\"} 0\n"
	    "espcap_packets_total{outcome=\"undissected\",fate=\"undissected\"} 0\n"
	    "espcap_packets_total{outcome=\"dropped\",fate=\"dropped\"} 0\n"
	    "espcap_packets_total{outcome=\"released\",fate=\"released\"} 9\n"
	    "espcap_packets_pending 5\n"
	    "espcap_packets_skipped_total 0\n"
	    "espcap_requests_retried_total 0\n"
	    "espcap_documents_in_flight 0\n"
	    "espcap_queue_bytes{queue=\"delivery\"} 0\n"
	    "espcap_kafka_warmed_packets_total 31\n"
	    "espcap_kafka_missed_messages_total 32\n"
	    "espcap_kafka_mixed_packets_total 33\n"
	    "espcap_kafka_malformed_messages_total 34\n"
	    "espcap_kafka_lag{topic=\"packets\",partition=\"0\"} 17\n"
	    "espcap_kafka_lag{topic=\"a\\\"b\",partition=\"11\"} 18446744073709551615\n"
	    "espcap_kafka_assigned_partitions 2\n"
	    "espcap_kafka_sessions 43\n"
	    "espcap_kafka_cut_off 1\n"
	    "espcap_kafka_commits_total 41\n"
	    "espcap_kafka_rebalances_total 42\n"
	    "espcap_resident_memory_bytes{process=\"kafka\"} 44\n"
	    "espcap_tsharks_started_total 3\n"
	    "espcap_plugin_fallbacks_total 0\n");
	/* A worker that waits has no partition, and no metric without a value. */
	none.kafka = (struct input_kafka){ .partitions = NULL };
	text = written(&none);
	assert_null(strstr(text, "espcap_kafka_lag"));
	assert_null(strstr(text, "espcap_resident_memory_bytes"));
	assert_non_null(strstr(text, "\nespcap_kafka_assigned_partitions 0\n"));
	free(text);
}

static void
test_live_to_a_server(void **state)
{
	(void)state;
	assert_values(&live_run,
	    "espcap_build_info{interface=\"eth0\",version=\"1.2\",tshark=\"4.0.17\",dissection=\"plugin\"} 1\n"
	    "espcap_running{interface=\"eth0\"} 1\n"
	    "espcap_start_time_seconds{interface=\"eth0\"} 1700000000.000\n"
	    "espcap_last_delivery_timestamp_seconds{interface=\"eth0\"} 1700000001.999\n"
	    "espcap_packets_read_total{interface=\"eth0\"} 44\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"indexed\",fate=\"indexed\"} 6\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"duplicate\",fate=\"duplicate\"} 5\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"rejected\",fate=\"rejected\"} 4\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"discarded\",fate=\"discarded\"} 23\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"filtered\",fate=\"filtered\"} 3\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"undissected\",fate=\"undissected\"} 2\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"dropped\",fate=\"dropped\"} 1\n"
	    "espcap_packets_pending{interface=\"eth0\"} 0\n"
	    "espcap_packets_skipped_total{interface=\"eth0\"} 0\n"
	    "espcap_capture_drops_total{interface=\"eth0\",cause=\"queue\"} 1\n"
	    "espcap_capture_drops_total{interface=\"eth0\",cause=\"kernel\"} 7\n"
	    "espcap_capture_drops_total{interface=\"eth0\",cause=\"interface\"} 18446744073709551615\n"
	    "espcap_requests_retried_total{interface=\"eth0\"} 9\n"
	    "espcap_documents_in_flight{interface=\"eth0\"} 11\n"
	    "espcap_documents_maybe_duplicate_total{interface=\"eth0\"} 8\n"
	    "espcap_queue_bytes{interface=\"eth0\",queue=\"capture\"} 12\n"
	    "espcap_queue_bytes{interface=\"eth0\",queue=\"spool\"} 19\n"
	    "espcap_queue_bytes{interface=\"eth0\",queue=\"delivery\"} 14\n"
	    "espcap_queue_limit_bytes{interface=\"eth0\",queue=\"capture\"} 13\n"
	    "espcap_queue_limit_bytes{interface=\"eth0\",queue=\"spool\"} 20\n"
	    "espcap_queue_limit_bytes{interface=\"eth0\",queue=\"delivery\"} 15\n"
	    "espcap_ring_missing_packets_total{interface=\"eth0\"} 22\n"
	    "espcap_resident_memory_bytes{interface=\"eth0\",process=\"espcap\"} 16\n"
	    "espcap_resident_memory_bytes{interface=\"eth0\",process=\"capture\"} 17\n"
	    "espcap_resident_memory_bytes{interface=\"eth0\",process=\"tshark\"} 18\n"
	    "espcap_tsharks_started_total{interface=\"eth0\"} 3\n"
	    "espcap_plugin_fallbacks_total{interface=\"eth0\"} 0\n");
}

/* What is of an interface is said of each, the rest of the run. */
static void
test_several_interfaces(void **state)
{
	struct totals_part parts[] = {
		{ .interface = "eth0",
		    .totals = { .read = 40, .delivered = 4, .duplicate = 5, .rejected = 4, .discarded = 23, .filtered = 3, .undissected = 1, .kernel_drop = 7, .ring_missing = 22, .has_server = true, .tsharks = 3, .is_part = true },
		    .capture_reader_bytes = 12,
		    .capture_reader_room = 13,
		    .capture_reader_memory = 17,
		    .spool_bytes = 19,
		    .spool_room = 20,
		    .tshark_memory = 18 },
		{ .interface = "lo",
		    .totals = { .read = 4, .delivered = 2, .undissected = 1, .dropped = 1, .interface_drop = 9, .has_server = true, .fallbacks = 6, .is_part = true },
		    .capture_reader_room = 13,
		    .spool_room = 20 }
	};
	struct metrics metrics = live_run;

	(void)state;
	metrics.interface = "eth0,lo";
	metrics.totals.parts = parts;
	metrics.totals.part_count = 2;
	assert_values(&metrics,
	    "espcap_build_info{interface=\"eth0,lo\",version=\"1.2\",tshark=\"4.0.17\",dissection=\"plugin\"} 1\n"
	    "espcap_running{interface=\"eth0,lo\"} 1\n"
	    "espcap_start_time_seconds{interface=\"eth0,lo\"} 1700000000.000\n"
	    "espcap_last_delivery_timestamp_seconds{interface=\"eth0,lo\"} 1700000001.999\n"
	    "espcap_packets_read_total{interface=\"eth0\"} 40\n"
	    "espcap_packets_read_total{interface=\"lo\"} 4\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"indexed\",fate=\"indexed\"} 4\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"duplicate\",fate=\"duplicate\"} 5\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"rejected\",fate=\"rejected\"} 4\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"discarded\",fate=\"discarded\"} 23\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"filtered\",fate=\"filtered\"} 3\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"undissected\",fate=\"undissected\"} 1\n"
	    "espcap_packets_total{interface=\"eth0\",outcome=\"dropped\",fate=\"dropped\"} 0\n"
	    "espcap_packets_total{interface=\"lo\",outcome=\"indexed\",fate=\"indexed\"} 2\n"
	    "espcap_packets_total{interface=\"lo\",outcome=\"duplicate\",fate=\"duplicate\"} 0\n"
	    "espcap_packets_total{interface=\"lo\",outcome=\"rejected\",fate=\"rejected\"} 0\n"
	    "espcap_packets_total{interface=\"lo\",outcome=\"discarded\",fate=\"discarded\"} 0\n"
	    "espcap_packets_total{interface=\"lo\",outcome=\"filtered\",fate=\"filtered\"} 0\n"
	    "espcap_packets_total{interface=\"lo\",outcome=\"undissected\",fate=\"undissected\"} 1\n"
	    "espcap_packets_total{interface=\"lo\",outcome=\"dropped\",fate=\"dropped\"} 1\n"
	    "espcap_packets_pending{interface=\"eth0,lo\"} 0\n"
	    "espcap_packets_skipped_total{interface=\"eth0\"} 0\n"
	    "espcap_packets_skipped_total{interface=\"lo\"} 0\n"
	    "espcap_capture_drops_total{interface=\"eth0\",cause=\"queue\"} 0\n"
	    "espcap_capture_drops_total{interface=\"eth0\",cause=\"kernel\"} 7\n"
	    "espcap_capture_drops_total{interface=\"eth0\",cause=\"interface\"} 0\n"
	    "espcap_capture_drops_total{interface=\"lo\",cause=\"queue\"} 1\n"
	    "espcap_capture_drops_total{interface=\"lo\",cause=\"kernel\"} 0\n"
	    "espcap_capture_drops_total{interface=\"lo\",cause=\"interface\"} 9\n"
	    "espcap_requests_retried_total{interface=\"eth0,lo\"} 9\n"
	    "espcap_documents_in_flight{interface=\"eth0,lo\"} 11\n"
	    "espcap_documents_maybe_duplicate_total{interface=\"eth0,lo\"} 8\n"
	    "espcap_queue_bytes{interface=\"eth0\",queue=\"capture\"} 12\n"
	    "espcap_queue_bytes{interface=\"eth0\",queue=\"spool\"} 19\n"
	    "espcap_queue_bytes{interface=\"lo\",queue=\"capture\"} 0\n"
	    "espcap_queue_bytes{interface=\"lo\",queue=\"spool\"} 0\n"
	    "espcap_queue_bytes{interface=\"eth0,lo\",queue=\"delivery\"} 14\n"
	    "espcap_queue_limit_bytes{interface=\"eth0\",queue=\"capture\"} 13\n"
	    "espcap_queue_limit_bytes{interface=\"eth0\",queue=\"spool\"} 20\n"
	    "espcap_queue_limit_bytes{interface=\"lo\",queue=\"capture\"} 13\n"
	    "espcap_queue_limit_bytes{interface=\"lo\",queue=\"spool\"} 20\n"
	    "espcap_queue_limit_bytes{interface=\"eth0,lo\",queue=\"delivery\"} 15\n"
	    "espcap_ring_missing_packets_total{interface=\"eth0\"} 22\n"
	    "espcap_ring_missing_packets_total{interface=\"lo\"} 0\n"
	    "espcap_resident_memory_bytes{interface=\"eth0,lo\",process=\"espcap\"} 16\n"
	    "espcap_resident_memory_bytes{interface=\"eth0\",process=\"capture\"} 17\n"
	    "espcap_resident_memory_bytes{interface=\"eth0\",process=\"tshark\"} 18\n"
	    "espcap_tsharks_started_total{interface=\"eth0\"} 3\n"
	    "espcap_tsharks_started_total{interface=\"lo\"} 0\n"
	    "espcap_plugin_fallbacks_total{interface=\"eth0\"} 0\n"
	    "espcap_plugin_fallbacks_total{interface=\"lo\"} 6\n");
}

/* What a label cannot hold as it is. */
static void
test_odd_interface(void **state)
{
	struct metrics metrics = live_run;
	char *text;

	(void)state;
	metrics.interface = "a\"b\\c\nd\xff";
	text = written(&metrics);
	assert_non_null(strstr(text,
	    "espcap_running{interface=\"a\\\"b\\\\c\\\\x0ad\\\\xff\"} 1\n"));
	free(text);
	/* Nor what turns the text of a page round that shows it. */
	metrics.interface =
	    "\xe2\x80\xae"
	    "0hte";
	text = written(&metrics);
	assert_non_null(strstr(text,
	    "espcap_running{interface=\"\\\\xe2\\\\x80\\\\xae0hte\"} 1\n"));
	free(text);
}

static void
test_no_room(void **state)
{
	struct buffer out;

	(void)state;
	buffer_init(&out, 2000);
	assert_int_equal(metrics_write(&live_run, &out), -1);
	buffer_release(&out);
}

static void
assert_contents(const char *name, const char *line)
{
	char text[16384];
	FILE *file = fopen(name, "r");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	assert_non_null(strstr(text, line));
	assert_int_equal(text[len - 1], '\n');
}

static void
test_file(void **state)
{
	char folder[] = "/tmp/test_metrics.XXXXXX", name[64], temporary[80];
	struct log log = { .program = "test", .level = LOG_LEVEL_QUIET };
	struct totals totals = { .read = 5, .unsent = 5 };
	struct metrics_file *file;
	struct error error;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(name, sizeof(name), "%s/x.prom", folder);
	(void)snprintf(temporary, sizeof(temporary), "%s.tmp", name);
	/* Somebody else's, beside it. */
	assert_int_equal(symlink("/dev/full", temporary), 0);
	umask(077);
	file = metrics_file_new(name, &error);
	assert_non_null(file);
	/* Nothing is there before it is to be, not even an end. */
	metrics_file_end(file, &log, &totals, 5);
	assert_int_equal(access(name, F_OK), -1);
	assert_int_equal(metrics_file_begin(file, &live_run, &error), 0);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_contents(name, "espcap_running{interface=\"eth0\"} 1\n");
	metrics_file_write(file, &log, &file_run);
	assert_contents(name, "espcap_packets_read_total{interface=\"eth0\"} 10\n");
	/* What it lent is gone at the end. */
	totals.is_kafka = true;
	metrics_file_write(file, &log, &kafka_run);
	assert_contents(name, "espcap_kafka_assigned_partitions{interface=\"eth0\"} 2\n");
	metrics_file_end(file, &log, &totals, 5);
	assert_contents(name, "espcap_running{interface=\"eth0\"} 0\n");
	assert_contents(name, "espcap_kafka_assigned_partitions{interface=\"eth0\"} 0\n");
	assert_contents(name, "espcap_kafka_commits_total{interface=\"eth0\"} 41\n");
	assert_contents(name, "espcap_exit_status{interface=\"eth0\"} 5\n");
	assert_contents(name, "espcap_packets_pending{interface=\"eth0\"} 5\n");
	metrics_file_free(file);
	assert_int_equal(lstat(temporary, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(unlink(temporary), 0);
	/* Not in place of what is not a file. */
	unlink(name);
	assert_int_equal(symlink("/dev/null", name), 0);
	assert_null(metrics_file_new(name, &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	unlink(name);
	assert_int_equal(rmdir(folder), 0);
	assert_null(metrics_file_new(name, &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	metrics_file_end(NULL, &log, NULL, 0);
	metrics_file_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_to_standard_output),
		cmocka_unit_test(test_live_to_a_server),
		cmocka_unit_test(test_kafka),
		cmocka_unit_test(test_several_interfaces),
		cmocka_unit_test(test_odd_interface),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_file)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
