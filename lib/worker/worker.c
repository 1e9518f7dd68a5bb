/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "worker/worker.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/thread.h"

#define BATCH 64              /* jobs acquired at a time */
#define GATHER_MS 2           /* for room for so many */
#define ACQUIRE_MS 1000       /* how long to wait for them */
#define WAIT_MS 100           /* before a queue that failed is asked again; doubles */
#define QUEUE_WAIT_MAX_MS 10000
#define LATE_MS 5000          /* for the last to be settled, behind the drain timeout */

static const agentrun_worker_options defaults = { .drain_timeout_ms = -1 };

void agentrun_worker_options_init(agentrun_worker_options *opts, size_t struct_size)
{
	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

/* ---- acquiring ------------------------------------------------------------------ */

/* A free slot, for this job. There is one: see room_for(). */
static agr_slot *take_slot(agentrun_worker *w, agentrun_job *job)
{
	int64_t renew_ms = agr_worker_renewal(job);
	agr_slot *slot;
	bool sooner;
	size_t i;

	pthread_mutex_lock(&w->lock);
	i = w->free_slots[--w->n_free];
	slot = &w->slots[i];
	*slot = (agr_slot){
		.job = job,
		.tag = ++w->generation * w->n_slots + i,
		.renew_ms = renew_ms,
	};
	if (renew_ms < w->next_renew_ms)
		w->next_renew_ms = renew_ms;
	sooner = renew_ms < w->wait_until_ms;
	w->in_hand++;
	w->counts.redelivered += agentrun_job_deliveries(job) > 1;
	pthread_mutex_unlock(&w->lock);
	if (sooner)
		agentrun_engine_wakeup(w->engine);
	return slot;
}

static void start(agentrun_worker *w, agentrun_job *job)
{
	agentrun_submit_options opts;
	size_t len;
	const char *payload = agentrun_job_payload(job, &len);
	agr_slot *slot;
	int r;

	agentrun_submit_options_init(&opts, sizeof(opts));
	opts.enqueued_ms = agentrun_job_enqueued_ms(job);
	opts.flags = AGENTRUN_SUBMIT_IDS_REQUIRED;
	opts.queue = w->queue;
	opts.lease = agentrun_job_lease(job);
	if (agentrun_job_deliveries(job) > 1 || agentrun_job_retries(job) > 0 ||
		agentrun_job_is_journalled(job))
		opts.flags |= AGENTRUN_SUBMIT_REDELIVERED;
	if (agentrun_job_is_cancelled(job))
		opts.flags |= AGENTRUN_SUBMIT_CANCELLED;
	agr_log_job(w->ctx, AGENTRUN_LOG_DEBUG, "job", agentrun_job_id(job), NULL,
		"%s acquired", agentrun_job_id(job));
	slot = take_slot(w, job);
	opts.tag = slot->tag;
	/* The job is the keeper's once this returns. */
	r = agentrun_engine_submit_with(w->engine, payload, len, &opts, NULL);
	pthread_mutex_lock(&w->lock);
	if (r < 0) {
		slot->refused = true;
		w->n_refused++;
	} else if (w->give_back) {
		agentrun_engine_cancel_tag(w->engine, opts.tag, NULL);
	}
	pthread_mutex_unlock(&w->lock);
}

/* Under load slots become free one by one; a round trip for each would cost more than to
 * wait a little for some of them. */
static void gather_room(agentrun_worker *w)
{
	size_t enough = w->n_slots / 4 < BATCH ? w->n_slots / 4 : BATCH;
	int64_t until = agr_clock_mono_ms() + GATHER_MS;

	while (!w->stop && w->in_hand > w->n_slots - enough &&
		agr_clock_mono_ms() < until)
		agr_cond_wait_ms(&w->changed, &w->lock, GATHER_MS);
}

/* Wait until there is room; how much, or 0 when it is time to stop. */
static size_t room_for(agentrun_worker *w)
{
	size_t room;

	pthread_mutex_lock(&w->lock);
	do {
		while (!w->stop && (w->quiet || w->in_hand >= w->n_slots))
			pthread_cond_wait(&w->changed, &w->lock);
		gather_room(w);
	} while (!w->stop && w->quiet); /* it was told so while it gathered */
	room = w->stop ? 0 : w->n_slots - w->in_hand;
	pthread_mutex_unlock(&w->lock);
	return room < BATCH ? room : BATCH;
}

int64_t agr_worker_next_wait(int64_t wait_ms, int64_t most_ms, const agentrun_error *err)
{
	int64_t most = agentrun_error_code(err) == AGENTRUN_EBACKEND ? AGR_WORKER_AWAY_MS : most_ms;
	int64_t next = wait_ms ? 2 * wait_ms : WAIT_MS;

	return next < most ? next : most;
}

/* The queue failed: wait, unless it is time to stop. */
static void wait_for_queue(agentrun_worker *w, int64_t *wait_ms, const agentrun_error *err)
{
	agr_log(w->ctx, AGENTRUN_LOG_ERROR, "worker", "no jobs could be acquired: %s",
		agentrun_error_message(err));
	*wait_ms = agr_worker_next_wait(*wait_ms, QUEUE_WAIT_MAX_MS, err);
	pthread_mutex_lock(&w->lock);
	w->counts.queue_errors++;
	if (!w->stop)
		agr_cond_wait_ms(&w->changed, &w->lock,
			agr_backoff_jitter(*wait_ms, agr_random()));
	pthread_mutex_unlock(&w->lock);
}

static void acquire(agentrun_worker *w, agentrun_jobs *jobs)
{
	int64_t wait_ms = 0;
	size_t room;

	while ((room = room_for(w))) {
		agentrun_error *err = NULL;

		if (agentrun_queue_acquire(w->queue, jobs, room, w->lease_ms, ACQUIRE_MS, &err) < 0)
			wait_for_queue(w, &wait_ms, err);
		else
			wait_ms = 0;
		agentrun_error_free(err);
		while (agentrun_jobs_count(jobs))
			start(w, agentrun_jobs_take(jobs, 0));
	}
}

/* ---- the end -------------------------------------------------------------------- */

/* Wait until nothing is in hand, `until` at most, or `now` becomes true. */
static bool wait_empty(agentrun_worker *w, int64_t until, const bool *now)
{
	int64_t left;

	while (w->in_hand && !(now && *now) && (left = until - agr_clock_mono_ms()) > 0)
		agr_cond_wait_ms(&w->changed, &w->lock, left);
	return !w->in_hand;
}

static int drain(agentrun_worker *w, agentrun_error **err)
{
	size_t left;
	int64_t now = agr_clock_mono_ms();

	pthread_mutex_lock(&w->lock);
	if (!wait_empty(w, now + w->drain_ms, &w->stop_now)) {
		w->give_back = true;
		pthread_mutex_unlock(&w->lock);
		agentrun_engine_wakeup(w->engine);
		pthread_mutex_lock(&w->lock);
		wait_empty(w, agr_clock_mono_ms() + LATE_MS, NULL);
	}
	left = w->in_hand;
	w->end_keeper = true;
	pthread_mutex_unlock(&w->lock);
	agentrun_engine_wakeup(w->engine);
	pthread_join(w->keeper, NULL);
	if (!left)
		return 0;
	return agentrun_error_raise(err, AGENTRUN_EBACKEND,
		"%zu jobs could not be settled: they are handed out again when their leases lapse",
		left);
}

int agentrun_worker_run(agentrun_worker *w, agentrun_error **err)
{
	agentrun_jobs *jobs;
	int r = agentrun_jobs_new(&jobs, err);

	if (r == 0)
		r = agr_thread_start(&w->keeper, agr_worker_keep, w, err);
	if (r < 0) {
		agentrun_jobs_free(jobs);
		return r;
	}
	pthread_mutex_lock(&w->lock);
	w->running = true;
	pthread_mutex_unlock(&w->lock);
	agr_log(w->ctx, AGENTRUN_LOG_INFO, "worker", "working, up to %zu jobs at once",
		w->n_slots);
	acquire(w, jobs);
	agentrun_jobs_free(jobs);
	agr_log(w->ctx, AGENTRUN_LOG_INFO, "worker", "stopping");
	r = drain(w, err);
	pthread_mutex_lock(&w->lock);
	w->running = false;
	pthread_mutex_unlock(&w->lock);
	agr_log(w->ctx, AGENTRUN_LOG_INFO, "worker", "stopped");
	return r;
}

void agentrun_worker_stop(agentrun_worker *w, int now)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	w->stop_now = w->stop_now || now;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	agentrun_queue_wakeup(w->queue);
}

void agentrun_worker_quiet(agentrun_worker *w, int quiet)
{
	pthread_mutex_lock(&w->lock);
	w->quiet = quiet;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	if (quiet)
		agentrun_queue_wakeup(w->queue);
}

int agentrun_worker_run_one(agentrun_result **out, agentrun_worker *w, const char *job,
	size_t len, agentrun_error **err)
{
	agentrun_engine_options opts;

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.store = w->store;
	opts.planner = agr_engine_planner(w->engine);
	opts.stream_results = 1;
	return agentrun_run(out, w->ctx, job, len, &opts, err);
}

int agentrun_worker_check(agentrun_worker *w, agentrun_error **err)
{
	agentrun_queue_stats stats = { .struct_size = sizeof(stats) };
	agentrun_store_query query;
	agentrun_records *records;
	int r = agentrun_queue_stats_read(&stats, w->queue, err);

	agentrun_store_query_init(&query, sizeof(query));
	query.limit = 1;
	if (r == 0)
		r = agentrun_store_list(&records, w->store, &query, err);
	if (r == 0)
		agentrun_records_free(records);
	return r;
}

/* ---- life ----------------------------------------------------------------------- */

static int64_t setting(const agentrun_worker *w, const char *name, int64_t fallback)
{
	return agentrun_config_get_int(w->ctx->config, name, fallback);
}

static int set_up(agentrun_worker *w, const agentrun_worker_options *opts,
	agentrun_error **err)
{
	agentrun_engine_options engine;
	int r;

	w->lease_ms = opts->lease_ms;
	w->drain_ms = opts->drain_timeout_ms >= 0 ? opts->drain_timeout_ms
		: 1000 * setting(w, "service.drain_timeout_sec", 30);
	w->policy.max_retries = (uint32_t)setting(w, "queue.max_retries", 3);
	w->policy.base_ms = setting(w, "queue.backoff.base_ms", 1000);
	w->policy.max_ms = setting(w, "queue.backoff.max_ms", 300000);
	w->n_slots = opts->concurrency ? opts->concurrency
				       : (size_t)setting(w, "service.concurrency", 256);
	w->slots = calloc(w->n_slots, sizeof(*w->slots));
	w->free_slots = calloc(w->n_slots, sizeof(*w->free_slots));
	if (!w->slots || !w->free_slots)
		return agr_error_oom(err);
	while (w->n_free < w->n_slots) {
		w->free_slots[w->n_free] = w->n_slots - 1 - w->n_free;
		w->n_free++;
	}
	w->next_renew_ms = w->wait_until_ms = INT64_MAX;
	agentrun_engine_options_init(&engine, sizeof(engine));
	engine.store = opts->store;
	engine.threads = opts->threads;
	engine.max_jobs = (uint32_t)w->n_slots;
	engine.planner = opts->planner;
	/* Of a stream's tasks the completion has the whole result. */
	engine.stream_results =
		strcmp(agentrun_config_get(w->ctx->config, "redis.mode"), "list") == 0;
	r = agentrun_engine_new(&w->engine, w->ctx, &engine, err);
	if (r == 0)
		r = agentrun_jobs_new(&w->ended, err);
	if (r == 0)
		w->store = agr_engine_store(w->engine);
	return r;
}

int agentrun_worker_new(agentrun_worker **out, agentrun_ctx *ctx, agentrun_queue *queue,
	const agentrun_worker_options *opts_in, agentrun_error **err)
{
	agentrun_worker_options opts = defaults;
	agentrun_worker *w;
	int r;

	*out = NULL;
	r = agr_ctx_check(ctx, err);
	if (r == 0)
		r = agentrun_options_read(&opts, sizeof(opts), opts_in, "agentrun_worker_options",
			err);
	if (r == 0 && (!queue || opts.lease_ms < 0))
		r = agentrun_error_raise(err, AGENTRUN_EINVAL, queue
			? "agentrun_worker_options.lease_ms is negative" : "there is no queue");
	if (r < 0)
		return r;
	w = calloc(1, sizeof(*w));
	if (!w)
		return agr_error_oom(err);
	w->ctx = ctx;
	w->queue = queue;
	pthread_mutex_init(&w->lock, NULL);
	agr_cond_init(&w->changed);
	r = set_up(w, &opts, err);
	if (r < 0)
		agentrun_worker_free(w);
	else
		*out = w;
	return r;
}

void agentrun_worker_free(agentrun_worker *w)
{
	if (!w)
		return;
	agentrun_engine_free(w->engine);
	for (size_t i = 0; w->slots && i < w->n_slots; i++) {
		agentrun_job_free(w->slots[i].job);
		agentrun_result_free(w->slots[i].result);
	}
	agentrun_jobs_free(w->ended);
	free(w->slots);
	free(w->free_slots);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
