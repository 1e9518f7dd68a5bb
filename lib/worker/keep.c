/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>

#include "base/thread.h"
#include "worker/worker.h"

#define BATCH 64
#define MOST 512            /* jobs that are settled at once */
#define WAIT_MS 1000        /* for results, at most */
#define SETTLE_WAIT_MAX_MS 5000 /* before settling is tried again */

/* ---- results ------------------------------------------------------------------ */

static agr_slot *slot_of(agentrun_worker *w, uint64_t tag)
{
	return &w->slots[tag % w->n_slots];
}

/* Free the slot of a job that ended so. `gone`: it is in nobody's hand any more. */
static void leave_slot(agentrun_worker *w, agr_slot *slot, int outcome, bool gone)
{
	agr_result_facts facts = agr_result_facts_of(slot->result);

	agentrun_result_free(slot->result);
	pthread_mutex_lock(&w->lock);
	w->n_refused -= slot->refused;
	*slot = (agr_slot){ .job = NULL };
	w->free_slots[w->n_free++] = (size_t)(slot - w->slots);
	w->counts.ended[facts.lane][outcome]++;
	w->counts.tokens += (uint64_t)facts.tokens;
	agr_histogram_add(&w->counts.took, facts.took_ms);
	agr_histogram_add(&w->counts.waited, facts.waited_ms);
	if (gone) {
		w->in_hand--;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
}

static void drop_lost(agentrun_worker *w, agr_slot *slot)
{
	agr_log_job(w->ctx, AGENTRUN_LOG_WARN, "worker", agentrun_job_id(slot->job),
		agr_result_run_id(slot->result),
		"job %s: its lease was lost, its result is dropped", agentrun_job_id(slot->job));
	agentrun_job_free(slot->job);
	leave_slot(w, slot, AGR_WORKER_LOST, true);
}

/* What went wrong may quote the prompt: that is for the debug level alone. */
static void log_outcome(const agentrun_worker *w, const agr_slot *slot, int outcome)
{
	static const char *const words[] = { "completed", "failed", "to be retried", "rejected",
		"given back", "lost" };
	const agentrun_error *error = agentrun_result_error(slot->result);
	const char *id = agentrun_job_id(slot->job), *run = agr_result_run_id(slot->result);

	if (error)
		agr_log_job(w->ctx, outcome == AGR_WORKER_REJECTED ? AGENTRUN_LOG_WARN
			: AGENTRUN_LOG_INFO, "worker", id, run, "job %s: %s: %s", id,
			words[outcome], agentrun_error_code_type(agentrun_error_code(error)));
	agr_log_job(w->ctx, AGENTRUN_LOG_DEBUG, "worker", id, run, "job %s: %s%s%s", id,
		words[outcome], error ? ": " : "", error ? agentrun_error_message(error) : "");
}

/* Say how the job ends whose result came. */
static void conclude(agentrun_worker *w, agr_slot *slot)
{
	int outcome;

	if (slot->lost) {
		drop_lost(w, slot);
		return;
	}
	outcome = agr_outcome(slot->job, slot->result, slot->stopping, &w->policy);
	if (outcome < 0 || agentrun_jobs_add(w->ended, slot->job) < 0) {
		w->n_late++; /* memory is short: the result waits in the slot */
		return;
	}
	log_outcome(w, slot, outcome);
	leave_slot(w, slot, outcome, false);
}

/* A job that the engine did not take goes back. */
static void conclude_refused(agentrun_worker *w, agr_slot *slot)
{
	agentrun_job_release(slot->job, 0, 0);
	if (agentrun_jobs_add(w->ended, slot->job) == 0)
		leave_slot(w, slot, AGR_WORKER_GIVEN_BACK, false);
}

/* What could not be concluded when it was time. */
static void conclude_late(agentrun_worker *w)
{
	bool any = w->n_late > 0;

	pthread_mutex_lock(&w->lock);
	any = any || w->n_refused;
	pthread_mutex_unlock(&w->lock);
	w->n_late = 0;
	for (size_t i = 0; any && i < w->n_slots; i++) {
		agr_slot *slot = &w->slots[i];
		bool refused;

		pthread_mutex_lock(&w->lock);
		refused = slot->refused;
		pthread_mutex_unlock(&w->lock);
		if (refused)
			conclude_refused(w, slot);
		else if (slot->result)
			conclude(w, slot);
	}
}

static void take_results(agentrun_worker *w, int timeout_ms)
{
	agentrun_result *results[BATCH];
	int n;

	do {
		n = agentrun_engine_poll(w->engine, results, BATCH, timeout_ms);
		for (int i = 0; i < n; i++) {
			agr_slot *slot = slot_of(w, agentrun_result_tag(results[i]));

			slot->result = results[i];
			conclude(w, slot);
		}
		timeout_ms = 0;
	} while (n == BATCH && agentrun_jobs_count(w->ended) < MOST);
}

/* ---- settling ------------------------------------------------------------------ */

static void log_state(const agentrun_worker *w, const agentrun_job *job, const char *state)
{
	const char *id = agentrun_job_id(job);

	agr_log_job(w->ctx, AGENTRUN_LOG_DEBUG, "job", id, NULL, "%s %s", id, state);
}

/* What the queue took, or will not take any more, is done with. */
static size_t drop_settled(agentrun_worker *w)
{
	size_t n = 0, i = 0;

	while (i < agentrun_jobs_count(w->ended)) {
		const agentrun_job *job = agentrun_jobs_at(w->ended, i);

		if (!agentrun_job_is_settled(job) && !agentrun_job_is_lost(job)) {
			i++;
			continue;
		}
		log_state(w, job, agentrun_job_is_lost(job) ? "lost" : "settled");
		if (agentrun_job_is_lost(job))
			agr_log_job(w->ctx, AGENTRUN_LOG_WARN, "worker", agentrun_job_id(job),
				NULL, "job %s: its lease was lost before it was settled",
				agentrun_job_id(job));
		agentrun_job_free(agentrun_jobs_take(w->ended, i));
		n++;
	}
	return n;
}

static void settle_failed(agentrun_worker *w, const agentrun_error *err)
{
	agr_log(w->ctx, AGENTRUN_LOG_ERROR, "worker", "%zu jobs could not be settled: %s",
		agentrun_jobs_count(w->ended), agentrun_error_message(err));
	w->settle_wait_ms = agr_worker_next_wait(w->settle_wait_ms, SETTLE_WAIT_MAX_MS, err);
	w->settle_ms = agr_clock_mono_ms() + w->settle_wait_ms;
}

static void settle(agentrun_worker *w)
{
	agentrun_error *err = NULL;
	size_t n;
	int r;

	if (!agentrun_jobs_count(w->ended) || agr_clock_mono_ms() < w->settle_ms)
		return;
	for (size_t i = 0; i < agentrun_jobs_count(w->ended); i++)
		log_state(w, agentrun_jobs_at(w->ended, i), "settling");
	r = agentrun_queue_settle(w->queue, w->ended, &err);
	n = drop_settled(w);
	if (r < 0)
		settle_failed(w, err);
	else
		w->settle_wait_ms = 0;
	agentrun_error_free(err);
	pthread_mutex_lock(&w->lock);
	w->in_hand -= n;
	w->counts.queue_errors += r < 0;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

/* ---- leases -------------------------------------------------------------------- */

int64_t agr_worker_renewal(const agentrun_job *job)
{
	int64_t lease_ms = agentrun_job_lease_ms(job);

	return agr_clock_mono_ms() + (lease_ms > 0 ? lease_ms / 3 + 1 : AGR_WORKER_AWAY_MS);
}

/* After a renewal: is the job still ours, and wanted? */
static void look_at(agentrun_worker *w, agr_slot *slot)
{
	slot->renew_ms = agr_worker_renewal(slot->job);
	if (agentrun_job_is_lost(slot->job))
		slot->lost = true;
	else if (!agentrun_job_is_cancelled(slot->job) || slot->cancelled)
		return;
	slot->cancelled = true;
	agentrun_engine_cancel_tag(w->engine, slot->tag, NULL);
}

/* Lend the jobs whose leases are due at `before` to `due`; their slots go to `of`. */
static size_t lend_due(agentrun_worker *w, int64_t before, agentrun_jobs *due, size_t *of)
{
	size_t n = 0;

	pthread_mutex_lock(&w->lock);
	w->next_renew_ms = INT64_MAX;
	for (size_t i = 0; i < w->n_slots; i++) {
		const agr_slot *slot = &w->slots[i];

		if (!slot->tag || slot->lost || slot->refused)
			continue;
		if (slot->renew_ms <= before && agentrun_jobs_add(due, slot->job) == 0)
			of[n++] = i;
		else if (slot->renew_ms < w->next_renew_ms)
			w->next_renew_ms = slot->renew_ms;
	}
	pthread_mutex_unlock(&w->lock);
	return n;
}

static void renew(agentrun_worker *w, int64_t before)
{
	agentrun_error *err = NULL;
	bool is_due;
	agentrun_jobs *due = NULL;
	size_t *of, n = 0;

	pthread_mutex_lock(&w->lock);
	is_due = w->next_renew_ms <= before;
	pthread_mutex_unlock(&w->lock);
	if (!is_due)
		return;
	of = calloc(w->n_slots, sizeof(*of));
	if (of && agentrun_jobs_new(&due, NULL) == 0)
		n = lend_due(w, before, due, of);
	if (n && agentrun_queue_renew(w->queue, due, w->lease_ms, &err) < 0)
		agr_log(w->ctx, AGENTRUN_LOG_ERROR, "worker", "%zu leases were not renewed: %s",
			n, agentrun_error_message(err));
	for (size_t i = 0; i < n; i++) {
		agr_slot *slot = &w->slots[of[i]];

		slot->job = agentrun_jobs_take(due, 0);
		if (err)
			slot->renew_ms = agr_clock_mono_ms() + AGR_WORKER_AWAY_MS;
		else
			look_at(w, slot);
		pthread_mutex_lock(&w->lock);
		if (slot->renew_ms < w->next_renew_ms)
			w->next_renew_ms = slot->renew_ms;
		pthread_mutex_unlock(&w->lock);
	}
	agentrun_error_free(err);
	agentrun_jobs_free(due);
	free(of);
}

/* ---- turns --------------------------------------------------------------------- */

/* Tell every job in hand to end, once each. */
static void end_all(agentrun_worker *w)
{
	for (size_t i = 0; i < w->n_slots; i++) {
		agr_slot *slot = &w->slots[i];
		uint64_t tag = 0;

		pthread_mutex_lock(&w->lock);
		if (!slot->stopping)
			tag = slot->tag;
		slot->stopping = tag || slot->stopping;
		pthread_mutex_unlock(&w->lock);
		if (tag)
			agentrun_engine_cancel_tag(w->engine, tag, NULL);
	}
}

/* Until when to wait for results: the next renewal, or settling once more. */
static int wait_for(agentrun_worker *w)
{
	int64_t until = agr_clock_mono_ms() + WAIT_MS, wait;

	if (agentrun_jobs_count(w->ended) && w->settle_ms < until)
		until = w->settle_ms;
	pthread_mutex_lock(&w->lock);
	if (w->next_renew_ms < until)
		until = w->next_renew_ms;
	w->wait_until_ms = until;
	pthread_mutex_unlock(&w->lock);
	wait = until - agr_clock_mono_ms();
	return wait < 0 ? 0 : (int)wait;
}

void *agr_worker_keep(void *worker)
{
	agentrun_worker *w = worker;
	bool end = false, give_back;

	while (!end) {
		take_results(w, wait_for(w));
		conclude_late(w);
		settle(w);
		renew(w, agr_clock_mono_ms());
		pthread_mutex_lock(&w->lock);
		give_back = w->give_back;
		end = w->end_keeper;
		pthread_mutex_unlock(&w->lock);
		if (give_back)
			end_all(w);
	}
	return NULL;
}
