/* SPDX-License-Identifier: BSD-2-Clause */
/* The three system calls, by number: neither glibc nor the headers of older kernels have them. */
#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptor.h"

/* The same on all architectures, as all numbers from 424 on. */
#define CREATE_RULESET 444
#define ADD_RULE 445
#define RESTRICT_SELF 446

#define CREATE_VERSION 1U
#define RULE_PATH_BENEATH 1

/* Rights of linux/landlock.h. */
#define RIGHT_EXECUTE (1ULL << 0)
#define RIGHT_WRITE_FILE (1ULL << 1)
#define RIGHT_READ_FILE (1ULL << 2)
#define RIGHT_READ_DIR (1ULL << 3)
#define RIGHT_REMOVE_FILE (1ULL << 5)
#define RIGHT_MAKE_FILE (1ULL << 8)
#define RIGHTS_1 ((1ULL << 13) - 1)
#define RIGHT_REFER (1ULL << 13)    /* version 2 */
#define RIGHT_TRUNCATE (1ULL << 14) /* 3 */
#define RIGHTS_NET 3ULL             /* 4: bind and connect */
#define RIGHT_IOCTL (1ULL << 15)    /* 5 */
#define SCOPES 3ULL                 /* 6: abstract sockets, signals */

struct ruleset {
	uint64_t files, net, scopes;
};

struct path_beneath {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));

int
landlock_version(void)
{
	long version = syscall(CREATE_RULESET, NULL, 0, CREATE_VERSION);

	return version > 0 ? (int)version : 0;
}

static struct ruleset
of_files(int version)
{
	struct ruleset all;

	/* A kernel takes more than it knows if that is zero. */
	memset(&all, 0, sizeof(all));
	all.files = RIGHTS_1;
	if (version >= 2)
		all.files |= RIGHT_REFER;
	if (version >= 3)
		all.files |= RIGHT_TRUNCATE;
	return all;
}

int
landlock_open_files(int version)
{
	struct ruleset all = of_files(version);

	return descriptor_raise((int)syscall(CREATE_RULESET, &all, sizeof(all), 0));
}

int
landlock_open(int version)
{
	struct ruleset all = of_files(version);

	if (version >= 4)
		all.net = RIGHTS_NET;
	if (version >= 5)
		all.files |= RIGHT_IOCTL;
	if (version >= 6)
		all.scopes = SCOPES;
	return descriptor_raise((int)syscall(CREATE_RULESET, &all, sizeof(all), 0));
}

static int
allow(int rules, const char *path, uint64_t rights)
{
	struct path_beneath beneath = { .fd = open(path, O_PATH | O_CLOEXEC) };
	struct stat st;
	int rv = -1;

	if (beneath.fd < 0)
		return errno == EMFILE || errno == ENFILE ? -1 : 0;
	if (fstat(beneath.fd, &st) == 0) {
		beneath.rights = S_ISDIR(st.st_mode) ?
		    rights :
		    rights & ~RIGHT_READ_DIR;
		rv = (int)syscall(ADD_RULE, rules, RULE_PATH_BENEATH, &beneath,
		    0);
	}
	close(beneath.fd);
	return rv;
}

int
landlock_allow_read(int rules, const char *path)
{
	return allow(rules, path,
	    RIGHT_EXECUTE | RIGHT_READ_FILE | RIGHT_READ_DIR);
}

int
landlock_allow_write(int rules, const char *path)
{
	return allow(rules, path, RIGHT_READ_FILE | RIGHT_WRITE_FILE);
}

int
landlock_allow_replace(int rules, const char *path, int version)
{
	return allow(rules, path,
	    RIGHT_READ_FILE | RIGHT_READ_DIR | RIGHT_WRITE_FILE | RIGHT_MAKE_FILE | RIGHT_REMOVE_FILE |
		(version >= 3 ? RIGHT_TRUNCATE : 0));
}

int
landlock_enter(int rules)
{
	return (int)syscall(RESTRICT_SELF, rules, 0);
}
