/* SPDX-License-Identifier: BSD-2-Clause */
/* The C interface of toml++: its tree is copied into one of structs, and none of its exceptions leaves this file. */
#include "toml/toml.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>

#include "toml/toml_scan.h"

/*
 * What the parser takes for granted does not always hold in what it is given. Its library is built without looking, and
 * some compilers would rely on it: so it is compiled here, and ends with an exception where it is wrong.
 */
namespace {
struct broken : std::exception {
};

[[noreturn]] void
break_off()
{
	throw broken();
}
} // namespace
#undef NDEBUG
#define TOML_HEADER_ONLY 1
#define TOML_ASSERT(expression) (static_cast<bool>(expression) ? static_cast<void>(0) : break_off())
#include <toml++/toml.h>

namespace {

/* What ends a conversion. */
struct refusal : std::exception {
	toml::source_region where;
	const char *text;

	refusal(const toml::source_region &region, const char *reason)
	    : where(region), text(reason)
	{
	}
};

template <typename T>
T *
allocate(size_t count)
{
	auto *memory = static_cast<T *>(std::calloc(count > 0 ? count : 1, sizeof(T)));

	if (memory == nullptr)
		throw std::bad_alloc();
	return memory;
}

char *
copy(std::string_view text)
{
	char *memory = allocate<char>(text.size() + 1);

	if (!text.empty())
		std::memcpy(memory, text.data(), text.size());
	return memory;
}

void
place(toml_value &value, const toml::source_region &region)
{
	value.line = static_cast<unsigned>(region.begin.line);
	value.column = static_cast<unsigned>(region.begin.column);
}

bool
stands_before(const toml_value &a, const toml_value &b)
{
	return a.line != b.line ? a.line < b.line : a.column < b.column;
}

void convert(const toml::node &node, toml_value &value, unsigned depth);

void
convert_table(const toml::table &table, toml_value &value, unsigned depth)
{
	value.items = allocate<toml_value>(table.size());
	for (const auto &[key, node] : table) {
		toml_value &item = value.items[value.count++];

		if (key.str().find('\0') != std::string_view::npos)
			throw refusal(key.source(), "a key with a zero byte");
		convert(node, item, depth);
		item.key = copy(key.str());
		place(item, key.source());
	}
	std::sort(value.items, value.items + value.count, stands_before);
}

void
convert_array(const toml::array &array, toml_value &value, unsigned depth)
{
	value.items = allocate<toml_value>(array.size());
	for (const auto &node : array)
		convert(node, value.items[value.count++], depth);
}

void
convert_text(std::string_view text, toml_value &value)
{
	value.text = copy(text);
	value.text_len = text.size();
}

void
convert(const toml::node &node, toml_value &value, unsigned depth)
{
	place(value, node.source());
	if ((node.is_table() || node.is_array()) && depth >= TOML_DEPTH_MAX)
		throw refusal(node.source(), "tables and arrays are too deep in each other");
	switch (node.type()) {
	case toml::node_type::table:
		value.kind = TOML_TABLE;
		return convert_table(*node.as_table(), value, depth + 1);
	case toml::node_type::array:
		value.kind = TOML_ARRAY;
		return convert_array(*node.as_array(), value, depth + 1);
	case toml::node_type::string:
		value.kind = TOML_TEXT;
		return convert_text(node.as_string()->get(), value);
	case toml::node_type::integer:
		value.kind = TOML_INTEGER;
		value.integer = node.as_integer()->get();
		return;
	case toml::node_type::floating_point:
		value.kind = TOML_FLOAT;
		value.number = node.as_floating_point()->get();
		return;
	case toml::node_type::boolean:
		value.kind = TOML_BOOLEAN;
		value.integer = node.as_boolean()->get() ? 1 : 0;
		return;
	default:
		value.kind = TOML_DATE;
	}
}

/* These texts hold the whole number, and that may be a secret without quotes. */
bool
is_of_number(const char *text)
{
	return std::strstr(text, "representable") != nullptr || std::strstr(text, "interpret") != nullptr;
}

toml_value *
refuse(toml_error *error, const toml::source_region &region, const char *text)
{
	if (error == nullptr)
		return nullptr;
	error->line = static_cast<unsigned>(region.begin.line);
	error->column = static_cast<unsigned>(region.begin.column);
	std::snprintf(error->text, sizeof(error->text), "%s", text);
	return nullptr;
}

} // namespace

extern "C" toml_value *
toml_read(const char *bytes, size_t len, toml_error *error)
{
	toml_value *root = nullptr;
	const char *text = "no memory for it";
	toml::source_region where{};
	toml_scan_mistake mistake;

	if (len > TOML_LEN_MAX)
		return refuse(error, where, "longer than 64 kB");
	if (toml_scan(bytes, len, TOML_DEPTH_MAX, &mistake) != 0) {
		where.begin = { mistake.line, mistake.column };
		return refuse(error, where, mistake.text);
	}
	try {
		const toml::table table = toml::parse(std::string_view(bytes, len));

		root = allocate<toml_value>(1);
		convert(table, *root, 0);
		return root;
	} catch (const toml::parse_error &reason) {
		refuse(error, reason.source(), is_of_number(reason.what()) ? "a number that cannot be represented" : reason.what());
		text = nullptr;
	} catch (const refusal &reason) {
		where = reason.where;
		text = reason.text;
	} catch (const std::bad_alloc &) {
	} catch (...) {
		text = "it cannot be read";
	}
	toml_free(root);
	return text != nullptr ? refuse(error, where, text) : nullptr;
}

static void
release(toml_value *value)
{
	for (size_t i = 0; i < value->count; i++)
		release(&value->items[i]);
	if (value->text != nullptr)
		explicit_bzero(value->text, value->text_len);
	std::free(value->text);
	std::free(value->key);
	std::free(value->items);
}

extern "C" void
toml_free(toml_value *value)
{
	if (value == nullptr)
		return;
	release(value);
	std::free(value);
}

extern "C" const toml_value *
toml_member(const toml_value *table, const char *key)
{
	for (size_t i = 0; table->kind == TOML_TABLE && i < table->count; i++)
		if (std::strcmp(table->items[i].key, key) == 0)
			return &table->items[i];
	return nullptr;
}

extern "C" const char *
toml_kind_name(toml_kind kind)
{
	static const char *const names[] = { "a table", "an array", "a text", "an integer", "a floating-point number",
		"a boolean", "a date or time" };

	return names[kind];
}
