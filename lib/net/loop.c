/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "net/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 64
#define MANY 64             /* transfers; with fewer, nothing is put off */
#define APART_NS 10000      /* between turns, for each transfer that runs */
#define MOST_APART_NS 10000000
#define NS_A_MS 1000000

/* ---- what libcurl asks for ------------------------------------------------------- */

static int on_timer(CURLM *multi, long timeout_ms, void *user)
{
	agr_loop *loop = user;

	(void)multi;
	loop->due_ns = timeout_ms < 0 ? -1 : agr_clock_mono_ns() +
		(int64_t)timeout_ms * NS_A_MS;
	return 0;
}

/* A descriptor that was closed leaves the set by itself and may come back as another
 * socket: what is there is tried, not remembered. */
static int watch(const agr_loop *loop, curl_socket_t fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, fd, &event) == 0)
		return 0;
	return errno == ENOENT ? epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) : -1;
}

static int make_room(agr_loop *loop, size_t fd)
{
	size_t n = (fd + 64) / 64 * 64 + 64;
	bool *grown;

	if (fd < loop->n_wanted)
		return 0;
	grown = realloc(loop->wanted, n * sizeof(*grown));
	if (!grown)
		return -1;
	memset(grown + loop->n_wanted, 0, (n - loop->n_wanted) * sizeof(*grown));
	loop->wanted = grown;
	loop->n_wanted = n;
	return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
	agr_loop *loop = user;

	(void)easy;
	(void)socket_user;
	if (fd < 0 || (what != CURL_POLL_REMOVE && make_room(loop, (size_t)fd) < 0))
		return -1;
	/* It may be closed by now, and the number somebody else's: what is in the set still,
	 * and nobody wants, is taken out when it is heard of. */
	if ((size_t)fd < loop->n_wanted)
		loop->wanted[fd] = what != CURL_POLL_REMOVE;
	if (what == CURL_POLL_REMOVE)
		return 0;
	return watch(loop, fd, (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
		(what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0));
}

/* ---- life -------------------------------------------------------------------------- */

int agr_loop_open(agr_loop *loop, agentrun_error **err)
{
	*loop = (agr_loop){ .epoll = -1, .wake = -1, .due_ns = -1 };
	loop->multi = curl_multi_init();
	if (!loop->multi)
		return agr_error_oom(err);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll < 0 || loop->wake < 0 || watch(loop, loop->wake, EPOLLIN) < 0)
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL, "epoll: %s",
			strerror(errno));
	return 0;
}

void agr_loop_close(agr_loop *loop)
{
	if (loop->multi)
		curl_multi_cleanup(loop->multi); /* it still calls on_socket() */
	if (loop->epoll >= 0)
		close(loop->epoll);
	if (loop->wake >= 0)
		close(loop->wake);
	free(loop->wanted);
}

void agr_loop_wake(agr_loop *loop)
{
	uint64_t one = 1;
	ssize_t done = write(loop->wake, &one, sizeof(one));

	(void)done; /* what is full already wakes too */
}

/* ---- turns --------------------------------------------------------------------------- */

static void keep_apart(agr_loop *loop, size_t running)
{
	int64_t apart = (int64_t)running * APART_NS, left;
	struct timespec t = { 0, 0 };

	if (running < MANY)
		return;
	if (apart > MOST_APART_NS)
		apart = MOST_APART_NS;
	left = loop->last_ns + apart - agr_clock_mono_ns();
	if (left <= 0)
		return;
	t.tv_nsec = (long)left; /* less than a second */
	nanosleep(&t, NULL);
}

static int wait_ms(const agr_loop *loop, int timeout_ms)
{
	int64_t left;

	if (loop->due_ns < 0)
		return timeout_ms;
	left = (loop->due_ns - agr_clock_mono_ns() + NS_A_MS - 1) / NS_A_MS;
	if (left <= 0)
		return 0;
	return timeout_ms >= 0 && left > timeout_ms ? timeout_ms : (int)left;
}

static CURLMcode act(const agr_loop *loop, const struct epoll_event *event)
{
	struct epoll_event none = { .events = 0 };
	int what = 0, active, fd = event->data.fd;

	if (fd < 0 || (size_t)fd >= loop->n_wanted || !loop->wanted[fd]) {
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, &none);
		return CURLM_OK;
	}
	if (event->events & (EPOLLIN | EPOLLHUP))
		what |= CURL_CSELECT_IN;
	if (event->events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (event->events & EPOLLERR)
		what |= CURL_CSELECT_ERR;
	return curl_multi_socket_action(loop->multi, fd, what, &active);
}

static CURLMcode act_on_time(agr_loop *loop)
{
	int active;

	if (loop->due_ns < 0 || loop->due_ns > agr_clock_mono_ns())
		return CURLM_OK;
	loop->due_ns = -1; /* it is told again when there is more to do */
	return curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &active);
}

void agr_loop_kick(agr_loop *loop)
{
	act_on_time(loop); /* a fault shows in the next turn */
}

int agr_loop_turn(agr_loop *loop, size_t running, int timeout_ms, agentrun_error **err)
{
	struct epoll_event events[MAX_EVENTS];
	CURLMcode fault = CURLM_OK;
	uint64_t count;
	int n;

	keep_apart(loop, running);
	n = epoll_wait(loop->epoll, events, MAX_EVENTS, wait_ms(loop, timeout_ms));
	if (n < 0 && errno != EINTR)
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL, "epoll: %s", strerror(errno));
	loop->last_ns = agr_clock_mono_ns();
	for (int i = 0; i < n && !fault; i++)
		if (events[i].data.fd != loop->wake)
			fault = act(loop, &events[i]);
		else if (read(loop->wake, &count, sizeof(count)) < 0 && errno != EAGAIN)
			fault = CURLM_INTERNAL_ERROR;
	if (!fault)
		fault = act_on_time(loop);
	if (fault && fault != CURLM_OUT_OF_MEMORY)
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL, "libcurl: %s",
			curl_multi_strerror(fault));
	return 0;
}
