/* SPDX-License-Identifier: BSD-2-Clause */
/* How a packet becomes a message of Kafka, and a message a packet. */
#include "kafka/wire.h"

#include <string.h>

#include "base/text.h"
#include "packet/flow_hash.h"

/*
 * The header is "1 CAPTURE ORDINAL LINKTYPE LEN NSEC IFACE HOST": its version, then eight words in all with one space
 * between them. Bytes that are not letters, digits or one of these are percent-encoded; "-" stands for none.
 */
#define HEADER_VERSION "1"
#define WORDS 8
#define PLAIN "-._~:/@+,="
#define NONE "-"

#define MICROSECONDS 1000000
#define SEC_MAX (INT64_MAX / MICROSECONDS - 1)
#define NSEC_MAX 999999999
/* Files have 16 bits for it. */
#define LINKTYPE_MAX 0xffff
#define LINKTYPE_ETHERNET 1

/*
 * Of a batch of version 2 with one record (kafka.apache.org/documentation/#messageformat), variable lengths at their
 * longest.
 */
#define BATCH_LEN 61
#define RECORD_LEN 35

static bool
is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr(PLAIN, c) != NULL);
}

/*
 * Appends a space and the encoded text, cut after max bytes. There is room: the longest that all words can be is less.
 */
static void
put_name(struct wire_message *message, const char *text, size_t max)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = message->header + message->header_len;

	*out++ = ' ';
	if (text == NULL || text[0] == '\0')
		*out++ = '-';
	else if (strcmp(text, NONE) == 0)
		out = stpcpy(out, "%2D");
	else
		for (; *text != '\0' && max > 0; text++, max--) {
			unsigned char c = (unsigned char)*text;

			if (is_plain(c)) {
				*out++ = (char)c;
				continue;
			}
			*out++ = '%';
			*out++ = digits[c >> 4];
			*out++ = digits[c & 0xf];
		}
	message->header_len = (size_t)(out - message->header);
}

/* As above. Four of them stand in each message: printf would take as long as all else here. */
static void
put_number(struct wire_message *message, uint64_t number)
{
	char digits[20]; /* of UINT64_MAX */
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	message->header[message->header_len++] = ' ';
	memcpy(message->header + message->header_len, digits + at, sizeof(digits) - at);
	message->header_len += sizeof(digits) - at;
}

static int
put_key(const struct capture_record *packet, uint8_t key[WIRE_KEY_LEN])
{
	uint64_t time = 0;

	if (packet->has_time) {
		if (packet->sec > SEC_MAX || packet->sec < -SEC_MAX || packet->nsec > NSEC_MAX)
			return -1;
		time = (uint64_t)(packet->sec * MICROSECONDS + packet->nsec / 1000);
	}
	for (int i = 0; i < WIRE_KEY_LEN; i++)
		key[i] = (uint8_t)(time >> (56 - 8 * i));
	return 0;
}

int
wire_write(const struct wire_origin *origin, const struct capture_record *packet, struct wire_message *message)
{
	size_t len = strlen(origin->capture);

	if (len == 0 || len >= WIRE_CAPTURE_LEN || put_key(packet, message->key) != 0)
		return -1;
	memcpy(message->header, HEADER_VERSION, sizeof(HEADER_VERSION) - 1);
	message->header_len = sizeof(HEADER_VERSION) - 1;
	put_name(message, origin->capture, WIRE_CAPTURE_LEN - 1);
	put_number(message, packet->ordinal);
	put_number(message, packet->linktype);
	put_number(message, packet->wirelen);
	if (packet->has_time)
		put_number(message, packet->nsec);
	else
		put_name(message, NULL, 0);
	put_name(message, origin->interface, WIRE_NAME_LEN - 1);
	put_name(message, origin->host, WIRE_NAME_LEN - 1);
	return 0;
}

/* Reading. */

struct word {
	const char *text;
	size_t len;
};

static bool
split(const char *text, size_t len, struct word words[WORDS])
{
	for (size_t i = 0; i < WORDS; i++) {
		const char *space = memchr(text, ' ', len);
		size_t word_len = space != NULL ? (size_t)(space - text) : len;

		if (word_len == 0 || (space == NULL) != (i == WORDS - 1))
			return false;
		words[i] = (struct word){ text, word_len };
		if (space != NULL) {
			text += word_len + 1;
			len -= word_len + 1;
		}
	}
	return true;
}

static bool
is_word(const struct word *word, const char *text)
{
	return word->len == strlen(text) && memcmp(word->text, text, word->len) == 0;
}

static bool
take_number(const struct word *word, uint64_t max, uint64_t *number)
{
	char digits[24];

	if (word->len >= sizeof(digits))
		return false;
	memcpy(digits, word->text, word->len);
	digits[word->len] = '\0';
	return text_number(digits, 0, max, number) == 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A name into out, which has room for size bytes with the end; empty for none. */
static bool
take_name(const struct word *word, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	if (is_word(word, NONE))
		return true;
	for (size_t i = 0; i < word->len; i++) {
		unsigned char c = (unsigned char)word->text[i];

		if (c == '%') {
			int high = i + 2 < word->len ? hex_digit(word->text[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(word->text[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (unsigned char)(high << 4 | low);
			i += 2;
		} else if (!is_plain(c))
			return false;
		if (c == '\0' || used + 1 >= size)
			return false;
		out[used++] = (char)c;
	}
	out[used] = '\0';
	return true;
}

static bool
take_header(const char *header, size_t len, struct wire_packet *packet)
{
	uint64_t linktype, wirelen, nsec;
	struct word words[WORDS];

	if (len > WIRE_HEADER_MAX || !split(header, len, words) || !is_word(&words[0], HEADER_VERSION) ||
	    !take_name(&words[1], packet->capture, sizeof(packet->capture)) || packet->capture[0] == '\0' ||
	    !take_number(&words[2], UINT64_MAX, &packet->ordinal) || packet->ordinal == 0 ||
	    !take_number(&words[3], LINKTYPE_MAX, &linktype) || !take_number(&words[4], UINT32_MAX, &wirelen) ||
	    !take_name(&words[6], packet->interface, sizeof(packet->interface)) ||
	    !take_name(&words[7], packet->host, sizeof(packet->host)))
		return false;
	packet->linktype = (uint32_t)linktype;
	packet->wirelen = (uint32_t)wirelen;
	packet->has_header = true;
	if (is_word(&words[5], NONE)) {
		packet->has_time = false;
		return packet->sec == 0 && packet->nsec == 0;
	}
	if (!take_number(&words[5], NSEC_MAX, &nsec) || nsec / 1000 != packet->nsec / 1000)
		return false;
	packet->nsec = (uint32_t)nsec;
	return true;
}

static void
take_key(const uint8_t *key, struct wire_packet *packet)
{
	uint64_t bits = 0;
	int64_t time, sec, fraction;

	for (int i = 0; i < WIRE_KEY_LEN; i++)
		bits = bits << 8 | key[i];
	time = (int64_t)bits;
	sec = time / MICROSECONDS;
	fraction = time % MICROSECONDS;
	if (fraction < 0) {
		fraction += MICROSECONDS;
		sec--;
	}
	packet->has_time = true;
	packet->sec = sec;
	packet->nsec = (uint32_t)fraction * 1000;
}

enum wire_verdict
wire_parse(const void *key, size_t key_len, const void *header, size_t header_len, size_t value_len,
    struct wire_packet *packet)
{
	memset(packet, 0, sizeof(*packet));
	if (key == NULL || key_len < WIRE_KEY_LEN)
		return WIRE_NO_KEY;
	take_key(key, packet);
	packet->linktype = LINKTYPE_ETHERNET;
	packet->wirelen = value_len < UINT32_MAX ? (uint32_t)value_len : UINT32_MAX;
	if (header == NULL)
		return WIRE_PACKET;
	return take_header(header, header_len, packet) ? WIRE_PACKET : WIRE_BAD_HEADER;
}

uint32_t
wire_conversation(const struct capture_record *packet)
{
	uint32_t hash;

	(void)flow_hash_pair(packet->linktype, packet->bytes, packet->caplen, &hash);
	return hash;
}

size_t
wire_batch_len(size_t header_len, size_t value_len)
{
	return BATCH_LEN + RECORD_LEN + WIRE_KEY_LEN + sizeof(WIRE_HEADER) - 1 + header_len + value_len;
}
