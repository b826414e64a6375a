/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tshark that answers questions about itself, and dissects nothing: it refuses any display filter but "good". Without
 * a sandbox only. Goes after cmocka.h.
 */
#ifndef ESPCAP_TESTS_FAKE_TSHARK_H
#define ESPCAP_TESTS_FAKE_TSHARK_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAKE_VERSION "TShark (Wireshark) 4.0.17 (fake)"

struct fake_tshark {
	char folder[64], program[96];
};

static const char fake_script[] =
    "#!/bin/sh\n"
    "case \" $* \" in\n"
    "*' --version '*) echo '" FAKE_VERSION
    "' ;;\n"
    "*' -G fields '*)\n"
    "\tfor p in eth ip tcp udp; do\n"
    "\t\tprintf 'P\\t%s\\t%s\\n' $p $p\n"
    "\t\ti=0\n"
    "\t\twhile [ $i -lt 300 ]; do\n"
    "\t\t\tprintf 'F\\tA\\t%s.f%d\\tFT_UINT32\\t%s\\tBASE_DEC\\t0x0\\t\\n' $p $i $p\n"
    "\t\t\ti=$((i + 1))\n"
    "\t\tdone\n"
    "\tdone ;;\n"
    "*' -Y good '*) ;;\n"
    "*' -Y '*) echo 'no such filter' >&2; exit 2 ;;\n"
    "esac\n";

static inline void
fake_tshark_make(struct fake_tshark *fake)
{
	FILE *file;

	(void)snprintf(fake->folder, sizeof(fake->folder), "/tmp/fake_tshark.XXXXXX");
	assert_non_null(mkdtemp(fake->folder));
	/* Whoever a test becomes may run it. */
	assert_int_equal(chmod(fake->folder, 0755), 0);
	(void)snprintf(fake->program, sizeof(fake->program), "%s/tshark", fake->folder);
	file = fopen(fake->program, "we");
	assert_non_null(file);
	assert_true(fputs(fake_script, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(fake->program, 0755), 0);
}

static inline void
fake_tshark_remove(const struct fake_tshark *fake)
{
	assert_int_equal(unlink(fake->program), 0);
	assert_int_equal(rmdir(fake->folder), 0);
}

#endif
