/* SPDX-License-Identifier: BSD-2-Clause */
/* What --version prints. */
#include "tshark/version.h"

#include "config.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <expat.h>
#include <lz4.h>
#include <openssl/crypto.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_version.h>
#include <zlib.h>
#include <zstd.h>

#include "base/text.h"
#include "sandbox/privilege.h"
#include "tshark/confinement.h"
#include "tshark/tshark.h"

/* What a program or a library says, or who started espcap. */
static int
put_visible(struct buffer *out, const char *text)
{
	char shown[4096];

	(void)text_visible(shown, sizeof(shown), text, strlen(text));
	return buffer_puts(out, shown);
}

static int
put_tshark(const struct options *options, struct loop *loop, struct log *log,
    struct buffer *out)
{
	struct tshark tshark = { .cache_fd = -1 };
	struct confinement confinement = { .sandbox = NULL };
	struct error error;
	char *banner = NULL;
	int rv;

	if (tshark_find(&tshark, options->tshark, NULL, &error) == 0 &&
	    confinement_begin(&confinement, options->no_sandbox, log, &error) == 0 &&
	    privilege_give_up(false, log, &error) == 0 &&
	    confinement_make_home(&confinement, &error) == 0 &&
	    confinement_finish(&confinement, &tshark, options->tshark_memory,
		log, &error) == 0)
		banner = tshark_banner(&tshark, loop, &error);
	rv = put_visible(out, banner != NULL ? tshark.path : "tshark") |
	    buffer_puts(out, ": ") |
	    put_visible(out, banner != NULL ? banner : error.text) |
	    buffer_puts(out, "\n");
	free(banner);
	tshark_release(&tshark);
	confinement_release(&confinement);
	return rv;
}

static int
put_libraries(struct buffer *out)
{
	return buffer_printf(out,
	    "libevent %s\n%s\nyajl %d.%d.%d\n%s\n"
	    "%s\nzlib %s\nlibzstd %s\nliblz4 %s\n%s\n",
	    event_get_version(),
	    curl_version(),
	    yajl_version() / 10000, yajl_version() / 100 % 100,
	    yajl_version() % 100, XML_ExpatVersion(), pcap_lib_version(), zlibVersion(),
	    ZSTD_versionString(), LZ4_versionString(),
	    OpenSSL_version(OPENSSL_VERSION));
}

int
version_write(const struct options *options, struct loop *loop,
    struct log *log, struct buffer *out)
{
	int rv = buffer_printf(out, "espcap %s\n", PACKAGE_VERSION);

	rv |= put_tshark(options, loop, log, out);
	rv |= buffer_puts(out,
	    ESPCAP_SHORTCUTS ?
		"" :
		"shortcuts.so is not "
		"used (configured with --disable-shortcuts)\n");
	return put_libraries(out) | rv;
}
