/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "limit/limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "llm/profile.h"

#define DAY_MS ((int64_t)86400000)
#define SWEEP_AT 1024  /* subjects; then those that are idle are forgotten */

struct rate {
	int64_t count, period_ms; /* count 0: no limit */
};

struct price {
	char *model;
	double input, output, cached; /* micro-dollars a token: dollars a million */
};

/* A user, a workflow, or (an empty name) everything. */
struct subject {
	struct subject *next;
	char *name;
	char kind; /* 'u', 'w', '*' */
	int64_t *times; /* of a sliding window: a ring of `room`, the oldest at `first` */
	size_t first, n, room;
	int64_t running;
	int64_t day, tokens; /* of that day */
	double micro_usd;
};

struct agr_limits {
	pthread_mutex_t lock;
	struct rate global, per_user, per_workflow;
	int64_t concurrency;
	int64_t tokens[3];   /* all, a user, a workflow; 0: no limit */
	double micro_usd[3];
	struct price *prices;
	size_t n_prices;
	double bucket;       /* of the service: what may begin now */
	int64_t bucket_ms;   /* as it was then; 0: never yet */
	struct subject *subjects[256];
	size_t n_subjects, sweep_at;
};

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
	static const char *const tokens[] = { "budget.tokens_per_day",
		"budget.tokens_per_user_per_day", "budget.tokens_per_workflow_per_day" };
	static const char *const usd[] = { "budget.usd_per_day",
		"budget.usd_per_user_per_day", "budget.usd_per_workflow_per_day" };
	int r = read_rate(&limits->global, config, "rate_limit.global", err);

	if (r == 0)
		r = read_rate(&limits->per_user, config, "rate_limit.per_user", err);
	if (r == 0)
		r = read_rate(&limits->per_workflow, config, "rate_limit.per_workflow", err);
	limits->concurrency = agentrun_config_get_int(config,
		"rate_limit.concurrency_per_user", 0);
	for (size_t i = 0; i < 3; i++) {
		limits->tokens[i] = agentrun_config_get_int(config, tokens[i], 0);
		limits->micro_usd[i] = agr_llm_number(config, usd[i], 0) * 1e6;
	}
	return r < 0 ? r : read_prices(limits, config, err);
}

static bool limits_anything(const agr_limits *limits)
{
	bool any = limits->global.count || limits->per_user.count ||
		limits->per_workflow.count || limits->concurrency;

	for (size_t i = 0; i < 3; i++)
		any = any || limits->tokens[i] || limits->micro_usd[i] > 0;
	return any;
}

int agr_limits_new(agr_limits **out, const agentrun_config *config, agentrun_error **err)
{
	agr_limits *limits = calloc(1, sizeof(*limits));
	int r;

	*out = NULL;
	if (!limits)
		return agr_error_oom(err);
	pthread_mutex_init(&limits->lock, NULL);
	limits->sweep_at = SWEEP_AT;
	r = read_all(limits, config, err);
	if (r == 0 && limits_anything(limits))
		*out = limits;
	else
		agr_limits_free(limits);
	return r;
}

static void subject_free(struct subject *s)
{
	free(s->name);
	free(s->times);
	free(s);
}

void agr_limits_free(agr_limits *limits)
{
	if (!limits)
		return;
	for (size_t i = 0; i < AGR_COUNT(limits->subjects); i++)
		while (limits->subjects[i]) {
			struct subject *next = limits->subjects[i]->next;

			subject_free(limits->subjects[i]);
			limits->subjects[i] = next;
		}
	for (size_t i = 0; i < limits->n_prices; i++)
		free(limits->prices[i].model);
	free(limits->prices);
	pthread_mutex_destroy(&limits->lock);
	free(limits);
}

/* ---- subjects; all with the lock held --------------------------------------------------- */

static size_t slot_of(char kind, const char *name)
{
	uint32_t hash = (unsigned char)kind;

	for (; *name; name++)
		hash = hash * 31 + (unsigned char)*name;
	return (hash ^ hash >> 8 ^ hash >> 16) & 255;
}

/* Forget who runs nothing, began nothing lately and has cost nothing today. */
static void sweep(agr_limits *limits, int64_t mono_ms, int64_t today)
{
	for (size_t i = 0; i < AGR_COUNT(limits->subjects); i++) {
		struct subject **at = &limits->subjects[i];

		while (*at) {
			struct subject *s = *at;
			size_t last = s->n ? (s->first + s->n - 1) % s->room : 0;

			if (s->running || (s->day == today && s->tokens) ||
				(s->n && s->times[last] > mono_ms - DAY_MS)) {
				at = &s->next;
				continue;
			}
			*at = s->next;
			subject_free(s);
			limits->n_subjects--;
		}
	}
	limits->sweep_at = limits->n_subjects * 2 > SWEEP_AT ? limits->n_subjects * 2 : SWEEP_AT;
}

/* NULL: nobody, or no memory (who cannot be counted is not limited). */
static struct subject *subject_of(agr_limits *limits, char kind, const char *name)
{
	size_t slot;
	struct subject *s;

	if (!name || (!*name && kind != '*'))
		return NULL;
	slot = slot_of(kind, name);
	for (s = limits->subjects[slot]; s; s = s->next)
		if (s->kind == kind && strcmp(s->name, name) == 0)
			return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->kind = kind;
	s->name = strdup(name);
	if (!s->name) {
		free(s);
		return NULL;
	}
	s->next = limits->subjects[slot];
	limits->subjects[slot] = s;
	limits->n_subjects++;
	return s;
}

/* ---- rates ------------------------------------------------------------------------------- */

static int refuse(agentrun_error **err, int code, int64_t wait_ms, const char *text)
{
	int r = agentrun_error_raise(err, code, "%s: come back in %lld.%03lld s", text,
		(long long)(wait_ms / 1000), (long long)(wait_ms % 1000));

	if (err && *err && agentrun_error_code(*err) == code)
		agentrun_error_set_retry(*err, 1, wait_ms);
	return r;
}

static int refuse_rate(agentrun_error **err, const char *key, const struct rate *rate,
	const char *name, int64_t wait_ms)
{
	agr_buf text = AGR_BUF_INIT;
	int r;

	agr_buf_printf(&text, "the limit of %lld jobs in %lld s%s%.100s%s is reached (%s)",
		(long long)rate->count, (long long)(rate->period_ms / 1000), *name ? " for \"" : "",
		name, *name ? "\"" : "", key);
	r = text.failed ? agr_error_oom(err) : refuse(err, AGENTRUN_ERATE,
		wait_ms > 0 ? wait_ms : 1, text.data);
	agr_buf_free(&text);
	return r;
}

static void fill_bucket(agr_limits *limits, int64_t now)
{
	const struct rate *rate = &limits->global;

	if (!limits->bucket_ms)
		limits->bucket = (double)rate->count;
	else
		limits->bucket += (double)(now - limits->bucket_ms) * (double)rate->count /
			(double)rate->period_ms;
	if (limits->bucket > (double)rate->count)
		limits->bucket = (double)rate->count;
	limits->bucket_ms = now;
}

/* How long until the window has room; 0: it has. */
static int64_t window_wait(struct subject *s, const struct rate *rate, int64_t now)
{
	if (!s || !rate->count)
		return 0;
	while (s->n && s->times[s->first] <= now - rate->period_ms) {
		s->first = (s->first + 1) % s->room;
		s->n--;
	}
	return s->n < (size_t)rate->count ? 0 : s->times[s->first] + rate->period_ms - now;
}

static void window_note(struct subject *s, const struct rate *rate, int64_t now)
{
	if (!s || !rate->count)
		return;
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 8;
		int64_t *grown;

		if (room > (size_t)rate->count)
			room = (size_t)rate->count;
		grown = calloc(room, sizeof(*grown));
		if (!grown)
			return;
		for (size_t i = 0; i < s->n; i++)
			grown[i] = s->times[(s->first + i) % s->room];
		free(s->times);
		s->times = grown;
		s->first = 0;
		s->room = room;
	}
	s->times[(s->first + s->n++) % s->room] = now;
}

static int check_concurrency(const agr_limits *limits, const struct subject *user,
	agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;
	int r;

	if (!limits->concurrency || !user || user->running < limits->concurrency)
		return 0;
	agr_buf_printf(&text, "%lld jobs of \"%.100s\" run already, the limit "
		"(rate_limit.concurrency_per_user)", (long long)user->running, user->name);
	r = text.failed ? agr_error_oom(err) : refuse(err, AGENTRUN_ERATE, 1000, text.data);
	agr_buf_free(&text);
	return r;
}

static int enter(agr_limits *limits, const agr_who *who, int64_t now, agentrun_error **err)
{
	struct subject *user = subject_of(limits, 'u', who->user);
	struct subject *workflow = subject_of(limits, 'w', who->workflow);
	int64_t wait;
	int r;

	if (limits->global.count) {
		fill_bucket(limits, now);
		if (limits->bucket < 1)
			return refuse_rate(err, "rate_limit.global", &limits->global, "",
				(int64_t)((1 - limits->bucket) * (double)limits->global.period_ms /
					(double)limits->global.count) + 1);
	}
	wait = window_wait(user, &limits->per_user, now);
	if (wait > 0)
		return refuse_rate(err, "rate_limit.per_user", &limits->per_user, user->name, wait);
	wait = window_wait(workflow, &limits->per_workflow, now);
	if (wait > 0)
		return refuse_rate(err, "rate_limit.per_workflow", &limits->per_workflow,
			workflow->name, wait);
	r = check_concurrency(limits, user, err);
	if (r < 0)
		return r;
	if (limits->global.count)
		limits->bucket -= 1;
	window_note(user, &limits->per_user, now);
	window_note(workflow, &limits->per_workflow, now);
	if (user)
		user->running++;
	return 0;
}

int agr_limits_enter(agr_limits *limits, const agr_who *who, int64_t mono_ms,
	agentrun_error **err)
{
	int r;

	if (!limits)
		return 0;
	pthread_mutex_lock(&limits->lock);
	if (limits->n_subjects >= limits->sweep_at)
		sweep(limits, mono_ms, agr_clock_wall_ms() / DAY_MS);
	r = enter(limits, who, mono_ms, err);
	pthread_mutex_unlock(&limits->lock);
	return r;
}

void agr_limits_leave(agr_limits *limits, const agr_who *who)
{
	struct subject *user;

	if (!limits)
		return;
	pthread_mutex_lock(&limits->lock);
	user = subject_of(limits, 'u', who->user);
	if (user && user->running > 0)
		user->running--;
	pthread_mutex_unlock(&limits->lock);
}

/* ---- budgets ------------------------------------------------------------------------------ */

static int find_price(const agr_limits *limits, agr_reservation *out, const char *model,
	agentrun_error **err)
{
	bool money = limits->micro_usd[0] > 0 || limits->micro_usd[1] > 0 ||
		limits->micro_usd[2] > 0;

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

static void turn_day(struct subject *s, int64_t day)
{
	if (s->day == day)
		return;
	s->day = day;
	s->tokens = 0;
	s->micro_usd = 0;
}

static int check_budget(const agr_limits *limits, const struct subject *s, size_t kind,
	const agr_reservation *wanted, int64_t wall_ms, agentrun_error **err)
{
	static const char *const names[] = { "", "_per_user", "_per_workflow" };
	int64_t until = DAY_MS - wall_ms % DAY_MS;
	agr_buf text = AGR_BUF_INIT;
	int r = 0;

	if (limits->tokens[kind] && s->tokens + wanted->tokens > limits->tokens[kind])
		agr_buf_printf(&text, "the budget of %lld tokens a day%s%.100s%s does not allow %lld "
			"more: %lld are used or reserved (budget.tokens%s_per_day)",
			(long long)limits->tokens[kind], kind ? " for \"" : "", s->name,
			kind ? "\"" : "", (long long)wanted->tokens, (long long)s->tokens, names[kind]);
	else if (limits->micro_usd[kind] > 0 &&
		s->micro_usd + wanted->micro_usd > limits->micro_usd[kind])
		agr_buf_printf(&text, "the budget of %lld.%02lld dollars a day%s%.100s%s does not allow "
			"%lld micro-dollars more: %lld are used or reserved (budget.usd%s_per_day)",
			(long long)(limits->micro_usd[kind] / 1e6),
			(long long)(limits->micro_usd[kind] / 1e4) % 100, kind ? " for \"" : "", s->name,
			kind ? "\"" : "", (long long)wanted->micro_usd, (long long)s->micro_usd,
			names[kind]);
	else
		return 0;
	r = text.failed ? agr_error_oom(err) : refuse(err, AGENTRUN_EBUDGET, until, text.data);
	agr_buf_free(&text);
	return r;
}

static void find_three(agr_limits *limits, struct subject *three[3], const agr_who *who)
{
	three[0] = subject_of(limits, '*', "");
	three[1] = subject_of(limits, 'u', who->user);
	three[2] = subject_of(limits, 'w', who->workflow);
}

int agr_limits_reserve(agr_limits *limits, agr_reservation *out, const agr_who *who,
	const char *model, int64_t input, int64_t output, int64_t wall_ms,
	agentrun_error **err)
{
	struct subject *three[3];
	int r;

	memset(out, 0, sizeof(*out));
	if (!limits)
		return 0;
	r = find_price(limits, out, model, err);
	if (r < 0)
		return r;
	out->input = input;
	out->tokens = input + output;
	out->micro_usd = (double)input * out->price_input + (double)output * out->price_output;
	out->day = wall_ms / DAY_MS;
	pthread_mutex_lock(&limits->lock);
	find_three(limits, three, who);
	for (size_t i = 0; r == 0 && i < 3; i++)
		if (three[i]) {
			turn_day(three[i], out->day);
			r = check_budget(limits, three[i], i, out, wall_ms, err);
		}
	for (size_t i = 0; r == 0 && i < 3; i++)
		if (three[i]) {
			three[i]->tokens += out->tokens;
			three[i]->micro_usd += out->micro_usd;
		}
	pthread_mutex_unlock(&limits->lock);
	out->taken = r == 0;
	return r;
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
	struct subject *three[3];
	int64_t tokens = 0;
	double cost = 0;

	if (!limits || !reservation->taken)
		return;
	reservation->taken = false;
	if (usage) {
		tokens = agr_usage_tokens(usage);
		if (!tokens)
			tokens = reservation->input;
		cost = cost_of(reservation, usage);
	}
	pthread_mutex_lock(&limits->lock);
	find_three(limits, three, who);
	for (size_t i = 0; i < 3; i++)
		if (three[i] && three[i]->day == reservation->day) {
			three[i]->tokens += tokens - reservation->tokens;
			three[i]->micro_usd += cost - reservation->micro_usd;
		}
	pthread_mutex_unlock(&limits->lock);
}
