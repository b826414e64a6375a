/* SPDX-License-Identifier: BSD-2-Clause */
/* A name for a group of its own, as Pycapa makes them: "AWBHMIAESAHJ". */
#ifndef ESPCAP_KAFKA_GROUP_NAME_H
#define ESPCAP_KAFKA_GROUP_NAME_H

#define GROUP_NAME_LEN 13

/* Twelve random capital letters, and the end. */
void group_name(char name[GROUP_NAME_LEN]);

#endif
