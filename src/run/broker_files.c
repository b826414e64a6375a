/* SPDX-License-Identifier: BSD-2-Clause */
/* What is opened later, or again, by the privileged broker. */
#include "run/broker_files.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "run/secrets.h"

void
broker_files_list(struct broker_files *files, const struct options *options,
    const struct inputs *inputs)
{
	const char *secret = secrets_file(options);
	/* An interface is no file. */
	size_t count = options->nics.count > 0 ? 0 : inputs->count;

	files->broker = NULL;
	files->input_count = count;
	files->paths = xcalloc(count + 2, sizeof(*files->paths));
	for (size_t i = 0; i < count; i++)
		files->paths[i] = inputs->list[i].path != NULL ?
		    inputs->list[i].path :
		    inputs->list[i].name;
	files->replay_index = count;
	if (options->replay != NULL)
		files->paths[count++] = (char *)(uintptr_t)options->replay;
	files->secret_index = count;
	if (secret != NULL)
		files->paths[count++] = (char *)(uintptr_t)secret;
	files->count = count;
}

void
broker_files_add_output(struct broker_files *files, struct place *place)
{
	if (place != NULL && files->output_count < BROKER_OUTPUTS)
		files->outputs[files->output_count++] = place;
}

int
broker_files_open(struct broker_files *files, const struct options *options,
    const struct inputs *inputs, const struct folder *watched,
    struct error *error)
{
	struct priv_broker_outputs outputs = { files->outputs, files->output_count };
	struct broker_root root;

	broker_files_list(files, options, inputs);
	root = (struct broker_root){ inputs->folder, files->input_count };
	files->broker = root.folder.path != NULL ?
	    priv_broker_new_beneath(files->paths, files->count, &root, &outputs, error) :
	    priv_broker_new(files->paths, files->count,
		inputs->from_dir ? inputs->count : 0, watched, &outputs, error);
	return files->broker == NULL ? -1 : 0;
}

void
broker_files_release(struct broker_files *files)
{
	priv_broker_free(files->broker);
	free(files->paths);
}
