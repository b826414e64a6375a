/* A user and a network namespace without any network, made once and entered by each child. */
#ifndef ESPCAP_LOOP_APART_H
#define ESPCAP_LOOP_APART_H

#include <sys/types.h>

struct apart {
	int user, net;	/* descriptors of the two; -1 if there are none */
	char why[160];	/* then: the reason */
};

/*
 * Makes them for children of the user uid and group gid, who stay that inside. Root
 * must do it before it is given up: many kernels let nobody else. Fills why if it
 * cannot be done. Closed with apart_close in either case.
 */
void apart_open(struct apart *apart, uid_t uid, gid_t gid);
void apart_close(struct apart *apart);

/*
 * Between fork and exec, of the user uid: moves this process there, where it has all
 * capabilities until it gives them up. Nothing to do without namespaces. -1 with errno.
 */
int apart_enter(const struct apart *apart);

#endif
