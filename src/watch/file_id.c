/* SPDX-License-Identifier: BSD-2-Clause */
/* What a capture file is known by. */
#include "watch/file_id.h"

#include <fcntl.h>
#include <unistd.h>

#include "source/source.h"

int
file_id_of(int fd, char id[CAPTURE_ID_LEN])
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3), rv = -1;
	struct capture_record record;
	struct source *source;
	struct error error;

	if (own < 0)
		return -1;
	source = source_new(NULL, own);
	while (source_next(source, &record, &error) == SOURCE_RECORD)
		if (record.is_packet || source_base(source)->is_opaque) {
			rv = capture_id(&record, id);
			break;
		}
	source_free(source);
	return rv;
}
