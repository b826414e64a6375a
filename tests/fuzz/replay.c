/* SPDX-License-Identifier: BSD-2-Clause */
/* Feeds files, and those in directories, to a fuzz target: the corpus as a test. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Inputs of fuzzers are small. */
#define INPUT_MAX (1 << 20)

static int replay(const char *path, unsigned int *count);

static int
complain(const char *path)
{
	(void)fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
	return -1;
}

static int
replay_file(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX), *exact;
	FILE *file = fopen(path, "rb");
	int result = -1;
	size_t len;

	if (data == NULL || file == NULL) {
		(void)complain(path);
		goto out;
	}
	len = fread(data, 1, INPUT_MAX, file);
	if (ferror(file)) {
		(void)complain(path);
		goto out;
	}
	/* The sanitizer sees a read after the end only of memory that ends there. */
	exact = malloc(len == 0 ? 1 : len);
	if (exact == NULL)
		goto out;
	memcpy(exact, data, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	result = 0;
out:
	if (file != NULL)
		(void)fclose(file);
	free(data);
	return result;
}

static int
replay_directory(const char *path, unsigned int *count)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int result = 0;
	char *name;

	if (directory == NULL)
		return complain(path);
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&name, "%s/%s", path, entry->d_name) < 0) {
			result = complain(path);
			break;
		}
		if (replay(name, count) != 0)
			result = -1;
		free(name);
	}
	(void)closedir(directory);
	return result;
}

static int
replay(const char *path, unsigned int *count)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return complain(path);
	if (S_ISDIR(status.st_mode))
		return replay_directory(path, count);
	++*count;
	return replay_file(path);
}

int
main(int argc, char **argv)
{
	unsigned int count = 0;
	int status = EXIT_SUCCESS;

	for (int i = 1; i < argc; i++)
		if (replay(argv[i], &count) != 0)
			status = EXIT_FAILURE;
	(void)printf("%u inputs\n", count);
	/* Nothing replayed is nothing tested. */
	return count == 0 ? EXIT_FAILURE : status;
}
