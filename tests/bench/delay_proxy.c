/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A network that is far away: delay_proxy PORT MICROSECONDS. What comes for PORT on the
 * loopback goes there so much later, and so do answers back: half of it each way. One
 * thread. Prints its own port, serves until its standard input ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define PIECE 65536

struct piece {
	struct piece *next;
	int64_t due_ns;
	size_t len;
	char bytes[];
};

/* One way of a connection. */
struct way {
	struct way *back, *next_way;
	int from, to;
	struct piece *first, **last;
};

static int poller;
static int64_t delay_ns;
static struct way *ways;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct way *way_new(int from, int to)
{
	struct way *w = calloc(1, sizeof(*w));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = w };

	if (!w)
		abort();
	w->from = from;
	w->to = to;
	w->last = &w->first;
	w->next_way = ways;
	ways = w;
	epoll_ctl(poller, EPOLL_CTL_ADD, from, &event);
	return w;
}

static void greet(int listener, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int one = 1, peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int there = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct way *a, *b;

	if (peer < 0 || there < 0 || connect(there, (struct sockaddr *)&at, sizeof(at)) < 0)
		exit(1);
	setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(there, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	a = way_new(peer, there);
	b = way_new(there, peer);
	a->back = b;
	b->back = a;
}

static void hear(struct way *w)
{
	struct piece *piece = malloc(sizeof(*piece) + PIECE);
	ssize_t n = piece ? recv(w->from, piece->bytes, PIECE, MSG_DONTWAIT) : -1;

	if (n <= 0) {
		free(piece);
		if (n == 0 || errno != EAGAIN) {
			epoll_ctl(poller, EPOLL_CTL_DEL, w->from, NULL);
			shutdown(w->to, SHUT_WR);
		}
		return;
	}
	piece->len = (size_t)n;
	piece->due_ns = now_ns() + delay_ns;
	piece->next = NULL;
	*w->last = piece;
	w->last = &piece->next;
}

/* Send what is due; when the next piece is, or 0. */
static int64_t send_due(void)
{
	int64_t now = now_ns(), next = 0;

	for (struct way *w = ways; w; w = w->next_way) {
		while (w->first && w->first->due_ns <= now) {
			struct piece *piece = w->first;

			for (size_t at = 0; at < piece->len;) {
				ssize_t n = send(w->to, piece->bytes + at, piece->len - at,
					MSG_NOSIGNAL);

				if (n <= 0)
					break;
				at += (size_t)n;
			}
			w->first = piece->next;
			w->last = w->first ? w->last : &w->first;
			free(piece);
		}
		if (w->first && (!next || w->first->due_ns < next))
			next = w->first->due_ns;
	}
	return next;
}

static int open_listener(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 512) < 0 ||
		getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		exit(1);
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	struct epoll_event events[64], event = { .events = EPOLLIN, .data.ptr = &ways };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), listener;
	int port = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 6379;

	delay_ns = (argc > 2 ? strtol(argv[2], NULL, 10) : 1000) * 500;
	poller = epoll_create1(EPOLL_CLOEXEC);
	listener = open_listener();
	epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
	event.data.ptr = &poller;
	epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event);
	event.data.ptr = &timer;
	epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event);
	for (;;) {
		int n = epoll_wait(poller, events, 64, -1);
		struct itimerspec at = { .it_value = { 0, 0 } };
		uint64_t ticks;
		int64_t next;

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == &poller)
				return 0;
			if (events[i].data.ptr == &ways)
				greet(listener, port);
			else if (events[i].data.ptr == &timer)
				(void)!read(timer, &ticks, sizeof(ticks));
			else
				hear(events[i].data.ptr);
		}
		next = send_due();
		at.it_value.tv_sec = (time_t)(next / 1000000000);
		at.it_value.tv_nsec = (long)(next % 1000000000);
		timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
	}
}
