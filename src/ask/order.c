/* SPDX-License-Identifier: BSD-2-Clause */
/* The message of a request. */
#include "ask/order.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "request/request.h"
#include "request/signature.h"

/* The first thing that goes wrong is kept. */
struct order {
	struct buffer *out;
	size_t start;
	bool is_full;
};

static void
put(struct order *order, const char *text)
{
	if (buffer_puts(order->out, text) != 0)
		order->is_full = true;
}

static void
put_string(struct order *order, const char *text)
{
	if (json_string(order->out, text, strlen(text)) != 0)
		order->is_full = true;
}

static void
put_name(struct order *order, const char *name)
{
	put(order, order->out->len == order->start ? "{\"" : ",\"");
	put(order, name);
	put(order, "\":");
}

static void
put_text(struct order *order, const char *name, const char *text)
{
	if (text == NULL)
		return;
	put_name(order, name);
	put_string(order, text);
}

static void
put_number(struct order *order, const char *name, uint64_t number)
{
	if (number == 0)
		return;
	put_name(order, name);
	if (buffer_number(order->out, number) != 0)
		order->is_full = true;
}

/* The format has whole seconds: a part of one counts as one. */
static void
put_seconds(struct order *order, const char *name, uint64_t ms)
{
	put_number(order, name, (ms + 999) / 1000);
}

static void
put_true(struct order *order, const char *name, bool is_set)
{
	if (!is_set)
		return;
	put_name(order, name);
	put(order, "true");
}

static void
put_list(struct order *order, const char *name, const struct options_list *list)
{
	if (list->count == 0)
		return;
	put_name(order, name);
	for (size_t i = 0; i < list->count; i++) {
		put(order, i == 0 ? "[" : ",");
		put_string(order, list->items[i]);
	}
	put(order, "]");
}

static void
put_capture(struct order *order, const struct request_options_capture *capture)
{
	put_text(order, "node", capture->node);
	put_text(order, "nodere", capture->nodere);
	put_list(order, "interface", &capture->interfaces);
	put_list(order, "alias", &capture->aliases);
	put_text(order, "bpf", capture->bpf);
	put_number(order, "packets", capture->packets);
	put_number(order, "bytes", capture->bytes);
	put_seconds(order, "timeout", capture->timeout);
	put_seconds(order, "duration", capture->duration);
	put_number(order, "snap", capture->snap);
	put_seconds(order, "before", capture->before);
	put_text(order, "format", capture->pcapng ? "pcapng" : NULL);
	put_text(order, "cancel", capture->cancel);
	put_true(order, "status", capture->status);
}

static int
put_alertid(struct order *order, const char *text, struct error *error)
{
	char *end;
	long long number;

	if (text == NULL)
		return 0;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return error_set(error, OUTCOME_USAGE, "--alertid takes a whole number, not \"%.100s\"", text);
	put_name(order, "alertid");
	if (buffer_printf(order->out, "%lld", number) != 0)
		order->is_full = true;
	return 0;
}

static int
put_parcel(struct order *order, const struct request_options_parcel *parcel, struct error *error)
{
	put_text(order, "tags", parcel->tags);
	put_text(order, "customer", parcel->customer);
	put_list(order, "destinations", &parcel->destinations);
	put_true(order, "index", parcel->index);
	put_text(order, "folder", parcel->folder);
	put_text(order, "bucket", parcel->bucket);
	put_text(order, "region", parcel->s3_region);
	put_text(order, "endpoint", parcel->endpoint);
	put_text(order, "acl", parcel->acl);
	put_true(order, "encryption", parcel->encryption);
	return put_alertid(order, parcel->alertid, error);
}

const char *
order_id(const struct request_options *options, const struct order_stamp *stamp)
{
	return options->parcel.id != NULL ? options->parcel.id : stamp->id;
}

/* The name of the option for a member that espcapd complains of; the names of others are their own. */
static const char *
option_of(const char *text, size_t len)
{
	static const char *const names[][2] = { { "destinations", "destination" }, { "region", "bucket-region" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i][0]) == len && memcmp(names[i][0], text, len) == 0)
			return names[i][1];
	return NULL;
}

/* Whether espcapd can read it: who asks is to hear of a mistake at once. */
static int
check(const char *text, size_t len, struct error *error)
{
	struct request request;
	struct error wrong;
	int rv = request_read(text, len, &request, &wrong);

	request_release(&request);
	if (rv == 0)
		return 0;
	len = strcspn(wrong.text, ":");
	if (option_of(wrong.text, len) != NULL)
		return error_set(error, OUTCOME_USAGE, "--%s%.900s", option_of(wrong.text, len), wrong.text + len);
	return error_set(error, OUTCOME_USAGE, "--%.900s", wrong.text);
}

int
order_write(const struct request_options *options, const struct order_stamp *stamp, struct buffer *out,
    struct error *error)
{
	struct order order = { .out = out, .start = out->len };

	put_capture(&order, &options->capture);
	put_text(&order, "id", order_id(options, stamp));
	if (put_parcel(&order, &options->parcel, error) != 0)
		return -1;
	if (options->key != NULL) {
		put_number(&order, "issued", (uint64_t)stamp->issued);
		put_number(&order, "expires", (uint64_t)stamp->expires);
		put_text(&order, "nonce", stamp->nonce);
	}
	put(&order, "}");
	if (order.is_full)
		return error_set(error, OUTCOME_USAGE, "the request is too long");
	return check(out->data + order.start, out->len - order.start, error);
}

int
order_sign(const char *text, size_t len, const char *key_name, const void *key, size_t key_len, struct buffer *out)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char mac[SIGNATURE_MAC_LEN];
	char hex[2 * SIGNATURE_MAC_LEN + 1];

	signature_mac(key, key_len, text, len, mac);
	for (size_t i = 0; i < SIGNATURE_MAC_LEN; i++) {
		hex[2 * i] = digits[mac[i] >> 4];
		hex[2 * i + 1] = digits[mac[i] & 15];
	}
	hex[2 * SIGNATURE_MAC_LEN] = '\0';
	if (buffer_puts(out, "{\"request\":") != 0 || json_string(out, text, len) != 0 || buffer_puts(out, ",\"key\":") != 0 ||
	    json_string(out, key_name, strlen(key_name)) != 0)
		return -1;
	return buffer_printf(out, ",\"mac\":\"%s\"}", hex);
}
