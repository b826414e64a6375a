/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of run/worker_properties.c: what the client of espcap --kafka is told, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/worker_properties.h"

static struct log quiet = { .program = "test", .level = LOG_LEVEL_QUIET };
static struct properties properties;
static struct error error;

static int
teardown(void **state)
{
	(void)state;
	properties_release(&properties);
	return 0;
}

/* With these texts of -X up to the NULL. */
static int
take(const char *instance, const char *const *texts)
{
	struct options options = { .kafka = "a:1,b:2", .group = "g", .instance = instance };
	const char *items[8];

	for (; texts[options.properties.count] != NULL; options.properties.count++)
		items[options.properties.count] = texts[options.properties.count];
	options.properties.items = items;
	properties_release(&properties);
	return worker_properties(&properties, &options, &quiet, &error);
}

#define TAKE(instance, ...) take((instance), (const char *const[]){ __VA_ARGS__, NULL })

static void
test_taken(void **state)
{
	(void)state;
	assert_int_equal(TAKE("i", "session.timeout.ms=7000", "sasl.username=x=y"), 0);
	assert_string_equal(properties_get(&properties, "bootstrap.servers"), "a:1,b:2");
	assert_string_equal(properties_get(&properties, "group.id"), "g");
	assert_string_equal(properties_get(&properties, "group.instance.id"), "i");
	assert_string_equal(properties_get(&properties, "session.timeout.ms"), "7000");
	assert_string_equal(properties_get(&properties, "sasl.username"), "x=y");
	assert_int_equal(TAKE(NULL, NULL), 0);
	assert_null(properties_get(&properties, "group.instance.id"));
	assert_int_equal(properties.count, 2);
}

static void
test_without_kafka(void **state)
{
	const struct options options = { .group = "g" };

	(void)state;
	assert_int_equal(worker_properties(&properties, &options, &quiet, &error), 0);
	assert_int_equal(properties.count, 0);
}

static void
test_refused(void **state)
{
	static const char *const texts[][2] = {
		{ "hunter2", "-X takes KEY=VALUE, a property of the Kafka client" },
		{ "group.id=x", "-X group.id is refused: use --group" },
		{ "group.instance.id=x", "-X group.instance.id is refused: use --instance" },
		{ "bootstrap.servers=x", "-X bootstrap.servers is refused: use --kafka" },
		{ "metadata.broker.list=x", "-X metadata.broker.list is refused: use --kafka" },
		{ "auto.offset.reset=earliest", "-X auto.offset.reset is refused: use --from" },
		{ "enable.auto.commit=false",
		    "-X enable.auto.commit is refused: the offset of a packet is committed when its document is delivered" },
		{ "partition.assignment.strategy=range",
		    "-X partition.assignment.strategy is refused: all members of the group use cooperative-sticky" },
		{ "group.protocol=consumer", "-X group.protocol is refused: all members of the group use cooperative-sticky" }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(TAKE(NULL, texts[i][0]), -1);
		assert_int_equal(error.outcome, OUTCOME_USAGE);
		assert_string_equal(error.text, texts[i][1]);
	}
	assert_int_equal(TAKE(NULL, "acks=0"), 0);
}

/* A secret that others may read is none; of another property it does not matter. */
static void
test_secret_files(void **state)
{
	char path[] = "/tmp/espcap-test-worker-XXXXXX", secret[80], other[80], wanted[160];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "hunter2\n", 8), 8);
	(void)snprintf(secret, sizeof(secret), "sasl.password=@%s", path);
	(void)snprintf(other, sizeof(other), "client.id=@%s", path);
	assert_int_equal(TAKE(NULL, "client.id=a"), 0);
	assert_int_equal(prctl(PR_GET_DUMPABLE), 1);
	assert_int_equal(TAKE(NULL, secret), 0);
	assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
	assert_string_equal(properties_get(&properties, "sasl.password"), "hunter2");
	assert_int_equal(fchmod(fd, 0640), 0);
	(void)snprintf(wanted, sizeof(wanted), "-X sasl.password=@FILE: %s: others may read this secret: chmod 600 it", path);
	assert_int_equal(TAKE(NULL, secret), -1);
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_string_equal(error.text, wanted);
	assert_int_equal(TAKE(NULL, other), 0);
	assert_string_equal(properties_get(&properties, "client.id"), "hunter2");
	close(fd);
	assert_int_equal(unlink(path), 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = { TEST(test_taken), TEST(test_without_kafka), TEST(test_refused),
		TEST(test_secret_files) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
