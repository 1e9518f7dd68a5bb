/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ALLOCATIONS 200000
#define SKIPPED 77

static int faults;

static void fault(const struct call *call, unsigned long n, const char *mode,
	const char *fmt, const char *what)
{
	printf("%s, allocation %lu %s: ", call->name, n, mode);
	printf(fmt, what);
	printf("\n");
	if (++faults > 200) {
		printf("and so on\n");
		exit(EXIT_FAILURE);
	}
}

/* A call may use what memory there is otherwise, and may then succeed; what it
 * gives must be right, and what it refuses it must refuse as it would with all
 * the memory there is, or say that memory ran out. */
static void judge(const struct call *call, unsigned long n, const char *mode, int code,
	const struct outcome *got, const agentrun_error *err, bool with_err,
	const struct outcome *want, int want_code)
{
	if (code == AGENTRUN_ENOMEM) {
		if (with_err && agentrun_error_code(err) != AGENTRUN_ENOMEM)
			fault(call, n, mode, "the error says \"%s\"", agentrun_error_message(err));
		return;
	}
	if (code != want_code) {
		fault(call, n, mode, "it fails with \"%s\"", agentrun_error_message(err));
		return;
	}
	if (code < 0 && with_err && agentrun_error_code(err) != code &&
		agentrun_error_code(err) != AGENTRUN_ENOMEM)
		fault(call, n, mode, "the code is another one than that of \"%s\"",
			agentrun_error_message(err));
	if (code == 0 && err)
		fault(call, n, mode, "it succeeds and raises \"%s\"",
			agentrun_error_message(err));
	if (code == 0 && (got->len != want->len || memcmp(got->text, want->text, got->len) != 0))
		fault(call, n, mode, "it gives %s", got->text);
}

static unsigned long attempt(const struct call *call, unsigned long n, bool all,
	bool with_err, int *code, struct outcome *got, agentrun_error **err)
{
	unsigned long failed;

	got->len = 0;
	got->text[0] = '\0';
	*err = NULL;
	fail_arm(n, all);
	*code = call->run(got, with_err ? err : NULL);
	failed = fail_disarm();
	return failed;
}

/* Threads keep some memory for their successors: only what grows each time was
 * lost. */
static bool leaks(const struct call *call, unsigned long n, bool all, bool with_err)
{
	static struct outcome got;
	agentrun_error *err;
	int code;

	for (int i = 0; i < 4; i++) {
		long before = live_blocks();

		attempt(call, n, all, with_err, &code, &got, &err);
		agentrun_error_free(err);
		if (live_blocks() <= before)
			return false;
	}
	return true;
}

static unsigned long torture(const struct call *call, bool all, bool with_err,
	const struct outcome *want, int want_code)
{
	const char *mode = all ? "and all behind it" : with_err ? "alone" : "alone, no error";
	static struct outcome got;
	unsigned long n;

	for (n = 1; n < MAX_ALLOCATIONS; n++) {
		long before = live_blocks();
		agentrun_error *err;
		unsigned long failed;
		int code;

		failed = attempt(call, n, all, with_err, &code, &got, &err);
		judge(call, n, mode, code, &got, err, with_err, want, want_code);
		agentrun_error_free(err);
		if (live_blocks() > before && leaks(call, n, all, with_err))
			fault(call, n, mode, "memory is lost%s", "");
		if (!failed)
			break;
	}
	return n - 1;
}

int main(int argc, char **argv)
{
	static struct outcome want;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!can_fail) {
		printf("skipped: allocations cannot be made to fail here (a sanitizer)\n");
		return SKIPPED;
	}
	if (!calls_begin())
		return EXIT_FAILURE;
	for (size_t i = 0; i < n_calls; i++) {
		agentrun_error *err = NULL;
		unsigned long n;
		int code;

		if (argc > 1 && !strstr(calls[i].name, argv[1]))
			continue;
		want.len = 0;
		code = calls[i].run(&want, &err);
		if (want.len >= sizeof(want.text) - 1)
			fault(&calls[i], 0, "", "the outcome is too long%s", "");
		n = torture(&calls[i], false, true, &want, code);
		torture(&calls[i], true, true, &want, code);
		torture(&calls[i], false, false, &want, code);
		printf("%s: %lu allocations (%s)\n", calls[i].name, n,
			agentrun_error_message(err));
		agentrun_error_free(err);
	}
	calls_end();
	printf("%d faults\n", faults);
	return faults ? EXIT_FAILURE : EXIT_SUCCESS;
}
