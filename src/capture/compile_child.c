/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of a process that compiles the text of a filter: libpcap's parser reads what a stranger wrote. */
#include "capture/compile_child.h"

#include <errno.h>
#include <netdb.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "capture/nic.h"
#include "sandbox/landlock.h"
#include "sandbox/privilege.h"

/* What it writes to is open already. */
#define DESCRIPTORS_MAX 64
/* A ring that never has a packet. */
#define BUFFER 65536

/* Only /etc: "host" and "port" look names up in its files. */
static int
fence(void)
{
	int version = landlock_version(), rules, rv;

	if (version == 0)
		return 0;
	rules = landlock_open(version);
	if (rules < 0)
		return -1;
	rv = landlock_allow_read(rules, "/etc") == 0 ? landlock_enter(rules) : -1;
	close(rules);
	return rv;
}

static int
confine(const struct compile_job *job)
{
	const struct rlimit no_core = { 1, 1 }, none = { 0, 0 };
	const struct rlimit cpu = { COMPILE_CPU_SECONDS, COMPILE_CPU_SECONDS };
	const struct rlimit files = { DESCRIPTORS_MAX, DESCRIPTORS_MAX };

	/* What the C library loads at the first question is loaded before its files are out of reach. */
	(void)getservbyname("domain", "udp");
	(void)alarm(COMPILE_SECONDS);
	if (privilege_clear_capabilities() != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    setrlimit(RLIMIT_CORE, &no_core) != 0 || setrlimit(RLIMIT_NPROC, &none) != 0 ||
	    setrlimit(RLIMIT_FSIZE, &none) != 0 || setrlimit(RLIMIT_NOFILE, &files) != 0 ||
	    setrlimit(RLIMIT_CPU, &cpu) != 0 || fence() != 0)
		return -1;
	return job->syscalls != NULL ? syscalls_enter(job->syscalls) : 0;
}

static void
add(struct capture_compiled *compiled, const struct bpf_program *program)
{
	memcpy(compiled->insns + compiled->count + compiled->rewound, program->bf_insns,
	    program->bf_len * sizeof(*program->bf_insns));
}

/* The text says what is wrong: of what it compiled there is nothing then. */
static void
compile(struct nic *nic, const struct compile_job *job, struct capture_compiled *compiled)
{
	struct bpf_program program;
	struct error error;

	if (nic_compile(nic, job->text, &program, &error) != 0)
		goto fail;
	add(compiled, &program);
	compiled->count = program.bf_len;
	pcap_freecode(&program);
	if (!job->with_lookback)
		return;
	if (nic_compile_late(nic, job->text, &program, &error) != 0)
		goto fail;
	add(compiled, &program);
	compiled->rewound = program.bf_len;
	pcap_freecode(&program);
	return;
fail:
	compiled->count = 0;
	compiled->is_wrong = true;
	(void)snprintf(compiled->text, sizeof(compiled->text), "%.*s", (int)sizeof(compiled->text) - 1, error.text);
}

int
compile_child_work(void *ctx)
{
	const struct compile_job *job = ctx;
	const struct nic_config config = { .name = job->interface,
		.option = "interface",
		.snaplen = TAKE_SNAPLEN_MAX,
		.buffer = BUFFER,
		.is_blind = true };
	struct capture_compiled *compiled = xcalloc(1, sizeof(*compiled));
	struct error error;
	struct nic *nic = nic_open(&config, &error);
	ssize_t sent = -1;

	if (nic == NULL)
		(void)snprintf(compiled->text, sizeof(compiled->text), "%.*s", (int)sizeof(compiled->text) - 1,
		    error.text);
	else if (confine(job) != 0)
		(void)snprintf(compiled->text, sizeof(compiled->text), "cannot confine the compilation: %s",
		    strerror(errno));
	else
		compile(nic, job, compiled);
	/* Of the calls that send to a socket this is the one that is left. */
	do
		sent = write(job->socket, compiled, capture_compiled_len(compiled));
	while (sent < 0 && errno == EINTR);
	nic_free(nic);
	free(compiled);
	return sent > 0 ? 0 : 1;
}
