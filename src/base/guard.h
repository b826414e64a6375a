/* Interrupts a system call that should not wait, and does. */
#ifndef ESPCAP_BASE_GUARD_H
#define ESPCAP_BASE_GUARD_H

/* From here on a call that waits ends after GUARD_MS with EINTR, again and again. Takes SIGALRM and the process's ITIMER_REAL. */
void guard_begin(void);
#define GUARD_MS 5
/* Leaves errno as it is. */
void guard_end(void);

#endif
