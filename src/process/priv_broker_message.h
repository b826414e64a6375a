/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What espcap and the helper process of the privileged broker tell each other: packets of a socket, some with a
 * descriptor.
 */
#ifndef ESPCAP_PROCESS_PRIV_BROKER_MESSAGE_H
#define ESPCAP_PROCESS_PRIV_BROKER_MESSAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "process/folder.h"

enum priv_broker_kind {
	PRIV_BROKER_LISTED, /* open the path of this index */
	PRIV_BROKER_APPEND, /* these are about the output of this index, see base/place.h */
	PRIV_BROKER_BEGIN,
	PRIV_BROKER_FINISH,
	PRIV_BROKER_LOOK, /* this and the others are about the folder */
	PRIV_BROKER_OPEN,
	PRIV_BROKER_PROBE,
	PRIV_BROKER_REMOVE,
	PRIV_BROKER_MOVE
};

struct priv_broker_request {
	uint64_t serial;
	enum priv_broker_kind kind;
	uint64_t index;
	unsigned number; /* of PRIV_BROKER_APPEND */
	struct folder_entry entry;
	bool closed;
	char name[NAME_MAX + 1], to[NAME_MAX + 1];
};

/* With a descriptor beside it unless outcome says otherwise. */
struct priv_broker_reply {
	uint64_t serial;
	enum outcome outcome;
	char text[256];
	int reason;  /* errno, of what is about the folder or an output */
	bool is_new; /* of PRIV_BROKER_APPEND */
	struct folder_entry entry;
};

/* Sends the request. -1 with OUTCOME_INTERNAL if the helper has ended. */
int priv_broker_message_ask(int socket, const struct priv_broker_request *request, struct error *error);
/*
 * Waits for a reply; *fd is the descriptor that came along, the caller's to close, or -1. A signal interrupts it only
 * if it may take long (OUTCOME_INPUT). -1 with OUTCOME_INTERNAL if the helper has ended.
 */
int priv_broker_message_receive(int socket, bool may_take_long, struct priv_broker_reply *reply, int *fd, struct error *error);

/* The helper's side, each -1 if espcap has ended. fd: -1 for none; borrowed. */
int priv_broker_message_take(int socket, struct priv_broker_request *request);
int priv_broker_message_reply(int socket, const struct priv_broker_reply *reply, int fd);

#endif
