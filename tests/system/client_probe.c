/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plugin of librdkafka, as a client that a broker has taken over: it tries what the sandbox of espcap-kafka is to
 * prevent, and tells on standard error how each try ended, as "probe NAME ERRNO". Built and used by
 * test_kafka_sandbox.py. PROBE_FOLDER is a folder that all users may read and write.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void
tell(const char *name, int rv)
{
	fprintf(stderr, "probe %s %d\n", name, rv == -1 ? errno : 0);
}

static int
try_open(const char *folder, const char *name, int flags)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd;
}

/* Nothing listens there: what is not permitted fails otherwise. */
static int
try_connect(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rv;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	rv = connect(fd, (struct sockaddr *)&address, sizeof(address));
	if (rv != 0 && errno == ECONNREFUSED)
		rv = 0;
	close(fd);
	return rv;
}

static int
try_child(const char *folder)
{
	char command[600];

	snprintf(command, sizeof(command), "cat %s/secret >/dev/null 2>&1", folder);
	errno = EACCES;
	return system(command) == 0 ? 0 : -1;
}

static int
count_capabilities(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	unsigned long long set;
	int count = 0;

	if (status == NULL)
		return -1;
	while (fgets(line, sizeof(line), status) != NULL)
		if ((sscanf(line, "CapEff: %llx", &set) == 1 || sscanf(line, "CapPrm: %llx", &set) == 1 ||
			sscanf(line, "CapInh: %llx", &set) == 1 || sscanf(line, "CapAmb: %llx", &set) == 1) &&
		    set != 0)
			count++;
	fclose(status);
	return count;
}

int
conf_init(void *conf, void **opaque, char *reason, size_t size)
{
	const char *folder = getenv("PROBE_FOLDER");

	(void)conf;
	(void)opaque;
	(void)reason;
	(void)size;
	tell("read", try_open(folder, "secret", O_RDONLY));
	tell("list", try_open(folder, "", O_RDONLY | O_DIRECTORY));
	tell("write", try_open(folder, "secret", O_WRONLY));
	tell("make", try_open(folder, "new", O_WRONLY | O_CREAT));
	tell("remove", unlinkat(AT_FDCWD, getenv("PROBE_VICTIM"), 0));
	tell("child", try_child(folder));
	tell("names", try_open("/etc", "nsswitch.conf", O_RDONLY));
	tell("program", access("/usr/bin/env", X_OK));
	tell("connect", try_connect());
	tell("root", setuid(0));
	fprintf(stderr, "probe no_new_privs %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	fprintf(stderr, "probe capabilities %d\n", count_capabilities());
	fflush(stderr);
	return 0;
}
