/* The progress line for a person at a terminal, and the final line. */
#ifndef ESPCAP_APP_PROGRESS_H
#define ESPCAP_APP_PROGRESS_H

#include <stdint.h>
#include <stddef.h>

/* What is known at one moment of a run. */
struct progress {
	uint64_t files_done, files_all;
	uint64_t packets;
	uint64_t bytes_done, bytes_all;	/* of the inputs; bytes_all 0 if not known */
	uint64_t elapsed;		/* ms */
};

/* The one line: files, packets, bytes, rate, time left. Always terminated. */
void progress_line(const struct progress *progress, char *line, size_t size);

/* The sums of a run. */
struct totals {
	uint64_t read, printed, duplicate, rejected, filtered, undissected, dropped, unsent;
	uint64_t skipped, retries;
};

/* "read=N printed=N duplicate=N ...", see THE FINAL LINE in espcap(1). */
void progress_totals(const struct totals *totals, char *line, size_t size);

#endif
