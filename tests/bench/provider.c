/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * provider CERT KEY DELAY_MS: a model's provider over TLS and HTTP/2, which answers every POST
 * with the same tool call, DELAY_MS after its end. Lean, so that a benchmark measures the
 * client. Prints its port; ends with standard input, and prints
 * {"sessions","requests","most","cpu_us"}: connections, the most requests at once, and its
 * own time for each.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#define STREAMS 100 /* at once on a connection, as the great providers have it */
#define WINDOW (1 << 20)
#define MAX_CONNECTIONS 4096

struct conn {
	int fd;
	uint32_t life; /* tells it from a later one with the same descriptor */
	SSL *ssl;
	nghttp2_session *h2;
	bool shaken; /* the TLS handshake is over */
	bool writing;
};

struct due {
	int64_t at_ms;
	int fd;
	uint32_t life;
	int32_t stream;
};

static struct conn *conns[MAX_CONNECTIONS];
static struct due *dues; /* a ring: the delay is the same for all */
static size_t due_first, due_n, due_room;
static int64_t delay_ms;
static int epoll_fd;
static uint32_t lives;
static long sessions, requests, now_open, most_open;
static char answer[] = "{\"model\":\"test-model-1\",\"choices\":[{\"index\":0,"
	"\"finish_reason\":\"tool_calls\",\"message\":{\"role\":\"assistant\",\"content\":null,"
	"\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":"
	"\"execute_pipeline\",\"arguments\":\"{\\\"pipeline\\\":[{\\\"step\\\":\\\"count\\\"}]}\"}}]}}],"
	"\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":10,\"total_tokens\":110}}";

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "provider: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- HTTP/2 ---------------------------------------------------------------------- */

static ssize_t on_body(nghttp2_session *h2, int32_t stream, uint8_t *to, size_t room,
	uint32_t *flags, nghttp2_data_source *source, void *user)
{
	size_t len = strlen(source->ptr);

	(void)h2;
	(void)stream;
	(void)user;
	if (len > room)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	memcpy(to, source->ptr, len);
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)len;
}

static nghttp2_nv header(char *name, char *value)
{
	return (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
		NGHTTP2_NV_FLAG_NONE };
}

static void respond(struct conn *c, int32_t stream)
{
	static char status[] = ":status", ok[] = "200", type[] = "content-type",
		json[] = "application/json";
	const nghttp2_nv headers[] = { header(status, ok), header(type, json) };
	nghttp2_data_provider body = { .source.ptr = answer, .read_callback = on_body };

	nghttp2_submit_response(c->h2, stream, headers, 2, &body);
}

static void put_off(const struct conn *c, int32_t stream)
{
	if (due_n == due_room) {
		size_t room = due_room ? due_room * 2 : 1024;
		struct due *grown = calloc(room, sizeof(*grown));

		must(grown != NULL, "memory");
		for (size_t i = 0; i < due_n; i++)
			grown[i] = dues[(due_first + i) % due_room];
		free(dues);
		dues = grown;
		due_first = 0;
		due_room = room;
	}
	dues[(due_first + due_n++) % due_room] = (struct due){ now_ms() + delay_ms, c->fd,
		c->life, stream };
	requests++;
	most_open = ++now_open > most_open ? now_open : most_open;
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	(void)h2;
	if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) ||
		(frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS))
		return 0;
	put_off(user, frame->hd.stream_id);
	return 0;
}

static ssize_t on_send(nghttp2_session *h2, const uint8_t *data, size_t len, int flags,
	void *user)
{
	struct conn *c = user;
	int n = SSL_write(c->ssl, data, (int)len);

	(void)h2;
	(void)flags;
	if (n > 0)
		return n;
	return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_WRITE ? NGHTTP2_ERR_WOULDBLOCK
								: NGHTTP2_ERR_CALLBACK_FAILURE;
}

static void begin_h2(struct conn *c)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS },
	};
	nghttp2_session_callbacks *callbacks;

	must(nghttp2_session_callbacks_new(&callbacks) == 0, "nghttp2");
	nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	must(nghttp2_session_server_new(&c->h2, callbacks, c) == 0, "nghttp2");
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, settings, 1);
	nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0, WINDOW);
}

/* ---- connections ------------------------------------------------------------------- */

static void conn_close(struct conn *c)
{
	conns[c->fd] = NULL;
	nghttp2_session_del(c->h2);
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}

static void want_write(struct conn *c, bool write)
{
	struct epoll_event event = { .events = EPOLLIN | (write ? (uint32_t)EPOLLOUT : 0),
		.data.fd = c->fd };

	if (c->writing == write)
		return;
	c->writing = write;
	epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

static bool conn_write(struct conn *c)
{
	if (nghttp2_session_send(c->h2) != 0)
		return false;
	want_write(c, nghttp2_session_want_write(c->h2));
	return nghttp2_session_want_read(c->h2) || nghttp2_session_want_write(c->h2);
}

static bool conn_read(struct conn *c)
{
	static uint8_t bytes[65536];

	for (;;) {
		int n = SSL_read(c->ssl, bytes, sizeof(bytes));

		if (n <= 0)
			return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ && conn_write(c);
		if (nghttp2_session_mem_recv(c->h2, bytes, (size_t)n) < 0)
			return false;
	}
}

static bool conn_act(struct conn *c)
{
	if (!c->shaken) {
		int n = SSL_accept(c->ssl);

		if (n <= 0)
			return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ;
		c->shaken = true;
		sessions++;
		begin_h2(c);
	}
	return conn_read(c);
}

static void conn_open(int listener, SSL_CTX *tls)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct conn *c;
	int one = 1, fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return;
	must(fd < MAX_CONNECTIONS, "too many connections");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c = calloc(1, sizeof(*c));
	must(c != NULL, "memory");
	*c = (struct conn){ .fd = fd, .life = ++lives, .ssl = SSL_new(tls) };
	must(c->ssl != NULL && SSL_set_fd(c->ssl, fd) == 1, "TLS");
	conns[fd] = c;
	event.data.fd = fd;
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* ---- the rest ------------------------------------------------------------------------ */

static int choose_h2(SSL *ssl, const unsigned char **out, unsigned char *len,
	const unsigned char *in, unsigned in_len, void *user)
{
	(void)ssl;
	(void)user;
	return nghttp2_select_next_protocol((unsigned char **)out, len, in, in_len) == 1 ?
		SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static SSL_CTX *tls_new(const char *cert, const char *key)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	must(tls && SSL_CTX_use_certificate_chain_file(tls, cert) == 1 &&
		SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) == 1, "certificate");
	SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_alpn_select_cb(tls, choose_h2, NULL);
	return tls;
}

static int listen_anywhere(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event event = { .events = EPOLLIN }, end = { .events = EPOLLIN };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 1024) == 0 &&
		getsockname(fd, (struct sockaddr *)&address, &len) == 0, "socket");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	event.data.fd = fd;
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
	end.data.fd = 0;
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &end);
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

/* Answer what is due; returns how long there is nothing to do. */
static int answer_due(void)
{
	while (due_n) {
		const struct due *due = &dues[due_first];
		struct conn *c = conns[due->fd];
		int64_t left = due->at_ms - now_ms();

		if (left > 0)
			return (int)left;
		if (c && c->life == due->life) {
			respond(c, due->stream);
			if (due_n == 1 || dues[(due_first + 1) % due_room].fd != c->fd ||
				dues[(due_first + 1) % due_room].at_ms > due->at_ms)
				if (!conn_write(c))
					conn_close(c);
		}
		now_open--;
		due_first = (due_first + 1) % due_room;
		due_n--;
	}
	return -1;
}

static void tell(void)
{
	struct rusage use;
	double us;

	getrusage(RUSAGE_SELF, &use);
	us = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
		(double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
	printf("{\"sessions\":%ld,\"requests\":%ld,\"most\":%ld,\"cpu_us\":%.0f}\n", sessions,
		requests, most_open, requests ? us / (double)requests : 0);
}

int main(int argc, char **argv)
{
	struct epoll_event events[64];
	SSL_CTX *tls;
	int listener;

	if (argc != 4)
		return 2;
	tls = tls_new(argv[1], argv[2]);
	delay_ms = strtol(argv[3], NULL, 10);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	listener = listen_anywhere();
	for (;;) {
		int n = epoll_wait(epoll_fd, events, 64, answer_due());

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == 0) {
				tell();
				return 0;
			}
			if (fd == listener)
				conn_open(listener, tls);
			else if (conns[fd] && !conn_act(conns[fd]))
				conn_close(conns[fd]);
		}
	}
}
