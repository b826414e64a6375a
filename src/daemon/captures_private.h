/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of captures.h share. */
#ifndef ESPCAP_DAEMON_CAPTURES_PRIVATE_H
#define ESPCAP_DAEMON_CAPTURES_PRIVATE_H

#include <event2/event.h>
#include <netinet/in.h>

#include "capture/address_filter.h"
#include "capture/capture_message.h"
#include "daemon/captures.h"

enum step {
	STEP_COMPILE,   /* the broker is to be asked for a compilation */
	STEP_COMPILING, /* it was */
	STEP_TAKE,      /* the broker is to be asked for the capture */
	STEP_TAKING,    /* it was */
	STEP_RUNS,
	STEP_ENDED /* on_end is to be called from the loop */
};

struct capture {
	struct capture *next;
	struct captures *captures;
	enum step step;
	uint64_t number, begun_ms, memory;
	char *id, *interface, *filter;
	struct captures_order order; /* its texts are those above */
	struct capture_compiled *compiled;
	int fd;              /* to the process at work; -1 */
	struct event *event; /* of fd, or of the end */
	bool started, refused;
	size_t excluded_count;     /* its process knows so many of struct captures */
	struct take_result result; /* so far */
	char failed[CAPTURE_TEXT_MAX];
};

struct captures {
	struct loop *loop;
	struct capture_broker *broker; /* NULL: it has ended */
	struct captures_config config;
	struct captures_handler handler;
	struct event *readable, *writable; /* of the broker */
	struct capture *first;             /* oldest first */
	uint64_t last_number;
	bool stopping;
	struct captures_counts counts;
	struct sockaddr_in6 excluded[ADDRESS_FILTER_COUNT]; /* the last of them */
	size_t excluded_count;                              /* all that ever were */
	void (*on_reread)(void *ctx, const char *text);     /* NULL: no rereading is under way */
	void *reread_ctx;
	char version[CAPTURE_TEXT_MAX];
	bool is_to_ask; /* the broker had no room for the question */
};

/* The number of no capture. */
#define CAPTURES_REREAD UINT64_MAX

/* The capture of this number, or NULL. */
struct capture *captures_find(struct captures *captures, uint64_t number);
/* Ends with the descriptor of its process, if there is one. */
void captures_hang_up(struct capture *capture);
/* Calls call(fd, what, capture) for the descriptor (taken over); what: EV_READ or EV_READ | EV_PERSIST. */
void captures_listen(struct capture *capture, int fd, short what, event_callback_fn call);

/* It is over: tells so at once, with the file (closed then; -1 for none), and frees it. */
void captures_tell_end(struct capture *capture, int memfd);
/* It has failed; the handler is called from the loop. */
void captures_fail(struct capture *capture, bool refused, const char *text);

/* Asks the broker for what is next, now or when it has room for the question. */
void captures_advance(struct capture *capture);
/* The broker can be asked again; it has answered. ctx: the captures. */
void captures_on_writable(evutil_socket_t fd, short what, void *ctx);
void captures_on_answer(evutil_socket_t fd, short what, void *ctx);

#endif
