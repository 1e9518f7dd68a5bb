/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Jobs in a program that has a loop of its own: poll(2) over standard input, where lines of
 * jobs come in, and the engine's descriptor, which is readable when results wait. One thread,
 * which never waits anywhere else.
 *
 *     cc -o event_loop event_loop.c $(pkg-config --cflags --libs agentrun)
 *
 *     printf '%s\n' '{"prompt":"count rows","context":{"data":[{"a":1}]}}' | ./event_loop
 *
 * A line out is its line's number and the result message; they come as they are done.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <agentrun/agentrun.h>
#include <agentrun/sys/error.h>

#define AT_ONCE 64

struct input {
	char *text; /* what was read and is not yet submitted */
	size_t len, cap;
	uint64_t lines;
	int ended;
};

static int fault(agentrun_error **err, const char *what)
{
	return agentrun_error_raise(err, AGENTRUN_EIO, "%s: %s", what, strerror(errno));
}

/* Read what is there. */
static int read_some(struct input *in, agentrun_error **err)
{
	ssize_t n;

	if (in->cap - in->len < 65536) {
		char *grown = realloc(in->text, in->cap * 2 + 65536);

		if (!grown)
			return fault(err, "standard input");
		in->text = grown;
		in->cap = in->cap * 2 + 65536;
	}
	n = read(STDIN_FILENO, in->text + in->len, in->cap - in->len);
	if (n < 0 && errno != EINTR && errno != EAGAIN)
		return fault(err, "standard input");
	in->ended = n == 0;
	in->len += n > 0 ? (size_t)n : 0;
	return 0;
}

/* Where the first line ends, or NULL. The last one needs no newline. */
static char *line_end(const struct input *in)
{
	char *end = in->len ? memchr(in->text, '\n', in->len) : NULL;

	return end || !in->ended || !in->len ? end : in->text + in->len;
}

/* Submit lines until the engine is full. */
static int submit(struct input *in, agentrun_engine *engine, agentrun_error **err)
{
	char *end;

	while ((end = line_end(in))) {
		size_t n = (size_t)(end - in->text), taken = n < in->len ? n + 1 : n;
		int r = n ? agentrun_engine_submit(engine, in->text, n, in->lines + 1, err) : 0;

		if (r == AGENTRUN_ELIMIT) { /* as many run as may: go on when some are done */
			agentrun_error_free(*err);
			*err = NULL;
			return 0;
		}
		if (r < 0)
			return r;
		in->lines++;
		in->len -= taken;
		memmove(in->text, in->text + taken, in->len);
	}
	return 0;
}

static void print_results(agentrun_engine *engine)
{
	agentrun_result *results[16];
	int n;

	while ((n = agentrun_engine_poll(engine, results, 16, 0)) > 0) {
		for (int i = 0; i < n; i++) {
			printf("%" PRIu64 " %s\n", agentrun_result_tag(results[i]),
				agentrun_result_payload(results[i], NULL));
			agentrun_result_free(results[i]);
		}
	}
	fflush(stdout);
}

static int loop(agentrun_engine *engine, agentrun_error **err)
{
	struct input in = { .ended = 0 };
	int r = 0;

	while (r == 0 && (!in.ended || in.len || agentrun_engine_in_flight(engine))) {
		/* While lines wait for room in the engine, no more are read. */
		struct pollfd fds[2] = {
			{ .fd = agentrun_engine_fd(engine), .events = POLLIN },
			{ .fd = in.ended || line_end(&in) ? -1 : STDIN_FILENO, .events = POLLIN },
		};

		if (poll(fds, 2, -1) < 0) {
			r = errno == EINTR ? 0 : fault(err, "poll");
			continue;
		}
		if (fds[0].revents)
			print_results(engine);
		if (fds[1].revents)
			r = read_some(&in, err);
		if (r == 0)
			r = submit(&in, engine, err);
	}
	free(in.text);
	return r;
}

int main(void)
{
	agentrun_engine_options opts;
	agentrun_engine *engine = NULL;
	agentrun_ctx *ctx = NULL;
	agentrun_error *err = NULL;
	int r = agentrun_ctx_new(&ctx, NULL, &err);

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.max_jobs = AT_ONCE;
	if (r == 0)
		r = agentrun_engine_new(&engine, ctx, &opts, &err);
	if (r == 0)
		r = loop(engine, &err);
	if (err)
		fprintf(stderr, "%s\n", agentrun_error_message(err));
	agentrun_error_free(err);
	agentrun_engine_free(engine);
	agentrun_ctx_free(ctx);
	return r == 0 ? 0 : 1;
}
