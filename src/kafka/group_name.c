/* SPDX-License-Identifier: BSD-2-Clause */
/* A name for a group of its own. */
#include "kafka/group_name.h"

#include <openssl/rand.h>
#include <stdlib.h>

void
group_name(char name[GROUP_NAME_LEN])
{
	unsigned char bytes[GROUP_NAME_LEN - 1];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		abort(); /* libcrypto has no source of random numbers */
	for (int i = 0; i < GROUP_NAME_LEN - 1; i++)
		name[i] = (char)('A' + bytes[i] % 26);
	name[GROUP_NAME_LEN - 1] = '\0';
}
