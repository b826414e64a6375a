/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what `tshark -T pdml` prints piece by piece into a tree. */
#include "readers/pdml.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "readers/pdml_known.h"
#include "readers/pdml_tags.h"
#include "readers/pdml_value.h"

/* As in the other readers: no text is cut that this short. */
#define TEXT_MIN ((size_t)64 << 10)
/* The parser takes a length of type int, and two values in one tag. */
#define TEXT_MAX ((size_t)512 << 20)
/* Elements in each other; tshark's own trees are at most 256 deep. */
#define DEPTH_MAX 4096
/* Of long values, kept for the next. */
#define KEEP_TEXT ((size_t)1 << 20)
/* The parser remembers every name of an element: so many that PDML does not have. */
#define STRANGE_MAX 1024

/* An element that is open. */
enum scope {
	SCOPE_PLAIN,    /* what it holds belongs to what is around it */
	SCOPE_PROTOCOL, /* tree_close when it ends */
	SCOPE_LEFT_OUT  /* and all it holds */
};

struct pdml {
	struct names *names;
	struct tree *tree;
	struct pdml_tags *tags;
	bool decimal;

	XML_Parser parser; /* inside of an element that never ends; NULL until it is needed */
	bool is_large;     /* the parser has had to do with long values */
	bool called;       /* the parser has taken the tag */
	const char *why;   /* what the handlers did not like; NULL */
	unsigned strange;

	bool in_packet;
	size_t depth;
	uint8_t scopes[DEPTH_MAX]; /* enum scope */
	uint64_t number;
	uint32_t number_id;

	struct buffer show, hex, raw, text; /* of the value being read */
	struct pdml_known *known;
	uint64_t unclear; /* texts of which nothing tells whether they have control characters */
};

/* What a field has. */
struct value {
	const char *name;
	const char *show; /* NULL for none, as protocols */
	const char *hex;  /* NULL for none */
};

struct pdml *
pdml_new(struct names *names, struct tree *tree, size_t max_text,
    bool decimal)
{
	struct pdml *pdml = xcalloc(1, sizeof(*pdml));

	if (max_text < TEXT_MIN)
		max_text = TEXT_MIN;
	pdml->names = names;
	pdml->tree = tree;
	pdml->decimal = decimal;
	pdml->tags = pdml_tags_new(max_text < TEXT_MAX ? max_text : TEXT_MAX);
	pdml->number_id = names_id(names, "frame.number", 12);
	pdml->known = pdml_known_new();
	buffer_init(&pdml->show, SIZE_MAX / 2);
	buffer_init(&pdml->hex, SIZE_MAX / 2);
	buffer_init(&pdml->raw, SIZE_MAX / 2);
	buffer_init(&pdml->text, SIZE_MAX / 2);
	return pdml;
}

static void
forget_parser(struct pdml *pdml)
{
	if (pdml->parser != NULL)
		XML_ParserFree(pdml->parser);
	pdml->parser = NULL;
}

void
pdml_free(struct pdml *pdml)
{
	if (pdml == NULL)
		return;
	forget_parser(pdml);
	pdml_tags_free(pdml->tags);
	pdml_known_free(pdml->known);
	buffer_release(&pdml->show);
	buffer_release(&pdml->hex);
	buffer_release(&pdml->raw);
	buffer_release(&pdml->text);
	free(pdml);
}

uint64_t
pdml_number(const struct pdml *pdml)
{
	return pdml->number;
}

uint64_t
pdml_unclear(const struct pdml *pdml)
{
	return pdml->unclear;
}

bool
pdml_is_inside(const struct pdml *pdml)
{
	return pdml_tags_is_inside(pdml->tags);
}

/* Values. */

static uint32_t
open_protocol(const struct pdml *pdml)
{
	return pdml->tree->nodes[pdml->tree->current].protocol;
}

/* What the value looks like: a field without value shows nothing, from nothing. */
static enum names_kind
look_of(const struct value *value)
{
	const char *show = value->show;

	if (show[0] == '\0')
		return value->hex != NULL && value->hex[0] == '\0' ?
		    NAMES_KIND_PRESENT :
		    NAMES_KIND_VALUE;
	return strcmp(show, "0") == 0 || strcmp(show, "1") == 0 ||
		strcmp(show, "True") == 0 || strcmp(show, "False") == 0 ?
	    NAMES_KIND_BOOLEAN :
	    NAMES_KIND_VALUE;
}

/*
 * What is shown, with the control characters that it has by the bytes in the packet. Returns of how many they do not
 * tell.
 */
static size_t
text_by_bytes(struct pdml *pdml, const struct value *value, const char *show,
    size_t len)
{
	const char *hex = "";
	size_t hex_len = 0, unknown;
	bool hex_cut;

	if (value->hex != NULL)
		hex = pdml_tags_text(value->hex, &pdml->hex, &hex_len, &hex_cut);
	unknown = pdml_value_text(show, len, hex, hex_len, &pdml->raw,
	    &pdml->text);
	if (unknown == 0)
		pdml_known_add(pdml->known, show, len, pdml->text.data,
		    pdml->text.len);
	return unknown;
}

/* What is shown, with the control characters that the value has in the packet. */
static const char *
text_of(struct pdml *pdml, const struct value *value, size_t *len, bool *cut)
{
	const char *show = pdml_tags_text(value->show, &pdml->show, len, cut);
	size_t unknown, still;

	if (memmem(show, *len, "\\x", 2) == NULL)
		return show;
	buffer_clear(&pdml->text);
	if (buffer_reserve(&pdml->text, *len) != 0)
		abort(); /* it has no bound of its own */
	unknown = text_by_bytes(pdml, value, show, *len);
	if (unknown > 0) {
		buffer_clear(&pdml->raw);
		if (buffer_reserve(&pdml->raw, *len) != 0)
			abort(); /* as above */
		still = pdml_known_text(pdml->known, show, *len, &pdml->raw);
		pdml->unclear += still > 0;
		if (still < unknown) {
			*len = pdml->raw.len;
			return pdml->raw.data;
		}
	}
	*len = pdml->text.len;
	return pdml->text.data;
}

/* What -T ek prints in another form: its length, 0 if this is no such value. */
static size_t
other_form(const struct pdml *pdml, uint32_t field, const char *text,
    size_t len, char other[PDML_VALUE_MAX])
{
	int base;

	if (names_is_time(pdml->names, field))
		return pdml_value_time(text, len, pdml->decimal, other);
	base = names_base(pdml->names, field);
	return pdml->decimal && base != 10 ?
	    pdml_value_decimal(text, len, base, other) :
	    0;
}

static void
take_text(struct pdml *pdml, uint32_t field, const struct value *value)
{
	char other[PDML_VALUE_MAX];
	bool cut;
	size_t len, other_len;
	const char *text = text_of(pdml, value, &len, &cut);

	if (field == pdml->number_id)
		(void)text_number(value->show, 1, UINT64_MAX, &pdml->number);
	other_len = other_form(pdml, field, text, len, other);
	if (other_len > 0)
		tree_text(pdml->tree, field, other, other_len, false);
	else
		tree_text(pdml->tree, field, text, len, cut);
}

static void
take_value(struct pdml *pdml, const struct value *value)
{
	enum names_kind look = look_of(value);
	uint32_t field = names_shown(pdml->names, value->name,
	    strlen(value->name), look, open_protocol(pdml));
	enum names_kind kind = names_kind(pdml->names, field);

	if (kind == NAMES_KIND_BOOLEAN && look == kind)
		tree_flag(pdml->tree, field,
		    value->show[0] == '1' || value->show[0] == 'T');
	else if (kind == NAMES_KIND_PRESENT && value->show[0] == '\0')
		tree_flag(pdml->tree, field, true);
	else
		take_text(pdml, field, value);
}

/* Elements. */

static struct value
value_of(const char *const *attributes)
{
	struct value value = { NULL, NULL, NULL };

	for (; attributes[0] != NULL; attributes += 2)
		switch (attributes[0][0]) {
		case 'n':
			value.name = attributes[1];
			break;
		case 's':
			value.show = attributes[1];
			break;
		default:
			value.hex = attributes[1];
			break;
		}
	return value;
}

static enum scope
open_layer(struct pdml *pdml, const char *name)
{
	tree_open(pdml->tree,
	    names_exact(
		pdml->names, name, strlen(name), NAMES_KIND_PROTOCOL, NULL, 0));
	return SCOPE_PROTOCOL;
}

/* geninfo is PDML's own, and what stands beside the protocols it wraps in one that does not exist. */
static enum scope
take_protocol(struct pdml *pdml, const struct value *value)
{
	if (value->name == NULL)
		return SCOPE_PLAIN;
	if (pdml->depth == 1 && strcmp(value->name, "geninfo") == 0)
		return SCOPE_LEFT_OUT;
	if (pdml->depth == 1 && strcmp(value->name, "fake-field-wrapper") == 0)
		return SCOPE_PLAIN;
	return open_layer(pdml, value->name);
}

/* Two protocols (data, _ws.expert) are printed as if they were fields, but show nothing. */
static enum scope
take_field(struct pdml *pdml, const struct value *value)
{
	uint32_t id;

	if (value->name == NULL)
		return SCOPE_PLAIN;
	if (value->show == NULL) {
		id = names_id(pdml->names, value->name, strlen(value->name));
		return id != NAMES_NONE &&
			names_kind(pdml->names, id) == NAMES_KIND_PROTOCOL ?
		    open_layer(pdml, value->name) :
		    SCOPE_PLAIN;
	}
	if (value->name[0] == '\0')
		take_text(pdml, NAMES_TEXT, value);
	else
		take_value(pdml, value);
	return SCOPE_PLAIN;
}

static enum scope
take_element(struct pdml *pdml, const char *name,
    const char *const *attributes)
{
	struct value value = value_of(attributes);

	if (pdml->depth > 0 &&
	    pdml->scopes[pdml->depth - 1] == SCOPE_LEFT_OUT)
		return SCOPE_LEFT_OUT;
	if (strcmp(name, "field") == 0)
		return take_field(pdml, &value);
	if (strcmp(name, "proto") == 0)
		return take_protocol(pdml, &value);
	if (strcmp(name, "packet") != 0 && ++pdml->strange > STRANGE_MAX) {
		pdml->why = "elements that PDML does not have";
		XML_StopParser(pdml->parser, XML_FALSE);
	}
	return SCOPE_PLAIN;
}

static void XMLCALL
on_start(void *ctx, const char *name, const char **attributes)
{
	struct pdml *pdml = ctx;
	enum scope scope;

	pdml->called = true;
	if (pdml->depth == DEPTH_MAX) {
		pdml->why = "elements nested too deeply";
		XML_StopParser(pdml->parser, XML_FALSE);
		return;
	}
	scope = take_element(pdml, name, (const char *const *)attributes);
	pdml->scopes[pdml->depth++] = (uint8_t)scope;
}

static void XMLCALL
on_end(void *ctx, const char *name)
{
	struct pdml *pdml = ctx;

	(void)name;
	pdml->called = true;
	/* That of the element around all packets is no packet's. */
	if (pdml->depth > 0 &&
	    pdml->scopes[--pdml->depth] == SCOPE_PROTOCOL)
		tree_close(pdml->tree);
}

/* Packets. */

/* A parser inside of an element, in which packets may follow each other. */
static XML_Parser
new_parser(struct pdml *pdml)
{
	static const char start[] = "<pdml>";
	/* One character for each byte: see pdml_tags.h. */
	XML_Parser parser = XML_ParserCreate("ISO-8859-1");

	if (parser == NULL ||
	    XML_Parse(parser, start, sizeof(start) - 1, XML_FALSE) !=
		XML_STATUS_OK)
		abort(); /* out of memory, as in xmalloc */
	XML_SetUserData(parser, pdml);
	XML_SetElementHandler(parser, on_start, on_end);
	return parser;
}

static void
begin_packet(struct pdml *pdml)
{
	/* What was open in a packet that was cut short is open in its parser. */
	if (pdml->in_packet || pdml->is_large)
		forget_parser(pdml);
	if (pdml->parser == NULL)
		pdml->parser = new_parser(pdml);
	pdml->in_packet = true;
	pdml->is_large = false;
	pdml->depth = 0;
	pdml->strange = 0;
	pdml->number = 0;
	pdml_known_clear(pdml->known);
	buffer_shrink(&pdml->show, KEEP_TEXT);
	buffer_shrink(&pdml->hex, KEEP_TEXT);
	buffer_shrink(&pdml->raw, KEEP_TEXT);
	buffer_shrink(&pdml->text, KEEP_TEXT);
	tree_clear(pdml->tree);
}

static enum pdml_event
unparsable(const char *why, const char *data, size_t len, struct error *error)
{
	char shown[160];

	text_visible(shown, sizeof(shown), data, len < 120 ? len : 120);
	error_set(error, OUTCOME_TSHARK, "%s: \"%s\"", why, shown);
	return PDML_UNPARSABLE;
}

/* Gives the parser a tag, which must be one to it, too. */
static bool
parse_tag(struct pdml *pdml, const struct buffer *tag)
{
	enum XML_Error code;

	pdml->called = false;
	pdml->why = NULL;
	if (tag->len > KEEP_TEXT)
		pdml->is_large = true;
	if (XML_Parse(pdml->parser, tag->data, (int)tag->len, XML_FALSE) ==
	    XML_STATUS_OK) {
		if (pdml->called)
			return true;
		pdml->why = "a tag that does not end";
	}
	code = XML_GetErrorCode(pdml->parser);
	if (code == XML_ERROR_NO_MEMORY)
		abort(); /* as in xmalloc */
	if (pdml->why == NULL)
		pdml->why = XML_ErrorString(code);
	return false;
}

/* What is no packet, or one that is no good: told with the tag it was found in, else with what stands there. */
static enum pdml_event
give_up(struct pdml *pdml, const char *why, const char *data, size_t len,
    struct error *error)
{
	const struct buffer *tag = pdml_tags_tag(pdml->tags);
	char text[128];

	(void)snprintf(text, sizeof(text),
	    pdml->in_packet ? "a packet that is not well-formed (%s)" : "%s",
	    why);
	if (pdml->in_packet)
		forget_parser(pdml);
	pdml->in_packet = false;
	if (tag->len > 0)
		return unparsable(text, tag->data, tag->len, error);
	return unparsable(text, data, len, error);
}

static enum pdml_event
take_tag(struct pdml *pdml, enum pdml_tags_event event, struct error *error)
{
	bool was_cut = event == PDML_TAGS_BEGIN && pdml->in_packet;

	if (event == PDML_TAGS_BEGIN)
		begin_packet(pdml);
	if (!parse_tag(pdml, pdml_tags_tag(pdml->tags))) {
		pdml_tags_lose(pdml->tags);
		return give_up(pdml, pdml->why, "", 0, error);
	}
	if (was_cut)
		return unparsable("a packet without an end", "", 0, error);
	if (event != PDML_TAGS_END)
		return PDML_MORE;
	pdml->in_packet = false;
	return PDML_DOCUMENT;
}

enum pdml_event
pdml_read(struct pdml *pdml, const char *data, size_t len, size_t *used,
    struct error *error)
{
	enum pdml_event event = PDML_MORE;
	size_t n;

	*used = 0;
	while (*used < len && event == PDML_MORE) {
		const char *rest = data + *used;
		enum pdml_tags_event got = pdml_tags_read(pdml->tags, rest,
		    len - *used, &n);

		*used += n;
		switch (got) {
		case PDML_TAGS_MORE:
			break;
		case PDML_TAGS_BEGIN:
		case PDML_TAGS_TAG:
		case PDML_TAGS_END:
			event = take_tag(pdml, got, error);
			break;
		case PDML_TAGS_UNPARSABLE:
			event = give_up(pdml, pdml_tags_why(pdml->tags),
			    rest + n, len - *used, error);
			break;
		}
	}
	return event;
}
