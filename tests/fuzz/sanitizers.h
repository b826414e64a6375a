/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What AddressSanitizer does when a fuzz target runs and ASAN_OPTIONS says nothing else; for the one source of the
 * target.
 */
#ifndef ESPCAP_TESTS_FUZZ_SANITIZERS_H
#define ESPCAP_TESTS_FUZZ_SANITIZERS_H

const char *__asan_default_options(void);

/*
 * Freed memory is kept from being used again for longer than any input takes, but not for so long that each allocation
 * needs a page of its own. Allocation stacks are short: replay a finding with more.
 */
const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=8:thread_local_quarantine_size_kb=256:malloc_context_size=2";
}

#endif
