/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold inside pcapng blocks for tshark to read on; pcapng_reader.c is the only user. */
#ifndef ESPCAP_PACKET_PCAPNG_CHECK_H
#define ESPCAP_PACKET_PCAPNG_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A body: what stands between the two lengths of a block. */
struct pcapng_body {
	const uint8_t *data;
	size_t len;
	bool big;
};

struct pcapng_option {
	uint16_t code;
	uint16_t len;
	const uint8_t *value;
};

/* Takes the option at *at and moves *at after it: 1, 0 at the last one, -1 with a text if damaged. */
int pcapng_option_next(const struct pcapng_body *body, size_t *at,
    struct pcapng_option *option, struct error *error);

/* Each 0, or -1 with a text. The options begin at the given place. */
int pcapng_check_options(const struct pcapng_body *body, size_t at, struct error *error);
int pcapng_check_packet_options(const struct pcapng_body *body, size_t at, struct error *error);
int pcapng_check_names(const struct pcapng_body *body, struct error *error);
/* Netflix's custom blocks. */
int pcapng_check_netflix(const struct pcapng_body *body, struct error *error);
int pcapng_check_secrets(const struct pcapng_body *body, struct error *error);

#endif
