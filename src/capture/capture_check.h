/* SPDX-License-Identifier: BSD-2-Clause */
/* What messages of the program, the capture broker and its processes may say. Any of them may have been taken over. */
#ifndef ESPCAP_CAPTURE_CAPTURE_CHECK_H
#define ESPCAP_CAPTURE_CAPTURE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/capture_message.h"
#include "capture/capture_policy.h"

/* Whether the lengths in a message of len bytes are its own. len: what was received, at most the size of the struct. */
bool capture_check_request(const struct capture_request *request, size_t len);
bool capture_check_compiled(const struct capture_compiled *compiled, size_t len);
/* has_file: a descriptor came with it. */
bool capture_check_saying(const struct capture_saying *saying, size_t len, bool has_file);

/* Why the request, which is whole, must not be granted; or NULL. */
const char *capture_check_refusal(const struct capture_broker_config *config, const struct capture_request *request);

#endif
