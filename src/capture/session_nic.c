/* SPDX-License-Identifier: BSD-2-Clause */
/* The interface whose packets captures in memory get. */
#include "capture/session_nic.h"

#define NS_PER_MS 1000000ULL

int
session_nic_open(struct session_nic *open, const struct nic_config *config, struct mandates *mandates,
    uint32_t grant, const struct bpf_code *code, const struct address_filter *excluded, struct error *error)
{
	struct nic_config *own = &open->config;
	char text[ADDRESS_FILTER_LIST_MAX];

	*own = *config;
	open->excluded = *excluded;
	/* The link type tells which programs are to be joined, so it is opened with none that lets a packet through. */
	own->code_count = 1;
	own->codes = mandates_nothing();
	open->nic = nic_open(own, error);
	if (open->nic == NULL)
		return -1;
	own->code_count = mandates_codes(mandates, open->nic, grant, false, open->codes, error);
	if (own->code_count > 0) {
		if (code != NULL)
			open->codes[own->code_count++] = *code;
		own->codes = open->codes;
		address_filter_write(excluded, text);
		if (nic_exclude(open->nic, text, error) == 0)
			return 0;
	}
	nic_free(open->nic);
	open->nic = NULL;
	return -1;
}

void
session_nic_exclude(struct session_nic *open, const struct sockaddr_in6 *address)
{
	char text[ADDRESS_FILTER_LIST_MAX];
	struct error error;

	if (!address_filter_add(&open->excluded, (const struct sockaddr *)(const void *)address))
		return;
	address_filter_write(&open->excluded, text);
	/* What fails leaves the filter as it was: then these connections are captured, too. */
	(void)nic_exclude(open->nic, text, &error);
}

void
session_nic_obey(struct session_nic *open, struct session *session)
{
	if (!session->excludes)
		return;
	session_nic_exclude(open, &session->address);
	session_excluded(session);
}

void
session_nic_tell(struct session *session, enum nic_state state, uint64_t now_ns)
{
	session_tell(session);
	if (state != NIC_UP)
		session_stop(session, state == NIC_GONE ? TAKE_INTERFACE_GONE : TAKE_INTERFACE_DOWN, now_ns);
}

int
session_nic_wait(uint64_t due_ns)
{
	uint64_t now = session_now().monotonic;

	return due_ns > now ? (int)((due_ns - now) / NS_PER_MS) + 1 : 0;
}
