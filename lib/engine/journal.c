/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * The journal of a job that came from a queue: what it did outside and knows to be done,
 * and what led there.
 *
 * Nothing is written for a job that does nothing outside. Before its first call that
 * does, what the job heard so far is written (a model's answers, the workflow that was
 * fetched) and its plan, so that whoever has the job next comes to the same calls; and
 * after each such call what was answered, so that it is not made again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "plan/plan.h"
#include "queue/queue.h"

#define INLINE_BYTES ((size_t)1024 * 1024) /* longer values are blobs of the store */
#define PLAN "plan" /* how it was made, then the plan */
#define TALKED 'c'
#define AT_ONCE 'p'
#define HERE 'v'
#define REF 'r'

/* What was heard, and is not written yet. */
struct heard {
	struct heard *next;
	char *name, *value;
	size_t len;
};

struct agr_journal {
	agentrun_queue *queue;
	char *lease;
	bool comes_back; /* there may be something in it */
	bool is_planned; /* there is a plan, and what led to it */
	struct heard *first, **last;
	char (*begun)[AGR_SHA256_HEX]; /* what the calls so far were called */
	size_t n_begun;
	size_t n_planned; /* calls of the plan that is written */
	char effect[96]; /* the entry of the call under way; "": it has none */
};

int agr_journal_new(agr_task *task, agentrun_queue *queue, const char *lease)
{
	agr_journal *j;

	if (!queue || !lease || !agr_queue_has_journal(queue))
		return 0;
	j = calloc(1, sizeof(*j));
	if (!j)
		return AGENTRUN_ENOMEM;
	task->journal = j;
	j->queue = queue;
	j->comes_back = task->opts.flags & AGENTRUN_SUBMIT_REDELIVERED;
	j->last = &j->first;
	j->lease = strdup(lease);
	return j->lease ? 0 : AGENTRUN_ENOMEM;
}

static void heard_free(struct heard *heard)
{
	free(heard->name);
	free(heard->value);
	free(heard);
}

void agr_journal_free(agr_journal *j)
{
	if (!j)
		return;
	while (j->first) {
		struct heard *next = j->first->next;

		heard_free(j->first);
		j->first = next;
	}
	free(j->begun);
	free(j->lease);
	free(j);
}

/* ---- entries --------------------------------------------------------------- */

/* Whoever has the job now does the rest. */
static int is_lost(agr_task *task, int r)
{
	if (r != AGENTRUN_ENOTFOUND)
		return r;
	r = agr_error_recode(&task->error, AGENTRUN_EBACKEND);
	agentrun_error_set_retry(task->error, 1, 0);
	return r;
}

static int put(agr_task *task, const char *name, const char *value, size_t len)
{
	const agr_journal *j = task->journal;
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	agr_buf entry = AGR_BUF_INIT;
	int r = 0;

	agr_buf_char(&entry, len > INLINE_BYTES ? REF : HERE);
	if (len > INLINE_BYTES) {
		r = agentrun_store_put_blob(&ref, agr_engine_store(task->engine), value, len,
			&task->error);
		agr_buf_add(&entry, ref.data, ref.len);
	} else {
		agr_buf_add(&entry, value, len);
	}
	if (r == 0)
		r = agr_buf_check(&entry, "entry of the journal", &task->error);
	if (r == 0)
		r = is_lost(task, agentrun_queue_journal_put(j->queue, task->message.job_id,
			j->lease, name, entry.data, entry.len, &task->error));
	agr_buf_free(&entry);
	agentrun_buf_dispose(&ref);
	return r;
}

/* 1: there is one, 0: there is none. */
static int get(agr_task *task, const char *name, agentrun_buf *out)
{
	const agr_journal *j = task->journal;
	agentrun_buf entry = AGENTRUN_BUF_INIT;
	int found, r;

	r = is_lost(task, agentrun_queue_journal_get(&entry, &found, j->queue,
		task->message.job_id, j->lease, name, &task->error));
	found = r == 0 && found && entry.len;
	if (found && *entry.data == HERE)
		r = agentrun_buf_set(out, entry.data + 1, entry.len - 1) < 0 ?
			agr_error_oom(&task->error) : 0;
	else if (found) {
		r = agentrun_store_get(out, agr_engine_store(task->engine), entry.data + 1,
			&task->error);
		if (r == AGENTRUN_ENOTFOUND) {
			r = agr_error_recode(&task->error, AGENTRUN_ESTORAGE);
			agr_error_prefix(&task->error, "what was answered to a call that is done "
				"is not there any more");
		}
	}
	agentrun_buf_dispose(&entry);
	return r < 0 ? r : found;
}

/* ---- what is heard ----------------------------------------------------------- */

int agr_journal_hear(agr_task *task, const char *name, const char *value, size_t len)
{
	agr_journal *j = task->journal;
	struct heard *heard;

	if (!j)
		return 0;
	heard = calloc(1, sizeof(*heard));
	if (heard) {
		heard->name = strdup(name);
		heard->value = agr_strndup(value, len);
		heard->len = len;
	}
	if (!heard || !heard->name || !heard->value) {
		if (heard)
			heard_free(heard);
		return agr_error_oom(&task->error);
	}
	*j->last = heard;
	j->last = &heard->next;
	return 0;
}

int agr_journal_recall(agr_task *task, const char *name, agentrun_buf *out)
{
	return task->journal && task->journal->comes_back ? get(task, name, out) : 0;
}

/* What was heard counts once there is a plan: without one no call was begun, and others may
 * have heard other things since. */
int agr_journal_recall_turn(agr_task *task, const char *name, agentrun_buf *out)
{
	return task->journal && task->journal->is_planned ? get(task, name, out) : 0;
}

static int write_heard(agr_task *task)
{
	agr_journal *j = task->journal;
	int r = 0;

	while (r == 0 && j->first) {
		struct heard *heard = j->first;

		r = put(task, heard->name, heard->value, heard->len);
		if (r < 0)
			break;
		j->first = heard->next;
		if (!j->first)
			j->last = &j->first;
		heard_free(heard);
	}
	return r;
}

/* The plan as it is by now: what a worker goes by that has no such model, or another
 * planner. */
static int write_plan(agr_task *task)
{
	agr_journal *j = task->journal;
	size_t n = agentrun_plan_result_call_count(task->plan);
	agentrun_buf json = AGENTRUN_BUF_INIT;
	agr_buf entry = AGR_BUF_INIT;
	int r;

	if (agr_delegate_call(task) >= 0 || n == j->n_planned)
		return 0;
	if (agentrun_plan_result_json(&json, task->plan) < 0)
		return agr_error_oom(&task->error);
	agr_buf_char(&entry, task->converse ? TALKED : AT_ONCE);
	agr_buf_add(&entry, json.data, json.len);
	agentrun_buf_dispose(&json);
	r = agr_buf_check(&entry, "plan", &task->error);
	if (r == 0)
		r = put(task, PLAN, entry.data, entry.len);
	agr_buf_free(&entry);
	if (r == 0)
		j->n_planned = n;
	return r;
}

int agr_journal_plan(agr_task *task, bool at_once)
{
	agentrun_buf entry = AGENTRUN_BUF_INIT;
	int r = 0;

	if (task->journal && task->journal->comes_back)
		r = get(task, PLAN, &entry);
	if (r == 1) {
		task->journal->is_planned = true;
		/* Talked about, it is gone on with, which comes to the same calls. */
		if (entry.len && *entry.data == TALKED && !at_once)
			r = 0;
		else if (agr_plan_result_read(&task->plan, "journal", entry.data + 1,
			entry.len - 1, 0, &task->error) < 0)
			r = agentrun_error_code(task->error);
	}
	agentrun_buf_dispose(&entry);
	return r;
}

/* ---- calls ------------------------------------------------------------------- */

/* How often the job made a call of this name before, in this life; or an error. */
static long count_begun(agr_task *task, const char *hex)
{
	agr_journal *j = task->journal;
	void *grown = realloc(j->begun, (j->n_begun + 1) * sizeof(*j->begun));
	long n = 0;

	if (!grown)
		return agr_error_oom(&task->error);
	j->begun = grown;
	for (size_t i = 0; i < j->n_begun; i++)
		n += strcmp(j->begun[i], hex) == 0;
	memcpy(j->begun[j->n_begun++], hex, AGR_SHA256_HEX);
	return n;
}

int agr_journal_begin(agr_task *task, const char *kind, const char hex[AGR_SHA256_HEX],
	agentrun_buf *out)
{
	agr_journal *j = task->journal;
	long n;
	int r;

	if (!j)
		return 0;
	n = count_begun(task, hex);
	if (n < 0)
		return (int)n;
	snprintf(j->effect, sizeof(j->effect), "%s:%s:%ld", kind, hex, n);
	agr_task_log(task, "looking");
	r = get(task, j->effect, out);
	if (r == 0)
		r = write_heard(task);
	if (r == 0)
		r = write_plan(task);
	if (r == 0)
		agr_task_log(task, "acting");
	if (r != 0)
		j->effect[0] = '\0';
	return r;
}

void agr_journal_drop(agr_task *task)
{
	if (task->journal)
		task->journal->effect[0] = '\0';
}

int agr_journal_finish(agr_task *task, const char *value, size_t len)
{
	agr_journal *j = task->journal;
	int r;

	if (!j || !*j->effect)
		return 0;
	r = put(task, j->effect, value, len);
	j->effect[0] = '\0';
	if (r == 0)
		agr_task_log(task, "noted");
	if (r == 0 || r == AGENTRUN_ENOMEM || !task->error)
		return r;
	/* It is done, and known to be so here. Who has the job next, if anybody, asks again
	 * with the same key. */
	agr_log_job(agr_engine_ctx(task->engine), AGENTRUN_LOG_WARN, "journal",
		task->message.job_id, task->message.run_id,
		"job %s: a finished call was not noted: %s", task->message.job_id,
		agentrun_error_message(task->error));
	agentrun_error_free(task->error);
	task->error = NULL;
	return 0;
}

/* ---- a provider's answers ------------------------------------------------------ */

/* Which of provider and fallbacks, its content type, its body, a line each. */
void agr_journal_answer(agr_buf *out, const agentrun_http_event *event, size_t candidate)
{
	const char *type = agentrun_http_event_header(event, "content-type");
	size_t len;
	const char *body = agentrun_http_event_body(event, &len);

	agr_buf_reset(out);
	agr_buf_printf(out, "%zu\n%s\n", candidate, type ? type : "");
	agr_buf_add(out, body, len);
}

static int make_event(agentrun_http_event **out, const char *type, size_t type_len,
	const char *body, size_t len, agentrun_error **err)
{
	agr_buf header = AGR_BUF_INIT;
	int r = agentrun_http_event_new(out, 0, err);

	if (r < 0)
		return r;
	agentrun_http_event_set_status(*out, 200);
	agr_buf_str(&header, "Content-Type: ");
	agr_buf_add(&header, type, type_len);
	if (header.failed || (type_len &&
		agentrun_http_event_add_header(*out, header.data, header.len) < 0) ||
		agentrun_http_event_append_body(*out, body, len) < 0)
		r = agr_error_oom(err);
	agr_buf_free(&header);
	if (r < 0) {
		agentrun_http_event_free(*out);
		*out = NULL;
	}
	return r;
}

int agr_journal_replay(agentrun_http_event **out, size_t *candidate,
	const agentrun_buf *answer, agentrun_error **err)
{
	const char *end = answer->data + answer->len;
	const char *type = memchr(answer->data, '\n', answer->len), *body;

	*out = NULL;
	body = type ? memchr(type + 1, '\n', (size_t)(end - type - 1)) : NULL;
	if (!body)
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL,
			"the journal holds an answer that is none");
	*candidate = (size_t)strtoul(answer->data, NULL, 10);
	return make_event(out, type + 1, (size_t)(body - type - 1), body + 1,
		(size_t)(end - body - 1), err);
}
