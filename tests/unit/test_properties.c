/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kafka/properties.c: -X, and what is shown of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "kafka/properties.h"

static struct properties properties;
static struct error error;

static int
release(void **state)
{
	(void)state;
	properties_release(&properties);
	return 0;
}

static void
assert_shown(const char *text)
{
	struct buffer out;

	buffer_init(&out, 65536);
	assert_int_equal(properties_write(&properties, &out), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, text);
	buffer_release(&out);
}

static void
test_add(void **state)
{
	(void)state;
	properties_set(&properties, "bootstrap.servers", "localhost:9092");
	assert_int_equal(properties_add(&properties, "group.id=a=b=c", &error), 0);
	assert_int_equal(properties_add(&properties, "linger.ms=", &error), 0);
	assert_string_equal(properties_get(&properties, "group.id"), "a=b=c");
	assert_string_equal(properties_get(&properties, "linger.ms"), "");
	assert_null(properties_get(&properties, "group"));
	assert_int_equal(properties_add(&properties, "group.id=it's \\", &error), 0);
	assert_shown("{'bootstrap.servers': 'localhost:9092', 'group.id': 'it\\'s \\\\', 'linger.ms': ''}");
}

static void
test_refused(void **state)
{
	static const char *const bad[] = { "nothing", "", "=value", "acks=0", "request.required.acks=0", "enable.auto.commit=true",
		"auto.offset.reset=latest", "transactional.id=x", "log.queue=false", "debug=@/nonexistent/file" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(properties_add(&properties, bad[i], &error), -1);
		assert_int_equal(error.outcome, OUTCOME_USAGE);
		assert_non_null(strstr(error.text, "-X"));
	}
	assert_int_equal(properties.count, 0);
	assert_int_equal(properties_add(&properties, "acks=1", &error), 0);
	/* What stands in place of a property may be a secret. */
	assert_int_equal(properties_add(&properties, "hunter2", &error), -1);
	assert_null(strstr(error.text, "hunter2"));
}

static void
test_secrets(void **state)
{
	const char *name = NULL;

	(void)state;
	assert_false(properties_expose(&properties, &name));
	assert_int_equal(properties_add(&properties, "sasl.username=alice", &error), 0);
	assert_false(properties_expose(&properties, &name));
	assert_int_equal(properties_add_configured(&properties, "sasl.password=hunter1", &error), 0);
	assert_false(properties_expose(&properties, &name));
	assert_int_equal(properties_add(&properties, "sasl.password=hunter2", &error), 0);
	assert_true(properties_expose(&properties, &name));
	assert_string_equal(name, "sasl.password");
	assert_int_equal(properties_add(&properties, "ssl.key.password=hunter3", &error), 0);
	assert_int_equal(properties_add(&properties, "ssl.key.pem=-----BEGIN", &error), 0);
	assert_int_equal(properties_add(&properties, "sasl.oauthbearer.client.secret=x", &error), 0);
	assert_shown(
	    "{'sasl.username': 'alice', 'sasl.password': '***', 'ssl.key.password': '***', 'ssl.key.pem': '***', "
	    "'sasl.oauthbearer.client.secret': '***'}");
}

static void
test_files(void **state)
{
	char path[] = "/tmp/espcap-test-properties-XXXXXX", text[80];
	const char *name;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "hunter2 \n", 9), 9);
	(void)snprintf(text, sizeof(text), "sasl.password=@%s", path);
	assert_int_equal(properties_add(&properties, text, &error), 0);
	assert_string_equal(properties_get(&properties, "sasl.password"), "hunter2 ");
	assert_false(properties_expose(&properties, &name));
	(void)snprintf(text, sizeof(text), "sasl.username=@%s", path);
	assert_int_equal(properties_add(&properties, text, &error), 0);
	assert_shown("{'sasl.password': '***', 'sasl.username': '***'}");
	assert_int_equal(write(fd, "x\0y", 3), 3);
	assert_int_equal(properties_add(&properties, text, &error), -1);
	close(fd);
	unlink(path);
}

static void
test_copy(void **state)
{
	struct properties copy = { .items = NULL };

	(void)state;
	properties_set(&properties, "a", "1");
	properties_copy(&copy, &properties);
	properties_set(&copy, "a", "2");
	assert_string_equal(properties_get(&properties, "a"), "1");
	assert_string_equal(properties_get(&copy, "a"), "2");
	properties_release(&copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_add, release),
		cmocka_unit_test_teardown(test_refused, release),
		cmocka_unit_test_teardown(test_secrets, release),
		cmocka_unit_test_teardown(test_files, release),
		cmocka_unit_test_teardown(test_copy, release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
