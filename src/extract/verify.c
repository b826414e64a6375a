/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a record is the packet of a document. */
#include "extract/verify.h"

#include <string.h>

#include "packet/capture_id.h"

bool
verify_is_it(const struct wanted *wanted, const char *capture, const struct capture_record *record)
{
	struct capture_record own = *record;
	uint8_t id[PACKET_ID_LEN];

	if (wanted->has_id) {
		own.ordinal = wanted->ordinal;
		return capture_id_packet(capture, &own, id) == 0 && memcmp(id, wanted->id, sizeof(id)) == 0;
	}
	if (!wanted->has_wirelen || wanted->wirelen != record->wirelen || wanted->has_time != record->has_time)
		return false;
	return !wanted->has_time || (wanted->sec == record->sec && wanted->nsec == record->nsec);
}
