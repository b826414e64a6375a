/* SPDX-License-Identifier: BSD-2-Clause */
/* Times as a display filter has them. No I/O. */
#ifndef ESPCAP_QUERY_TIME_TEXT_H
#define ESPCAP_QUERY_TIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * "2015-07-30", "2015-07-30 05:22", "2015-07-30T05:22:10.634684Z", with an offset "+02:00" in place of the Z, or "
 * UTC", and "Jul 30, 2015 05:22:10.634684"; UTC if nothing says otherwise (tshark takes the local time then). Years 1
 * to 9999. False if it is none; *sec counts from 1970.
 */
bool time_text_absolute(const char *text, size_t len, int64_t *sec, int32_t *nsec);

/* Seconds, with a fraction of up to nine digits: "1", "0.000001". */
bool time_text_relative(const char *text, size_t len, int64_t *sec, int32_t *nsec);

#endif
