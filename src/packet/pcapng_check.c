/* SPDX-License-Identifier: BSD-2-Clause */
/* Options, name records and secrets of pcapng blocks, checked as strictly as wiretap 4.0 does. */
#include "packet/pcapng_check.h"

#include <string.h>

#include "packet/bytes.h"

/* draft-ietf-opsawg-pcapng, section 3.5 */
enum {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_CUSTOM_UTF8 = 2988,
	OPTION_CUSTOM_BINARY = 2989,
	OPTION_CUSTOM_UTF8_PRIVATE = 19372,
	OPTION_CUSTOM_BINARY_PRIVATE = 19373
};

static size_t
padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static bool
is_custom(uint16_t code)
{
	return code == OPTION_CUSTOM_UTF8 || code == OPTION_CUSTOM_BINARY ||
	    code == OPTION_CUSTOM_UTF8_PRIVATE ||
	    code == OPTION_CUSTOM_BINARY_PRIVATE;
}

int
pcapng_option_next(const struct pcapng_body *body, size_t *at,
    struct pcapng_option *option, struct error *error)
{
	if (*at >= body->len)
		return 0;
	if (body->len - *at < 4)
		return error_set(error, OUTCOME_INPUT,
		    "option header cut short");
	option->code = bytes_u16(body->data + *at, body->big);
	option->len = bytes_u16(body->data + *at + 2, body->big);
	option->value = body->data + *at + 4;
	if (body->len - *at - 4 < padded(option->len))
		return error_set(error, OUTCOME_INPUT,
		    "option %u of %u bytes does not fit its block",
		    option->code, option->len);
	if (is_custom(option->code) && option->len < 4)
		return error_set(error, OUTCOME_INPUT,
		    "custom option of %u bytes has no enterprise number",
		    option->len);
	*at += 4 + padded(option->len);
	return option->code != OPTION_END;
}

int
pcapng_check_options(const struct pcapng_body *body, size_t at,
    struct error *error)
{
	struct pcapng_option option = { 0 };
	int got;

	do
		got = pcapng_option_next(body, &at, &option, error);
	while (got > 0);
	return got;
}

/*
 * Blocks of TCP logs; all that follows the enterprise number is little-endian.
 * With a kind or an option that it does not know tshark takes the capture for
 * ended, without a word.
 */
int
pcapng_check_netflix(const struct pcapng_body *body, struct error *error)
{
	struct pcapng_body little = { body->data, body->len, false };
	uint32_t kind = body->len < 8 ? 0 : bytes_u32(body->data + 4, false);
	size_t at = kind == 1 ? 8 : 12;
	struct pcapng_option option = { 0 };
	int got;

	if ((kind != 1 && kind != 2) || body->len < at)
		return error_set(error, OUTCOME_INPUT,
		    "Netflix custom block of unknown kind");
	while ((got = pcapng_option_next(&little, &at, &option, error)) > 0)
		if (option.code != OPTION_COMMENT && !is_custom(option.code))
			return error_set(error, OUTCOME_INPUT,
			    "Netflix custom block has option %u",
			    option.code);
	return got;
}

/* The lengths of section 4.3 of the draft; 0 for those that vary. */
static size_t
packet_option_len(const struct pcapng_option *option)
{
	switch (option->code) {
	case 2: /* epb_flags */
	case 6: /* epb_queue */
		return 4;
	case 4: /* epb_dropcount */
	case 5: /* epb_packetid */
		return 8;
	case 7: /* epb_verdict: eBPF's carry a number, others bytes */
		if (option->len == 0)
			return 1;
		return option->value[0] == 1 || option->value[0] == 2 ? 9 : 0;
	}
	return 0;
}

int
pcapng_check_packet_options(const struct pcapng_body *body, size_t at,
    struct error *error)
{
	struct pcapng_option option = { 0 };
	size_t want;
	int got;

	while ((got = pcapng_option_next(body, &at, &option, error)) > 0) {
		want = packet_option_len(&option);
		if (want != 0 && option.len != want)
			return error_set(error, OUTCOME_INPUT,
			    "packet option %u has %u bytes, not %zu",
			    option.code, option.len, want);
	}
	return got;
}

/* An address of the given length, then names, each ended by a NUL. */
static bool
names_whole(const uint8_t *record, size_t len, size_t address)
{
	return len >= address && (len == address || record[len - 1] == '\0');
}

int
pcapng_check_names(const struct pcapng_body *body, struct error *error)
{
	const uint8_t *record;
	size_t at = 0, len;
	uint16_t type;

	while (at < body->len) {
		if (body->len - at < 4)
			return error_set(error, OUTCOME_INPUT,
			    "name record cut short");
		record = body->data + at + 4;
		type = bytes_u16(body->data + at, body->big);
		len = bytes_u16(body->data + at + 2, body->big);
		at += 4;
		if (body->len - at < padded(len))
			return error_set(error, OUTCOME_INPUT,
			    "name record of %zu bytes does not fit its block",
			    len);
		if (type == 0) /* nrb_record_end */
			return pcapng_check_options(body, at, error);
		if ((type == 1 && !names_whole(record, len, 4)) ||
		    (type == 2 && !names_whole(record, len, 16)))
			return error_set(error, OUTCOME_INPUT,
			    "name record of type %u is incomplete", type);
		at += padded(len);
	}
	return 0;
}

int
pcapng_check_secrets(const struct pcapng_body *body, struct error *error)
{
	uint32_t len;

	if (body->len < 8)
		return error_set(error, OUTCOME_INPUT,
		    "decryption secrets block of %zu bytes is too short",
		    body->len + 12);
	len = bytes_u32(body->data + 4, body->big);
	if (len > body->len - 8)
		return error_set(error, OUTCOME_INPUT,
		    "secrets of %u bytes do not fit their block", len);
	return 0;
}
