/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * The queue in this process' memory. An item is on one list at a time: waiting
 * (in order), delayed (by due time), leased, or dead. A lease is named by a
 * number that is never used twice, so that a lost one cannot settle anything.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <agentrun/memory.h>
#include <agentrun/sys/error.h>
#include <agentrun/sys/options.h>
#include <agentrun/sys/queue.h>

#include "index.h"

#define LEASE_SIZE 24

struct entry {
	struct entry *next;
	char *name, *value;
	size_t len;
};

struct item {
	struct item *prev, *next;
	char *id, *payload, *reason;
	size_t len;
	uint32_t deliveries, retries;
	int64_t enqueued_ms; /* wall */
	int64_t due_ms;      /* delayed: when it may run; leased: when the lease lapses */
	int64_t dead_ms;     /* wall */
	char lease[LEASE_SIZE];
	bool cancelled;
	struct entry *journal;
};

struct list {
	struct item *first, *last;
	size_t n;
};

struct result {
	struct result *next;
	char *id, *text;
	size_t len;
};

struct memory_queue {
	agentrun_memory_queue_options opts;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list waiting, delayed, leased, dead;
	memory_index by_lease; /* value: the item's address */
	struct result *oldest, *newest;
	size_t n_results;
	memory_index by_result; /* value: the result's address */
	uint64_t next_lease;
	uint64_t wakeups;
	size_t n_waiting;  /* threads in acquire */
	bool wake_next;    /* a wakeup that met none of them */
};

static int oom(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

static int64_t clock_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#define FOREVER INT64_MAX

/* `ms` from now, by the clock that only goes on. */
static int64_t from_now(int64_t ms)
{
	int64_t now = clock_ms(CLOCK_MONOTONIC);

	return ms < FOREVER - now ? now + ms : FOREVER;
}

static int64_t deadline_of(int timeout_ms)
{
	return timeout_ms < 0 ? FOREVER : from_now(timeout_ms);
}

/* ---- lists -------------------------------------------------------------- */

/* Before `at`; NULL: at the end. */
static void list_insert(struct list *list, struct item *at, struct item *item)
{
	item->next = at;
	item->prev = at ? at->prev : list->last;
	*(item->prev ? &item->prev->next : &list->first) = item;
	*(at ? &at->prev : &list->last) = item;
	list->n++;
}

static void list_remove(struct list *list, struct item *item)
{
	*(item->prev ? &item->prev->next : &list->first) = item->next;
	*(item->next ? &item->next->prev : &list->last) = item->prev;
	list->n--;
}

static void list_insert_due(struct list *list, struct item *item)
{
	struct item *at = list->last;

	while (at && at->due_ms > item->due_ms)
		at = at->prev;
	list_insert(list, at ? at->next : list->first, item);
}

static void journal_free(struct item *item)
{
	while (item->journal) {
		struct entry *entry = item->journal;

		item->journal = entry->next;
		free(entry->name);
		free(entry->value);
		free(entry);
	}
}

static void item_free(struct item *item)
{
	journal_free(item);
	free(item->id);
	free(item->payload);
	free(item->reason);
	free(item);
}

static void list_free(struct list *list)
{
	struct item *item = list->first, *next;

	for (; item; item = next) {
		next = item->next;
		item_free(item);
	}
	memset(list, 0, sizeof(*list));
}

static struct item *list_find(const struct list *list, const char *id)
{
	struct item *item = list->first;

	while (item && strcmp(item->id, id) != 0)
		item = item->next;
	return item;
}

static struct item *item_new(const agentrun_job *job)
{
	struct item *item = calloc(1, sizeof(*item));
	const char *payload;

	if (!item)
		return NULL;
	payload = agentrun_job_payload(job, &item->len);
	item->id = strdup(agentrun_job_id(job));
	item->payload = malloc(item->len + 1);
	if (!item->id || !item->payload) {
		item_free(item);
		return NULL;
	}
	memcpy(item->payload, payload, item->len);
	item->payload[item->len] = '\0';
	item->enqueued_ms = clock_ms(CLOCK_REALTIME);
	return item;
}

/* ---- moving on ---------------------------------------------------------- */

static int set_reason(struct item *item, const char *reason, agentrun_error **err)
{
	char *copy = strdup(reason);

	if (!copy)
		return oom(err);
	free(item->reason);
	item->reason = copy;
	return 0;
}

/* Without a reason it lapsed, which must not fail for want of memory. */
static void bury(struct memory_queue *q, struct item *item)
{
	journal_free(item);
	item->dead_ms = clock_ms(CLOCK_REALTIME);
	list_insert(&q->dead, NULL, item);
}

static void end_lease(struct memory_queue *q, struct item *item)
{
	memory_index_remove(&q->by_lease, item->lease);
	list_remove(&q->leased, item);
}

/* Lapsed leases go to the front, in order; due delayed items to the end. */
static void move_due(struct memory_queue *q, int64_t now)
{
	struct item *item, *next, *front = q->waiting.first;

	for (item = q->leased.first; item; item = next) {
		next = item->next;
		if (item->due_ms > now)
			continue;
		end_lease(q, item);
		free(item->reason); /* of a rejection that failed half-way */
		item->reason = NULL;
		if (item->deliveries >= q->opts.max_deliveries)
			bury(q, item);
		else
			list_insert(&q->waiting, front, item);
	}
	while (q->delayed.first && q->delayed.first->due_ms <= now) {
		item = q->delayed.first;
		list_remove(&q->delayed, item);
		list_insert(&q->waiting, NULL, item);
	}
}

/* When move_due() will next have something to do. */
static int64_t next_due(const struct memory_queue *q)
{
	int64_t due = q->delayed.first ? q->delayed.first->due_ms : INT64_MAX;

	for (const struct item *item = q->leased.first; item; item = item->next)
		if (item->due_ms < due)
			due = item->due_ms;
	return due;
}

static void wait_until(struct memory_queue *q, int64_t until_ms)
{
	struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
		.tv_nsec = (long)(until_ms % 1000) * 1000000 };

	if (until_ms == FOREVER)
		pthread_cond_wait(&q->changed, &q->lock);
	else
		pthread_cond_timedwait(&q->changed, &q->lock, &until);
}

/* ---- the vtable --------------------------------------------------------- */

static int memory_enqueue(void *self, const agentrun_jobs *jobs, agentrun_error **err)
{
	struct memory_queue *q = self;
	struct list fresh = { NULL, NULL, 0 };

	for (size_t i = 0; i < agentrun_jobs_count(jobs); i++) {
		struct item *item = item_new(agentrun_jobs_at(jobs, i));

		if (!item) {
			list_free(&fresh);
			return oom(err);
		}
		list_insert(&fresh, NULL, item);
	}
	pthread_mutex_lock(&q->lock);
	while (fresh.first) {
		struct item *item = fresh.first;

		list_remove(&fresh, item);
		list_insert(&q->waiting, NULL, item);
	}
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
	return 0;
}

static int lease_first(struct memory_queue *q, agentrun_jobs *into, int64_t lease_ms,
	agentrun_error **err)
{
	struct item *item = q->waiting.first;
	agentrun_job *job = NULL;
	char lease[LEASE_SIZE];
	int r;

	snprintf(lease, sizeof(lease), "%llu", (unsigned long long)q->next_lease + 1);
	r = agentrun_job_new(&job, item->id, item->payload, item->len, err);
	if (r < 0)
		return r;
	if (memory_index_reserve(&q->by_lease) < 0 ||
		agentrun_job_set_lease(job, lease, lease_ms) < 0 ||
		agentrun_jobs_add(into, job) < 0) {
		agentrun_job_free(job);
		return oom(err);
	}
	q->next_lease++;
	item->deliveries++;
	agentrun_job_set_counts(job, item->deliveries, item->retries);
	agentrun_job_set_enqueued_ms(job, item->enqueued_ms);
	agentrun_job_set_cancelled(job, item->cancelled);
	agentrun_job_set_journalled(job, item->journal != NULL);
	memcpy(item->lease, lease, sizeof(lease));
	item->due_ms = from_now(lease_ms);
	list_remove(&q->waiting, item);
	list_insert(&q->leased, NULL, item);
	memory_index_add(&q->by_lease, item->lease, (size_t)(uintptr_t)item);
	return 0;
}

/* Until there is a job to lease, the deadline, or a wakeup. */
static void wait_for_job(struct memory_queue *q, int64_t deadline)
{
	uint64_t wakeups = q->wakeups;

	for (;;) {
		int64_t now = clock_ms(CLOCK_MONOTONIC), due;

		move_due(q, now);
		if (q->waiting.first || now >= deadline || wakeups != q->wakeups)
			return;
		if (q->wake_next) {
			q->wake_next = false;
			return;
		}
		due = next_due(q);
		q->n_waiting++;
		wait_until(q, due < deadline ? due : deadline);
		q->n_waiting--;
	}
}

static int memory_acquire(void *self, agentrun_jobs *into, size_t max,
	int64_t lease_ms, int timeout_ms, agentrun_error **err)
{
	struct memory_queue *q = self;
	size_t n = 0;
	int r = 0;

	if (!lease_ms)
		lease_ms = q->opts.lease_ms;
	pthread_mutex_lock(&q->lock);
	wait_for_job(q, deadline_of(timeout_ms));
	while (r == 0 && n < max && q->waiting.first) {
		r = lease_first(q, into, lease_ms, err);
		n += r == 0;
	}
	pthread_mutex_unlock(&q->lock);
	return n ? 0 : r;
}

static void drop_oldest_result(struct memory_queue *q)
{
	struct result *result = q->oldest;

	memory_index_remove(&q->by_result, result->id);
	q->oldest = result->next;
	if (!q->oldest)
		q->newest = NULL;
	q->n_results--;
	free(result->id);
	free(result->text);
	free(result);
}

/* The first result of a job stands. */
static int publish(struct memory_queue *q, const char *id, const char *text,
	size_t len, agentrun_error **err)
{
	struct result *result;
	size_t known;

	if (!*id || memory_index_find(&q->by_result, id, &known))
		return 0;
	result = calloc(1, sizeof(*result));
	if (result) {
		result->id = strdup(id);
		result->text = malloc(len ? len : 1);
		result->len = len;
	}
	if (!result || !result->id || !result->text ||
		memory_index_reserve(&q->by_result) < 0) {
		if (result) {
			free(result->id);
			free(result->text);
		}
		free(result);
		return oom(err);
	}
	memcpy(result->text, text, len);
	memory_index_add(&q->by_result, result->id, (size_t)(uintptr_t)result);
	*(q->newest ? &q->newest->next : &q->oldest) = result;
	q->newest = result;
	q->n_results++;
	while (q->n_results > q->opts.max_results)
		drop_oldest_result(q);
	return 0;
}

static void release(struct memory_queue *q, struct item *item, const agentrun_job *job)
{
	int64_t delay_ms = agentrun_job_delay_ms(job);

	if (agentrun_job_counts_as_retry(job)) {
		item->retries++;
		item->deliveries = 0;
	} else {
		item->deliveries--; /* given back, not failed */
	}
	item->due_ms = from_now(delay_ms);
	if (delay_ms > 0 || agentrun_job_counts_as_retry(job))
		list_insert_due(&q->delayed, item);
	else
		list_insert(&q->waiting, q->waiting.first, item);
}

static int settle_one(struct memory_queue *q, agentrun_job *job, agentrun_error **err)
{
	int action = agentrun_job_action(job);
	size_t at, len = 0;
	const char *result = agentrun_job_result(job, &len);
	struct item *item;

	if (action == AGENTRUN_ACTION_NONE)
		return 0;
	if (!memory_index_find(&q->by_lease, agentrun_job_lease(job), &at)) {
		agentrun_job_set_lost(job, 1);
		return 0;
	}
	item = (struct item *)(uintptr_t)at;
	if (action == AGENTRUN_ACTION_REJECT &&
		set_reason(item, agentrun_job_reason(job), err) < 0)
		return AGENTRUN_ENOMEM;
	if (result && action != AGENTRUN_ACTION_RELEASE &&
		publish(q, item->id, result, len, err) < 0)
		return AGENTRUN_ENOMEM;
	end_lease(q, item);
	agentrun_job_set_settled(job);
	if (action == AGENTRUN_ACTION_ACCEPT)
		item_free(item);
	else if (action == AGENTRUN_ACTION_REJECT)
		bury(q, item);
	else
		release(q, item, job);
	return 0;
}

static int memory_settle(void *self, agentrun_jobs *jobs, agentrun_error **err)
{
	struct memory_queue *q = self;
	int r = 0;

	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; r == 0 && i < agentrun_jobs_count(jobs); i++)
		r = settle_one(q, agentrun_jobs_at(jobs, i), err);
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
	return r;
}

static int memory_renew(void *self, agentrun_jobs *jobs, int64_t lease_ms,
	agentrun_error **err)
{
	struct memory_queue *q = self;

	(void)err;
	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < agentrun_jobs_count(jobs); i++) {
		agentrun_job *job = agentrun_jobs_at(jobs, i);
		int64_t length = lease_ms ? lease_ms : agentrun_job_lease_ms(job);
		struct item *item;
		size_t at;

		if (!memory_index_find(&q->by_lease, agentrun_job_lease(job), &at)) {
			agentrun_job_set_lost(job, 1);
			continue;
		}
		item = (struct item *)(uintptr_t)at;
		item->due_ms = from_now(length);
		agentrun_job_set_lease(job, NULL, length);
		agentrun_job_set_cancelled(job, item->cancelled);
	}
	pthread_mutex_unlock(&q->lock);
	return 0;
}

static void memory_wakeup(void *self)
{
	struct memory_queue *q = self;

	pthread_mutex_lock(&q->lock);
	q->wakeups++;
	q->wake_next = !q->n_waiting;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

/* ---- journals ----------------------------------------------------------- */

/* With the lock held: the item of a lease, or NULL and an error. */
static struct item *held_item(struct memory_queue *q, const char *job_id,
	const char *lease, agentrun_error **err)
{
	size_t at;

	if (memory_index_find(&q->by_lease, lease, &at))
		return (struct item *)(uintptr_t)at;
	agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
		"job %.100s is not held under this lease any more", job_id);
	return NULL;
}

static struct entry *entry_of(const struct item *item, const char *name)
{
	struct entry *entry = item->journal;

	while (entry && strcmp(entry->name, name) != 0)
		entry = entry->next;
	return entry;
}

static int write_entry(struct item *item, const char *name, const char *value, size_t len)
{
	struct entry *entry = entry_of(item, name);
	char *copy = malloc(len ? len : 1);

	if (!copy)
		return AGENTRUN_ENOMEM;
	if (!entry) {
		entry = calloc(1, sizeof(*entry));
		if (entry)
			entry->name = strdup(name);
		if (!entry || !entry->name) {
			free(entry);
			free(copy);
			return AGENTRUN_ENOMEM;
		}
		entry->next = item->journal;
		item->journal = entry;
	}
	memcpy(copy, value, len);
	free(entry->value);
	entry->value = copy;
	entry->len = len;
	return 0;
}

static int memory_journal_put(void *self, const char *job_id, const char *lease,
	const char *name, const char *value, size_t len, agentrun_error **err)
{
	struct memory_queue *q = self;
	struct item *item;
	int r = AGENTRUN_ENOTFOUND;

	pthread_mutex_lock(&q->lock);
	item = held_item(q, job_id, lease, err);
	if (item)
		r = write_entry(item, name, value, len) < 0 ? oom(err) : 0;
	pthread_mutex_unlock(&q->lock);
	return r;
}

static int memory_journal_get(void *self, agentrun_buf *out, int *found,
	const char *job_id, const char *lease, const char *name, agentrun_error **err)
{
	struct memory_queue *q = self;
	const struct entry *entry;
	const struct item *item;
	int r = 0;

	pthread_mutex_lock(&q->lock);
	item = held_item(q, job_id, lease, err);
	entry = item ? entry_of(item, name) : NULL;
	if (!item)
		r = AGENTRUN_ENOTFOUND;
	else if (entry)
		r = agentrun_buf_set(out, entry->value, entry->len) < 0 ? oom(err) : 0;
	*found = r == 0 && entry;
	pthread_mutex_unlock(&q->lock);
	return r;
}

static bool is_known(const struct memory_queue *q, const char *id)
{
	return list_find(&q->waiting, id) || list_find(&q->delayed, id) ||
		list_find(&q->leased, id) || list_find(&q->dead, id);
}

static int memory_result(void *self, agentrun_buf *out, const char *job_id,
	int timeout_ms, agentrun_error **err)
{
	struct memory_queue *q = self;
	int64_t deadline = deadline_of(timeout_ms);
	struct result *result;
	size_t at;
	int r = 0;

	pthread_mutex_lock(&q->lock);
	while (!memory_index_find(&q->by_result, job_id, &at)) {
		if (!is_known(q, job_id))
			r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
				"the queue knows no job %.100s", job_id);
		else if (clock_ms(CLOCK_MONOTONIC) >= deadline)
			r = agentrun_error_raise(err, AGENTRUN_ETIMEDOUT,
				"job %.100s has no result yet", job_id);
		if (r < 0)
			break;
		wait_until(q, deadline);
	}
	if (r == 0) {
		result = (struct result *)(uintptr_t)at;
		if (agentrun_buf_set(out, result->text, result->len) < 0)
			r = oom(err);
	}
	pthread_mutex_unlock(&q->lock);
	return r;
}

static int memory_cancel(void *self, const char *job_id, agentrun_error **err)
{
	struct memory_queue *q = self;
	struct list *lists[] = { &q->waiting, &q->delayed, &q->leased };
	bool found = false;

	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (struct item *item = lists[i]->first; item; item = item->next)
			if (strcmp(item->id, job_id) == 0)
				found = item->cancelled = true;
	pthread_mutex_unlock(&q->lock);
	return found ? 0 : agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
		"no job %.100s is waiting or running", job_id);
}

static int memory_stats(void *self, agentrun_queue_stats *stats, agentrun_error **err)
{
	struct memory_queue *q = self;

	(void)err;
	pthread_mutex_lock(&q->lock);
	move_due(q, clock_ms(CLOCK_MONOTONIC));
	stats->waiting = q->waiting.n;
	stats->delayed = q->delayed.n;
	stats->leased = q->leased.n;
	stats->dead = q->dead.n;
	pthread_mutex_unlock(&q->lock);
	return 0;
}

static void memory_destroy(void *self)
{
	struct memory_queue *q = self;

	list_free(&q->waiting);
	list_free(&q->delayed);
	list_free(&q->leased);
	list_free(&q->dead);
	while (q->oldest)
		drop_oldest_result(q);
	memory_index_free(&q->by_lease);
	memory_index_free(&q->by_result);
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

/* ---- dead letters ------------------------------------------------------- */

/* What is appended, and whether all of it was. */
struct text {
	agentrun_buf buf;
	int status;
};

static void add(struct text *to, const char *text)
{
	if (to->status == 0)
		to->status = agentrun_buf_append(&to->buf, text, strlen(text));
}

static void add_string(struct text *to, const char *name, const char *value, size_t len)
{
	add(to, name);
	if (to->status == 0)
		to->status = agentrun_buf_append_json(&to->buf, value, len);
}

static void add_dead(struct text *to, const struct item *item)
{
	const char *reason = item->reason ? item->reason
		: "delivered too often: its worker died or hung each time";
	char numbers[120];

	add_string(to, "{\"job_id\":", item->id, strlen(item->id));
	add_string(to, ",\"reason\":", reason, strlen(reason));
	snprintf(numbers, sizeof(numbers), ",\"deliveries\":%u,\"retries\":%u,\"dead_at\":%lld",
		item->deliveries, item->retries, (long long)item->dead_ms);
	add(to, numbers);
	add_string(to, ",\"payload\":", item->payload, item->len);
	add(to, "}");
}

static int memory_dead_list(void *self, agentrun_buf *out,
	const agentrun_dead_query *query_in, agentrun_error **err)
{
	agentrun_dead_query query = { .struct_size = sizeof(query) };
	struct memory_queue *q = self;
	struct text text = { AGENTRUN_BUF_INIT, 0 };
	size_t n = 0;
	int r = agentrun_options_read(&query, sizeof(query), query_in, "agentrun_dead_query",
		err);

	if (r < 0)
		return r;
	pthread_mutex_lock(&q->lock);
	add(&text, "[");
	for (const struct item *item = q->dead.first; item; item = item->next) {
		if (query.limit && n >= query.limit)
			break;
		if ((query.job_id && strcmp(item->id, query.job_id) != 0) ||
			(query.offset && query.offset--))
			continue;
		if (n++)
			add(&text, ",");
		add_dead(&text, item);
	}
	add(&text, "]");
	pthread_mutex_unlock(&q->lock);
	if (text.status < 0) {
		agentrun_buf_dispose(&text.buf);
		return oom(err);
	}
	agentrun_buf_dispose(out);
	*out = text.buf;
	return 0;
}

static int no_letter(const char *job_id, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOTFOUND,
		"no dead letter is named %.100s", job_id);
}

static void revive(struct memory_queue *q, struct item *item)
{
	list_remove(&q->dead, item);
	free(item->reason);
	item->reason = NULL;
	item->deliveries = item->retries = 0;
	item->cancelled = false;
	list_insert(&q->waiting, NULL, item);
}

static int memory_dead_retry(void *self, const char *job_id, agentrun_error **err)
{
	struct memory_queue *q = self;
	struct item *item;
	int r = 0;

	pthread_mutex_lock(&q->lock);
	if (!job_id) {
		while (q->dead.first)
			revive(q, q->dead.first);
	} else {
		item = list_find(&q->dead, job_id);
		if (item)
			revive(q, item);
		else
			r = no_letter(job_id, err);
	}
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
	return r;
}

static int memory_dead_drop(void *self, const char *job_id, agentrun_error **err)
{
	struct memory_queue *q = self;
	struct item *item;

	pthread_mutex_lock(&q->lock);
	item = list_find(&q->dead, job_id);
	if (item)
		list_remove(&q->dead, item);
	pthread_cond_broadcast(&q->changed); /* nobody need wait for its result */
	pthread_mutex_unlock(&q->lock);
	if (!item)
		return no_letter(job_id, err);
	item_free(item);
	return 0;
}

static const agentrun_queue_impl queue_impl = {
	.version = AGENTRUN_QUEUE_IMPL_VERSION,
	.struct_size = sizeof(queue_impl),
	.name = "memory",
	.enqueue = memory_enqueue,
	.acquire = memory_acquire,
	.settle = memory_settle,
	.renew = memory_renew,
	.destroy = memory_destroy,
	.wakeup = memory_wakeup,
	.result = memory_result,
	.cancel = memory_cancel,
	.stats = memory_stats,
	.dead_list = memory_dead_list,
	.dead_retry = memory_dead_retry,
	.dead_drop = memory_dead_drop,
	.journal_put = memory_journal_put,
	.journal_get = memory_journal_get,
};

void agentrun_memory_queue_options_init(agentrun_memory_queue_options *opts,
	size_t struct_size)
{
	const agentrun_memory_queue_options defaults = { .lease_ms = 30000,
		.max_deliveries = 5, .max_results = 100000 };

	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

int agentrun_memory_queue_new(agentrun_queue **out,
	const agentrun_memory_queue_options *opts, agentrun_error **err)
{
	struct memory_queue *q;
	agentrun_memory_queue_options known;
	pthread_condattr_t attr;
	int r;

	*out = NULL;
	agentrun_memory_queue_options_init(&known, sizeof(known));
	r = agentrun_options_read(&known, sizeof(known), opts,
		"agentrun_memory_queue_options", err);
	if (r == 0 && (known.lease_ms <= 0 || known.reserved))
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_memory_queue_options: lease_ms is above 0, reserved is 0");
	if (r < 0)
		return r;
	q = calloc(1, sizeof(*q));
	if (!q)
		return oom(err);
	q->opts = known;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->changed, &attr);
	pthread_condattr_destroy(&attr);
	r = agentrun_queue_new(out, &queue_impl, q, err);
	if (r < 0)
		memory_destroy(q);
	return r;
}
