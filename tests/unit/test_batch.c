/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of sink/batch.c: bodies, keeping, halving, ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink/batch.h"

static int
add(struct batch *batch, const char *index, const char *id, const char *json)
{
	return batch_add(batch, index, strlen(index), id,
	    id == NULL ? 0 : strlen(id), json, strlen(json));
}

static void
expect_body(const struct batch *batch, const char *wanted)
{
	assert_int_equal(batch->body.len, strlen(wanted));
	assert_memory_equal(batch->body.data, wanted, strlen(wanted));
}

static void
expect_item(const struct batch *batch, size_t i, const char *index,
    const char *id, const char *document)
{
	const char *text;
	size_t len;

	text = batch_index(batch, i, &len);
	assert_int_equal(len, strlen(index));
	assert_memory_equal(text, index, len);
	text = batch_id(batch, i, &len);
	assert_int_equal(len, strlen(id));
	assert_memory_equal(text, id, len);
	text = batch_document(batch, i, &len);
	assert_int_equal(len, strlen(document));
	assert_memory_equal(text, document, len);
}

static void
test_body(void **state)
{
	struct batch *batch = batch_new();

	(void)state;
	assert_int_equal(add(batch, "packets-2015-07-30", "a-_9", "{\"a\":1}"),
	    0);
	assert_int_equal(add(batch, "p", NULL, "{}"), 0);
	expect_body(batch,
	    "{\"create\":{\"_index\":\"packets-2015-07-30\","
	    "\"_id\":\"a-_9\"}}\n{\"a\":1}\n"
	    "{\"create\":{\"_index\":\"p\"}}\n{}\n");
	expect_item(batch, 0, "packets-2015-07-30", "a-_9", "{\"a\":1}");
	expect_item(batch, 1, "p", "", "{}");
	batch_free(batch);
}

/* Nothing that could end a name or a line gets into an action line. */
static void
test_unsafe_names(void **state)
{
	struct batch *batch = batch_new();
	char name[2] = "", *longest = malloc(BATCH_NAME_MAX + 2);

	(void)state;
	for (int c = 1; c < 256; c++) {
		name[0] = (char)c;
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || strchr("._-", c) != NULL)
			continue;
		assert_int_equal(add(batch, name, "i", "{}"), -1);
		assert_int_equal(add(batch, "x", name, "{}"), -1);
	}
	assert_int_equal(batch_add(batch, "a\0b", 3, NULL, 0, "{}", 2), -1);
	assert_int_equal(add(batch, "", "i", "{}"), -1);
	assert_int_equal(add(batch, "x", "", "{}"), -1);
	memset(longest, 'x', BATCH_NAME_MAX + 1);
	longest[BATCH_NAME_MAX + 1] = '\0';
	assert_int_equal(add(batch, longest, NULL, "{}"), -1);
	assert_int_equal(batch->count, 0);
	assert_int_equal(batch->body.len, 0);
	assert_int_equal(add(batch, longest + 1, longest + 1, "{}"), 0);
	free(longest);
	batch_free(batch);
}

static struct batch *
make(size_t count)
{
	struct batch *batch = batch_new();
	char id[16], json[32];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(id, sizeof(id), "id%zu", i);
		(void)snprintf(json, sizeof(json), "{\"n\":%zu}", i * i);
		assert_int_equal(add(batch, "i", id, json), 0);
	}
	return batch;
}

static void
test_keep(void **state)
{
	struct batch *batch = make(600);
	bool keep[600];

	(void)state;
	for (size_t i = 0; i < 600; i++)
		keep[i] = i % 200 == 7;
	batch_keep(batch, keep);
	assert_int_equal(batch->count, 3);
	expect_body(batch,
	    "{\"create\":{\"_index\":\"i\",\"_id\":\"id7\"}}\n"
	    "{\"n\":49}\n{\"create\":{\"_index\":\"i\",\"_id\":\"id207\"}}\n"
	    "{\"n\":42849}\n{\"create\":{\"_index\":\"i\",\"_id\":\"id407\"}}\n"
	    "{\"n\":165649}\n");
	expect_item(batch, 2, "i", "id407", "{\"n\":165649}");
	memset(keep, 0, sizeof(keep));
	batch_keep(batch, keep);
	assert_int_equal(batch->count, 0);
	assert_int_equal(batch->body.len, 0);
	batch_free(batch);
}

static void
test_split(void **state)
{
	struct batch *batch = make(3), *other = batch_split(batch);

	(void)state;
	assert_int_equal(batch->count, 1);
	assert_int_equal(other->count, 2);
	expect_item(batch, 0, "i", "id0", "{\"n\":0}");
	expect_item(other, 0, "i", "id1", "{\"n\":1}");
	expect_item(other, 1, "i", "id2", "{\"n\":4}");
	expect_body(batch,
	    "{\"create\":{\"_index\":\"i\",\"_id\":\"id0\"}}\n"
	    "{\"n\":0}\n");
	batch_free(batch);
	batch_free(other);
}

/* Whoever waits for a document goes with it. */
static void
test_acks(void **state)
{
	struct batch *batch = make(4), *other;
	bool keep[4] = { true, false, true, true };
	struct ack *one = (struct ack *)(uintptr_t)64,
		   *two = (struct ack *)(uintptr_t)128;

	(void)state;
	assert_null(batch->items[3].ack);
	batch_set_ack(batch, one);
	assert_int_equal(add(batch, "i", "id4", "{}"), 0);
	assert_null(batch->items[4].ack);
	batch_set_ack(batch, two);
	other = batch_split(batch);
	assert_int_equal(other->count, 3);
	assert_null(other->items[0].ack);
	assert_ptr_equal(other->items[1].ack, one);
	assert_ptr_equal(other->items[2].ack, two);
	keep[0] = false;
	keep[1] = false;
	batch_keep(other, keep);
	assert_int_equal(other->count, 1);
	assert_ptr_equal(other->items[0].ack, two);
	batch_free(batch);
	batch_free(other);
}

static size_t
indices(const char *const names[], size_t count, size_t room, struct buffer *list)
{
	struct batch *batch = batch_new();
	size_t found;

	buffer_init(list, room);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(add(batch, names[i], NULL, "{}"), 0);
	found = batch_indices(batch, list);
	batch_free(batch);
	return found;
}

/* Each once, in the order of the documents; a name that another begins with is another. */
static void
test_indices(void **state)
{
	static const char *const names[] = { "ab", "a", "ab", "b", "a" };
	struct buffer list;

	(void)state;
	assert_int_equal(indices(names, 5, 100, &list), 3);
	assert_string_equal(list.data, "ab,a,b");
	buffer_release(&list);
	assert_int_equal(indices(names, 1, 100, &list), 1);
	assert_string_equal(list.data, "ab");
	buffer_release(&list);
	/* "ab,a,b" and the NUL are seven bytes. */
	assert_int_equal(indices(names, 5, 7, &list), 3);
	buffer_release(&list);
	for (size_t room = 1; room < 7; room++) {
		assert_int_equal(indices(names, 5, room, &list), 0);
		buffer_release(&list);
	}
}

static void
test_ids(void **state)
{
	static const uint8_t zeros[16],
	    ones[16] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
		    255, 255, 255, 255, 255 };
	static const uint8_t bytes[16] = { 0xfb, 0xef, 0xbe, 0x00, 0x10, 0x83,
		0x10, 0x51, 0x87, 0x20, 0x92, 0x8b, 0x30, 0xd3, 0x8f, 0x41 };
	char id[BATCH_ID_LEN];

	(void)state;
	batch_id_text(zeros, id);
	assert_string_equal(id, "AAAAAAAAAAAAAAAAAAAAAA");
	batch_id_text(ones, id);
	assert_string_equal(id, "_____________________w");
	/* python3: base64.urlsafe_b64encode */
	batch_id_text(bytes, id);
	assert_string_equal(id,
	    "---"
	    "-ABCDEFGHIJKLMNOPQQ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_unsafe_names),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_acks),
		cmocka_unit_test(test_indices),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
