/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The queue suite. Every check gets an empty queue. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "suite.h"

#define LEASE_MS 200
#define MAX_DELIVERIES 3
#define SOON_MS 5000

typedef struct queue_case {
	suite_check check;
	agentrun_queue *queue;
	int wakes;
} queue_case;

static void sleep_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static int enqueue(queue_case *c, const char *const *ids, size_t n)
{
	agentrun_jobs *jobs = NULL;
	int r = agentrun_jobs_new(&jobs, NULL);

	for (size_t i = 0; r == 0 && i < n; i++) {
		agentrun_job *job = NULL;
		char payload[100];

		snprintf(payload, sizeof(payload), "{\"job_id\":\"%s\"}", ids[i]);
		r = agentrun_job_new(&job, ids[i], payload, strlen(payload), NULL);
		if (r == 0)
			r = agentrun_jobs_add(jobs, job);
	}
	if (r == 0)
		r = agentrun_queue_enqueue(c->queue, jobs, NULL);
	agentrun_jobs_free(jobs);
	return r;
}

static int enqueue_one(queue_case *c, const char *id)
{
	return enqueue(c, &id, 1);
}

/* A new list of up to `max` acquired jobs; NULL on failure. */
static agentrun_jobs *acquire(queue_case *c, size_t max, int timeout_ms)
{
	agentrun_jobs *jobs = NULL;

	if (agentrun_jobs_new(&jobs, NULL) < 0)
		return NULL;
	if (agentrun_queue_acquire(c->queue, jobs, max, 0, timeout_ms, NULL) < 0) {
		agentrun_jobs_free(jobs);
		return NULL;
	}
	return jobs;
}

static size_t count(const agentrun_jobs *jobs)
{
	return jobs ? agentrun_jobs_count(jobs) : 0;
}

static int is_job(const agentrun_jobs *jobs, size_t i, const char *id)
{
	const agentrun_job *job = jobs ? agentrun_jobs_at(jobs, i) : NULL;

	return job && strcmp(agentrun_job_id(job), id) == 0;
}

/* End the lease of one job, as it was said of it. */
static int settle(queue_case *c, agentrun_jobs *jobs)
{
	return jobs ? agentrun_queue_settle(c->queue, jobs, NULL) : AGENTRUN_EINVAL;
}

static void set_results(agentrun_jobs *jobs, const char *result)
{
	for (size_t i = 0; i < count(jobs); i++)
		agentrun_job_set_result(agentrun_jobs_at(jobs, i), result, strlen(result));
}

static int accept_all(queue_case *c, agentrun_jobs *jobs, const char *result)
{
	set_results(jobs, result);
	for (size_t i = 0; i < count(jobs); i++)
		agentrun_job_accept(agentrun_jobs_at(jobs, i));
	return settle(c, jobs);
}

static int release_all(queue_case *c, agentrun_jobs *jobs, int64_t delay_ms, int is_retry)
{
	for (size_t i = 0; i < count(jobs); i++)
		agentrun_job_release(agentrun_jobs_at(jobs, i), delay_ms, is_retry);
	return settle(c, jobs);
}

static int reject_all(queue_case *c, agentrun_jobs *jobs)
{
	for (size_t i = 0; i < count(jobs); i++)
		if (agentrun_job_reject(agentrun_jobs_at(jobs, i), "why") < 0)
			return AGENTRUN_ENOMEM;
	return settle(c, jobs);
}

static int is_settled(const agentrun_jobs *jobs, size_t i)
{
	return i < count(jobs) && agentrun_job_is_settled(agentrun_jobs_at(jobs, i)) &&
		!agentrun_job_is_lost(agentrun_jobs_at(jobs, i));
}

static int is_lost(const agentrun_jobs *jobs, size_t i)
{
	return i < count(jobs) && agentrun_job_is_lost(agentrun_jobs_at(jobs, i)) &&
		!agentrun_job_is_settled(agentrun_jobs_at(jobs, i));
}

/* Is that the job's result, at once? */
static int result_is(queue_case *c, const char *id, const char *want)
{
	agentrun_buf result = AGENTRUN_BUF_INIT;
	int r = agentrun_queue_result(&result, c->queue, id, SOON_MS, NULL);
	int is = r == AGENTRUN_EINVAL || /* an optional member */
		(r == 0 && result.len == strlen(want) && memcmp(result.data, want, result.len) == 0);

	agentrun_buf_dispose(&result);
	return is;
}

static int stats_are(queue_case *c, uint64_t waiting, uint64_t delayed, uint64_t leased,
	uint64_t dead)
{
	agentrun_queue_stats s = { .struct_size = sizeof(s) };
	int r = agentrun_queue_stats_read(&s, c->queue, NULL);

	if (r == AGENTRUN_EINVAL)
		return 1; /* an optional member */
	return r == 0 && s.waiting == waiting && s.delayed == delayed && s.leased == leased &&
		s.dead == dead;
}

/* ---- checks ------------------------------------------------------------- */

static void jobs_come_out_in_order_with_their_payload(queue_case *c)
{
	static const char *const ids[] = { "a", "b", "c" };
	agentrun_jobs *jobs;
	size_t len = 0;

	EXPECT(&c->check, enqueue(c, ids, 3) == 0);
	jobs = acquire(c, 2, SOON_MS);
	EXPECT(&c->check, count(jobs) == 2 && is_job(jobs, 0, "a") && is_job(jobs, 1, "b"));
	EXPECT(&c->check, count(jobs) == 2 &&
		strcmp(agentrun_job_payload(agentrun_jobs_at(jobs, 0), &len),
			"{\"job_id\":\"a\"}") == 0 && len == 14);
	EXPECT(&c->check,
		count(jobs) == 2 && agentrun_job_deliveries(agentrun_jobs_at(jobs, 0)) == 1);
	EXPECT(&c->check, stats_are(c, 1, 0, 2, 0));
	agentrun_jobs_free(jobs);
}

static void an_empty_queue_gives_nothing_after_the_timeout(queue_case *c)
{
	agentrun_jobs *jobs = acquire(c, 5, 20);

	EXPECT(&c->check, jobs && count(jobs) == 0);
	agentrun_jobs_free(jobs);
}

static void an_accepted_job_is_gone_and_its_result_is_there(queue_case *c)
{
	agentrun_jobs *jobs;

	EXPECT(&c->check, enqueue_one(c, "a") == 0);
	jobs = acquire(c, 1, SOON_MS);
	EXPECT(&c->check, accept_all(c, jobs, "{\"ok\":1}") == 0);
	EXPECT(&c->check, is_settled(jobs, 0));
	EXPECT(&c->check, result_is(c, "a", "{\"ok\":1}"));
	EXPECT(&c->check, stats_are(c, 0, 0, 0, 0));
	agentrun_jobs_free(jobs);
}

static void jobs_end_each_in_its_own_way(queue_case *c)
{
	static const char *const ids[] = { "a", "b", "c" };
	agentrun_jobs *jobs;

	EXPECT(&c->check, enqueue(c, ids, 3) == 0);
	jobs = acquire(c, 3, SOON_MS);
	REQUIRE(&c->check, count(jobs) == 3);
	set_results(jobs, "1");
	agentrun_job_accept(agentrun_jobs_at(jobs, 0));
	agentrun_job_release(agentrun_jobs_at(jobs, 1), 60000, 1);
	EXPECT(&c->check, settle(c, jobs) == AGENTRUN_EINVAL);
	EXPECT(&c->check, stats_are(c, 0, 0, 3, 0));
	EXPECT(&c->check, agentrun_job_reject(agentrun_jobs_at(jobs, 2), "why") == 0);
	EXPECT(&c->check, settle(c, jobs) == 0);
	EXPECT(&c->check, stats_are(c, 0, 1, 0, 1));
	EXPECT(&c->check, is_settled(jobs, 0) && is_settled(jobs, 1) && is_settled(jobs, 2));
	EXPECT(&c->check, result_is(c, "a", "1") && result_is(c, "c", "1"));
	agentrun_jobs_free(jobs);
}

static void what_is_settled_already_stays_so(queue_case *c)
{
	agentrun_jobs *jobs;

	EXPECT(&c->check, enqueue_one(c, "a") == 0);
	jobs = acquire(c, 1, SOON_MS);
	EXPECT(&c->check, release_all(c, jobs, 0, 0) == 0);
	EXPECT(&c->check, accept_all(c, jobs, "1") == 0);
	EXPECT(&c->check, is_settled(jobs, 0));
	EXPECT(&c->check, stats_are(c, 1, 0, 0, 0));
	agentrun_jobs_free(jobs);
}

static void a_lease_is_as_long_as_was_asked(queue_case *c)
{
	agentrun_jobs *jobs = NULL, *other;

	EXPECT(&c->check, enqueue_one(c, "a") == 0);
	REQUIRE(&c->check, agentrun_jobs_new(&jobs, NULL) == 0);
	EXPECT(&c->check,
		agentrun_queue_acquire(c->queue, jobs, 1, 60000, SOON_MS, NULL) == 0);
	EXPECT(&c->check, count(jobs) == 1 &&
		agentrun_job_lease_ms(agentrun_jobs_at(jobs, 0)) == 60000);
	sleep_ms(LEASE_MS + 100);
	other = acquire(c, 1, 0);
	EXPECT(&c->check, other && count(other) == 0);
	EXPECT(&c->check, agentrun_queue_renew(c->queue, jobs, LEASE_MS, NULL) == 0);
	EXPECT(&c->check, count(jobs) == 1 &&
		agentrun_job_lease_ms(agentrun_jobs_at(jobs, 0)) == LEASE_MS);
	agentrun_jobs_free(other);
	/* Not at the timeout: as soon as it has lapsed. */
	other = acquire(c, 1, -1);
	EXPECT(&c->check, count(other) == 1 &&
		agentrun_job_lease_ms(agentrun_jobs_at(other, 0)) == LEASE_MS);
	agentrun_jobs_free(jobs);
	agentrun_jobs_free(other);
}

static void a_lapsed_lease_returns_to_the_front(queue_case *c)
{
	static const char *const ids[] = { "a", "b", "c" };
	agentrun_jobs *first, *second;

	EXPECT(&c->check, enqueue(c, ids, 3) == 0);
	first = acquire(c, 2, SOON_MS);
	sleep_ms(LEASE_MS + 100);
	second = acquire(c, 3, SOON_MS);
	EXPECT(&c->check, count(second) == 3 && is_job(second, 0, "a") &&
		is_job(second, 1, "b") && is_job(second, 2, "c"));
	EXPECT(&c->check,
		count(second) == 3 && agentrun_job_deliveries(agentrun_jobs_at(second, 0)) == 2);
	EXPECT(&c->check,
		count(second) == 3 && agentrun_job_retries(agentrun_jobs_at(second, 0)) == 0);
	agentrun_jobs_free(first);
	agentrun_jobs_free(second);
}

static void a_lost_lease_settles_nothing(queue_case *c)
{
	agentrun_jobs *first, *second;

	EXPECT(&c->check, enqueue_one(c, "a") == 0);
	first = acquire(c, 1, SOON_MS);
	sleep_ms(LEASE_MS + 100);
	second = acquire(c, 1, SOON_MS);
	REQUIRE(&c->check, count(first) == 1 && count(second) == 1);
	EXPECT(&c->check, accept_all(c, first, "\"old\"") == 0);
	EXPECT(&c->check, is_lost(first, 0));
	EXPECT(&c->check, accept_all(c, second, "\"new\"") == 0);
	EXPECT(&c->check, is_settled(second, 0));
	EXPECT(&c->check, result_is(c, "a", "\"new\""));
	agentrun_jobs_free(first);
	agentrun_jobs_free(second);
}

static void a_renew_tells_of_a_lost_lease(queue_case *c)
{
	agentrun_jobs *first, *second;

	EXPECT(&c->check, enqueue_one(c, "a") == 0);
	first = acquire(c, 1, SOON_MS);
	sleep_ms(LEASE_MS + 100);
	second = acquire(c, 1, SOON_MS);
	REQUIRE(&c->check, count(first) == 1 && count(second) == 1);
	EXPECT(&c->check, agentrun_queue_renew(c->queue, first, 0, NULL) == 0);
	EXPECT(&c->check, is_lost(first, 0));
	EXPECT(&c->check, release_all(c, first, 0, 0) == 0);
	EXPECT(&c->check, is_lost(first, 0) && stats_are(c, 0, 0, 1, 0));
	agentrun_jobs_free(first);
	agentrun_jobs_free(second);
}

static void a_renewed_lease_holds(queue_case *c)
{
	agentrun_jobs *held, *other = NULL;

	EXPECT(&c->check, enqueue_one(c, "a") == 0);
	held = acquire(c, 1, SOON_MS);
	for (int i = 0; i < 4; i++) {
		sleep_ms(LEASE_MS / 2);
		EXPECT(&c->check, agentrun_queue_renew(c->queue, held, 0, NULL) == 0);
	}
	other = acquire(c, 1, 1);
	EXPECT(&c->check, count(held) == 1 && count(other) == 0);
	EXPECT(&c->check,
		count(held) == 1 && agentrun_job_is_lost(agentrun_jobs_at(held, 0)) == 0);
	agentrun_jobs_free(held);
	agentrun_jobs_free(other);
}

static void a_released_job_comes_back_after_its_delay(queue_case *c)
{
	agentrun_jobs *jobs;

	EXPECT(&c->check, enqueue_one(c, "a") == 0);
	jobs = acquire(c, 1, SOON_MS);
	EXPECT(&c->check, release_all(c, jobs, 150, 1) == 0);
	agentrun_jobs_free(jobs);
	jobs = acquire(c, 1, 10);
	EXPECT(&c->check, jobs && count(jobs) == 0);
	agentrun_jobs_free(jobs);
	jobs = acquire(c, 1, SOON_MS);
	EXPECT(&c->check, count(jobs) == 1);
	EXPECT(&c->check, count(jobs) == 1 &&
		agentrun_job_retries(agentrun_jobs_at(jobs, 0)) == 1 &&
		agentrun_job_deliveries(agentrun_jobs_at(jobs, 0)) == 1);
	agentrun_jobs_free(jobs);
}

static void a_job_that_is_given_back_counts_nothing(queue_case *c)
{
	agentrun_jobs *jobs = NULL;

	EXPECT(&c->check, enqueue_one(c, "a") == 0);
	for (int i = 0; i < MAX_DELIVERIES + 2; i++) {
		jobs = acquire(c, 1, SOON_MS);
		EXPECT(&c->check, count(jobs) == 1 &&
			agentrun_job_deliveries(agentrun_jobs_at(jobs, 0)) == 1 &&
			agentrun_job_retries(agentrun_jobs_at(jobs, 0)) == 0);
		EXPECT(&c->check, release_all(c, jobs, 0, 0) == 0);
		agentrun_jobs_free(jobs);
	}
}

static void a_job_delivered_too_often_is_a_dead_letter(queue_case *c)
{
	agentrun_jobs *jobs;

	EXPECT(&c->check, enqueue_one(c, "poison") == 0);
	for (int i = 0; i < MAX_DELIVERIES; i++) {
		jobs = acquire(c, 1, SOON_MS);
		EXPECT(&c->check, count(jobs) == 1);
		agentrun_jobs_free(jobs);
		sleep_ms(LEASE_MS + 50);
	}
	jobs = acquire(c, 1, 10);
	EXPECT(&c->check, jobs && count(jobs) == 0);
	EXPECT(&c->check, stats_are(c, 0, 0, 0, 1));
	agentrun_jobs_free(jobs);
}

static void dead_letters_are_listed_retried_and_dropped(queue_case *c)
{
	static const char *const ids[] = { "a", "b" };
	agentrun_buf list = AGENTRUN_BUF_INIT;
	agentrun_jobs *jobs;
	int r;

	EXPECT(&c->check, enqueue(c, ids, 2) == 0);
	jobs = acquire(c, 2, SOON_MS);
	REQUIRE(&c->check, count(jobs) == 2);
	EXPECT(&c->check, reject_all(c, jobs) == 0);
	agentrun_jobs_free(jobs);
	EXPECT(&c->check, stats_are(c, 0, 0, 0, 2));
	r = agentrun_queue_dead_list(&list, c->queue, NULL, NULL);
	if (r == AGENTRUN_EINVAL)
		return; /* optional members */
	EXPECT(&c->check, r == 0 && strstr(list.data, "\"job_id\":\"a\"") &&
		strstr(list.data, "\"reason\":\"why\""));
	EXPECT(&c->check, agentrun_queue_dead_drop(c->queue, "a", NULL) == 0);
	EXPECT(&c->check,
		agentrun_queue_dead_drop(c->queue, "a", NULL) == AGENTRUN_ENOTFOUND);
	EXPECT(&c->check, agentrun_queue_dead_retry(c->queue, "b", NULL) == 0);
	jobs = acquire(c, 2, SOON_MS);
	EXPECT(&c->check, count(jobs) == 1 && is_job(jobs, 0, "b"));
	EXPECT(&c->check, stats_are(c, 0, 0, 1, 0));
	agentrun_jobs_free(jobs);
	agentrun_buf_dispose(&list);
}

/* How many letters the answer holds, of those that say when they died. */
static size_t letters(queue_case *c, const char *job_id, size_t limit, size_t offset)
{
	agentrun_buf list = AGENTRUN_BUF_INIT;
	agentrun_dead_query query;
	size_t n = 0;

	agentrun_dead_query_init(&query, sizeof(query));
	query.job_id = job_id;
	query.limit = limit;
	query.offset = offset;
	if (agentrun_queue_dead_list(&list, c->queue, &query, NULL) < 0)
		return 999;
	for (const char *at = list.data; (at = strstr(at, "\"dead_at\":")); at++)
		n += at[10] >= '1' && at[10] <= '9'; /* milliseconds */
	agentrun_buf_dispose(&list);
	return n;
}

static void dead_letters_are_found_by_job_and_in_portions(queue_case *c)
{
	static const char *const ids[] = { "a", "b", "a" };
	agentrun_buf list = AGENTRUN_BUF_INIT;
	agentrun_jobs *jobs;
	int r;

	EXPECT(&c->check, enqueue(c, ids, 3) == 0);
	jobs = acquire(c, 3, SOON_MS);
	EXPECT(&c->check, reject_all(c, jobs) == 0);
	agentrun_jobs_free(jobs);
	r = agentrun_queue_dead_list(&list, c->queue, NULL, NULL);
	agentrun_buf_dispose(&list);
	if (r == AGENTRUN_EINVAL)
		return; /* an optional member */
	EXPECT(&c->check, letters(c, NULL, 0, 0) == 3 && letters(c, NULL, 2, 0) == 2);
	EXPECT(&c->check, letters(c, NULL, 2, 2) == 1 && letters(c, NULL, 2, 3) == 0);
	EXPECT(&c->check, letters(c, "a", 100, 0) == 2 && letters(c, "a", 100, 1) == 1);
	EXPECT(&c->check, letters(c, "b", 1, 0) == 1 && letters(c, "none", 0, 0) == 0);
}

static void a_dead_letter_does_not_block_a_new_job_of_its_id(queue_case *c)
{
	agentrun_jobs *jobs;

	EXPECT(&c->check, enqueue_one(c, "a") == 0);
	jobs = acquire(c, 1, SOON_MS);
	EXPECT(&c->check, reject_all(c, jobs) == 0);
	agentrun_jobs_free(jobs);
	EXPECT(&c->check, enqueue_one(c, "a") == 0);
	jobs = acquire(c, 1, SOON_MS);
	EXPECT(&c->check, count(jobs) == 1 && is_job(jobs, 0, "a"));
	agentrun_jobs_free(jobs);
}

static void a_cancelled_job_is_told(queue_case *c)
{
	static const char *const ids[] = { "a", "b" };
	agentrun_jobs *jobs;
	int r;

	EXPECT(&c->check, enqueue(c, ids, 2) == 0);
	r = agentrun_queue_cancel(c->queue, "b", NULL);
	if (r == AGENTRUN_EINVAL)
		return; /* an optional member */
	EXPECT(&c->check, r == 0);
	jobs = acquire(c, 2, SOON_MS);
	REQUIRE(&c->check, count(jobs) == 2);
	EXPECT(&c->check, !agentrun_job_is_cancelled(agentrun_jobs_at(jobs, 0)) &&
		agentrun_job_is_cancelled(agentrun_jobs_at(jobs, 1)));
	EXPECT(&c->check, agentrun_queue_cancel(c->queue, "a", NULL) == 0);
	EXPECT(&c->check, agentrun_queue_renew(c->queue, jobs, LEASE_MS, NULL) == 0);
	EXPECT(&c->check, agentrun_job_is_cancelled(agentrun_jobs_at(jobs, 0)));
	EXPECT(&c->check,
		agentrun_queue_cancel(c->queue, "none", NULL) == AGENTRUN_ENOTFOUND);
	agentrun_jobs_free(jobs);
}

/* ---- journals ------------------------------------------------------------- */

static int note(queue_case *c, const agentrun_jobs *jobs, const char *name,
	const char *value, size_t len)
{
	const agentrun_job *job = agentrun_jobs_at(jobs, 0);

	return agentrun_queue_journal_put(c->queue, agentrun_job_id(job),
		agentrun_job_lease(job), name, value, len, NULL);
}

/* Is that what the journal says? `value` NULL: nothing. */
static int says(queue_case *c, const agentrun_jobs *jobs, const char *name,
	const char *value, size_t len)
{
	const agentrun_job *job = agentrun_jobs_at(jobs, 0);
	agentrun_buf out = AGENTRUN_BUF_INIT;
	int found = 9, r, is;

	r = agentrun_queue_journal_get(&out, &found, c->queue, agentrun_job_id(job),
		agentrun_job_lease(job), name, NULL);
	is = r == 0 && found == (value != NULL) &&
		(!value || (out.len == len && memcmp(out.data, value, len) == 0));
	agentrun_buf_dispose(&out);
	return is;
}

/* A job in hand; NULL, and the check is over, where the backend keeps no journals. */
static agentrun_jobs *journal_case(queue_case *c, const char *id)
{
	agentrun_jobs *jobs;

	EXPECT(&c->check, enqueue_one(c, id) == 0);
	jobs = acquire(c, 1, SOON_MS);
	EXPECT(&c->check, count(jobs) == 1);
	if (count(jobs) == 1 && note(c, jobs, "probe", "", 0) != AGENTRUN_EINVAL)
		return jobs;
	agentrun_jobs_free(jobs);
	return NULL;
}

static void a_journal_keeps_what_is_written(queue_case *c)
{
	static const char bytes[] = "a\0b\n\xff";
	agentrun_jobs *jobs = journal_case(c, "a");

	if (!jobs)
		return; /* optional members */
	EXPECT(&c->check, !agentrun_job_is_journalled(agentrun_jobs_at(jobs, 0)));
	EXPECT(&c->check, says(c, jobs, "probe", "", 0));
	EXPECT(&c->check, says(c, jobs, "none", NULL, 0));
	EXPECT(&c->check, note(c, jobs, "one", bytes, sizeof(bytes)) == 0);
	EXPECT(&c->check, note(c, jobs, "two", "2", 1) == 0);
	EXPECT(&c->check, note(c, jobs, "two", "22", 2) == 0);
	EXPECT(&c->check, says(c, jobs, "one", bytes, sizeof(bytes)));
	EXPECT(&c->check, says(c, jobs, "two", "22", 2));
	agentrun_jobs_free(jobs);
}

static void a_journal_goes_with_a_job_that_comes_back(queue_case *c)
{
	agentrun_jobs *jobs = journal_case(c, "a");

	if (!jobs)
		return; /* optional members */
	EXPECT(&c->check, note(c, jobs, "one", "1", 1) == 0);
	EXPECT(&c->check, release_all(c, jobs, 0, 0) == 0); /* given back */
	agentrun_jobs_free(jobs);
	for (int i = 0; i < 2; i++) { /* then released to be tried again, then lapsed */
		jobs = acquire(c, 1, SOON_MS);
		REQUIRE(&c->check, count(jobs) == 1);
		EXPECT(&c->check, agentrun_job_is_journalled(agentrun_jobs_at(jobs, 0)));
		EXPECT(&c->check, says(c, jobs, "one", "1", 1));
		if (i == 0)
			EXPECT(&c->check, release_all(c, jobs, 0, 1) == 0);
		agentrun_jobs_free(jobs);
	}
	sleep_ms(LEASE_MS + 50);
	jobs = acquire(c, 1, SOON_MS);
	REQUIRE(&c->check, count(jobs) == 1);
	EXPECT(&c->check, agentrun_job_is_journalled(agentrun_jobs_at(jobs, 0)));
	EXPECT(&c->check, says(c, jobs, "one", "1", 1));
	agentrun_jobs_free(jobs);
}

static void a_lost_lease_neither_writes_nor_reads_a_journal(queue_case *c)
{
	agentrun_jobs *lost = journal_case(c, "a"), *jobs;

	if (!lost)
		return; /* optional members */
	sleep_ms(LEASE_MS + 50);
	jobs = acquire(c, 1, SOON_MS);
	REQUIRE(&c->check, count(jobs) == 1);
	EXPECT(&c->check, note(c, jobs, "one", "1", 1) == 0);
	EXPECT(&c->check, note(c, lost, "one", "2", 1) == AGENTRUN_ENOTFOUND);
	EXPECT(&c->check, !says(c, lost, "one", "1", 1) && !says(c, lost, "one", NULL, 0));
	EXPECT(&c->check, says(c, jobs, "one", "1", 1));
	agentrun_jobs_free(jobs);
	agentrun_jobs_free(lost);
}

static void a_journal_ends_with_its_job(queue_case *c)
{
	agentrun_jobs *jobs;

	for (int i = 0; i < 3; i++) {
		jobs = journal_case(c, "a");
		if (!jobs)
			return; /* optional members */
		EXPECT(&c->check, !agentrun_job_is_journalled(agentrun_jobs_at(jobs, 0)));
		EXPECT(&c->check, says(c, jobs, "one", NULL, 0));
		EXPECT(&c->check, note(c, jobs, "one", "1", 1) == 0);
		EXPECT(&c->check, (i ? reject_all(c, jobs) : accept_all(c, jobs, "1")) == 0);
		agentrun_jobs_free(jobs);
	}
}

struct worker {
	queue_case *c;
	size_t done;
};

static void *work(void *user)
{
	struct worker *w = user;
	agentrun_jobs *jobs;

	for (;;) {
		jobs = acquire(w->c, 7, 50);
		if (!count(jobs))
			break;
		accept_all(w->c, jobs, "1");
		for (size_t i = 0; i < count(jobs); i++)
			w->done += is_settled(jobs, i);
		agentrun_jobs_free(jobs);
	}
	agentrun_jobs_free(jobs);
	return NULL;
}

static void several_consumers_share_the_jobs(queue_case *c)
{
	struct worker workers[3] = { { c, 0 }, { c, 0 }, { c, 0 } };
	pthread_t threads[3];
	char id[16];
	size_t done = 0;
	int n = 0;

	for (int i = 0; i < 300; i++) {
		snprintf(id, sizeof(id), "job-%d", i);
		EXPECT(&c->check, enqueue_one(c, id) == 0);
	}
	while (n < 3 && pthread_create(&threads[n], NULL, work, &workers[n]) == 0)
		n++;
	for (int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		done += workers[i].done;
	}
	EXPECT(&c->check, done == 300);
	EXPECT(&c->check, stats_are(c, 0, 0, 0, 0));
}

static void *wake_later(void *user)
{
	sleep_ms(50);
	agentrun_queue_wakeup(user);
	return NULL;
}

/* Does an acquire that may wait for 20 s return at once, and without a job? */
static int is_woken(queue_case *c)
{
	struct timespec from, to;
	agentrun_jobs *jobs;
	int woken;

	clock_gettime(CLOCK_MONOTONIC, &from);
	jobs = acquire(c, 1, 20000);
	clock_gettime(CLOCK_MONOTONIC, &to);
	woken = jobs && count(jobs) == 0 && to.tv_sec - from.tv_sec < 10;
	agentrun_jobs_free(jobs);
	return woken;
}

static void a_wakeup_ends_a_wait(queue_case *c)
{
	pthread_t thread;

	if (!c->wakes)
		return; /* an optional member */
	REQUIRE(&c->check, pthread_create(&thread, NULL, wake_later, c->queue) == 0);
	EXPECT(&c->check, is_woken(c));
	pthread_join(thread, NULL);
}

static void a_wakeup_before_the_wait_is_not_lost(queue_case *c)
{
	agentrun_jobs *jobs;

	if (!c->wakes)
		return; /* an optional member */
	agentrun_queue_wakeup(c->queue);
	EXPECT(&c->check, is_woken(c));
	EXPECT(&c->check, enqueue_one(c, "a") == 0);
	agentrun_queue_wakeup(c->queue);
	jobs = acquire(c, 1, 0);
	EXPECT(&c->check, count(jobs) == 1);
	agentrun_jobs_free(jobs);
}

static const struct {
	const char *name;
	void (*run)(queue_case *c);
} checks[] = {
#define CHECK(name) { #name, name }
	CHECK(jobs_come_out_in_order_with_their_payload),
	CHECK(an_empty_queue_gives_nothing_after_the_timeout),
	CHECK(an_accepted_job_is_gone_and_its_result_is_there),
	CHECK(jobs_end_each_in_its_own_way),
	CHECK(what_is_settled_already_stays_so),
	CHECK(a_lease_is_as_long_as_was_asked),
	CHECK(a_lapsed_lease_returns_to_the_front),
	CHECK(a_lost_lease_settles_nothing),
	CHECK(a_renew_tells_of_a_lost_lease),
	CHECK(a_renewed_lease_holds),
	CHECK(a_released_job_comes_back_after_its_delay),
	CHECK(a_job_that_is_given_back_counts_nothing),
	CHECK(a_job_delivered_too_often_is_a_dead_letter),
	CHECK(dead_letters_are_listed_retried_and_dropped),
	CHECK(dead_letters_are_found_by_job_and_in_portions),
	CHECK(a_dead_letter_does_not_block_a_new_job_of_its_id),
	CHECK(a_cancelled_job_is_told),
	CHECK(a_journal_keeps_what_is_written),
	CHECK(a_journal_goes_with_a_job_that_comes_back),
	CHECK(a_lost_lease_neither_writes_nor_reads_a_journal),
	CHECK(a_journal_ends_with_its_job),
	CHECK(several_consumers_share_the_jobs),
	CHECK(a_wakeup_ends_a_wait),
	CHECK(a_wakeup_before_the_wait_is_not_lost),
#undef CHECK
};

int agentrun_conformance_check_queue(const agentrun_conformance_queue *given)
{
	agentrun_conformance_queue backend = { .struct_size = sizeof(backend) };
	int failed = 0;

	if (agentrun_options_read(&backend, sizeof(backend), given,
		"agentrun_conformance_queue", NULL) < 0 || !backend.open ||
		backend.reserved)
		return AGENTRUN_EINVAL;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		queue_case c = { .wakes = backend.wakes };
		agentrun_error *err = NULL;

		if (backend.open(backend.user, &c.queue, LEASE_MS, MAX_DELIVERIES, &err) == 0)
			checks[i].run(&c);
		else
			snprintf(c.check.why, sizeof(c.check.why), "open: %s",
				agentrun_error_message(err));
		agentrun_error_free(err);
		agentrun_queue_free(c.queue);
		failed += *c.check.why != '\0';
		if (backend.report)
			backend.report(backend.user, checks[i].name,
				*c.check.why ? c.check.why : NULL);
	}
	return failed;
}
