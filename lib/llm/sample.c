/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "llm/sample.h"

#include <string.h>

#define MAX_STRING 300
#define MAX_ELEMENTS ((size_t)20)
#define MAX_MEMBERS ((size_t)80)
#define MAX_DEPTH 6
#define MAX_BYTES ((size_t)4000) /* of one value; what is begun is ended */

static void write_string(agr_buf *out, agr_span string)
{
	agr_buf text = AGR_BUF_INIT;
	size_t n;

	if (string.n <= MAX_STRING) {
		agr_buf_add(out, string.p, string.n);
		return;
	}
	agr_string_decode(&text, string);
	for (n = 0; n < text.len && n < MAX_STRING;) {
		size_t len = agr_utf8_len(text.data + n, text.len - n);

		n += len ? len : 1;
	}
	if (n < text.len) {
		text.len = n;
		agr_buf_str(&text, "…");
	}
	agr_buf_json_str(out, text.data ? text.data : "", text.len);
	if (text.failed)
		out->failed = text.failed;
	agr_buf_free(&text);
}

/* `end`: where in `out` no more is begun. */
static void write_value(agr_buf *out, agr_span value, int depth, size_t end)
{
	agr_type type = agr_span_type(value);
	agr_iter it;
	agr_span key, element;
	size_t i = 0;

	if (type == AGR_TYPE_STRING) {
		write_string(out, value);
		return;
	}
	if (type != AGR_TYPE_ARRAY && type != AGR_TYPE_OBJECT) {
		agr_buf_add(out, value.p, value.n);
		return;
	}
	if (depth == MAX_DEPTH || out->len >= end) {
		agr_buf_str(out, "\"…\"");
		return;
	}
	it = agr_iter_of(value);
	agr_buf_char(out, type == AGR_TYPE_ARRAY ? '[' : '{');
	while (type == AGR_TYPE_ARRAY ? agr_array_next(&it, &element)
				      : agr_object_next(&it, &key, &element)) {
		if (i++)
			agr_buf_char(out, ',');
		if (i > (type == AGR_TYPE_OBJECT ? MAX_MEMBERS : MAX_ELEMENTS) ||
			out->len >= end) {
			agr_buf_str(out, type == AGR_TYPE_ARRAY ? "\"…\"" : "\"…\":\"…\"");
			break;
		}
		if (type == AGR_TYPE_OBJECT) {
			write_string(out, key);
			agr_buf_char(out, ':');
		}
		write_value(out, element, depth + 1, end);
	}
	agr_buf_char(out, type == AGR_TYPE_ARRAY ? ']' : '}');
}

void agr_sample_write(agr_buf *out, agr_span value)
{
	write_value(out, value, 0, out->len + MAX_BYTES);
}

void agr_sample_rows(agr_buf *out, agr_span rows, size_t n, size_t max_bytes)
{
	agr_iter it = agr_iter_of(rows);
	size_t from = out->len;
	agr_span row;

	agr_buf_char(out, '[');
	for (size_t i = 0; i < n && agr_array_next(&it, &row); i++) {
		size_t before = out->len;

		if (i)
			agr_buf_char(out, ',');
		write_value(out, row, 1, from + max_bytes);
		if (i && !out->failed && out->len - from > max_bytes) {
			out->len = before;
			break;
		}
	}
	agr_buf_char(out, ']');
}

void agr_sample_preview(agr_buf *out, agr_span data)
{
	agr_span key, value;
	agr_iter it;
	size_t end;

	switch (agr_span_type(data)) {
	case AGR_TYPE_ARRAY:
		agr_buf_printf(out, "{\"type\":\"dataset\",\"row_count\":%zu,\"sample\":",
			agr_span_count(data));
		agr_sample_rows(out, data, 3, 2000);
		break;
	case AGR_TYPE_OBJECT:
		agr_buf_str(out, "{\"type\":\"object\",\"keys\":[");
		it = agr_iter_of(data);
		end = out->len + MAX_BYTES;
		for (size_t i = 0; i < 100 && out->len < end &&
			agr_object_next(&it, &key, &value); i++) {
			if (i)
				agr_buf_char(out, ',');
			write_string(out, key);
		}
		agr_buf_char(out, ']');
		break;
	default:
		agr_buf_str(out, "{\"type\":\"value\",\"value\":");
		agr_sample_write(out, data);
	}
	agr_buf_char(out, '}');
}
