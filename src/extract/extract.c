/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives the packets back that documents were made of. */
#include "extract/extract.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "extract/account.h"
#include "extract/locate.h"
#include "extract/origins.h"
#include "extract/pick.h"
#include "extract/pool.h"
#include "extract/section.h"
#include "extract/spill.h"
#include "extract/outfile.h"
#include "extract/verify.h"
#include "extract/wanted.h"

#define MEMORY_USUAL ((size_t)16 << 20)

struct extract {
	struct extract_config config;
	struct outfile *outfile;
	struct origins *origins;
	struct spill *spill;
	struct locate *locate;
	struct pool *pool;
	struct section *section;
	struct account account;
	struct wanted_source source; /* of the document that is added */

	/* While files are read. */
	uint32_t number; /* of the source */
	bool has_source;
	struct pick *pick; /* NULL: it cannot be read, as why says */
	bool is_other;     /* its file is another one, it seems */
	struct error why;
	uint64_t from, to;    /* of a ring: ordinals that pick is for */
	struct wanted before; /* the packet written last */
	bool has_before;
};

static bool
is_pcap(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, ".pcap") == 0;
}

struct extract *
extract_new(const struct extract_config *config, struct error *error)
{
	struct extract *extract = xcalloc(1, sizeof(*extract));
	struct pool_config pool = { .pcap = is_pcap(config->write),
		.dedup = config->dedup,
		.dedup_ns = config->dedup_ns };

	extract->config = *config;
	extract->outfile = outfile_new(config->write, config->force, error);
	if (extract->outfile == NULL) {
		extract_free(extract);
		return NULL;
	}
	pool.folder = outfile_folder(extract->outfile);
	extract->origins = origins_new();
	extract->spill = spill_new(pool.folder, config->memory_max != 0 ? config->memory_max : MEMORY_USUAL);
	extract->locate = locate_new(config->look_in, config->look_in_count);
	extract->pool = pool_new(&pool);
	extract->section = section_new(extract->pool, config->snaplen);
	return extract;
}

void
extract_free(struct extract *extract)
{
	if (extract == NULL)
		return;
	pick_free(extract->pick);
	section_free(extract->section);
	pool_free(extract->pool);
	locate_free(extract->locate);
	spill_free(extract->spill);
	origins_free(extract->origins);
	outfile_free(extract->outfile);
	account_release(&extract->account);
	free(extract);
}

/* Why nothing can be found for such a document. */
static const char *
refusal(const struct wanted *wanted, const struct wanted_source *source)
{
	switch (source->kind) {
	case WANTED_NOWHERE:
		return "the document does not say where its packet came from";
	case WANTED_KAFKA:
		return "it is in Kafka: espcap-kafka --at=TOPIC:PARTITION:OFFSET fetches it";
	case WANTED_FILE:
		return !wanted->has_offset && wanted->ordinal == 0 ? "the document names neither offset nor ordinal" : NULL;
	case WANTED_LIVE:
		return wanted->ordinal == 0 ? "the document names no ordinal" : NULL;
	}
	return NULL;
}

int
extract_add(struct extract *extract, const char *json, size_t len, const char *id, size_t id_len, struct error *error)
{
	struct wanted wanted;
	const char *why;

	extract->account.counts.found++;
	if (wanted_read(json, len, id, id_len, &wanted, &extract->source) != 0) {
		account_missing(&extract->account, NULL, "it is no document of espcap");
		return 0;
	}
	wanted.rank = extract->account.counts.found;
	why = refusal(&wanted, &extract->source);
	if (why == NULL) {
		wanted.source = origins_find(extract->origins, &extract->source, wanted.has_offset);
		if (wanted.source == ORIGINS_NONE)
			why = "the documents name too many files";
	}
	if (why == NULL)
		return spill_add(extract->spill, &wanted, error);
	account_missing(&extract->account, NULL, why);
	return 0;
}

/* Reading. */

static void
close_source(struct extract *extract)
{
	pick_free(extract->pick);
	extract->pick = NULL;
}

/* Whether the packet is in the file that is open. */
static bool
is_in_file(struct extract *extract, const struct origin *origin, const struct wanted *wanted)
{
	struct capture_record record;
	struct error ignored;

	return pick_find(extract->pick, wanted, &record, &ignored) == PICK_FOUND &&
	    verify_is_it(wanted, origin->capture, &record);
}

/*
 * A file with this packet: an extract begins with the same packet as its original, too. If there is none, what was
 * found first, for the sake of the packets after it.
 */
static void
open_file(struct extract *extract, const struct origin *origin, const struct wanted *wanted)
{
	enum pick_way way = origin->needs_scan ? PICK_SCAN : PICK_PLACE;
	size_t number = 0, first = SIZE_MAX, begun = 0;
	bool begins;
	int fd;

	while ((fd = locate_file(extract->locate, origin->path, origin->capture, &number, &begins, &extract->why)) >= 0) {
		extract->pick = pick_new(fd, way, origin->capture, extract->section);
		if (is_in_file(extract, origin, wanted))
			return;
		close_source(extract);
		if (first == SIZE_MAX || (begins && extract->is_other)) {
			first = begun;
			extract->is_other = !begins;
		}
		begun = number;
	}
	if (first == SIZE_MAX)
		return;
	fd = locate_file(extract->locate, origin->path, origin->capture, &first, &begins, &extract->why);
	if (fd >= 0)
		extract->pick = pick_new(fd, way, origin->capture, extract->section);
}

static void
open_ring(struct extract *extract, const struct origin *origin, uint64_t ordinal)
{
	int fd = locate_ring(extract->locate, origin->capture, ordinal, &extract->from, &extract->to, &extract->why);

	if (fd >= 0)
		extract->pick = pick_new(fd, PICK_RING, origin->capture, extract->section);
}

/* pick is for this packet then, or NULL. */
static void
open_source(struct extract *extract, const struct wanted *wanted)
{
	const struct origin *origin = origins_at(extract->origins, wanted->source);
	bool is_new = !extract->has_source || extract->number != wanted->source;

	if (is_new) {
		extract->has_source = true;
		extract->number = wanted->source;
		extract->has_before = extract->is_other = false;
		pool_source(extract->pool);
	} else if (origin->kind == WANTED_FILE || (wanted->ordinal >= extract->from && wanted->ordinal <= extract->to))
		return;
	close_source(extract);
	if (origin->kind == WANTED_FILE)
		open_file(extract, origin, wanted);
	else
		open_ring(extract, origin, wanted->ordinal);
}

static bool
is_same_place(const struct extract *extract, const struct wanted *wanted)
{
	const struct wanted *before = &extract->before;

	return extract->has_before &&
	    (wanted->has_offset ? wanted->offset == before->offset : wanted->ordinal == before->ordinal);
}

static void
note_changed(struct extract *extract, const char *why)
{
	account_changed(&extract->account, origins_at(extract->origins, extract->number)->path,
	    extract->is_other ? "the file was replaced by another" : why);
}

static int
take(struct extract *extract, const struct wanted *wanted, const struct capture_record *record, struct error *error)
{
	const struct origin *origin = origins_at(extract->origins, wanted->source);
	const char *why;
	int failed;

	if (!verify_is_it(wanted, origin->capture, record)) {
		note_changed(extract, "other bytes are in its place");
		return 0;
	}
	/* Indexed twice, it is found twice. */
	if (is_same_place(extract, wanted)) {
		extract->account.counts.twin++;
		return 0;
	}
	why = section_packet(extract->section, record, &failed, error);
	if (failed != 0)
		return -1;
	if (why != NULL) {
		account_missing(&extract->account, origin->path, why);
		return 0;
	}
	extract->before = *wanted;
	extract->has_before = true;
	extract->account.counts.written++;
	return 0;
}

static int
pick_one(struct extract *extract, const struct wanted *wanted, struct error *error)
{
	const char *path = origins_at(extract->origins, wanted->source)->path;
	struct capture_record record;
	struct error why;

	open_source(extract, wanted);
	if (extract->pick == NULL) {
		account_missing(&extract->account, path, extract->why.text);
		return 0;
	}
	switch (pick_find(extract->pick, wanted, &record, &why)) {
	case PICK_FOUND:
		return take(extract, wanted, &record, error);
	case PICK_MISSING:
		if (extract->is_other)
			note_changed(extract, why.text);
		else
			account_missing(&extract->account, path, why.text);
		break;
	case PICK_OTHER:
		note_changed(extract, why.text);
		break;
	}
	return 0;
}

static int
read_sources(struct extract *extract, struct error *error)
{
	const struct wanted *wanted;
	int got;

	if (spill_sort(extract->spill, error) != 0)
		return -1;
	while ((got = spill_next(extract->spill, &wanted, error)) > 0)
		if (pick_one(extract, wanted, error) != 0)
			return -1;
	close_source(extract);
	return got;
}

int
extract_finish(struct extract *extract, struct error *error)
{
	const struct pool_output output = { outfile_buffer(extract->outfile), outfile_flush, extract->outfile };
	struct extract_counts *counts = &extract->account.counts;
	uint64_t twins;

	if (read_sources(extract, error) != 0 || pool_write(extract->pool, &output, &twins, error) != 0 ||
	    outfile_finish(extract->outfile, error) != 0)
		return -1;
	counts->written -= twins;
	counts->twin += twins;
	return 0;
}

struct extract_counts
extract_counts(const struct extract *extract)
{
	return extract->account.counts;
}

const char *
extract_reason(const struct extract *extract, size_t index, uint64_t *count)
{
	if (index >= extract->account.count)
		return NULL;
	*count = extract->account.reasons[index].count;
	return extract->account.reasons[index].text;
}
