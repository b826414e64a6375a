/* SPDX-License-Identifier: BSD-2-Clause */
/* A message that asks for a capture, for its end, or for a report: what it holds. */
#include "request/request.h"

#include <stdlib.h>
#include <string.h>

static const char *const destination_names[REQUEST_DESTINATIONS] = { "local",
	"s3", "cloudshark", "index" };

unsigned
request_destination(const char *name, size_t len)
{
	for (unsigned i = 0; i < REQUEST_DESTINATIONS; i++)
		if (strlen(destination_names[i]) == len &&
		    memcmp(destination_names[i], name, len) == 0)
			return 1U << i;
	return 0;
}

const char *
request_destination_name(enum request_destination destination)
{
	for (unsigned i = 0; i < REQUEST_DESTINATIONS; i++)
		if (1U << i == (unsigned)destination)
			return destination_names[i];
	return "";
}

static void
release_texts(struct request_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->texts[i]);
	free(texts->texts);
}

void
request_release(struct request *request)
{
	char *const texts[] = { request->id, request->cancel, request->node,
		request->nodere, request->tags, request->bpf, request->customer,
		request->s3.folder, request->s3.bucket, request->s3.acl,
		request->s3.region, request->s3.endpoint,
		request->stamp.nonce };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	release_texts(&request->interfaces);
	release_texts(&request->aliases);
	memset(request, 0, sizeof(*request));
}
