/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold fails the start; what the kernel may lack is reported. */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "sandbox/landlock.h"
#include "sandbox/namespaces.h"
#include "sandbox/privilege.h"
#include "sandbox/syscalls.h"

#define MEMORY_LEAST ((uint64_t)2 << 30)
/* More than the most --jobs with a wrapper and the threads of tshark need. */
#define PROCESSES 1024
#define DESCRIPTORS 256
/* Queued signals count for the user, also outside the sandbox. Without room one is delivered with less information. */
#define SIGNALS 64
#define CAPABILITIES 64

struct sandbox {
	struct namespaces *namespaces;
	int rules; /* of Landlock; -1 for none */
	int version;
	const char *landlock_why;
	struct syscalls *filter; /* NULL for none */
	const char *filter_why;
	uint64_t memory;
};

/* Where systems keep programs and what these need. Not all of /etc: it holds secrets. */
static const char *const readable[] = {
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt",
	"/nix/store", "/gnu/store",
	"/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/nsswitch.conf",
	"/etc/passwd", "/etc/group", "/etc/localtime", "/etc/resolv.conf",
	"/etc/host.conf", "/etc/hosts", "/etc/services", "/etc/protocols",
	"/etc/wireshark", "/etc/gnutls", "/etc/gcrypt", "/etc/crypto-policies",
	"/etc/ssl/openssl.cnf", "/etc/alternatives",
	"/dev/urandom", "/dev/random", "/dev/zero", "/proc/cpuinfo",
	"/proc/meminfo", "/proc/sys/crypto", "/sys/devices/system/cpu"
};

static bool
is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Whether path is folder or lies in it, however either is spelled. */
static bool
is_within(const char *path, const struct stat *folder)
{
	char real[PATH_MAX], *end;
	struct stat st;

	if (path == NULL || realpath(path, real) == NULL)
		return false;
	for (;;) {
		if (stat(real, &st) == 0 && is_same(&st, folder))
			return true;
		end = strrchr(real, '/');
		if (end == NULL || end[1] == '\0')
			return false;
		/* What is left of "/home" is "/". */
		end[end == real ? 1 : 0] = '\0';
	}
}

static bool
holds_home_of(uid_t uid, const struct stat *folder)
{
	size_t size = 16384;
	char *strings = xmalloc(size);
	struct passwd user, *found = NULL;
	bool result = getpwuid_r(uid, &user, strings, size, &found) == 0 &&
	    found != NULL && is_within(user.pw_dir, folder);

	free(strings);
	return result;
}

/*
 * Folders that hold more than programs: a wrapper there is allowed alone. Homes are $HOME, that of our user and that of
 * its owner.
 */
static bool
is_wide(const char *folder)
{
	static const char *const wide[] = {
		"/", "/etc", "/home", "/root", "/tmp", "/var", "/var/tmp",
		"/proc", "/dev", "/run", "/srv", "/mnt"
	};
	struct stat st;

	if (stat(folder, &st) != 0)
		return true;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (is_within(wide[i], &st))
			return true;
	return is_within(getenv("HOME"), &st) ||
	    holds_home_of(getuid(), &st) || holds_home_of(st.st_uid, &st);
}

/*
 * A tshark that is not installed by the system has its libraries beside it, or in the lib beside its bin.
 * Of share it needs only what is Wireshark's: that of ~/.local holds the data of all programs.
 */
static int
allow_program(int rules, const char *path)
{
	static const char *const beside[] = { "lib", "lib64",
		"share/wireshark" };
	char *copy = xstrdup(path), *folder = dirname(copy), *up;
	int rv = landlock_allow_read(rules, path);

	if (!is_wide(folder))
		rv |= landlock_allow_read(rules, folder);
	up = strrchr(folder, '/');
	if (up != NULL && strcmp(up, "/bin") == 0)
		for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]);
		     i++) {
			char *there = xasprintf("%.*s/%s", (int)(up - folder),
			    folder, beside[i]);

			rv |= landlock_allow_read(rules, there);
			free(there);
		}
	free(copy);
	return rv;
}

static int
allow_all(int rules, const struct sandbox_spec *spec)
{
	char real[PATH_MAX];
	int rv = landlock_allow_write(rules, "/dev/null");

	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		rv |= landlock_allow_read(rules, readable[i]);
	for (const char *const *path = spec->reads; *path != NULL; path++)
		rv |= landlock_allow_read(rules, *path);
	rv |= allow_program(rules, spec->program);
	if (realpath(spec->program, real) != NULL)
		rv |= allow_program(rules, real);
	return rv;
}

static int
make_rules(struct sandbox *sandbox, const struct sandbox_spec *spec,
    struct error *error)
{
	sandbox->version = landlock_version();
	if (sandbox->version == 0) {
		sandbox->landlock_why = errno == EOPNOTSUPP ?
		    "it is disabled in this kernel" :
		    "not in this kernel";
		return 0;
	}
	sandbox->rules = landlock_open(sandbox->version);
	if (sandbox->rules >= 0 && allow_all(sandbox->rules, spec) == 0)
		return 0;
	return error_set(error, OUTCOME_INTERNAL,
	    "sandbox: cannot make the Landlock rules: %s", strerror(errno));
}

static uint64_t
default_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	uint64_t half = pages > 0 && size > 0 ?
	    (uint64_t)pages / 2 * (uint64_t)size :
	    0;

	return half > MEMORY_LEAST ? half : MEMORY_LEAST;
}

struct sandbox *
sandbox_new(struct namespaces *namespaces)
{
	struct sandbox *sandbox = xcalloc(1, sizeof(*sandbox));

	sandbox->rules = -1;
	sandbox->namespaces = namespaces;
	return sandbox;
}

int
sandbox_finish(struct sandbox *sandbox, const struct sandbox_spec *spec,
    struct error *error)
{
	if (geteuid() == 0 || getuid() == 0)
		return error_set(error, OUTCOME_INTERNAL,
		    "sandbox: tshark would run as root");
	sandbox->memory = spec->memory > 0 ? spec->memory : default_memory();
	sandbox->filter = syscalls_new(&sandbox->filter_why);
	if (sandbox->filter == NULL && sandbox->filter_why == NULL)
		return error_set(error, OUTCOME_INTERNAL,
		    "sandbox: cannot make the seccomp filter: %s",
		    strerror(errno));
	return make_rules(sandbox, spec, error);
}

void
sandbox_free(struct sandbox *sandbox)
{
	if (sandbox == NULL)
		return;
	sandbox->namespaces->free(sandbox->namespaces);
	if (sandbox->rules >= 0)
		close(sandbox->rules);
	syscalls_free(sandbox->filter);
	free(sandbox);
}

uint64_t
sandbox_memory(const struct sandbox *sandbox)
{
	return sandbox->memory;
}

bool
sandbox_has_user(const struct sandbox *sandbox)
{
	return sandbox->namespaces->is_other;
}

bool
sandbox_has_pids(const struct sandbox *sandbox)
{
	return sandbox->namespaces->pids >= 0;
}

const char *
sandbox_renew(const struct sandbox *sandbox)
{
	return sandbox->namespaces->renew(sandbox->namespaces) == 0 ?
	    NULL :
	    "make the PID namespace again, whose init has ended";
}

static void
say_one(void (*say)(void *, const char *), void *ctx, const char *what,
    const char *why)
{
	char *line = why == NULL ?
	    xasprintf("%s: active", what) :
	    xasprintf("%s: unavailable (%s)", what, why);

	say(ctx, line);
	free(line);
}

void
sandbox_describe(const struct sandbox *sandbox,
    void (*say)(void *ctx, const char *line), void *ctx)
{
	const char *none = sandbox->namespaces->user >= 0 ? NULL : sandbox->namespaces->why;
	char *line = xasprintf(
	    "limits (memory %llu MiB, no files, %d "
	    "descriptors, no core)",
	    (unsigned long long)sandbox->memory >> 20,
	    DESCRIPTORS);

	say_one(say, ctx,
	    "no privileges (user without capabilities, "
	    "no_new_privs)",
	    NULL);
	say_one(say, ctx, line, NULL);
	free(line);
	say_one(say, ctx, "separate user (espcap-tshark)",
	    sandbox->namespaces->is_other ? NULL : sandbox->namespaces->other_why);
	say_one(say, ctx, "no network (namespace)", none);
	say_one(say, ctx,
	    "no other processes (PID namespace; none outlives "
	    "espcap)",
	    sandbox->namespaces->pids >= 0 ?
		NULL :
		none != NULL ?
		none :
		sandbox->namespaces->pids_why);
	say_one(say, ctx, "limit of processes (in a namespace)", none);
	line = xasprintf("files only read (Landlock, version %d)",
	    sandbox->version);
	say_one(say, ctx, line, sandbox->landlock_why);
	free(line);
	say_one(say, ctx, "only the system calls that tshark needs (seccomp)",
	    sandbox->filter_why);
	/*
	 * Seccomp does not prevent it: a thread has no PR_SET_PDEATHSIG, and execve(2) ends all threads but its caller.
	 */
	if (sandbox->namespaces->pids < 0)
		say(ctx, "processes that tshark starts may outlive espcap");
}

/* Between fork and exec: only async-signal-safe calls from here on. */

/*
 * The bounding set can be emptied by who has CAP_SETPCAP, as in a namespace of
 * our own: privilege_drop has done so for root, and for others no_new_privs keeps it from being used.
 */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	for (int i = 0; i < CAPABILITIES; i++)
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0)
			break;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return -1;
	memset(none, 0, sizeof(none));
	return (int)syscall(SYS_capset, &header, none);
}

const char *
sandbox_join(const struct sandbox *sandbox)
{
	return namespaces_enter(sandbox->namespaces) == 0 ? NULL : "enter the namespaces";
}

const char *
sandbox_enter(const struct sandbox *sandbox)
{
	if (namespaces_change_user(sandbox->namespaces) != 0)
		return "become the user espcap-tshark";
	if (drop_capabilities() != 0)
		return "give up capabilities";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return "set no_new_privs";
	if (sandbox->rules >= 0 && landlock_enter(sandbox->rules) != 0)
		return "enter Landlock";
	return NULL;
}

/* Never higher than the limit we were started with. */
static int
limit(int what, uint64_t most)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)what, &now) != 0)
		return -1;
	if (now.rlim_max == RLIM_INFINITY || now.rlim_max > most)
		now.rlim_max = most;
	if (now.rlim_cur == RLIM_INFINITY || now.rlim_cur > now.rlim_max)
		now.rlim_cur = now.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &now);
}

const char *
sandbox_limit(const struct sandbox *sandbox)
{
	if (limit(RLIMIT_FSIZE, 0) != 0)
		return "limit the size of files";
	if (limit(RLIMIT_NOFILE, DESCRIPTORS) != 0)
		return "limit descriptors";
	if (limit(RLIMIT_SIGPENDING, SIGNALS) != 0)
		return "limit pending signals";
	/* Elsewhere all processes of the user on this machine would count. */
	if (sandbox->namespaces->user >= 0 && limit(RLIMIT_NPROC, PROCESSES) != 0)
		return "limit processes";
	if (limit(RLIMIT_AS, sandbox->memory) != 0)
		return "limit memory";
	/* Last: what comes before is not on its list. */
	if (sandbox->filter != NULL && syscalls_enter(sandbox->filter) != 0)
		return "enter seccomp";
	return NULL;
}
