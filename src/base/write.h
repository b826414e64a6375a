/* Writes all of some bytes to a file. */
#ifndef ESPCAP_BASE_WRITE_H
#define ESPCAP_BASE_WRITE_H

#include <stddef.h>

/* 0, or -1 with errno; then a part may have been written. A signal does not cut it short. For a descriptor that blocks. */
int write_all(int fd, const void *data, size_t len);

#endif
