/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include "llm/talk.h"

static const agr_buf no_text = AGR_BUF_INIT;

void agr_answer_init(agr_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->text = answer->refusal = answer->reasoning = answer->finish_reason =
		answer->model = answer->own = answer->blocked = answer->scratch = no_text;
	answer->usage = (agr_usage){ -1, -1, -1, -1, -1 };
}

void agr_answer_clear(agr_answer *answer)
{
	for (size_t i = 0; i < answer->n_calls; i++) {
		agr_buf_free(&answer->calls[i].id);
		agr_buf_free(&answer->calls[i].name);
		agr_buf_free(&answer->calls[i].arguments);
		agr_buf_free(&answer->calls[i].extra);
	}
	free(answer->calls);
	agr_buf_free(&answer->text);
	agr_buf_free(&answer->refusal);
	agr_buf_free(&answer->reasoning);
	agr_buf_free(&answer->finish_reason);
	agr_buf_free(&answer->model);
	agr_buf_free(&answer->own);
	agr_buf_free(&answer->blocked);
	agr_buf_free(&answer->scratch);
	agr_answer_init(answer);
}

agr_call *agr_answer_add_call(agr_answer *answer)
{
	agr_call *grown = realloc(answer->calls, (answer->n_calls + 1) * sizeof(*grown));

	if (!grown)
		return NULL;
	answer->calls = grown;
	grown[answer->n_calls] = (agr_call){ .id = no_text, .name = no_text,
		.arguments = no_text, .extra = no_text, .index = -1 };
	return &grown[answer->n_calls++];
}

agr_call *agr_answer_find_call(agr_answer *answer, int64_t index, agr_span id)
{
	if (index >= 0) {
		for (size_t i = answer->n_calls; i > 0; i--)
			if (answer->calls[i - 1].index == index)
				return &answer->calls[i - 1];
		return NULL;
	}
	for (size_t i = answer->n_calls; id.p && i > 0; i--) {
		const agr_buf *known = &answer->calls[i - 1].id;

		if (known->len && agr_string_is(id, known->data, known->len))
			return &answer->calls[i - 1];
	}
	return id.p || !answer->n_calls ? NULL : &answer->calls[answer->n_calls - 1];
}

static bool is_blank(const agr_buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (!agr_is_space(text->data[i]))
			return false;
	return true;
}

static int finish_call(agr_call *call, const char *prefix, size_t number)
{
	call->id_made_up = call->id_made_up || !call->id.len;
	if (!call->id.len)
		agr_buf_printf(&call->id, "%s_%zu", prefix, number);
	if (call->arguments.failed)
		return -1;
	if (is_blank(&call->arguments)) {
		agr_buf_reset(&call->arguments);
		agr_buf_str(&call->arguments, "{}");
	}
	agr_buf_add(&call->name, "", 0);
	agr_buf_add(&call->extra, "", 0);
	return call->id.failed || call->name.failed || call->arguments.failed ||
		call->extra.failed ? -1 : 0;
}

int agr_answer_finish(agr_answer *answer, const char *prefix, size_t first,
	agentrun_error **err)
{
	agr_buf *texts[] = { &answer->text, &answer->refusal, &answer->reasoning,
		&answer->finish_reason, &answer->model, &answer->own, &answer->blocked };
	int failed = answer->scratch.failed;

	for (size_t i = 0; i < AGR_COUNT(texts); i++) {
		agr_buf_add(texts[i], "", 0);
		failed = failed ? failed : texts[i]->failed;
	}
	for (size_t i = 0; i < answer->n_calls; i++)
		failed = failed ? failed : finish_call(&answer->calls[i], prefix, first + i);
	return failed ? agr_error_oom(err) : 0;
}

int64_t agr_usage_tokens(const agr_usage *usage)
{
	int64_t sum = (usage->input > 0 ? usage->input : 0) +
		(usage->output > 0 ? usage->output : 0);

	return usage->total > sum ? usage->total : sum;
}

/* ---- is it an answer? -------------------------------------------------------- */

static int unusable(agentrun_error **err, int retryable, const char *what,
	const agr_buf *detail)
{
	int r = agentrun_error_raise(err, AGENTRUN_ELLM, "%s%s%.300s", what,
		detail && detail->len ? ": " : "", detail && detail->len ? detail->data : "");

	if (err && *err && agentrun_error_code(*err) == AGENTRUN_ELLM)
		agentrun_error_set_retry(*err, retryable, 0);
	return r;
}

/* Was the last call cut off with the answer? */
static bool calls_are_whole(const agr_answer *answer)
{
	const agr_buf *last;

	if (!answer->n_calls)
		return false;
	last = &answer->calls[answer->n_calls - 1].arguments;
	return agr_is_json_object(last->data, last->len);
}

bool agr_answer_is_silent(const agr_answer *answer)
{
	return answer->end == AGR_END_STOP && !answer->n_calls && !answer->blocked.len &&
		!answer->refusal.len && is_blank(&answer->text);
}

int agr_answer_check(const agr_answer *answer, int64_t max_tokens, agentrun_error **err)
{
	if (answer->blocked.len)
		return unusable(err, 0, "the provider's content filter refused the prompt",
			&answer->blocked);
	if (answer->end == AGR_END_FILTER)
		return unusable(err, 0, "the provider's content filter stopped the answer",
			&answer->finish_reason);
	if (answer->n_calls && (answer->end != AGR_END_LENGTH || calls_are_whole(answer)))
		return 0;
	if (answer->end == AGR_END_LENGTH)
		return agentrun_error_raise(err, AGENTRUN_ELLM, "the answer was cut off at its "
			"greatest length (finish reason \"%s\"): raise llm.max_tokens, now %lld",
			answer->finish_reason.data, (long long)max_tokens);
	if (answer->refusal.len || answer->end == AGR_END_REFUSAL)
		return unusable(err, 0, "the model refused the request (refusal)",
			answer->refusal.len ? &answer->refusal : &answer->text);
	if (answer->end == AGR_END_BROKEN)
		return unusable(err, 1, "the model wrote a tool call that the provider could not "
			"read", &answer->finish_reason);
	if (answer->empty)
		return unusable(err, 1, "the provider sent an answer without choices", NULL);
	if (is_blank(&answer->text))
		return unusable(err, 1, "the model answered nothing, neither text nor a tool call",
			&answer->finish_reason);
	return 0;
}
