/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * parse_date: dates as ISO 8601 in UTC. Neither the locale nor the time zone of the
 * process plays a part.
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"

/* What strptime() of every system here knows; %f is ours. */
#define CONVERSIONS "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%"

#define FIRST_SECOND INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST_SECOND INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */

struct parse_date {
	agr_field field;
	agr_span as;
	char *format; /* NULL: ISO 8601 */
	char *rest;   /* behind a %f, or NULL */
	locale_t locale;
};

static void date_plan_free(void *plan)
{
	struct parse_date *p = plan;

	agr_field_clear(&p->field);
	free(p->format);
	if (p->locale)
		freelocale(p->locale);
	free(p);
}

/* Check the conversions, and cut the format in two at a %f. */
static int read_format(struct parse_date *p, agentrun_error **err)
{
	for (char *c = p->format; *c; c++) {
		char *from = c;

		if (*c != '%')
			continue;
		c++;
		if (*c == 'f' && !p->rest) {
			*from = '\0';
			p->rest = c + 1;
			continue;
		}
		if ((*c == 'E' || *c == 'O') && c[1])
			c++;
		if (!*c || !strchr(CONVERSIONS, *c))
			return agentrun_error_raise(err, AGENTRUN_EINPUT,
				"format has %%%c, which is no conversion of strptime (%%%% "
				"is a percent sign)", *c ? *c : ' ');
	}
	return 0;
}

static int date_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	struct parse_date *p = calloc(1, sizeof(*p));
	int r;

	*plan = p;
	if (!p)
		return agr_error_oom(err);
	r = agr_args_field(args, "field", &p->field, err);
	if (r == 0)
		r = agr_args_key(args, "as", p->field.name, &p->as, err);
	if (r == 0)
		r = agr_args_string(args, "format", &p->format, err);
	if (r <= 0)
		return r;
	p->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!p->locale)
		return agr_error_oom(err);
	return read_format(p, err);
}

static bool date_want(void *plan, agr_wanted *wanted)
{
	struct parse_date *p = plan;

	return agr_field_want(&p->field, wanted);
}

/* Digits behind the second, of which the milliseconds count. */
static const char *read_fraction(const char *text, int *ms)
{
	int unit = 100;

	if (!agr_is_digit(*text))
		return NULL;
	for (; agr_is_digit(*text); text++, unit /= 10)
		*ms += (*text - '0') * unit;
	return text;
}

/* Is the day one of its month? February 30th would be taken for March 2nd. */
static bool to_seconds(const struct tm *tm, int64_t *seconds)
{
	struct tm normal;

	*seconds = agr_clock_seconds(tm);
	agr_clock_civil(&normal, *seconds);
	if (normal.tm_mday != tm->tm_mday &&
		!(tm->tm_sec == 60 || tm->tm_hour == 24))
		return false;
	*seconds -= tm->tm_gmtoff;
	return true;
}

static bool parse_format(const struct parse_date *p, const char *text, int64_t *seconds,
	int *ms)
{
	struct tm tm = { .tm_mday = 1, .tm_year = 70 };

	text = strptime_l(text, p->format, &tm, p->locale);
	if (text && p->rest)
		text = read_fraction(text, ms);
	if (text && p->rest)
		text = strptime_l(text, p->rest, &tm, p->locale);
	return text && !*text && to_seconds(&tm, seconds);
}

static bool parse(const struct parse_date *p, const char *text, int64_t *seconds, int *ms)
{
	int64_t wall;

	*ms = 0;
	if (p->format)
		return parse_format(p, text, seconds, ms);
	if (!agr_clock_parse(&wall, text))
		return false;
	*ms = (int)(((wall % 1000) + 1000) % 1000);
	*seconds = (wall - *ms) / 1000;
	return true;
}

static bool write_date(agr_buf *out, int64_t seconds, int ms)
{
	char when[AGR_TIME_SIZE];

	if (seconds < FIRST_SECOND || seconds > LAST_SECOND)
		return false;
	agr_clock_iso8601(when, seconds * 1000 + ms);
	agr_buf_printf(out, "\"%.*sZ\"", ms ? 23 : 19, when); /* with the milliseconds or not */
	return true;
}

/* The date as text that ends in NUL: a string's, or with a format a number's. */
static bool date_text(const struct parse_date *p, agr_buf *text, agr_span value)
{
	if (*value.p == '"')
		agr_string_decode(text, value);
	else if (p->format && agr_span_type(value) == AGR_TYPE_NUMBER)
		agr_buf_add(text, value.p, value.n);
	else
		return false;
	agr_buf_add(text, "", 0);
	return !text->failed && strlen(text->data) == text->len;
}

static int date_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	const struct parse_date *p = op->plan;
	agr_span value, made = { "null", 4 };
	int64_t seconds;
	int ms;

	agr_buf_reset(&op->key);
	agr_buf_reset(&op->row);
	if (agr_field_get(&p->field, row, &value) && date_text(p, &op->row, value) &&
		parse(p, op->row.data, &seconds, &ms) && write_date(&op->key, seconds, ms))
		made = (agr_span){ op->key.data, op->key.len };
	if (op->row.failed || op->key.failed)
		return agr_error_oom(err);
	return agr_op_emit_with(op, row, p->as, made, err);
}

const agr_step_type agr_step_parse_date = {
	.name = "parse_date",
	.summary = "a date as ISO 8601 in UTC",
	.holds = "nothing",
	.schema = AGR_SCHEMA("parse_date", AGR_NEEDED("field"),
		AGR_PARAM("field", AGR_FIELD)
		AGR_PARAM("format", AGR_STRING("as for strptime; default: ISO 8601"))
		AGR_PARAM("as", AGR_STRING("the field that it becomes; default: the same"))),
	.compile = date_compile,
	.plan_free = date_plan_free,
	.want = date_want,
	.makes_rows = true,
	.push = date_push,
};
