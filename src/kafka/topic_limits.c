/* SPDX-License-Identifier: BSD-2-Clause */
/* What a topic is configured to do with messages. */
#include "kafka/topic_limits.h"

#include <string.h>

#include "base/text.h"

void
topic_limits_ask(rd_kafka_t *handle, const char *topic, int32_t node, int timeout_ms, rd_kafka_queue_t *queue)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	char ignored[128];

	(void)rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, ignored, sizeof(ignored));
	if (node >= 0)
		(void)rd_kafka_AdminOptions_set_broker(options, node, ignored, sizeof(ignored));
	rd_kafka_DescribeConfigs(handle, &resource, 1, options, queue);
	rd_kafka_ConfigResource_destroy(resource);
	rd_kafka_AdminOptions_destroy(options);
}

static void
take_entry(const rd_kafka_ConfigEntry_t *entry, struct topic_limits *limits)
{
	const char *name = rd_kafka_ConfigEntry_name(entry), *value = rd_kafka_ConfigEntry_value(entry);

	if (value == NULL)
		return;
	if (strcmp(name, "max.message.bytes") == 0)
		(void)text_number(value, 0, INT32_MAX, &limits->max_bytes);
	else if (strcmp(name, "cleanup.policy") == 0)
		limits->is_compacted = strstr(value, "compact") != NULL;
}

rd_kafka_resp_err_t
topic_limits_read(rd_kafka_event_t *event, struct topic_limits *limits, const char **text)
{
	const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
	const rd_kafka_ConfigResource_t **resources;
	const rd_kafka_ConfigEntry_t **entries;
	rd_kafka_resp_err_t code = rd_kafka_event_error(event);
	size_t count = 0;

	*limits = (struct topic_limits){ .max_bytes = 0 };
	*text = rd_kafka_event_error_string(event);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return code;
	resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
	if (count != 1)
		return RD_KAFKA_RESP_ERR__BAD_MSG;
	code = rd_kafka_ConfigResource_error(resources[0]);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
		*text = rd_kafka_ConfigResource_error_string(resources[0]);
		return code;
	}
	entries = rd_kafka_ConfigResource_configs(resources[0], &count);
	for (size_t i = 0; i < count; i++)
		take_entry(entries[i], limits);
	return code;
}
