/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the addresses of packets are. Packets repeat their addresses: what was said of the last ones is kept. */
#include "document/geoip.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"

/* Power of 2. */
#define KEPT 1024
#define TEXT_MAX 4096

struct kept {
	uint8_t address[16];
	uint8_t len; /* of the address, 0 if nothing is kept */
	char *texts[MMDB_KINDS];
	size_t lens[MMDB_KINDS]; /* 0: no database knows it */
};

struct geoip {
	const struct mmdb *const *list;
	size_t count;
	struct kept kept[KEPT];
};

struct member {
	const char *name;
	const char *keys[3];
	size_t key_count;
};

/* ECS 9: geo and as. */
static const struct member geo[] = { { "city_name", { "city", "names", "en" }, 3 },
	{ "country_iso_code", { "country", "iso_code", NULL }, 2 },
	{ "country_name", { "country", "names", "en" }, 3 } };
static const char *const region_keys[] = { "subdivisions", "0", "names", "en" };
static const char *const latitude_keys[] = { "location", "latitude" };
static const char *const longitude_keys[] = { "location", "longitude" };
static const char *const number_keys[] = { "autonomous_system_number" };
static const char *const organization_keys[] = { "autonomous_system_organization" };

struct geoip *
geoip_new(const struct mmdb *const *list, size_t count)
{
	struct geoip *geoip = xcalloc(1, sizeof(*geoip));

	geoip->list = list;
	geoip->count = count;
	return geoip;
}

static void
forget(struct kept *kept)
{
	for (size_t i = 0; i < MMDB_KINDS; i++)
		free(kept->texts[i]);
	memset(kept, 0, sizeof(*kept));
}

void
geoip_free(struct geoip *geoip)
{
	if (geoip == NULL)
		return;
	for (size_t i = 0; i < KEPT; i++)
		forget(&geoip->kept[i]);
	free(geoip);
}

static int
put_text(const char *name, const struct mmdb_value *value, struct buffer *out)
{
	if (value->type != MMDB_TEXT || value->len == 0)
		return 0;
	return buffer_puts(out, out->len > 1 ? ",\"" : "\"") | buffer_puts(out, name) | buffer_puts(out, "\":") |
	    json_string(out, value->text, value->len);
}

static int
put_location(const struct mmdb *mmdb, size_t record, struct buffer *out)
{
	struct mmdb_value latitude = mmdb_get(mmdb, record, latitude_keys, 2);
	struct mmdb_value longitude = mmdb_get(mmdb, record, longitude_keys, 2);

	/* An index refuses others. */
	if (latitude.type != MMDB_REAL || longitude.type != MMDB_REAL || latitude.real < -90 || latitude.real > 90 ||
	    longitude.real < -180 || longitude.real > 180)
		return 0;
	return buffer_puts(out, out->len > 1 ? "," : "") |
	    buffer_printf(out, "\"location\":{\"lat\":%.7g,\"lon\":%.7g}", latitude.real, longitude.real);
}

static int
put_place(const struct mmdb *mmdb, size_t record, struct buffer *out)
{
	struct mmdb_value region = mmdb_get(mmdb, record, region_keys, 4);
	int rv = 0;

	for (size_t i = 0; i < sizeof(geo) / sizeof(geo[0]); i++) {
		struct mmdb_value value = mmdb_get(mmdb, record, geo[i].keys, geo[i].key_count);

		rv |= put_text(geo[i].name, &value, out);
	}
	return rv | put_location(mmdb, record, out) | put_text("region_name", &region, out);
}

static int
put_system(const struct mmdb *mmdb, size_t record, struct buffer *out)
{
	struct mmdb_value number = mmdb_get(mmdb, record, number_keys, 1);
	struct mmdb_value organization = mmdb_get(mmdb, record, organization_keys, 1);
	int rv = 0;

	if (number.type == MMDB_NUMBER)
		rv = buffer_puts(out, "\"number\":") | buffer_number(out, number.number);
	if (organization.type == MMDB_TEXT && organization.len > 0)
		rv |= buffer_puts(out, out->len > 1 ? ",\"organization\":{\"name\":" : "\"organization\":{\"name\":") |
		    json_string(out, organization.text, organization.len) | buffer_puts(out, "}");
	return rv;
}

/* What the databases of a kind say, the caller's to free; NULL if nothing. */
static char *
ask(const struct geoip *geoip, enum mmdb_kind kind, const uint8_t *address, size_t len, size_t *text_len)
{
	struct buffer text;
	char *copy = NULL;

	buffer_init(&text, TEXT_MAX);
	for (size_t i = 0; i < geoip->count && text.len <= 1; i++) {
		size_t record = mmdb_kind(geoip->list[i]) == kind ? mmdb_find(geoip->list[i], address, len) : 0;

		buffer_clear(&text);
		if (record == 0)
			continue;
		if ((buffer_puts(&text, "{") |
			(kind == MMDB_PLACES ? put_place(geoip->list[i], record, &text) :
					       put_system(geoip->list[i], record, &text))) != 0)
			buffer_clear(&text);
	}
	if (text.len > 1 && buffer_puts(&text, "}") == 0) {
		*text_len = text.len;
		copy = xstrndup(text.data, text.len);
	}
	buffer_release(&text);
	return copy;
}

/* FNV-1a. */
static size_t
hash(const uint8_t *address, size_t len)
{
	uint32_t value = 2166136261U;

	for (size_t i = 0; i < len; i++)
		value = (value ^ address[i]) * 16777619U;
	return (value ^ value >> 16) & (KEPT - 1);
}

int
geoip_put(struct geoip *geoip, enum mmdb_kind kind, const uint8_t *address, size_t len, struct buffer *out)
{
	struct kept *kept = &geoip->kept[hash(address, len)];

	if (kept->len != len || memcmp(kept->address, address, len) != 0) {
		forget(kept);
		for (size_t i = 0; i < MMDB_KINDS; i++)
			kept->texts[i] = ask(geoip, (enum mmdb_kind)i, address, len, &kept->lens[i]);
		memcpy(kept->address, address, len);
		kept->len = (uint8_t)len;
	}
	if (kept->texts[kind] == NULL)
		return 0;
	return buffer_append(out, kept->texts[kind], kept->lens[kind]) == 0 ? 1 : -1;
}
