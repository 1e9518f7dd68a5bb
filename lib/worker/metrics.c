/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Prometheus' text format, version 0.0.4; names as its conventions want them. */
#include <string.h>

#include "worker/worker.h"

static const char *const lanes[AGR_WORKER_LANES] = { "unclear", "execute", "patch" };
static const char *const outcomes[AGR_WORKER_OUTCOMES] = { "completed", "failed", "retried",
	"dead", "given_back", "lost" };
static const int64_t bounds_ms[AGR_WORKER_BUCKETS] = { 1, 5, 10, 25, 50, 100, 250, 500, 1000,
	2500, 5000, 10000, 60000, 300000 };

void agr_histogram_add(agr_histogram *histogram, int64_t ms)
{
	size_t i = 0;

	while (i < AGR_WORKER_BUCKETS && ms > bounds_ms[i])
		i++;
	histogram->buckets[i]++;
	histogram->sum_ms += ms;
}

static void describe(agr_buf *out, const char *name, const char *type, const char *help)
{
	agr_buf_printf(out, "# HELP agentrun_%s %s\n# TYPE agentrun_%s %s\n", name, help, name,
		type);
}

static void single(agr_buf *out, const char *name, const char *type, const char *help,
	uint64_t value)
{
	describe(out, name, type, help);
	agr_buf_printf(out, "agentrun_%s %llu\n", name, (unsigned long long)value);
}

static void histogram(agr_buf *out, const char *name, const char *help,
	const agr_histogram *h)
{
	unsigned long long n = 0;

	describe(out, name, "histogram", help);
	for (size_t i = 0; i < AGR_WORKER_BUCKETS; i++) {
		n += h->buckets[i];
		agr_buf_printf(out, "agentrun_%s_bucket{le=\"%g\"} %llu\n", name,
			(double)bounds_ms[i] / 1000, n);
	}
	n += h->buckets[AGR_WORKER_BUCKETS];
	agr_buf_printf(out, "agentrun_%s_bucket{le=\"+Inf\"} %llu\nagentrun_%s_sum %.3f\n"
		"agentrun_%s_count %llu\n", name, n, name, (double)h->sum_ms / 1000, name, n);
}

static void jobs(agr_buf *out, const agr_worker_counts *counts)
{
	describe(out, "jobs_total", "counter", "Jobs by lane and how they ended.");
	for (size_t l = 0; l < AGR_WORKER_LANES; l++)
		for (size_t o = 0; o < AGR_WORKER_OUTCOMES; o++)
			agr_buf_printf(out, "agentrun_jobs_total{lane=\"%s\",outcome=\"%s\"} %llu\n",
				lanes[l], outcomes[o], (unsigned long long)counts->ended[l][o]);
}

int agentrun_worker_metrics(agentrun_buf *to, const agentrun_worker *worker,
	agentrun_error **err)
{
	agentrun_worker *w = (agentrun_worker *)worker;
	agr_worker_counts counts;
	agr_buf out = AGR_BUF_INIT;
	size_t in_hand;
	bool taking;
	int r;

	pthread_mutex_lock(&w->lock);
	counts = w->counts;
	in_hand = w->in_hand;
	taking = w->running && !w->stop && !w->quiet;
	pthread_mutex_unlock(&w->lock);
	jobs(&out, &counts);
	single(&out, "jobs_in_flight", "gauge", "Jobs in hand.", in_hand);
	single(&out, "jobs_limit", "gauge", "Most jobs in hand at once.", w->n_slots);
	single(&out, "worker_up", "gauge", "1 while jobs are taken.", taking);
	single(&out, "jobs_redelivered_total", "counter",
		"Jobs that had been handed out before.", counts.redelivered);
	single(&out, "queue_errors_total", "counter", "Calls of the queue that failed.",
		counts.queue_errors);
	single(&out, "llm_tokens_total", "counter", "Tokens that models used.", counts.tokens);
	histogram(&out, "job_duration_seconds", "From submission to result.", &counts.took);
	histogram(&out, "queue_wait_seconds", "From being enqueued to submission.",
		&counts.waited);
	r = agr_buf_check(&out, "the metrics", err);
	if (r == 0 && agentrun_buf_append(to, out.data, out.len) < 0)
		r = agr_error_oom(err);
	agr_buf_free(&out);
	return r;
}

static uint64_t all_lanes(const agr_worker_counts *counts, int outcome)
{
	uint64_t n = 0;

	for (size_t l = 0; l < AGR_WORKER_LANES; l++)
		n += counts->ended[l][outcome];
	return n;
}

int agentrun_worker_stats_read(agentrun_worker_stats *to, const agentrun_worker *worker,
	agentrun_error **err)
{
	agentrun_worker *w = (agentrun_worker *)worker;
	agentrun_worker_stats stats = { .struct_size = 0 };
	const size_t head = sizeof(stats.struct_size), given = to->struct_size;
	size_t n = given < sizeof(stats) ? given : sizeof(stats);

	if (given < head || given > (size_t)1024 * 1024)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_worker_stats.struct_size is not set");
	pthread_mutex_lock(&w->lock);
	stats.completed = all_lanes(&w->counts, AGR_WORKER_COMPLETED);
	stats.failed = all_lanes(&w->counts, AGR_WORKER_FAILED);
	stats.retried = all_lanes(&w->counts, AGR_WORKER_RETRIED);
	stats.rejected = all_lanes(&w->counts, AGR_WORKER_REJECTED);
	stats.given_back = all_lanes(&w->counts, AGR_WORKER_GIVEN_BACK);
	stats.lost = all_lanes(&w->counts, AGR_WORKER_LOST);
	stats.redelivered = w->counts.redelivered;
	stats.in_hand = w->in_hand;
	stats.running = w->running && !w->stop;
	stats.quiet = w->quiet;
	stats.threads = agr_engine_threads(w->engine);
	pthread_mutex_unlock(&w->lock);
	memset((char *)to + head, 0, given - head);
	memcpy((char *)to + head, (const char *)&stats + head, n - head);
	return 0;
}
