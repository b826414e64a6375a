/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts a system call that should not wait, and does. */
#ifndef ESPCAP_BASE_ALARM_H
#define ESPCAP_BASE_ALARM_H

/*
 * From here on a call that waits ends after ALARM_MS with EINTR, again and again. Takes SIGALRM and the process's
 * ITIMER_REAL.
 */
void alarm_begin(void);
#define ALARM_MS 5
/* Leaves errno as it is. */
void alarm_end(void);

#endif
