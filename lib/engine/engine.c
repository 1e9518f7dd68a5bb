/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "engine/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <agentrun/memory.h>

#include "base/thread.h"
#include "net/http.h"
#include "store/store.h"

#define MAX_THREADS 256
#define SUBMIT_ALL (AGENTRUN_SUBMIT_IDS_REQUIRED | AGENTRUN_SUBMIT_REDELIVERED | \
	AGENTRUN_SUBMIT_CANCELLED)

struct tasks {
	agr_task *first, *last;
};

struct agentrun_engine {
	agentrun_ctx *ctx;
	agentrun_store *store, *own_store;
	char *planner; /* or NULL */
	bool streams;
	size_t max_jobs;
	pthread_mutex_t lock;     /* guards all below */
	pthread_cond_t work;      /* a task is ready, or stop */
	pthread_cond_t finished;  /* a task is done, or a wakeup */
	struct tasks ready, done;
	struct tasks keeping;     /* whose records are to be kept */
	pthread_cond_t to_keep;   /* there are some, or stop */
	pthread_t keeper;
	bool has_keeper;
	size_t job_memory;
	agr_timers timers;        /* tasks that wait for a time */
	agr_task *live;           /* every task not yet taken by poll */
	agr_tags tags;            /* the same, by their tags */
	size_t n_live;
	uint64_t wakeups;         /* how many there were */
	bool woken;               /* no poll has returned for the last one yet */
	bool readable;            /* what `fd` is */
	bool stop;
	int fd;                   /* readable while `done` holds something, or woken */
	pthread_t *threads;
	size_t n_threads;
};

static const agentrun_engine_options defaults = { 0 };

void agentrun_engine_options_init(agentrun_engine_options *opts, size_t struct_size)
{
	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

/* ---- lists -------------------------------------------------------------- */

static void tasks_push(struct tasks *list, agr_task *task)
{
	task->next = NULL;
	*(list->last ? &list->last->next : &list->first) = task;
	list->last = task;
}

static agr_task *tasks_pop(struct tasks *list)
{
	agr_task *task = list->first;

	if (!task)
		return NULL;
	list->first = task->next;
	if (!list->first)
		list->last = NULL;
	return task;
}

static void live_add(agentrun_engine *engine, agr_task *task)
{
	task->next_live = engine->live;
	if (engine->live)
		engine->live->prev_live = task;
	engine->live = task;
	engine->n_live++;
	agr_tags_add(&engine->tags, task);
}

static void live_remove(agentrun_engine *engine, agr_task *task)
{
	*(task->prev_live ? &task->prev_live->next_live : &engine->live) = task->next_live;
	if (task->next_live)
		task->next_live->prev_live = task->prev_live;
	engine->n_live--;
	agr_tags_remove(&engine->tags, task);
}

/* ---- the pool ----------------------------------------------------------- */

/* With the lock held: make the descriptor say how things are. */
static void set_readable(agentrun_engine *engine)
{
	bool readable = engine->done.first || engine->woken;
	uint64_t n = 1;
	ssize_t done;

	if (readable == engine->readable)
		return;
	engine->readable = readable;
	done = readable ? write(engine->fd, &n, sizeof(n)) : read(engine->fd, &n, sizeof(n));
	if (done < 0)
		agr_log(engine->ctx, AGENTRUN_LOG_ERROR, "engine", "eventfd: %s",
			strerror(errno));
}

/* With the lock held. */
static void announce(agentrun_engine *engine, agr_task *task)
{
	tasks_push(&engine->done, task);
	set_readable(engine);
	pthread_cond_signal(&engine->finished);
}

/* With the lock held: some thread is to go on with it. */
static void make_ready(agr_task *task)
{
	tasks_push(&task->engine->ready, task);
	pthread_cond_signal(&task->engine->work);
}

/* With the lock held: those whose time has come are ready. */
static void wake_sleepers(agentrun_engine *engine)
{
	agr_task *task;

	while ((task = agr_timers_pop(&engine->timers, agr_clock_mono_ms())))
		tasks_push(&engine->ready, task);
}

/* With the lock held: until a task is ready, or stop. */
static void wait_for_work(agentrun_engine *engine)
{
	for (;;) {
		int64_t next;

		wake_sleepers(engine);
		if (engine->ready.first || engine->stop)
			return;
		next = agr_timers_next(&engine->timers);
		if (next == AGR_DEADLINE_NONE)
			pthread_cond_wait(&engine->work, &engine->lock);
		else
			agr_cond_wait_ms(&engine->work, &engine->lock,
				agr_deadline_left(next, 3600000) + 1);
	}
}

static void *pool_thread(void *user)
{
	agentrun_engine *engine = user;
	agr_task *task;

	pthread_mutex_lock(&engine->lock);
	for (;;) {
		wait_for_work(engine);
		task = tasks_pop(&engine->ready);
		if (!task)
			break;
		pthread_mutex_unlock(&engine->lock);
		if (agr_task_advance(task)) {
			agentrun_result *result;
			int r = agr_report(&result, task, NULL);

			pthread_mutex_lock(&engine->lock);
			task->result = r < 0 ? agr_report_oom(task) : result;
			announce(engine, task);
		} else {
			pthread_mutex_lock(&engine->lock);
		}
	}
	pthread_mutex_unlock(&engine->lock);
	return NULL;
}

void agr_engine_resume(agr_task *task)
{
	agentrun_engine *engine = task->engine;

	pthread_mutex_lock(&engine->lock);
	task->http = NULL;
	task->came = task->starting; /* whose turn it is then hands it on */
	if (!task->starting)
		make_ready(task);
	pthread_mutex_unlock(&engine->lock);
}

void agr_engine_note(agr_task *task, unsigned turn, const char *tool)
{
	int64_t tokens = agr_task_tokens(task);
	agentrun_progress *p = &task->progress;

	pthread_mutex_lock(&task->engine->lock);
	p->tokens = tokens;
	p->turn = turn ? turn : p->turn;
	p->calls += tool != NULL;
	snprintf(p->tool, sizeof(p->tool), "%s", tool ? tool : "");
	pthread_mutex_unlock(&task->engine->lock);
}

void agentrun_progress_init(agentrun_progress *progress, size_t struct_size)
{
	const agentrun_progress defaults_of = { .turn = 0 };

	agentrun_options_init(progress, struct_size, &defaults_of, sizeof(defaults_of));
}

int agentrun_engine_progress(agentrun_engine *engine, uint64_t tag, agentrun_progress *out,
	agentrun_error **err)
{
	size_t size = out->struct_size;
	const agr_task *task, *found = NULL;

	if (size < offsetof(agentrun_progress, calls))
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_progress is not initialised: call agentrun_progress_init()");
	if (size > sizeof(*out))
		size = sizeof(*out);
	pthread_mutex_lock(&engine->lock);
	for (task = agr_tags_first(&engine->tags, tag); task; task = agr_tags_next(task))
		found = task;
	if (found)
		memcpy((char *)out + sizeof(size_t), (const char *)&found->progress +
			sizeof(size_t), size - sizeof(size_t));
	pthread_mutex_unlock(&engine->lock);
	return found ? 0 : agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
		"no job with the tag %llu is in flight", (unsigned long long)tag);
}

int agr_engine_sleep(agr_task *task, int64_t wake_ms)
{
	agentrun_engine *engine = task->engine;
	int r = 1;

	pthread_mutex_lock(&engine->lock);
	if (atomic_load(&task->cancelled))
		r = agentrun_error_raise(&task->error, AGENTRUN_ECANCELLED,
			"the job was cancelled");
	else
		agr_timers_push(&engine->timers, task, wake_ms);
	/* One that waits longer, or for ever, may have to wait less now. */
	pthread_cond_signal(&engine->work);
	pthread_mutex_unlock(&engine->lock);
	return r;
}

/* With the lock held. */
static void wake(agr_task *task)
{
	if (agr_timers_remove(&task->engine->timers, task))
		make_ready(task);
}

void agr_engine_wake(agr_task *task)
{
	agentrun_engine *engine = task->engine;

	pthread_mutex_lock(&engine->lock);
	wake(task);
	pthread_mutex_unlock(&engine->lock);
}

void agr_engine_name(agr_task *task)
{
	pthread_mutex_lock(&task->engine->lock);
	task->named = task->message.job_id != NULL;
	pthread_mutex_unlock(&task->engine->lock);
}

/* On the HTTP client's thread. */
static void answer_came(void *user, agentrun_http_event *take_event)
{
	agr_task *task = user;

	if (task->in_parts) {
		if (!agr_turn_take_part(task->hearing, take_event))
			return;
		take_event = NULL;
	}
	task->answer = take_event;
	agr_engine_resume(task);
}

/* A model's answer may come in parts, whatever else does comes whole. */
static int begin_request(agr_task *task, struct agr_http *http,
	agentrun_http_request *request)
{
	task->hearing = task->asking;
	task->in_parts = false;
	if (!task->asking)
		return agr_http_start(http, request, answer_came, task, &task->http_id,
			&task->error);
	return agr_http_start_parts(http, request, &task->in_parts, answer_came, task,
		&task->http_id, &task->error);
}

/* The request is out, or its answer in already. With the lock held. */
static void set_waiting(agr_task *task, struct agr_http *http)
{
	if (task->asking)
		agr_turn_sent(task->asking);
	task->asking = NULL;
	if (task->came) {
		make_ready(task);
		return;
	}
	task->http = http;
	if (atomic_load(&task->cancelled)) /* nobody could find the request until now */
		agr_http_cancel(http, task->http_id);
}

/* To begin a request takes long enough that others want the lock meanwhile. The task stays
 * ours until it is set to wait, also where its answer comes before that. */
int agr_engine_start_request(agr_task *task, struct agr_http *http,
	agentrun_http_request *request)
{
	agentrun_engine *engine = task->engine;
	int r;

	pthread_mutex_lock(&engine->lock);
	task->starting = true;
	task->came = false;
	pthread_mutex_unlock(&engine->lock);
	if (atomic_load(&task->cancelled))
		r = agentrun_error_raise(&task->error, AGENTRUN_ECANCELLED,
			"the job was cancelled");
	else
		r = begin_request(task, http, request);
	pthread_mutex_lock(&engine->lock);
	task->starting = false;
	if (r == 0)
		set_waiting(task, http);
	else
		task->asking = NULL;
	pthread_mutex_unlock(&engine->lock);
	return r < 0 ? r : 1;
}

agentrun_ctx *agr_engine_ctx(const agentrun_engine *engine)
{
	return engine->ctx;
}

agentrun_store *agr_engine_store(const agentrun_engine *engine)
{
	return engine->store;
}

const char *agr_engine_planner(const agentrun_engine *engine)
{
	return engine->planner;
}

bool agr_engine_streams(const agentrun_engine *engine)
{
	return engine->streams;
}

unsigned agr_engine_threads(const agentrun_engine *engine)
{
	return (unsigned)engine->n_threads;
}

/* ---- keeping records ------------------------------------------------------- */

/* One thread waits for the store, with all records that came together meanwhile, so that
 * those that compute do not. */
static void *keeper_thread(void *user)
{
	agentrun_engine *engine = user;
	agr_task *tasks[AGR_STORE_MOST];

	pthread_mutex_lock(&engine->lock);
	for (;;) {
		size_t n = 0;

		while (!engine->keeping.first && !engine->stop)
			pthread_cond_wait(&engine->to_keep, &engine->lock);
		while (n < AGR_STORE_MOST && engine->keeping.first)
			tasks[n++] = tasks_pop(&engine->keeping);
		if (!n)
			break;
		pthread_mutex_unlock(&engine->lock);
		agr_keep_all(tasks, n);
		pthread_mutex_lock(&engine->lock);
		for (size_t i = 0; i < n; i++)
			tasks_push(&engine->ready, tasks[i]);
		if (n > 1)
			pthread_cond_broadcast(&engine->work);
		else
			pthread_cond_signal(&engine->work);
	}
	pthread_mutex_unlock(&engine->lock);
	return NULL;
}

int agr_engine_keep(agr_task *task)
{
	agentrun_engine *engine = task->engine;

	if (!engine->has_keeper) {
		agr_keep_all(&task, 1);
		return 0; /* the next state has a look */
	}
	pthread_mutex_lock(&engine->lock);
	if (!engine->keeping.first)
		pthread_cond_signal(&engine->to_keep);
	tasks_push(&engine->keeping, task);
	pthread_mutex_unlock(&engine->lock);
	return 1;
}

size_t agr_engine_job_memory(const agentrun_engine *engine)
{
	return engine->job_memory;
}

/* ---- life --------------------------------------------------------------- */

static size_t thread_count(const agentrun_ctx *ctx, uint32_t asked)
{
	int64_t n = asked ? asked : agentrun_config_get_int(ctx->config, "service.workers", 0);

	if (n <= 0)
		n = agr_cpu_count();
	return n > MAX_THREADS ? MAX_THREADS : (size_t)n;
}

static int start_threads(agentrun_engine *engine, size_t n, agentrun_error **err)
{
	engine->threads = calloc(n, sizeof(*engine->threads));
	if (!engine->threads)
		return agr_error_oom(err);
	for (; engine->n_threads < n; engine->n_threads++) {
		int r = agr_thread_start(&engine->threads[engine->n_threads], pool_thread,
			engine, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The library never loads a backend, and to keep results in memory alone where the
 * configuration says otherwise would lose them. */
static int open_own_store(agentrun_engine *engine, agentrun_error **err)
{
	const agentrun_config *config = engine->ctx->config;
	const char *backend = agentrun_config_get(config, "storage.backend");
	const char *cas = agentrun_config_get(config, "storage.cas.backend");
	agentrun_memory_store_options opts;
	agentrun_store_options store;

	if (backend && strcmp(backend, "memory") != 0)
		return agentrun_error_raise(err, AGENTRUN_ECONFIG,
			"storage.backend is %s: open that store and set it in "
			"agentrun_engine_options.store", backend);
	if (cas && strcmp(cas, "memory") != 0)
		return agentrun_error_raise(err, AGENTRUN_ECONFIG,
			"storage.cas.backend is %s: open a store with it and set that in "
			"agentrun_engine_options.store", cas);
	agentrun_store_options_init(&store, sizeof(store));
	store.max_inline_bytes = (size_t)agentrun_config_get_int(config,
		"storage.max_inline_bytes", (int64_t)store.max_inline_bytes);
	if (!agentrun_config_get_bool(config, "storage.cas_enabled", 1))
		store.max_inline_bytes = SIZE_MAX;
	agentrun_memory_store_options_init(&opts, sizeof(opts));
	opts.store = &store;
	return agentrun_memory_store_new(&engine->own_store, &opts, err);
}

static int set_up(agentrun_engine *engine, const agentrun_engine_options *opts,
	agentrun_error **err)
{
	int r = 0;

	engine->store = opts->store;
	engine->streams = opts->stream_results != 0;
	engine->job_memory = (size_t)agentrun_config_get_int(engine->ctx->config,
		"limits.job_memory_bytes", 1073741824);
	engine->max_jobs = opts->max_jobs ? opts->max_jobs :
		(size_t)agentrun_config_get_int(engine->ctx->config, "service.concurrency", 256);
	r = agr_timers_init(&engine->timers, engine->max_jobs, err);
	if (r == 0)
		r = agr_tags_init(&engine->tags, err);
	if (r < 0)
		return r;
	if (opts->planner) {
		engine->planner = strdup(opts->planner);
		if (!engine->planner)
			return agr_error_oom(err);
	}
	if (!engine->store) {
		r = open_own_store(engine, err);
		engine->store = engine->own_store;
	}
	if (r == 0) {
		engine->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (engine->fd < 0)
			r = agentrun_error_raise(err, AGENTRUN_EINTERNAL, "eventfd: %s",
				strerror(errno));
	}
	if (r == 0)
		r = start_threads(engine, thread_count(engine->ctx, opts->threads), err);
	/* One job at a time waits for its own record. */
	if (r == 0 && engine->max_jobs > 1 && !agr_store_is_local(engine->store)) {
		r = agr_thread_start(&engine->keeper, keeper_thread, engine, err);
		engine->has_keeper = r == 0;
	}
	return r;
}

int agentrun_engine_new(agentrun_engine **out, agentrun_ctx *ctx,
	const agentrun_engine_options *opts_in, agentrun_error **err)
{
	agentrun_engine_options opts = defaults;
	agentrun_engine *engine;
	int r;

	*out = NULL;
	r = agr_ctx_check(ctx, err);
	if (r == 0)
		r = agentrun_options_read(&opts, sizeof(opts), opts_in, "agentrun_engine_options",
			err);
	if (r == 0)
		r = agr_options_reserved(opts.reserved, "agentrun_engine_options.reserved", err);
	if (r < 0)
		return r;
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return agr_error_oom(err);
	engine->ctx = ctx;
	engine->fd = -1;
	pthread_mutex_init(&engine->lock, NULL);
	agr_cond_init(&engine->work);
	agr_cond_init(&engine->to_keep);
	agr_cond_init(&engine->finished);
	r = set_up(engine, &opts, err);
	if (r < 0)
		agentrun_engine_free(engine);
	else
		*out = engine;
	return r;
}

/* With the lock held. */
static void cancel_task(agr_task *task)
{
	atomic_store(&task->cancelled, 1);
	if (task->http)
		agr_http_cancel(task->http, task->http_id);
	wake(task);
}

static void wait_for_all(agentrun_engine *engine)
{
	pthread_mutex_lock(&engine->lock);
	for (agr_task *task = engine->live; task; task = task->next_live)
		cancel_task(task);
	while (engine->n_live) {
		agr_task *task = tasks_pop(&engine->done);

		if (!task) {
			pthread_cond_wait(&engine->finished, &engine->lock);
			continue;
		}
		live_remove(engine, task);
		agr_task_free(task);
	}
	engine->stop = true;
	pthread_cond_broadcast(&engine->work);
	pthread_cond_signal(&engine->to_keep);
	pthread_mutex_unlock(&engine->lock);
}

void agentrun_engine_free(agentrun_engine *engine)
{
	if (!engine)
		return;
	wait_for_all(engine);
	for (size_t i = 0; i < engine->n_threads; i++)
		pthread_join(engine->threads[i], NULL);
	if (engine->has_keeper)
		pthread_join(engine->keeper, NULL);
	free(engine->threads);
	if (engine->fd >= 0)
		close(engine->fd);
	agentrun_store_free(engine->own_store);
	pthread_cond_destroy(&engine->work);
	pthread_cond_destroy(&engine->to_keep);
	pthread_cond_destroy(&engine->finished);
	pthread_mutex_destroy(&engine->lock);
	agr_timers_clear(&engine->timers);
	agr_tags_clear(&engine->tags);
	free(engine->planner);
	free(engine);
}

/* ---- submit and poll ---------------------------------------------------- */

static const agentrun_submit_options submit_defaults = { 0 };

void agentrun_submit_options_init(agentrun_submit_options *opts, size_t struct_size)
{
	agentrun_options_init(opts, struct_size, &submit_defaults, sizeof(submit_defaults));
}

int agentrun_engine_submit(agentrun_engine *engine, const char *job, size_t len,
	uint64_t tag, agentrun_error **err)
{
	agentrun_submit_options opts = { .struct_size = sizeof(opts), .tag = tag };

	return agentrun_engine_submit_with(engine, job, len, &opts, err);
}

int agentrun_engine_submit_with(agentrun_engine *engine, const char *job, size_t len,
	const agentrun_submit_options *opts_in, agentrun_error **err)
{
	agentrun_submit_options opts = submit_defaults;
	agr_task *task;
	bool full;
	int r = agentrun_options_read(&opts, sizeof(opts), opts_in, "agentrun_submit_options",
		err);

	if (r == 0 && (opts.reserved || opts.flags & ~(uint32_t)SUBMIT_ALL))
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_submit_options: a flag that is not known, or reserved is not 0");
	if (r < 0)
		return r;
	task = calloc(1, sizeof(*task));
	if (!task)
		return agr_error_oom(err);
	task->engine = engine;
	task->opts = opts;
	task->opts.lease = NULL; /* the caller's */
	task->started_ms = agr_clock_mono_ms();
	task->started_wall_ms = agr_clock_wall_ms();
	task->deadline_ms = AGR_DEADLINE_NONE;
	task->calls = (agr_buf)AGR_BUF_INIT;
	atomic_init(&task->cancelled, opts.flags & AGENTRUN_SUBMIT_CANCELLED ? 1 : 0);
	task->text = agr_strndup(job, len);
	task->text_len = len;
	task->reserve = agr_result_reserve();
	if (!task->text || !task->reserve || agr_journal_new(task, opts.queue, opts.lease) < 0) {
		agr_task_free(task);
		return agr_error_oom(err);
	}
	pthread_mutex_lock(&engine->lock);
	full = engine->n_live >= engine->max_jobs;
	if (!full) {
		live_add(engine, task);
		make_ready(task);
	}
	pthread_mutex_unlock(&engine->lock);
	if (!full)
		return 0;
	agr_task_free(task);
	return agentrun_error_raise(err, AGENTRUN_ELIMIT,
		"%zu jobs are in flight: take results with agentrun_engine_poll() first",
		engine->max_jobs);
}

/* Wait with the lock held for something in `done`, or a wakeup: one that came
 * while nobody waited counts too. */
static void wait_done(agentrun_engine *engine, int timeout_ms)
{
	int64_t deadline = timeout_ms > 0 ? agr_deadline_in(timeout_ms) : 0;
	uint64_t wakeups = engine->wakeups;

	while (!engine->done.first && !engine->woken && engine->wakeups == wakeups) {
		int64_t left;

		if (timeout_ms < 0) {
			pthread_cond_wait(&engine->finished, &engine->lock);
			continue;
		}
		left = timeout_ms ? agr_deadline_left(deadline, timeout_ms) : 0;
		if (left <= 0)
			return;
		agr_cond_wait_ms(&engine->finished, &engine->lock, left);
	}
}

int agentrun_engine_poll(agentrun_engine *engine, agentrun_result **results,
	size_t max, int timeout_ms)
{
	struct tasks taken = { NULL, NULL };
	agr_task *task;
	int n = 0;

	pthread_mutex_lock(&engine->lock);
	wait_done(engine, timeout_ms);
	engine->woken = false;
	while ((size_t)n < max && n < 0x7fffffff && (task = tasks_pop(&engine->done))) {
		live_remove(engine, task);
		results[n++] = task->result;
		task->result = NULL;
		tasks_push(&taken, task);
	}
	set_readable(engine);
	pthread_mutex_unlock(&engine->lock);
	while ((task = tasks_pop(&taken)))
		agr_task_free(task);
	return n;
}

int agentrun_engine_fd(const agentrun_engine *engine)
{
	return engine->fd;
}

void agentrun_engine_wakeup(agentrun_engine *engine)
{
	pthread_mutex_lock(&engine->lock);
	engine->wakeups++;
	engine->woken = true;
	set_readable(engine);
	pthread_cond_broadcast(&engine->finished);
	pthread_mutex_unlock(&engine->lock);
}

/* With the lock held. A job that no thread has come to yet is known by its text
 * alone, which nobody writes to. */
static bool is_job(const agentrun_engine *engine, const agr_task *task,
	const char *job_id)
{
	if (task->named)
		return strcmp(task->message.job_id, job_id) == 0;
	return agr_message_is_of(task->text, task->text_len,
		(size_t)agentrun_config_get_int(engine->ctx->config, "limits.max_depth",
			AGR_DEPTH_DEFAULT), job_id);
}

int agentrun_engine_cancel(agentrun_engine *engine, const char *job_id,
	agentrun_error **err)
{
	size_t n = 0;

	pthread_mutex_lock(&engine->lock);
	for (agr_task *task = engine->live; task; task = task->next_live) {
		if (task->result || !is_job(engine, task, job_id))
			continue;
		cancel_task(task);
		n++;
	}
	pthread_mutex_unlock(&engine->lock);
	return n ? 0 : agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
		"no job \"%.100s\" is in flight", job_id);
}

int agentrun_engine_cancel_tag(agentrun_engine *engine, uint64_t tag,
	agentrun_error **err)
{
	agr_task *task;
	size_t n = 0;

	pthread_mutex_lock(&engine->lock);
	for (task = agr_tags_first(&engine->tags, tag); task; task = agr_tags_next(task)) {
		if (task->result)
			continue;
		cancel_task(task);
		n++;
	}
	pthread_mutex_unlock(&engine->lock);
	return n ? 0 : agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
		"no job with the tag %llu is in flight", (unsigned long long)tag);
}

size_t agentrun_engine_in_flight(const agentrun_engine *engine)
{
	agentrun_engine *e = (agentrun_engine *)engine;
	size_t n;

	pthread_mutex_lock(&e->lock);
	n = e->n_live;
	pthread_mutex_unlock(&e->lock);
	return n;
}

int agentrun_run(agentrun_result **out, agentrun_ctx *ctx, const char *job, size_t len,
	const agentrun_engine_options *opts_in, agentrun_error **err)
{
	agentrun_engine_options opts = defaults;
	agentrun_engine *engine;
	int r;

	*out = NULL;
	r = agentrun_options_read(&opts, sizeof(opts), opts_in, "agentrun_engine_options", err);
	if (r < 0)
		return r;
	opts.struct_size = sizeof(opts);
	opts.threads = 1;
	opts.max_jobs = 1;
	r = agentrun_engine_new(&engine, ctx, &opts, err);
	if (r < 0)
		return r;
	r = agentrun_engine_submit(engine, job, len, 0, err);
	if (r == 0)
		agentrun_engine_poll(engine, out, 1, -1);
	agentrun_engine_free(engine);
	return r;
}
