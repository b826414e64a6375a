/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opens input files for reading, and does what is to be done in a watched folder, by a helper process that keeps root's
 * rights when espcap has given them up.
 */
#ifndef ESPCAP_PROCESS_PRIV_BROKER_H
#define ESPCAP_PROCESS_PRIV_BROKER_H

#include <stddef.h>

#include "base/error.h"
#include "process/folder.h"
#include "process/priv_broker_access.h"

struct priv_broker;

/* The files to write. The places are borrowed until priv_broker_free. */
struct priv_broker_outputs {
	struct place *const *places;
	size_t count;
};

/*
 * paths[0..count) are all that will ever be opened; they must stay as they are
 * until priv_broker_free. The first `regular` of them are files of a folder, and opened only if they are regular files
 * still. As root a helper process is forked at once, before
 * privilege_drop: it opens only these, read-only, by index, and ends when espcap does. As another user there is no
 * helper. The helper has no other descriptors, and one capability; ignores SIGINT/SIGTERM (ends at EOF of its socket),
 * PDEATHSIG. What other paths name by number (/dev/fd/63, see base/descriptor.h) is not opened but taken over, and what
 * they name by the number that it has in another process is opened at once. NULL with OUTCOME_INTERNAL.
 *
 * folder (NULL for none) is copied: the files in it may be opened by name as they appear, and changed if it says so.
 * The helper has its descriptors too, and if files may be changed its capabilities are that for writing folders of
 * others and CAP_LEASE, without which nobody learns who writes to a file of another user.
 *
 * outputs (NULL for none): the helper makes these files from now on, for it is the agent of each place; with the
 * capability for writing folders of others, too. Where there is no helper, this process still may.
 */
struct priv_broker *priv_broker_new(char *const *paths, size_t count, size_t regular,
    const struct folder *folder, const struct priv_broker_outputs *outputs, struct error *error);

/*
 * The same for files of a folder, of which the first `count` paths are: real paths in it or below (process/beneath.h),
 * which others may put links into. These are opened as regular files only, and nothing is that is elsewhere by then
 * ("leads out of the folder").
 */
struct priv_broker *priv_broker_new_beneath(char *const *paths, size_t count, const struct broker_root *root,
    const struct priv_broker_outputs *outputs, struct error *error);
void priv_broker_free(struct priv_broker *broker);

/*
 * A descriptor (close-on-exec) for paths[index], the caller's to close. -1 with
 * OUTCOME_INPUT and open's reason without the name ("No such file or directory",
 * "Permission denied", "is a directory", "is a device", "is a socket"). Regular
 * files, FIFOs, and by number also pipes and sockets are allowed. Nothing is waited for: a FIFO may have no writer yet,
 * and is non-blocking; read_now knows what to do with all of them. What is taken over shares its flags and its place
 * with what is open. SIGINT and SIGTERM, if they are caught, end with an error what does wait (a file on a disk that is
 * gone). OUTCOME_INTERNAL if there is no such index, or the helper is gone.
 */
int priv_broker_open(struct priv_broker *broker, size_t index, struct error *error);

/*
 * What process/folder.h promises, in the folder and by whoever may. -1 with errno; EPERM if there is no folder, EPIPE
 * if the helper is gone.
 */
int priv_broker_folder_look(struct priv_broker *broker, const char *name, struct folder_entry *entry);
int priv_broker_folder_open(struct priv_broker *broker, const char *name);
int priv_broker_folder_probe(struct priv_broker *broker, const char *name, const struct folder_entry *entry);
int priv_broker_folder_remove(struct priv_broker *broker, const char *name, const struct folder_entry *entry, bool closed,
    struct folder_entry *now);
int priv_broker_folder_move(struct priv_broker *broker, const char *name, const struct folder_entry *entry, bool closed,
    const char *to, struct folder_entry *now);

#endif
