/* What goes wrong with a server for a while: told to the person now and then, not each time. */
#ifndef ESPCAP_SINK_COMPLAINT_H
#define ESPCAP_SINK_COMPLAINT_H

#include <stdint.h>

#include "base/log.h"

/* All zeros for none so far. */
struct complaint {
	char text[600];		/* the last one, told or not; "" for none */
	char told[600];
	uint64_t told_at;	/* clock_seconds */
};

/* Remembers the text only: somebody else tells it. */
void complaint_note(struct complaint *complaint, const char *text);

/*
 * Remembers the text, and tells it with "trying again" unless the same one was told in the last minute, or another
 * one in this second: different texts in turn would be no better than the same one.
 */
void complaint_tell(struct complaint *complaint, struct log *log, uint64_t now, const char *text);

#endif
