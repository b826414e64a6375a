/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of sink/shipping.c with sink/mapping_check.c: documents that do not fit into the mapping of their index are
 * held in their batch until that mapping has been looked at. What is found, and what follows for the batch:
 *	it is espcap's			sent again at once, and then they are rejected: test_ours, test_ours_for_one_reply
 *	the index is gone		sent again later, the third time as if it were espcap's: test_gone
 *	it is not espcap's		the end: test_wrong; for the patient, looked at again after each wait: test_wrong_and_patient
 *	it may not be seen		as if it were espcap's, and no look any more: test_blind
 *	no answer			sent again later: test_no_answer
 * test_one_after_the_other has two batches, test_many_indices one that is halved, test_stop_while_held and
 * test_free_while_held the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shipper.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OURS \
	"{\"mappings\":{\"dynamic\":\"false\",\"_meta\":" \
	"{\"created_by\":\"espcap\"},\"properties\":" \
	"{\"layers\":{\"type\":\"flattened\"}}}}"
#define OTHERS "{\"mappings\":{}}"

static void
begin_held(void)
{
	begin();
	begin_guarding();
}

/* The last request asks for the mappings of these. */
static size_t
asked(const char *indices)
{
	size_t n = world.count - 1;
	char url[4000];

	(void)snprintf(url, sizeof(url),
	    "http://a:9200/%s/_mapping?"
	    "ignore_unavailable=true",
	    indices);
	assert_string_equal(request_at(n)->method, "GET");
	assert_string_equal(request_at(n)->url, url);
	return n;
}

static void
find(const char *mapping)
{
	char body[400];

	(void)snprintf(body, sizeof(body), "{\"" INDEX "\":%s}", mapping);
	answer(asked(INDEX), 200, body);
}

/* The last request was to this path. */
static size_t
went_to(const char *method, const char *path)
{
	size_t n = world.count - 1;

	assert_string_equal(request_at(n)->method, method);
	assert_string_equal(request_at(n)->url + strlen("http://a:9200"),
	    path);
	return n;
}

/* The guard asks for the template, which is not there, and puts it. */
static void
let_put_template(void)
{
	answer(went_to("GET", "/_component_template/packets@custom"), 404,
	    "{}");
	answer(went_to("GET", "/_index_template/espcap-packets"), 404, "{}");
	answer(went_to("PUT", "/_index_template/espcap-packets"), 200, "{}");
}

/* --- What is found ------------------------------------------------------------------- */

static void
test_ours(void **state)
{
	(void)state;
	begin_held();
	give(5);
	reply(0, "imbmd");
	/* What is known is resolved at once, and the others are asked for once. */
	assert_counts(1, 1, 0, 0);
	assert_int_equal(next_timer(), NO_TIMER);
	assert_int_equal(world.count, 2);
	find(OURS);
	assert_sent(sent_after(0), " 1 2 3");
	assert_int_equal(retries(), 1);
	reply(2, "mib");
	assert_counts(2, 1, 0, 1);
	assert_dead(
	    "\"id\":\"id1\",\"status\":400,\"type\":"
	    "\"document_parsing_exception\",\"reason\":\"no date\","
	    "\"document\":{\"n\":1}}");
	/* It waits as for the first time. */
	assert_sent(sent_after(1000), " 3");
	reply(3, "i");
	assert_counts(3, 1, 0, 1);
	assert_all_settled();
}

/* Meanwhile somebody sanitized the mapping. */
static void
test_ours_and_they_fit(void **state)
{
	(void)state;
	begin_held();
	give(2);
	reply(0, "mm");
	find(OURS);
	reply(sent_after(0), "ii");
	assert_counts(2, 0, 0, 0);
	assert_all_settled();
	assert_heard("");
}

/* What was found holds for one reply: an index may be deleted and made again. */
static void
test_ours_for_one_reply(void **state)
{
	static const long statuses[] = { 429, 404, 401, 503 };

	(void)state;
	begin_held();
	give(2);
	reply(0, "mb");
	find(OURS);
	reply(sent_after(0), "bm");
	/* The second was rejected then; the first has not been asked for. */
	assert_counts(0, 0, 0, 1);
	reply(sent_after(1000), "m");
	assert_counts(0, 0, 0, 1);
	find(OURS);
	reply(sent_after(0), "m");
	assert_counts(0, 0, 0, 2);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		anew(state);
		begin_held();
		give(1);
		reply(0, "m");
		find(OURS);
		answer(sent_after(0), statuses[i], "");
		if (statuses[i] == 503)
			reply(sent_when_back(1000), "m");
		else
			reply(sent_after(next_timer()), "m");
		assert_counts(0, 0, 0, 0);
		find(OURS);
		reply(sent_after(0), "m");
		assert_counts(0, 0, 0, 1);
	}
	anew(state);
	begin_held();
	give(1);
	reply(0, "m");
	find(OURS);
	break_off(sent_after(0), HTTP_LOST, "reset");
	reply(sent_when_back(1000), "m");
	assert_counts(0, 0, 0, 0);
	(void)asked(INDEX);
}

/* Each index once, in the order of the documents. */
static void
test_several_indices(void **state)
{
	struct batch *batch = batch_new();

	(void)state;
	begin_held();
	add_document(batch, "packets-12");
	add_document(batch, "packets-1");
	add_document(batch, "packets-12");
	add_document(batch, "packets-2");
	add_document(batch, "packets-1");
	give_batch(batch);
	reply(0, "mmmmm");
	answer(asked("packets-12,packets-1,packets-2"), 200,
	    "{\"packets-1\":" OURS ",\"packets-2\":" OURS
	    ",\"packets-12\":" OURS "}");
	reply(sent_after(0), "mmmmm");
	assert_counts(0, 0, 0, 5);
	assert_all_settled();
}

/*
 * The index is missing: it was deleted, and what comes next makes it anew from the template, which is put if need be.
 */
static void
test_gone(void **state)
{
	(void)state;
	begin_held();
	give(1);
	reply(0, "m");
	answer(asked(INDEX), 404, "{}");
	let_put_template();
	assert_heard(
	    "note: the index template espcap-packets was missing and "
	    "has been put again\n");
	reply(sent_after(1000), "m");
	/* One of the answers fewer than was asked for is the same. */
	answer(asked(INDEX), 200, "{}");
	let_put_template();
	reply(sent_after(2000), "m");
	answer(asked(INDEX), 404, "{}");
	let_put_template();
	/* By another name, an alias, it is never found: so be it. */
	assert_counts(0, 0, 0, 0);
	reply(sent_after(4000), "m");
	assert_counts(0, 0, 0, 1);
	assert_all_settled();
}

static void
test_wrong(void **state)
{
	(void)state;
	begin_held();
	give(2);
	reply(0, "im");
	find(OTHERS);
	let_put_template();
	assert_failed(OUTCOME_OUTPUT,
	    "the index " INDEX
	    " does not have "
	    "espcap's mapping, and the server rejects packets because of "
	    "that: it was made while espcap's index template was missing, "
	    "which has been put again; delete or reindex that index and run "
	    "espcap again, or deliver to it as it is with --no-template "
	    "(index " INDEX ": 400 document_parsing_exception: no date)");
	assert_counts(1, 0, 0, 0);
}

/* Each answer about the template that is not espcap's being there. */
static void
test_wrong_template(void **state)
{
	static const struct {
		long custom, found;
		const char *body, *text;
	} cases[] = {
		{ 404, 200,
		    "{\"index_templates\":[{\"name\":"
		    "\"espcap-packets\",\"index_template\":"
		    "{\"index_patterns\":[\"packets-*\"]}}]}",
		    "espcap's index template was replaced by another" },
		{ 403, 0, "",
		    "espcap's index template is missing, and these "
		    "credentials may not put it" }
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		anew(state);
		begin_held();
		give(1);
		reply(0, "m");
		find(OTHERS);
		answer(went_to("GET", "/_component_template/packets@custom"),
		    cases[i].custom, "{}");
		if (cases[i].found != 0)
			answer(went_to("GET",
				   "/_index_template/espcap-packets"),
			    cases[i].found, cases[i].body);
		assert_failed(OUTCOME_OUTPUT, cases[i].text);
	}
}

/* A sensor waits until somebody has repaired it, and looks each time. */
static void
test_wrong_and_patient(void **state)
{
	static const uint64_t waits[] = { 4000, 8000, 16000, 32000 };

	(void)state;
	bench.config.is_patient = true;
	begin_held();
	give(2);
	reply(0, "mb");
	for (size_t i = 0; i < COUNT(waits); i++) {
		find(OTHERS);
		answer(went_to("GET", "/_component_template/packets@custom"),
		    403, "{}");
		assert_int_equal(bench.failures, 0);
		if (i == 0)
			assert_said(
			    "espcap's index template is missing, and "
			    "these credentials may not put it");
		reply(sent_after(waits[i]), "mb");
	}
	assert_counts(0, 0, 0, 0);
	find(OURS);
	reply(sent_after(0), "ii");
	assert_counts(2, 0, 0, 0);
	assert_all_settled();
}

/* Who may not look rejects as before, without asking again. */
static void
test_blind(void **state)
{
	(void)state;
	begin_held();
	give(1);
	reply(0, "m");
	answer(asked(INDEX), 403, "{}");
	assert_heard(
	    "note: these credentials may not read the mappings of "
	    "the indices: it is unknown whether the rejected packets or the "
	    "mappings are at fault\n");
	assert_counts(0, 0, 0, 0);
	reply(sent_after(0), "m");
	assert_counts(0, 0, 0, 1);
	give(2);
	reply(world.count - 1, "mi");
	assert_counts(1, 0, 0, 2);
	assert_all_settled();
}

static void
test_no_answer(void **state)
{
	static const long statuses[] = { 401, 408, 429, 500, 503 };

	(void)state;
	begin_held();
	give(1);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		reply(world.count - 1, "m");
		answer(asked(INDEX), statuses[i], "{}");
		(void)sent_after((uint64_t)1000 << i);
	}
	reply(world.count - 1, "m");
	/* What is none of a mapping's answers. */
	answer(asked(INDEX), 200, "a page");
	reply(sent_after(32000), "m");
	break_off(asked(INDEX), HTTP_LOST, "reset");
	assert_counts(0, 0, 0, 0);
	assert_int_equal(retries(), 7);
}

/* --- Together with others -------------------------------------------------------------- */

/* The guard looks for one batch after the other. */
static void
test_one_after_the_other(void **state)
{
	(void)state;
	begin_held();
	give(1);
	give(1);
	give(1);
	reply(0, "m");
	reply(1, "m");
	assert_int_equal(world.count, 4);
	find(OURS);
	/* The second look begins, and the first batch goes again. */
	assert_int_equal(world.count, 5);
	pass(0);
	assert_sent(5, " 0");
	answer(4, 200, "{\"" INDEX "\":" OURS "}");
	assert_sent(sent_after(0), " 1");
	reply(5, "m");
	reply(6, "m");
	/* The third was never held. */
	reply(2, "i");
	assert_counts(1, 0, 0, 2);
	assert_all_settled();
}

/* Credentials that are refused count as ever, and are not said while the mapping is looked at. */
static void
test_forbidden_and_held(void **state)
{
	(void)state;
	begin_held();
	give(2);
	reply(0, "fm");
	assert_heard("");
	find(OURS);
	reply(sent_after(0), "fm");
	assert_counts(0, 0, 0, 1);
	reply(sent_after(1000), "f");
	assert_failed(OUTCOME_OUTPUT,
	    "403 security_exception: may not: see "
	    "--user");
}

/* So many indices that their names do not fit into one question: by halves. */
static void
test_many_indices(void **state)
{
	struct batch *batch = batch_new();
	char index[201], names[4000] = "", body[4000] = "{";

	(void)state;
	begin_held();
	for (unsigned i = 0; i < 20; i++) {
		memset(index, 'a', sizeof(index) - 1);
		(void)snprintf(index + 198, 3, "%02u", i);
		add_document(batch, index);
		if (i >= 10)
			continue;
		(void)snprintf(names + strlen(names), 202, "%s%s",
		    i > 0 ? "," : "", index);
		(void)snprintf(body + strlen(body), 350, "%s\"%s\":" OURS,
		    i > 0 ? "," : "", index);
	}
	strcat(body, "}");
	give_batch(batch);
	reply(0, "mmmmmmmmmmmmmmmmmmmm");
	assert_sent(sent_after(0), " 0 1 2 3 4 5 6 7 8 9");
	reply(1, "mmmmmmmmmm");
	answer(asked(names), 200, body);
	reply(sent_after(0), "mmmmmmmmmi");
	assert_counts(1, 0, 0, 9);
	assert_sent(world.count - 1, " 10 11 12 13 14 15 16 17 18 19");
}

/* --- The end ------------------------------------------------------------------------------ */

static void
test_stop_while_held(void **state)
{
	(void)state;
	begin_held();
	give(1);
	reply(0, "m");
	shipping_stop(bench.shipping);
	find(OURS);
	pass(60000);
	assert_int_equal(world.count, 2);
	assert_counts(0, 0, 0, 0);
	/* Nor does it fail any more. */
	anew(state);
	begin_held();
	give(1);
	reply(0, "m");
	shipping_stop(bench.shipping);
	find(OTHERS);
	answer(went_to("GET", "/_component_template/packets@custom"), 403,
	    "{}");
	assert_int_equal(bench.failures, 0);
}

static void
test_free_while_held(void **state)
{
	(void)state;
	begin_held();
	give(1);
	give(1);
	reply(0, "m");
	reply(1, "m");
	(void)asked(INDEX);
	anew(state);
	begin_held();
	give(1);
	reply(0, "m");
	find(OTHERS);
	(void)went_to("GET", "/_component_template/packets@custom");
	/* The guard has a request under way: the cluster is freed first. */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ours),
		TEST(test_ours_and_they_fit),
		TEST(test_ours_for_one_reply),
		TEST(test_several_indices),
		TEST(test_gone),
		TEST(test_wrong),
		TEST(test_wrong_template),
		TEST(test_wrong_and_patient),
		TEST(test_blind),
		TEST(test_no_answer),
		TEST(test_one_after_the_other),
		TEST(test_forbidden_and_held),
		TEST(test_many_indices),
		TEST(test_stop_while_held),
		TEST(test_free_while_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
