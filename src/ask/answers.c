/* SPDX-License-Identifier: BSD-2-Clause */
/* What nodes say about one request. */
#include "ask/answers.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "request/members.h"

#define LINE_MAX_LEN ((size_t)1 << 20)
#define LINE_DEPTH_MAX 16
#define NAME_SIZE 256

struct node {
	char name[NAME_SIZE];
	bool is_over; /* refused, or all it has to say is said */
	bool is_accepted;
	uint64_t captures, destinations;      /* that are to come, of each capture */
	uint64_t started, finished, resolved; /* resolved: outcomes of destinations */
	uint64_t owed;                        /* outcomes of the captures that finished with packets */
};

struct answers {
	char *id;
	uint64_t expected;
	bool is_brief;
	struct node *nodes;
	size_t count;
	enum outcome worst;
};

/* One line. */
struct line {
	char result[32], id[NAME_SIZE], node[NAME_SIZE];
	bool has_destination;
	uint64_t packets, interfaces, destinations;
};

struct answers *
answers_new(const char *id, uint64_t nodes, bool is_brief)
{
	struct answers *answers = xcalloc(1, sizeof(*answers));

	answers->id = xstrdup(id);
	answers->expected = nodes;
	answers->is_brief = is_brief;
	return answers;
}

void
answers_free(struct answers *answers)
{
	if (answers == NULL)
		return;
	free(answers->id);
	free(answers->nodes);
	free(answers);
}

/* Texts that are longer are cut: they are no id of ours, and names of nodes are not that long. */
static void
take_text(char *to, size_t size, const struct members_value *value)
{
	if (value->kind == MEMBERS_TEXT)
		(void)text_visible(to, size, value->text.bytes, value->text.len);
}

static uint64_t
number_of(const struct members_value *value)
{
	char text[32] = "";
	uint64_t number;

	if (value->kind == MEMBERS_NUMBER)
		(void)text_visible(text, sizeof(text), value->text.bytes, value->text.len);
	return text_number(text, 0, UINT64_MAX, &number) == 0 ? number : 0;
}

static bool
is_named(const char *name, size_t len, const char *what)
{
	return strlen(what) == len && memcmp(name, what, len) == 0;
}

static int
on_member(void *ctx, const char *name, size_t len, const struct members_value *value, struct error *error)
{
	struct line *line = ctx;

	(void)error;
	if (is_named(name, len, "result"))
		take_text(line->result, sizeof(line->result), value);
	else if (is_named(name, len, "id"))
		take_text(line->id, sizeof(line->id), value);
	else if (is_named(name, len, "node"))
		take_text(line->node, sizeof(line->node), value);
	else if (is_named(name, len, "destination"))
		line->has_destination = true;
	else if (is_named(name, len, "packets"))
		line->packets = number_of(value);
	else if (is_named(name, len, "interfaces") && value->kind == MEMBERS_TEXTS)
		line->interfaces = value->count;
	else if (is_named(name, len, "destinations") && value->kind == MEMBERS_TEXTS)
		line->destinations = value->count;
	return 0;
}

/* The node of this name; NULL if there are too many. */
static struct node *
node_of(struct answers *answers, const char *name)
{
	struct node *node;

	for (size_t i = 0; i < answers->count; i++)
		if (strcmp(answers->nodes[i].name, name) == 0)
			return &answers->nodes[i];
	if (answers->count == ANSWERS_NODES_MAX)
		return NULL;
	answers->nodes = xreallocarray(answers->nodes, answers->count + 1, sizeof(*answers->nodes));
	node = &answers->nodes[answers->count++];
	memset(node, 0, sizeof(*node));
	memcpy(node->name, name, strlen(name) + 1);
	return node;
}

/* The outcome of one destination, or of a capture that came to no file. */
static void
take_outcome(struct answers *answers, struct node *node, const struct line *line, enum outcome outcome)
{
	if (line->has_destination)
		node->resolved++;
	else
		node->finished++;
	answers->worst = outcome_worse(answers->worst, outcome);
}

static void
take_finished(struct node *node, const struct line *line)
{
	node->finished++;
	if (line->packets > 0)
		node->owed += node->destinations > 0 ? node->destinations : 1;
}

static void
take_refusal(struct answers *answers, struct node *node, enum outcome outcome)
{
	node->is_over = true;
	answers->worst = outcome_worse(answers->worst, outcome);
}

static void
take_line(struct answers *answers, struct node *node, const struct line *line)
{
	const char *result = line->result;

	if (strcmp(result, "accepted") == 0) {
		node->is_accepted = true;
		node->captures = line->interfaces;
		node->destinations = line->destinations;
	} else if (strcmp(result, "refused") == 0)
		take_refusal(answers, node, OUTCOME_USAGE);
	else if (strcmp(result, "busy") == 0)
		take_refusal(answers, node, OUTCOME_OUTPUT);
	else if (strcmp(result, "started") == 0)
		node->started++;
	else if (strcmp(result, "finished") == 0)
		take_finished(node, line);
	else if (strcmp(result, "uploaded") == 0)
		take_outcome(answers, node, line, OUTCOME_OK);
	else if (strcmp(result, "unknown") == 0 || strcmp(result, "failed") == 0)
		take_outcome(answers, node, line, OUTCOME_OUTPUT);
	if (answers->is_brief)
		node->is_over = true;
}

bool
answers_take(struct answers *answers, const char *bytes, size_t len)
{
	struct line line = { .result = "" };
	const struct members members = { .on_member = on_member,
		.ctx = &line,
		.len_max = LINE_MAX_LEN,
		.depth_max = LINE_DEPTH_MAX };
	struct node *node;

	if (members_read(&members, bytes, len, NULL) != 0 || line.result[0] == '\0' || strcmp(line.id, answers->id) != 0)
		return false;
	node = node_of(answers, line.node);
	if (node != NULL)
		take_line(answers, node, &line);
	return true;
}

static bool
is_done(const struct node *node)
{
	uint64_t captures = node->captures > node->started ? node->captures : node->started;

	if (node->is_over)
		return true;
	return node->is_accepted && node->finished > 0 && node->finished >= captures && node->resolved >= node->owed;
}

enum answers_state
answers_state(const struct answers *answers)
{
	size_t done = 0;

	for (size_t i = 0; i < answers->count; i++)
		done += is_done(&answers->nodes[i]);
	if (done == 0 || done < answers->count || done < answers->expected)
		return ANSWERS_MORE;
	return answers->expected > 0 ? ANSWERS_ALL : ANSWERS_IDLE;
}

enum outcome
answers_outcome(const struct answers *answers)
{
	enum outcome outcome = answers->count < answers->expected || answers->count == 0 ? OUTCOME_OUTPUT : answers->worst;

	for (size_t i = 0; i < answers->count; i++)
		if (!is_done(&answers->nodes[i]))
			outcome = OUTCOME_OUTPUT;
	return outcome_worse(outcome, answers->worst);
}
