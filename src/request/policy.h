/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request may have: [policy], the limits, and one decision for each message. No I/O. */
#ifndef ESPCAP_REQUEST_POLICY_H
#define ESPCAP_REQUEST_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "request/request.h"

#define POLICY_MAXAGE_MS 60000
#define POLICY_SKEW_MS 60000          /* clocks of others may differ by this */
#define POLICY_LIFETIME_MAX_MS 600000 /* from issued to expires */

/* What pcapdaemon documents as its defaults. */
#define POLICY_MAXPACKETS 50000
#define POLICY_MAXBYTES 100000000
#define POLICY_MAXTIMEOUT 3600
#define POLICY_MAXDURATION 3600
#define POLICY_SNAPLENGTH 500
#define POLICY_DEFAULTTIMEOUT 10

/* A key with a list of names. Not set: the key is not there, which is not the same as an empty list. */
struct policy_list {
	bool is_set;
	char **texts;
	size_t count;
};

/* Maxima; 0: the key is not there. */
struct policy_limits {
	int64_t snaplen;  /* bytes of each packet */
	int64_t packets;  /* maxpackets */
	int64_t bytes;    /* maxbytes */
	int64_t timeout;  /* maxtimeout, seconds */
	int64_t duration; /* maxduration, seconds */
};

/*
 * [policy] itself, which holds for unsigned requests, or a [[policy.requester]]. A key that a requester lacks is that
 * of [policy]; the filters of both hold.
 */
struct policy_grant {
	char *name; /* NULL: [policy] */
	unsigned char *key;
	size_t key_len;
	char *bpf; /* and-ed with that of the request; NULL: none */
	struct policy_list interfaces;
	struct policy_limits max;
	bool has_destinations;
	unsigned destinations; /* bits of enum request_destination */
	struct policy_list buckets;
	struct policy_list endpoints;
	struct policy_list regions;
	struct policy_list acls;
};

enum policy_unsigned {
	POLICY_UNSIGNED_UNSET, /* from Redis on this machine only */
	POLICY_UNSIGNED_REFUSED,
	POLICY_UNSIGNED_ALLOWED
};

/* It owns its texts. */
struct policy {
	struct policy_grant own;
	struct policy_grant *requesters;
	size_t requester_count;
	int64_t maxage_ms; /* 0: any age */
	enum policy_unsigned allow_unsigned;
};

/* Nothing is set but maxage. */
void policy_init(struct policy *policy);
/* Frees what it holds, and overwrites the keys. */
void policy_release(struct policy *policy);
/* A new requester, with a copy of the name and nothing set; valid until the next call. */
struct policy_grant *policy_add_requester(struct policy *policy, const char *name);
/* The requester of this name, NULL if there is none. */
const struct policy_grant *policy_requester(const struct policy *policy, const char *name);
/* Adds a copy of text, and sets the list. */
void policy_list_add(struct policy_list *list, const char *text);

/* An interface that [[interface]] names, that is on this machine, or both. */
struct policy_interface {
	const char *name;
	const char *const *aliases;
	size_t alias_count;
	bool is_configured; /* by an [[interface]] */
	bool is_present;
	bool has_lookback;
};

/* What is known beside the request. */
struct policy_facts {
	const char *signer; /* the requester whose signature was verified; NULL: not signed */
	bool is_local;      /* it came through Redis on this machine */
	int64_t sent_ms;    /* -1: not known */
	int64_t now_ms;
	const char *node;
	const struct policy_interface *interfaces;
	size_t interface_count;
	struct policy_limits max; /* of [general], all of them set but snaplen, which may be 0 */
	int64_t snaplen;          /* without `snap`, at most max.snaplen */
	int64_t timeout;          /* without `timeout`, seconds */
	unsigned destinations;    /* configured ones; a capture goes to all of them but the index, which must be asked for */
	bool is_pcapng;           /* without `format` */
};

/* Documented defaults, and everything else 0 or NULL. */
void policy_facts_init(struct policy_facts *facts);

enum policy_answer {
	POLICY_ACCEPTED,
	POLICY_REFUSED,
	POLICY_NOT_OURS /* for other nodes */
};

/* One for each interface. The texts are those of facts and request. */
struct policy_capture {
	const char *interface;
	const char *alias; /* that named it; NULL if its name did */
};

/* Holds the texts of request, policy and facts: valid as long as they are. */
struct policy_decision {
	enum policy_answer answer;
	char reason[1024];     /* of POLICY_REFUSED */
	char note[512];        /* what was left out of an accepted one: unknown interfaces; "" */
	const char *requester; /* NULL: not signed */
	/* Until when its nonce is to be kept, in ms since 1970; 0: it has none to be kept. */
	int64_t nonce_until_ms;
	/* Of an accepted REQUEST_CAPTURE. */
	struct policy_capture *captures;
	size_t capture_count;
	/* All of them hold at once; each is a whole expression of its own, never to be pasted into another. */
	const char *filter;           /* of the request; NULL: none */
	const char *policy_filter;    /* of [policy]; NULL: none */
	const char *requester_filter; /* NULL: none */
	int64_t snaplen;
	int64_t packets;
	int64_t bytes;
	int64_t timeout_ms;
	int64_t duration_ms;
	int64_t before_ms; /* 0: none */
	unsigned destinations;
	bool is_pcapng;
};

/* Fills *decision, to be released. Cancel and status are decided by who sends them, and when. */
void policy_decide(const struct request *request, const struct policy *policy, const struct policy_facts *facts,
    struct policy_decision *decision);
void policy_decision_release(struct policy_decision *decision);

#endif
