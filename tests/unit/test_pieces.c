/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A body in pieces. */
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "net/http.h"
#include "net/pieces.h"

static const char lasting[] = "lasting";

static agr_pieces copy_of(const agentrun_http_part *parts, size_t n)
{
	const agentrun_http_request request = { .struct_size = sizeof(request),
		.body_parts = parts, .n_body_parts = n };
	agr_pieces pieces = { .n = 0 };

	ck_assert_int_eq(agr_pieces_copy(&pieces, &request, NULL), 0);
	return pieces;
}

/* All that is left, read so many bytes at a time. */
static void expect_rest(agr_pieces *pieces, size_t room, const char *text)
{
	char got[64];
	size_t len = 0, n;

	while ((n = agr_pieces_read(pieces, got + len, room)) > 0)
		len += n;
	got[len] = '\0';
	ck_assert_str_eq(got, text);
}

START_TEST(what_lasts_is_not_copied_and_the_rest_is)
{
	char text[] = "one two";
	const agentrun_http_part parts[] = { { text, 4, 0 }, { "", 0, 0 }, { lasting, 7, 1 },
		{ text + 3, 4, 0 } };
	agr_pieces pieces = copy_of(parts, 4);

	memset(text, 'x', sizeof(text));
	ck_assert_uint_eq(pieces.n, 3);
	ck_assert_uint_eq(pieces.len, 15);
	ck_assert_ptr_eq(pieces.parts[1].data, lasting);
	for (size_t room = 1; room < 20; room++) {
		ck_assert(agr_pieces_seek(&pieces, 0));
		expect_rest(&pieces, room, "one lasting two");
	}
	agr_pieces_clear(&pieces);
}
END_TEST

START_TEST(it_goes_on_from_anywhere)
{
	const agentrun_http_part parts[] = { { "ab", 2, 0 }, { "cd", 2, 1 }, { "ef", 2, 0 } };
	agr_pieces pieces = copy_of(parts, 3);

	for (size_t from = 0; from <= 6; from++) {
		ck_assert(agr_pieces_seek(&pieces, from));
		expect_rest(&pieces, 4, "abcdef" + from);
	}
	ck_assert(!agr_pieces_seek(&pieces, 7));
	agr_pieces_clear(&pieces);
}
END_TEST

START_TEST(a_body_of_one_piece_and_none)
{
	const agentrun_http_request whole = { .struct_size = sizeof(whole), .body = "xyz",
		.body_len = 3 };
	const agentrun_http_request none = { .struct_size = sizeof(none) };
	agr_pieces pieces = { .n = 0 };

	ck_assert_int_eq(agr_pieces_copy(&pieces, &whole, NULL), 0);
	expect_rest(&pieces, 2, "xyz");
	agr_pieces_clear(&pieces);
	ck_assert_int_eq(agr_pieces_copy(&pieces, &none, NULL), 0);
	expect_rest(&pieces, 2, "");
	agr_pieces_clear(&pieces);
}
END_TEST

/* ---- a transport that takes no pieces -------------------------------------------- */

static char seen[64];
static size_t seen_parts;

static int no_open(void *self, const agentrun_config *config, agentrun_error **err)
{
	(void)self;
	(void)config;
	(void)err;
	return 0;
}

static int look(void *self, const agentrun_http_request *request, agentrun_error **err)
{
	(void)self;
	snprintf(seen, sizeof(seen), "%.*s", (int)request->body_len,
		request->body ? request->body : "");
	seen_parts = request->n_body_parts;
	return agentrun_error_raise(err, AGENTRUN_EINPUT, "seen");
}

static int no_events(void *self, agentrun_http_event **events, size_t max, int timeout_ms,
	agentrun_error **err)
{
	(void)self;
	(void)events;
	(void)max;
	(void)timeout_ms;
	(void)err;
	usleep(1000);
	return 0;
}

static void no_cancel(void *self, uint64_t id)
{
	(void)self;
	(void)id;
}

static void nothing(void *self)
{
	(void)self;
}

START_TEST(a_transport_gets_pieces_where_it_says_that_it_takes_them)
{
	agentrun_transport_impl impl = { .version = 1, .struct_size = sizeof(impl), .name = "x",
		.open = no_open, .submit = look, .poll = no_events, .cancel = no_cancel,
		.wakeup = nothing, .destroy = nothing };
	const agentrun_http_part parts[] = { { "one ", 4, 0 }, { "two", 3, 1 } };
	agentrun_http_request request = { .struct_size = sizeof(request), .method = "POST",
		.url = "http://x", .body_parts = parts, .n_body_parts = 2 };

	for (int takes = 0; takes < 2; takes++) {
		agentrun_http_event *answer;
		agr_http *http;

		impl.features = takes ? AGENTRUN_TRANSPORT_BODY_PARTS : 0;
		ck_assert_int_eq(agr_http_new(&http, &impl, NULL, NULL), 0);
		ck_assert_int_eq(agr_http_fetch(http, &request, &answer, NULL), AGENTRUN_EINPUT);
		agr_http_free(http);
		ck_assert_str_eq(seen, takes ? "" : "one two");
		ck_assert_uint_eq(seen_parts, takes ? 2 : 0);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_lasts_is_not_copied_and_the_rest_is,
		it_goes_on_from_anywhere,
		a_body_of_one_piece_and_none,
		a_transport_gets_pieces_where_it_says_that_it_takes_them,
		NULL,
	};

	return unit_main(unit_suite_with("pieces", tests, NULL, NULL));
}
