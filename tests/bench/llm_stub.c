/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A model that answers every question with the same tool call: llm_stub DELAY_MS [TURNS].
 * One thread, epoll, keep-alive, so that it takes little of the machine that is measured.
 * With TURNS 2, a conversation that holds a tool's result already gets a closing word.
 * Prints its port, serves until its standard input ends, then prints how many questions
 * there were and the processor time in seconds that they took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define USAGE "\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":20,\"total_tokens\":120}}"
#define BEGIN "{\"id\":\"c\",\"object\":\"chat.completion\",\"model\":\"stub-1\",\"choices\":" \
	"[{\"index\":0,"
static const char call[] = BEGIN "\"finish_reason\":\"tool_calls\",\"message\":{\"role\":"
	"\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\","
	"\"function\":{\"name\":\"execute_pipeline\",\"arguments\":\"{\\\"pipeline\\\":"
	"[{\\\"step\\\":\\\"top_k\\\",\\\"k\\\":2,\\\"by\\\":\\\"price\\\"}]}\"}}]}}]," USAGE;
static const char word[] = BEGIN "\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\","
	"\"content\":\"Done.\"}}]," USAGE;

struct peer {
	int fd;
	char *in;
	size_t len, cap;
	int64_t due;   /* its answer is sent then; 0: none waits */
	int closing;   /* the second turn */
	struct peer *next; /* of those whose answers wait, in order */
};

static int poller, two_turns;
static int64_t delay_ms;
static struct peer *first, **last = &first;
static unsigned long asked;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void drop(struct peer *p)
{
	close(p->fd);
	p->fd = -1;
}

/* One that is gone and of whose answers none waits. */
static void reap(struct peer *p)
{
	if (p->fd >= 0 || p->due)
		return;
	free(p->in);
	free(p);
}

static void answer(struct peer *p)
{
	const char *body = p->closing ? word : call;
	char text[2048];
	int n = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Type: "
		"application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);

	if (p->fd >= 0 && send(p->fd, text, (size_t)n, MSG_NOSIGNAL) != n)
		drop(p);
}

/* The length of the request at the beginning; 0: it is not all there. */
static size_t whole(const struct peer *p)
{
	char *end = memmem(p->in, p->len, "\r\n\r\n", 4);
	const char *line;
	size_t body = 0, head;

	if (!end)
		return 0;
	head = (size_t)(end - p->in) + 4;
	for (line = p->in; line && line < end; line = memchr(line, '\n', (size_t)(end - line))) {
		line += *line == '\n';
		if (strncasecmp(line, "content-length:", 15) == 0)
			body = strtoul(line + 15, NULL, 10);
	}
	return p->len >= head + body ? head + body : 0;
}

static void take(struct peer *p)
{
	size_t n;

	while (p->fd >= 0 && !p->due && (n = whole(p))) {
		p->closing = two_turns && memmem(p->in, n, "\"tool_call_id\"", 14);
		memmove(p->in, p->in + n, p->len - n);
		p->len -= n;
		asked++;
		if (!delay_ms) {
			answer(p);
			continue;
		}
		p->due = now_ms() + delay_ms;
		p->next = NULL;
		*last = p;
		last = &p->next;
	}
}

static void hear(struct peer *p)
{
	ssize_t n;

	if (p->len + 65536 > p->cap) {
		p->cap = p->len + 131072 > 2 * p->cap ? p->len + 65536 : 2 * p->cap;
		p->in = realloc(p->in, p->cap);
		if (!p->in)
			abort();
	}
	n = recv(p->fd, p->in + p->len, p->cap - p->len, 0);
	if (n <= 0 && !(n < 0 && errno == EAGAIN)) {
		drop(p);
		reap(p);
		return;
	}
	p->len += n > 0 ? (size_t)n : 0;
	take(p);
	if (p->fd >= 0 && !p->len && p->cap > 65536) {
		free(p->in);
		p->in = NULL;
		p->cap = 0;
	}
	reap(p);
}

static void answer_due(void)
{
	int64_t now = now_ms();

	while (first && first->due <= now) {
		struct peer *p = first;

		first = p->next;
		last = first ? last : &first;
		p->due = 0;
		answer(p);
		take(p);
		reap(p);
	}
}

static void greet(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
	struct peer *p = fd < 0 ? NULL : calloc(1, sizeof(*p));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = p };

	if (!p)
		return;
	p->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0)
		abort();
}

static int open_listener(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 4096) < 0 ||
		getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		exit(1);
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	struct epoll_event events[256], event = { .events = EPOLLIN, .data.ptr = &first };
	struct rusage used;
	int listener;

	delay_ms = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	two_turns = argc > 2 && strtol(argv[2], NULL, 10) > 1;
	poller = epoll_create1(EPOLL_CLOEXEC);
	listener = open_listener();
	epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
	event.data.ptr = &poller;
	epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event);
	for (int over = 0; !over;) {
		int n = epoll_wait(poller, events, 256, first ? 1 : -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == &first)
				greet(listener);
			else if (events[i].data.ptr == &poller)
				over = 1;
			else
				hear(events[i].data.ptr);
		}
		answer_due();
	}
	getrusage(RUSAGE_SELF, &used);
	printf("%lu %.3f\n", asked, (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
		(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
	return 0;
}
