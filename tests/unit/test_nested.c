/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Rows out of a document while it is read: the same rows and the same faults as when it
 * is in memory, where it is read first. */
#include <stdio.h>

#include "run_pipeline.h"

#define COUNT_SUM "{\"step\":\"groupby\",\"by\":[],\"aggs\":[{\"agg\":\"count\"}," \
	"{\"agg\":\"sum\",\"field\":\"n\"}]}"
#define KEEP "{\"step\":\"offset\",\"n\":0}"

static int run_read(agentrun_buf *out, const char *pipeline, const char *input, size_t len,
	size_t size, agentrun_error **err)
{
	struct pieces pieces = { input, len, size, 0 };
	agentrun_execute_options opts;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.read = read_piece;
	opts.read_user = &pieces;
	return agr_execute(out, pipeline, strlen(pipeline), &opts, NULL, NULL, NULL, NULL, NULL,
		err);
}

/* What is read comes to what is in memory: result, or code, step and message. */
static void agrees(const char *pipeline, const char *input, size_t len, size_t size)
{
	agentrun_buf whole = AGENTRUN_BUF_INIT, read = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL, *err_read = NULL;
	int r = run_with(&whole, pipeline, input, len, 0, AGENTRUN_FORMAT_JSON, NULL, &err);
	int r_read = run_read(&read, pipeline, input, len, size, &err_read);
	const char *got = r_read ? agentrun_error_message(err_read) : read.data;
	const char *want = r ? agentrun_error_message(err) : whole.data;

	/* Where JSON is wrong, not in which words: a number that goes on says it by itself. */
	const char *wrong = strstr(want, ": not valid JSON");
	size_t n = wrong ? (size_t)(wrong - want) + 16 : strlen(want) + 1;

	ck_assert_msg(r == r_read && strncmp(got, want, n) == 0 &&
		agentrun_error_step(err) == agentrun_error_step(err_read),
		"%s\non %.2000s\nby %zu:\n got %d %s\nwant %d %s", pipeline, input, size, r_read, got,
		r, want);
	agentrun_error_free(err);
	agentrun_error_free(err_read);
	agentrun_buf_dispose(&whole);
	agentrun_buf_dispose(&read);
}

static const char *const paths[] = { "data.items", "features[].properties", "a[0].b", "[0].b",
	"[1]", "[]", "[].b", "a", ".a", "a.b.c", "data.items[].tags[]", "a[].b[].c", "data.items[1]",
	"a[-1]", "[].b[]" };

static const char *const documents[] = {
	"{\"data\":{\"items\":[{\"n\":1},{\"n\":2}],\"next\":null}}",
	" { \"data\" : { \"k\" : {} , \"items\" : [ { \"n\" : 1 } , 3 , [ 4 ] , null , \"x\" ] } ,\n \"e\" : 1e5 } \n",
	/* Of duplicates the last. */
	"{\"data\":{\"items\":[{\"n\":1}],\"items\":[{\"n\":2},{\"n\":3}]}}",
	"{\"data\":{\"items\":[{\"n\":1}]},\"data\":{\"items\":[{\"n\":2}],\"items\":[]}}",
	"{\"data\":{\"items\":[{\"n\":1}]},\"data\":{\"other\":1,\"it\":2}}",
	"{\"data\":{\"items\":[{\"n\":1}]},\"data\":5}", "{\"data\":5,\"data\":{\"items\":[{\"n\":1}]}}",
	"{\"data\":{\"items\":[{\"n\":1}]},\"d\\u0061ta\":{\"\\u0069tems\":[{\"n\":9}]}}",
	"{\"data\":{\"items\":[{\"n\":\"a\"}]},\"data\":{\"items\":[{\"n\":7}]}}",
	"{\"data\":{\"items\":[{\"n\":7}]},\"data\":{\"items\":[{\"n\":\"a\"}]}}",
	"{\"data\":{\"items\":[{\"n\":1}],\"items\":{\"n\":2}}}", "{\"data\":{\"items\":[1],\"items\":null}}",
	/* The key so named. */
	"{\"data.items\":[{\"n\":5}],\"data\":{\"items\":[{\"n\":1}]}}",
	"{\"data\":{\"items\":[{\"n\":1}]},\"data.items\":[{\"n\":5}]}",
	"{\"data\":{\"items\":[{\"n\":1}]},\"data.items\":7}",
	"{\"data.items\":[1],\"data.items\":[2],\"data\":{\"items\":[{\"n\":1}]}}",
	"{\"features[].properties\":[{\"n\":3}],\"[].b\":[1],\"[]\":[2],\"a[].b[].c\":[{\"n\":1}]}",
	/* Behind a []. */
	"{\"features\":[{\"properties\":{\"n\":1}},{\"geometry\":[1,2]},{\"properties\":null}],\"z\":1}",
	"{\"type\":\"F\",\"features\":[7,{\"properties\":[{\"n\":2}]}],\"bbox\":[0,0,1,1]}",
	"{\"features\":{\"n\":1}}", "{\"features\":null,\"data\":{\"items\":[{\"tags\":[1,2]},{\"tags\":[]},{}]}}",
	"{\"data\":{\"items\":[{\"tags\":5},{\"tags\":[1]}]}}",
	"{\"data\":{\"items\":[{\"tags\":5}],\"items\":[{\"tags\":[{\"n\":4}]}]}}",
	"{\"data\":{\"items\":[{\"tags\":[1]}],\"items\":[{\"tags\":5}]}}",
	"{\"a\":[{\"b\":[{\"c\":1},{\"c\":{\"n\":2}}]},{\"b\":null},{}]}", "{\"a\":[{\"b\":[1,2]},5]}",
	"{\"a\":{\"b\":{\"c\":[{\"n\":1}]}}}", "{\"a\":[]}", "{\"a\":{\"b\":1,\"c\":2}}",
	"{\"a\":{\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,\"k9\":9}}", "{}",
	/* Arrays and what is no container. */
	"[{\"b\":[{\"n\":1}]},[{\"n\":2}]]", "[{\"b\":1},{\"b\":[{\"n\":3}]}]", "[]", "[[],[1]]", "5", "\"a\"",
	/* Faults, before the rows, in them and behind them. */
	"{\"data\":{\"items\":[{\"n\":1},{\"n\":2}],\"next\":nul}}", "{\"data\":{\"items\":[{\"n\":1},{\"n\":2}}",
	"{\"data\":{\"items\":[{\"n\":1} {\"n\":2}]}}", "{\"data\":{\"items\":[{\"n\":1},]}}",
	"{\"data\":{\"items\":[{\"n\":1}]}", "{\"data\":{\"items\":[{\"n\":1}]}}}", "{\"data\":{\"items\":[",
	"{\"data\":{\"items\"", "{\"data\":{\"items\":", "{\"data\" {}", "{\"data\":{\"items\":[1]},}", "{,}", "{\"a\":[1,]}",
	"{\"data\":{\"items\":[{\"n\":\"a\"}]},\"x\":tru}", "{\"data\":{\"items\":[{\"n\":1}],\"x\xff\":1}}",
	"{\"data\":{\"items\":[{\"n\":1}], 5:1}}", "{\"data\":{\"items\":[{\"n\":1}]}} x", "{\"data", "{\"da\tta\":1}",
	"{\"data\":{\"items\":[{\"n\":1}],\"x\":\"\\u12\"}}", "{\"a\":01}", "{\"a\":[1 2]}", "{\"a\":1]",
	/* Lines. */
	"{\"data\":{\"items\":[{\"n\":1}]}}\n{\"a\":1}\n", "{\"data\":{\"items\":[{\"n\":1}]}}\n{\"a\":1\n",
	"{\"data\":{\"items\":[{\"n\":1}]}}\n\n \n", "{\"a\":\n{}}\n{}", "{\"a\":[1]} {\"a\":[2]}\n{}",
	"[{\"b\":[1]}]\n[2]\n", "{\"b\":[{\"n\":1}]}\n{\"b\":[]}",
};

START_TEST(what_is_read_agrees_with_what_is_in_memory)
{
	static const char *const then[] = { "," KEEP, "," COUNT_SUM,
		",{\"step\":\"table_sort\",\"field\":\"n\"},{\"step\":\"limit\",\"n\":1}", "" };
	static const size_t sizes[] = { 1, 5, 100000 };

	for (size_t d = 0; d < AGR_COUNT(documents); d++) {
		for (size_t p = 0; p < AGR_COUNT(paths); p++) {
			for (size_t t = 0; t < AGR_COUNT(then); t++) {
				char pipeline[300];

				snprintf(pipeline, sizeof(pipeline),
					"[{\"step\":\"extract\",\"path\":\"%s\"}%s]", paths[p], then[t]);
				for (size_t s = 0; s < AGR_COUNT(sizes); s++)
					agrees(pipeline, documents[d], strlen(documents[d]), sizes[s]);
			}
		}
	}
}
END_TEST

START_TEST(damaged_documents_agree_too)
{
	static const char bytes[] = "{}[]:,\"\\ \n019.-etnu\x01\xc3";
	uint64_t state = 7;

	for (size_t i = 0; i < 5000; i++) {
		const char *document = documents[i % AGR_COUNT(documents)];
		size_t len = strlen(document);
		char text[600], pipeline[200];

		ck_assert_uint_lt(len, sizeof(text));
		memcpy(text, document, len + 1);
		for (int k = 0; k < 2; k++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			text[(state >> 40) % len] = bytes[(state >> 33) % (sizeof(bytes) - 1)];
		}
		snprintf(pipeline, sizeof(pipeline), "[{\"step\":\"extract\",\"path\":\"%s\"},%s]",
			paths[(state >> 20) % AGR_COUNT(paths)], i % 2 ? COUNT_SUM : KEEP);
		agrees(pipeline, text, len, 1 + (size_t)(state >> 10) % 9);
	}
}
END_TEST

/* Longer than a block, where the line's end is not waited for. */
START_TEST(long_documents_agree_too)
{
	static const char *const ends[] = { "],\"next\":null}}", "],\"next\":null}}\n \n",
		"]},\"data\":{\"items\":[{\"n\":-1}]}}", "]},\"data.items\":[{\"n\":-2}]}", "]},\"data\":7}",
		"]}}\n{\"more\":1}", "]}}\n{\"more\":}", "]}} {\"more\":1}", "]}", "],\"items\":[{\"n\":\"x\"}]}}",
		"]},\"other\":{\"deep\":[[[{\"x\":[1,2,3]}]]]}}" };
	static const char *const pipelines[] = {
		"[{\"step\":\"extract\",\"path\":\"data.items\"}," COUNT_SUM "]",
		"[{\"step\":\"extract\",\"path\":\"data.items\"}," KEEP "]",
		"[{\"step\":\"extract\",\"path\":\"data.items[].in\"}," COUNT_SUM "]",
		"[{\"step\":\"extract\",\"path\":\"data.items\"},{\"step\":\"limit\",\"n\":2}]" };

	for (size_t e = 0; e < AGR_COUNT(ends); e++) {
		agr_buf input = AGR_BUF_INIT;

		agr_buf_str(&input, "{\"meta\":[");
		for (int i = 0; i < 9000; i++)
			agr_buf_printf(&input, "%s[%d,\"text %d\"]", i ? "," : "", i, i);
		agr_buf_str(&input, "],\"data\":{\"items\":[");
		for (int i = 0; i < 8000; i++)
			agr_buf_printf(&input, "%s{\"n\":%d,\"in\":{\"n\":%d.5},\"pad\":\"%060d\"}",
				i ? "," : "", i, i, i);
		agr_buf_str(&input, ends[e]);
		ck_assert_int_eq(input.failed, 0);
		for (size_t p = 0; p < AGR_COUNT(pipelines); p++)
			agrees(pipelines[p], input.data, input.len, 65536);
		agr_buf_free(&input);
	}
}
END_TEST

/* Gives one text, another so many times over, and a third. */
struct endless {
	const char *texts[3];
	size_t times, part, at;
};

static int read_endless(void *user, char *to, size_t cap, size_t *len, agentrun_error **err)
{
	struct endless *e = user;

	(void)err;
	*len = 0;
	while (e->part < 3 && *len < cap) {
		const char *text = e->texts[e->part] + e->at;
		size_t n = strlen(text);

		if (n > cap - *len)
			n = cap - *len;
		for (size_t i = 0; i < n; i++)
			to[*len + i] = text[i];
		*len += n;
		e->at += n;
		if (!e->texts[e->part][e->at]) {
			e->at = 0;
			if (e->part != 1 || !--e->times)
				e->part++;
		}
	}
	return 0;
}

static size_t peak_kib(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[200];
	size_t kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtoul(line + 6, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

START_TEST(a_long_document_is_not_held_in_memory)
{
	struct endless text = { { "{\"ids\":[0", ",1", "],\"data\":{\"items\":[]}}" }, 4000000, 0, 0 };
	struct endless rows = { { "{\"data\":{\"items\":[{\"n\":0}", ",{\"n\":1,\"s\":\"some text there\"}",
		"]}}" }, 1000000, 0, 0 };
	static const char pipeline[] = "[{\"step\":\"extract\",\"path\":\"data.items\"}," COUNT_SUM "]";
	agentrun_execute_options opts;
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	size_t before = peak_kib();

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.read = read_endless;
	opts.read_user = &text;
	ck_assert_int_eq(agr_execute(&out, pipeline, strlen(pipeline), &opts, NULL, NULL, NULL,
		NULL, NULL, &err), 0);
	ck_assert_str_eq(out.data, "[]");
	agentrun_buf_dispose(&out);
	opts.read_user = &rows;
	ck_assert_int_eq(agr_execute(&out, pipeline, strlen(pipeline), &opts, NULL, NULL, NULL,
		NULL, NULL, &err), 0);
	ck_assert_str_eq(out.data, "[{\"count\":1000001,\"sum_n\":1000000}]");
	agentrun_buf_dispose(&out);
	/* Of 31 MB; sanitizers and valgrind take some of their own. */
	ck_assert_uint_lt(peak_kib() - before, 16000);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_is_read_agrees_with_what_is_in_memory,
		damaged_documents_agree_too,
		long_documents_agree_too,
		a_long_document_is_not_held_in_memory,
		NULL,
	};

	return unit_main(unit_suite("nested", tests));
}
