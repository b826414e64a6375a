/* SPDX-License-Identifier: BSD-2-Clause */
/* A message for each packet of a capture. */
#include "daemon/packet_log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "packet/capture_reader.h"

struct packet_lines {
	struct log *log;
	const char *id, *interface;
	uint64_t count;
};

static void
log_packet(struct packet_lines *lines, const struct capture_record *record)
{
	if (++lines->count > PACKET_LOG_MAX)
		return;
	log_note(lines->log,
	    "request %s: %s: packet %" PRIu64 ": time %" PRId64 ".%09" PRIu32 ", %" PRIu32 " bytes, %" PRIu32
	    " captured, link type %" PRIu32,
	    lines->id, lines->interface, record->ordinal, record->sec, record->nsec, record->wirelen, record->caplen,
	    record->linktype);
}

static void
read_packets(struct packet_lines *lines, const uint8_t *data, size_t len)
{
	struct capture_reader *reader = capture_reader_new(capture_reader_probe(data, len));
	struct capture_record record;
	struct error error;
	int rv;

	capture_reader_trust(reader);
	while ((rv = capture_reader_next(reader, data, len, true, &record, &error)) > 0) {
		if (record.is_packet)
			log_packet(lines, &record);
		data += record.raw_len;
		len -= record.raw_len;
	}
	if (rv < 0)
		log_error(lines->log, "request %s: %s: %s", lines->id, lines->interface, error.text);
	capture_reader_free(reader);
}

void
packet_log(struct log *log, int fd, const char *id, const char *interface)
{
	struct packet_lines lines = { .log = log, .id = id, .interface = interface };
	struct stat st;
	void *data;

	if (fstat(fd, &st) != 0 || st.st_size <= 0)
		return;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED) {
		log_error(log, "request %s: %s: packets cannot be read: %s", id, interface, strerror(errno));
		return;
	}
	read_packets(&lines, data, (size_t)st.st_size);
	(void)munmap(data, (size_t)st.st_size);
	if (lines.count > PACKET_LOG_MAX)
		log_note(log, "request %s: %s: and %" PRIu64 " packets more", id, interface, lines.count - PACKET_LOG_MAX);
}
