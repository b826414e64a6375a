/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of daemon/journal.c: what was accepted is known after a crash, whatever the file looks like. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "daemon/journal.h"

static const char *const one[] = { "eth0" };

struct place_of {
	char folder[64], file[80];
	struct log log;
};

static int
make_folder(void **state)
{
	struct place_of *place = xcalloc(1, sizeof(*place));

	(void)snprintf(place->folder, sizeof(place->folder), "/tmp/test_journal.XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	(void)snprintf(place->file, sizeof(place->file), "%s/journal", place->folder);
	place->log = (struct log){ .program = "test", .level = LOG_LEVEL_QUIET };
	*state = place;
	return 0;
}

static int
remove_folder(void **state)
{
	struct place_of *place = *state;

	(void)unlink(place->file);
	(void)rmdir(place->file);
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}

static struct journal *
reopen(struct journal *journal, struct place_of *place, int64_t now)
{
	struct error error;

	journal_free(journal);
	journal = journal_open(place->folder, now, &place->log, &error);
	assert_non_null(journal);
	return journal;
}

static enum journal_answer
take(struct journal *journal, const char *id, const char *nonce, int64_t time)
{
	const struct ledger_entry entry = {
		.id = id, .signer = nonce != NULL ? "noc" : NULL, .time = time, .count = 1, .interfaces = one
	};
	struct error error;

	return journal_accept(journal, &entry, nonce, time + 60000, &error);
}

static void
test_crash(void **state)
{
	struct place_of *place = *state;
	struct journal *journal = reopen(NULL, place, 1000);
	struct error error;
	struct stat st;

	assert_int_equal(stat(place->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(take(journal, "a", NULL, 1000), JOURNAL_WRITTEN);
	assert_int_equal(take(journal, "a", NULL, 1001), JOURNAL_KNOWN);
	assert_int_equal(take(journal, "b", "n1", 1002), JOURNAL_WRITTEN);
	assert_int_equal(take(journal, "c", "n1", 1003), JOURNAL_REPLAYED);
	assert_int_equal(journal_note(journal, "noc", "n1", 70000, 1003, &error), JOURNAL_REPLAYED);
	assert_int_equal(journal_note(journal, "noc", "n2", 70000, 1003, &error), JOURNAL_WRITTEN);
	assert_int_equal(journal_settle(journal, "a", 0, LEDGER_SPOOLED, &error), 0);
	assert_int_equal(journal_settle(journal, "z", 0, LEDGER_SPOOLED, &error), -1);
	journal = reopen(journal, place, 2000);
	assert_int_equal(ledger_find(journal_ledger(journal), "a")->states[0], LEDGER_SPOOLED);
	assert_int_equal(ledger_find(journal_ledger(journal), "b")->states[0], LEDGER_OPEN);
	assert_int_equal(take(journal, "c", "n1", 2001), JOURNAL_REPLAYED);
	assert_int_equal(take(journal, "c", "n2", 2001), JOURNAL_REPLAYED);
	/* Written anew at the start, it says the same. */
	journal = reopen(journal, place, 2000);
	assert_int_equal(take(journal, "c", "n1", 2001), JOURNAL_REPLAYED);
	assert_int_equal(take(journal, "c", "n1", 70000), JOURNAL_WRITTEN);
	journal_free(journal);
}

static void
add_bytes(const struct place_of *place, const char *text)
{
	FILE *file = fopen(place->file, "a");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
test_damage(void **state)
{
	struct place_of *place = *state;
	struct journal *journal = reopen(NULL, place, 1000);

	assert_int_equal(take(journal, "a", "n1", 1000), JOURNAL_WRITTEN);
	add_bytes(place, "nonce 00\nnonce \nnonce zz\nnonce 0\n12345678 accepted x 5 - -\nrubbish\n\n");
	assert_int_equal(take(journal, "b", NULL, 1000), JOURNAL_WRITTEN);
	add_bytes(place, "12345678 acc");
	journal = reopen(journal, place, 2000);
	assert_int_equal(ledger_count(journal_ledger(journal)), 2);
	assert_int_equal(take(journal, "c", NULL, 2000), JOURNAL_WRITTEN);
	journal = reopen(journal, place, 2000);
	assert_int_equal(ledger_count(journal_ledger(journal)), 3);
	assert_int_equal(take(journal, "d", "n1", 2000), JOURNAL_REPLAYED);
	/* A day later none of them has ended: all are kept. */
	journal = reopen(journal, place, (int64_t)JOURNAL_KEEP_MS * 2);
	assert_int_equal(ledger_count(journal_ledger(journal)), 3);
	journal_free(journal);
}

static void
test_unusable(void **state)
{
	struct place_of *place = *state;
	struct error error;

	assert_int_equal(mkdir(place->file, 0700), 0);
	assert_null(journal_open(place->folder, 0, &place->log, &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(error.text, place->folder));
	assert_null(journal_open("/nonexistent", 0, &place->log, &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
}

/* No file of this process may grow beyond its length of now, or (0) there is no bound. */
static void
bound_files(const struct place_of *place, bool is_bound)
{
	struct rlimit limit;
	struct stat st;

	assert_int_equal(stat(place->file, &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = is_bound ? (rlim_t)st.st_size + 10 : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* What could not be written is written with the next line, or by itself; half a line never stays. */
static void
test_full(void **state)
{
	struct place_of *place = *state;
	struct journal *journal = reopen(NULL, place, 1000);
	struct error error;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(take(journal, "a", NULL, 1000), JOURNAL_WRITTEN);
	assert_int_equal(take(journal, "b", NULL, 1000), JOURNAL_WRITTEN);
	bound_files(place, true);
	assert_int_equal(journal_settle(journal, "a", 0, LEDGER_EMPTY, &error), -1);
	assert_non_null(strstr(error.text, "cannot be written"));
	assert_int_equal(journal_catch_up(journal, &error), -1);
	assert_int_equal(take(journal, "c", "n1", 1000), JOURNAL_FAILED);
	/* On disk nothing has changed. */
	bound_files(place, false);
	{
		struct journal *other = journal_open(place->folder, 1000, &place->log, &error);

		assert_int_equal(ledger_count(journal_ledger(other)), 2);
		assert_int_equal(ledger_find(journal_ledger(other), "a")->states[0], LEDGER_OPEN);
		journal_free(other);
	}
	journal_free(journal);
	journal = reopen(NULL, place, 1000);
	bound_files(place, true);
	assert_int_equal(journal_settle(journal, "a", 0, LEDGER_EMPTY, &error), -1);
	bound_files(place, false);
	assert_int_equal(take(journal, "c", "n1", 1000), JOURNAL_WRITTEN);
	bound_files(place, true);
	assert_int_equal(journal_settle(journal, "b", 0, LEDGER_FAILED, &error), -1);
	bound_files(place, false);
	assert_int_equal(journal_catch_up(journal, &error), 0);
	journal = reopen(journal, place, 1000);
	assert_int_equal(ledger_count(journal_ledger(journal)), 3);
	assert_int_equal(ledger_find(journal_ledger(journal), "a")->states[0], LEDGER_EMPTY);
	assert_int_equal(ledger_find(journal_ledger(journal), "b")->states[0], LEDGER_FAILED);
	journal_free(journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_crash, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_damage, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_full, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_unusable, make_folder, remove_folder) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
