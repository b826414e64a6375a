/* SPDX-License-Identifier: BSD-2-Clause */
/* The filters that the configuration and-s into each capture. */
#include "capture/mandates.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Of one text for one link type. */
struct mandate {
	struct bpf_program now, late; /* for packets of the interface; for packets in memory, as files have them */
};

struct link {
	int dlt;
	struct mandate *mandates; /* as the texts */
};

struct mandates {
	const char **texts; /* that for all first, then those of the grants */
	size_t count;
	struct link *links;
	size_t link_count;
};

static const struct bpf_insn nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
static const struct bpf_code nothing_code = { nothing, 1 };

const struct bpf_code *
mandates_nothing(void)
{
	return &nothing_code;
}

struct mandates *
mandates_new(const char *bpf, const char *const *grants, size_t count)
{
	struct mandates *mandates = xcalloc(1, sizeof(*mandates));

	mandates->count = 1 + count;
	mandates->texts = xcalloc(mandates->count, sizeof(*mandates->texts));
	mandates->texts[0] = bpf;
	for (size_t i = 0; i < count; i++)
		mandates->texts[1 + i] = grants[i];
	return mandates;
}

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool
mandates_are_same(const struct mandates *a, const struct mandates *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!is_same(a->texts[i], b->texts[i]))
			return false;
	return true;
}

static void
link_release(struct link *link, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		pcap_freecode(&link->mandates[i].now);
		pcap_freecode(&link->mandates[i].late);
	}
	free(link->mandates);
}

void
mandates_free(struct mandates *mandates)
{
	if (mandates == NULL)
		return;
	for (size_t i = 0; i < mandates->link_count; i++)
		link_release(&mandates->links[i], mandates->count);
	free(mandates->links);
	free(mandates->texts);
	free(mandates);
}

static struct link *
find(const struct mandates *mandates, int dlt)
{
	for (size_t i = 0; i < mandates->link_count; i++)
		if (mandates->links[i].dlt == dlt)
			return &mandates->links[i];
	return NULL;
}

/* What has no meaning in a file, as the direction of a packet, leaves late without a program. */
static int
compile(struct nic *nic, const char *text, size_t i, struct mandate *mandate, struct error *error)
{
	struct error why;

	if (nic_compile(nic, text, &mandate->now, &why) != 0)
		return error_set(error, OUTCOME_USAGE, "policy: bpf of %s: %.300s: %.400s", i == 0 ? "all" : "a requester",
		    text, why.text);
	if (nic_compile_late(nic, text, &mandate->late, &why) != 0)
		memset(&mandate->late, 0, sizeof(mandate->late));
	return 0;
}

int
mandates_learn(struct mandates *mandates, struct nic *nic, struct error *error)
{
	struct link link = { .dlt = nic_dlt(nic) };

	if (find(mandates, link.dlt) != NULL)
		return 0;
	link.mandates = xcalloc(mandates->count, sizeof(*link.mandates));
	for (size_t i = 0; i < mandates->count; i++) {
		const char *text = mandates->texts[i] != NULL ? mandates->texts[i] : "";

		if (compile(nic, text, i, &link.mandates[i], error) == 0)
			continue;
		link_release(&link, mandates->count);
		return -1;
	}
	mandates->links = xreallocarray(mandates->links, mandates->link_count + 1, sizeof(*mandates->links));
	mandates->links[mandates->link_count++] = link;
	return 0;
}

static struct bpf_code
code_of(const struct bpf_program *program)
{
	return (struct bpf_code){ program->bf_insns, program->bf_len };
}

size_t
mandates_codes(struct mandates *mandates, struct nic *nic, uint32_t grant, bool is_late, struct bpf_code *codes,
    struct error *error)
{
	const struct link *link;
	size_t count = 0;

	if (mandates_learn(mandates, nic, error) != 0)
		return 0;
	link = find(mandates, nic_dlt(nic));
	if (!is_late)
		codes[count++] = code_of(&link->mandates[0].now);
	if (grant < mandates->count - 1)
		codes[count++] = code_of(is_late ? &link->mandates[1 + grant].late : &link->mandates[1 + grant].now);
	else if (is_late)
		codes[count++] = (struct bpf_code){ NULL, 0 };
	/* A text has one instruction at least; none here is none for files. */
	if (is_late && grant < mandates->count - 1 && codes[0].count == 0) {
		(void)error_set(error, OUTCOME_USAGE,
		    "the bpf of the policy has no meaning for packets in memory: before is not possible");
		return 0;
	}
	return count;
}
