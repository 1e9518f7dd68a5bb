/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include <agentrun/store.h>

#include "base/base.h"

#define FIELDS (AGENTRUN_RECORD_COMPLETED_AT + 1)

struct agentrun_record {
	struct {
		char *text; /* NULL: not set */
		size_t len;
	} fields[FIELDS];
};

struct agentrun_records {
	agentrun_record **list;
	size_t n;
};

static const char *const names[FIELDS] = {
	[AGENTRUN_RECORD_RESULT_ID] = "result_id",
	[AGENTRUN_RECORD_JOB_ID] = "job_id",
	[AGENTRUN_RECORD_RUN_ID] = "run_id",
	[AGENTRUN_RECORD_NODE_ID] = "node_id",
	[AGENTRUN_RECORD_RESULT_DATA] = "result_data",
	[AGENTRUN_RECORD_CAS_ID] = "cas_id",
	[AGENTRUN_RECORD_S3_REF] = "s3_ref",
	[AGENTRUN_RECORD_STATUS] = "status",
	[AGENTRUN_RECORD_ERROR] = "error",
	[AGENTRUN_RECORD_TOOL_CALLS] = "tool_calls",
	[AGENTRUN_RECORD_TOKENS_USED] = "tokens_used",
	[AGENTRUN_RECORD_CACHE_HIT] = "cache_hit",
	[AGENTRUN_RECORD_EXECUTION_TIME_MS] = "execution_time_ms",
	[AGENTRUN_RECORD_LLM_MODEL] = "llm_model",
	[AGENTRUN_RECORD_CREATED_AT] = "created_at",
	[AGENTRUN_RECORD_COMPLETED_AT] = "completed_at",
};

static bool is_field(int field)
{
	return field >= 0 && field < FIELDS;
}

int agentrun_record_field_count(void)
{
	return FIELDS;
}

const char *agentrun_record_field_name(int field)
{
	return is_field(field) ? names[field] : NULL;
}

int agentrun_record_new(agentrun_record **out, agentrun_error **err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : agr_error_oom(err);
}

void agentrun_record_free(agentrun_record *record)
{
	if (!record)
		return;
	for (int i = 0; i < FIELDS; i++)
		free(record->fields[i].text);
	free(record);
}

int agentrun_record_set(agentrun_record *record, int field, const char *text,
	size_t len)
{
	char *copy = NULL;

	if (!is_field(field))
		return AGENTRUN_EINVAL;
	if (text) {
		copy = agr_strndup(text, len);
		if (!copy)
			return AGENTRUN_ENOMEM;
	}
	free(record->fields[field].text);
	record->fields[field].text = copy;
	record->fields[field].len = copy ? len : 0;
	return 0;
}

const char *agentrun_record_get(const agentrun_record *record, int field,
	size_t *len)
{
	if (!is_field(field))
		return NULL;
	if (len)
		*len = record->fields[field].len;
	return record->fields[field].text;
}

static bool is_plain_json(int field)
{
	switch (field) {
	case AGENTRUN_RECORD_RESULT_DATA:
	case AGENTRUN_RECORD_ERROR:
	case AGENTRUN_RECORD_TOOL_CALLS:
	case AGENTRUN_RECORD_TOKENS_USED:
	case AGENTRUN_RECORD_CACHE_HIT:
	case AGENTRUN_RECORD_EXECUTION_TIME_MS:
		return true;
	default:
		return false;
	}
}

int agentrun_record_json(agentrun_buf *out, const agentrun_record *record)
{
	agr_buf buf = AGR_BUF_INIT;

	for (int i = 0; i < FIELDS; i++) {
		const char *text = record->fields[i].text;

		agr_buf_printf(&buf, "%c\"%s\":", i ? ',' : '{', names[i]);
		if (!text)
			agr_buf_str(&buf, "null");
		else if (is_plain_json(i))
			agr_buf_add(&buf, text, record->fields[i].len);
		else
			agr_buf_json_str(&buf, text, record->fields[i].len);
	}
	agr_buf_char(&buf, '}');
	return agr_buf_give(&buf, out, "record", NULL);
}

int agentrun_records_new(agentrun_records **out, agentrun_error **err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : agr_error_oom(err);
}

void agentrun_records_free(agentrun_records *records)
{
	if (!records)
		return;
	for (size_t i = 0; i < records->n; i++)
		agentrun_record_free(records->list[i]);
	free(records->list);
	free(records);
}

size_t agentrun_records_count(const agentrun_records *records)
{
	return records->n;
}

const agentrun_record *agentrun_records_at(const agentrun_records *records,
	size_t i)
{
	return i < records->n ? records->list[i] : NULL;
}

int agentrun_records_add(agentrun_records *records, agentrun_record *take_record)
{
	agentrun_record **grown =
		realloc(records->list, (records->n + 1) * sizeof(agentrun_record *));

	if (!grown)
		return AGENTRUN_ENOMEM;
	records->list = grown;
	grown[records->n++] = take_record;
	return 0;
}
