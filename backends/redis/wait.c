/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Waiting for the first job: BLMOVE on the list, XREADGROUP on the stream, each on a
 * connection of its own. What one brings ends the other by CLIENT UNBLOCK, which
 * either ends it with nothing or comes too late: then it brought a job too.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "queue.h"

struct blocked {
	redis_queue *q;
	redis_conn *conns[2]; /* by lane; the call is out, or NULL */
	bool answered[2];
	redis_landed *landed;
};

void redis_landed_free(redis_landed *landed)
{
	for (size_t i = 0; i < 2; i++) {
		freeReplyObject(landed->reply[i]);
		landed->reply[i] = NULL;
	}
}

/* ---- being woken -------------------------------------------------------- */

int redis_waiter_begin(redis_queue *q, struct redis_waiter *waiter, agentrun_error **err)
{
	int woken;

	waiter->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (waiter->fd < 0)
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL,
			"no file descriptor is left to wait with");
	pthread_mutex_lock(&q->lock);
	woken = q->wake_next;
	q->wake_next = false;
	waiter->prev = NULL;
	waiter->next = q->waiters;
	if (q->waiters)
		q->waiters->prev = waiter;
	q->waiters = waiter;
	pthread_mutex_unlock(&q->lock);
	return woken;
}

void redis_waiter_end(redis_queue *q, struct redis_waiter *waiter)
{
	pthread_mutex_lock(&q->lock);
	*(waiter->prev ? &waiter->prev->next : &q->waiters) = waiter->next;
	if (waiter->next)
		waiter->next->prev = waiter->prev;
	pthread_mutex_unlock(&q->lock);
	close(waiter->fd);
}

void redis_queue_wakeup(void *self)
{
	redis_queue *q = self;
	uint64_t one = 1;

	pthread_mutex_lock(&q->lock);
	q->wake_next = !q->waiters;
	for (struct redis_waiter *w = q->waiters; w; w = w->next)
		if (write(w->fd, &one, sizeof(one)) < 0)
			continue; /* it is full, so it is readable */
	pthread_mutex_unlock(&q->lock);
}

int redis_waiter_sleep(struct redis_waiter *waiter, int64_t ms)
{
	struct pollfd fd = { .fd = waiter->fd, .events = POLLIN };

	return poll(&fd, 1, (int)ms) > 0;
}

/* ---- the blocking calls ------------------------------------------------- */

static void write_call(const redis_queue *q, const redis_lane *lane, redis_conn *conn,
	int64_t ms)
{
	char seconds[32];

	if (lane->group) {
		redis_conn_begin(conn, 11);
		redis_conn_word(conn, "XREADGROUP");
		redis_conn_word(conn, "GROUP");
		redis_conn_word(conn, lane->group);
		redis_conn_word(conn, q->consumer);
		redis_conn_word(conn, "COUNT");
		redis_conn_word(conn, "1");
		redis_conn_word(conn, "BLOCK");
		redis_conn_int(conn, ms);
		redis_conn_word(conn, "STREAMS");
		redis_conn_word(conn, lane->source);
		redis_conn_word(conn, ">");
		return;
	}
	snprintf(seconds, sizeof(seconds), "%d.%03d", (int)(ms / 1000), (int)(ms % 1000));
	redis_conn_begin(conn, 6);
	redis_conn_word(conn, "BLMOVE");
	redis_conn_word(conn, lane->source);
	redis_conn_word(conn, lane->in_hand);
	redis_conn_word(conn, "LEFT");
	redis_conn_word(conn, "RIGHT");
	redis_conn_word(conn, seconds);
}

static int begin(struct blocked *b, int64_t ms, agentrun_error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->q->n_lanes; i++) {
		r = redis_pool_take(&b->q->pool, &b->conns[i], err);
		if (r == 0) {
			write_call(b->q, &b->q->lanes[i], b->conns[i], ms);
			r = redis_conn_send(b->conns[i], err);
		}
	}
	return r;
}

/* The group may be gone, with all of the stream: the next acquire makes it anew. */
static bool is_no_group(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR && (strncmp(reply->str, "NOGROUP", 7) == 0 ||
		strstr(reply->str, "no longer exists"));
}

static int take_reply(struct blocked *b, size_t lane, redisReply *reply,
	agentrun_error **err)
{
	int r = is_no_group(reply) ? 0 : redis_conn_fault(b->conns[lane], reply, err);

	b->answered[lane] = true;
	if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_ARRAY)
		b->landed->reply[lane] = reply;
	else
		freeReplyObject(reply);
	return r;
}

static bool has_landed(const struct blocked *b)
{
	return b->landed->reply[0] || b->landed->reply[1];
}

static bool all_answered(const struct blocked *b)
{
	return b->answered[0] && (b->q->n_lanes < 2 || b->answered[1]);
}

static int poll_all(struct blocked *b, const struct redis_waiter *waiter,
	int64_t deadline, struct pollfd *fds)
{
	int64_t left = deadline - redis_clock_ms();

	fds[0] = (struct pollfd){ .fd = waiter->fd, .events = POLLIN };
	for (size_t i = 0; i < b->q->n_lanes; i++)
		fds[1 + i] = (struct pollfd){ .fd = b->answered[i] ? -1 : b->conns[i]->fd,
			.events = POLLIN };
	return poll(fds, (nfds_t)(1 + b->q->n_lanes), left > 0 ? (int)left : 0);
}

/* Until something is there, all calls have ended, or the waiter is woken (1). */
static int wait_for_any(struct blocked *b, const struct redis_waiter *waiter, int64_t ms,
	agentrun_error **err)
{
	int64_t deadline = redis_clock_ms() + ms + b->q->pool.address.timeout_ms;
	struct pollfd fds[3];
	int r = 0;

	while (r == 0 && !has_landed(b) && !all_answered(b)) {
		int n = poll_all(b, waiter, deadline, fds);

		if (n > 0 && fds[0].revents)
			return 1;
		if (n == 0 && redis_clock_ms() >= deadline) {
			for (size_t i = 0; i < b->q->n_lanes; i++)
				b->conns[i]->broken = b->conns[i]->broken || !b->answered[i];
			return agentrun_error_raise(err, AGENTRUN_EBACKEND,
				"redis at %s: no answer in time", b->q->pool.address.label);
		}
		for (size_t i = 0; r == 0 && i < b->q->n_lanes; i++) {
			redisReply *reply = NULL;

			if (b->answered[i] || !fds[1 + i].revents)
				continue;
			r = redis_conn_try_reply(b->conns[i], &reply, err);
			if (r == 0 && reply)
				r = take_reply(b, i, reply, err);
		}
	}
	return r;
}

/* End the calls that are out still, and see what they brought. */
static int end_all(struct blocked *b, agentrun_error **err)
{
	redis_conn *other = NULL;
	redisReply *reply = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->q->n_lanes; i++) {
		if (!b->conns[i] || b->answered[i] || b->conns[i]->broken)
			continue;
		if (!other)
			r = redis_pool_take(&b->q->pool, &other, err);
		if (r == 0) {
			redis_conn_begin(other, 3);
			redis_conn_word(other, "CLIENT");
			redis_conn_word(other, "UNBLOCK");
			redis_conn_word(other, b->conns[i]->id);
			r = redis_conn_call(other, &reply, err);
			freeReplyObject(reply);
			reply = NULL;
		}
		if (r == 0)
			r = redis_conn_reply(b->conns[i], &reply, 0, err);
		if (r == 0)
			r = take_reply(b, i, reply, err);
		reply = NULL;
	}
	redis_pool_give(&b->q->pool, other);
	return r;
}

int redis_wait(redis_queue *q, struct redis_waiter *waiter, int64_t ms,
	redis_landed *landed, agentrun_error **err)
{
	struct blocked b = { .q = q, .landed = landed };
	int r = begin(&b, ms, err), woken, ended;

	if (r == 0)
		r = wait_for_any(&b, waiter, ms, err);
	woken = r == 1;
	/* After a fault, too: a call that goes on would bring jobs to nobody. */
	ended = end_all(&b, r < 0 ? NULL : err);
	for (size_t i = 0; i < q->n_lanes; i++) {
		if (b.conns[i] && !b.answered[i]) {
			b.conns[i]->broken = true;
			pthread_mutex_lock(&q->lock);
			if (q->n_lost < sizeof(q->lost) / sizeof(q->lost[0]))
				q->lost[q->n_lost++] = (struct redis_range){ i, 1, 0 };
			pthread_mutex_unlock(&q->lock);
		}
		redis_pool_give(&q->pool, b.conns[i]);
	}
	if (has_landed(&b) && err) {
		/* What landed is taken; what failed will fail again. */
		agentrun_error_free(*err);
		*err = NULL;
	}
	if (r < 0 || ended < 0)
		return has_landed(&b) ? woken : r < 0 ? r : ended;
	return woken;
}
