/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * espcap's capture without its dissection, for scripts/bench-capture: what the
 * capture process gives is read and thrown away. Ends with SIGINT, and prints
 * the counts.
 *
 *	capture_only IFACE BUFFER QUEUE	(sizes in bytes)
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "input/live.h"

static struct live *live;

static void
on_signal(int number)
{
	(void)number;
	live_stop(live); /* no more than send(2) */
}

int
main(int argc, char **argv)
{
	struct sniff_config config = {
		.nic = { .snaplen = 262144, .promisc = true }
	};
	struct sigaction action = { .sa_handler = on_signal };
	static char bytes[256 << 10];
	struct live_counts counts;
	struct error error;
	int fd;

	if (argc != 4)
		return 2;
	config.nic.name = argv[1];
	config.nic.buffer = (uint32_t)strtoul(argv[2], NULL, 10);
	config.queue = strtoul(argv[3], NULL, 10);
	live = live_start(&config, &error);
	if (live == NULL) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	action.sa_flags = SA_RESTART;
	sigaction(SIGINT, &action, NULL);
	fprintf(stderr, "capturing on %s\n", argv[1]);
	fd = live_take_fd(live);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		continue;
	counts = live_counts(live);
	printf("read=%" PRIu64 " kernel_drop=%" PRIu64
	       " interface_drop=%" PRIu64 " queue_drop=%" PRIu64 "\n",
	    counts.captured, counts.kernel_drop, counts.interface_drop,
	    counts.queue_drop);
	close(fd);
	live_free(live);
	return 0;
}
