/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts a system call that should not wait. */
#include "base/alarm.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>

static void
on_alarm(int number)
{
	(void)number;
}

static void
set_timer(suseconds_t us)
{
	/* Again and again: the first may come before the call does. */
	const struct itimerval timer = { { 0, us }, { 0, us } };

	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

void
alarm_begin(void)
{
	/* Without SA_RESTART. */
	const struct sigaction action = { .sa_handler = on_alarm };

	(void)sigaction(SIGALRM, &action, NULL);
	set_timer(ALARM_MS * 1000);
}

void
alarm_end(void)
{
	int reason = errno;

	set_timer(0);
	errno = reason;
}
