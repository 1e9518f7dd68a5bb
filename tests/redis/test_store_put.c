/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The script that keeps several records at once, where a key of somebody else's is in the way
 * of one. */
#include <check.h>

#include "server.h"

#define RECORDS 3
#define WORDS 10 /* names and values of a record */

static struct server server;
static char script[16384];

static void read_script(void)
{
	FILE *in = fopen(STORE_PUT, "r");

	ck_assert_ptr_nonnull(in);
	script[fread(script, 1, sizeof(script) - 1, in)] = '\0';
	fclose(in);
}

/* Keep the records r0, r1, ... of the runs run0, run1, ...: the script's answer. */
static redisReply *put(size_t from, size_t n)
{
	static char texts[RECORDS][4][24];
	const char *argv[4 + RECORDS * (4 + WORDS)] = { "EVAL", script, n == 1 ? "1" : "3" };
	int argc = 3;
	redisReply *reply;

	for (size_t i = from; i < from + n; i++) {
		snprintf(texts[i][0], sizeof(texts[i][0]), "record-of:j%zu", i);
		snprintf(texts[i][1], sizeof(texts[i][1]), "r%zu", i);
		snprintf(texts[i][2], sizeof(texts[i][2]), "run%zu", i);
		snprintf(texts[i][3], sizeof(texts[i][3]), "[%zu]", i);
		argv[argc++] = texts[i][0];
	}
	argv[argc++] = "base";
	for (size_t i = from; i < from + n; i++) {
		const char *const words[] = { texts[i][1], "5", "10", "result_id", texts[i][1],
			"status", "completed", "run_id", texts[i][2], "node_id", "n",
			"result_data", texts[i][3] };

		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			argv[argc++] = words[k];
	}
	reply = redisCommandArgv(server.client, argc, argv, NULL);
	ck_assert_ptr_nonnull(reply);
	return reply;
}

static void is_text(const char *command, const char *want)
{
	redisReply *reply = redisCommand(server.client, command);

	ck_assert_msg(reply && reply->type == REDIS_REPLY_STRING && strcmp(reply->str, want) == 0,
		"%s: %s, not %s", command, reply && reply->str ? reply->str : "nothing", want);
	freeReplyObject(reply);
}

START_TEST(a_key_that_is_in_the_way_of_one_is_not_in_that_of_others)
{
	redisReply *reply;

	server_do(&server, "SET context:run1 other");
	reply = put(0, RECORDS);
	ck_assert_int_eq(reply->type, REDIS_REPLY_ERROR);
	ck_assert_ptr_nonnull(strstr(reply->str, "WRONGTYPE"));
	freeReplyObject(reply);
	is_text("GET record-of:j0", "r0");
	is_text("GET record-of:j2", "r2");
	is_text("HGET context:run0 n:output", "r0");
	is_text("HGET context:run2 n:output", "r2");
	is_text("GET cas:r0", "[0]");
	is_text("GET cas:r2", "[2]");
	is_text("GET context:run1", "other");
}
END_TEST

START_TEST(together_is_as_each_by_itself)
{
	redisReply *reply = put(0, RECORDS);

	ck_assert_int_eq(reply->type, REDIS_REPLY_ARRAY);
	ck_assert_uint_eq(reply->elements, RECORDS);
	freeReplyObject(reply);
	is_text("HGET context:run1 n:output", "r1");
	reply = put(1, 1); /* it is kept already */
	ck_assert_int_eq(reply->type, REDIS_REPLY_ARRAY);
	ck_assert_str_eq(reply->element[0]->str, "r1");
	freeReplyObject(reply);
}
END_TEST

static void setup(void)
{
	read_script();
	server_open(&server);
}

static void teardown(void)
{
	server_close(&server);
}

int main(void)
{
	Suite *suite = suite_create("redis store_put");
	TCase *tests = tcase_create("store_put");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_key_that_is_in_the_way_of_one_is_not_in_that_of_others);
	tcase_add_test(tests, together_is_as_each_by_itself);
	suite_add_tcase(suite, tests);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
