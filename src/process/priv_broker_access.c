/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening what was named, and changing the folder. */
#include "process/priv_broker_access.h"

#include <errno.h>

#include "process/careful_open.h"
#include "process/priv_broker_message.h"

int
priv_broker_access_open(const struct priv_broker_access *access, uint64_t index, struct error *error)
{
	if (index >= access->count)
		return error_set(error, OUTCOME_INTERNAL,
		    "file %llu was never named", (unsigned long long)index);
	if (index < access->root.count)
		return careful_open_beneath(&access->root.folder, access->paths[index],
		    error);
	return careful_open_path(access->paths[index], index < access->regular, error);
}

int
priv_broker_access_place(const struct priv_broker_access *access, const struct priv_broker_request *request, bool *is_new)
{
	struct place *place;

	errno = EPERM;
	if (request->index >= access->output_count)
		return -1;
	place = access->outputs[request->index];
	if (request->kind == PRIV_BROKER_APPEND)
		return place_append(place, request->number, is_new);
	return request->kind == PRIV_BROKER_BEGIN ? place_begin(place) : place_finish(place);
}

int
priv_broker_access_act(const struct priv_broker_access *access, const struct priv_broker_request *request,
    struct folder_entry *entry)
{
	const struct folder *folder = &access->folder;

	errno = EPERM;
	if (!access->has_folder)
		return -1;
	switch (request->kind) {
	case PRIV_BROKER_LISTED:
	case PRIV_BROKER_APPEND:
	case PRIV_BROKER_BEGIN:
	case PRIV_BROKER_FINISH:
		break;
	case PRIV_BROKER_LOOK:
		return folder_look(folder, request->name, entry);
	case PRIV_BROKER_OPEN:
		return folder_open(folder, request->name);
	case PRIV_BROKER_PROBE:
		return folder_probe(folder, request->name, &request->entry);
	case PRIV_BROKER_REMOVE:
		return folder_remove(folder, request->name, &request->entry,
		    request->closed, entry);
	case PRIV_BROKER_MOVE:
		return folder_move(folder, request->name, &request->entry,
		    request->closed, request->to, entry);
	}
	return -1;
}
