/* SPDX-License-Identifier: BSD-2-Clause */
/* What kind of server answers. */
#include "server/server_kind.h"

#include <stdlib.h>

/* Whether a version is 7.14 or above: then Elasticsearch would have sent its header. */
static bool
has_header_since(const char *number)
{
	char *end;
	unsigned long major = strtoul(number, &end, 10);

	if (*end != '.')
		return false;
	return major > 7 || (major == 7 && strtoul(end + 1, NULL, 10) >= 14);
}

struct kind
kind_of(const struct bulk_reply_version *version, bool has_header)
{
	const enum template_engine elastic = TEMPLATE_ELASTICSEARCH,
				   open = TEMPLATE_OPENSEARCH;

	if (has_header)
		return (struct kind){ elastic, true,
			"the header X-elastic-product" };
	if (version->is_opensearch)
		return (struct kind){ open, true, "version.distribution" };
	if (version->says_opensearch)
		return (struct kind){ open, true, "its tagline" };
	if (version->number[0] == '\0')
		return (struct kind){ open, false,
			"the lack of X-elastic-product" };
	if (version->has_flavor)
		return (struct kind){ elastic, false, "version.build_flavor" };
	if (has_header_since(version->number))
		return (struct kind){ open, false,
			"the lack of X-elastic-product in this version" };
	if (version->says_elasticsearch)
		return (struct kind){ elastic, false, "its tagline" };
	return (struct kind){ open, false,
		"the lack of version.build_flavor" };
}

const char *
kind_name(enum template_engine engine)
{
	return engine == TEMPLATE_OPENSEARCH ? "OpenSearch" : "Elasticsearch";
}
