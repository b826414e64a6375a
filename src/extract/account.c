/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of each document. */
#include "extract/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
account_release(struct account *account)
{
	free(account->reasons);
	memset(account, 0, sizeof(*account));
}

static void
add(struct account *account, const char *verdict, const char *place, const char *why)
{
	char text[sizeof(account->reasons->text)];
	size_t i;

	if (place != NULL && place[0] != '\0')
		(void)snprintf(text, sizeof(text), "%s: %.300s: %.180s", verdict, place, why);
	else
		(void)snprintf(text, sizeof(text), "%s: %.480s", verdict, why);
	for (char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	for (i = 0; i < account->count; i++)
		if (strcmp(account->reasons[i].text, text) == 0)
			break;
	if (i == ACCOUNT_REASONS_MAX - 1 && account->count <= i)
		(void)snprintf(text, sizeof(text), "for other reasons");
	if (i == ACCOUNT_REASONS_MAX)
		i = ACCOUNT_REASONS_MAX - 1;
	if (i == account->count) {
		if (account->reasons == NULL)
			account->reasons = xcalloc(ACCOUNT_REASONS_MAX, sizeof(*account->reasons));
		(void)snprintf(account->reasons[account->count++].text, sizeof(text), "%s", text);
	}
	account->reasons[i].count++;
}

void
account_missing(struct account *account, const char *place, const char *why)
{
	account->counts.missing++;
	add(account, "missing", place, why);
}

void
account_changed(struct account *account, const char *place, const char *why)
{
	account->counts.changed++;
	add(account, "changed", place, why);
}
