/* SPDX-License-Identifier: BSD-2-Clause */
/* The fence of espcap-kafka around files, made of Landlock. */
#include "transfer/file_fence.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "sandbox/landlock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Programs and libraries; how names are resolved; certificates; what Kerberos and TLS are configured by. */
static const char *const reads[] = { "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/etc", "/run",
	"/proc", "/sys/devices/system/cpu", "/dev/random", "/dev/urandom", "/var/lib/ca-certificates", "/var/lib/sss" };
/* The same: paths, with colons between them. */
static const char *const variables[] = { "LD_LIBRARY_PATH", "SASL_PATH", "SASL_CONF_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"OPENSSL_CONF", "OPENSSL_MODULES", "KRB5_CONFIG", "KRB5_KTNAME", "KRB5_CLIENT_KTNAME", "KRB5CCNAME" };

struct fence {
	int rules, version;
	bool has_failed;
};

static void
allow_read(struct fence *fence, const char *path)
{
	if (landlock_allow_read(fence->rules, path) != 0)
		fence->has_failed = true;
}

/* Each of the paths; also what stands behind a type, as in FILE:/tmp/tickets. */
static void
allow_list(struct fence *fence, const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *path;

	while ((path = strsep(&rest, ":;")) != NULL)
		if (path[0] != '\0')
			allow_read(fence, path);
	free(copy);
}

/* A value that is no path names no file, and then no rule is made. */
static void
allow_properties(struct fence *fence, const struct properties *properties)
{
	for (size_t i = 0; i < properties->count; i++) {
		const struct property *property = &properties->items[i];

		if (strchr(property->value, '/') != NULL || strstr(property->name, "location") != NULL ||
		    strstr(property->name, "keytab") != NULL) {
			allow_read(fence, property->value);
			allow_list(fence, property->value);
		}
	}
}

/* GSSAPI is the default of librdkafka. */
static bool
uses_kerberos(const struct properties *properties)
{
	const char *protocol = properties_get(properties, "security.protocol");
	const char *mechanism = properties_get(properties, "sasl.mechanisms");

	if (mechanism == NULL)
		mechanism = properties_get(properties, "sasl.mechanism");
	return protocol != NULL && strncasecmp(protocol, "sasl", 4) == 0 &&
	    (mechanism == NULL || strcasecmp(mechanism, "GSSAPI") == 0);
}

/* kinit makes the file of tickets anew, in its folder: libkrb5 takes /tmp if nobody says where. */
static void
allow_tickets(struct fence *fence)
{
	const char *name = getenv("KRB5CCNAME");
	char *folder, *slash;

	if (name == NULL)
		name = "FILE:/tmp/krb5cc";
	folder = xstrdup(strchr(name, '/') != NULL ? strchr(name, '/') : "");
	slash = strrchr(folder, '/');
	if (strncmp(name, "DIR:", 4) != 0 && slash != NULL)
		slash[slash == folder ? 1 : 0] = '\0';
	if (landlock_allow_replace(fence->rules, folder, fence->version) != 0)
		fence->has_failed = true;
	free(folder);
}

static void
allow_all(struct fence *fence, const struct properties *properties, const char *folder)
{
	for (size_t i = 0; i < COUNT(reads); i++)
		allow_read(fence, reads[i]);
	for (size_t i = 0; i < COUNT(variables); i++)
		if (getenv(variables[i]) != NULL)
			allow_list(fence, getenv(variables[i]));
	allow_properties(fence, properties);
	if (uses_kerberos(properties))
		allow_tickets(fence);
	if (landlock_allow_write(fence->rules, "/dev/null") != 0 ||
	    (folder != NULL && landlock_allow_replace(fence->rules, folder, fence->version) != 0))
		fence->has_failed = true;
}

int
file_fence_enter(const struct properties *properties, const char *folder, struct log *log, struct error *error)
{
	struct fence fence = { .version = landlock_version() };
	int rv;

	if (fence.version == 0) {
		log_verbose(log, "sandbox: files (Landlock): unavailable (%s)", strerror(errno));
		return 0;
	}
	fence.rules = landlock_open_files(fence.version);
	if (fence.rules < 0)
		return error_set(error, OUTCOME_INTERNAL, "sandbox: Landlock: %s", strerror(errno));
	allow_all(&fence, properties, folder);
	rv = fence.has_failed ? -1 : landlock_enter(fence.rules);
	if (rv != 0)
		error_set(error, OUTCOME_INTERNAL, "sandbox: Landlock: %s", strerror(errno));
	else
		log_verbose(log, "sandbox: files (Landlock, version %d): active", fence.version);
	close(fence.rules);
	return rv;
}
