/* SPDX-License-Identifier: BSD-2-Clause */
/* How much memory a process takes. */
#ifndef ESPCAP_PROCESS_PROCESS_MEMORY_H
#define ESPCAP_PROCESS_PROCESS_MEMORY_H

#include <stdint.h>
#include <sys/types.h>

/* Bytes of real memory (RSS) that a process has now; 0 if that is unknown, for who has ended has none. */
uint64_t process_memory_bytes(pid_t pid);

#endif
