/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "intent/known.h"

#include <stdlib.h>
#include <string.h>

#include "table/scan.h"

static int add(agr_known_words *words, agr_span string, agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;
	char **grown;

	agr_string_decode(&text, string);
	agr_buf_add(&text, "", 0);
	grown = text.failed ? NULL
			    : realloc(words->list, (words->n + 1) * sizeof(*grown));
	if (!grown) {
		agr_buf_free(&text);
		return agr_error_oom(err);
	}
	for (size_t i = 0; i < text.len; i++)
		text.data[i] = agr_to_lower(text.data[i]);
	words->list = grown;
	words->list[words->n++] = text.data;
	return 0;
}

static int order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_keys(agr_known_words *out, agr_span object, agentrun_error **err)
{
	agr_iter it = agr_iter_of(object);
	agr_span key, value;
	int r = 0;

	while (r == 0 && agr_object_next(&it, &key, &value))
		r = add(out, key, err);
	return r;
}

/* Both forms of a workflow: nodes in an array, or in an object by their ids. */
static int add_nodes(agr_known_words *out, agr_span workflow, agentrun_error **err)
{
	agr_span nodes, node, id;
	agr_iter it;
	int r = 0;

	if (agr_span_type(workflow) != AGR_TYPE_OBJECT ||
		!agr_object_get(workflow, "nodes", 5, &nodes))
		return 0;
	if (agr_span_type(nodes) == AGR_TYPE_OBJECT)
		return add_keys(out, nodes, err);
	if (agr_span_type(nodes) != AGR_TYPE_ARRAY)
		return 0;
	for (it = agr_iter_of(nodes); r == 0 && agr_array_next(&it, &node);)
		if (agr_span_type(node) == AGR_TYPE_OBJECT &&
			agr_object_get(node, "id", 2, &id) &&
			agr_span_type(id) == AGR_TYPE_STRING)
			r = add(out, id, err);
	return r;
}

static int finish(agr_known_words *out, int r)
{
	if (r < 0)
		agr_known_clear(out);
	else if (out->n)
		qsort(out->list, out->n, sizeof(*out->list), order);
	return r;
}

int agr_known_nodes(
	agr_known_words *out, const char *text, size_t len, agentrun_error **err)
{
	agr_text what = {.p = text, .n = len};
	agr_span workflow;

	memset(out, 0, sizeof(*out));
	if (!text || agr_scan_document(&workflow, &what, NULL) < 0)
		return 0;
	return finish(out, add_nodes(out, workflow, err));
}

int agr_known_fields(
	agr_known_words *out, const char *text, size_t len, agentrun_error **err)
{
	agr_text what = {.p = text, .n = len};
	size_t pos = 0;
	agr_span row;

	memset(out, 0, sizeof(*out));
	if (!text)
		return 0;
	/* Only the first row is read, however long the data are. */
	while (pos < len && (agr_is_space(text[pos]) || (unsigned char)text[pos] >= 0x80))
		pos++;
	if (pos < len && text[pos] == '[')
		pos++;
	if (agr_scan_next(&row, &what, &pos, NULL) != 1 ||
		agr_span_type(row) != AGR_TYPE_OBJECT)
		return 0;
	return finish(out, add_keys(out, row, err));
}

void agr_known_clear(agr_known_words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->list[i]);
	free(words->list);
	words->list = NULL;
	words->n = 0;
}
