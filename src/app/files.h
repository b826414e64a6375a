/* Small files read whole. */
#ifndef ESPCAP_APP_FILES_H
#define ESPCAP_APP_FILES_H

#include "base/buffer.h"
#include "base/error.h"

/* Appends all of fd, which stays open, to out. name is for messages. -1 with OUTCOME_USAGE: it cannot be read, or is longer than out may be. */
int files_read_fd(int fd, const char *name, struct buffer *out, struct error *error);
/* The same of the file of this name. */
int files_read(const char *name, struct buffer *out, struct error *error);

#endif
