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

#include "intent/grams.h"

#define LANES 3
#define INPUTS (AGR_FEATURE_COUNT + AGR_GRAM_SLOTS)
#define DIM ((size_t)INPUTS * LANES)
#define MEMORY 8
#define STEPS 120

static const double L2_FEATURE = 1e-4, L2_GRAM = 2e-5;

struct sample {
	int lane, fold;
	double weight, share; /* share: what a gram counts */
	int *inputs, n, n_features;
};

static struct sample *samples;
static size_t n_samples;

static void *need(void *p)
{
	if (!p)
		exit(1);
	return p;
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
	s->lane = (int)strtol(line, &text, 10);
	s->weight = strtod(text, &text);
	s->fold = (int)strtol(text, &text, 10);
	text++;
	if (agr_tokens_read(&tokens, text, strlen(text), NULL) < 0)
		exit(1);
	agr_features_find(&set, &tokens, NULL, NULL);
	agr_grams_find(&grams, &tokens, &set);
	s->inputs = need(malloc((AGR_FEATURE_COUNT + grams.n) * sizeof(int)));
	s->n = 0;
	for (int i = 0; i < AGR_FEATURE_COUNT; i++)
		if (set.has[i])
			s->inputs[s->n++] = i;
	s->n_features = s->n;
	s->share = agr_grams_share(grams.n);
	for (size_t i = 0; i < grams.n; i++)
		s->inputs[s->n++] = AGR_FEATURE_COUNT + (int)grams.list[i].slot;
	agr_tokens_clear(&tokens);
}

static void predict(double p[LANES], const struct sample *s, const double *w)
{
	double z[LANES] = {0}, top, sum = 0;

	for (int i = 0; i < s->n; i++)
		for (int k = 0; k < LANES; k++)
			z[k] += (i < s->n_features ? 1 : s->share) *
				w[(size_t)s->inputs[i] * LANES + (size_t)k];
	top = fmax(z[0], fmax(z[1], z[2]));
	for (int k = 0; k < LANES; k++)
		sum += p[k] = exp(z[k] - top);
	for (int k = 0; k < LANES; k++)
		p[k] /= sum;
}

/* The mean loss of all but one fold, and its gradient. */
static double loss(double *g, const double *w, int left_out)
{
	double total = 0, sum = 0, p[LANES];

	memset(g, 0, DIM * sizeof(*g));
	for (size_t i = 0; i < n_samples; i++) {
		const struct sample *s = &samples[i];

		if ((s->fold >= 0 && s->fold == left_out) || s->weight <= 0)
			continue;
		predict(p, s, w);
		sum += s->weight;
		total -= s->weight * log(fmax(p[s->lane], 1e-300));
		for (int n = 0; n < s->n; n++)
			for (int k = 0; k < LANES; k++)
				g[(size_t)s->inputs[n] * LANES + (size_t)k] +=
					(n < s->n_features ? 1 : s->share) * s->weight *
					(p[k] - (k == s->lane));
	}
	total /= sum;
	for (size_t i = 0; i < DIM; i++) {
		double l2 = i < (size_t)AGR_FEATURE_COUNT * LANES ? L2_FEATURE : L2_GRAM;

		g[i] = g[i] / sum + l2 * w[i];
		total += l2 / 2 * w[i] * w[i];
	}
	return total;
}

static double dot(const double *a, const double *b)
{
	double sum = 0;

	for (size_t i = 0; i < DIM; i++)
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
		for (size_t k = 0; k < DIM; k++)
			d[k] -= alpha[m] * y_mem[m][k];
	}
	if (to > from) {
		int m = (to - 1) % MEMORY;

		b = 1 / (rho[m] * dot(y_mem[m], y_mem[m]));
		for (size_t k = 0; k < DIM; k++)
			d[k] *= b;
	}
	for (int i = from; i < to; i++) {
		int m = i % MEMORY;

		b = rho[m] * dot(y_mem[m], d);
		for (size_t k = 0; k < DIM; k++)
			d[k] += (alpha[m] - b) * s_mem[m][k];
	}
	for (size_t k = 0; k < DIM; k++)
		d[k] = -d[k];
}

static void fit(double *w, int left_out)
{
	double *g = need(malloc(DIM * sizeof(*g))), *d = need(malloc(DIM * sizeof(*d)));
	double *w2 = need(malloc(DIM * sizeof(*w2))), *g2 = need(malloc(DIM * sizeof(*g2)));
	double now, next = 0;
	int kept = 0;

	memset(w, 0, DIM * sizeof(*w));
	for (int i = 0; i < MEMORY; i++) {
		s_mem[i] = need(realloc(s_mem[i], DIM * sizeof(double)));
		y_mem[i] = need(realloc(y_mem[i], DIM * sizeof(double)));
	}
	now = loss(g, w, left_out);
	for (int step = 0; step < STEPS; step++) {
		double rate = kept ? 2 : 2 / sqrt(dot(g, g)), slope;
		int m = kept % MEMORY, tries = 0;

		memcpy(d, g, DIM * sizeof(*d));
		direction(d, kept > MEMORY ? kept - MEMORY : 0, kept);
		slope = dot(d, g);
		for (; tries < 20; tries++) {
			rate /= 2;
			for (size_t i = 0; i < DIM; i++)
				w2[i] = w[i] + rate * d[i];
			next = loss(g2, w2, left_out);
			if (next <= now + 1e-4 * rate * slope)
				break;
		}
		if (tries == 20 || now - next < 1e-6)
			break;
		for (size_t i = 0; i < DIM; i++) {
			s_mem[m][i] = w2[i] - w[i];
			y_mem[m][i] = g2[i] - g[i];
		}
		now = next;
		memcpy(w, w2, DIM * sizeof(*w));
		memcpy(g, g2, DIM * sizeof(*g));
		if (dot(s_mem[m], y_mem[m]) > 1e-12) {
			rho[m] = 1 / dot(s_mem[m], y_mem[m]);
			kept++;
		}
	}
	free(g);
	free(d);
	free(w2);
	free(g2);
}

static void folds(void)
{
	double *w = need(malloc(DIM * sizeof(*w))), (*p)[LANES];
	int last = -1;

	p = need(calloc(n_samples, sizeof(*p)));
	for (size_t i = 0; i < n_samples; i++)
		last = samples[i].fold > last ? samples[i].fold : last;
	for (int fold = 0; fold <= last; fold++) {
		fit(w, fold);
		for (size_t i = 0; i < n_samples; i++)
			if (samples[i].fold == fold)
				predict(p[i], &samples[i], w);
	}
	for (size_t i = 0; i < n_samples; i++)
		if (samples[i].fold >= 0)
			printf("%.6f %.6f %.6f\n", p[i][0], p[i][1], p[i][2]);
	free(w);
	free(p);
}

static FILE *open_in(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return need(fopen(path, "w"));
}

static void write_all(const char *dir)
{
	double *w = need(malloc(DIM * sizeof(*w))), top = 0;
	const double *t = w + (size_t)AGR_FEATURE_COUNT * LANES;
	FILE *f = open_in(dir, "weights.inc");

	fit(w, -1000);
	fputs("/* SPDX-License-Identifier: LicenseRef-agentrun-internal */\n"
	      "/* Made by train/train.py: W(feature, patch, execute, unclear). */\n", f);
	for (size_t i = 0; i < AGR_FEATURE_COUNT; i++)
		if (i != AGR_FEATURE_KNOWN_NODE && i != AGR_FEATURE_KNOWN_FIELD)
			fprintf(f, "W(%s, %.3f, %.3f, %.3f)\n",
				agr_feature_name((agr_feature)i), w[i * 3 + 2],
				w[i * 3 + 1], w[i * 3]);
	fclose(f);
	for (size_t i = 0; i < (size_t)AGR_GRAM_SLOTS * LANES; i++)
		top = fmax(top, fabs(t[i]));
	f = open_in(dir, "table.inc");
	fprintf(f, "/* SPDX-License-Identifier: LicenseRef-agentrun-internal */\n"
		   "/* Made by train/train.py: a slot's unclear, execute, patch. */\n"
		   "#define TABLE_SCALE %.9f\n"
		   "static const int8_t table[AGR_GRAM_SLOTS * AGR_LANES] = {", top / 127);
	for (size_t i = 0; i < (size_t)AGR_GRAM_SLOTS * LANES; i++)
		fprintf(f, "%s%ld,", i % 30 ? "" : "\n", lround(t[i] / top * 127));
	fputs("\n};\n", f);
	fclose(f);
	free(w);
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
	if (strcmp(argv[1], "folds") == 0)
		folds();
	else
		write_all(argv[1]);
	return 0;
}
