/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/pointer.h"

#include <string.h>

static size_t count_tokens(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '/';
	return n;
}

/* Undo ~0 and ~1 and put the token into quotes; `work` holds what is between. */
static int make_token(agr_span *out, agr_arena *arena, agr_buf *work, const char *p,
	const char *end, agentrun_error **err)
{
	agr_buf plain = AGR_BUF_INIT;
	char *copy;

	for (const char *q = p; q < end; q++) {
		char c = *q;

		if (c == '~') {
			if (++q == end || (*q != '0' && *q != '1')) {
				agr_buf_free(&plain);
				return agentrun_error_raise(err, AGENTRUN_EPATCH,
					"in a pointer, ~ must be followed by 0 or 1");
			}
			c = *q == '0' ? '~' : '/';
		}
		agr_buf_char(&plain, c);
	}
	agr_buf_reset(work);
	agr_buf_json_str(work, plain.data ? plain.data : "", plain.len);
	copy = plain.failed || work->failed ? NULL : agr_arena_alloc(arena, work->len, 1);
	agr_buf_free(&plain);
	if (!copy)
		return agr_error_oom(err);
	memcpy(copy, work->data, work->len);
	*out = (agr_span){copy, work->len};
	return 0;
}

int agr_pointer_parse(agr_pointer *out, agr_arena *arena, const char *text, size_t len,
	agentrun_error **err)
{
	const char *p = text, *end = text + len;
	agr_buf work = AGR_BUF_INIT;
	size_t n;
	int r = 0;

	memset(out, 0, sizeof(*out));
	out->text = text;
	out->len = len;
	if (!len)
		return 0;
	if (*text != '/')
		return agentrun_error_raise(err, AGENTRUN_EPATCH,
			"a pointer must be empty or begin with \"/\"");
	n = count_tokens(text, len);
	out->tokens = agr_arena_alloc(arena, n, sizeof(*out->tokens));
	if (!out->tokens)
		return agr_error_oom(err);
	while (r == 0 && p < end) {
		const char *from = ++p;

		while (p < end && *p != '/')
			p++;
		r = make_token(&out->tokens[out->n], arena, &work, from, p, err);
		out->n += r == 0;
	}
	agr_buf_free(&work);
	return r;
}

/* Escaped text is the same exactly when the tokens are: each character has one
 * spelling. */
bool agr_pointer_is_below(const agr_pointer *a, const agr_pointer *b)
{
	return a->len > b->len && a->text[b->len] == '/' &&
	       memcmp(a->text, b->text, b->len) == 0;
}

bool agr_pointer_same(const agr_pointer *a, const agr_pointer *b)
{
	return a->len == b->len && (!a->len || memcmp(a->text, b->text, a->len) == 0);
}

bool agr_token_index(agr_span token, size_t *index)
{
	const char *p = token.p + 1, *end = token.p + token.n - 1;
	size_t value = 0;

	if (p == end || (*p == '0' && end - p > 1))
		return false;
	for (; p < end; p++) {
		if (!agr_is_digit(*p))
			return false;
		if (value > (SIZE_MAX - 9) / 10)
			value = SIZE_MAX / 10; /* an index, but past any end */
		else
			value = value * 10 + (size_t)(*p - '0');
	}
	*index = value;
	return true;
}

bool agr_token_is_end(agr_span token)
{
	return token.n == 3 && token.p[1] == '-';
}

void agr_pointer_add_token(agr_buf *out, agr_span token)
{
	agr_buf plain = AGR_BUF_INIT;

	agr_string_decode(&plain, token);
	if (plain.failed)
		out->failed = plain.failed;
	agr_buf_char(out, '/');
	for (size_t i = 0; i < plain.len; i++) {
		if (plain.data[i] == '~')
			agr_buf_str(out, "~0");
		else if (plain.data[i] == '/')
			agr_buf_str(out, "~1");
		else
			agr_buf_char(out, plain.data[i]);
	}
	agr_buf_free(&plain);
}

void agr_pointer_add_index(agr_buf *out, size_t index)
{
	agr_buf_printf(out, "/%zu", index);
}

const char *agr_shown(agr_arena *arena, const char *text, size_t len)
{
	agr_buf buf = AGR_BUF_INIT;
	size_t cut = len;
	char *copy;

	if (len > AGR_SHOWN_MAX) {
		cut = AGR_SHOWN_MAX;
		while (cut && ((unsigned char)text[cut] & 0xc0) == 0x80)
			cut--;
	}
	agr_buf_printable(&buf, text, cut);
	agr_buf_str(&buf, cut < len ? "..." : "");
	copy = buf.failed ? NULL : agr_arena_alloc(arena, buf.len + 1, 1);
	if (copy)
		memcpy(copy, buf.data, buf.len + 1);
	agr_buf_free(&buf);
	return copy ? copy : "...";
}

const char *agr_pointer_shown(agr_arena *arena, const agr_pointer *pointer, size_t n)
{
	const char *p = pointer->text, *end = p + pointer->len;

	if (!n)
		return "the document";
	for (; p < end; p++)
		if (*p == '/' && !n--)
			break;
	return agr_shown(arena, pointer->text, (size_t)(p - pointer->text));
}
