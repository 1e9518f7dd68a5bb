/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"

#define SUMMARY "the job message is not valid"
#define MAX_TIMEOUT_SEC 86400

#define MEMBERS 24 /* that are looked at once; jobs have fewer */

struct reader {
	agr_span object;
	agr_span keys[MEMBERS], values[MEMBERS];
	size_t n; /* of the members; more than MEMBERS: not all are here */
	agentrun_error **err;
	int status;
};

static void note_members(struct reader *r)
{
	agr_iter it = agr_iter_of(r->object);
	agr_span key, value;

	for (; agr_object_next(&it, &key, &value); r->n++)
		if (r->n < MEMBERS) {
			r->keys[r->n] = key;
			r->values[r->n] = value;
		}
}

static void wrong(struct reader *r, const char *member, const char *wanted)
{
	r->status = agr_error_violation(r->err, AGENTRUN_EJOB, SUMMARY, "%s %s", member,
		wanted);
}

/* A member that is there and not null. */
static bool get(const struct reader *r, const char *name, agr_span *out)
{
	size_t len = strlen(name), i = r->n;

	if (i > MEMBERS)
		return agr_object_get(r->object, name, len, out) &&
			agr_span_type(*out) != AGR_TYPE_NULL;
	while (i && !agr_string_is(r->keys[i - 1], name, len)) /* the last one counts */
		i--;
	if (i)
		*out = r->values[i - 1];
	return i && agr_span_type(*out) != AGR_TYPE_NULL;
}

static char *text_of(struct reader *r, const char *name, size_t *len)
{
	agr_buf text = AGR_BUF_INIT;
	agr_span value;
	char *copy;

	if (!get(r, name, &value))
		return NULL;
	if (agr_span_type(value) != AGR_TYPE_STRING) {
		wrong(r, name, "must be text");
		return NULL;
	}
	agr_string_decode(&text, value);
	if (text.data && memchr(text.data, '\0', text.len)) {
		agr_buf_free(&text);
		wrong(r, name, "must not hold a NUL character");
		return NULL;
	}
	if (len)
		*len = text.len;
	copy = agr_buf_give_str(&text, r->err);
	if (!copy)
		r->status = AGENTRUN_ENOMEM;
	return copy;
}

static void read_version(struct reader *r)
{
	agr_span value;
	char *text;

	if (!get(r, "version", &value))
		return;
	text = text_of(r, "version", NULL);
	if (text && strcmp(text, "1") != 0 && !agr_starts_with(text, "1."))
		r->status = agr_error_violation(r->err, AGENTRUN_EJOB, SUMMARY,
			"version \"%.20s\" is not known: this library reads 1.x", text);
	free(text);
}

static void read_timeout(struct reader *r, agr_message *out)
{
	agr_span value;
	double seconds;

	if (!get(r, "timeout_sec", &value))
		return;
	seconds = agr_span_type(value) == AGR_TYPE_NUMBER ? agr_number_double(value) : -1;
	if (!(seconds >= 0)) {
		wrong(r, "timeout_sec", "must be a number of at least 0");
		return;
	}
	if (seconds > MAX_TIMEOUT_SEC)
		seconds = MAX_TIMEOUT_SEC;
	out->timeout_ms = (int64_t)(seconds * 1000);
	if (seconds > 0 && out->timeout_ms == 0)
		out->timeout_ms = 1;
}

static void read_object(struct reader *r, const char *name, agr_span *out)
{
	agr_span value;

	if (!get(r, name, &value))
		return;
	if (agr_span_type(value) != AGR_TYPE_OBJECT)
		wrong(r, name, "must be an object");
	else
		*out = value;
}

static void wrong_result(struct reader *r, size_t i, const char *wanted)
{
	char member[64];

	snprintf(member, sizeof(member), "context.previous_results[%zu]", i);
	wrong(r, member, wanted);
}

static void check_previous(struct reader *r, agr_span list)
{
	agr_iter it = agr_iter_of(list);
	agr_span element, ref;

	for (size_t i = 0; agr_array_next(&it, &element); i++) {
		if (agr_span_type(element) != AGR_TYPE_OBJECT)
			wrong_result(r, i, "must be an object");
		else if (!agr_object_get(element, "result_ref", 10, &ref) ||
			agr_span_type(ref) != AGR_TYPE_STRING)
			wrong_result(r, i, "must have a result_ref, a text");
	}
}

/* `data` may be rows or any document: a pipeline says what it takes. */
static void check_context(struct reader *r, agr_span context)
{
	struct reader inside = { .object = context };
	agr_span value;

	note_members(&inside);
	if (get(&inside, "session_id", &value) && agr_span_type(value) != AGR_TYPE_STRING)
		wrong(r, "context.session_id", "must be text");
	if (!get(&inside, "previous_results", &value))
		return;
	if (agr_span_type(value) != AGR_TYPE_ARRAY)
		wrong(r, "context.previous_results", "must be an array");
	else
		check_previous(r, value);
}

static void read_prompt(struct reader *r, agr_message *out)
{
	agr_span value;

	out->prompt = text_of(r, get(r, "prompt", &value) ? "prompt" : "task",
		&out->prompt_len);
	if (!out->prompt && !get(r, "prompt", &value) && !get(r, "task", &value))
		wrong(r, "prompt", "is missing");
	else if (out->prompt && out->prompt[strspn(out->prompt, " \t\r\n")] == '\0')
		wrong(r, "prompt", "must not be empty");
}

static void make_up(struct reader *r, char **id)
{
	char uuid[AGR_UUID_SIZE];
	int fault = 0;

	if (*id && **id)
		return;
	free(*id);
	*id = NULL;
	fault = agr_uuid_v4(uuid, r->err);
	if (fault == 0) {
		*id = strdup(uuid);
		fault = *id ? 0 : agr_error_oom(r->err);
	}
	if (fault < 0)
		r->status = fault;
}

/* A member that is there and wrong was told already. */
static void require_ids(struct reader *r, const agr_message *out)
{
	const struct { const char *name, *id; } ids[] = { { "job_id", out->job_id },
		{ "run_id", out->run_id }, { "node_id", out->node_id } };
	agr_span value;

	for (size_t i = 0; i < AGR_COUNT(ids); i++) {
		if (!get(r, ids[i].name, &value))
			wrong(r, ids[i].name, "is missing");
		else if (ids[i].id && !*ids[i].id)
			wrong(r, ids[i].name, "must not be empty");
	}
}

static void read_members(struct reader *r, agr_message *out)
{
	read_version(r);
	out->job_id = text_of(r, "job_id", NULL);
	out->run_id = text_of(r, "run_id", NULL);
	out->node_id = text_of(r, "node_id", NULL);
	out->workflow_tag = text_of(r, "workflow_tag", NULL);
	out->workflow_owner = text_of(r, "workflow_owner", NULL);
	read_prompt(r, out);
	read_object(r, "current_workflow", &out->workflow);
	read_object(r, "context", &out->context);
	if (out->context.p)
		check_context(r, out->context);
	read_timeout(r, out);
}

int agr_message_read(agr_message *out, const char *text, size_t len,
	size_t max_depth, bool ids_required, agentrun_error **err)
{
	agr_text document = { .name = "job", .p = text, .n = len, .max_depth = max_depth,
		.code = AGENTRUN_EJOB };
	struct reader r = { .err = err };

	memset(out, 0, sizeof(*out));
	r.status = agr_scan_document(&r.object, &document, err);
	if (r.status == 0) {
		if (agr_span_type(r.object) == AGR_TYPE_OBJECT) {
			note_members(&r);
			read_members(&r, out);
		} else {
			wrong(&r, "the message", "must be a JSON object");
		}
	}
	if (!ids_required)
		make_up(&r, &out->job_id);
	else if (r.object.p && agr_span_type(r.object) == AGR_TYPE_OBJECT)
		require_ids(&r, out);
	return r.status;
}

bool agr_message_is_of(const char *text, size_t len, size_t max_depth,
	const char *job_id)
{
	agr_text document = { .p = text, .n = len, .max_depth = max_depth };
	agr_span object, id;

	return agr_scan_document(&object, &document, NULL) == 0 &&
		agr_span_type(object) == AGR_TYPE_OBJECT &&
		agr_object_get(object, "job_id", 6, &id) &&
		agr_span_type(id) == AGR_TYPE_STRING &&
		agr_string_is(id, job_id, strlen(job_id));
}

void agr_message_clear(agr_message *message)
{
	free(message->job_id);
	free(message->run_id);
	free(message->node_id);
	free(message->workflow_tag);
	free(message->workflow_owner);
	free(message->prompt);
	memset(message, 0, sizeof(*message));
}
