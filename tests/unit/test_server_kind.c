/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/server_kind.c: the kinds of servers by what they say of themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/server_kind.h"

#define ROOT(version, tagline) \
	"{\"name\":\"n\",\"cluster_name\":\"c\"," \
	"\"version\":{" version \
	",\"lucene_version\":\"9.12.1\"}," \
	"\"tagline\":\"" tagline "\"}"
#define OPEN_LINE "The OpenSearch Project: https://opensearch.org/"
#define ELASTIC_LINE "You Know, for Search"

static void
test_kinds(void **state)
{
	static const struct {
		const char *body;
		bool has_header;
		enum template_engine engine;
		bool is_certain;
		const char *sign;
	} rows[] = {
		/* Elasticsearch 7.14 and later, Elastic Cloud, serverless. */
		{ ROOT("\"number\":\"8.8.2\",\"build_flavor\":\"default\"",
		      ELASTIC_LINE),
		    true, TEMPLATE_ELASTICSEARCH, true,
		    "X-elastic-product" },
		{ ROOT("\"number\":\"8.11.0\",\"build_flavor\":\"serverless\"",
		      ELASTIC_LINE),
		    true, TEMPLATE_ELASTICSEARCH, true,
		    "X-elastic-product" },
		/* GET / is forbidden, or is not there. */
		{ "", true, TEMPLATE_ELASTICSEARCH, true,
		    "X-elastic-product" },
		{ "", false, TEMPLATE_OPENSEARCH, false, "the lack of" },
		/* Elasticsearch before 7.14, also as Amazon and others run it. */
		{ ROOT("\"number\":\"7.10.2\",\"build_flavor\":\"oss\"",
		      ELASTIC_LINE),
		    false, TEMPLATE_ELASTICSEARCH, false,
		    "build_flavor" },
		{ ROOT("\"number\":\"7.10.2\",\"build_flavor\":\"default\"",
		      ELASTIC_LINE),
		    false, TEMPLATE_ELASTICSEARCH, false,
		    "build_flavor" },
		{ ROOT("\"number\":\"6.2.4\"", ELASTIC_LINE), false,
		    TEMPLATE_ELASTICSEARCH, false, "tagline" },
		/* The header is lost in a proxy. */
		{ ROOT("\"number\":\"8.8.2\",\"build_flavor\":\"default\"",
		      ELASTIC_LINE),
		    false, TEMPLATE_ELASTICSEARCH, false,
		    "build_flavor" },
		/* OpenSearch, as everybody runs it. */
		{ ROOT("\"distribution\":\"opensearch\",\"number\":\"2.19.1\"",
		      OPEN_LINE),
		    false, TEMPLATE_OPENSEARCH, true,
		    "version.distribution" },
		/* In compatibility mode: as 2.19.1 answers. */
		{ ROOT("\"number\":\"7.10.2\",\"build_type\":\"tar\"",
		      OPEN_LINE),
		    false, TEMPLATE_OPENSEARCH, true, "tagline" },
		/* And with what a proxy or a service put in the tagline's place. */
		{ ROOT("\"number\":\"7.10.2\",\"build_type\":\"tar\"",
		      "Our search"),
		    false, TEMPLATE_OPENSEARCH, false,
		    "build_flavor" },
		{ ROOT("\"number\":\"7.10.2\",\"build_type\":\"tar\"",
		      ELASTIC_LINE),
		    false, TEMPLATE_ELASTICSEARCH, false,
		    "tagline" },
		{ ROOT("\"number\":\"7.14.0\"", ELASTIC_LINE), false,
		    TEMPLATE_OPENSEARCH, false, "in this version" },
		{ ROOT("\"number\":\"10.0\"", ELASTIC_LINE), false,
		    TEMPLATE_OPENSEARCH, false, "in this version" },
		{ ROOT("\"number\":\"x\"", ELASTIC_LINE), false,
		    TEMPLATE_ELASTICSEARCH, false, "tagline" }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bulk_reply_version version;
		struct kind kind;

		assert_int_equal(
		    bulk_reply_version(rows[i].body,
			strlen(rows[i].body), &version),
		    rows[i].body[0] != '\0');
		kind = kind_of(&version, rows[i].has_header);
		if (kind.engine != rows[i].engine ||
		    kind.is_certain != rows[i].is_certain ||
		    strstr(kind.sign, rows[i].sign) == NULL)
			fail_msg("%s: %s, %d, by %s", rows[i].body,
			    kind_name(kind.engine), kind.is_certain,
			    kind.sign);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
