/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * fit - the weights of lib/intent/model.c from labelled prompts; run by train.py.
 *
 *   fit folds        a line of "patch execute unclear" probabilities for each prompt
 *                    with a fold, from a model that saw none of that fold
 *   fit DIR          writes weights.inc and table.inc there
 *
 * stdin: LANE TAB WEIGHT TAB FOLD TAB PROMPT lines. FOLD < 0: always trained on;
 * WEIGHT 0: never. Multinomial logistic regression with L2, by L-BFGS: the result
 * depends on the input alone.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intent/model.h"

#define MEMORY 8
#define STEPS 120
/* In how many prompts a gram has to be to be learned: of what is rarer, nothing is
 * learned but the prompts themselves. */
#define SEEN_LEAST 2

static const double L2_FEATURE = 1e-4, L2_GRAM = 1e-5;

/* `grams` are places in `keys`; `inputs`, for the fit at hand, the features and behind
 * them the grams that are learned. */
struct sample {
	int lane, fold;
	double weight, share; /* share: what a gram counts */
	int *features, *grams, *inputs, n_features, n_grams, n;
};

static struct sample *samples;
static size_t n_samples;
static uint32_t *keys; /* of all grams, ascending, each once */
static size_t n_keys;
static size_t dim; /* inputs x lanes of the fit at hand */

static void *need(void *p)
{
	if (!p)
		exit(1);
	return p;
}

static int by_key(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static size_t distinct(uint32_t *list, size_t n)
{
	size_t kept = 0;

	qsort(list, n, sizeof(*list), by_key);
	for (size_t i = 0; i < n; i++)
		if (!kept || list[i] != list[kept - 1])
			list[kept++] = list[i];
	return kept;
}

static void read_sample(char *line)
{
	static agr_tokens tokens;
	static agr_feature_set set;
	static agr_grams grams;
	struct sample *s;
	char *text;

	samples = need(realloc(samples, (n_samples + 1) * sizeof(*samples)));
	s = &samples[n_samples++];
	memset(s, 0, sizeof(*s));
	s->lane = (int)strtol(line, &text, 10);
	s->weight = strtod(text, &text);
	s->fold = (int)strtol(text, &text, 10);
	text++;
	if (agr_tokens_read(&tokens, text, strlen(text), NULL) < 0)
		exit(1);
	agr_features_find(&set, &tokens, NULL, NULL);
	agr_grams_find(&grams, &tokens, &set);
	s->features = need(malloc(AGR_FEATURE_COUNT * sizeof(int)));
	for (int i = 0; i < AGR_FEATURE_COUNT; i++)
		if (set.has[i])
			s->features[s->n_features++] = i;
	s->share = agr_grams_share(grams.n);
	s->n_grams = (int)grams.n;
	s->grams = need(malloc((grams.n + 1) * sizeof(int)));
	s->inputs = need(malloc((AGR_FEATURE_COUNT + grams.n) * sizeof(int)));
	keys = need(realloc(keys, (n_keys + grams.n + 1) * sizeof(*keys)));
	for (size_t i = 0; i < grams.n; i++) {
		s->grams[i] = (int)grams.list[i].key;
		keys[n_keys++] = grams.list[i].key;
	}
	agr_tokens_clear(&tokens);
}

static void number_grams(void)
{
	n_keys = distinct(keys, n_keys);
	for (size_t i = 0; i < n_samples; i++)
		for (int n = 0; n < samples[i].n_grams; n++) {
			uint32_t key = (uint32_t)samples[i].grams[n], *at;

			at = bsearch(&key, keys, n_keys, sizeof(*keys), by_key);
			samples[i].grams[n] = (int)(at - keys);
		}
}

static int is_trained_on(const struct sample *s, int left_out)
{
	return s->weight > 0 && (s->fold < 0 || s->fold != left_out);
}

/* The inputs of a fit: each gram's number among them, or -1, by its place in `keys`. */
static int *choose_inputs(int left_out)
{
	int *input = need(malloc((n_keys + 1) * sizeof(*input))), n = AGR_FEATURE_COUNT;
	int *seen = need(calloc(n_keys + 1, sizeof(*seen)));
	size_t *last = need(calloc(n_keys + 1, sizeof(*last)));

	for (size_t i = 0; i < n_samples; i++)
		for (int k = 0; is_trained_on(&samples[i], left_out) &&
				k < samples[i].n_grams; k++) {
			int gram = samples[i].grams[k];

			seen[gram] += last[gram] != i + 1;
			last[gram] = i + 1;
		}
	for (size_t i = 0; i < n_keys; i++)
		input[i] = seen[i] >= SEEN_LEAST ? n++ : -1;
	for (size_t i = 0; i < n_samples; i++) {
		struct sample *s = &samples[i];

		for (s->n = 0; s->n < s->n_features; s->n++)
			s->inputs[s->n] = s->features[s->n];
		for (int k = 0; k < s->n_grams; k++)
			if (input[s->grams[k]] >= 0)
				s->inputs[s->n++] = input[s->grams[k]];
	}
	dim = (size_t)n * AGR_LANES;
	free(seen);
	free(last);
	return input;
}

static void predict(double p[AGR_LANES], const struct sample *s, const double *w)
{
	double z[AGR_LANES] = {0}, top, sum = 0;

	for (int i = 0; i < s->n; i++)
		for (int k = 0; k < AGR_LANES; k++)
			z[k] += (i < s->n_features ? 1 : s->share) *
				w[(size_t)s->inputs[i] * AGR_LANES + (size_t)k];
	top = fmax(z[0], fmax(z[1], z[2]));
	for (int k = 0; k < AGR_LANES; k++)
		sum += p[k] = exp(z[k] - top);
	for (int k = 0; k < AGR_LANES; k++)
		p[k] /= sum;
}

/* The mean loss of all but one fold, and its gradient. */
static double loss(double *g, const double *w, int left_out)
{
	double total = 0, sum = 0, p[AGR_LANES];

	memset(g, 0, dim * sizeof(*g));
	for (size_t i = 0; i < n_samples; i++) {
		const struct sample *s = &samples[i];

		if (!is_trained_on(s, left_out))
			continue;
		predict(p, s, w);
		sum += s->weight;
		total -= s->weight * log(fmax(p[s->lane], 1e-300));
		for (int n = 0; n < s->n; n++)
			for (int k = 0; k < AGR_LANES; k++)
				g[(size_t)s->inputs[n] * AGR_LANES + (size_t)k] +=
					(n < s->n_features ? 1 : s->share) * s->weight *
					(p[k] - (k == s->lane));
	}
	total /= sum;
	for (size_t i = 0; i < dim; i++) {
		double l2 = i < (size_t)AGR_FEATURE_COUNT * AGR_LANES ? L2_FEATURE : L2_GRAM;

		g[i] = g[i] / sum + l2 * w[i];
		total += l2 / 2 * w[i] * w[i];
	}
	return total;
}

static double dot(const double *a, const double *b)
{
	double sum = 0;

	for (size_t i = 0; i < dim; i++)
		sum += a[i] * b[i];
	return sum;
}

static double *s_mem[MEMORY], *y_mem[MEMORY], rho[MEMORY];

/* The two-loop recursion: `d` holds the gradient and becomes the way down. */
static void direction(double *d, int from, int to)
{
	double alpha[MEMORY], b;

	for (int i = to - 1; i >= from; i--) {
		int m = i % MEMORY;

		alpha[m] = rho[m] * dot(s_mem[m], d);
		for (size_t k = 0; k < dim; k++)
			d[k] -= alpha[m] * y_mem[m][k];
	}
	if (to > from) {
		int m = (to - 1) % MEMORY;

		b = 1 / (rho[m] * dot(y_mem[m], y_mem[m]));
		for (size_t k = 0; k < dim; k++)
			d[k] *= b;
	}
	for (int i = from; i < to; i++) {
		int m = i % MEMORY;

		b = rho[m] * dot(y_mem[m], d);
		for (size_t k = 0; k < dim; k++)
			d[k] += (alpha[m] - b) * s_mem[m][k];
	}
	for (size_t k = 0; k < dim; k++)
		d[k] = -d[k];
}

/* The weights, lane by lane of each input. */
static double *fit(int left_out)
{
	double *w = need(calloc(dim, sizeof(*w)));
	double *g = need(malloc(dim * sizeof(*g))), *d = need(malloc(dim * sizeof(*d)));
	double *w2 = need(malloc(dim * sizeof(*w2))), *g2 = need(malloc(dim * sizeof(*g2)));
	double now, next = 0;
	int kept = 0;

	for (int i = 0; i < MEMORY; i++) {
		s_mem[i] = need(realloc(s_mem[i], dim * sizeof(double)));
		y_mem[i] = need(realloc(y_mem[i], dim * sizeof(double)));
	}
	now = loss(g, w, left_out);
	for (int step = 0; step < STEPS; step++) {
		double rate = kept ? 2 : 2 / sqrt(dot(g, g)), slope;
		int m = kept % MEMORY, tries = 0;

		memcpy(d, g, dim * sizeof(*d));
		direction(d, kept > MEMORY ? kept - MEMORY : 0, kept);
		slope = dot(d, g);
		for (; tries < 20; tries++) {
			rate /= 2;
			for (size_t i = 0; i < dim; i++)
				w2[i] = w[i] + rate * d[i];
			next = loss(g2, w2, left_out);
			if (next <= now + 1e-4 * rate * slope)
				break;
		}
		if (tries == 20 || now - next < 1e-6)
			break;
		for (size_t i = 0; i < dim; i++) {
			s_mem[m][i] = w2[i] - w[i];
			y_mem[m][i] = g2[i] - g[i];
		}
		now = next;
		memcpy(w, w2, dim * sizeof(*w));
		memcpy(g, g2, dim * sizeof(*g));
		if (dot(s_mem[m], y_mem[m]) > 1e-12) {
			rho[m] = 1 / dot(s_mem[m], y_mem[m]);
			kept++;
		}
	}
	free(g);
	free(d);
	free(w2);
	free(g2);
	return w;
}

static void folds(void)
{
	double *w, (*p)[AGR_LANES];
	int last = -1;

	p = need(calloc(n_samples, sizeof(*p)));
	for (size_t i = 0; i < n_samples; i++)
		last = samples[i].fold > last ? samples[i].fold : last;
	for (int fold = 0; fold <= last; fold++) {
		free(choose_inputs(fold));
		w = fit(fold);
		for (size_t i = 0; i < n_samples; i++)
			if (samples[i].fold == fold)
				predict(p[i], &samples[i], w);
		free(w);
	}
	for (size_t i = 0; i < n_samples; i++)
		if (samples[i].fold >= 0)
			printf("%.6f %.6f %.6f\n", p[i][0], p[i][1], p[i][2]);
	free(p);
}

static FILE *open_in(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return need(fopen(path, "w"));
}

static void write_weights(const char *dir, const double *w)
{
	FILE *f = open_in(dir, "weights.inc");

	fputs("/* SPDX-License-Identifier: LicenseRef-agentrun-internal */\n"
	      "/* Made by train/train.py: W(feature, patch, execute, unclear). */\n", f);
	for (size_t i = 0; i < AGR_FEATURE_COUNT; i++, w += AGR_LANES)
		if (i != AGR_FEATURE_KNOWN_NODE && i != AGR_FEATURE_KNOWN_FIELD)
			fprintf(f, "W(%s, %.3f, %.3f, %.3f)\n",
				agr_feature_name((agr_feature)i), w[AGENTRUN_LANE_PATCH],
				w[AGENTRUN_LANE_EXECUTE], w[AGENTRUN_LANE_UNCLEAR]);
	fclose(f);
}

static uint32_t table[AGR_MODEL_BUCKETS][AGR_MODEL_CELLS];

static int says(uint32_t cell)
{
	return abs(agr_model_execute(cell)) + abs(agr_model_patch(cell));
}

/* Puts a cell in the place of the one that says least, if it says more: where its mark
 * is already, of that one. */
static void keep(uint32_t bucket[AGR_MODEL_CELLS], uint32_t cell)
{
	uint32_t *least = bucket;

	for (int i = 0; i < AGR_MODEL_CELLS; i++) {
		if (bucket[i] && bucket[i] >> 16 == cell >> 16) {
			least = &bucket[i];
			break;
		}
		if (says(bucket[i]) < says(*least))
			least = &bucket[i];
	}
	if (says(cell) > says(*least))
		*least = cell;
}

static void write_table(const char *dir, const double *w, const int *input)
{
	FILE *f = open_in(dir, "table.inc");
	double top = 0;

	for (size_t i = (size_t)AGR_FEATURE_COUNT * AGR_LANES; i < dim; i++)
		top = fmax(top, fabs(w[i]));
	for (size_t i = 0; i < n_keys; i++) {
		const double *of = w + (size_t)input[i] * AGR_LANES;

		if (input[i] >= 0)
			keep(table[agr_model_bucket(keys[i])],
				agr_model_cell(keys[i],
					(int8_t)lround(of[AGENTRUN_LANE_EXECUTE] / top * 127),
					(int8_t)lround(of[AGENTRUN_LANE_PATCH] / top * 127)));
	}
	fprintf(f, "/* SPDX-License-Identifier: LicenseRef-agentrun-internal */\n"
		   "/* Made by train/train.py: cells as model.h tells. */\n"
		   "#define TABLE_SCALE %.9f\n"
		   "static const uint32_t table[AGR_MODEL_BUCKETS][AGR_MODEL_CELLS] = {\n",
		top / 127);
	for (size_t i = 0; i < AGR_MODEL_BUCKETS; i++) {
		fprintf(f, "{%u", table[i][0]);
		for (size_t k = 1; k < AGR_MODEL_CELLS && table[i][k]; k++)
			fprintf(f, ",%u", table[i][k]);
		fputs("},\n", f);
	}
	fputs("};\n", f);
	fclose(f);
}

static void write_all(const char *dir)
{
	int *input = choose_inputs(-1);
	double *w = fit(-1);

	write_weights(dir, w);
	write_table(dir, w, input);
	free(w);
	free(input);
}

int main(int argc, char **argv)
{
	static char line[1 << 16];

	if (argc < 2)
		return 2;
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		read_sample(line);
	}
	number_grams();
	if (strcmp(argv[1], "folds") == 0)
		folds();
	else
		write_all(argv[1]);
	return 0;
}
