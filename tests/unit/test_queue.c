/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What every queue backend stands behind: jobs, what is said of them, the table. */
#include "unit.h"

#include <agentrun/memory.h>
#include <agentrun/sys/queue.h>

/* A backend that notes what it is asked. */
struct notes {
	size_t settled;
	int64_t lease_ms;
	int timeout_ms, destroyed;
	size_t hands_out; /* whatever it is asked for */
};

static int note_enqueue(void *self, const agentrun_jobs *jobs, agentrun_error **err)
{
	(void)self;
	(void)jobs;
	return agentrun_error_raise(err, AGENTRUN_EBACKEND, "gone");
}

static int note_acquire(void *self, agentrun_jobs *into, size_t max, int64_t lease_ms,
	int timeout_ms, agentrun_error **err)
{
	struct notes *n = self;

	(void)max;
	(void)err;
	n->lease_ms = lease_ms;
	n->timeout_ms = timeout_ms;
	for (size_t i = 0; i < n->hands_out; i++) {
		agentrun_job *job;

		ck_assert_int_eq(agentrun_job_new(&job, "j", "{}", 2, NULL), 0);
		ck_assert_int_eq(agentrun_job_set_lease(job, "lease", 30000), 0);
		ck_assert_int_eq(agentrun_jobs_add(into, job), 0);
	}
	return 0;
}

static int note_settle(void *self, agentrun_jobs *jobs, agentrun_error **err)
{
	struct notes *n = self;

	(void)err;
	n->settled += agentrun_jobs_count(jobs);
	return 0;
}

static int note_renew(void *self, agentrun_jobs *jobs, int64_t lease_ms,
	agentrun_error **err)
{
	(void)jobs;
	(void)err;
	((struct notes *)self)->lease_ms = lease_ms;
	return 0;
}

static void note_destroy(void *self)
{
	((struct notes *)self)->destroyed++;
}

static agentrun_queue *queue;
static agentrun_jobs *jobs;
static agentrun_error *err;
static struct notes notes;

static agentrun_queue_impl table(void)
{
	return (agentrun_queue_impl){ .version = AGENTRUN_QUEUE_IMPL_VERSION,
		.struct_size = sizeof(agentrun_queue_impl), .name = "noting",
		.enqueue = note_enqueue, .acquire = note_acquire, .settle = note_settle,
		.renew = note_renew, .destroy = note_destroy };
}

static void setup(void)
{
	agentrun_queue_impl impl = table();
	char name[] = "noting";

	notes = (struct notes){ 0 };
	err = NULL;
	impl.name = name;
	ck_assert_int_eq(agentrun_queue_new(&queue, &impl, &notes, NULL), 0);
	name[0] = '?'; /* the queue has a copy */
	ck_assert_int_eq(agentrun_jobs_new(&jobs, NULL), 0);
}

static void teardown(void)
{
	agentrun_jobs_free(jobs);
	agentrun_error_free(err);
	agentrun_queue_free(queue);
	ck_assert_int_eq(notes.destroyed, 1);
}

static agentrun_job *add_job(const char *id)
{
	agentrun_job *job;

	ck_assert_int_eq(agentrun_job_new(&job, id, "{}", 2, NULL), 0);
	ck_assert_int_eq(agentrun_jobs_add(jobs, job), 0);
	return job;
}

START_TEST(a_job_that_does_not_say_how_it_ends_is_not_settled)
{
	agentrun_job_accept(add_job("one"));
	add_job("two");
	ck_assert_int_eq(agentrun_queue_settle(queue, jobs, &err), AGENTRUN_EINVAL);
	ck_assert_str_eq(agentrun_error_message(err), "job 2 of the list (two) does not say how "
		"it ends: accept, release or reject it");
	ck_assert_uint_eq(notes.settled, 0);
	agentrun_job_accept(agentrun_jobs_at(jobs, 1));
	ck_assert_int_eq(agentrun_queue_settle(queue, jobs, NULL), 0);
	ck_assert_uint_eq(notes.settled, 2);
}
END_TEST

START_TEST(what_was_said_last_counts)
{
	agentrun_job *job = add_job("j");
	char reason[] = "bad", result[] = "[1]";
	size_t len = 9;

	ck_assert_int_eq(agentrun_job_action(job), AGENTRUN_ACTION_NONE);
	ck_assert_ptr_null(agentrun_job_result(job, &len));
	ck_assert_uint_eq(len, 0);
	agentrun_job_accept(job);
	ck_assert_int_eq(agentrun_job_action(job), AGENTRUN_ACTION_ACCEPT);
	agentrun_job_release(job, -5, 7);
	ck_assert_int_eq(agentrun_job_action(job), AGENTRUN_ACTION_RELEASE);
	ck_assert_int_eq(agentrun_job_delay_ms(job), 0);
	ck_assert_int_eq(agentrun_job_counts_as_retry(job), 1);
	ck_assert_str_eq(agentrun_job_reason(job), "");
	ck_assert_int_eq(agentrun_job_reject(job, reason), 0);
	ck_assert_int_eq(agentrun_job_set_result(job, result, 2), 0);
	reason[0] = result[0] = '?'; /* both were copied */
	ck_assert_int_eq(agentrun_job_action(job), AGENTRUN_ACTION_REJECT);
	ck_assert_str_eq(agentrun_job_reason(job), "bad");
	ck_assert_str_eq(agentrun_job_result(job, &len), "[1");
	ck_assert_uint_eq(len, 2);
	ck_assert_int_eq(agentrun_job_set_result(job, NULL, 0), 0);
	ck_assert_ptr_null(agentrun_job_result(job, NULL));
	ck_assert_int_eq(agentrun_job_reject(job, NULL), 0);
	ck_assert_str_eq(agentrun_job_reason(job), "");
}
END_TEST

START_TEST(of_a_settled_or_lost_job_nothing_is_to_be_done)
{
	agentrun_job *settled = add_job("s"), *lost = add_job("l");

	agentrun_job_accept(settled);
	agentrun_job_accept(lost);
	agentrun_job_set_settled(settled);
	agentrun_job_set_lost(lost, 1);
	ck_assert_int_eq(agentrun_job_is_settled(settled), 1);
	ck_assert_int_eq(agentrun_job_is_settled(lost), 0);
	ck_assert_int_eq(agentrun_job_action(settled), AGENTRUN_ACTION_NONE);
	ck_assert_int_eq(agentrun_job_action(lost), AGENTRUN_ACTION_NONE);
	ck_assert_int_eq(agentrun_queue_settle(queue, jobs, NULL), 0);
}
END_TEST

START_TEST(a_renewed_lease_keeps_its_name)
{
	agentrun_job *job = add_job("j");

	ck_assert_str_eq(agentrun_job_lease(job), "");
	ck_assert_int_eq(agentrun_job_set_lease(job, "l-1", 500), 0);
	ck_assert_int_eq(agentrun_job_set_lease(job, NULL, INT64_C(9000000000)), 0);
	ck_assert_str_eq(agentrun_job_lease(job), "l-1");
	ck_assert_int_eq(agentrun_job_lease_ms(job), INT64_C(9000000000));
	agentrun_job_set_counts(job, 3, 2);
	agentrun_job_set_enqueued_ms(job, 77);
	ck_assert_uint_eq(agentrun_job_deliveries(job), 3);
	ck_assert_uint_eq(agentrun_job_retries(job), 2);
	ck_assert_int_eq(agentrun_job_enqueued_ms(job), 77);
}
END_TEST

START_TEST(leases_and_waits_reach_the_backend_as_they_are)
{
	ck_assert_int_eq(agentrun_queue_acquire(queue, jobs, 1, INT64_C(9000000000), -1, NULL),
		0);
	ck_assert_int_eq(notes.lease_ms, INT64_C(9000000000));
	ck_assert_int_eq(notes.timeout_ms, -1);
	ck_assert_int_eq(agentrun_queue_renew(queue, jobs, 0, NULL), 0);
	ck_assert_int_eq(notes.lease_ms, 0);
	ck_assert_int_eq(agentrun_queue_acquire(queue, jobs, 1, -1, 0, NULL), AGENTRUN_EINVAL);
	ck_assert_int_eq(agentrun_queue_renew(queue, jobs, -1, NULL), AGENTRUN_EINVAL);
	ck_assert_int_eq(notes.lease_ms, 0);
	ck_assert_int_eq(agentrun_queue_enqueue(queue, jobs, NULL), AGENTRUN_EBACKEND);
}
END_TEST

START_TEST(more_jobs_than_were_asked_for_are_not_handed_on)
{
	size_t before = agentrun_jobs_count(jobs);

	notes.hands_out = 3;
	ck_assert_int_eq(agentrun_queue_acquire(queue, jobs, 3, 0, 0, &err), 0);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), before + 3);
	notes.hands_out = 9;
	ck_assert_int_eq(agentrun_queue_acquire(queue, jobs, 2, 0, 0, &err), AGENTRUN_EINTERNAL);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), before + 5);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err),
		"the noting queue handed out 9 jobs, of which 2"));
}
END_TEST

START_TEST(what_a_backend_lacks_is_refused_by_name)
{
	agentrun_queue_stats stats = { .struct_size = sizeof(stats) };
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_queue_impl impl = table();
	agentrun_queue *other;

	ck_assert_int_eq(agentrun_queue_cancel(queue, "j", &err), AGENTRUN_EINVAL);
	ck_assert_str_eq(agentrun_error_message(err), "the noting queue cannot cancel jobs");
	ck_assert_int_eq(agentrun_queue_result(&out, queue, "j", 0, NULL), AGENTRUN_EINVAL);
	ck_assert_int_eq(agentrun_queue_stats_read(&stats, queue, NULL), AGENTRUN_EINVAL);
	ck_assert_int_eq(agentrun_queue_dead_list(&out, queue, NULL, NULL), AGENTRUN_EINVAL);
	ck_assert_int_eq(agentrun_queue_dead_retry(queue, NULL, NULL), AGENTRUN_EINVAL);
	ck_assert_int_eq(agentrun_queue_dead_drop(queue, "j", NULL), AGENTRUN_EINVAL);
	agentrun_queue_wakeup(queue);
	impl.renew = NULL;
	ck_assert_int_eq(agentrun_queue_new(&other, &impl, &notes, NULL), AGENTRUN_EINVAL);
	ck_assert_ptr_null(other);
	ck_assert_int_eq(notes.destroyed, 0);
}
END_TEST

START_TEST(wrong_options_of_the_memory_queue_are_refused)
{
	agentrun_memory_queue_options opts;
	agentrun_queue *other;

	agentrun_memory_queue_options_init(&opts, sizeof(opts));
	opts.lease_ms = 0;
	ck_assert_int_eq(agentrun_memory_queue_new(&other, &opts, NULL), AGENTRUN_EINVAL);
	ck_assert_ptr_null(other);
	opts.lease_ms = INT64_MAX;
	opts.reserved = 1;
	ck_assert_int_eq(agentrun_memory_queue_new(&other, &opts, NULL), AGENTRUN_EINVAL);
	opts.reserved = 0;
	ck_assert_int_eq(agentrun_memory_queue_new(&other, &opts, NULL), 0);
	add_job("j");
	ck_assert_int_eq(agentrun_queue_enqueue(other, jobs, NULL), 0);
	ck_assert_int_eq(agentrun_queue_acquire(other, jobs, 1, 0, -1, NULL), 0);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 2);
	ck_assert_int_eq(agentrun_job_lease_ms(agentrun_jobs_at(jobs, 1)), INT64_MAX);
	agentrun_queue_free(other);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_job_that_does_not_say_how_it_ends_is_not_settled,
		what_was_said_last_counts,
		of_a_settled_or_lost_job_nothing_is_to_be_done,
		a_renewed_lease_keeps_its_name,
		leases_and_waits_reach_the_backend_as_they_are,
		more_jobs_than_were_asked_for_are_not_handed_on,
		what_a_backend_lacks_is_refused_by_name,
		wrong_options_of_the_memory_queue_are_refused,
		NULL,
	};

	return unit_main(unit_suite_with("queue", tests, setup, teardown));
}
