/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "queue.h"

#define TAIL ":jobs"

int redis_oom(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

int redis_random(uint64_t *out, agentrun_error **err)
{
	if (getrandom(out, sizeof(*out), 0) == (ssize_t)sizeof(*out))
		return 0;
	return agentrun_error_raise(err, AGENTRUN_EINTERNAL,
		"the system gives no random numbers");
}

char *redis_join(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	char *text = malloc(n + m + 1);

	if (text) {
		memcpy(text, a, n);
		memcpy(text + n, b, m);
		text[n + m] = '\0';
	}
	return text;
}

char *redis_base_of(const char *job_queue)
{
	size_t n = strlen(job_queue), tail = strlen(TAIL);
	char *base = strdup(job_queue);

	if (base && n > tail && strcmp(base + n - tail, TAIL) == 0)
		base[n - tail] = '\0';
	return base;
}

int redis_lane_list(redis_lane *lane, const char *job_queue, const char *consumer,
	agentrun_error **err)
{
	char *processing;

	lane->letter = REDIS_LISTS;
	lane->source = strdup(job_queue);
	lane->base = redis_base_of(job_queue);
	if (!lane->source || !lane->base)
		return redis_oom(err);
	processing = redis_join(lane->base, ":processing:");
	lane->in_hand = processing ? redis_join(processing, consumer) : NULL;
	free(processing);
	lane->cancelled = redis_join(lane->base, ":cancelled");
	lane->settled = redis_join(lane->base, ":settled:");
	lane->dead = redis_join(lane->base, ":dead");
	lane->journals = redis_join(lane->base, ":journals");
	return lane->in_hand && lane->cancelled && lane->settled && lane->dead &&
		lane->journals ? 0 : redis_oom(err);
}

int redis_lane_stream(redis_lane *lane, const char *stream, const char *group,
	agentrun_error **err)
{
	char *prefix = redis_join(stream, ":");

	lane->letter = REDIS_STREAMS;
	lane->source = strdup(stream);
	lane->group = strdup(group);
	lane->base = prefix ? redis_join(prefix, group) : NULL;
	free(prefix);
	if (!lane->source || !lane->group || !lane->base)
		return redis_oom(err);
	lane->cancelled = redis_join(lane->base, ":cancelled");
	lane->settled = redis_join(lane->base, ":settled:");
	lane->dead = redis_join(stream, ":dead");
	lane->journals = redis_join(lane->base, ":journals");
	return lane->cancelled && lane->settled && lane->dead && lane->journals ? 0
		: redis_oom(err);
}

void redis_lane_free(redis_lane *lane)
{
	free(lane->source);
	free(lane->group);
	free(lane->base);
	free(lane->in_hand);
	free(lane->cancelled);
	free(lane->settled);
	free(lane->dead);
	free(lane->journals);
	memset(lane, 0, sizeof(*lane));
}

void redis_lane_arguments(const redis_lane *lane, redis_conn *conn)
{
	if (lane->group)
		redis_conn_word(conn, lane->group);
	redis_conn_word(conn, lane->base);
}

void redis_lane_call(const redis_lane *lane, redis_conn *conn, int script, size_t keys,
	size_t args)
{
	if (lane->group)
		script += REDIS_STREAM_ACQUIRE - REDIS_LIST_ACQUIRE;
	redis_conn_script(conn, script, 1 + keys, (lane->group ? 2 : 1) + args);
	redis_conn_word(conn, lane->source);
	if (!keys)
		redis_lane_arguments(lane, conn);
}

const redis_lane *redis_lane_of(const redis_queue *q, const char *lease,
	const char **token)
{
	for (size_t i = 0; i < q->n_lanes; i++)
		if (*lease == q->lanes[i].letter) {
			*token = lease + 1;
			return &q->lanes[i];
		}
	return NULL;
}
