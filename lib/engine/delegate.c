/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * delegate_to_agent: a conversation within a call. The job's own is set aside; the agent
 * that `agents.NAME` describes is asked, with its instructions and the call's inputs, and
 * runs tools of the lane execute; what it ends with is what the call returns. An agent
 * does not delegate further.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"

struct agr_frame {
	agr_converse *converse;
	agentrun_plan_result *plan;
	agentrun_patch_result *patch;
	agentrun_buf data;
	agr_spilled *spilled;
	size_t call, succeeded;
	agr_span context;
	char *prompt;
};

static const char *setting(const agr_task *task, const char *agent, const char *member)
{
	char key[160];
	int n = snprintf(key, sizeof(key), "agents.%s.%s", agent, member);
	const char *value = n > 0 && (size_t)n < sizeof(key) && !strchr(agent, '.') ?
		agentrun_config_get(agr_engine_ctx(task->engine)->config, key) : NULL;

	return value && *value ? value : NULL;
}

/* What the agent is told: its instructions, the task, and the other inputs. */
static int write_prompt(char **out, const char *instructions, agr_span inputs,
	agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;
	agr_span key, value;
	agr_iter it = agr_iter_of(inputs);

	agr_buf_str(&text, instructions);
	agr_buf_str(&text, "\n\n# Your task\n\n");
	if (!agr_get_text(inputs, "task", &text))
		agr_buf_str(&text, "It follows from the inputs.");
	agr_buf_str(&text, "\n\n# Inputs\n\n");
	while (agr_object_next(&it, &key, &value)) {
		if (agr_string_is(key, "task", 4) || agr_string_is(key, "data", 4))
			continue;
		agr_text_add(&text, key);
		agr_buf_str(&text, ": ");
		agr_value_write(&text, value);
		agr_buf_char(&text, '\n');
	}
	*out = agr_buf_give_str(&text, err);
	return *out ? 0 : AGENTRUN_ENOMEM;
}

static void set_aside(agr_task *task, agr_frame *frame)
{
	frame->converse = task->converse;
	frame->plan = task->plan;
	frame->patch = task->patch;
	frame->data = task->data;
	frame->spilled = task->spilled;
	frame->call = task->call;
	frame->succeeded = task->succeeded;
	frame->context = task->message.context;
	task->converse = NULL;
	task->plan = NULL;
	task->patch = NULL;
	task->data = (agentrun_buf)AGENTRUN_BUF_INIT;
	task->spilled = NULL;
	task->call = 0;
	task->succeeded = 0;
	task->frame = frame;
}

static int begin(agr_task *task, const char *agent, agr_span inputs)
{
	const char *instructions = setting(task, agent, "instructions");
	agr_frame *frame;
	agr_span data;
	int r;

	if (!instructions)
		return agentrun_error_raise(&task->error, AGENTRUN_EPLAN,
			"no agent \"%.100s\" is configured (agents.NAME.instructions)", agent);
	if (task->frame)
		return agentrun_error_raise(&task->error, AGENTRUN_EPOLICY,
			"an agent that was delegated to does not delegate further");
	frame = calloc(1, sizeof(*frame));
	if (!frame)
		return agr_error_oom(&task->error);
	r = write_prompt(&frame->prompt, instructions, inputs, &task->error);
	if (r < 0) {
		free(frame);
		return r;
	}
	set_aside(task, frame);
	if (agr_get(inputs, "data", &data)) /* in place of the job's */
		task->message.context = inputs;
	r = agr_converse_begin_as(task, setting(task, agent, "provider"),
		setting(task, agent, "model"), frame->prompt, AGENTRUN_LANE_EXECUTE);
	return r;
}

int agr_delegate_begin(agr_task *task, const char *arguments)
{
	agr_text text = { .name = "arguments", .p = arguments, .n = strlen(arguments),
		.code = AGENTRUN_EPLAN };
	agr_buf agent = AGR_BUF_INIT;
	agr_span root, inputs;
	int r = agr_scan_document(&root, &text, &task->error);

	if (r < 0)
		return r;
	if (!agr_get_typed(root, "inputs", AGR_TYPE_OBJECT, &inputs))
		inputs = (agr_span){ "{}", 2 };
	agr_get_text(root, "agent_type", &agent);
	agr_buf_add(&agent, "", 0);
	r = agr_buf_check(&agent, "agent_type", &task->error);
	if (r == 0)
		r = begin(task, agent.data, inputs);
	agr_buf_free(&agent);
	return r;
}

/* The job's own conversation again; what the agent used is counted. */
static void take_back(agr_task *task)
{
	agr_frame *frame = task->frame;

	if (task->plan)
		task->tokens += agentrun_plan_result_tokens_used(task->plan);
	agr_converse_drop(task);
	agentrun_plan_result_free(task->plan);
	agentrun_patch_result_free(task->patch);
	task->converse = frame->converse;
	task->plan = frame->plan;
	task->patch = frame->patch;
	task->call = frame->call;
	task->succeeded = frame->succeeded;
	task->message.context = frame->context;
	task->text_only = false;
	task->frame = NULL;
	free(frame->prompt);
}

long agr_delegate_call(const agr_task *task)
{
	return task->frame ? (long)task->frame->call : -1;
}

bool agr_delegate_end(agr_task *task)
{
	agr_frame *frame = task->frame;

	if (!frame)
		return false;
	take_back(task);
	agentrun_buf_dispose(&frame->data); /* the agent's result is the last one now */
	agr_spilled_free(frame->spilled);
	free(frame);
	agentrun_patch_result_free(task->patch);
	task->patch = NULL;
	task->succeeded++;
	task->state = AGR_TASK_CALLED;
	return true;
}

bool agr_delegate_fail(agr_task *task)
{
	agr_frame *frame = task->frame;

	if (!frame)
		return false;
	take_back(task);
	agr_task_set_data(task, &frame->data, frame->spilled);
	free(frame);
	task->state = AGR_TASK_CALL;
	return true;
}
