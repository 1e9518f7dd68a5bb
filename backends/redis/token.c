/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static redis_span first_of(redis_span a, redis_span b)
{
	return a.p ? a : b;
}

/* ---- what is wanted of a message ---------------------------------------- */

void redis_message_read(redis_message *out, const char *text, size_t len, bool is_token)
{
	const char *const names[] = { is_token ? "id" : "job_id", "run_id", "sent_at",
		"created_at" };
	redis_span members[4];

	*out = (redis_message){ .text = text, .len = len,
		.value = redis_json_object(text, len, names, members, 4) };
	out->id = members[0];
	out->run = members[1];
	out->sent = members[2];
	out->created = members[3];
}

static int string_of(agentrun_buf *out, redis_span string)
{
	return redis_json_is(string, '"') ? redis_json_string(out, string)
		: agentrun_buf_append(out, "", 0);
}

int redis_message_id(agentrun_buf *out, const redis_message *message)
{
	size_t before = out->len;
	int r = string_of(out, message->id);

	if (r == 0 && memchr(out->data + before, '\0', out->len - before)) {
		out->len = before;
		out->data[before] = '\0';
	}
	return r;
}

int redis_message_run(agentrun_buf *out, const redis_message *message)
{
	return string_of(out, message->run);
}

int64_t redis_message_sent_ms(const redis_message *message)
{
	redis_span when = first_of(message->sent, message->created);

	return redis_json_is(when, '"') ? redis_time_of(when.p + 1, when.n - 2) : 0;
}

/* ---- a token becomes a job message -------------------------------------- */

int redis_token_job(agentrun_buf *out, const redis_message *token, redis_span workflow)
{
	enum { VERSION, TO_NODE, OWNER, METADATA, CONFIG, OF_TOKEN };
	enum { TASK, TAG, FLOW, CONTEXT, TIMEOUT, OF_METADATA };
	enum { C_TASK, C_PROMPT, C_TIMEOUT, OF_CONFIG };
	static const char *const names[] = { "version", "to_node", "workflow_owner", "metadata",
		"config" };
	static const char *const in_metadata[] = { "task", "workflow_tag", "workflow", "context",
		"timeout_sec" };
	static const char *const in_config[] = { "task", "prompt", "timeout_sec" };
	redis_span t[OF_TOKEN], m[OF_METADATA], c[OF_CONFIG];
	redis_text text = REDIS_TEXT_INIT;

	if (!redis_json_is(token->value, '{'))
		return agentrun_buf_append(out, token->text, token->len);
	redis_json_members(token->value, names, t, OF_TOKEN);
	redis_json_members(t[METADATA], in_metadata, m, OF_METADATA);
	redis_json_members(t[CONFIG], in_config, c, OF_CONFIG);
	redis_text_str(&text, "{");
	redis_text_member(&text, "version", t[VERSION]);
	redis_text_member(&text, "job_id", token->id);
	redis_text_member(&text, "run_id", token->run);
	redis_text_member(&text, "node_id", t[TO_NODE]);
	redis_text_member(&text, "workflow_tag", m[TAG]);
	redis_text_member(&text, "workflow_owner", t[OWNER]);
	redis_text_member(&text, "prompt", first_of(m[TASK],
		first_of(c[C_TASK], c[C_PROMPT])));
	redis_text_member(&text, "current_workflow",
		redis_json_is(workflow, '{') ? workflow : m[FLOW]);
	redis_text_member(&text, "context", m[CONTEXT]);
	redis_text_member(&text, "timeout_sec", first_of(m[TIMEOUT], c[C_TIMEOUT]));
	redis_text_member(&text, "created_at", token->created);
	redis_text_member(&text, "sent_at", token->sent);
	redis_text_str(&text, "}");
	return redis_text_give(&text, out);
}

/* ---- and back ----------------------------------------------------------- */

int redis_token_of_job(agentrun_buf *out, const char *job, size_t len)
{
	redis_span j = redis_json_value(job, len);
	redis_text text = REDIS_TEXT_INIT;

	if (!redis_json_is(j, '{'))
		return agentrun_buf_append(out, job, len);
	redis_text_str(&text, "{");
	redis_text_member(&text, "version", redis_json_get(j, "version"));
	redis_text_member(&text, "id", redis_json_get(j, "job_id"));
	redis_text_member(&text, "run_id", redis_json_get(j, "run_id"));
	redis_text_name(&text, "from_node");
	redis_text_str(&text, "\"\"");
	redis_text_member(&text, "to_node", redis_json_get(j, "node_id"));
	redis_text_str(&text, ",\"payload_ref\":\"\",\"config\":{},\"hop\":0");
	redis_text_member(&text, "created_at", redis_json_get(j, "created_at"));
	redis_text_member(&text, "sent_at", redis_json_get(j, "sent_at"));
	redis_text_member(&text, "workflow_owner", redis_json_get(j, "workflow_owner"));
	redis_text_str(&text, ",\"metadata\":{");
	redis_text_member(&text, "task", first_of(redis_json_get(j, "prompt"),
		redis_json_get(j, "task")));
	redis_text_member(&text, "context", redis_json_get(j, "context"));
	redis_text_member(&text, "workflow_tag", redis_json_get(j, "workflow_tag"));
	redis_text_member(&text, "workflow", redis_json_get(j, "current_workflow"));
	redis_text_member(&text, "timeout_sec", redis_json_get(j, "timeout_sec"));
	redis_text_str(&text, "}}");
	return redis_text_give(&text, out);
}

/* ---- times -------------------------------------------------------------- */

/* `digits` digits and what must follow them; -1: they are not there. */
static int number_at(const char **p, int digits, const char *follow)
{
	int number = 0;

	for (; digits; digits--, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		number = number * 10 + (**p - '0');
	}
	if (*follow && (!**p || !strchr(follow, **p)))
		return -1;
	if (*follow)
		(*p)++;
	return number;
}

static int64_t milliseconds_at(const char **p)
{
	int64_t ms = 0, unit = 100;

	if (**p != '.')
		return 0;
	for ((*p)++; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		ms += (**p - '0') * unit;
	return ms;
}

/* What is to be taken away, in minutes; false: not an offset. */
static bool offset_at(const char **p, int64_t *minutes)
{
	int sign = **p == '-' ? -1 : 1, hours, rest;

	*minutes = 0;
	if (**p == 'Z' || **p == 'z' || !**p) {
		*p += **p != '\0';
		return !**p;
	}
	if (**p != '+' && **p != '-')
		return false;
	(*p)++;
	hours = number_at(p, 2, "");
	if (**p == ':')
		(*p)++;
	rest = number_at(p, 2, "");
	*minutes = (int64_t)sign * ((int64_t)hours * 60 + rest);
	return hours >= 0 && rest >= 0 && !**p;
}

int64_t redis_time_of(const char *text, size_t len)
{
	char copy[48];
	const char *p = copy;
	struct tm t = { 0 };
	int64_t ms, minutes;

	if (len >= sizeof(copy))
		return 0;
	memcpy(copy, text, len);
	copy[len] = '\0';
	t.tm_year = number_at(&p, 4, "-") - 1900;
	t.tm_mon = number_at(&p, 2, "-") - 1;
	t.tm_mday = number_at(&p, 2, "Tt ");
	t.tm_hour = number_at(&p, 2, ":");
	t.tm_min = number_at(&p, 2, ":");
	t.tm_sec = number_at(&p, 2, "");
	ms = milliseconds_at(&p);
	if (t.tm_year < 0 || t.tm_mon < 0 || t.tm_mday < 1 || t.tm_hour < 0 || t.tm_min < 0 ||
		t.tm_sec < 0 || !offset_at(&p, &minutes))
		return 0;
	return ((int64_t)timegm(&t) - minutes * 60) * 1000 + ms;
}
