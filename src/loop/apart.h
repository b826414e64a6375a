/* A user and a network namespace without any network, and a PID namespace: made once, and entered by each child. */
#ifndef ESPCAP_LOOP_APART_H
#define ESPCAP_LOOP_APART_H

#include <stdbool.h>
#include <sys/types.h>

struct pidspace;

struct apart {
	int user, net;	/* descriptors of the two; -1 if there are none */
	char why[160];	/* then: the reason */
	struct pidspace *pids;	/* NULL if there is none */
	char pids_why[160];
	bool is_other;	/* children become uid and gid */
	uid_t uid;
	gid_t gid;
	char other_why[160];
};

/* Who makes the namespaces and owns them: so it has all rights over children, whoever these become. */
struct apart_users {
	uid_t uid;
	gid_t gid;
	uid_t tshark_uid;	/* whom children become; */
	gid_t tshark_gid;
	const char *why;	/* unless this says why they stay the same */
};

/*
 * Makes them. Root must do it before it is given up: many kernels let nobody else, and only root can map two
 * users. Fills why, pids_why and other_why with what cannot be done. Closed with apart_close in either case.
 */
void apart_open(struct apart *apart, const struct apart_users *users);
/* All children that entered must have been reaped. */
void apart_close(struct apart *apart);

/* Before each child, by the user uid: makes the PID namespace again if somebody has ended it. -1 with errno. */
int apart_renew(const struct apart *apart);

/*
 * Between fork and exec, of the user uid: moves this process there, where it has all
 * capabilities until it gives them up; into the PID namespace come only its own children. Nothing to do without namespaces. -1 with errno.
 */
int apart_enter(const struct apart *apart);
/* After that: becomes the other user, if there is one, without groups. -1 with errno. */
int apart_change_user(const struct apart *apart);

#endif
