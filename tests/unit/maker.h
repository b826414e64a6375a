/* SPDX-License-Identifier: BSD-2-Clause */
/* From EK lines to documents, as the program goes; goes after assert.h or cmocka.h. */
#ifndef ESPCAP_TESTS_MAKER_H
#define ESPCAP_TESTS_MAKER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document/document.h"
#include "readers/ek.h"

/* Fill names (taken over), the texts and rules.max_doc, rules.fields, ... before maker_start. */
struct maker {
	const char *typed_list;
	const char *protocols_list;
	size_t max_value;
	struct document_config config;
	struct document_capture capture;
	struct document_packet packet;

	struct names *names;
	struct protocols *protocols;
	struct typed typed;
	struct tree tree;
	struct ek *ek;
	struct document *document;
	struct buffer out;
};

static inline void
maker_start(struct maker *maker)
{
	struct error error = { .text = "" };
	const char *list = maker->protocols_list != NULL ?
	    maker->protocols_list :
	    "# data\n# media\n# ethertype\n# spnego\n"
	    "# gss-api\n# ntlmssp\n";
	const char *typed = maker->typed_list != NULL ? maker->typed_list : "";

	maker->protocols = protocols_new(list, strlen(list));
	if (typed_parse(&maker->typed, typed, strlen(typed), "typed.list",
		&error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		abort();
	}
	if (maker->config.max_doc == 0)
		maker->config.max_doc = 1 << 20;
	maker->config.names = maker->names;
	maker->config.protocols = maker->protocols;
	maker->config.typed = &maker->typed;
	maker->config.tshark_version = "4.0.17";
	if (maker->capture.file_name == NULL)
		maker->capture = (struct document_capture){ .id = "00ff",
			.file_name = "a.pcap",
			.file_path = "/tmp/a.pcap",
			.has_date = true,
			.file_date = 1438233979 };
	tree_init(&maker->tree, maker->max_value, maker->config.max_doc);
	maker->ek = ek_new(maker->names, &maker->tree, maker->config.max_doc);
	maker->document = document_new(&maker->config, NULL);
	if (maker->document == NULL)
		abort();
	buffer_init(&maker->out, maker->config.max_doc * 4);
}

static inline void
maker_end(struct maker *maker)
{
	document_free(maker->document);
	ek_free(maker->ek);
	tree_release(&maker->tree);
	typed_release(&maker->typed);
	protocols_free(maker->protocols);
	names_free(maker->names);
	buffer_release(&maker->out);
}

/* Writes the document of the tree to maker->out; -1 if that fails. */
static inline int
maker_write(struct maker *maker, struct error *error)
{
	buffer_clear(&maker->out);
	return document_write(maker->document, &maker->tree, &maker->capture,
	    &maker->packet, &maker->out, error);
}

/* The document of the last packet of the lines, terminated; NULL if there is none. Valid until the next call. */
static inline const char *
maker_run(struct maker *maker, const char *lines, size_t len)
{
	struct error error = { .text = "" };
	bool found = false;
	size_t used;

	while (len > 0) {
		switch (ek_read(maker->ek, lines, len, &used, &error)) {
		case EK_DOCUMENT:
			found = maker_write(maker, &error) == 0;
			break;
		case EK_UNPARSABLE:
			fprintf(stderr, "rubbish: %s\n", error.text);
			break;
		case EK_MORE:
			break;
		}
		lines += used;
		len -= used;
	}
	if (!found || buffer_append(&maker->out, "", 1) != 0)
		return NULL;
	maker->out.len--;
	return maker->out.data;
}

#endif
