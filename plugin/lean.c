/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Without a visible tree Wireshark makes only fields that are marked as referred to by a
 * display filter. It makes a list of those that a packet has, for each field its own, and
 * takes the marks of these fields back after the packet.
 */
#include "plugin/lean.h"

#include <stdint.h>

#define HAVE_PLUGINS 1
#include <epan/packet.h>
#include <epan/epan_dissect.h>
#include <epan/tap.h>

#include "plugin/grow.h"
#include "plugin/series.h"

static struct {
	bool on;
	bool *wanted, *renewed; /* by Wireshark's field number */
	size_t wanted_count, renewed_count;
	GPtrArray *fields; /* header_field_info; those wanted */
	GArray *marks;     /* int; those renewed for each packet */
	bool has_filter;
	bool shared;          /* all fields are in one list, and keep their marks */
	GHashTable *one_list; /* of the tree; NULL before the first packet */
} lean;

bool
lean_is_on(void)
{
	return lean.on;
}

bool
lean_wants(const header_field_info *field)
{
	size_t at = (size_t)field->id;

	return at < lean.wanted_count && lean.wanted[at];
}

static void
want(header_field_info *field)
{
	size_t at = (size_t)field->id;

	field->ref_type = HF_REF_TYPE_DIRECT;
	lean.wanted = grow(lean.wanted, &lean.wanted_count, at,
	    sizeof(*lean.wanted));
	lean.wanted[at] = true;
	g_ptr_array_add(lean.fields, field);
}

/* Several fields may have one name. */
static bool
want_name(const char *name)
{
	header_field_info *field = proto_registrar_get_byname(name);

	if (field == NULL)
		return false;
	while (field->same_name_prev_id != -1)
		field = proto_registrar_get_nth(
		    (unsigned)field->same_name_prev_id);
	for (; field != NULL; field = field->same_name_next)
		want(field);
	return true;
}

/* The tree of a first packet has no protocols that are not marked. */
static void
mark_protocols(int mark)
{
	void *cookie;

	for (int id = proto_get_first_protocol(&cookie); id != -1;
	     id = proto_get_next_protocol(&cookie))
		proto_registrar_get_nth((unsigned)id)->ref_type = mark;
}

const char *
lean_want(const char *list, size_t len)
{
	gchar *text = g_strndup(list, len);
	gchar **names = g_strsplit(text, "+", -1);
	bool ok = true;

	lean.on = true;
	lean.fields = g_ptr_array_new();
	for (gchar **name = names; ok && *name != NULL; name++)
		ok = want_name(*name);
	mark_protocols(HF_REF_TYPE_DIRECT);
	g_strfreev(names);
	g_free(text);
	return ok ? NULL : "only= has a name that is no field";
}

/*
 * Marks that are renewed: in front of each packet Wireshark marks the fields that dissectors of its end want, which are
 * those met so far.
 */

static void
renew_mark(const header_field_info *field)
{
	size_t at = (size_t)field->id;

	lean.renewed = grow(lean.renewed, &lean.renewed_count, at,
	    sizeof(*lean.renewed));
	if (lean.renewed[at])
		return;
	lean.renewed[at] = true;
	g_array_append_val(lean.marks, field->id);
}

static void
renew_marks(const proto_node *parent)
{
	for (const proto_node *node = parent->first_child; node != NULL;
	     node = node->next) {
		const field_info *info = PNODE_FINFO(node);

		if (info != NULL && info->hfinfo->type != FT_PROTOCOL &&
		    lean_wants(info->hfinfo))
			renew_mark(info->hfinfo);
		renew_marks(node);
	}
}

static int
do_nothing(tvbuff_t *bytes, packet_info *packet, proto_tree *tree, void *data)
{
	(void)bytes;
	(void)packet;
	(void)tree;
	(void)data;
	return 0;
}

static void
prepare_to_renew(void)
{
	dissector_handle_t last = create_dissector_handle(do_nothing, -1);

	lean.marks = g_array_new(FALSE, FALSE, sizeof(int));
	register_postdissector(last);
	set_postdissector_wanted_hfids(last, lean.marks);
}

/*
 * Marks that stay: if there is no filter, and no dissector of the end that wants fields (MATE, TRANSUM), nobody reads
 * the lists of fields, so that all can share one, which is emptied before Wireshark takes back the marks of what is in
 * it. Making a list for each field took a tenth of the time.
 */
#if ONE_LIST

static guint
hash_all(gconstpointer field)
{
	(void)field;
	return 0;
}

static gboolean
equal_all(gconstpointer a, gconstpointer b)
{
	(void)a;
	(void)b;
	return TRUE;
}

static void
free_list(gpointer field, gpointer list, gpointer ctx)
{
	(void)field;
	(void)ctx;
	g_ptr_array_free(list, TRUE);
}

static void
share_list(tree_data_t *data)
{
	if (data->interesting_hfids != NULL) {
		g_hash_table_foreach(data->interesting_hfids, free_list, NULL);
		g_hash_table_destroy(data->interesting_hfids);
	}
	lean.one_list = g_hash_table_new(hash_all, equal_all);
	data->interesting_hfids = lean.one_list;
	mark_protocols(HF_REF_TYPE_NONE);
}

static void
keep_marks(epan_dissect_t *dissection)
{
	tree_data_t *data = PTREE_DATA(dissection->tree);

	if (lean.one_list == NULL || data->interesting_hfids != lean.one_list)
		share_list(data);
	g_hash_table_foreach(lean.one_list, free_list, NULL);
	g_hash_table_remove_all(lean.one_list);
	for (guint i = 0; i < lean.fields->len; i++) {
		const header_field_info *field = lean.fields->pdata[i];

		if (field->ref_type != HF_REF_TYPE_DIRECT)
			epan_dissect_prime_with_hfid(dissection, field->id);
	}
}

#else

static void
keep_marks(epan_dissect_t *dissection)
{
	(void)dissection;
}

#endif

/*
 * Of every packet, whatever the display filter makes of it. The tree is used again for the next packet: the protocols
 * in it need no marks from then on.
 */
static tap_packet_status
on_any_packet(void *ctx, packet_info *packet, epan_dissect_t *dissection,
    const void *data TAP_FLAGS)
{
	(void)ctx;
	(void)packet;
	(void)data;
	if (dissection->tree == NULL)
		return TAP_PACKET_DONT_REDRAW;
	epan_dissect_fake_protocols(dissection, FALSE);
	if (lean.one_list == NULL)
		lean.shared = ONE_LIST && !lean.has_filter &&
		    !postdissectors_want_hfids();
	if (lean.shared)
		keep_marks(dissection);
	else
		renew_marks(dissection->tree);
	return TAP_PACKET_DONT_REDRAW;
}

GString *
lean_begin(bool has_filter)
{
	lean.has_filter = has_filter;
	prepare_to_renew();
	return register_tap_listener("frame", &lean, NULL,
	    TL_REQUIRES_PROTO_TREE | TL_REQUIRES_ERROR_PACKETS, NULL,
	    on_any_packet, NULL, NULL);
}
