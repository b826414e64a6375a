/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: what S3, CloudShark, the services with keys of roles and espcap answer; the first byte says who. */
#include <assert.h>
#include <string.h>

#include "aws/role_reply.h"
#include "deliver/cloudshark_reply.h"
#include "deliver/index_summary.h"
#include "deliver/s3_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_s3(const char *text, size_t len)
{
	struct s3_error error;
	char said[256];

	s3_error_read(text, len, &error);
	(void)s3_judge(403, &error, "", "bucket", said, sizeof(said));
	for (const char *at = said; *at != '\0'; at++)
		assert((unsigned char)*at >= ' ');
}

static void
read_cloudshark(const char *text, size_t len)
{
	struct cloudshark_answer answer;

	cloudshark_judge(200, text, len, &answer);
	assert((answer.end == ATTEMPT_DELIVERED) == (answer.id[0] != '\0'));
	for (const char *at = answer.text; *at != '\0'; at++)
		assert((unsigned char)*at >= ' ');
	cloudshark_hide(answer.text, "token");
	assert(strstr(answer.text, "token") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct role_keys keys;
	struct index_summary summary;
	struct error error;

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'x':
		read_s3(text, size - 1);
		break;
	case 'c':
		read_cloudshark(text, size - 1);
		break;
	case 'r':
		if (role_reply_read(text, size - 1, &keys, &error) == 0)
			assert(keys.id[0] != '\0' && keys.key[0] != '\0' && strpbrk(keys.id, "\r\n") == NULL);
		break;
	default:
		(void)index_summary_read(text, size - 1, &summary);
		break;
	}
	return 0;
}
