/* SPDX-License-Identifier: BSD-2-Clause */
/* What a delivery to a server needs, from the options. */
#include "run/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/text.h"
#include "config/options_table.h"
#include "run/question.h"
#include "server/backoff.h"

#define CONNECT_TIMEOUT 10000 /* ms */
#define CONNECTIONS 8

void
delivery_init(struct delivery *delivery, const struct options *options,
    struct log *log)
{
	memset(delivery, 0, sizeof(*delivery));
	delivery->options = options;
	delivery->log = log;
	secrets_init(&delivery->secrets);
	secrets_from_environment(&delivery->secrets, options, log);
}

void
delivery_release(struct delivery *delivery)
{
	dead_letter_free(delivery->dead_letter);
	node_release(&delivery->nodes);
	secrets_release(&delivery->secrets);
}

static int
check_nodes(struct delivery *delivery, struct error *error)
{
	const struct options *options = delivery->options;
	bool secret = delivery->secrets.user != NULL ||
	    delivery->secrets.is_key || options->key != NULL ||
	    secrets_file(options) != NULL;

	for (size_t i = 0; i < delivery->nodes.count; i++) {
		const struct node_address *node = &delivery->nodes.list[i];

		if (secret && !node->is_https && !node->is_loopback)
			return error_set(error, OUTCOME_USAGE,
			    "%.300s: "
			    "credentials would go over the network in the "
			    "clear: use https",
			    node->url);
		if (options->insecure && node->is_https)
			log_error(delivery->log,
			    "--insecure: %s could be "
			    "anybody: its certificate is not checked",
			    node->url);
	}
	if (secret)
		secrets_protect();
	return 0;
}

int
delivery_open(struct delivery *delivery, struct error *error)
{
	const struct options *options = delivery->options;

	if (options->node == NULL)
		return 0;
	if (node_parse(options->node, &delivery->nodes, error) != 0 ||
	    node_check_prefix(options->index, error) != 0 ||
	    secrets_read_tls(&delivery->secrets, options, error) != 0 ||
	    check_nodes(delivery, error) != 0)
		return -1;
	if (question_is_asked(options))
		return 0;
	delivery->dead_letter = dead_letter_open(options->dead_letter,
	    descriptor_output(options->dead_letter), error);
	return delivery->dead_letter != NULL ? 0 : -1;
}

static bool
is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* What comes through a pipe is waited for at the start, but not while packets come. */
static int
read_secret(struct delivery *delivery, bool again, struct error *error)
{
	const char *name = secrets_option(delivery->options);
	struct error reason;
	int fd, rv;

	if (secrets_file(delivery->options) == NULL)
		return secrets_authorize(&delivery->secrets, delivery->options,
		    -1, error);
	fd = priv_broker_open(delivery->broker, delivery->secret_index, &reason);
	if (fd < 0)
		return error_set(error, OUTCOME_USAGE, "%.400s: %.400s", name,
		    reason.text);
	rv = again && !is_file(fd) ?
	    error_set(error, OUTCOME_USAGE,
		"%.400s: not a regular file, so it is read at the start only",
		name) :
	    secrets_authorize(&delivery->secrets, delivery->options, fd, error);
	close(fd);
	return rv;
}

int
delivery_authorize(struct delivery *delivery, struct priv_broker *broker,
    size_t secret_index, struct error *error)
{
	delivery->broker = broker;
	delivery->secret_index = secret_index;
	return delivery->options->node == NULL ?
	    0 :
	    read_secret(delivery, false, error);
}

const char *
delivery_authorization(const struct delivery *delivery)
{
	return delivery->secrets.authorization.len > 0 ?
	    delivery->secrets.authorization.data :
	    NULL;
}

const char *
delivery_reauthorize(void *ctx)
{
	struct delivery *delivery = ctx;
	struct error error;

	if (secrets_file(delivery->options) == NULL)
		return NULL;
	if (read_secret(delivery, true, &error) != 0) {
		log_error(delivery->log,
		    "SIGHUP: %s; the credentials stay as "
		    "they are",
		    error.text);
		return NULL;
	}
	log_note(delivery->log, "SIGHUP: the credentials were read again");
	return delivery_authorization(delivery);
}

static bool
wants_compression(const struct delivery *delivery)
{
	if (strcmp(delivery->options->compress, "auto") != 0)
		return strcmp(delivery->options->compress, "on") == 0;
	for (size_t i = 0; i < delivery->nodes.count; i++)
		if (!delivery->nodes.list[i].is_loopback)
			return true;
	return false;
}

static struct http_blob
blob_of(const struct buffer *buffer)
{
	struct http_blob blob = { buffer->len > 0 ? buffer->data : NULL,
		buffer->len };

	return blob;
}

/* The first wait before another try; tests cannot wait as long as servers are to be spared. */
static uint64_t
first_backoff(void)
{
	const char *text = getenv("ESPCAP_TEST_BACKOFF_MS");
	uint64_t ms;

	return text != NULL && text_number(text, 1, BACKOFF_MAX, &ms) == 0 ?
	    ms :
	    BACKOFF_FIRST;
}

void
delivery_template(const struct options *options, const struct typed *typed,
    struct template_config *config)
{
	config->prefix = options->index;
	config->typed = typed;
	config->has_terms = options->index_terms;
	config->has_layers = options->index_layers;
	/* As espcap 0.1 had them. */
	config->aggregates = options->aggregate_layers || !options->index_terms;
	config->shards = options->shards > 0 ? (int)options->shards : -1;
	config->replicas = options->has_replicas ? (int)options->replicas : -1;
}

static void
set_http_config(struct delivery *delivery, struct http_config *config)
{
	config->connect_timeout = CONNECT_TIMEOUT;
	config->timeout = delivery->options->request_timeout;
	config->insecure = delivery->options->insecure;
	config->ca = blob_of(&delivery->secrets.ca);
	config->cert = blob_of(&delivery->secrets.cert);
	config->key = blob_of(&delivery->secrets.key);
	config->connections = CONNECTIONS;
}

static const char *
remedy(const struct options *options)
{
	if (options->api_key_file != NULL)
		return "put a valid key into the file of --api-key-file, and "
		       "send SIGHUP";
	if (options->password_file != NULL)
		return "put the valid password into the file of "
		       "--password-file, and send SIGHUP";
	return "see --user, --password-file and --api-key-file";
}

/* How long espcap tries, for messages. */
static const char *
put_patience(struct delivery *delivery)
{
	char text[32];

	options_say(text, sizeof(text), OPTIONS_KIND_TIME, delivery->options->retry_for);
	if (delivery->options->retry_for == 0)
		(void)snprintf(delivery->patience, sizeof(delivery->patience), "until interrupted");
	else
		(void)snprintf(delivery->patience, sizeof(delivery->patience), "for %s (--retry-for)", text);
	return delivery->patience;
}

const struct cluster_config *
delivery_cluster(struct delivery *delivery)
{
	struct cluster_config *config = &delivery->config.cluster;

	set_http_config(delivery, &config->http);
	config->nodes = &delivery->nodes;
	config->patience = put_patience(delivery);
	config->backoff = first_backoff();
	return config;
}

const char *
delivery_remedy(const struct delivery *delivery)
{
	return remedy(delivery->options);
}

const struct sink_server_config *
delivery_config(struct delivery *delivery, const struct typed *typed,
    bool is_endless)
{
	const struct options *options = delivery->options;
	struct sink_server_config *config = &delivery->config;

	if (options->node == NULL)
		return NULL;
	delivery_template(options, typed, &config->setup.template);
	config->backoff = config->setup.backoff = delivery_cluster(delivery)->backoff;
	/* The indices of dead letters need not be those of --index. */
	config->setup.put = options->no_template ||
		(options->replay != NULL && !options->put_template) ?
	    SETUP_TEMPLATE_NEVER :
	    options->put_template ?
	    SETUP_TEMPLATE_ALWAYS :
	    SETUP_TEMPLATE_NEWER;
	config->setup.pipeline = options->pipeline;
	config->setup.retention = options->retention;
	config->chunk = options->chunk;
	config->chunk_bytes = options->chunk_bytes;
	config->latency = options->latency;
	config->memory = options->memory;
	config->retry_for = options->retry_for;
	config->max_indices = options->max_indices;
	config->auto_id = options->auto_id;
	config->compress = wants_compression(delivery);
	config->is_patient = config->setup.is_patient = is_endless;
	config->refresh = !is_endless;
	config->remedy = remedy(options);
	config->dead_letter = delivery->dead_letter;
	return config;
}

static bool
is_second(void *ctx)
{
	int last;

	return loop_signals(ctx, &last) > 1;
}

void
delivery_heed_signals(struct delivery *delivery, struct loop *loop)
{
	if (delivery->dead_letter != NULL)
		dead_letter_give_up(delivery->dead_letter, is_second, loop);
}
