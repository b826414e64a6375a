/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tshark that does as told: the program of a test itself, when it is started with -r. It reads a capture of capfile.h
 * from its standard input, and prints a document for each packet, as EK lines or as frames. Goes after cmocka.h and
 * capfile.h.
 *
 * HOME holds:
 *   script     one line for each run, in turn; the last one is for all that follow
 *   arguments.N, read.N   made by run N, counted from 1: how it was started, and what it has read
 *   go         made by the test, see below
 *   spun       made by a run, see below
 *
 * A line holds words. K is the number of a frame, counted in this run; P is that of a packet, by its time:
 *   poison=P   ended by SIGSEGV when the packet comes, unless it is empty
 *   die=K quit=K fail=K nomem=K   ended at this frame: by SIGSEGV, with 0, with 2 and a text, for lack of memory
 *   mute=K     ended at this frame with 2, without a text
 *   lines      with fail: a text of two lines
 *   cut=K      ended at this frame with 0, within its document
 *   hang=K spin=K   sleeps, or works, and does no more; makes the file `spun` when it has worked for 300 ms
 *   hold=K     goes on at this frame when there is a file `go`
 *   wait=P     the same at this packet, unless it is empty
 *   junk=K wrong=K skip=K   prints what is not a packet before it, another number, nothing
 *   deaf       reads nothing until there is a file `go`
 *   keep       prints all at the end only
 *   large=N    the Info text of each document has so many bytes
 *   late=N     ends with this exit status
 *   refuse     reads nothing, and fails as tshark does with what is not a capture
 * A display filter lets packets with odd numbers through.
 */
#ifndef ESPCAP_TESTS_SCRIPTED_H
#define ESPCAP_TESTS_SCRIPTED_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "readers/frames_wire.h"

struct scripted {
	const char *home;
	char words[512];
	FILE *out;
	int read_log;
	bool plugin, filtered;
	unsigned warm;
	unsigned frame; /* the last that was read */
};

static inline unsigned
scripted_value(const struct scripted *self, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = self->words; (at = strstr(at, word)) != NULL;
	     at++)
		if ((at == self->words || at[-1] == ' ') && at[len] == '=')
			return (unsigned)strtoul(at + len + 1, NULL, 10);
	return 0;
}

static inline bool
scripted_has(const struct scripted *self, const char *word)
{
	return strstr(self->words, word) != NULL;
}

/* The number of this run, which nobody else has. */
static inline unsigned
scripted_number(const char *home)
{
	for (unsigned n = 1;; n++) {
		char name[4096];
		int fd;

		(void)snprintf(name, sizeof(name), "%s/read.%u", home, n);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd >= 0)
			close(fd);
		if (fd >= 0 || errno != EEXIST)
			return n;
	}
}

static inline FILE *
scripted_open(const char *home, const char *name, unsigned n, const char *mode)
{
	char path[4096];
	FILE *file;

	if (n > 0)
		(void)snprintf(path, sizeof(path), "%s/%s.%u", home, name, n);
	else
		(void)snprintf(path, sizeof(path), "%s/%s", home, name);
	file = fopen(path, mode);
	if (file == NULL)
		_exit(99);
	return file;
}

static inline void
scripted_read_line(struct scripted *self, unsigned n)
{
	FILE *script = scripted_open(self->home, "script", 0, "r");
	char line[sizeof(self->words)];

	while (n-- > 0 && fgets(line, sizeof(line), script) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		(void)snprintf(self->words, sizeof(self->words), "%s", line);
	}
	(void)fclose(script);
}

/* In few words: the form, whether each packet is flushed, the filter. */
static inline void
scripted_tell_arguments(struct scripted *self, unsigned n, int argc, char **argv)
{
	FILE *file = scripted_open(self->home, "arguments", n, "w");
	const char *form = "", *filter = "", *number;
	bool flush = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-l") == 0 ||
		    (strcmp(argv[i], "-z") == 0 &&
			strstr(argv[i + 1], "flush") != NULL))
			flush = true;
		if (strcmp(argv[i], "-z") == 0)
			form = "plugin";
		if (strcmp(argv[i], "-T") == 0)
			form = argv[i + 1];
		if (strcmp(argv[i], "-Y") == 0)
			filter = argv[i + 1];
	}
	self->plugin = strcmp(form, "plugin") == 0;
	self->filtered = strstr(filter, "odd") != NULL;
	number = strstr(filter, "frame.number > ");
	self->warm =
	    number == NULL ? 0 : (unsigned)strtoul(number + 15, NULL, 10);
	fprintf(file, "%s%s%s%s", form, flush ? " flush" : "",
	    filter[0] != '\0' ? " " : "", filter);
	(void)fclose(file);
}

static inline void
scripted_wait_for_go(const struct scripted *self)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/go", self->home);
	while (access(path, F_OK) != 0)
		usleep(2000);
}

static inline void
scripted_put_number(FILE *out, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		(void)fputc((int)(0x80 | (number & 0x7f)), out);
	(void)fputc((int)number, out);
}

static inline void
scripted_print(const struct scripted *self, unsigned frame)
{
	unsigned large = scripted_value(self, "large");

	if (self->plugin) {
		scripted_put_number(self->out,
		    (uint64_t)frame << FRAMES_KIND_BITS | FRAMES_PACKET);
		scripted_put_number(self->out, FRAMES_END);
	} else {
		fprintf(self->out,
		    "{\"timestamp\":\"1\",\"info\":\"%0*d\","
		    "\"layers\":{\"frame\":{\"frame_frame_number\":\"%u\"}}}\n",
		    (int)large, 0, frame);
	}
	if (!scripted_has(self, "keep"))
		(void)fflush(self->out);
}

/* What is not printed yet is lost, as with tshark. */
static inline void
scripted_end(const struct scripted *self, const char *text, int status)
{
	fprintf(stderr, "%s\n", text);
	if (!scripted_has(self, "keep"))
		(void)fflush(self->out);
	_exit(status);
}

static inline void
scripted_cut(const struct scripted *self, unsigned frame)
{
	if (self->plugin)
		scripted_put_number(self->out,
		    (uint64_t)frame << FRAMES_KIND_BITS | FRAMES_PACKET);
	else
		fprintf(self->out, "{\"timestamp\":\"1\",\"layers\":{");
	(void)fflush(self->out);
	_exit(0);
}

static inline void
scripted_crash(void)
{
	(void)signal(SIGSEGV, SIG_DFL);
	(void)raise(SIGSEGV);
	_exit(98);
}

static inline void
scripted_spin(const struct scripted *self)
{
	clock_t end = clock() + 3 * CLOCKS_PER_SEC / 10;

	while (clock() < end)
		continue;
	(void)fclose(scripted_open(self->home, "spun", 0, "w"));
	for (;;)
		(void)clock();
}

static inline void
scripted_packet(struct scripted *self, uint32_t packet, bool empty)
{
	unsigned frame = ++self->frame;

	if ((!empty && scripted_value(self, "poison") == packet) ||
	    scripted_value(self, "die") == frame)
		scripted_crash();
	if (scripted_value(self, "quit") == frame)
		_exit(0);
	if (scripted_value(self, "mute") == frame)
		_exit(2);
	if (scripted_value(self, "fail") == frame)
		scripted_end(self,
		    scripted_has(self, "lines") ? "it fails\nit does" :
						  "it fails",
		    2);
	if (scripted_value(self, "cut") == frame)
		scripted_cut(self, frame);
	if (scripted_value(self, "nomem") == frame)
		scripted_end(self, "Out Of Memory", 1);
	while (scripted_value(self, "hang") == frame)
		(void)pause();
	if (scripted_value(self, "spin") == frame)
		scripted_spin(self);
	if (scripted_value(self, "hold") == frame ||
	    (!empty && scripted_value(self, "wait") == packet))
		scripted_wait_for_go(self);
	if (scripted_value(self, "junk") == frame)
		fprintf(self->out, "no packet\n");
	if (scripted_value(self, "skip") == frame || frame <= self->warm ||
	    (self->filtered && packet % 2 == 0))
		return;
	scripted_print(
	    self, scripted_value(self, "wrong") == frame ? frame + 100 : frame);
}

static inline bool
scripted_get(void *bytes, size_t len)
{
	return fread(bytes, 1, len, stdin) == len;
}

static inline void
scripted_read(struct scripted *self)
{
	uint32_t record[4];
	char header[CAPFILE_HEADER];
	static char bytes[1 << 20];

	if (!scripted_get(header, sizeof(header)))
		return;
	(void)dprintf(self->read_log, "H");
	while (scripted_get(record, sizeof(record)) &&
	    scripted_get(bytes, record[2])) {
		uint32_t packet = record[0] - CAPFILE_SECOND;

		(void)dprintf(self->read_log, " %s%u", record[2] == 0 ? "e" : "",
		    packet);
		scripted_packet(self, packet, record[2] == 0);
	}
}

/* The first thing in main: does not return if the program is to be a tshark. */
static inline void
scripted_main(int argc, char **argv)
{
	struct scripted self = { .home = getenv("HOME"), .out = stdout };
	static char kept[1 << 20];
	unsigned n;

	if (argc < 3 || strcmp(argv[1], "-r") != 0)
		return;
	n = scripted_number(self.home);
	self.read_log = fileno(scripted_open(self.home, "read", n, "a"));
	scripted_tell_arguments(&self, n, argc, argv);
	scripted_read_line(&self, n);
	if (scripted_has(&self, "keep"))
		(void)setvbuf(stdout, kept, _IOFBF, sizeof(kept));
	if (scripted_has(&self, "refuse"))
		scripted_end(&self, "tshark: it is not a capture", 2);
	if (scripted_has(&self, "deaf"))
		scripted_wait_for_go(&self);
	if (self.plugin)
		(void)fwrite(FRAMES_MAGIC, 1, FRAMES_MAGIC_LEN, stdout);
	scripted_read(&self);
	(void)fflush(stdout);
	_exit((int)scripted_value(&self, "late"));
}

#endif
