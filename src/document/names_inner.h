/* What the table of names is made of: names.c and names_saved.c; for no others. */
#ifndef ESPCAP_DOCUMENT_NAMES_INNER_H
#define ESPCAP_DOCUMENT_NAMES_INNER_H

#include <string.h>

#include "document/json.h"
#include "document/names.h"

/* The longest key that is looked up; Wireshark's longest is below 200. */
#define KEY_MAX 512
#define DYNAMIC_MAX 16384
/* The smallest tshark we support knows 200,000 fields. */
#define COUNT_MIN 1000
#define COUNT_MAX (1u << 22)
#define TEXT_MAX ((size_t)256 << 20)

struct name {
	uint32_t offset;	/* of the dotted name in text */
	uint16_t len;
	uint8_t kind;		/* enum names_kind */
	uint8_t marks;		/* enum mark, or-ed */
	uint32_t protocol;	/* id; itself for a protocol */
};

/* One open-addressing table: slots hold id + 1, 0 is free. */
struct index {
	uint32_t *slots;
	uint32_t size;		/* a power of two */
};

struct names {
	struct recent *recent;
	uint16_t last;		/* the slot found last */
	struct name *list;
	uint32_t count, room;
	struct buffer text;
	struct index by_key;	/* of the EK key, known fields only */
	struct index by_name;	/* of the dotted name with '_' for '.' */
	uint32_t protocols;	/* while adding */
	uint32_t known;		/* those of tshark's list; the rest was met later */
};

/* Names stand unescaped in JSON, and in lists with blanks between them. One, or several without anything between. */
static inline bool
names_are_harmless(const char *text, size_t len)
{
	return json_is_plain(text, len) && memchr(text, ' ', len) == NULL;
}

#endif
