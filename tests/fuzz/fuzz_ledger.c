/* Fuzz target: a ledger; what is taken from it is printed and read again as the same. */
#include <assert.h>
#include <string.h>

#include "watch/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ledger *ledger = ledger_new(), *again = ledger_new();
	struct buffer first, second;
	size_t newer;

	buffer_init(&first, SIZE_MAX);
	buffer_init(&second, SIZE_MAX);
	(void)ledger_parse(ledger, (const char *)data, size, &newer);
	assert(ledger_print_all(ledger, &first) == 0);
	assert(ledger_parse(again, first.data, first.len, &newer) == 0);
	assert(newer == 0);
	assert(ledger_count(again) == ledger_count(ledger));
	assert(ledger_print_all(again, &second) == 0);
	assert(first.len == second.len &&
	    memcmp(first.data, second.data, first.len) == 0);
	buffer_release(&first);
	buffer_release(&second);
	ledger_free(ledger);
	ledger_free(again);
	return 0;
}
