/* SPDX-License-Identifier: BSD-2-Clause */
/* What went wrong with one input. */
#include "dissect/reasons.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
reasons_release(struct reasons *reasons)
{
	for (size_t i = 0; i <= OUTCOME_REJECTED; i++)
		free(reasons->texts[i]);
	memset(reasons, 0, sizeof(*reasons));
}

void
reasons_add(struct reasons *reasons, enum outcome outcome, const char *text)
{
	if (outcome != OUTCOME_OK && reasons->texts[outcome] == NULL)
		reasons->texts[outcome] = xstrdup(text);
}

void
reasons_join(struct reasons *reasons, enum outcome outcome, const char *text)
{
	char *before = reasons->texts[outcome];
	char both[sizeof(((struct error *)0)->text)];

	if (before == NULL || strstr(before, text) != NULL) {
		reasons_add(reasons, outcome, text);
		return;
	}
	(void)snprintf(both, sizeof(both), "%s; %s", before, text);
	reasons->texts[outcome] = xstrdup(both);
	free(before);
}

void
reasons_merge(struct reasons *reasons, const struct reasons *from)
{
	for (size_t i = 0; i <= OUTCOME_REJECTED; i++)
		if (from->texts[i] != NULL)
			reasons_add(reasons, (enum outcome)i, from->texts[i]);
}

/* The worst outcome that has a text and is better than the given one, if there is one. */
static enum outcome
next_outcome(const struct reasons *reasons, enum outcome than)
{
	enum outcome worst = OUTCOME_OK;

	for (size_t i = 1; i <= OUTCOME_REJECTED; i++) {
		enum outcome outcome = (enum outcome)i;

		if (reasons->texts[i] != NULL &&
		    (than == OUTCOME_OK ||
			(outcome != than &&
			    outcome_worse(outcome, than) == than)))
			worst = outcome_worse(worst, outcome);
	}
	return worst;
}

enum outcome
reasons_lesser(const struct reasons *reasons, enum outcome than)
{
	return next_outcome(reasons, than);
}

enum outcome
reasons_outcome(const struct reasons *reasons, struct error *error)
{
	enum outcome worst = next_outcome(reasons, OUTCOME_OK), outcome;
	size_t len = 0;

	error->outcome = worst;
	error->text[0] = '\0';
	for (outcome = worst; outcome != OUTCOME_OK &&
	     len < sizeof(error->text);
	     outcome = next_outcome(reasons, outcome))
		len += (size_t)snprintf(error->text + len,
		    sizeof(error->text) - len, "%s%s", len > 0 ? "; " : "",
		    reasons->texts[outcome]);
	return worst;
}
