/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The queue in Redis where something goes wrong, and what others see of it. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include <agentrun/redis.h>

#include "../unit/unit.h"
#include "proxy.h"
#include "server.h"

#define JOB "{\"job_id\":\"j\",\"run_id\":\"r\",\"node_id\":\"n\",\"prompt\":\"p\"}"
#define DONE_MESSAGE "{\"version\":\"1.0\",\"job_id\":\"j\",\"status\":\"completed\"," \
	"\"result_ref\":\"artifact://x\",\"result_preview\":{\"type\":\"dataset\"," \
	"\"row_count\":1,\"sample\":[]},\"metadata\":{\"tokens_used\":7,\"tool_calls\":[" \
	"{\"id\":\"c\",\"function\":{\"name\":\"execute_pipeline\",\"arguments\":" \
	"\"{\\\"pipeline\\\":[{\\\"step\\\":\\\"count\\\"},{\\\"step\\\":\\\"limit\\\"}]}\"}}]}}"

static struct server server;

static void setup(void)
{
	server_open(&server);
}

static void teardown(void)
{
	server_close(&server);
}

static agentrun_queue *open_with(agentrun_redis_queue_options *opts)
{
	agentrun_queue *queue = NULL;
	agentrun_error *err = NULL;

	if (!opts->url)
		opts->url = server.url;
	if (agentrun_redis_queue_new(&queue, opts, &err) < 0)
		ck_abort_msg("%s", agentrun_error_message(err));
	return queue;
}

static agentrun_queue *open_queue(const char *mode, int64_t lease_ms)
{
	agentrun_redis_queue_options opts;

	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	opts.mode = mode;
	opts.lease_ms = lease_ms;
	opts.max_deliveries = 3;
	return open_with(&opts);
}

static agentrun_jobs *acquire(agentrun_queue *queue, size_t max, int timeout_ms)
{
	agentrun_jobs *jobs = NULL;
	agentrun_error *err = NULL;

	ck_assert_int_eq(agentrun_jobs_new(&jobs, NULL), 0);
	if (agentrun_queue_acquire(queue, jobs, max, 0, timeout_ms, &err) < 0)
		ck_abort_msg("%s", agentrun_error_message(err));
	return jobs;
}

static void accept_all(agentrun_jobs *jobs, const char *result)
{
	for (size_t i = 0; i < agentrun_jobs_count(jobs); i++) {
		agentrun_job *job = agentrun_jobs_at(jobs, i);

		ck_assert_int_eq(agentrun_job_set_result(job, result, strlen(result)), 0);
		agentrun_job_accept(job);
	}
}

static void settle(agentrun_queue *queue, agentrun_jobs *jobs)
{
	agentrun_error *err = NULL;

	if (agentrun_queue_settle(queue, jobs, &err) < 0)
		ck_abort_msg("%s", agentrun_error_message(err));
}

static long long number(const char *command)
{
	redisReply *reply = server_ask(&server, command);
	long long n = reply->integer;

	ck_assert_int_eq(reply->type, REDIS_REPLY_INTEGER);
	freeReplyObject(reply);
	return n;
}

static void text_is(const char *command, const char *want)
{
	redisReply *reply = server_ask(&server, command);

	ck_assert_int_eq(reply->type, REDIS_REPLY_STRING);
	ck_assert_str_eq(reply->str, want);
	freeReplyObject(reply);
}

static void stats_are(agentrun_queue *queue, uint64_t waiting, uint64_t leased,
	uint64_t dead)
{
	agentrun_queue_stats s = { .struct_size = sizeof(s) };

	ck_assert_int_eq(agentrun_queue_stats_read(&s, queue, NULL), 0);
	ck_assert_uint_eq(s.waiting, waiting);
	ck_assert_uint_eq(s.leased, leased);
	ck_assert_uint_eq(s.dead, dead);
}

/* ---- consumers that die -------------------------------------------------- */

static void die_with_jobs(const char *mode)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		agentrun_queue *queue = open_queue(mode, 300);
		agentrun_jobs *jobs = acquire(queue, 2, 1000);

		byte = (char)agentrun_jobs_count(jobs);
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 2);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

START_TEST(jobs_of_a_killed_consumer_return_to_the_front)
{
	agentrun_queue *queue = open_queue("list", 300);
	agentrun_jobs *jobs;

	server_do(&server, "RPUSH agent:jobs %s first third", JOB);
	die_with_jobs("list");
	server_do(&server, "RPUSH agent:jobs last");
	server_sleep_ms(400);
	jobs = acquire(queue, 1, 3000);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 1);
	ck_assert_str_eq(agentrun_job_payload(agentrun_jobs_at(jobs, 0), NULL), JOB);
	ck_assert_str_eq(agentrun_job_id(agentrun_jobs_at(jobs, 0)), "j");
	ck_assert_uint_eq(agentrun_job_deliveries(agentrun_jobs_at(jobs, 0)), 2);
	ck_assert_uint_eq(agentrun_job_retries(agentrun_jobs_at(jobs, 0)), 0);
	text_is("LINDEX agent:jobs 0", "first");
	text_is("LINDEX agent:jobs -1", "last");
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(entries_of_a_killed_consumer_are_claimed)
{
	agentrun_queue *queue = open_queue("stream", 300);
	agentrun_jobs *jobs;

	server_do(&server, "XADD wf.tasks.agent * token {\"id\":\"a\"}");
	server_do(&server, "XADD wf.tasks.agent * token {\"id\":\"b\"}");
	die_with_jobs("stream");
	jobs = acquire(queue, 5, 3000);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 2);
	ck_assert_str_eq(agentrun_job_id(agentrun_jobs_at(jobs, 0)), "a");
	ck_assert_uint_eq(agentrun_job_deliveries(agentrun_jobs_at(jobs, 1)), 2);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(an_entry_that_another_program_took_and_left_is_claimed)
{
	agentrun_queue *queue = open_queue("stream", 300);
	agentrun_jobs *jobs;

	server_do(&server, "XGROUP CREATE wf.tasks.agent agent_workers 0 MKSTREAM");
	server_do(&server, "XADD wf.tasks.agent * token {\"id\":\"a\"}");
	server_do(&server, "XREADGROUP GROUP agent_workers other COUNT 1 STREAMS "
		"wf.tasks.agent >");
	jobs = acquire(queue, 1, 100);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 0);
	agentrun_jobs_free(jobs);
	jobs = acquire(queue, 1, 5000);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 1);
	ck_assert_uint_eq(agentrun_job_deliveries(agentrun_jobs_at(jobs, 0)), 2);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(a_list_of_a_consumer_that_nobody_knows_goes_back)
{
	agentrun_queue *queue = open_queue("list", 300);
	agentrun_jobs *jobs;

	server_do(&server, "RPUSH agent:processing:ghost %s", JOB);
	jobs = acquire(queue, 1, 6000);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 1);
	ck_assert_int_eq(number("EXISTS agent:processing:ghost"), 0);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
}
END_TEST

#define MANY 1500
#define WORKERS 3

static void work_until_killed(const char *mode)
{
	agentrun_queue *queue = open_queue(mode, 300);

	for (;;) {
		agentrun_jobs *jobs = acquire(queue, 20, 1000);

		accept_all(jobs, DONE_MESSAGE);
		settle(queue, jobs);
		agentrun_jobs_free(jobs);
	}
}

static pid_t start_worker(const char *mode)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work_until_killed(mode);
	}
	return pid;
}

/* Results that were there and are taken away, each only once. */
static void take_results(const char *mode, int *seen)
{
	for (int i = 0; i < MANY; i++) {
		redisReply *reply = server_ask(&server, "LPOP agent:results:%s-%d", mode, i);

		seen[i] += reply->type == REDIS_REPLY_STRING;
		ck_assert_int_le(seen[i], 1);
		freeReplyObject(reply);
	}
}

static int count_seen(const int *seen)
{
	int n = 0;

	for (int i = 0; i < MANY; i++)
		n += seen[i];
	return n;
}

static void kill_workers_while_they_work(const char *mode)
{
	int seen[MANY] = { 0 };
	pid_t workers[WORKERS];
	bool stream = strcmp(mode, "stream") == 0;

	for (int i = 0; i < MANY; i++)
		server_do(&server, stream ? "XADD wf.tasks.agent * token {\"id\":\"%s-%d\"}"
			: "RPUSH agent:jobs {\"job_id\":\"%s-%d\"}", mode, i);
	for (int i = 0; i < WORKERS; i++)
		workers[i] = start_worker(mode);
	for (int round = 0; round < 400 && count_seen(seen) < MANY; round++) {
		server_sleep_ms(15);
		if (round < 60) {
			kill(workers[round % WORKERS], SIGKILL);
			waitpid(workers[round % WORKERS], NULL, 0);
			workers[round % WORKERS] = start_worker(mode);
		}
		if (round % 10 == 9)
			take_results(mode, seen);
	}
	for (int i = 0; i < WORKERS; i++) {
		kill(workers[i], SIGKILL);
		waitpid(workers[i], NULL, 0);
	}
	take_results(mode, seen);
	/* What died so often that it was given up has a result, too. */
	ck_assert_int_eq(count_seen(seen), MANY);
	if (stream)
		ck_assert_int_eq(number("LLEN completion_signals"), MANY);
}

START_TEST(killed_workers_lose_nothing_and_double_nothing)
{
	kill_workers_while_they_work("list");
	kill_workers_while_they_work("stream");
}
END_TEST

/* ---- servers and connections that go ------------------------------------- */

START_TEST(a_restart_in_the_middle_loses_nothing)
{
	agentrun_queue *queue = open_queue("both", 30000);
	agentrun_jobs *jobs, *rest;

	server_do(&server, "RPUSH agent:jobs %s two three", JOB);
	server_do(&server, "XADD wf.tasks.agent * token {\"id\":\"s\"}");
	jobs = acquire(queue, 3, 1000);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 3);
	server_stop(&server, SIGKILL);
	server_start(&server);
	accept_all(jobs, DONE_MESSAGE);
	settle(queue, jobs);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(agentrun_job_is_settled(agentrun_jobs_at(jobs, i)), 1);
	rest = acquire(queue, 3, 1000);
	ck_assert_uint_eq(agentrun_jobs_count(rest), 1);
	ck_assert_int_eq(number("LLEN agent:results:j"), 1);
	agentrun_jobs_free(jobs);
	agentrun_jobs_free(rest);
	agentrun_queue_free(queue);
}
END_TEST

struct taker {
	agentrun_queue *queue;
	agentrun_jobs *jobs;
};

static void *take_one(void *user)
{
	struct taker *t = user;

	t->jobs = acquire(t->queue, 1, 20000);
	return NULL;
}

START_TEST(a_server_that_comes_back_empty_is_used_again)
{
	struct taker t = { open_queue("both", 30000), NULL };
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, take_one, &t), 0);
	server_sleep_ms(300);
	server_do(&server, "FLUSHALL");
	server_do(&server, "SCRIPT FLUSH");
	server_sleep_ms(300);
	server_do(&server, "XADD wf.tasks.agent * token {\"id\":\"s\"}");
	pthread_join(thread, NULL);
	ck_assert_uint_eq(agentrun_jobs_count(t.jobs), 1);
	agentrun_jobs_free(t.jobs);
	ck_assert_int_eq(pthread_create(&thread, NULL, take_one, &t), 0);
	server_sleep_ms(200);
	server_stop(&server, SIGTERM);
	server_sleep_ms(500);
	server_start(&server);
	server_do(&server, "RPUSH agent:jobs x");
	pthread_join(thread, NULL);
	ck_assert_uint_eq(agentrun_jobs_count(t.jobs), 1);
	agentrun_jobs_free(t.jobs);
	agentrun_queue_free(t.queue);
}
END_TEST

START_TEST(a_settle_whose_answer_is_lost_is_done_once)
{
	agentrun_redis_queue_options opts;
	struct proxy proxy;
	agentrun_queue *queue;
	agentrun_jobs *jobs;

	proxy_open(&proxy, server.port);
	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	opts.url = proxy.url;
	opts.mode = "both";
	queue = open_with(&opts);
	server_do(&server, "RPUSH agent:jobs %s", JOB);
	server_do(&server, "XADD wf.tasks.agent * token {\"id\":\"s\"}");
	jobs = acquire(queue, 2, 1000);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 2);
	accept_all(jobs, DONE_MESSAGE);
	atomic_store(&proxy.cut_answers, 1);
	settle(queue, jobs);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(agentrun_job_is_settled(agentrun_jobs_at(jobs, i)), 1);
		ck_assert_int_eq(agentrun_job_is_lost(agentrun_jobs_at(jobs, i)), 0);
	}
	ck_assert_int_eq(atomic_load(&proxy.cut_answers), 0);
	ck_assert_int_eq(number("LLEN agent:results:j"), 1);
	ck_assert_int_eq(number("LLEN completion_signals"), 1);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
	proxy_close(&proxy);
}
END_TEST

START_TEST(jobs_whose_acquire_had_no_answer_come_again_at_once)
{
	static const char *const modes[] = { "list", "stream" };

	for (int i = 0; i < 2; i++) {
		agentrun_redis_queue_options opts;
		struct proxy proxy;
		agentrun_queue *queue;
		agentrun_jobs *jobs;

		proxy_open(&proxy, server.port);
		agentrun_redis_queue_options_init(&opts, sizeof(opts));
		opts.url = proxy.url;
		opts.mode = modes[i];
		opts.lease_ms = 60000;
		queue = open_with(&opts);
		jobs = acquire(queue, 1, 0);
		agentrun_jobs_free(jobs);
		server_do(&server, "RPUSH agent:jobs %s", JOB);
		server_do(&server, "XADD wf.tasks.agent * token {\"id\":\"s\"}");
		atomic_store(&proxy.cut_answers, 1);
		jobs = acquire(queue, 1, 5000);
		ck_assert_uint_eq(agentrun_jobs_count(jobs), 1);
		ck_assert_uint_eq(agentrun_job_deliveries(agentrun_jobs_at(jobs, 0)), 1);
		agentrun_jobs_free(jobs);
		/* And one that a blocking call took. */
		atomic_store(&proxy.cut_answers, 2);
		server_do(&server, "RPUSH agent:jobs %s", JOB);
		server_do(&server, "XADD wf.tasks.agent * token {\"id\":\"s\"}");
		jobs = acquire(queue, 1, 5000);
		ck_assert_uint_eq(agentrun_jobs_count(jobs), 1);
		agentrun_jobs_free(jobs);
		agentrun_queue_free(queue);
		proxy_close(&proxy);
	}
}
END_TEST

/* A worker that began, and was told to end, gave the job back: what it did is in the
 * journal, and the count of deliveries does not tell. */
START_TEST(a_journal_that_nobody_could_ask_for_may_be_there)
{
	static const char *const modes[] = { "list", "stream" };

	for (int i = 0; i < 2; i++) {
		agentrun_redis_queue_options opts;
		struct proxy proxy;
		agentrun_queue *queue;
		agentrun_jobs *jobs;
		agentrun_job *job;

		proxy_open(&proxy, server.port);
		agentrun_redis_queue_options_init(&opts, sizeof(opts));
		opts.url = proxy.url;
		opts.mode = modes[i];
		queue = open_with(&opts);
		server_do(&server, i ? "XADD wf.tasks.agent * token {\"id\":\"j\"}"
			: "RPUSH agent:jobs {\"job_id\":\"j\"}");
		jobs = acquire(queue, 1, 1000);
		job = agentrun_jobs_at(jobs, 0);
		ck_assert_int_eq(agentrun_job_is_journalled(job), 0);
		ck_assert_int_eq(agentrun_queue_journal_put(queue, "j", agentrun_job_lease(job),
			"plan", "x", 1, NULL), 0);
		agentrun_job_release(job, 0, 0);
		settle(queue, jobs);
		agentrun_jobs_free(jobs);
		/* The script's answer comes, a stream's workflows too, then no more. */
		atomic_store(&proxy.cut_answers, i ? 3 : 2);
		jobs = acquire(queue, 1, 5000);
		ck_assert_int_eq(atomic_load(&proxy.cut_answers), 0);
		ck_assert_uint_eq(agentrun_jobs_count(jobs), 1);
		job = agentrun_jobs_at(jobs, 0);
		ck_assert_uint_eq(agentrun_job_deliveries(job), 1);
		ck_assert_int_eq(agentrun_job_is_journalled(job), 1);
		agentrun_jobs_free(jobs);
		agentrun_queue_free(queue);
		proxy_close(&proxy);
	}
}
END_TEST

/* Whoever is asked over a connection that was idle, and gives no answer, is asked once
 * more over another, whatever time that took. */
START_TEST(a_half_open_connection_is_no_failure)
{
	agentrun_redis_queue_options opts;
	agentrun_config *config = NULL;
	agentrun_buf value = AGENTRUN_BUF_INIT;
	struct proxy proxy;
	agentrun_queue *queue;
	agentrun_jobs *jobs;
	const char *lease;
	int found;

	proxy_open(&proxy, server.port);
	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	ck_assert_int_eq(agentrun_config_new(&config, NULL), 0);
	ck_assert_int_eq(agentrun_config_set(config, "redis.timeout", "0.3", NULL), 0);
	opts.config = config;
	opts.url = proxy.url;
	opts.lease_ms = 60000;
	queue = open_with(&opts);
	server_do(&server, "RPUSH agent:jobs %s", JOB);
	jobs = acquire(queue, 1, 1000);
	lease = agentrun_job_lease(agentrun_jobs_at(jobs, 0));
	atomic_store(&proxy.hold_answers, 1);
	ck_assert_int_eq(agentrun_queue_journal_put(queue, "j", lease, "a", "x", 1, NULL), 0);
	atomic_store(&proxy.hold_answers, 1);
	ck_assert_int_eq(agentrun_queue_journal_get(&value, &found, queue, "j", lease, "a",
		NULL), 0);
	ck_assert_str_eq(value.data, "x");
	accept_all(jobs, DONE_MESSAGE);
	atomic_store(&proxy.hold_answers, 1);
	settle(queue, jobs);
	ck_assert_int_eq(agentrun_job_is_settled(agentrun_jobs_at(jobs, 0)), 1);
	ck_assert_int_eq(atomic_load(&proxy.hold_answers), 0);
	agentrun_buf_dispose(&value);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
	agentrun_config_free(config);
	proxy_close(&proxy);
}
END_TEST

START_TEST(a_server_that_does_not_answer_is_noticed)
{
	agentrun_redis_queue_options opts;
	agentrun_config *config = NULL;
	agentrun_queue *queue;
	agentrun_jobs *jobs = NULL;
	agentrun_error *err = NULL;

	ck_assert_int_eq(agentrun_config_new(&config, NULL), 0);
	ck_assert_int_eq(agentrun_config_set(config, "redis.timeout", "0.3", NULL), 0);
	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	opts.config = config;
	queue = open_with(&opts);
	jobs = acquire(queue, 1, 50);
	kill(server.pid, SIGSTOP);
	ck_assert_int_eq(agentrun_queue_acquire(queue, jobs, 1, 0, -1, &err),
		AGENTRUN_EBACKEND);
	ck_assert_int_eq(agentrun_error_is_retryable(err), 1);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "redis at 127.0.0.1:"));
	kill(server.pid, SIGCONT);
	server_do(&server, "RPUSH agent:jobs x");
	ck_assert_int_eq(agentrun_queue_acquire(queue, jobs, 1, 0, 2000, NULL), 0);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 1);
	agentrun_error_free(err);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
	agentrun_config_free(config);
}
END_TEST

START_TEST(a_server_that_is_not_there_is_told_at_once)
{
	agentrun_redis_queue_options opts;
	agentrun_queue_stats s = { .struct_size = sizeof(s) };
	agentrun_error *err = NULL;
	agentrun_queue *queue;

	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	opts.url = "redis://127.0.0.1:1";
	queue = open_with(&opts);
	ck_assert_int_eq(agentrun_queue_stats_read(&s, queue, &err), AGENTRUN_EBACKEND);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "Connection refused"));
	agentrun_error_free(err);
	agentrun_queue_free(queue);
}
END_TEST

/* ---- messages ------------------------------------------------------------ */

START_TEST(a_message_that_was_sent_twice_has_one_result)
{
	agentrun_queue *queue = open_queue("list", 30000);
	agentrun_jobs *first, *second;

	server_do(&server, "RPUSH agent:jobs %s %s", JOB, JOB);
	first = acquire(queue, 1, 1000);
	accept_all(first, "\"first\"");
	settle(queue, first);
	server_do(&server, "LPOP agent:results:j");
	second = acquire(queue, 1, 1000);
	ck_assert_uint_eq(agentrun_jobs_count(second), 1);
	accept_all(second, "\"second\"");
	settle(queue, second);
	ck_assert_int_eq(number("LLEN agent:results:j"), 0);
	agentrun_jobs_free(first);
	agentrun_jobs_free(second);
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(a_message_that_is_sent_again_later_has_a_result_again)
{
	agentrun_queue *queue = open_queue("list", 30000);

	for (int i = 0; i < 3; i++) {
		agentrun_jobs *jobs;

		server_do(&server, "RPUSH agent:jobs %s", JOB);
		jobs = acquire(queue, 1, 1000);
		accept_all(jobs, "\"done\"");
		settle(queue, jobs);
		ck_assert_int_eq(number("LLEN agent:results:j"), 1);
		ck_assert_int_gt(number("TTL agent:results:j"), 86000);
		agentrun_jobs_free(jobs);
	}
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(what_is_no_job_comes_out_as_it_is_and_is_kept_as_it_is)
{
	static const char junk[] = "\xff{\0not json";
	agentrun_queue *queue = open_queue("list", 30000);
	agentrun_buf list = AGENTRUN_BUF_INIT;
	agentrun_jobs *jobs;
	redisReply *reply;
	size_t len;

	server_do(&server, "RPUSH agent:jobs %b %s %s", junk, sizeof(junk) - 1, "", JOB);
	jobs = acquire(queue, 3, 1000);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 3);
	ck_assert_str_eq(agentrun_job_id(agentrun_jobs_at(jobs, 0)), "");
	ck_assert_mem_eq(agentrun_job_payload(agentrun_jobs_at(jobs, 0), &len), junk,
		sizeof(junk) - 1);
	ck_assert_uint_eq(len, sizeof(junk) - 1);
	accept_all(jobs, "1");
	agentrun_job_reject(agentrun_jobs_at(jobs, 0), "no JSON");
	agentrun_job_reject(agentrun_jobs_at(jobs, 1), "nothing");
	settle(queue, jobs);
	stats_are(queue, 0, 0, 2);
	ck_assert_int_eq(number("EXISTS agent:results:"), 0);
	ck_assert_int_eq(agentrun_queue_dead_list(&list, queue, NULL, NULL), 0);
	ck_assert_ptr_nonnull(strstr(list.data, "\"reason\":\"no JSON\""));
	ck_assert_int_eq(agentrun_queue_dead_retry(queue, NULL, NULL), 0);
	reply = server_ask(&server, "LINDEX agent:jobs 0");
	ck_assert_uint_eq(reply->len, sizeof(junk) - 1);
	ck_assert_mem_eq(reply->str, junk, sizeof(junk) - 1);
	freeReplyObject(reply);
	agentrun_buf_dispose(&list);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(an_entry_without_a_token_is_buried_with_its_fields)
{
	agentrun_queue *queue = open_queue("stream", 30000);
	agentrun_jobs *jobs;
	redisReply *reply;

	server_do(&server, "XADD wf.tasks.agent * other field");
	server_do(&server, "XADD wf.tasks.agent * token notjson");
	jobs = acquire(queue, 3, 1000);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 2);
	ck_assert_str_eq(agentrun_job_payload(agentrun_jobs_at(jobs, 1), NULL), "notjson");
	for (size_t i = 0; i < 2; i++)
		agentrun_job_reject(agentrun_jobs_at(jobs, i), "no task");
	settle(queue, jobs);
	stats_are(queue, 0, 0, 2);
	reply = server_ask(&server, "XRANGE wf.tasks.agent:dead - +");
	ck_assert_str_eq(reply->element[0]->element[1]->element[0]->str, "other");
	freeReplyObject(reply);
	reply = server_ask(&server, "XPENDING wf.tasks.agent agent_workers");
	ck_assert_int_eq(reply->element[0]->integer, 0);
	freeReplyObject(reply);
	ck_assert_int_eq(agentrun_queue_dead_retry(queue, NULL, NULL), 0);
	stats_are(queue, 2, 0, 0);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(an_id_may_hold_anything)
{
	static const char *const ids[] = { "a/b", "q\\\"u", "back\\\\slash", "\xc3\xa9",
		"new\\nline" };
	static const char *const says[] = { "a/b", "q\"u", "back\\slash", "\xc3\xa9",
		"new\nline" };
	agentrun_queue *queue = open_queue("list", 30000);

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		agentrun_jobs *jobs;

		server_do(&server, "RPUSH agent:jobs {\"job_id\":\"%s\"}", ids[i]);
		ck_assert_int_eq(agentrun_queue_cancel(queue, says[i], NULL), 0);
		jobs = acquire(queue, 1, 1000);
		ck_assert_str_eq(agentrun_job_id(agentrun_jobs_at(jobs, 0)), says[i]);
		ck_assert_int_eq(agentrun_job_is_cancelled(agentrun_jobs_at(jobs, 0)), 1);
		agentrun_job_reject(agentrun_jobs_at(jobs, 0), "why");
		settle(queue, jobs);
		ck_assert_int_eq(agentrun_queue_dead_retry(queue, says[i], NULL), 0);
		agentrun_jobs_free(jobs);
		jobs = acquire(queue, 1, 1000);
		ck_assert_int_eq(agentrun_job_is_cancelled(agentrun_jobs_at(jobs, 0)), 0);
		agentrun_job_reject(agentrun_jobs_at(jobs, 0), "why");
		settle(queue, jobs);
		ck_assert_int_eq(agentrun_queue_dead_drop(queue, says[i], NULL), 0);
		agentrun_jobs_free(jobs);
	}
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(a_poison_job_has_a_failed_result)
{
	agentrun_queue *queue = open_queue("list", 50);
	agentrun_buf result = AGENTRUN_BUF_INIT;
	agentrun_jobs *jobs;

	server_do(&server, "RPUSH agent:jobs %s", JOB);
	for (int i = 0; i < 3; i++) {
		jobs = acquire(queue, 1, 2000);
		ck_assert_uint_eq(agentrun_jobs_count(jobs), 1);
		agentrun_jobs_free(jobs);
	}
	server_sleep_ms(100);
	jobs = acquire(queue, 1, 100);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 0);
	stats_are(queue, 0, 0, 1);
	ck_assert_int_eq(agentrun_queue_result(&result, queue, "j", 0, NULL), 0);
	ck_assert_ptr_nonnull(strstr(result.data, "\"status\":\"failed\""));
	ck_assert_ptr_nonnull(strstr(result.data, "delivered 3 times"));
	agentrun_buf_dispose(&result);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(a_token_becomes_a_job_and_its_end_a_completion)
{
	agentrun_queue *queue = open_queue("stream", 30000);
	agentrun_jobs *jobs;

	server_do(&server, "SET ir:r {\"nodes\":{}}");
	server_do(&server, "XADD wf.tasks.agent * token %s", "{\"id\":\"j\",\"run_id\":\"r\","
		"\"from_node\":\"a\",\"to_node\":\"n\",\"config\":{\"task\":\"t\"},\"hop\":1,"
		"\"workflow_owner\":\"o\",\"metadata\":{\"workflow_tag\":\"w\"}}");
	jobs = acquire(queue, 1, 1000);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 1);
	ck_assert_str_eq(agentrun_job_payload(agentrun_jobs_at(jobs, 0), NULL),
		"{\"job_id\":\"j\",\"run_id\":\"r\",\"node_id\":\"n\",\"workflow_tag\":\"w\","
		"\"workflow_owner\":\"o\",\"prompt\":\"t\",\"current_workflow\":{\"nodes\":{}}}");
	accept_all(jobs, DONE_MESSAGE);
	agentrun_job_set_data(agentrun_jobs_at(jobs, 0), "[{\"count\":4}]", 13);
	settle(queue, jobs);
	text_is("LINDEX completion_signals 0", "{\"version\":\"1.0\",\"job_id\":\"j\","
		"\"run_id\":\"r\",\"node_id\":\"n\",\"status\":\"completed\",\"result_data\":{"
		"\"status\":\"success\",\"data\":[{\"count\":4}],\"pipeline_steps\":2,"
		"\"metrics\":{\"tokens_used\":7}},\"metadata\":{\"tokens_used\":7,\"tool_calls\":["
		"{\"id\":\"c\",\"function\":{\"name\":\"execute_pipeline\",\"arguments\":"
		"\"{\\\"pipeline\\\":[{\\\"step\\\":\\\"count\\\"},{\\\"step\\\":\\\"limit\\\"}]}\"}}],"
		"\"result_ref\":\"artifact://x\"}}");
	text_is("LINDEX agent:results:j 0", DONE_MESSAGE);
	ck_assert_int_gt(number("TTL agent:results:j"), 86000);
	stats_are(queue, 0, 0, 0);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(what_is_enqueued_to_a_stream_is_a_token)
{
	agentrun_queue *queue = open_queue("stream", 30000);
	agentrun_jobs *jobs = NULL;
	agentrun_job *job = NULL;
	redisReply *reply;

	ck_assert_int_eq(agentrun_jobs_new(&jobs, NULL), 0);
	ck_assert_int_eq(agentrun_job_new(&job, "j", JOB, strlen(JOB), NULL), 0);
	ck_assert_int_eq(agentrun_jobs_add(jobs, job), 0);
	ck_assert_int_eq(agentrun_queue_enqueue(queue, jobs, NULL), 0);
	reply = server_ask(&server, "XRANGE wf.tasks.agent - +");
	ck_assert_str_eq(reply->element[0]->element[1]->element[0]->str, "token");
	ck_assert_str_eq(reply->element[0]->element[1]->element[1]->str,
		"{\"id\":\"j\",\"run_id\":\"r\",\"from_node\":\"\",\"to_node\":\"n\","
		"\"payload_ref\":\"\",\"config\":{},\"hop\":0,\"metadata\":{\"task\":\"p\"}}");
	freeReplyObject(reply);
	agentrun_jobs_free(jobs);
	jobs = acquire(queue, 1, 1000);
	ck_assert_str_eq(agentrun_job_payload(agentrun_jobs_at(jobs, 0), NULL), JOB);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
}
END_TEST

/* ---- what others see ----------------------------------------------------- */

START_TEST(a_result_is_read_and_stays)
{
	agentrun_queue *queue = open_queue("list", 30000);
	agentrun_buf result = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;

	ck_assert_int_eq(agentrun_queue_result(&result, queue, "j", 0, &err),
		AGENTRUN_ENOTFOUND);
	agentrun_error_free(err);
	server_do(&server, "RPUSH agent:jobs %s", JOB);
	ck_assert_int_eq(agentrun_queue_result(&result, queue, "j", 20, NULL),
		AGENTRUN_ETIMEDOUT);
	server_do(&server, "RPUSH agent:results:j yes");
	server_do(&server, "EXPIRE agent:results:j 100");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(agentrun_queue_result(&result, queue, "j", 1000, NULL), 0);
		ck_assert_str_eq(result.data, "yes");
	}
	ck_assert_int_gt(number("TTL agent:results:j"), 90);
	agentrun_buf_dispose(&result);
	agentrun_queue_free(queue);
}
END_TEST

static void *finish_later(void *user)
{
	struct taker *t = user;

	server_sleep_ms(200);
	t->jobs = acquire(t->queue, 1, 1000);
	accept_all(t->jobs, "\"late\"");
	settle(t->queue, t->jobs);
	return NULL;
}

START_TEST(who_waits_for_a_result_has_it_and_leaves_it)
{
	struct taker t = { open_queue("list", 30000), NULL };
	agentrun_buf result = AGENTRUN_BUF_INIT;
	pthread_t thread;

	server_do(&server, "RPUSH agent:jobs %s", JOB);
	ck_assert_int_eq(pthread_create(&thread, NULL, finish_later, &t), 0);
	ck_assert_int_eq(agentrun_queue_result(&result, t.queue, "j", 5000, NULL), 0);
	pthread_join(thread, NULL);
	ck_assert_str_eq(result.data, "\"late\"");
	ck_assert_int_eq(number("LLEN agent:results:j"), 1);
	ck_assert_int_gt(number("TTL agent:results:j"), 86000);
	agentrun_buf_dispose(&result);
	agentrun_jobs_free(t.jobs);
	agentrun_queue_free(t.queue);
}
END_TEST

START_TEST(all_keys_carry_the_hash_tag)
{
	agentrun_redis_queue_options opts;
	agentrun_queue *queue;
	agentrun_jobs *jobs;
	redisReply *keys;

	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	opts.mode = "both";
	opts.job_queue = "{t}:jobs";
	opts.result_queue_prefix = "{t}:results";
	opts.stream = "{t}.tasks";
	opts.completion_queue = "{t}:completions";
	queue = open_with(&opts);
	server_do(&server, "RPUSH {t}:jobs %s x y z", JOB);
	server_do(&server, "XADD {t}.tasks * token {\"id\":\"s\"}");
	server_do(&server, "XADD {t}.tasks * token {\"id\":\"t\"}");
	jobs = acquire(queue, 5, 1000);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 5);
	accept_all(jobs, "1");
	agentrun_job_release(agentrun_jobs_at(jobs, 0), 60000, 1);
	agentrun_job_reject(agentrun_jobs_at(jobs, 1), "why");
	agentrun_job_release(agentrun_jobs_at(jobs, 4), 60000, 1);
	settle(queue, jobs);
	agentrun_queue_cancel(queue, "j", NULL);
	keys = server_ask(&server, "KEYS *");
	ck_assert_uint_gt(keys->elements, 8);
	for (size_t i = 0; i < keys->elements; i++)
		ck_assert_msg(strncmp(keys->element[i]->str, "{t}", 3) == 0, "%s",
			keys->element[i]->str);
	freeReplyObject(keys);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(a_list_and_a_stream_have_their_turns)
{
	agentrun_queue *queue = open_queue("both", 30000);
	int list = 0;

	for (int i = 0; i < 20; i++) {
		server_do(&server, "RPUSH agent:jobs l");
		server_do(&server, "XADD wf.tasks.agent * token s");
	}
	for (int i = 0; i < 6; i++) {
		agentrun_jobs *jobs = acquire(queue, i < 4 ? 1 : 4, 1000);

		for (size_t k = 0; k < agentrun_jobs_count(jobs); k++)
			list += *agentrun_job_payload(agentrun_jobs_at(jobs, k), NULL) == 'l';
		agentrun_jobs_free(jobs);
	}
	ck_assert_int_eq(list, 6);
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(nothing_is_left_behind_when_all_is_done)
{
	agentrun_queue *queue = open_queue("both", 30000);
	agentrun_jobs *jobs;
	redisReply *keys;

	for (int i = 0; i < 30; i++)
		server_do(&server, "RPUSH agent:jobs {\"job_id\":\"%d\"}", i);
	server_do(&server, "XADD wf.tasks.agent * token {\"id\":\"s\"}");
	while (jobs = acquire(queue, 7, 0), agentrun_jobs_count(jobs)) {
		accept_all(jobs, "1");
		settle(queue, jobs);
		agentrun_jobs_free(jobs);
	}
	agentrun_jobs_free(jobs);
	server_do(&server, "DEL agent:sweep wf.tasks.agent:agent_workers:sweep");
	agentrun_jobs_free(acquire(queue, 1, 10));
	server_do(&server, "DEL agent:sweep wf.tasks.agent:agent_workers:sweep");
	agentrun_jobs_free(acquire(queue, 1, 10));
	agentrun_queue_free(queue);
	keys = server_ask(&server, "KEYS *");
	for (size_t i = 0; i < keys->elements; i++)
		ck_assert_msg(strncmp(keys->element[i]->str, "agent:results:", 14) == 0 ||
			strstr(":scan:sweep:popped:tasks.agent:completion_signals",
				strrchr(keys->element[i]->str, ':') ? strrchr(keys->element[i]->str, ':')
				: "tasks.agent"), "%s", keys->element[i]->str);
	freeReplyObject(keys);
}
END_TEST

/* ---- what Redis refuses -------------------------------------------------- */

static void refuses(agentrun_queue *queue, int code, int retryable, const char *says)
{
	agentrun_jobs *jobs = NULL;
	agentrun_error *err = NULL;

	ck_assert_int_eq(agentrun_jobs_new(&jobs, NULL), 0);
	ck_assert_int_eq(agentrun_queue_acquire(queue, jobs, 1, 0, 100, &err), code);
	ck_assert_int_eq(agentrun_error_is_retryable(err), retryable);
	ck_assert_msg(strstr(agentrun_error_message(err), says) != NULL, "%s",
		agentrun_error_message(err));
	agentrun_error_free(err);
	agentrun_jobs_free(jobs);
}

START_TEST(a_key_of_another_type_is_told)
{
	agentrun_queue *queue = open_queue("list", 30000);

	server_do(&server, "SET agent:jobs text");
	refuses(queue, AGENTRUN_ESTORAGE, 0, "another type");
	agentrun_queue_free(queue);
	queue = open_queue("stream", 30000);
	server_do(&server, "SET wf.tasks.agent text");
	refuses(queue, AGENTRUN_ESTORAGE, 0, "another type");
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(without_memory_nothing_is_moved)
{
	agentrun_queue *queue = open_queue("list", 30000);
	agentrun_jobs *jobs;
	agentrun_error *err = NULL;

	server_do(&server, "RPUSH agent:jobs %s two", JOB);
	jobs = acquire(queue, 1, 1000);
	accept_all(jobs, DONE_MESSAGE);
	server_do(&server, "CONFIG SET maxmemory 1");
	refuses(queue, AGENTRUN_ESTORAGE, 1, "out of memory");
	ck_assert_int_eq(number("LLEN agent:jobs"), 1);
	ck_assert_int_eq(agentrun_queue_settle(queue, jobs, &err), AGENTRUN_ESTORAGE);
	ck_assert_int_eq(agentrun_job_is_settled(agentrun_jobs_at(jobs, 0)), 0);
	ck_assert_int_eq(agentrun_job_is_lost(agentrun_jobs_at(jobs, 0)), 0);
	agentrun_error_free(err);
	server_do(&server, "CONFIG SET maxmemory 0");
	settle(queue, jobs);
	ck_assert_int_eq(agentrun_job_is_settled(agentrun_jobs_at(jobs, 0)), 1);
	ck_assert_int_eq(number("LLEN agent:results:j"), 1);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(a_replica_is_told)
{
	agentrun_queue *queue = open_queue("list", 30000);

	server_do(&server, "CONFIG SET replica-serve-stale-data yes");
	server_do(&server, "REPLICAOF 127.0.0.1 1");
	refuses(queue, AGENTRUN_EBACKEND, 1, "read-only replica");
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(users_and_passwords)
{
	agentrun_redis_queue_options opts;
	agentrun_queue *queue = open_queue("list", 30000);
	char url[100];

	server_do(&server, "CONFIG SET requirepass s@cret");
	server_do(&server, "AUTH s@cret");
	server_do(&server, "ACL SETUSER worker on >p4ss ~* +@all");
	refuses(queue, AGENTRUN_ESTORAGE, 0, "redis.password");
	agentrun_queue_free(queue);
	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	opts.url = url;
	snprintf(url, sizeof(url), "redis://:wrong@127.0.0.1:%d", server.port);
	queue = open_with(&opts);
	refuses(queue, AGENTRUN_ESTORAGE, 0, "password is wrong");
	agentrun_queue_free(queue);
	for (int i = 0; i < 2; i++) {
		snprintf(url, sizeof(url), i ? "redis://worker:p4ss@127.0.0.1:%d/3"
			: "redis://:s%%40cret@127.0.0.1:%d/3", server.port);
		queue = open_with(&opts);
		agentrun_jobs_free(acquire(queue, 1, 10));
		agentrun_queue_free(queue);
	}
	snprintf(url, sizeof(url), "unix://worker:p4ss@%s/s?db=3", server.dir);
	queue = open_with(&opts);
	server_do(&server, "SELECT 3");
	server_do(&server, "RPUSH agent:jobs x");
	agentrun_jobs_free(acquire(queue, 1, 1000));
	ck_assert_int_eq(number("LLEN agent:jobs"), 0);
	agentrun_queue_free(queue);
}
END_TEST

START_TEST(urls_that_are_none)
{
	static const char *const wrong[] = { "http://x", "redis://h:0", "redis://h:x",
		"redis://[::1", "redis://h/x", "redis://h?x=1", "unix://nopath", "redis://%zz@h" };
	agentrun_redis_queue_options opts;

	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		agentrun_queue *queue;
		agentrun_error *err = NULL;

		opts.url = wrong[i];
		ck_assert_msg(agentrun_redis_queue_new(&queue, &opts, &err) == AGENTRUN_ECONFIG,
			"%s", wrong[i]);
		agentrun_error_free(err);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		jobs_of_a_killed_consumer_return_to_the_front,
		entries_of_a_killed_consumer_are_claimed,
		an_entry_that_another_program_took_and_left_is_claimed,
		a_list_of_a_consumer_that_nobody_knows_goes_back,
		killed_workers_lose_nothing_and_double_nothing,
		a_restart_in_the_middle_loses_nothing,
		a_server_that_comes_back_empty_is_used_again,
		a_settle_whose_answer_is_lost_is_done_once,
		jobs_whose_acquire_had_no_answer_come_again_at_once,
		a_journal_that_nobody_could_ask_for_may_be_there,
		a_half_open_connection_is_no_failure,
		a_server_that_does_not_answer_is_noticed,
		a_server_that_is_not_there_is_told_at_once,
		a_message_that_was_sent_twice_has_one_result,
		a_message_that_is_sent_again_later_has_a_result_again,
		what_is_no_job_comes_out_as_it_is_and_is_kept_as_it_is,
		an_entry_without_a_token_is_buried_with_its_fields,
		an_id_may_hold_anything,
		a_poison_job_has_a_failed_result,
		a_token_becomes_a_job_and_its_end_a_completion,
		what_is_enqueued_to_a_stream_is_a_token,
		a_result_is_read_and_stays,
		who_waits_for_a_result_has_it_and_leaves_it,
		all_keys_carry_the_hash_tag,
		a_list_and_a_stream_have_their_turns,
		nothing_is_left_behind_when_all_is_done,
		a_key_of_another_type_is_told,
		without_memory_nothing_is_moved,
		a_replica_is_told,
		users_and_passwords,
		urls_that_are_none,
		NULL,
	};
	struct server there;

	server_open(&there); /* ends with 77 where there is none to test with */
	server_close(&there);
	return unit_main(unit_suite_with("redis queue", tests, setup, teardown));
}
