/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "limit/limit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/memory.h>

#include "base/uuid.h"
#include "llm/profile.h"

#define DAY_MS ((int64_t)86400000)
#define MOST_LIMITS 6
#define SLOT_WAIT_MS 1000 /* when another of a user's jobs may be over is not known */

struct rate {
	int64_t count, period_ms; /* count 0: no limit */
};

struct price {
	char *model;
	double input, output, cached; /* micro-dollars a token: dollars a million */
};

struct agr_limits {
	agentrun_limits_impl impl;
	void *self, *own_self;    /* own: what was made here; or NULL */
	char prefix[24];          /* of ids: no other process has it */
	atomic_uint_fast64_t ids; /* how many there were */
	struct rate global, per_user, per_workflow;
	int64_t concurrency;
	int64_t tokens[3];        /* all, a user, a workflow; 0: no limit */
	int64_t micro_usd[3];
	struct price *prices;
	size_t n_prices;
};

static const char *const tokens_keys[] = { "budget.tokens_per_day",
	"budget.tokens_per_user_per_day", "budget.tokens_per_workflow_per_day" };
static const char *const usd_keys[] = { "budget.usd_per_day", "budget.usd_per_user_per_day",
	"budget.usd_per_workflow_per_day" };

/* ---- the configuration ---------------------------------------------------------------- */

static int read_rate(struct rate *out, const agentrun_config *config, const char *key,
	agentrun_error **err)
{
	const char *text = agentrun_config_get(config, key);

	if (!text || !*text || agr_rate_read(text, &out->count, &out->period_ms))
		return 0;
	return agentrun_error_raise(err, AGENTRUN_ECONFIG,
		"%s wants a rate such as 100/min (a whole number a s, min, h or day), not "
		"\"%.50s\"", key, text);
}

static bool take_number(const char **text, double *out)
{
	const char *p = *text;
	double value = 0, unit = 1;

	while (*p == ' ' || *p == '\t')
		p++;
	if (!agr_is_digit(*p))
		return false;
	for (; agr_is_digit(*p); p++)
		value = value * 10 + (*p - '0');
	if (*p == '.')
		for (p++; agr_is_digit(*p); p++) {
			value = value * 10 + (*p - '0');
			unit *= 10;
		}
	*out = value / unit;
	*text = p;
	return true;
}

/* "MODEL INPUT OUTPUT [CACHED]" */
static int read_price(agr_limits *limits, const char *line, size_t len,
	agentrun_error **err)
{
	char *copy = agr_strndup(line, len);
	struct price *grown = copy ? realloc(limits->prices,
		(limits->n_prices + 1) * sizeof(*grown)) : NULL;
	const char *rest;
	struct price *price;
	size_t n;

	if (!grown) {
		free(copy);
		return agr_error_oom(err);
	}
	limits->prices = grown;
	price = &grown[limits->n_prices++];
	price->model = copy;
	n = strcspn(copy, " \t");
	rest = copy + n;
	if (!n || !take_number(&rest, &price->input) || !take_number(&rest, &price->output))
		return agentrun_error_raise(err, AGENTRUN_ECONFIG,
			"budget.prices wants lines of MODEL INPUT OUTPUT [CACHED], in dollars a million "
			"tokens, not \"%.100s\"", copy);
	price->cached = price->input;
	take_number(&rest, &price->cached);
	copy[n] = '\0';
	return 0;
}

static int read_prices(agr_limits *limits, const agentrun_config *config,
	agentrun_error **err)
{
	const char *line = agentrun_config_get(config, "budget.prices");
	int r = 0;

	while (r == 0 && line && *line) {
		size_t n = strcspn(line, "\n");

		r = read_price(limits, line, n, err);
		line += n + (line[n] == '\n');
	}
	return r;
}

static int read_all(agr_limits *limits, const agentrun_config *config, agentrun_error **err)
{
	int r = read_rate(&limits->global, config, "rate_limit.global", err);

	if (r == 0)
		r = read_rate(&limits->per_user, config, "rate_limit.per_user", err);
	if (r == 0)
		r = read_rate(&limits->per_workflow, config, "rate_limit.per_workflow", err);
	limits->concurrency = agentrun_config_get_int(config,
		"rate_limit.concurrency_per_user", 0);
	for (size_t i = 0; i < 3; i++) {
		limits->tokens[i] = agentrun_config_get_int(config, tokens_keys[i], 0);
		limits->micro_usd[i] = (int64_t)(agr_llm_number(config, usd_keys[i], 0) * 1e6 + 0.5);
	}
	return r < 0 ? r : read_prices(limits, config, err);
}

static bool limits_anything(const agr_limits *limits)
{
	bool any = limits->global.count || limits->per_user.count ||
		limits->per_workflow.count || limits->concurrency;

	for (size_t i = 0; i < 3; i++)
		any = any || limits->tokens[i] || limits->micro_usd[i];
	return any;
}

/* Who counts, and names for what is held. */
static int set_up(agr_limits *limits, const agentrun_limits_impl *impl, void *self,
	agentrun_error **err)
{
	const agentrun_limits_impl *own;
	char uuid[AGR_UUID_SIZE];
	int r = agr_uuid_v4(uuid, err);

	if (r < 0)
		return r;
	snprintf(limits->prefix, sizeof(limits->prefix), "%.23s", uuid);
	if (impl) {
		limits->impl = *impl;
		limits->self = self;
		return 0;
	}
	r = agentrun_memory_limits_new(&own, &limits->own_self, err);
	limits->impl = *own;
	limits->self = limits->own_self;
	return r;
}

int agr_limits_new(agr_limits **out, const agentrun_config *config,
	const agentrun_limits_impl *impl, void *self, agentrun_error **err)
{
	agr_limits *limits = calloc(1, sizeof(*limits));
	int r;

	*out = NULL;
	if (!limits)
		return agr_error_oom(err);
	r = read_all(limits, config, err);
	if (r == 0 && limits_anything(limits)) {
		r = set_up(limits, impl, self, err);
		if (r == 0) {
			*out = limits;
			return 0;
		}
	}
	agr_limits_free(limits);
	return r;
}

void agr_limits_free(agr_limits *limits)
{
	if (!limits)
		return;
	if (limits->own_self)
		limits->impl.destroy(limits->own_self);
	for (size_t i = 0; i < limits->n_prices; i++)
		free(limits->prices[i].model);
	free(limits->prices);
	free(limits);
}

/* ---- one request of several limits --------------------------------------------------- */

struct wanted {
	agentrun_limit limits[MOST_LIMITS];
	const agentrun_limit *list[MOST_LIMITS];
	size_t n;
};

static agentrun_limit *want(struct wanted *w, int kind, const char *key, const char *name,
	int64_t most)
{
	agentrun_limit *limit = &w->limits[w->n];

	*limit = (agentrun_limit){ .struct_size = sizeof(*limit), .kind = kind, .key = key,
		.name = name, .most = most, .amount = 1, .taken = 1 };
	w->list[w->n++] = limit;
	return limit;
}

static agentrun_limits_request request_of(const struct wanted *w, const char *id,
	int64_t now_ms)
{
	return (agentrun_limits_request){ .struct_size = sizeof(agentrun_limits_request),
		.id = id, .limits = w->list, .n = w->n, .now_ms = now_ms };
}

static void make_id(agr_limits *limits, char id[AGR_LIMIT_ID])
{
	snprintf(id, AGR_LIMIT_ID, "%s-%llx", limits->prefix,
		(unsigned long long)atomic_fetch_add(&limits->ids, 1));
}

/* 0, 1 and the refusal, or an error that says who did not answer. */
static int take(agr_limits *limits, const struct wanted *w, const char *id, int64_t now_ms,
	agentrun_limits_refusal *refusal, agentrun_error **err)
{
	const agentrun_limits_request request = request_of(w, id, now_ms);
	int r;

	*refusal = (agentrun_limits_refusal){ .struct_size = sizeof(*refusal) };
	if (!w->n)
		return 0;
	r = limits->impl.take(limits->self, &request, refusal, err);
	if (r < 0 && err && *err)
		agr_error_prefix(err, "the limits (%s)", limits->impl.name);
	else if (r < 0)
		r = agentrun_error_raise(err, r, "the limits (%s) failed and did not say why",
			limits->impl.name);
	else if (r > 0 && refusal->index >= w->n)
		refusal->index = 0;
	return r;
}

static int refuse(agentrun_error **err, int code, int64_t wait_ms, agr_buf *text)
{
	int r = text->failed ? agr_error_oom(err) :
		agentrun_error_raise(err, code, "%s: come back in %lld.%03lld s", text->data,
			(long long)(wait_ms / 1000), (long long)(wait_ms % 1000));

	if (err && *err && agentrun_error_code(*err) == code)
		agentrun_error_set_retry(*err, 1, wait_ms);
	agr_buf_free(text);
	return r;
}

/* ---- jobs -------------------------------------------------------------------------------- */

static const char slots_key[] = "rate_limit.concurrency_per_user";

static bool is_somebody(const char *name)
{
	return name && *name;
}

static void want_rate(struct wanted *w, int kind, const char *key, const char *name,
	const struct rate *rate)
{
	if (rate->count)
		want(w, kind, key, name, rate->count)->period_ms = rate->period_ms;
}

static int refuse_job(const agentrun_limit *limit, const agentrun_limits_refusal *refusal,
	agentrun_error **err)
{
	const char *quote = *limit->name ? "\"" : "";
	int64_t wait_ms = refusal->wait_ms > 0 ? refusal->wait_ms : 1;
	agr_buf text = AGR_BUF_INIT;

	if (limit->kind == AGENTRUN_LIMIT_SLOTS) {
		agr_buf_printf(&text, "%lld jobs of \"%.100s\" run already, the limit (%s)",
			(long long)refusal->used, limit->name, limit->key);
		wait_ms = SLOT_WAIT_MS;
	} else {
		agr_buf_printf(&text, "the limit of %lld jobs in %lld s%s%s%.100s%s is reached (%s)",
			(long long)limit->most, (long long)(limit->period_ms / 1000),
			*limit->name ? " for " : "", quote, limit->name, quote, limit->key);
	}
	return refuse(err, AGENTRUN_ERATE, wait_ms, &text);
}

int agr_limits_enter(agr_limits *limits, agr_entry *out, const agr_who *who,
	int64_t mono_ms, agentrun_error **err)
{
	struct wanted w = { .n = 0 };
	agentrun_limits_refusal refusal;
	int r;

	memset(out, 0, sizeof(*out));
	if (!limits)
		return 0;
	want_rate(&w, AGENTRUN_LIMIT_BUCKET, "rate_limit.global", "", &limits->global);
	if (is_somebody(who->user))
		want_rate(&w, AGENTRUN_LIMIT_WINDOW, "rate_limit.per_user", who->user,
			&limits->per_user);
	if (is_somebody(who->workflow))
		want_rate(&w, AGENTRUN_LIMIT_WINDOW, "rate_limit.per_workflow", who->workflow,
			&limits->per_workflow);
	if (is_somebody(who->user) && limits->concurrency)
		want(&w, AGENTRUN_LIMIT_SLOTS, slots_key, who->user, limits->concurrency);
	make_id(limits, out->id);
	r = take(limits, &w, out->id, mono_ms, &refusal, err);
	out->taken = r == 0;
	return r > 0 ? refuse_job(w.list[refusal.index], &refusal, err) : r;
}

void agr_limits_leave(agr_limits *limits, agr_entry *entry, const agr_who *who)
{
	struct wanted w = { .n = 0 };
	agentrun_limits_request request;

	if (!limits || !entry->taken)
		return;
	entry->taken = false;
	if (!is_somebody(who->user) || !limits->concurrency)
		return;
	want(&w, AGENTRUN_LIMIT_SLOTS, slots_key, who->user, limits->concurrency);
	request = request_of(&w, entry->id, agr_clock_mono_ms());
	limits->impl.settle(limits->self, &request);
}

/* ---- budgets ------------------------------------------------------------------------------ */

static int find_price(const agr_limits *limits, agr_reservation *out, const char *model,
	agentrun_error **err)
{
	bool money = limits->micro_usd[0] || limits->micro_usd[1] || limits->micro_usd[2];

	for (size_t i = 0; i < limits->n_prices; i++)
		if (strcmp(limits->prices[i].model, model) == 0) {
			out->price_input = limits->prices[i].input;
			out->price_output = limits->prices[i].output;
			out->price_cached = limits->prices[i].cached;
			return 0;
		}
	return !money ? 0 : agentrun_error_raise(err, AGENTRUN_ECONFIG,
		"money is limited, but budget.prices has no price for the model \"%.100s\"", model);
}

/* `tokens` and `micro_usd` of what was reserved. */
static void want_budgets(struct wanted *w, const agr_limits *limits, const agr_who *who,
	const agr_reservation *of, int64_t tokens, int64_t micro_usd)
{
	const char *const names[] = { "", who->user, who->workflow };

	for (size_t i = 0; i < 3; i++) {
		const int64_t most[] = { limits->tokens[i], limits->micro_usd[i] };
		const int64_t taken[] = { of->tokens, of->micro_usd };
		const int64_t amount[] = { tokens, micro_usd };

		if (i && !is_somebody(names[i]))
			continue;
		for (size_t k = 0; k < 2; k++) {
			agentrun_limit *limit;

			if (!most[k])
				continue;
			limit = want(w, AGENTRUN_LIMIT_BUDGET, k ? usd_keys[i] : tokens_keys[i],
				names[i], most[k]);
			limit->period_ms = DAY_MS;
			limit->period = of->day;
			limit->amount = amount[k];
			limit->taken = taken[k];
		}
	}
}

static int refuse_budget(const agentrun_limit *limit, int64_t used, int64_t wall_ms,
	agentrun_error **err)
{
	const char *quote = *limit->name ? "\"" : "", *of = *limit->name ? " for " : "";
	agr_buf text = AGR_BUF_INIT;

	if (strstr(limit->key, ".tokens_"))
		agr_buf_printf(&text, "the budget of %lld tokens a day%s%s%.100s%s does not allow %lld "
			"more: %lld are used or reserved (%s)", (long long)limit->most, of, quote,
			limit->name, quote, (long long)limit->amount, (long long)used, limit->key);
	else
		agr_buf_printf(&text, "the budget of %lld.%02lld dollars a day%s%s%.100s%s does not "
			"allow %lld micro-dollars more: %lld are used or reserved (%s)",
			(long long)(limit->most / 1000000), (long long)(limit->most / 10000 % 100), of,
			quote, limit->name, quote, (long long)limit->amount, (long long)used,
			limit->key);
	return refuse(err, AGENTRUN_EBUDGET, DAY_MS - wall_ms % DAY_MS, &text);
}

int agr_limits_reserve(agr_limits *limits, agr_reservation *out, const agr_who *who,
	const char *model, int64_t input, int64_t output, int64_t wall_ms,
	agentrun_error **err)
{
	struct wanted w = { .n = 0 };
	agentrun_limits_refusal refusal;
	int r;

	memset(out, 0, sizeof(*out));
	if (!limits)
		return 0;
	r = find_price(limits, out, model, err);
	if (r < 0)
		return r;
	out->input = input;
	out->tokens = input + output;
	out->micro_usd = (int64_t)((double)input * out->price_input +
		(double)output * out->price_output + 0.5);
	out->day = wall_ms / DAY_MS;
	want_budgets(&w, limits, who, out, out->tokens, out->micro_usd);
	make_id(limits, out->id);
	r = take(limits, &w, out->id, agr_clock_mono_ms(), &refusal, err);
	out->taken = r == 0;
	return r > 0 ? refuse_budget(w.list[refusal.index], refusal.used, wall_ms, err) : r;
}

static double cost_of(const agr_reservation *r, const agr_usage *usage)
{
	int64_t cached = usage->cached > 0 ? usage->cached : 0;
	int64_t input = usage->input >= 0 ? usage->input : r->input;
	int64_t output = usage->output > 0 ? usage->output : 0;

	if (cached > input)
		cached = input;
	if (usage->total > input + output) /* what is in the total alone was thought */
		output = usage->total - input;
	return (double)(input - cached) * r->price_input + (double)cached * r->price_cached +
		(double)output * r->price_output;
}

void agr_limits_settle(agr_limits *limits, agr_reservation *reservation,
	const agr_who *who, const agr_usage *usage)
{
	struct wanted w = { .n = 0 };
	agentrun_limits_request request;
	int64_t tokens = 0, cost = 0;

	if (!limits || !reservation->taken)
		return;
	reservation->taken = false;
	if (usage) {
		tokens = agr_usage_tokens(usage);
		if (!tokens)
			tokens = reservation->input;
		cost = (int64_t)(cost_of(reservation, usage) + 0.5);
	}
	want_budgets(&w, limits, who, reservation, tokens, cost);
	if (!w.n)
		return;
	request = request_of(&w, reservation->id, agr_clock_mono_ms());
	limits->impl.settle(limits->self, &request);
}
